/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queries. The guest's values lie here. A chunk measures segments of the
 * active ones, around each part of a rendering and each dispatch, and they
 * are added up when it is done.
 */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* That Vulkan has; a chunk's pool counts all of them. */
#define STATISTICS 11u
#define STATISTICS_MASK ((1u << STATISTICS) - 1)

/* Stages of Vulkan 1.0 that a timestamp may wait for: not the host. */
#define TIMESTAMP_STAGES 0x1bfffu

static enum step fault(struct engine *e, uint32_t code)
{
    return engine_fault(e, code, 0);
}

/* ---- The class ------------------------------------------------------------
 */

int gfx_make_queries(struct gfx *g, const uint32_t *dw, uint32_t n,
                     const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_queries *pkt = (const void *)dw;
    struct query_pool *q;

    (void)n;
    (void)data;
    if (pkt->type > VK_QUERY_TYPE_TIMESTAMP || !pkt->count ||
        pkt->count > XVGPU_GFX_MAX_QUERIES ||
        (pkt->type == VK_QUERY_TYPE_PIPELINE_STATISTICS
             ? !pkt->statistics || pkt->statistics & ~STATISTICS_MASK
             : pkt->statistics)) {
        engine_fault(g->e, XVGPU_FAULT_PACKET_FIELD, 0);
        return -1;
    }
    q = calloc(1, sizeof(*q));
    if (q) {
        q->type = pkt->type;
        q->count = pkt->count;
        q->statistics = pkt->statistics;
        q->values =
            pkt->statistics ? (uint32_t)__builtin_popcount(pkt->statistics) : 1;
        q->value = calloc((size_t)q->count * q->values, sizeof(*q->value));
    }
    if (!q || !q->value) {
        free(q);
        engine_fault(g->e, XVGPU_FAULT_LIMIT, 0);
        return -1;
    }
    *out = &q->o;
    return 0;
}

void gfx_drop_queries(struct gfx *g, struct object *o)
{
    struct query_pool *q = (struct query_pool *)o;

    (void)g;
    free(q->value);
}

/* ---- Segments --------------------------------------------------------------
 */

static uint32_t segment(struct gfx *g, uint32_t type, struct query_pool *pool,
                        uint32_t query, bool first)
{
    struct chunk *c = g->open;
    uint32_t slot = c->nr_segments[type]++;

    c->segment[type][slot] = (struct segment){pool, query, first};
    gfx_ref(&pool->o);
    return slot;
}

void gfx_queries_begin(struct gfx *g, bool compute)
{
    uint32_t type;

    for (type = compute ? VK_QUERY_TYPE_PIPELINE_STATISTICS : 0; type < 2;
         type++) {
        if (!g->state.query[type].pool)
            continue;
        g->state.query[type].slot =
            segment(g, type, g->state.query[type].pool,
                    g->state.query[type].query, g->state.query[type].fresh);
        g->state.query[type].fresh = false;
        g->state.query[type].open = true;
        vkCmdBeginQuery(
            g->open->cmd, g->open->queries[type], g->state.query[type].slot,
            g->state.query[type].precise ? VK_QUERY_CONTROL_PRECISE_BIT : 0);
    }
}

void gfx_queries_end(struct gfx *g, bool compute)
{
    uint32_t type;

    for (type = compute ? VK_QUERY_TYPE_PIPELINE_STATISTICS : 0; type < 2;
         type++) {
        if (!g->state.query[type].open)
            continue;
        g->state.query[type].open = false;
        vkCmdEndQuery(g->open->cmd, g->open->queries[type],
                      g->state.query[type].slot);
    }
}

static void add(struct gfx *g, const struct segment *s, const uint64_t *result)
{
    struct query_pool *q = s->pool;
    uint64_t *value = q->value + (size_t)s->query * q->values;
    uint32_t i, k = 0;

    switch (q->type) {
    case VK_QUERY_TYPE_TIMESTAMP:
        *value = (uint64_t)((int64_t)((double)*result * g->vk.timestamp_ns) +
                            g->vk.timestamp_offset) -
                 g->e->time_base_ns;
        break;
    case VK_QUERY_TYPE_OCCLUSION:
        *value = (s->first ? 0 : *value) + *result;
        break;
    default:
        for (i = 0; i < STATISTICS; i++) {
            if (!(q->statistics & 1u << i))
                continue;
            value[k] = (s->first ? 0 : value[k]) + result[i];
            k++;
        }
    }
}

void gfx_queries_collect(struct gfx *g, struct chunk *c)
{
    static uint64_t result[CHUNK_QUERIES * STATISTICS];
    uint32_t type, i, n, values;
    bool ok;

    for (type = 0; type < 3; type++) {
        n = c->nr_segments[type];
        values = type == VK_QUERY_TYPE_PIPELINE_STATISTICS ? STATISTICS : 1;
        ok = n &&
             vkGetQueryPoolResults(g->vk.device, c->queries[type], 0, n,
                                   n * values * sizeof(*result), result,
                                   values * sizeof(*result),
                                   VK_QUERY_RESULT_64_BIT |
                                       VK_QUERY_RESULT_WAIT_BIT) == VK_SUCCESS;
        for (i = 0; i < n; i++) {
            if (ok)
                add(g, &c->segment[type][i], result + (size_t)i * values);
            gfx_unref(g, &c->segment[type][i].pool->o);
        }
    }
}

/* ---- Packets ---------------------------------------------------------------
 */

static struct query_pool *find_pool(struct gfx *g, uint32_t id, uint32_t query)
{
    struct query_pool *q =
        (struct query_pool *)gfx_find(g, XVGPU_GFX_QUERIES, id);

    if (q && query >= q->count) {
        fault(g->e, XVGPU_FAULT_PACKET_FIELD);
        return NULL;
    }
    return q;
}

/* A part is a segment: it ends where the active queries change. */
static void end_part(struct gfx *g)
{
    if (g->vk_rendering)
        gfx_rendering_end_part(g);
}

enum step gfx_pkt_begin_query(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_begin_query *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct query_pool *q = find_pool(g, pkt->pool, pkt->query);

    (void)n;
    if (!q)
        return STEP_FAULT;
    if (q->type == VK_QUERY_TYPE_TIMESTAMP || pkt->precise > 1 ||
        (pkt->precise && q->type != VK_QUERY_TYPE_OCCLUSION))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    if (g->state.query[q->type].pool)
        return fault(e, XVGPU_FAULT_STATE);
    end_part(g);
    gfx_ref(&q->o);
    g->state.query[q->type].pool = q;
    g->state.query[q->type].query = pkt->query;
    g->state.query[q->type].precise = pkt->precise;
    g->state.query[q->type].in_rendering = g->state.rendering;
    g->state.query[q->type].fresh = true;
    return STEP_DONE;
}

enum step gfx_pkt_end_query(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_end_query *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct query_pool *q = find_pool(g, pkt->pool, pkt->query);
    size_t bytes;

    (void)n;
    if (!q)
        return STEP_FAULT;
    if (q->type == VK_QUERY_TYPE_TIMESTAMP ||
        g->state.query[q->type].pool != q ||
        g->state.query[q->type].query != pkt->query ||
        g->state.query[q->type].in_rendering != g->state.rendering)
        return fault(e, XVGPU_FAULT_STATE);
    end_part(g);
    if (g->state.query[q->type].fresh) {
        /* Nothing ran in it; an older run of the query may not be done. */
        if (gfx_drain(g) < 0)
            return STEP_FAULT;
        bytes = q->values * sizeof(*q->value);
        memset(q->value + (size_t)pkt->query * q->values, 0, bytes);
    }
    g->state.query[q->type].pool = NULL;
    gfx_unref(g, &q->o);
    return STEP_DONE;
}

enum step gfx_pkt_write_timestamp(struct engine *e, const uint32_t *dw,
                                  uint32_t n)
{
    const struct xvgpu_gfx_write_timestamp *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct query_pool *q = find_pool(g, pkt->pool, pkt->query);
    VkCommandBuffer cmd;

    (void)n;
    if (!q)
        return STEP_FAULT;
    if (q->type != VK_QUERY_TYPE_TIMESTAMP || !pkt->stage ||
        (pkt->stage & (pkt->stage - 1)) || pkt->stage & ~TIMESTAMP_STAGES)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    if (gfx_segment_room(g) < 0)
        return STEP_FAULT;
    cmd = g->vk_rendering ? g->open->cmd : gfx_cmd(g);
    if (!cmd)
        return STEP_FAULT;
    vkCmdWriteTimestamp2(
        cmd, pkt->stage, g->open->queries[VK_QUERY_TYPE_TIMESTAMP],
        segment(g, VK_QUERY_TYPE_TIMESTAMP, q, pkt->query, true));
    return gfx_step(gfx_charge(g, NULL, 0));
}

enum step gfx_pkt_copy_queries(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_copy_queries *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct query_pool *q = find_pool(g, pkt->pool, pkt->first);
    uint32_t i, bytes;
    uint64_t last;

    (void)n;
    if (!q)
        return STEP_FAULT;
    bytes = q->values * (uint32_t)sizeof(*q->value);
    if (!pkt->count || pkt->count > q->count - pkt->first || pkt->stride % 8 ||
        (pkt->count > 1 && pkt->stride < bytes) ||
        __builtin_add_overflow(pkt->address,
                               (pkt->count - 1) * (uint64_t)pkt->stride + bytes,
                               &last))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    if (pkt->address % 8)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, pkt->address);
    for (i = 0; i < 2; i++) {
        if (g->state.query[i].pool == q &&
            g->state.query[i].query - pkt->first < pkt->count)
            return fault(e, XVGPU_FAULT_STATE);
    }
    if (gfx_drain(g) < 0)
        return STEP_FAULT;
    for (i = 0; i < pkt->count; i++) {
        if (mem_write(e, pkt->address + i * (uint64_t)pkt->stride,
                      q->value + (size_t)(pkt->first + i) * q->values,
                      bytes) < 0)
            return STEP_FAULT;
    }
    return STEP_DONE;
}
