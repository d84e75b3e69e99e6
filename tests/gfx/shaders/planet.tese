#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// A point of the surface, displaced by the height map.
#include "frame.glsl"

layout(quads, equal_spacing, cw) in;

layout(location = 0) in vec3 cube[];
layout(location = 1) patch in float patch_tint;

layout(set = 1, binding = 0) uniform samplerCube heights;

layout(location = 0) out vec3 direction; // before the planet's spin
layout(location = 1) out vec3 world;
layout(location = 2) out float tint;

const float sea = 0.5;

void main()
{
    vec3 low = mix(cube[0], cube[1], gl_TessCoord.x);
    vec3 high = mix(cube[3], cube[2], gl_TessCoord.x);
    float height;

    direction = normalize(mix(low, high, gl_TessCoord.y));
    height = max(textureLod(heights, direction, 0.0).x - sea, 0.0);
    // push.y is how high a shell floats; only the ground has mountains.
    height = push.y > 0.0 ? push.y : 0.25 * height;
    world = spin(direction * (1.0 + height), angle());
    tint = patch_tint;
    gl_Position = frame.clip_from_world * vec4(world, 1.0);
}
