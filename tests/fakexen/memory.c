/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine frames, the p2m, and who still holds a frame. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

static struct fx_frame *frame_of(uint32_t frame)
{
    return &fx.shared->frame[frame - 1];
}

/* ---- Frames ---------------------------------------------------------- */

/* With the memory lock: first free run of NR frames, ALIGN a power of two. */
static uint32_t find_run(uint64_t nr, uint64_t align)
{
    const struct fx_frame *f = fx.shared->frame;
    uint64_t start = (fx.shared->frame_hint + align - 1) & ~(align - 1);

    while (start + nr <= FX_NR_FRAMES) {
        uint64_t i = 0;

        while (i < nr && !f[start + i].owner)
            i++;
        if (i == nr)
            return (uint32_t)start + 1;
        start = (start + i + align) & ~(align - 1);
    }
    return 0;
}

/*
 * When memory is handed out, not when it is freed: that may happen in a
 * sandbox. A single page may be wanted there, too (an ioreq page), so it is
 * done without fallocate.
 */
static void scrub(uint32_t first, uint64_t nr)
{
    off_t at = (off_t)(first - 1) << FX_PAGE_SHIFT;
    void *page;

    if (nr > 1) {
        fallocate(fx.memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                  (off_t)nr << FX_PAGE_SHIFT);
        return;
    }
    page = mmap(NULL, FX_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                fx.memory_fd, at);
    if (page == MAP_FAILED)
        return;
    memset(page, 0, FX_PAGE_SIZE);
    munmap(page, FX_PAGE_SIZE);
}

/* NR contiguous zeroed frames for D, 0 if there are none. */
uint32_t fx_frame_alloc(struct fx_domain *d, uint64_t nr, uint64_t align,
                        bool charge)
{
    struct fx_shared *s = fx.shared;
    uint32_t first;

    fx_lock(&s->memory_lock);
    first = find_run(nr, align);
    if (first) {
        for (uint64_t i = 0; i < nr; i++) {
            struct fx_frame *f = &s->frame[first - 1 + i];

            memset(f, 0, sizeof(*f));
            f->owner = (uint8_t)(fx_domain_slot(d) + 1);
            f->placed = 1;
            f->charged = charge;
        }
        if (charge)
            d->pages += nr;
        if (first - 1 + nr > s->frames_high)
            s->frames_high = (uint32_t)(first - 1 + nr);
        if (first - 1 == s->frame_hint)
            s->frame_hint = (uint32_t)(first - 1 + nr);
        scrub(first, nr);
    }
    fx_unlock(&s->memory_lock);
    return first;
}

static void free_if_unused(struct fx_domain *d, uint32_t frame)
{
    struct fx_frame *f = frame_of(frame);

    if (f->maps || f->placed || f->leaked)
        return;
    if (f->charged)
        d->pages--;
    fx_lock(&fx.shared->memory_lock);
    f->owner = 0;
    if (frame - 1 < fx.shared->frame_hint)
        fx.shared->frame_hint = frame - 1;
    fx_unlock(&fx.shared->memory_lock);
}

/* The guest (or the ioreq server) no longer has the frame. */
void fx_frame_unplace(struct fx_domain *d, uint32_t frame)
{
    frame_of(frame)->placed = 0;
    free_if_unused(d, frame);
}

void fx_frame_map(struct fx_domain *d, uint32_t frame)
{
    frame_of(frame)->maps++;
    fx.shared->maps[fx.client][frame - 1]++;
    d->maps++;
}

void fx_frame_unmap(struct fx_domain *d, uint32_t frame, unsigned int client)
{
    frame_of(frame)->maps--;
    fx.shared->maps[client][frame - 1]--;
    d->maps--;
    free_if_unused(d, frame);
}

void fx_frame_mark_dirty(uint32_t frame)
{
    frame_of(frame)->dirty = FX_DIRTY_VRAM | FX_DIRTY_LOG;
}

bool fx_frame_take_dirty(uint32_t frame, uint8_t which)
{
    struct fx_frame *f = frame_of(frame);
    bool dirty = f->dirty & which;

    f->dirty &= (uint8_t)~which;
    return dirty;
}

static uint32_t frames_high(void)
{
    uint32_t high;

    fx_lock(&fx.shared->memory_lock);
    high = fx.shared->frames_high;
    fx_unlock(&fx.shared->memory_lock);
    return high;
}

uint64_t fx_frames_free(void)
{
    struct fx_shared *s = fx.shared;
    uint64_t nr = FX_NR_FRAMES;

    fx_lock(&s->memory_lock);
    for (uint32_t i = 0; i < s->frames_high; i++)
        nr -= s->frame[i].owner != 0;
    fx_unlock(&s->memory_lock);
    return nr;
}

void fx_memory_drop_client(unsigned int client)
{
    struct fx_shared *s = fx.shared;
    uint32_t high = frames_high();

    for (uint32_t i = 0; i < high; i++) {
        struct fx_domain *d;

        if (!s->maps[client][i])
            continue;
        d = &s->domain[s->frame[i].owner - 1];
        fx_lock(&d->lock);
        while (s->maps[client][i])
            fx_frame_unmap(d, i + 1, client);
        fx_domain_put(d);
    }
}

/* ---- The p2m --------------------------------------------------------- */

static uint32_t chunk_alloc(void)
{
    struct fx_shared *s = fx.shared;
    uint32_t c;

    fx_lock(&s->memory_lock);
    c = s->chunk_free;
    if (c)
        s->chunk_free = s->chunk[c - 1].frame[0];
    else if (s->chunk_high < FX_NR_CHUNKS)
        c = ++s->chunk_high;
    if (c)
        memset(&s->chunk[c - 1], 0, sizeof(s->chunk[0]));
    fx_unlock(&s->memory_lock);
    return c;
}

uint32_t fx_p2m_get(const struct fx_domain *d, uint64_t gfn)
{
    uint32_t c;

    if (gfn >= FX_NR_GFNS)
        return 0;
    c = d->top[gfn >> FX_CHUNK_SHIFT];
    return c ? fx.shared->chunk[c - 1].frame[gfn % FX_CHUNK_FRAMES] : 0;
}

int fx_p2m_set(struct fx_domain *d, uint64_t gfn, uint32_t frame)
{
    uint32_t *c;

    if (gfn >= FX_NR_GFNS)
        return -EINVAL;
    c = &d->top[gfn >> FX_CHUNK_SHIFT];
    if (!*c && frame)
        *c = chunk_alloc();
    if (!*c)
        return frame ? -ENOMEM : 0;
    fx.shared->chunk[*c - 1].frame[gfn % FX_CHUNK_FRAMES] = frame;
    if (frame && gfn > d->maximum_gpfn)
        d->maximum_gpfn = gfn;
    return 0;
}

/* The domain died: everything goes that nobody has mapped. */
void fx_p2m_destroy(struct fx_domain *d)
{
    struct fx_shared *s = fx.shared;
    uint8_t owner = (uint8_t)(fx_domain_slot(d) + 1);
    uint32_t high = frames_high();

    for (uint64_t t = 0; t <= d->maximum_gpfn >> FX_CHUNK_SHIFT; t++) {
        uint32_t c = d->top[t];

        if (!c)
            continue;
        d->top[t] = 0;
        for (unsigned int i = 0; i < FX_CHUNK_FRAMES; i++) {
            if (s->chunk[c - 1].frame[i])
                fx_frame_unplace(d, s->chunk[c - 1].frame[i]);
        }
        fx_lock(&s->memory_lock);
        s->chunk[c - 1].frame[0] = s->chunk_free;
        s->chunk_free = c;
        fx_unlock(&s->memory_lock);
    }
    for (uint32_t i = 0; i < high; i++) {
        if (s->frame[i].owner == owner && s->frame[i].leaked) {
            s->frame[i].leaked = 0;
            free_if_unused(d, i + 1);
        }
    }
}

/*
 * One extent at GFN. What was there stays charged to the domain without being
 * reachable, as on Xen, where populating does not free.
 */
int fx_populate_extent(struct fx_domain *d, uint64_t gfn, uint64_t nr,
                       uint64_t align)
{
    uint32_t first;

    if (gfn + nr > FX_NR_GFNS || gfn + nr < gfn)
        return -EINVAL;
    if (d->pages + nr > d->max_pages)
        return -ENOMEM;
    first = fx_frame_alloc(d, nr, align, true);
    if (!first)
        return -ENOMEM;
    for (uint64_t i = 0; i < nr; i++) {
        uint32_t old = fx_p2m_get(d, gfn + i);

        if (fx_p2m_set(d, gfn + i, first + (uint32_t)i)) {
            for (; i < nr; i++)
                fx_frame_unplace(d, first + (uint32_t)i);
            return -ENOMEM;
        }
        if (old) {
            frame_of(old)->leaked = 1;
            fx_frame_unplace(d, old);
        }
    }
    return 0;
}

int fx_withdraw(struct fx_domain *d, uint64_t gfn)
{
    uint32_t frame = fx_p2m_get(d, gfn);

    if (!frame)
        return -EINVAL;
    fx_p2m_set(d, gfn, 0);
    fx_frame_unplace(d, frame);
    return 0;
}
