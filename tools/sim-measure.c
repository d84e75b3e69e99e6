/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tools/sim.h"

/* Below SIM_HIST_SUB ns exactly, above by SIM_HIST_SUB steps an octave. */
static size_t slot_of(uint64_t ns)
{
    unsigned int octave = 0;
    size_t slot;

    while (ns >> octave >= 2 * SIM_HIST_SUB)
        octave++;
    slot = octave * SIM_HIST_SUB + (ns >> octave);
    return slot < SIM_HIST_SIZE ? slot : SIM_HIST_SIZE - 1;
}

static uint64_t end_of(size_t slot)
{
    size_t octave = slot < 2 * SIM_HIST_SUB ? 0 : slot / SIM_HIST_SUB - 1;

    return ((slot - octave * SIM_HIST_SUB + 1) << octave) - 1;
}

void sim_hist_add(struct sim_hist *h, uint64_t ns)
{
    h->count++;
    h->of[slot_of(ns)]++;
    if (ns > h->max)
        h->max = ns;
}

uint64_t sim_hist_at(const struct sim_hist *h, double p)
{
    uint64_t rank = (uint64_t)(p * (double)h->count), seen = 0;
    size_t i;

    if (!h->count)
        return 0;
    if (rank >= h->count)
        rank = h->count - 1;
    for (i = 0; i < SIM_HIST_SIZE; i++) {
        seen += h->of[i];
        if (seen > rank)
            break;
    }
    return end_of(i) < h->max ? end_of(i) : h->max;
}

void sim_result_free(struct sim_result *r)
{
    free(r->served_ns);
    free(r->longest_ns);
    free(r->spans);
    memset(r, 0, sizeof(*r));
}
