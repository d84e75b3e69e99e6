/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the context image to objects and state again. The image is hostile:
 * each length is checked, and each packet goes through the very checks that a
 * guest's does.
 */
#include "dm/engine/gfx/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const struct record_created *r;
    uint32_t id;
    bool needed;
    struct object *o;
};

struct recovery {
    struct gfx *g;
    const unsigned char *at, *end; /* the journal */
    struct saved_state state;
    struct entry *entry; /* by serial */
    uint32_t nr, room;
    bool bad; /* something did not fit */
};

/* ---- Reading the journal ----------------------------------------------------
 */

static struct entry *find(const struct recovery *v, uint64_t serial)
{
    uint32_t low = 0, high = v->nr, mid;

    while (low < high) {
        mid = low + (high - low) / 2;
        if (v->entry[mid].r->serial == serial)
            return &v->entry[mid];
        if (v->entry[mid].r->serial < serial)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static bool creates(uint32_t class_, uint32_t type)
{
    switch (type) {
#define CREATES(NAME, CLASS)                                                   \
    case XVGPU_PKT_GFX_CREATE_##NAME:                                          \
        return class_ == XVGPU_GFX_##CLASS;
        CREATES(BUFFER, BUFFER)
        CREATES(BUFFER_VIEW, BUFFER_VIEW)
        CREATES(IMAGE, IMAGE)
        CREATES(VIEW, VIEW)
        CREATES(SAMPLER, SAMPLER)
        CREATES(SHADER, SHADER)
        CREATES(SET_LAYOUT, SET_LAYOUT)
        CREATES(LAYOUT, LAYOUT)
        CREATES(SET, SET)
        CREATES(GRAPHICS, PIPELINE)
        CREATES(COMPUTE, PIPELINE)
        CREATES(QUERIES, QUERIES)
#undef CREATES
    default:
        return false;
    }
}

static const uint32_t *words_of(const struct record_created *r)
{
    return (const uint32_t *)(r->uses + r->nr_uses);
}

/* What the decoder of the ring has checked of a packet. */
static bool packet_ok(const struct record_created *r)
{
    const struct packet_type *type;
    uint32_t header;

    if (!r->nr_words || r->nr_words > XVGPU_PKT_MAX_DWORDS)
        return false;
    header = words_of(r)[0];
    type = gfx_packet_type(XVGPU_PKT_TYPE(header));
    return type && creates(r->class_, type->type) &&
           XVGPU_PKT_DWORDS(header) == r->nr_words &&
           r->nr_words >= type->min && r->nr_words <= type->max;
}

static int read_created(struct recovery *v, const struct record_created *r)
{
    struct entry *more;
    uint64_t bytes;

    if (r->r.bytes < sizeof(*r) || r->nr_uses > GFX_MAX_USES ||
        r->nr_words > XVGPU_PKT_MAX_DWORDS ||
        r->data_bytes > XVGPU_GFX_MAX_SPIRV || r->data_bytes % 4 ||
        (r->class_ == XVGPU_GFX_SHADER) != (r->data_bytes > 0))
        return -EINVAL;
    bytes = sizeof(*r) + r->nr_uses * 8ull + r->nr_words * 4ull + r->data_bytes;
    if (bytes > r->r.bytes || !packet_ok(r) ||
        (v->nr && v->entry[v->nr - 1].r->serial >= r->serial))
        return -EINVAL;
    if (v->nr == v->room) {
        v->room = v->room ? v->room * 2 : 64;
        more = realloc(v->entry, v->room * sizeof(*more));
        if (!more)
            return -ENOMEM;
        v->entry = more;
    }
    v->entry[v->nr++] = (struct entry){.r = r, .id = r->id};
    return 0;
}

static int read_unnumbered(struct recovery *v,
                           const struct record_unnumbered *r)
{
    struct entry *e = r->r.bytes >= sizeof(*r) ? find(v, r->serial) : NULL;

    if (!e)
        return -EINVAL;
    e->id = 0;
    return 0;
}

/* The next record, or NULL at the end or for one that is none. */
static const struct record *next(struct recovery *v, const unsigned char **at)
{
    const struct record *r = (const void *)*at;
    uint64_t left = (uint64_t)(v->end - *at);

    if (!left)
        return NULL;
    if (left < sizeof(*r) || r->bytes < sizeof(*r) || r->bytes % 8 ||
        r->bytes > left) {
        v->bad = true;
        return NULL;
    }
    *at += r->bytes;
    return r;
}

static int read_journal(struct recovery *v)
{
    const unsigned char *at = v->at;
    const struct record *r;
    int rc = 0;

    while (rc == 0 && (r = next(v, &at))) {
        if (r->type == RECORD_CREATED)
            rc = read_created(v, (const void *)r);
        else if (r->type == RECORD_UNNUMBERED)
            rc = read_unnumbered(v, (const void *)r);
        else if (r->type != RECORD_WRITTEN)
            rc = -EINVAL;
    }
    return v->bad ? -EINVAL : rc;
}

/* ---- What is still needed
 * ---------------------------------------------------- */

static void need(struct recovery *v, uint64_t serial)
{
    struct entry *e = serial ? find(v, serial) : NULL;

    if (e)
        e->needed = true;
}

/* Whatever has a number or is bound, and what those were made from. */
static void mark(struct recovery *v)
{
    const struct saved_state *s = &v->state;
    uint32_t i, k;

    for (i = 0; i < NR_POINTS; i++) {
        need(v, s->pipeline[i]);
        for (k = 0; k < XVGPU_GFX_MAX_SETS; k++)
            need(v, s->set[i][k]);
    }
    for (i = 0; i < XVGPU_GFX_MAX_VERTEX_BUFFERS; i++)
        need(v, s->vertex[i]);
    need(v, s->index);
    /* What an object is made from is older. */
    for (i = v->nr; i--;) {
        struct entry *e = &v->entry[i];

        if (!e->needed && !e->id)
            continue;
        e->needed = true;
        for (k = 0; k < e->r->nr_uses; k++)
            need(v, e->r->uses[k]);
    }
}

/* ---- Making it again
 * ----------------------------------------------------------- */

static int make(struct recovery *v, struct entry *e)
{
    struct object *uses[GFX_MAX_USES];
    const uint32_t *words = words_of(e->r);
    struct entry *used;
    uint32_t i;

    for (i = 0; i < e->r->nr_uses; i++) {
        used = find(v, e->r->uses[i]);
        if (!used || !used->o)
            return -EINVAL;
        uses[i] = used->o;
    }
    return gfx_create_again(v->g, e->r->class_, e->id, words, e->r->nr_words,
                            e->r->data_bytes ? words + e->r->nr_words : NULL,
                            e->r->data_bytes, uses, e->r->nr_uses, &e->o) < 0
               ? -EINVAL
               : 0;
}

/* Of the right class, or NULL. */
static void *made(const struct recovery *v, uint64_t serial, uint32_t class_)
{
    const struct entry *e = serial ? find(v, serial) : NULL;

    return e && e->o && e->o->class_ == class_ ? e->o : NULL;
}

/* What a descriptor refers to without a number is out of the guest's reach
 * and reads as null. */
static void *described(const struct recovery *v, uint64_t serial)
{
    const struct entry *e = serial ? find(v, serial) : NULL;

    return e && e->id ? e->o : NULL;
}

static int write_set(struct recovery *v, const struct record_written *r)
{
    const struct entry *e;
    uint32_t i;

    if (r->r.bytes < sizeof(*r) || r->count > XVGPU_GFX_MAX_DESCRIPTORS ||
        r->r.bytes < sizeof(*r) + r->count * sizeof(r->descriptor[0]))
        return -EINVAL;
    e = find(v, r->serial);
    if (!e || e->r->class_ != XVGPU_GFX_SET)
        return -EINVAL;
    if (!e->o)
        return 0; /* nobody needs it any more */
    for (i = 0; i < r->count; i++) {
        const struct saved_descriptor *d = &r->descriptor[i];

        if (gfx_describe(v->g, (struct set *)e->o, r->first + (uint64_t)i,
                         described(v, d->object), described(v, d->sampler),
                         d->offset, d->range) < 0)
            return -EINVAL;
    }
    return 0;
}

static int make_all(struct recovery *v)
{
    const unsigned char *at = v->at;
    const struct record *r;
    int rc = 0;
    uint32_t i;

    for (i = 0; i < v->nr && rc == 0; i++) {
        if (v->entry[i].needed)
            rc = make(v, &v->entry[i]);
    }
    while (rc == 0 && (r = next(v, &at))) {
        if (r->type == RECORD_WRITTEN)
            rc = write_set(v, (const void *)r);
    }
    return rc;
}

/* ---- State
 * ----------------------------------------------------------------------- */

static void *bound(const struct recovery *v, uint64_t serial, uint32_t class_)
{
    struct object *o = made(v, serial, class_);

    if (o)
        gfx_ref(o);
    return o;
}

static void bind_points(const struct recovery *v, struct gfx_state *s)
{
    const struct saved_state *from = &v->state;
    struct pipeline *p;
    uint32_t i, k;

    for (i = 0; i < NR_POINTS; i++) {
        p = made(v, from->pipeline[i], XVGPU_GFX_PIPELINE);
        if (p && p->compute == (i == POINT_COMPUTE)) {
            gfx_ref(&p->o);
            s->pipeline[i] = p;
        }
        for (k = 0; k < XVGPU_GFX_MAX_SETS; k++)
            s->set[i][k] = bound(v, from->set[i][k], XVGPU_GFX_SET);
    }
    memcpy(s->push, from->push, sizeof(s->push));
}

static void bind_buffers(const struct recovery *v, struct gfx_state *s)
{
    const struct saved_state *from = &v->state;
    struct buffer *b;
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_VERTEX_BUFFERS; i++) {
        b = made(v, from->vertex[i], XVGPU_GFX_BUFFER);
        if (!b || from->vertex_offset[i] >= b->size ||
            from->vertex_offset[i] % 4)
            continue;
        gfx_ref(&b->o);
        s->vertex[i].buffer = b;
        s->vertex[i].offset = from->vertex_offset[i];
    }
    b = made(v, from->index, XVGPU_GFX_BUFFER);
    if (b && from->index_type <= VK_INDEX_TYPE_UINT32 &&
        from->index_offset < b->size &&
        from->index_offset % (from->index_type ? 4 : 2) == 0) {
        gfx_ref(&b->o);
        s->index = b;
        s->index_type = from->index_type;
        s->index_offset = from->index_offset;
    }
}

static void set_dynamic(const struct recovery *v, struct gfx_state *s)
{
    const struct saved_state *from = &v->state;
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_VIEWPORTS; i++) {
        if (from->viewports_set & 1u << i &&
            gfx_viewport_ok(&from->viewport[i])) {
            s->viewport[i] = from->viewport[i];
            s->viewports_set |= 1u << i;
        }
        if (from->scissors_set & 1u << i && gfx_scissor_ok(&from->scissor[i])) {
            s->scissor[i] = from->scissor[i];
            s->scissors_set |= 1u << i;
        }
    }
    memcpy(s->blend, from->blend, sizeof(s->blend));
    s->depth_bias[0] = from->depth_bias[0];
    s->depth_bias[2] = from->depth_bias[2]; /* no clamp */
    memcpy(s->stencil_reference, from->stencil_reference,
           sizeof(s->stencil_reference));
    memcpy(s->stencil_compare, from->stencil_compare,
           sizeof(s->stencil_compare));
    memcpy(s->stencil_write, from->stencil_write, sizeof(s->stencil_write));
}

/* ---- All of it
 * ---------------------------------------------------------------------- */

/* The last commit, copied out and checked. */
static int take_head(struct recovery *v)
{
    const unsigned char *map = v->g->context->map;
    const struct head *head = (const void *)map;
    uint32_t current = __atomic_load_n(&head->current, __ATOMIC_ACQUIRE);
    uint64_t base, tail;

    if (head->magic != CONTEXT_MAGIC || head->version != CONTEXT_VERSION ||
        current > 1)
        return -EINVAL;
    base = head->slot[current].base;
    tail = head->slot[current].tail;
    if ((base != HEAD_BYTES && base != HEAD_BYTES + CONTEXT_HALF) ||
        tail > CONTEXT_HALF || tail % 8)
        return -EINVAL;
    v->at = map + base;
    v->end = v->at + tail;
    v->state = head->slot[current].state;
    return 0;
}

/* While objects are made again the journal is only read. */
static int recover(struct recovery *v)
{
    struct gfx *g = v->g;
    struct context *c = g->context;
    uint32_t i;
    int rc;

    g->context = NULL;
    rc = make_all(v);
    if (rc == 0) {
        bind_points(v, &g->state);
        bind_buffers(v, &g->state);
        set_dynamic(v, &g->state);
    }
    /* Those without a number stay while others refer to them. */
    for (i = 0; i < v->nr; i++) {
        if (v->entry[i].o && !v->entry[i].id)
            gfx_unref(g, v->entry[i].o);
    }
    if (rc < 0) {
        gfx_state_clear(g);
        gfx_objects_clear(g);
    }
    g->context = c;
    return rc;
}

int gfx_recover(struct gfx *g)
{
    struct recovery v = {.g = g};
    int rc;

    if (!g->context)
        return -ENOENT;
    rc = take_head(&v);
    if (rc == 0)
        rc = read_journal(&v);
    if (rc == 0) {
        mark(&v);
        rc = recover(&v);
    }
    free(v.entry);
    gfx_context_clear(g);
    if (rc == 0)
        rc = gfx_context_rewrite(g);
    return rc;
}
