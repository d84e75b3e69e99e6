#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// A point becomes a pyramid of four sides, or nothing.
#include "frame.glsl"

layout(points) in;
layout(triangle_strip, max_vertices = 12) out;

layout(location = 0) in vec3 root[];
layout(location = 1) in vec3 axis[];
layout(location = 2) in vec4 tint[];
layout(location = 3) in vec2 shape[];

layout(location = 0) out vec3 normal;
layout(location = 1) out vec3 world;
layout(location = 2) out vec4 tint_out;

void corner(vec3 at, vec3 n)
{
    normal = n;
    world = at;
    tint_out = tint[0];
    gl_Position = frame.clip_from_world * vec4(at, 1.0);
    EmitVertex();
}

void main()
{
    vec3 side = normalize(cross(axis[0], vec3(0.31, 0.17, 0.93)));
    vec3 other = cross(axis[0], side);
    vec3 tip = root[0] + axis[0] * shape[0].x;

    if (shape[0].x <= 0.0)
        return;
    for (int i = 0; i < 4; i++) {
        vec3 a = i == 0 ? side : i == 1 ? other : i == 2 ? -side : -other;
        vec3 b = i == 0 ? other : i == 1 ? -side : i == 2 ? -other : side;
        vec3 from = root[0] + a * shape[0].y;
        vec3 to = root[0] + b * shape[0].y;
        vec3 n = normalize(cross(to - from, tip - from));

        corner(from, n);
        corner(to, n);
        corner(tip, n);
        EndPrimitive();
    }
}
