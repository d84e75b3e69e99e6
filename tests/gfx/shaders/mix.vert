#version 460
// SPDX-License-Identifier: GPL-2.0-or-later
// For the shader gate: what the scenes' shaders leave out.
layout(location = 0) in vec4 position;
layout(location = 1) in ivec4 number;
layout(location = 2) in uvec2 bits[2];
layout(location = 4) in mat3 frame;

layout(constant_id = 3) const int rounds = 5;
layout(set = 0, binding = 0) uniform Scale { vec4 scale[4]; mat4 turn; };
layout(set = 2, binding = 1) uniform samplerBuffer heights;
layout(set = 2, binding = 2) readonly buffer Bones { mat4x3 bones[]; };
layout(push_constant) uniform Push { vec4 tint[4]; uint which; };

layout(location = 0) out vec4 colour;
layout(location = 1) out flat ivec2 key;
layout(location = 2) out Block { vec3 normal; float weights[3]; } block;

float table[rounds + 3];

vec4 bend(vec4 p, int n)
{
    for (int i = 0; i < n; i++)
        p.yz += table[i & 7] * texelFetch(heights, number.x + i).rg;
    return p;
}

void main()
{
    for (int i = 0; i < rounds + 3; i++)
        table[i] = float(i * number.y / (number.z | 1));
    vec4 p = bend(position, rounds);
    p[number.w & 3] += scale[which % 4].x;
    colour = tint[which] * unpackUnorm4x8(bits[1].x);
    key = ivec2(number.x % number.y, gl_VertexIndex);
    block.normal = frame * (bones[gl_InstanceIndex] * p);
    for (int i = 0; i < 3; i++)
        block.weights[i] = frexp(p.x + i, key.y);
    gl_Position = turn * p;
    gl_PointSize = 1.0;
    gl_ClipDistance[0] = p.x;
    gl_ClipDistance[1] = p.y;
}
