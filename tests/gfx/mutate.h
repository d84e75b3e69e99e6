/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutants of SPIR-V modules: the same number, the same mutant. */
#ifndef TESTS_GFX_MUTATE_H
#define TESTS_GFX_MUTATE_H

#include <stddef.h>
#include <stdint.h>

struct mutant_seed {
    const char *name;   /* "planet.tesc" */
    unsigned int stage; /* enum shader_stage, enum gfx_stage */
    const uint32_t *words;
    uint32_t n;
};

/* The scenes' shaders, then those that are the gate's own: mix.*. */
extern const unsigned int mutant_seeds;
struct mutant_seed mutant_seed(unsigned int k);

#define MUTANT_WORDS 16384u

/* Mutant `number` of the series `seed`: which module it was made of, its words
 * (MUTANT_WORDS at most) and how many. */
unsigned int mutant_make(uint32_t seed, uint32_t number, uint32_t *words,
                         uint32_t *n);

#endif
