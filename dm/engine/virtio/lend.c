/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory lent to the renderer: the backing of 3D resources, mapped for as
 * long as they have one.
 *
 * That may be gigabytes. So it is mapped in pieces, with a boundary behind
 * each, and unmapped a few pieces at a time, also where nobody has asked for it
 * in this process' turn: at an invalidation all is taken from the renderer at
 * once, and unmapped by and by.
 */
#include <stdlib.h>
#include <string.h>

#include "dm/engine/virtio/virgl.h"

#define PAGE 4096u
#define PIECE_PAGES 1024u

/* Unmapped at a time: so many pages, or pieces, which cost like these. */
#define DROP_PAGES 4096u
#define DROP_PIECE 16u

/* Mappings of one resource, each of PIECE_PAGES, but the last one. */
struct loan {
    struct loan *next; /* of those to be unmapped */
    size_t pages;      /* when all is there */
    uint32_t nr;       /* pieces that are */
    struct {
        unsigned char *va;
        size_t pages;
    } piece[];
};

/* ---- Walks over a backing list ------------------------------------------- */

struct walk {
    size_t page; /* of the entry at hand: the first one's number */
    size_t first, end;
    uint64_t *gfns; /* of pages first to end - 1 */
    const struct loan *loan;
    struct iovec *iov;
    uint32_t nr;
};

static size_t pages_of(const struct saved_entry *entry)
{
    return (entry->addr % PAGE + entry->len + PAGE - 1) / PAGE;
}

static int count_entry(const struct saved_entry *entry, void *user)
{
    struct walk *w = user;

    w->page += pages_of(entry);
    w->nr++;
    return 0;
}

static int list_entry(const struct saved_entry *entry, void *user)
{
    struct walk *w = user;
    size_t end = w->page + pages_of(entry);
    size_t p = w->page > w->first ? w->page : w->first;

    for (; p < end && p < w->end; p++)
        w->gfns[p - w->first] = entry->addr / PAGE + (p - w->page);
    w->page = end;
    return end >= w->end;
}

static void place_bytes(struct walk *w, unsigned char *at, size_t len)
{
    struct iovec *last = w->nr ? &w->iov[w->nr - 1] : NULL;

    if (last && (unsigned char *)last->iov_base + last->iov_len == at)
        last->iov_len += len;
    else
        w->iov[w->nr++] = (struct iovec){at, len};
}

/* Pieces need not lie one behind the other. */
static int place_entry(const struct saved_entry *entry, void *user)
{
    struct walk *w = user;
    size_t at = entry->addr % PAGE, left = entry->len, page, part;

    while (left) {
        page = w->page + at / PAGE;
        part = (PIECE_PAGES - page % PIECE_PAGES) * PAGE - at % PAGE;
        if (part > left)
            part = left;
        place_bytes(w,
                    w->loan->piece[page / PIECE_PAGES].va +
                        page % PIECE_PAGES * PAGE + at % PAGE,
                    part);
        at += part;
        left -= part;
    }
    w->page += pages_of(entry);
    return 0;
}

/* ---- Mappings -------------------------------------------------------------
 */

static uint32_t pieces_of(size_t pages)
{
    return (uint32_t)((pages + PIECE_PAGES - 1) / PIECE_PAGES);
}

static uint32_t begin_loan(struct vgpu *g, struct resource *r)
{
    struct virgl *v = g->virgl;
    struct walk w = {.page = 0};
    struct loan *loan;

    resource_each(g, r, count_entry, &w);
    if (v->mapped > g->mapped_max || w.page * PAGE > g->mapped_max - v->mapped)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    loan =
        calloc(1, sizeof(*loan) + pieces_of(w.page) * sizeof(loan->piece[0]));
    if (!loan)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    loan->pages = w.page;
    v->mapped += w.page * PAGE;
    r->loan = loan;
    return 0;
}

static uint32_t map_piece(struct vgpu *g, struct resource *r)
{
    struct loan *loan = r->loan;
    uint64_t gfns[PIECE_PAGES], bad;
    struct walk w = {.first = (size_t)loan->nr * PIECE_PAGES, .gfns = gfns};
    size_t pages = loan->pages - w.first;
    void *va;

    if (pages > PIECE_PAGES)
        pages = PIECE_PAGES;
    w.end = w.first + pages;
    resource_each(g, r, list_entry, &w);
    if (guestmap_map_pages(g->e->map, gfns, pages, &va, &bad) < 0)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    loan->piece[loan->nr].va = va;
    loan->piece[loan->nr++].pages = pages;
    return 0;
}

/* Some of what waits to be unmapped: whether there is more. */
static bool drop_some(struct vgpu *g)
{
    struct virgl *v = g->virgl;
    size_t done = 0;
    struct loan *loan;

    while ((loan = v->dropped) && done < DROP_PAGES) {
        if (loan->nr) {
            loan->nr--;
            guestmap_drop_range(g->e->map, loan->piece[loan->nr].va,
                                loan->piece[loan->nr].pages);
            done += loan->piece[loan->nr].pages + DROP_PIECE;
        }
        if (loan->nr)
            continue;
        v->mapped -= loan->pages * PAGE;
        v->dropped = loan->next;
        free(loan);
    }
    return v->dropped;
}

/* ---- The renderer's view --------------------------------------------------
 */

/*
 * The renderer has its own copy of what a query's results are in, and gives it
 * to the guest with the memory: at first that is right. When the same memory is
 * lent again, the guest has written to it meanwhile. So let it have the guest's
 * as its copy first.
 */
static void keep_results(struct resource *r)
{
    size_t len = 0, part;
    struct iovec all, *iov;
    uint32_t i;
    int n;

    if (r->s->bind != VIRGL_RES_BIND_CUSTOM)
        return;
    all = (struct iovec){malloc(r->s->width), r->s->width};
    if (!all.iov_base)
        return;
    if (virgl_renderer_resource_attach_iov((int)r->id, &all, 1))
        goto out;
    for (i = 0; i < r->nr_iov && len < all.iov_len; i++) {
        part = r->iov[i].iov_len;
        if (part > all.iov_len - len)
            part = all.iov_len - len;
        memcpy((unsigned char *)all.iov_base + len, r->iov[i].iov_base, part);
        len += part;
    }
    virgl_renderer_resource_detach_iov((int)r->id, &iov, &n);
out:
    free(all.iov_base);
}

/* All of its memory is mapped. */
static uint32_t give(struct vgpu *g, struct resource *r, bool again)
{
    struct walk w = {.page = 0};
    uint32_t error = VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;

    resource_each(g, r, count_entry, &w);
    w.iov = calloc(w.nr + pieces_of(r->loan->pages), sizeof(*w.iov));
    if (!w.iov)
        return error;
    w.page = w.nr = 0;
    w.loan = r->loan;
    resource_each(g, r, place_entry, &w);
    r->iov = w.iov;
    r->nr_iov = w.nr;
    if (again)
        keep_results(r);
    if (virgl_attach(r)) {
        free(r->iov);
        r->iov = NULL;
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    }
    return 0;
}

/* One piece more; to the renderer when that was the last one. */
static uint32_t lend_piece(struct vgpu *g, struct resource *r, bool again)
{
    uint32_t error = r->loan ? 0 : begin_loan(g, r);

    if (!error)
        error = map_piece(g, r);
    if (!error && r->loan->nr == pieces_of(r->loan->pages))
        error = give(g, r, again);
    if (error)
        virgl_take_back(g, r);
    return error;
}

/* Before a loan begins: what is to go counts still. False at a boundary where
 * the engine is given back. */
static bool make_way(struct vgpu *g, const struct resource *r)
{
    while (!r->loan && drop_some(g)) {
        if (engine_boundary(g->e))
            return false;
    }
    return true;
}

bool virgl_lend(struct vgpu *g, struct resource *r, uint32_t *error)
{
    *error = 0;
    while (r->s->is_3d && !r->iov) {
        if (!make_way(g, r))
            return false;
        *error = lend_piece(g, r, false);
        if (*error || r->iov)
            break;
        /* It may have been taken back meanwhile: begin anew. */
        if (engine_boundary(g->e))
            return false;
    }
    return true;
}

uint32_t virgl_lend_again(struct vgpu *g, struct resource *r)
{
    uint32_t error = 0;

    while (r->s->is_3d && !r->iov && !error)
        error = lend_piece(g, r, true);
    return error;
}

void virgl_take_back(struct vgpu *g, struct resource *r)
{
    struct iovec *iov;
    int n;

    if (!r->loan)
        return;
    if (r->iov)
        virgl_renderer_resource_detach_iov((int)r->id, &iov, &n);
    free(r->iov);
    r->iov = NULL;
    r->loan->next = g->virgl->dropped;
    g->virgl->dropped = r->loan;
    r->loan = NULL;
    g->e->untidy = true;
}

bool virgl_tidy(struct vgpu *g)
{
    return g->virgl && drop_some(g);
}

void virgl_unmap(struct vgpu *g)
{
    struct resource *r, *next;

    if (!g->virgl)
        return;
    HASH_ITER (hh, g->resources, r, next) {
        virgl_take_back(g, r);
        r->gone = false;
    }
    g->virgl->unmapped = true;
    drop_some(g);
}

bool virgl_ready(struct vgpu *g)
{
    struct virgl *v = g->virgl;
    struct resource *r, *next;

    while (v->unmapped) {
        v->unmapped = false;
        /* What is not there any more stays without: the guest has taken it. If
         * all is taken back meanwhile: once more from the beginning. */
        HASH_ITER (hh, g->resources, r, next) {
            while (r->s->is_3d && r->s->first && !r->iov && !r->gone &&
                   !v->unmapped) {
                if (make_way(g, r)) {
                    r->gone = lend_piece(g, r, true);
                    if (!engine_boundary(g->e))
                        continue;
                }
                v->unmapped = true;
                return false;
            }
        }
    }
    return true;
}
