/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draws and dispatches, cut where they are longer than a chunk: between
 * instances, between primitives of lists, between workgroups. A shader that
 * could tell is not cut (struct pipeline, `splits`).
 *
 * Indirect ones are read when all that may write to where they are is done,
 * checked, and drawn as direct ones: the GPU never reads a count that the guest
 * could still change.
 */
#include "dm/engine/gfx/gfx.h"

#include <string.h>

/* Vertices and invocations that count as much as a draw itself. */
#define VERTICES_A_UNIT 64.0
#define INVOCATIONS_A_UNIT 64.0

static enum step fault(struct engine *e, uint32_t code)
{
    return engine_fault(e, code, 0);
}

/* Parts are no smaller, whatever they seem to cost. */
#define VERTICES_MIN 384u
#define INVOCATIONS_MIN 1024.0

/* After gfx_charge(): whether to stop between two parts of one packet. */
static bool stop_here(struct gfx *g)
{
    return !g->open && engine_boundary(g->e);
}

/* A part was not recorded: it is at fault, or has to wait for a grant. */
static enum step not_recorded(const struct gfx *g)
{
    return g->e->cold ? STEP_PREEMPTED : STEP_FAULT;
}

/* ---- Draws ----------------------------------------------------------------
 */

struct draw {
    bool indexed;
    uint32_t count, instances, first;
    int32_t vertex_offset;
    uint32_t first_instance;
};

/* Vertices that make up a primitive where each has its own; 0: they don't. */
static uint32_t primitive_size(const struct pipeline *p)
{
    if (!p->splits || (p->flags & XVGPU_GFX_PIPELINE_PRIMITIVE_RESTART))
        return 0;
    switch (p->topology) {
    case VK_PRIMITIVE_TOPOLOGY_POINT_LIST:
        return 1;
    case VK_PRIMITIVE_TOPOLOGY_LINE_LIST:
        return 2;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST:
        return 3;
    case VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY:
        return 4;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY:
        return 6;
    case VK_PRIMITIVE_TOPOLOGY_PATCH_LIST:
        return p->patch_points;
    default:
        return 0;
    }
}

static int check_draw(struct gfx *g, const struct draw *d)
{
    const struct gfx_state *s = &g->state;
    uint64_t size;

    if (d->first_instance > UINT32_MAX - d->instances ||
        (!d->indexed && d->first > UINT32_MAX - d->count)) {
        engine_fault(g->e, XVGPU_FAULT_PACKET_FIELD, 0);
        return -1;
    }
    if (!d->indexed || !s->index) /* gfx_apply_draw() says so */
        return 0;
    size = (s->index->size - s->index_offset) / (s->index_type ? 4 : 2);
    if (d->first > size || d->count > size - d->first) {
        engine_fault(g->e, XVGPU_FAULT_PACKET_FIELD, 0);
        return -1;
    }
    return 0;
}

static void record(VkCommandBuffer cmd, const struct draw *d, uint32_t first,
                   uint32_t count, uint32_t instance, uint32_t instances)
{
    if (d->indexed)
        vkCmdDrawIndexed(cmd, count, instances, d->first + first,
                         d->vertex_offset, d->first_instance + instance);
    else
        vkCmdDraw(cmd, count, instances, d->first + first,
                  d->first_instance + instance);
}

/* The next part of a draw, as large as the chunk has room for. */
static int draw_part(struct gfx *g, const struct draw *d)
{
    struct pipeline *p = g->state.pipeline[POINT_GRAPHICS];
    struct gfx_position *at = &g->at;
    VkCommandBuffer cmd = gfx_apply_draw(g, d->indexed);
    uint32_t size, n, left = d->instances - at->instance;
    double room, each = d->count / VERTICES_A_UNIT;

    if (!cmd)
        return -1;
    room = gfx_room(g, p);
    size = primitive_size(p);
    if (!size)
        at->first = 0;
    if (at->first || (each > room && size && d->count >= 2 * size)) {
        left = d->count - at->first;
        n = room * VERTICES_A_UNIT < left ? (uint32_t)(room * VERTICES_A_UNIT)
                                          : left;
        if (n < VERTICES_MIN)
            n = left < VERTICES_MIN ? left : VERTICES_MIN;
        if (n < left)
            n -= n % size;
        n = n ? n : size;
        record(cmd, d, at->first, n, at->instance, 1);
        at->first += n;
        /* What is left over at the end makes no primitive. */
        if (d->count - at->first < size) {
            at->first = 0;
            at->instance++;
        }
        return gfx_charge(g, p, 1 + n / VERTICES_A_UNIT);
    }
    n = each > 0 && room / each < left ? (uint32_t)(room / each) : left;
    n = n ? n : 1;
    record(cmd, d, 0, d->count, at->instance, n);
    at->instance += n;
    return gfx_charge(g, p, 1 + n * each);
}

static enum step run_draw(struct gfx *g, const struct draw *d)
{
    if (check_draw(g, d) < 0)
        return STEP_FAULT;
    /* Whoever draws nothing is told what is missing all the same. */
    if (!d->count || !d->instances)
        return gfx_apply_draw(g, d->indexed) ? STEP_DONE : not_recorded(g);
    /* A restored position is only as good as the image. */
    if (g->at.first >= d->count)
        g->at.first = 0;
    while (g->at.instance < d->instances) {
        if (draw_part(g, d) < 0)
            return not_recorded(g);
        if (g->at.instance < d->instances && stop_here(g))
            return STEP_PREEMPTED;
    }
    g->at.instance = g->at.first = 0;
    return STEP_DONE;
}

enum step gfx_pkt_draw(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_draw *pkt = (const void *)dw;
    const struct draw d = {
        .count = pkt->vertices,
        .instances = pkt->instances,
        .first = pkt->first_vertex,
        .first_instance = pkt->first_instance,
    };

    (void)n;
    return run_draw(gfx_of(e), &d);
}

enum step gfx_pkt_draw_indexed(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_draw_indexed *pkt = (const void *)dw;
    const struct draw d = {
        .indexed = true,
        .count = pkt->indices,
        .instances = pkt->instances,
        .first = pkt->first_index,
        .vertex_offset = pkt->vertex_offset,
        .first_instance = pkt->first_instance,
    };

    (void)n;
    return run_draw(gfx_of(e), &d);
}

/* ---- Indirect draws --------------------------------------------------------
 */

#define DRAW_BYTES (sizeof(struct xvgpu_gfx_draw) - 4)
#define DRAW_INDEXED_BYTES (sizeof(struct xvgpu_gfx_draw_indexed) - 4)
#define DISPATCH_BYTES (sizeof(struct xvgpu_gfx_dispatch) - 4)

/* All that was recorded and may write to it is done. */
static int settle(struct gfx *g, const struct buffer *b)
{
    return gfx_buffer_settled(g, b) ? 0 : gfx_drain(g);
}

/* Copy out of a buffer that has settled. */
static int read_buffer(struct gfx *g, struct buffer *b, uint64_t offset,
                       void *to, size_t bytes)
{
    if (gfx_buffer_range(g, b, offset, bytes) < 0 || gfx_buffer_ready(g, b) < 0)
        return -1;
    memcpy(to, (const char *)b->map + offset, bytes);
    return 0;
}

static int read_draw(struct gfx *g, struct buffer *b, uint64_t offset,
                     bool indexed, struct draw *d)
{
    uint32_t w[5];

    if (read_buffer(g, b, offset, w,
                    indexed ? DRAW_INDEXED_BYTES : DRAW_BYTES) < 0)
        return -1;
    *d = (struct draw){
        .indexed = indexed,
        .count = w[0],
        .instances = w[1],
        .first = w[2],
        .vertex_offset = indexed ? (int32_t)w[3] : 0,
        .first_instance = indexed ? w[4] : w[3],
    };
    return 0;
}

/* How many draws there are. */
static int draw_count(struct gfx *g, const struct xvgpu_gfx_draw_indirect *pkt,
                      uint32_t *draws)
{
    struct buffer *b;
    uint32_t n;

    *draws = pkt->draws;
    if (!pkt->count_buffer)
        return 0;
    b = (struct buffer *)gfx_find(g, XVGPU_GFX_BUFFER, pkt->count_buffer);
    if (!b || settle(g, b) < 0 ||
        read_buffer(g, b, pkt->count_offset, &n, sizeof(n)) < 0)
        return -1;
    if (n < *draws)
        *draws = n;
    return 0;
}

enum step gfx_pkt_draw_indirect(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    const struct xvgpu_gfx_draw_indirect *pkt = (const void *)dw;
    uint32_t size, draws;
    struct gfx *g = gfx_of(e);
    struct buffer *b;
    struct draw d;
    enum step step;

    (void)n;
    if (pkt->indexed > 1 || pkt->reserved || pkt->offset % 4 ||
        pkt->stride % 4 || pkt->count_offset % 4 ||
        pkt->draws > XVGPU_GFX_MAX_DRAWS ||
        (!pkt->count_buffer && pkt->count_offset))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    size = pkt->indexed ? DRAW_INDEXED_BYTES : DRAW_BYTES;
    if (pkt->draws > 1 && pkt->stride < size)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    b = (struct buffer *)gfx_find(g, XVGPU_GFX_BUFFER, pkt->buffer);
    if (!b || settle(g, b) < 0 || draw_count(g, pkt, &draws) < 0)
        return STEP_FAULT;
    if (draws &&
        gfx_buffer_range(g, b, pkt->offset,
                         (draws - 1) * (uint64_t)pkt->stride + size) < 0)
        return STEP_FAULT;
    for (; g->at.draw < draws; g->at.draw++) {
        if (read_draw(g, b, pkt->offset + g->at.draw * (uint64_t)pkt->stride,
                      pkt->indexed, &d) < 0)
            return STEP_FAULT;
        step = run_draw(g, &d);
        if (step != STEP_DONE)
            return step;
        if (stop_here(g)) {
            g->at.draw++;
            return STEP_PREEMPTED;
        }
    }
    g->at.draw = 0;
    return STEP_DONE;
}

/* ---- Dispatches -------------------------------------------------------------
 */

/* The next part: some groups of a line, some lines, or some planes. */
static int dispatch_part(struct gfx *g, const uint32_t size[3])
{
    struct pipeline *p = g->state.pipeline[POINT_COMPUTE];
    struct gfx_position *at = &g->at;
    VkCommandBuffer cmd = gfx_apply_dispatch(g);
    uint32_t n[3] = {size[0] - at->first, 1, 1};
    uint64_t line = size[0], plane = line * size[1], fit;
    double each;

    if (!cmd)
        return -1;
    each = p->local[0] * (double)p->local[1] * p->local[2] / INVOCATIONS_A_UNIT;
    fit = (uint64_t)(gfx_room(g, p) / each);
    if (fit * each < INVOCATIONS_MIN / INVOCATIONS_A_UNIT)
        fit = (uint64_t)(INVOCATIONS_MIN / INVOCATIONS_A_UNIT / each);
    if (!p->splits || fit >= plane * size[2] ||
        (!at->first && !at->y && !at->z &&
         gfx_fits_slice(g, p, each * plane * size[2])))
        fit = plane * size[2];
    if (at->first || fit < line) {
        if (fit < n[0])
            n[0] = fit ? (uint32_t)fit : 1;
    } else if (at->y || fit < plane) {
        n[1] = size[1] - at->y;
        if (fit / line < n[1])
            n[1] = (uint32_t)(fit / line);
    } else {
        n[1] = size[1];
        n[2] = size[2] - at->z;
        if (fit / plane < n[2])
            n[2] = (uint32_t)(fit / plane);
    }
    gfx_queries_begin(g, true);
    vkCmdDispatchBase(cmd, at->first, at->y, at->z, n[0], n[1], n[2]);
    gfx_queries_end(g, true);
    at->first += n[0];
    if (at->first == size[0]) {
        at->first = 0;
        at->y += n[1];
    }
    if (at->y == size[1]) {
        at->y = 0;
        at->z += n[2];
    }
    return gfx_charge(g, p, 1 + each * n[0] * n[1] * n[2]);
}

static enum step run_dispatch(struct gfx *g, const uint32_t size[3])
{
    struct gfx_position *at = &g->at;
    unsigned int i;

    for (i = 0; i < 3; i++) {
        if (size[i] > 65535)
            return fault(g->e, XVGPU_FAULT_PACKET_FIELD);
    }
    if (!size[0] || !size[1] || !size[2])
        return gfx_apply_dispatch(g) ? STEP_DONE : not_recorded(g);
    if (at->first >= size[0] || at->y >= size[1])
        at->first = at->y = 0;
    while (at->z < size[2]) {
        if (dispatch_part(g, size) < 0)
            return not_recorded(g);
        if (at->z < size[2] && stop_here(g))
            return STEP_PREEMPTED;
    }
    at->z = 0;
    return STEP_DONE;
}

enum step gfx_pkt_dispatch(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_dispatch *pkt = (const void *)dw;
    const uint32_t size[3] = {pkt->x, pkt->y, pkt->z};

    (void)n;
    return run_dispatch(gfx_of(e), size);
}

enum step gfx_pkt_dispatch_indirect(struct engine *e, const uint32_t *dw,
                                    uint32_t n)
{
    const struct xvgpu_gfx_dispatch_indirect *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct buffer *b;
    uint32_t size[3];

    (void)n;
    if (pkt->reserved || pkt->offset % 4)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    b = (struct buffer *)gfx_find(g, XVGPU_GFX_BUFFER, pkt->buffer);
    if (!b || settle(g, b) < 0 ||
        read_buffer(g, b, pkt->offset, size, DISPATCH_BYTES) < 0)
        return STEP_FAULT;
    return run_dispatch(g, size);
}
