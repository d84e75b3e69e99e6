#version 460
// SPDX-License-Identifier: GPL-2.0-or-later
layout(local_size_x = 8, local_size_y = 4, local_size_x_id = 0,
       local_size_y_id = 1) in;
layout(constant_id = 0) const uint wide = 8;
layout(constant_id = 1) const uint high = 4;
layout(constant_id = 2) const bool twice = true;
layout(constant_id = 7) const float gain = 0.5;
const uint all = wide * high;

struct Item { ivec4 key; float value; };

layout(set = 0, binding = 0) uniform Settings { int divisor, start; uvec2 span; };
layout(set = 0, binding = 1) buffer Items { uint count; Item items[]; };
layout(set = 0, binding = 2) readonly buffer Lists { int list[]; } lists[3];
layout(set = 1, binding = 0, r32i) uniform iimage1D tally;
layout(set = 1, binding = 1, rgba32f) writeonly uniform imageBuffer stream;
layout(set = 1, binding = 2) uniform usamplerBuffer words;
layout(set = 1, binding = 3, rg16f) uniform image3D cloud;
layout(set = 1, binding = 4) writeonly uniform imageCube any;

shared Item stack[all];
shared uint top;

int pop(uint at)
{
    Item item = stack[at % all];
    return item.key[at & 3] / divisor + item.key.x % divisor;
}

void main()
{
    uint me = gl_LocalInvocationIndex;
    int local[9];

    if (me == 0)
        top = 0;
    barrier();
    for (int i = 0; i < 9; i++)
        local[i] = lists[2].list[i * start];
    stack[me].key = ivec4(local[me % 9], local[span.x], -1, int(me));
    stack[atomicAdd(top, 1u)].value = gain * float(me);
    memoryBarrierShared();
    barrier();
    int n = 0;
    do {
        n += pop(me + uint(n));
    } while (++n < start && twice);
    items[me].value = stack[top].value;
    items[atomicAdd(count, 1u)].key[n & 3] = local[n] >> span.y;
    imageAtomicExchange(tally, n, int(imageLoad(cloud, ivec3(span, n)).r));
    imageStore(stream, int(me), vec4(texelFetch(words, n)));
    imageStore(cloud, ivec3(gl_GlobalInvocationID), vec4(stack[n].key));
    imageStore(any, ivec3(span, n), vec4(gl_NumWorkGroups, 1u));
    imageAtomicCompSwap(tally, int(me), n, imageSize(cloud).x);
}
