/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's side of tests/gfx/shaders/fractal.comp. */
#ifndef TESTS_GFX_FRACTAL_H
#define TESTS_GFX_FRACTAL_H

#include <stdint.h>

#define FRACTAL_WIDTH 256
#define FRACTAL_HEIGHT 192
#define FRACTAL_COUNTS_BYTES (FRACTAL_WIDTH * FRACTAL_HEIGHT * 4)

struct fractal_push {
    int32_t left, top, step; /* in 1/2^25 */
    uint32_t limit;
};

/* From (-0.7506, 0.1268), 0.000055 a pixel; and from (-2.2, -1.125), 0.0117. */
#define FRACTAL_SEAHORSE                                                       \
    {                                                                          \
        -25185957, 4254702, 1845, 255                                          \
    }
#define FRACTAL_WHOLE                                                          \
    {                                                                          \
        -73819750, -37748736, 393216, 100                                      \
    }

/* The first of the counts that is not what the processor gets, or -1. */
int fractal_check_seahorse(const void *counts, uint32_t size);
int fractal_check_whole(const void *counts, uint32_t size);

#endif
