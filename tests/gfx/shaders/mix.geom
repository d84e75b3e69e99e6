#version 460
// SPDX-License-Identifier: GPL-2.0-or-later
layout(triangles, invocations = 2) in;
layout(line_strip, max_vertices = 8) out;

layout(location = 0) in vec4 colour[];
layout(location = 3, component = 1) in vec2 at[];
layout(location = 0) out vec4 colour_out;
layout(location = 5) out flat uvec3 id;
layout(location = 6) out noperspective vec2 spot;
layout(location = 7) out centroid float depth;

layout(set = 0, binding = 6) buffer Count { uint emitted; int slots[]; };

void main()
{
    uint n = atomicAdd(emitted, 1u);

    for (int i = 0; i < gl_in.length(); i++) {
        colour_out = colour[(i + gl_InvocationID) % 3];
        id = uvec3(gl_PrimitiveIDIn, i, n);
        spot = at[i];
        depth = gl_in[i].gl_Position.z;
        gl_Position = gl_in[i].gl_Position;
        gl_PrimitiveID = gl_PrimitiveIDIn;
        gl_Layer = 0;
        slots[n % uint(slots.length())] = i / int(n);
        EmitVertex();
    }
    EndPrimitive();
}
