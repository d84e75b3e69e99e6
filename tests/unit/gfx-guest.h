/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest with a vGPU's gfx ring, on the fake Xen and the real processes.
 *
 * Any thread may play one guest, but for gfx_guest_start(), which asserts:
 * what fails in the others is told by what they return.
 */
#ifndef UNIT_GFX_GUEST_H
#define UNIT_GFX_GUEST_H

#include "harness.h"

#include <stdint.h>

#include "tests/gfx/scene-stream.h"
#include "xen-vgpu/csr.h"

#define GFX XVGPU_ENGINE_BASE(XVGPU_ENGINE_GFX)
#define GFX_GUEST_IB_BYTES 0x100000u
#define GFX_GUEST_SURFACE UINT64_C(0x400000)
#define GFX_GUEST_OTHERS UINT64_C(0x800000) /* of tests, 8 MiB */
#define GFX_GUEST_PATIENCE_MS 120000

/* No fault's code: the vCPU was not answered, or nothing happened. */
#define GFX_GUEST_STUCK UINT32_MAX

struct gfx_guest {
    struct dm dm;
    struct xvgpu_stream s; /* what the next submission has */
    struct scene_memory memory;
    uint32_t wptr;
    uint64_t fence; /* of the last submission */
    bool broken;    /* an access of the vCPU has failed */
    uint32_t packets[GFX_GUEST_IB_BYTES / 4];
};

/* A domain with one vGPU whose ring runs. */
void gfx_guest_start(struct gfx_guest *g, const char *options);

/* The ring anew, from its start: after a reset of the vGPU. */
void gfx_guest_ring(struct gfx_guest *g);

uint64_t gfx_guest_csr(struct gfx_guest *g, uint32_t reg, unsigned int size);
void gfx_guest_set_csr(struct gfx_guest *g, uint32_t reg, unsigned int size,
                       uint64_t value);

/* The guest's memory. NULL: it has none there. */
void *gfx_guest_data(const struct gfx_guest *g, uint64_t gpa, size_t bytes);

/* What is in g->s, and a fence. False: nothing is, or too much. */
bool gfx_guest_submit(struct gfx_guest *g);

/* Until the fence is there or the ring stops: the fault's code or
 * GFX_GUEST_STUCK. */
uint32_t gfx_guest_result(struct gfx_guest *g);

/* The rest of the packet at fault is passed over; the ring goes on to its end.
 * As gfx_guest_result(). */
uint32_t gfx_guest_resume(struct gfx_guest *g);

#endif
