#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.glsl"
#include "light.glsl"

layout(location = 0) in vec3 normal;
layout(location = 1) in vec3 world;
layout(location = 2) in vec4 tint;
layout(location = 3) in vec2 uv;

layout(set = 1, binding = 1) uniform sampler2D detail;

layout(location = 0) out vec4 colour;

void main()
{
    float lit = max(dot(normalize(normal), frame.sun.xyz), 0.0) *
                sunlight(world);

    colour = vec4(tint.rgb * texture(detail, uv).rgb * (0.06 + 1.6 * lit),
                  1.0);
}
