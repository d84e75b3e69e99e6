#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// A translucent shell around the planet.
#include "frame.glsl"
#include "light.glsl"

layout(location = 0) in vec3 direction;
layout(location = 1) in vec3 world;

layout(set = 1, binding = 0) uniform samplerCube heights;

layout(location = 0) out vec4 colour;

void main()
{
    vec3 d = spin(normalize(direction), 0.7);
    float cover = smoothstep(0.50, 0.90, texture(heights, d).y);
    float sunny = sunlight(world) * ring_shadow(world) *
                  max(dot(normalize(world), frame.sun.xyz), 0.0);

    // Thin where it is seen from the side.
    cover *= smoothstep(0.0, 0.35, dot(normalize(world),
                                       normalize(frame.eye.xyz - world)));
    if (cover <= 0.0)
        discard;
    colour = vec4(vec3(0.06 + 1.05 * sunny), cover * 0.9);
}
