#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// A corner of a patch: a point on the cube that becomes the sphere.

layout(location = 0) in vec4 corner;

layout(location = 0) out vec3 cube;

void main()
{
    cube = corner.xyz;
}
