/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames for resources, in the memory that viewers look at: what is drawn into
 * such a resource need not be copied when it is shown, and a guest that flips
 * between several pays for each picture once.
 *
 * A resource has its frame for life, since moving it would cost what the frame
 * is to save. So those are taken for what may be a screen by its size; there
 * are enough for guests that show a few in turns, and all others are copied.
 */
#include <string.h>
#include <sys/mman.h>

#include "dm/engine/virtio/vgpu.h"

/* Cursors, icons and what else is no screen. */
#define WIDTH_MIN 320u
#define HEIGHT_MIN 200u

_Static_assert(SCANOUT_FRAMES <= 32, "bits of vgpu.frames");

static bool used(const struct vgpu *g, uint32_t i)
{
    return g->frames & 1u << i;
}

static bool may_be_screen(const struct saved_resource *s)
{
    const uint8_t *order = scanout_order(s->format);

    return order && order[0] == 0 && s->width >= WIDTH_MIN &&
           s->height >= HEIGHT_MIN &&
           (uint64_t)s->width * s->height <= SCANOUT_PIXELS;
}

/* Its memory, that is: then it reads as 0. */
static int empty(struct vgpu *g, uint32_t i)
{
    return madvise(scanout_frame(g->scanouts, i), SCANOUT_PIXELS_SIZE,
                   MADV_REMOVE);
}

/* The one that a process before had for it may be on the screen. */
static uint32_t find(struct vgpu *g, const struct resource *r)
{
    uint32_t i = r->s->frame - 1;

    if (i < SCANOUT_FRAMES && !used(g, i))
        return i;
    for (i = 0; i < SCANOUT_FRAMES && used(g, i); i++)
        ;
    if (i < SCANOUT_FRAMES && empty(g, i) < 0)
        memset(scanout_frame(g->scanouts, i), 0, r->bytes);
    return i;
}

uint32_t *frame_take(struct vgpu *g, struct resource *r)
{
    uint32_t i = SCANOUT_FRAMES;

    if (g->scanouts && may_be_screen(r->s))
        i = find(g, r);
    r->frame = i < SCANOUT_FRAMES ? i + 1 : 0;
    r->s->frame = r->frame;
    if (!r->frame)
        return NULL;
    g->frames |= 1u << i;
    return scanout_frame(g->scanouts, i);
}

void frame_release(struct vgpu *g, struct resource *r)
{
    if (!r->frame)
        return;
    g->frames &= ~(1u << (r->frame - 1));
    if (g->scanouts)
        empty(g, r->frame - 1);
    r->frame = 0;
    r->pixels = NULL;
}

void frames_trim(struct vgpu *g)
{
    uint32_t i;

    for (i = 0; g->scanouts && i < SCANOUT_FRAMES; i++) {
        if (!used(g, i))
            empty(g, i);
    }
}
