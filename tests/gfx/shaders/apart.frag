#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// Images and samplers in descriptors, and sets, of their own.
layout(set = 0, binding = 0) uniform texture2D picture;
layout(set = 0, binding = 1) uniform utexture2D numbers;
layout(set = 0, binding = 2) uniform texture2D deep;
layout(set = 1, binding = 0) uniform sampler smooth_one;
layout(set = 1, binding = 1) uniform sampler plain;
layout(set = 1, binding = 2) uniform samplerShadow comparing;
layout(location = 0) in vec4 tinted;
layout(location = 1) in vec2 uv;
layout(location = 0) out vec4 colour;

void main()
{
    colour = texture(sampler2D(picture, smooth_one), uv) * tinted;
    colour.r += float(texture(usampler2D(numbers, plain), uv).x);
    colour.g += texture(sampler2DShadow(deep, comparing), vec3(uv, 0.5));
}
