/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRAM is pages of the guest, populated before it runs, where no RAM and no
 * BAR is: the parking frame (docs/design.md, "Guest memory and VRAM").
 */
#ifndef MONITOR_VRAM_H
#define MONITOR_VRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "dm/monitor/domain.h"

#define VRAM_ORDER 9u /* 2 MiB */
#define VRAM_FRAMES_2M (1u << VRAM_ORDER)

struct vram {
    uint64_t gfn;         /* parking frame, 2 MiB-aligned */
    uint64_t size;        /* bytes, a multiple of 2 MiB */
    uint64_t populated;   /* frames, from gfn on */
    uint64_t small_pages; /* of them for want of 2 MiB ones */
};

/* The parking frame above a guest whose highest frame is max_gfn:
 * max(4 GiB, end of RAM) + 1 GiB, 2 MiB-aligned. libxc sizes save and
 * migration by the highest frame, so never higher than that. */
uint64_t vram_parking(uint64_t max_gfn);

/* Is there memory for nr areas, whose sizes are set? Else -ENOMEM, said on
 * stderr. The domain's part was given by videoram= if that is true. */
int vram_check(const struct domain *d, const struct vram *v, unsigned int nr,
               bool videoram);

/* Populate the areas, one behind the other. 0, or a negative errno, said on
 * stderr, with nothing left populated. */
int vram_populate(const struct domain *d, struct vram *v, unsigned int nr);

/* Give the pages back. Only while the device has not moved them. */
void vram_release(const struct domain *d, struct vram *v, unsigned int nr);

#endif
