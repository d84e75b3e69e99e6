#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// A triangle that covers everything; its colour is an attribute's.
layout(location = 0) in vec4 tint;
layout(location = 0) out vec4 tinted;
layout(location = 1) out vec2 uv;

void main()
{
    uv = vec2(gl_VertexIndex << 1 & 2, gl_VertexIndex & 2);
    tinted = tint;
    gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
}
