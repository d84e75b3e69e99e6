#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// A soft disc, to be added to what is there.

layout(location = 0) in vec2 inside;
layout(location = 1) in vec4 tint;

layout(location = 0) out vec4 colour;

void main()
{
    float glow = max(1.0 - length(inside), 0.0);

    colour = vec4(tint.rgb * tint.a * glow * glow, 1.0);
}
