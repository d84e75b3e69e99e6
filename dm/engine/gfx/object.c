/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects: numbers, references, and the end of what is no longer needed.
 *
 * A number is one reference, each object that was made from it another; what
 * is bound, and what a descriptor says, too. At the last one it goes to the
 * graveyard, which is in the order of chunks.
 */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define GRAVES_MAX 4096u /* that wait for their chunk */

static int make_pipeline(struct gfx *g, const uint32_t *dw, uint32_t n,
                         const uint32_t *data, struct object **out)
{
    return XVGPU_PKT_TYPE(dw[0]) == XVGPU_PKT_GFX_CREATE_COMPUTE
               ? gfx_make_compute(g, dw, n, data, out)
               : gfx_make_graphics(g, dw, n, data, out);
}

#define ROW(NAME, make, drop)                                                  \
    [XVGPU_GFX_##NAME] = {XVGPU_GFX_##NAME, XVGPU_GFX_##NAME##_MAX, make, drop}
const struct gfx_class gfx_classes[XVGPU_GFX_NR_CLASSES] = {
    [0] = {0, 0, NULL, gfx_drop_remains},
    ROW(BUFFER, gfx_make_buffer, gfx_drop_buffer),
    ROW(BUFFER_VIEW, gfx_make_buffer_view, gfx_drop_buffer_view),
    ROW(IMAGE, gfx_make_image, gfx_drop_image),
    ROW(VIEW, gfx_make_view, gfx_drop_view),
    ROW(SAMPLER, gfx_make_sampler, gfx_drop_sampler),
    ROW(SHADER, gfx_make_shader, gfx_drop_shader),
    ROW(SET_LAYOUT, gfx_make_set_layout, gfx_drop_set_layout),
    ROW(LAYOUT, gfx_make_layout, gfx_drop_layout),
    ROW(SET, gfx_make_set, gfx_drop_set),
    ROW(PIPELINE, make_pipeline, gfx_drop_pipeline),
    ROW(QUERIES, gfx_make_queries, gfx_drop_queries),
};
#undef ROW

int gfx_vk_failed(struct gfx *g, VkResult res, const char *what)
{
    log_limited(&g->e->host_log, LOG_WARNING, "gfx: %s: Vulkan error %d", what,
                res);
    return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
}

/* ---- Numbers ------------------------------------------------------------- */

/* Where a number's object stands, or NULL: no such number, or no memory. */
static struct object **slot(struct gfx *g, uint32_t class_, uint32_t id)
{
    const struct gfx_class *c = &gfx_classes[class_];

    if (!id || id > c->max)
        return NULL;
    if (!g->table[class_]) {
        g->table[class_] = calloc(c->max + 1, sizeof(*g->table[class_]));
        if (!g->table[class_])
            return NULL;
    }
    return &g->table[class_][id];
}

static struct object *numbered(struct gfx *g, uint32_t class_, uint32_t id)
{
    struct object **at = slot(g, class_, id);

    if (at && *at)
        return *at;
    gfx_fault(g, XVGPU_FAULT_OBJECT, 0);
    return NULL;
}

bool gfx_alive(const struct object *o)
{
    if (!o->id)
        return false;
    switch (o->class_) {
    case XVGPU_GFX_BUFFER_VIEW:
        return ((const struct buffer_view *)o)->buffer->o.id;
    case XVGPU_GFX_VIEW:
        return ((const struct view *)o)->image->o.id;
    default:
        return true;
    }
}

struct object *gfx_find(struct gfx *g, uint32_t class_, uint32_t id)
{
    struct object *o = numbered(g, class_, id);

    if (!o || gfx_alive(o))
        return o;
    gfx_fault(g, XVGPU_FAULT_OBJECT, 0);
    return NULL;
}

struct object *gfx_use(struct gfx *g, uint32_t class_, uint32_t id)
{
    uint32_t k = g->nr_making;
    struct object *o;

    if (k == GFX_MAX_USES) {
        gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
        return NULL;
    }
    if (!g->again) {
        o = gfx_find(g, class_, id);
    } else if (k < g->nr_again && g->again[k]->class_ == class_) {
        o = g->again[k];
    } else {
        gfx_fault(g, XVGPU_FAULT_OBJECT, 0);
        o = NULL;
    }
    if (o)
        g->making[g->nr_making++] = o;
    return o;
}

/* ---- References ---------------------------------------------------------- */

void gfx_ref(struct object *o)
{
    o->refs++;
}

void gfx_leave(struct gfx *g, struct object *o)
{
    o->last_chunk = g->open ? g->chunk_number : g->chunk_number - 1;
    DL_APPEND(g->graveyard, o);
    g->graves++;
}

void gfx_unref(struct gfx *g, struct object *o)
{
    if (!o || --o->refs)
        return;
    DL_DELETE(g->objects, o);
    gfx_leave(g, o);
}

static void bury_first(struct gfx *g)
{
    struct object *o = g->graveyard;
    uint32_t i;

    DL_DELETE(g->graveyard, o);
    g->graves--;
    gfx_classes[o->class_].free(g, o);
    for (i = 0; i < o->nr_uses; i++)
        gfx_unref(g, o->uses[i]);
    free(o->uses);
    free(o->data);
    free(o->words);
    free(o);
}

void gfx_bury(struct gfx *g)
{
    while (g->graveyard && g->graveyard->last_chunk <= g->done_number)
        bury_first(g);
}

void gfx_objects_clear(struct gfx *g)
{
    struct object *o;
    uint32_t class_, id;

    for (class_ = 1; class_ < XVGPU_GFX_NR_CLASSES; class_++) {
        for (id = 1; g->table[class_] && id <= gfx_classes[class_].max; id++) {
            o = g->table[class_][id];
            if (!o)
                continue;
            o->id = 0;
            gfx_unref(g, o);
        }
        free(g->table[class_]);
        g->table[class_] = NULL;
    }
    while (g->graveyard)
        bury_first(g);
    g->destroyed++;
    vkDestroySampler(g->vk.device, g->no_sampler, NULL);
    g->no_sampler = VK_NULL_HANDLE;
    vkDestroyDescriptorSetLayout(g->vk.device, g->no_set, NULL);
    g->no_set = VK_NULL_HANDLE;
}

/* ---- Creation ------------------------------------------------------------ */

/* What is noted of an object, before it is made: from then on nothing may
 * fail. */
struct note {
    uint32_t *words, *data;
    struct object **uses;
};

static void *duplicate(const void *p, size_t bytes)
{
    void *copy = malloc(bytes ? bytes : 1);

    if (copy && bytes)
        memcpy(copy, p, bytes);
    return copy;
}

static void note_free(struct note *note)
{
    free(note->words);
    free(note->data);
    free(note->uses);
}

static int note_new(struct gfx *g, struct note *note, const uint32_t *dw,
                    uint32_t n, const uint32_t *data, uint32_t data_bytes)
{
    note->words = duplicate(dw, n * sizeof(*dw));
    note->data = data ? duplicate(data, data_bytes) : NULL;
    note->uses = malloc(GFX_MAX_USES * sizeof(*note->uses));
    if (note->words && note->uses && (note->data || !data))
        return 0;
    note_free(note);
    return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
}

static void enter(struct gfx *g, struct object *o, struct note *note)
{
    struct object **uses;
    uint32_t i;

    o->words = note->words;
    o->data = note->data;
    memcpy(note->uses, g->making, g->nr_making * sizeof(*note->uses));
    o->nr_uses = g->nr_making;
    uses = realloc(note->uses, (o->nr_uses + 1) * sizeof(*uses));
    o->uses = uses ? uses : note->uses;
    for (i = 0; i < o->nr_uses; i++)
        gfx_ref(o->uses[i]);
    o->serial = ++g->serial;
    o->refs = 1;
    DL_APPEND(g->objects, o);
}

static int create(struct gfx *g, uint32_t class_, const uint32_t *dw,
                  uint32_t n, const uint32_t *data, uint32_t data_bytes,
                  struct object **out)
{
    struct note note;
    int rc;

    *out = NULL;
    if (note_new(g, &note, dw, n, data, data_bytes) < 0)
        return -1;
    g->nr_making = 0;
    rc = gfx_classes[class_].create(g, dw, n, data, out);
    if (rc < 0) {
        note_free(&note);
        return rc;
    }
    (*out)->class_ = class_;
    (*out)->nr_words = n;
    (*out)->data_bytes = data_bytes;
    enter(g, *out, &note);
    return 0;
}

int gfx_create(struct gfx *g, uint32_t class_, const uint32_t *dw, uint32_t n,
               const uint32_t *data, uint32_t data_bytes)
{
    struct object **at = slot(g, class_, dw[1]), *o;

    if (!at || *at)
        return gfx_fault(g, XVGPU_FAULT_OBJECT, 0);
    /* A ring that is never empty makes and destroys for ever. */
    gfx_bury(g);
    if (g->graves >= GRAVES_MAX && gfx_drain(g) < 0)
        return -1;
    if (create(g, class_, dw, n, data, data_bytes, &o) < 0)
        return -1;
    o->id = dw[1];
    *at = o;
    if (gfx_context_created(g, o) == 0)
        return 0;
    *at = NULL;
    o->id = 0;
    gfx_unref(g, o);
    return -1;
}

int gfx_create_again(struct gfx *g, uint32_t class_, uint32_t id,
                     const uint32_t *dw, uint32_t n, const uint32_t *data,
                     uint32_t data_bytes, struct object **uses,
                     uint32_t nr_uses, struct object **out)
{
    struct object **at = id ? slot(g, class_, id) : NULL;
    int rc;

    if (n < 2 || (id && (!at || *at)))
        return gfx_fault(g, XVGPU_FAULT_OBJECT, 0);
    g->again = uses;
    g->nr_again = nr_uses;
    rc = create(g, class_, dw, n, data, data_bytes, out);
    g->again = NULL;
    if (rc < 0)
        return rc;
    (*out)->id = id;
    if (at)
        *at = *out;
    return 0;
}

int gfx_destroy(struct gfx *g, uint32_t class_, uint32_t id)
{
    struct object *o = numbered(g, class_, id);

    if (!o)
        return -1;
    o->id = 0;
    if (gfx_context_unnumbered(g, o) < 0) {
        o->id = id;
        return -1;
    }
    g->table[class_][id] = NULL;
    g->destroyed++;
    gfx_unref(g, o);
    gfx_bury(g);
    return 0;
}

int gfx_alloc(struct gfx *g, const VkMemoryRequirements *req, bool host_visible,
              VkDeviceMemory *memory, void **map)
{
    int rc = vk_alloc(g, req, host_visible, memory, map);

    /* What was destroyed may still be waiting for its chunk. */
    if (rc < 0 && g->graveyard) {
        if (gfx_drain(g) < 0)
            return -1;
        rc = vk_alloc(g, req, host_visible, memory, map);
    }
    return rc < 0 ? gfx_fault(g, XVGPU_FAULT_LIMIT, 0) : 0;
}

/* ---- Packets ------------------------------------------------------------- */

/* What has shaders read takes long. */
#define COMPILES true
#define QUICK false
#define CREATE(NAME, name, compiles)                                           \
    enum step gfx_pkt_create_##name(struct engine *e, const uint32_t *dw,      \
                                    uint32_t n)                                \
    {                                                                          \
        if ((compiles) && !engine_compile(e))                                  \
            return STEP_PREEMPTED;                                             \
        return gfx_step(                                                       \
            gfx_create(gfx_of(e), XVGPU_GFX_##NAME, dw, n, NULL, 0));          \
    }
CREATE(BUFFER, buffer, QUICK)
CREATE(BUFFER_VIEW, buffer_view, QUICK)
CREATE(IMAGE, image, QUICK)
CREATE(VIEW, view, QUICK)
CREATE(SAMPLER, sampler, QUICK)
CREATE(SET_LAYOUT, set_layout, QUICK)
CREATE(LAYOUT, layout, QUICK)
CREATE(SET, set, QUICK)
CREATE(PIPELINE, graphics, COMPILES)
CREATE(PIPELINE, compute, COMPILES)
CREATE(QUERIES, queries, QUICK)

enum step gfx_pkt_destroy(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_destroy *p = (const void *)dw;

    (void)n;
    if (!p->class_ || p->class_ >= XVGPU_GFX_NR_CLASSES)
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    return gfx_step(gfx_destroy(gfx_of(e), p->class_, p->id));
}

enum step gfx_pkt_create_shader(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    const struct xvgpu_gfx_create_shader *p = (const void *)dw;
    struct gfx *g = gfx_of(e);
    uint32_t *words;
    uint64_t bad;
    int rc;

    if (!p->bytes || p->bytes % 4 || p->bytes > XVGPU_GFX_MAX_SPIRV)
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    if (p->address % 4)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, p->address);
    if (!engine_compile(e))
        return STEP_PREEMPTED;
    words = malloc(p->bytes);
    if (!words)
        return engine_fault(e, XVGPU_FAULT_LIMIT, 0);
    rc = guestmap_read(e->map, p->address, words, p->bytes, &bad);
    rc = rc < 0 ? mem_failed(e, rc, bad)
                : gfx_create(g, XVGPU_GFX_SHADER, dw, n, words, p->bytes);
    free(words);
    return gfx_step(rc);
}
