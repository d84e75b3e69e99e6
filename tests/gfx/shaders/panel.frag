#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// An image, or a plain colour: push.x is how much of that.
#include "frame.glsl"

layout(location = 0) in vec2 uv;

layout(set = 1, binding = 2) uniform texture2D image;
layout(set = 1, binding = 3) uniform sampler how;

layout(location = 0) out vec4 colour;

void main()
{
    vec4 shown = texture(sampler2D(image, how), uv);

    colour = mix(shown, push.tint, push.x);
}
