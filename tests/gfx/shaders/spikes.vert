#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// One point on the ground for each crystal; the geometry shader makes the rest.
#include "frame.glsl"

layout(set = 1, binding = 0) uniform samplerCube heights;

layout(location = 0) out vec3 root;
layout(location = 1) out vec3 axis;
layout(location = 2) out vec4 tint;
layout(location = 3) out vec2 shape; // height, width

void main()
{
    item it = items[push.first + uint(gl_VertexIndex)];
    vec3 d = normalize(vec3(it.place.xyz));
    float h = textureLod(heights, d, 0.0).x - 0.5;
    float size = float(it.place.w) / 4096.0;

    axis = spin(d, angle());
    root = axis * (1.0 + 0.25 * max(h, 0.0) - 0.01);
    tint = unpackUnorm4x8(it.colour);
    // None at sea or in the snow: the geometry shader drops those.
    shape = h < 0.012 || h > 0.2 ? vec2(0.0) : vec2(size, size * 0.2);
    gl_Position = frame.clip_from_world * vec4(root, 1.0);
}
