#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// Sum (modulo 2^32), exclusive or and maximum of many numbers: each workgroup
// leaves one triple, and a second dispatch of one workgroup folds those.

layout(local_size_x = 256) in;

layout(set = 0, binding = 0, std430) readonly buffer input_block {
    uint numbers[];
};
layout(set = 0, binding = 1, std430) buffer output_block {
    uvec4 partial[];
};

layout(push_constant) uniform push_block {
    uint count;     // of numbers, or of triples to fold
    uint per_group; // how many each workgroup takes
    uint fold;      // 0: numbers to triples, 1: triples to the first one
} push;

shared uvec4 sums[256];

uvec4 join(uvec4 a, uvec4 b)
{
    return uvec4(a.x + b.x, a.y ^ b.y, max(a.z, b.z), a.w + b.w);
}

void main()
{
    uint self = gl_LocalInvocationIndex;
    uint begin = gl_WorkGroupID.x * push.per_group;
    uint end = min(begin + push.per_group, push.count);
    uvec4 sum = uvec4(0u);

    for (uint i = begin + self; i < end; i += 256u)
        sum = join(sum, push.fold != 0u ? partial[i] :
                        uvec4(uvec3(numbers[i]), 1u));
    sums[self] = sum;
    barrier();
    for (uint half_size = 128u; half_size > 0u; half_size /= 2u) {
        if (self < half_size)
            sums[self] = join(sums[self], sums[self + half_size]);
        barrier();
    }
    if (self == 0u)
        partial[gl_WorkGroupID.x] = sums[0];
}
