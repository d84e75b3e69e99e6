#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// Nebulae behind everything.
#include "frame.glsl"

layout(location = 0) in vec2 uv;

layout(set = 1, binding = 0) uniform samplerCube heights;

layout(location = 0) out vec4 colour;

void main()
{
    vec2 at = uv * 2.0 - 1.0;
    vec3 ahead = cross(frame.up.xyz, frame.right.xyz);
    vec3 d = normalize(ahead + 0.5 * at.x * frame.right.xyz -
                       0.4 * at.y * frame.up.xyz);
    vec2 n = textureLod(heights, d.zxy, 1.0).xy;
    float veil = smoothstep(0.35, 0.85, n.y);

    colour = vec4(vec3(0.010, 0.012, 0.030) +
                  veil * mix(vec3(0.20, 0.04, 0.22), vec3(0.03, 0.12, 0.28),
                             smoothstep(0.3, 0.7, n.x)), 1.0);
}
