/* SPDX-License-Identifier: MIT */
/* Numbers of a class of gfx objects: which are in use. */
#ifndef XEN_VGPU_IDS_H
#define XEN_VGPU_IDS_H

#include <stdint.h>

#define XVGPU_IDS_MAX 4096u

struct xvgpu_ids {
    uint32_t max;  /* the highest number */
    uint32_t from; /* no number below is free */
    uint64_t used[XVGPU_IDS_MAX / 64];
};

/* For numbers from 1 to max, XVGPU_GFX_<class>_MAX. */
void xvgpu_ids_init(struct xvgpu_ids *ids, uint32_t max);
/* The lowest free number, or 0: there is none. */
uint32_t xvgpu_ids_get(struct xvgpu_ids *ids);
/* 0, or -1: it was not in use. */
int xvgpu_ids_put(struct xvgpu_ids *ids, uint32_t id);

#endif
