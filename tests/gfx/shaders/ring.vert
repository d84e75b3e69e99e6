#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.glsl"

layout(location = 0) out vec3 world;

void main()
{
    vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1) * 2.0 - 1.0;

    world = vec3(corner.x, 0.0, corner.y) * ring_outer;
    gl_Position = frame.clip_from_world * vec4(world, 1.0);
}
