#version 450
#extension GL_EXT_shader_image_load_formatted : require
// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a storage image whose format it doesn't name.
layout(set = 0, binding = 0) uniform readonly image2D image;
layout(set = 0, binding = 1, std430) buffer out_block {
    vec4 texel;
};

void main()
{
    texel = imageLoad(image, ivec2(0));
}
