// SPDX-License-Identifier: GPL-2.0-or-later
// How much of the sun reaches a point: the planet's own shadow, the ring's.

float sunlight(vec3 at)
{
    vec3 sun = frame.sun.xyz;
    float along = dot(at, sun);
    float aside = length(at - along * sun);

    return along > 0.0 ? 1.0 : smoothstep(0.97, 1.03, aside);
}

float ring_density(float radius)
{
    float t = (radius - ring_inner) / (ring_outer - ring_inner);
    float gap = smoothstep(0.015, 0.03, abs(t - 0.62));

    return gap * smoothstep(0.0, 0.05, t) * (1.0 - smoothstep(0.9, 1.0, t));
}

float ring_shadow(vec3 at)
{
    float t = -at.y / frame.sun.y;

    return t < 0.0 ? 1.0 :
           1.0 - 0.6 * ring_density(length(at + t * frame.sun.xyz));
}
