#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// A point becomes a square that faces the camera.
#include "frame.glsl"

layout(points) in;
layout(triangle_strip, max_vertices = 4) out;

layout(location = 0) in vec4 centre[];
layout(location = 1) in vec4 tint[];

layout(location = 0) out vec2 inside;
layout(location = 1) out vec4 tint_out;

void main()
{
    for (int i = 0; i < 4; i++) {
        vec2 at = vec2(i & 1, i >> 1) * 2.0 - 1.0;
        vec3 world = centre[0].xyz + centre[0].w *
                     (at.x * frame.right.xyz + at.y * frame.up.xyz);

        inside = at;
        tint_out = tint[0];
        gl_Position = frame.clip_from_world * vec4(world, 1.0);
        EmitVertex();
    }
    EndPrimitive();
}
