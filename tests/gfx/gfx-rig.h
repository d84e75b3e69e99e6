/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gfx engine in this process, on the fake Xen and whatever Vulkan device
 * there is; packets are built with guest/lib and run from an indirect buffer.
 */
#ifndef TESTS_GFX_GFX_RIG_H
#define TESTS_GFX_GFX_RIG_H

#include "dm/engine/gfx/gfx.h"
#include "engine-rig.h"
#include "guest/lib/gfx-stream.h"

#define GFX_RAM (192u << 20)
#define GFX_IB 0x100000ull /* guest memory of the indirect buffer */
#define GFX_IB_BYTES 0x100000u
#define GFX_DATA 0x200000ull /* free for tests, up to the end of RAM */

struct gfx_rig {
    struct rig rig;
    struct gfx *g;
    struct xvgpu_stream s; /* the next submission */
    uint64_t ib;           /* guest memory of the indirect buffer: GFX_IB */
    uint64_t fence;
};

void gfx_rig_new(struct gfx_rig *t);
/* Another engine of the same domain, its indirect buffer at `ib`. What is in
 * t->s is to be queued before the other one's is filled. */
void gfx_rig_new_beside(struct gfx_rig *t, const struct gfx_rig *other,
                        uint64_t ib);
void gfx_rig_free(struct gfx_rig *t);

/* Run what is in t->s and a fence, and empty it. The fault's code, or
 * XVGPU_FAULT_NONE; after a fault the ring has been resumed. */
uint32_t gfx_submit(struct gfx_rig *t);
/* The same, put into the ring only: rig_go() or another thread runs it. */
void gfx_queue(struct gfx_rig *t);

/* The engine's process ends, another one goes on with what it has left. False:
 * it does not start. */
bool gfx_hand_over(struct gfx_rig *t);

/* Guest memory as the processor sees it. */
void *gfx_data(struct gfx_rig *t, uint64_t gpa, size_t bytes);

#endif
