/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenes' shaders as SPIR-V. Needs no C library. */
#ifndef TESTS_GFX_SHADERS_H
#define TESTS_GFX_SHADERS_H

#include <stdint.h>

/* Name of the file in tests/gfx/shaders, its ending. */
#define GFX_SHADERS(X)                                                         \
    X(clouds, frag)                                                            \
    X(confetti, frag)                                                          \
    X(confetti, vert)                                                          \
    X(fractal, comp)                                                           \
    X(hang, comp)                                                              \
    X(panel, frag)                                                             \
    X(panel, vert)                                                             \
    X(planet, frag)                                                            \
    X(planet, tesc)                                                            \
    X(planet, tese)                                                            \
    X(planet, vert)                                                            \
    X(reduce, comp)                                                            \
    X(ring, frag)                                                              \
    X(ring, vert)                                                              \
    X(rocks, frag)                                                             \
    X(rocks, vert)                                                             \
    X(sky, frag)                                                               \
    X(spikes, frag)                                                            \
    X(spikes, geom)                                                            \
    X(spikes, vert)                                                            \
    X(sprite, frag)                                                            \
    X(sprite, geom)                                                            \
    X(sprite, vert)

/* Numbered as the bits of VkShaderStageFlagBits are. */
enum gfx_stage {
    gfx_vert,
    gfx_tesc,
    gfx_tese,
    gfx_geom,
    gfx_frag,
    gfx_comp,
    gfx_stages,
};

#define GFX_SHADER_ENUM(name, stage) shader_##name##_##stage,
enum gfx_shader_id {
    GFX_SHADERS(GFX_SHADER_ENUM) gfx_shader_count,
};

struct gfx_shader {
    const char *name; /* "planet.tesc" */
    enum gfx_stage stage;
    const uint32_t *words;
    uint32_t size; /* bytes */
};

extern const struct gfx_shader gfx_shaders[gfx_shader_count];

#endif
