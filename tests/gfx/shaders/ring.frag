#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// A flat, translucent ring with grooves.
#include "frame.glsl"
#include "light.glsl"

layout(location = 0) in vec3 world;

layout(set = 1, binding = 1) uniform sampler2D detail;

layout(location = 0) out vec4 colour;

void main()
{
    float r = length(world);
    float grooves = texture(detail, vec2(r * 1.5, 0.31)).g;
    float dense = ring_density(r);

    if (dense <= 0.0)
        discard;
    colour = vec4(mix(vec3(0.55, 0.45, 0.36), vec3(0.95, 0.86, 0.70), grooves) *
                  (0.08 + 0.92 * sunlight(world)),
                  dense * (0.25 + 0.55 * grooves));
}
