/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The renderer, as those files see it that give it something to do. */
#ifndef DM_ENGINE_VIRTIO_VIRGL_H
#define DM_ENGINE_VIRTIO_VIRGL_H

#include <virglrenderer.h>

#include "dm/engine/virtio/vgpu.h"

struct loan;
struct track;
struct watch;

struct virgl {
    uint32_t fence, fence_done; /* the last one asked for; that is done */
    uint32_t part;              /* the mark behind the last part */
    bool begun;                 /* there is more than the last one covers */
    uint64_t done_ns;           /* fence_done's time, or that of the first */
    int poll_fd;                /* tells of fences; or -1 */
    uint64_t mapped;            /* bytes of guest memory lent */
    struct loan *dropped;       /* of these: to be unmapped */
    bool unmapped;              /* what was lent was taken back for a while */
    uint32_t capsets;
    bool on_processors;
    uint32_t draws; /* of a chunk, so that it takes about CHUNK_NS */
    struct {
        uint32_t mark, heavy;
        uint64_t begin_ns;
    } chunk;             /* the last one; mark 0: it says nothing about that */
    struct watch *watch; /* or NULL */
    struct track *track[VGPU_CONTEXTS]; /* submit.c */
    struct log_limit log;
    char name[96]; /* "virglrenderer on ...", for people */
};

/* virgl.c: tell it of r->iov; a blob that is not made yet is made of that. 0 or
 * -1. */
int virgl_attach(struct resource *r);

/* Around a call of the renderer that may take long, or not come back: it is
 * watched also where nothing is under way behind it. */
void virgl_enter(struct vgpu *g);
void virgl_leave(struct vgpu *g);

/* renderer.c */
void virgl_find_name(struct virgl *v);

/* submit.c: a context goes. */
void track_forget(struct virgl *v, uint32_t slot);

/* watch.c: a thread ends the process when nothing has got done since
 * watch_from() for longer than the watchdog and compiling may take together. 0:
 * nothing is under way. 0 or a negative errno. */
int watch_start(struct virgl *v, const struct engine *e);
void watch_stop(struct virgl *v);
void watch_from(struct virgl *v, uint64_t ns);

#endif
