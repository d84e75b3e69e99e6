#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// Small shapes: the numbers of the draw and of the instance say where.
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
    uint r = hash(push.turn * 4099u + uint(gl_InstanceIndex) + push.first);
    vec2 at = vec2(r & 0x3ffu, (r >> 10) & 0x3ffu) / 511.5 - 1.0;
    uint c = hash(r);

    tint = vec4(unpackUnorm4x8(c).rgb, push.tint.a);
    // Each draw is before all earlier ones, its instances in no order: none is
    // hidden, unless draws come out of turn.
    gl_Position = vec4(at + position * push.x,
                       1.0 - (float(push.turn) + float(r >> 24) / 256.0) *
                                 push.y, 1.0);
}
