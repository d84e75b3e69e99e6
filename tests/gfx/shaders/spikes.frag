#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.glsl"
#include "light.glsl"

layout(location = 0) in vec3 normal;
layout(location = 1) in vec3 world;
layout(location = 2) in vec4 tint;

layout(location = 0) out vec4 colour;

void main()
{
    float lit = max(dot(normalize(normal), frame.sun.xyz), 0.0) *
                sunlight(world) * ring_shadow(world);
    vec3 to_eye = normalize(frame.eye.xyz - world);
    float edge = 1.0 - abs(dot(normalize(normal), to_eye));

    colour = vec4(tint.rgb * (0.12 + lit) + 0.25 * edge * lit, 1.0);
}
