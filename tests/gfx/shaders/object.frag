#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// What is read of a null descriptor is 0.
layout(constant_id = 3) const float scale = 1.0;
layout(set = 0, binding = 0) uniform sampler2D image;
layout(set = 0, binding = 1) uniform block {
    vec4 added;
};
layout(location = 0) in vec4 tinted;
layout(location = 1) in vec2 uv;
layout(location = 0) out vec4 colour;

void main()
{
    colour = texture(image, uv) * tinted * scale + added;
}
