/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The context image's layout, for those who write and read it. */
#ifndef DM_ENGINE_GFX_CONTEXT_H
#define DM_ENGINE_GFX_CONTEXT_H

#include "dm/engine/gfx/gfx.h"

#define CONTEXT_MAGIC 0x43475658u /* "XVGC" */
#define CONTEXT_VERSION 1u
#define HEAD_BYTES 8192u
#define CONTEXT_BYTES LINK_CONTEXT_SIZE
#define CONTEXT_HALF ((CONTEXT_BYTES - HEAD_BYTES) / 2)

/* Objects are named by their serials; 0: none. */
struct saved_state {
    uint64_t pipeline[NR_POINTS];
    uint64_t set[NR_POINTS][XVGPU_GFX_MAX_SETS];
    uint8_t push[NR_POINTS][XVGPU_GFX_MAX_PUSH];
    uint64_t vertex[XVGPU_GFX_MAX_VERTEX_BUFFERS];
    uint64_t vertex_offset[XVGPU_GFX_MAX_VERTEX_BUFFERS];
    uint64_t index, index_offset;
    uint32_t index_type, viewports_set, scissors_set;
    struct xvgpu_gfx_viewport viewport[XVGPU_GFX_MAX_VIEWPORTS];
    struct xvgpu_gfx_scissor scissor[XVGPU_GFX_MAX_VIEWPORTS];
    float blend[4], depth_bias[3];
    uint32_t stencil_reference[2], stencil_compare[2], stencil_write[2];
};

struct slot {
    uint64_t base, tail; /* of the journal: bytes of the memfd */
    struct saved_state state;
};

struct head {
    uint32_t magic, version;
    uint32_t current; /* slot of the last commit */
    uint32_t pad;
    struct slot slot[2];
};
_Static_assert(sizeof(struct head) <= HEAD_BYTES, "fits in its pages");

enum { RECORD_CREATED = 1, RECORD_UNNUMBERED, RECORD_WRITTEN };

/* Each is a multiple of 8 bytes. */
struct record {
    uint32_t type, bytes;
};

/* Then its packet's dwords and its data. */
struct record_created {
    struct record r;
    uint64_t serial; /* goes up */
    uint32_t class_, id, nr_words, data_bytes, nr_uses, pad;
    uint64_t uses[];
};

struct record_unnumbered {
    struct record r;
    uint64_t serial;
};

struct saved_descriptor {
    uint64_t object, sampler, offset, range;
};

struct record_written {
    struct record r;
    uint64_t serial; /* of the set */
    uint32_t first, count;
    struct saved_descriptor descriptor[];
};

struct context {
    unsigned char *map;
    uint64_t base, tail; /* of the half in use */
    uint32_t slot;       /* of the last commit */
    bool moved;          /* into another half since then */
    bool ours;           /* what another process left has been dealt with */
};

#endif
