/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The context image of gfx: what outlives this process.
 *
 * A memfd, which the monitor made and keeps, holds a journal of all that makes
 * objects what they are, and at each boundary what is bound. Another process
 * makes the same objects of it and goes on. What the local heap holds, and
 * the values of queries, is lost; so a rendering and the active queries end.
 *
 *   struct head, padded to HEAD_BYTES; two halves for the journal
 *
 * Records are appended as things happen, but count only once a commit says so:
 * it fills the head's other slot, then names it. When a half is full the
 * journal begins anew in the other one, with what there is now.
 *
 * Who reads it takes it for hostile: the process that wrote it has read the
 * guest's packets. Native byte order: x86 hosts only.
 */
#include "dm/engine/gfx/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct context *context_of(struct gfx *g)
{
    return g->context;
}

/* ---- Writing ---------------------------------------------------------------
 */

/* Room for a record of `bytes` in the half in use, or NULL. */
static void *append(struct context *c, uint32_t type, uint64_t bytes)
{
    struct record *r;

    bytes = (bytes + 7) & ~7ull;
    if (bytes > CONTEXT_HALF - c->tail)
        return NULL;
    r = (struct record *)(c->map + c->base + c->tail);
    r->type = type;
    r->bytes = (uint32_t)bytes;
    c->tail += bytes;
    return r;
}

static uint64_t created_bytes(const struct object *o)
{
    return sizeof(struct record_created) + o->nr_uses * sizeof(uint64_t) +
           o->nr_words * 4ull + o->data_bytes;
}

static int note_created(struct context *c, const struct object *o)
{
    struct record_created *r = append(c, RECORD_CREATED, created_bytes(o));
    unsigned char *p;
    uint32_t i;

    if (!r)
        return -ENOSPC;
    r->serial = o->serial;
    r->class_ = o->class_;
    r->id = o->id;
    r->nr_words = o->nr_words;
    r->data_bytes = o->data_bytes;
    r->nr_uses = o->nr_uses;
    r->pad = 0;
    for (i = 0; i < o->nr_uses; i++)
        r->uses[i] = o->uses[i]->serial;
    p = (unsigned char *)(r->uses + o->nr_uses);
    memcpy(p, o->words, o->nr_words * 4ull);
    if (o->data_bytes)
        memcpy(p + o->nr_words * 4ull, o->data, o->data_bytes);
    return 0;
}

static int note_written(struct context *c, const struct set *set,
                        uint32_t first, uint32_t count)
{
    struct record_written *r =
        append(c, RECORD_WRITTEN,
               sizeof(*r) + count * (uint64_t)sizeof(struct saved_descriptor));
    uint32_t i;

    if (!r)
        return -ENOSPC;
    r->serial = set->o.serial;
    r->first = first;
    r->count = count;
    for (i = 0; i < count; i++) {
        const struct descriptor *d = &set->descriptor[first + i];

        r->descriptor[i] = (struct saved_descriptor){
            .object = d->object ? d->object->serial : 0,
            .sampler = d->sampler ? d->sampler->o.serial : 0,
            .offset = d->offset,
            .range = d->range,
        };
    }
    return 0;
}

static int note_unnumbered(struct context *c, const struct object *o)
{
    struct record_unnumbered *r =
        append(c, RECORD_UNNUMBERED, sizeof(struct record_unnumbered));

    if (!r)
        return -ENOSPC;
    r->serial = o->serial;
    return 0;
}

/* Begin anew in the half that the last commit does not name. */
static int compact(struct gfx *g, struct context *c)
{
    const struct object *o;
    int rc = 0;

    if (c->moved)
        return -ENOSPC;
    c->moved = true;
    c->base = c->base == HEAD_BYTES ? HEAD_BYTES + CONTEXT_HALF : HEAD_BYTES;
    c->tail = 0;
    for (o = g->objects; o && rc == 0; o = o->next) {
        rc = note_created(c, o);
        if (rc == 0 && o->class_ == XVGPU_GFX_SET)
            rc = note_written(c, (const struct set *)o, 0,
                              ((const struct set *)o)->layout->nr_descriptors);
    }
    return rc;
}

/* `note` failed for lack of room: once more in the other half, which has all
 * that it would have noted, since it has what there is. */
static int noted(struct gfx *g, int rc)
{
    struct context *c = context_of(g);

    if (rc == -ENOSPC)
        rc = compact(g, c);
    if (rc == 0)
        return 0;
    log_limited(&g->e->host_log, LOG_WARNING,
                "gfx: the context image has no room for this vGPU's objects");
    engine_fault(g->e, XVGPU_FAULT_LIMIT, 0);
    return -1;
}

int gfx_context_created(struct gfx *g, const struct object *o)
{
    return g->context ? noted(g, note_created(g->context, o)) : 0;
}

int gfx_context_unnumbered(struct gfx *g, const struct object *o)
{
    return g->context ? noted(g, note_unnumbered(g->context, o)) : 0;
}

int gfx_context_written(struct gfx *g, const struct set *set, uint32_t first,
                        uint32_t count)
{
    return g->context ? noted(g, note_written(g->context, set, first, count))
                      : 0;
}

/* ---- What is bound ----------------------------------------------------------
 */

#define SERIAL(p) ((p) ? (p)->o.serial : 0)

static void save_state(const struct gfx *g, struct saved_state *to)
{
    const struct gfx_state *s = &g->state;
    uint32_t i, k;

    memset(to, 0, sizeof(*to));
    for (i = 0; i < NR_POINTS; i++) {
        to->pipeline[i] = SERIAL(s->pipeline[i]);
        for (k = 0; k < XVGPU_GFX_MAX_SETS; k++)
            to->set[i][k] = SERIAL(s->set[i][k]);
    }
    memcpy(to->push, s->push, sizeof(to->push));
    for (i = 0; i < XVGPU_GFX_MAX_VERTEX_BUFFERS; i++) {
        to->vertex[i] = SERIAL(s->vertex[i].buffer);
        to->vertex_offset[i] = s->vertex[i].offset;
    }
    to->index = SERIAL(s->index);
    to->index_type = s->index_type;
    to->index_offset = s->index_offset;
    memcpy(to->viewport, s->viewport, sizeof(to->viewport));
    memcpy(to->scissor, s->scissor, sizeof(to->scissor));
    to->viewports_set = s->viewports_set;
    to->scissors_set = s->scissors_set;
    memcpy(to->blend, s->blend, sizeof(to->blend));
    for (i = 0; i < 2; i++) {
        to->stencil_reference[i] = s->stencil_reference[i];
        to->stencil_compare[i] = s->stencil_compare[i];
        to->stencil_write[i] = s->stencil_write[i];
    }
    memcpy(to->depth_bias, s->depth_bias, sizeof(to->depth_bias));
}

void gfx_context_commit(struct gfx *g)
{
    struct context *c = context_of(g);
    struct head *head;
    struct slot *slot;
    uint32_t next;

    if (!c || !c->ours)
        return;
    head = (struct head *)c->map;
    next = !c->slot;
    slot = &head->slot[next];
    slot->base = c->base;
    slot->tail = c->tail;
    save_state(g, &slot->state);
    c->slot = next;
    c->moved = false;
    __atomic_store_n(&head->current, next, __ATOMIC_RELEASE);
}

int gfx_context_rewrite(struct gfx *g)
{
    struct context *c = context_of(g);
    int rc;

    c->moved = false;
    rc = compact(g, c);
    if (rc == 0)
        gfx_context_commit(g);
    return rc;
}

/* ---- Life
 * -------------------------------------------------------------------- */

void gfx_context_clear(struct gfx *g)
{
    struct context *c = context_of(g);
    struct head *head;

    if (!c)
        return;
    head = (struct head *)c->map;
    head->magic = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    c->base = HEAD_BYTES;
    c->tail = 0;
    c->moved = false;
    c->ours = true;
    /* What it held is not needed, and its memory neither. */
    madvise(c->map + HEAD_BYTES, CONTEXT_BYTES - HEAD_BYTES, MADV_REMOVE);
    gfx_context_commit(g);
    head->version = CONTEXT_VERSION;
    __atomic_store_n(&head->magic, CONTEXT_MAGIC, __ATOMIC_RELEASE);
}

int gfx_context_open(struct gfx *g, int fd)
{
    struct context *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    if (ftruncate(fd, CONTEXT_BYTES) == 0)
        c->map = mmap(NULL, CONTEXT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                      fd, 0);
    if (!c->map || c->map == MAP_FAILED) {
        free(c);
        return errno ? -errno : -EIO;
    }
    c->base = HEAD_BYTES;
    g->context = c;
    return 0;
}

void gfx_context_close(struct gfx *g)
{
    if (!g->context)
        return;
    munmap(g->context->map, CONTEXT_BYTES);
    free(g->context);
    g->context = NULL;
}
