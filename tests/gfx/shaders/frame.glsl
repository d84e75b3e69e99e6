// SPDX-License-Identifier: GPL-2.0-or-later
// What all drawing shaders of the scene share: descriptor sets, push
// constants, and where things are. The C side is tests/gfx/data.h.

struct item {
    ivec4 place; // x, y, z and size in 1/4096
    uint colour; // R, G, B, A bytes
    uint seed;
    uint kind;
    uint unused;
};

layout(set = 0, binding = 0, std140) uniform frame_block {
    mat4 clip_from_world;
    vec4 eye;
    vec4 sun;
    vec4 right; // the camera's axes, for sprites
    vec4 up;
} frame;

layout(set = 0, binding = 1, std430) readonly buffer item_block {
    item items[];
};

layout(push_constant) uniform push_block {
    uint turn;  // number of the picture in an animation
    uint first; // first item
    float x, y;
    vec4 tint;
} push;

const float ring_inner = 1.42;
const float ring_outer = 2.25;

// The planet turns once in 1,024 pictures, what is around it twice.
float angle()
{
    return float((push.turn + 330u) & 1023u) * (6.2831853 / 1024.0);
}

float orbit()
{
    return float(push.turn & 511u) * (6.2831853 / 512.0);
}

vec3 spin(vec3 v, float a)
{
    float c = cos(a), s = sin(a);

    return vec3(c * v.x + s * v.z, v.y, c * v.z - s * v.x);
}
