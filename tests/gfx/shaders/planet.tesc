#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// How finely to cut each side of a patch. Neighbours must agree, so that a
// side's level follows from its own two corners only.
#include "frame.glsl"

layout(vertices = 4) out;

layout(location = 0) in vec3 cube[];
layout(location = 0) out vec3 cube_out[];
layout(location = 1) patch out float patch_tint;

float level(vec3 a, vec3 b)
{
    vec3 middle = spin(normalize(a + b), angle());
    float away = distance(middle, frame.eye.xyz);

    return clamp(floor(push.x * 3.0 / away), 2.0, 32.0);
}

void main()
{
    cube_out[gl_InvocationID] = cube[gl_InvocationID];
    if (gl_InvocationID != 0)
        return;
    patch_tint = float(gl_PrimitiveID % 4) / 3.0;
    gl_TessLevelOuter[0] = level(cube[0], cube[3]);
    gl_TessLevelOuter[1] = level(cube[0], cube[1]);
    gl_TessLevelOuter[2] = level(cube[1], cube[2]);
    gl_TessLevelOuter[3] = level(cube[3], cube[2]);
    gl_TessLevelInner[0] = max(gl_TessLevelOuter[1], gl_TessLevelOuter[3]);
    gl_TessLevelInner[1] = max(gl_TessLevelOuter[0], gl_TessLevelOuter[2]);
}
