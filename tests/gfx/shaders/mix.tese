#version 460
// SPDX-License-Identifier: GPL-2.0-or-later
layout(triangles, fractional_odd_spacing, cw) in;

layout(location = 0) in vec4 colours[];
layout(location = 1) in mat2 turn[];
layout(location = 4) patch in vec4 whole[3];
layout(location = 8) patch in float part;
layout(location = 0) out vec4 colour;
layout(location = 3, component = 1) out vec2 at;

layout(set = 1, binding = 3) uniform sampler2DArray waves;

void main()
{
    vec4 p = vec4(0);

    for (int i = 0; i < 3; i++)
        p += gl_TessCoord[i] * gl_in[i].gl_Position;
    p.z += textureLod(waves, vec3(p.xy, part), 1.0).r;
    colour = colours[gl_PrimitiveID % 3] + whole[int(part) % 3];
    at = turn[1] * gl_TessCoord.xy;
    gl_Position = p;
}
