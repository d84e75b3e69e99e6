#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// One of a few rock meshes, many times: where and how large is in the items,
// which colour in an attribute that steps by the instance.
#include "frame.glsl"

layout(location = 0) in vec4 position;
layout(location = 1) in vec4 normal_in;
layout(location = 2) in vec2 place;
layout(location = 3) in vec4 tint_in;

layout(location = 0) out vec3 normal;
layout(location = 1) out vec3 world;
layout(location = 2) out vec4 tint;
layout(location = 3) out vec2 uv;

vec3 tumble(vec3 v, float a)
{
    v = spin(v, a);
    return spin(v.yzx, 2.0 * a).zxy;
}

void main()
{
    item it = items[push.first + uint(gl_InstanceIndex)];
    float own = float(it.seed & 1023u) * (6.2831853 / 1024.0);
    vec3 centre = spin(vec3(it.place.xyz) / 4096.0, orbit());

    normal = tumble(normal_in.xyz, own + 3.0 * orbit());
    world = tumble(position.xyz, own + 3.0 * orbit()) *
            (float(it.place.w) / 4096.0) + centre;
    tint = tint_in;
    uv = place;
    gl_Position = frame.clip_from_world * vec4(world, 1.0);
}
