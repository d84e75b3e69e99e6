#version 450
#extension GL_EXT_samplerless_texture_functions : require
// SPDX-License-Identifier: GPL-2.0-or-later
// A function that may be given any image and any sampler.
layout(set = 0, binding = 0) uniform texture2D picture;
layout(set = 0, binding = 1) uniform utexture2D numbers;
layout(set = 0, binding = 2) uniform texture2D other;
layout(set = 1, binding = 0) uniform sampler smooth_one;
layout(set = 1, binding = 1) uniform sampler plain;
layout(location = 0) in vec4 tinted;
layout(location = 1) in vec2 uv;
layout(location = 0) out vec4 colour;

vec4 look(texture2D image, sampler how)
{
    return texture(sampler2D(image, how), uv);
}

void main()
{
    colour = (look(picture, smooth_one) + look(other, plain)) * tinted;
    colour.r += float(texelFetch(numbers, ivec2(0), 0).x);
}
