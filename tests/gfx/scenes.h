/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenes by name, for those that need a certain one. */
#ifndef TESTS_GFX_SCENES_H
#define TESTS_GFX_SCENES_H

#include "tests/gfx/scene.h"

extern const struct scene scene_planet; /* all stages; scene-planet.c */
extern const struct scene scene_many;   /* 10,000 draws; scene-draws.c */
extern const struct scene scene_few;    /* few large draws */
extern const struct scene scene_stream; /* 1,000 draws, for preemption */
extern const struct scene scene_reduce; /* scene-compute.c */
extern const struct scene scene_fractal;

#define SCENE_COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define SCENE_STAGE(stage) (1u << gfx_##stage)
#define SCENE_STAGES_DRAW                                                      \
    (SCENE_STAGE(vert) | SCENE_STAGE(tesc) | SCENE_STAGE(tese) |               \
     SCENE_STAGE(geom) | SCENE_STAGE(frag))

#endif
