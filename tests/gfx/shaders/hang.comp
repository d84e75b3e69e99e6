#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps a GPU busy for ever, nearly: software drivers end loops after 65,535
// turns, so each turn has a lot to do, and one workgroup does not end early.

layout(local_size_x = 1024) in;

layout(set = 0, binding = 0, std430) buffer output_block {
    uint values[];
};

layout(push_constant) uniform push_block {
    uint turns;
} push;

#define ONE(n) x += atomicAdd(values[(x + n) & 63u], x);
#define FOUR(n) ONE(n) ONE(n + 1u) ONE(n + 2u) ONE(n + 3u)
#define MANY(n) FOUR(n) FOUR(n + 4u) FOUR(n + 8u) FOUR(n + 12u)

void main()
{
    uint x = gl_LocalInvocationIndex;

    for (uint i = 0u; i < push.turns; i++) {
        MANY(0u) MANY(16u) MANY(32u) MANY(48u)
    }
    values[gl_LocalInvocationIndex & 63u] = x;
}
