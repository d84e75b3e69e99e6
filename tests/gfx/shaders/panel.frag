#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// An image in a frame.
#include "frame.glsl"

layout(location = 0) in vec2 uv;

layout(set = 1, binding = 2) uniform texture2D image;
layout(set = 1, binding = 3) uniform sampler how;

layout(location = 0) out vec4 colour;

void main()
{
    vec2 edge = min(uv, 1.0 - uv);
    float inner = step(0.03, min(edge.x, edge.y));
    vec3 shown = texture(sampler2D(image, how), uv).rgb;

    colour = vec4(mix(push.tint.rgb, shown, inner), push.tint.a);
}
