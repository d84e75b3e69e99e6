#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.glsl"

layout(location = 0) out vec4 centre; // and size
layout(location = 1) out vec4 tint;

void main()
{
    item it = items[push.first + uint(gl_VertexIndex)];

    centre = vec4(it.place) / 4096.0;
    tint = unpackUnorm4x8(it.colour);
    gl_Position = vec4(0.0);
}
