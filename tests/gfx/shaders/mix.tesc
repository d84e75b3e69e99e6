#version 460
// SPDX-License-Identifier: GPL-2.0-or-later
layout(vertices = 3) out;

layout(location = 0) in vec4 colour[];
layout(location = 1) in flat ivec2 key[];
layout(location = 2) in Block { vec3 normal; float weights[3]; } block[];
layout(location = 0) out vec4 colours[];
layout(location = 1) out mat2 turn[];
layout(location = 4) patch out vec4 whole[3];
layout(location = 8) patch out float part;

layout(set = 0, binding = 5) uniform Level { float inner[2]; int which; };

void main()
{
    int other = (gl_InvocationID + which) % gl_PatchVerticesIn;

    colours[gl_InvocationID] = colour[other] + block[other].weights[which];
    turn[gl_InvocationID] = mat2(block[gl_InvocationID].normal.xyxy);
    gl_out[gl_InvocationID].gl_Position = gl_in[gl_InvocationID].gl_Position;
    barrier();
    if (gl_InvocationID == 0) {
        for (int i = 0; i < 3; i++)
            whole[i] = colours[i] * float(key[i].x);
        part = float(gl_PrimitiveID);
        gl_TessLevelOuter[0] = 2.0;
        gl_TessLevelOuter[1] = inner[0];
        gl_TessLevelOuter[2] = 1.0;
        gl_TessLevelInner[0] = inner[which];
    }
}
