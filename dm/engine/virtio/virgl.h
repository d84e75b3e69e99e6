/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The renderer, as those files see it that give it something to do. */
#ifndef DM_ENGINE_VIRTIO_VIRGL_H
#define DM_ENGINE_VIRTIO_VIRGL_H

#include <virglrenderer.h>

#include "dm/engine/virtio/vgpu.h"

struct loan;
struct track;

struct virgl {
    uint32_t fence, fence_done; /* the last one asked for; that is done */
    uint64_t mapped;            /* bytes of guest memory lent */
    struct loan *dropped;       /* of these: to be unmapped */
    bool unmapped;              /* what was lent was taken back for a while */
    uint32_t capsets;
    bool on_processors;
    uint32_t draws; /* of a chunk, so that it takes about CHUNK_NS */
    struct track *track[VGPU_CONTEXTS]; /* submit.c */
    struct log_limit log;
};

/* virgl.c: tell it of r->iov; a blob that is not made yet is made of that. 0 or
 * -1. */
int virgl_attach(struct resource *r);

/* submit.c: a context goes. */
void track_forget(struct virgl *v, uint32_t slot);

#endif
