/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compute shader that takes as long as it is told to, or does not end. */
#ifndef GUESTS_GFX_SPIN_H
#define GUESTS_GFX_SPIN_H

#include "tests/guests/gfx/guest.h"

#define GFX_SPIN_FOREVER ~0u

/* The pipeline, and a first turn: what takes long from then on is the shader.
 * Its objects have numbers that no scene has. */
bool gfx_spin_make(void);

/* Packets: so many turns. */
void gfx_spin_put(struct xvgpu_stream *stream, uint32_t turns);

/* How many turns the engine does in a time; 1 at least. */
uint32_t gfx_spin_turns(uint64_t ns);

#endif
