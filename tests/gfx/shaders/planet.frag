#version 450
#extension GL_GOOGLE_include_directive : require
// SPDX-License-Identifier: GPL-2.0-or-later
// Sea, beach, meadow, rock and snow by height and latitude.
#include "frame.glsl"
#include "light.glsl"

layout(location = 0) in vec3 direction;
layout(location = 1) in vec3 world;
layout(location = 2) in float tint;

layout(set = 1, binding = 0) uniform samplerCube heights;
layout(set = 1, binding = 1) uniform sampler2D detail;

layout(location = 0) out vec4 colour;

const float sea = 0.5;

float height(vec3 d)
{
    return max(textureLod(heights, d, 0.0).x - sea, 0.0);
}

vec3 ground_normal(vec3 d, float here)
{
    const float step = 0.012;
    vec3 east = normalize(cross(vec3(0.0, 1.0, 0.01), d));
    vec3 north = cross(d, east);
    float dx = height(normalize(d + step * east)) - here;
    float dy = height(normalize(d + step * north)) - here;

    return normalize(d - (dx * east + dy * north) * (0.55 / step));
}

void main()
{
    vec3 d = normalize(direction);
    float raw = textureLod(heights, d, 0.0).x;
    float h = max(raw - sea, 0.0);
    vec3 n = spin(ground_normal(d, h), angle());
    vec3 to_eye = normalize(frame.eye.xyz - world);
    float grain = texture(detail, d.xz * 5.0 + d.y).g;
    float ice = smoothstep(0.78, 0.86, abs(d.y) + 0.35 * h + 0.08 * grain);
    float sunny = sunlight(world) * ring_shadow(world);
    float diffuse = max(dot(n, frame.sun.xyz), 0.0) * sunny;
    vec3 base;
    float shine = 0.0;

    if (h <= 0.0) {
        float deep = clamp((sea - raw) * 5.0, 0.0, 1.0);

        base = mix(vec3(0.10, 0.42, 0.55), vec3(0.02, 0.10, 0.30), deep);
        shine = pow(max(dot(reflect(-frame.sun.xyz, n), to_eye), 0.0), 40.0);
    } else {
        base = mix(vec3(0.74, 0.66, 0.42), vec3(0.22, 0.42, 0.13),
                   smoothstep(0.008, 0.03, h));
        base = mix(base, vec3(0.42, 0.34, 0.26), smoothstep(0.10, 0.20, h));
        base = mix(base, vec3(0.93), smoothstep(0.29, 0.36, h));
        base *= 0.7 + 0.6 * grain;
    }
    base = mix(base, vec3(0.90, 0.94, 0.97), ice);
    base *= 0.97 + 0.03 * tint;
    colour = vec4(base * (0.05 + 1.1 * diffuse) +
                  vec3(0.9, 0.85, 0.7) * shine * sunny * (1.0 - ice), 1.0);
    // Air, seen along the rim.
    colour.rgb += vec3(0.25, 0.50, 0.95) * sunny *
                  pow(1.0 - max(dot(normalize(world), to_eye), 0.0), 3.0) *
                  smoothstep(-0.2, 0.4, dot(normalize(world), frame.sun.xyz));
}
