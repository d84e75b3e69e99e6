#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// One small triangle: the number of the draw says where.
#include "frame.glsl"

layout(location = 0) in vec2 position;

layout(location = 0) out vec4 tint;

uint hash(uint x)
{
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

void main()
{
    uint r = hash(push.turn + 1u);
    vec2 at = vec2(r & 0x3ffu, (r >> 10) & 0x3ffu) / 511.5 - 1.0;
    uint c = hash(r);

    tint = vec4(unpackUnorm4x8(c).rgb, push.tint.a);
    // Nearness comes from the number as well, so that depth matters.
    gl_Position = vec4(at + position * push.x,
                       float((r >> 20) & 0xffu) / 256.0, 1.0);
}
