/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest binds and sets, and what of it a draw or dispatch needs. */
#include "dm/engine/gfx/gfx.h"

#include <math.h>
#include <string.h>

int gfx_length(struct engine *e, uint32_t n, size_t fields, uint64_t bytes)
{
    if (n * 4ull == fields + bytes)
        return 0;
    engine_fault(e, XVGPU_FAULT_PACKET_LENGTH, 0);
    return -1;
}

static enum step bad_field(struct engine *e)
{
    return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
}

static int bad_state(struct gfx *g)
{
    engine_fault(g->e, XVGPU_FAULT_STATE, 0);
    return -1;
}

/* A slot of the state refers to another object. */
#define REBIND(g, slot, object)                                                \
    do {                                                                       \
        if (object)                                                            \
            gfx_ref(&(object)->o);                                             \
        if (slot)                                                              \
            gfx_unref(g, &(slot)->o);                                          \
        (slot) = (object);                                                     \
    } while (0)

void gfx_state_clear(struct gfx *g)
{
    struct gfx_state *s = &g->state;
    unsigned int i, k;

    for (i = 0; i < NR_POINTS; i++) {
        REBIND(g, s->pipeline[i], (struct pipeline *)NULL);
        for (k = 0; k < XVGPU_GFX_MAX_SETS; k++)
            REBIND(g, s->set[i][k], (struct set *)NULL);
    }
    for (i = 0; i < XVGPU_GFX_MAX_VERTEX_BUFFERS; i++)
        REBIND(g, s->vertex[i].buffer, (struct buffer *)NULL);
    REBIND(g, s->index, (struct buffer *)NULL);
    for (i = 0; i < 2; i++)
        REBIND(g, s->query[i].pool, (struct query_pool *)NULL);
    gfx_rendering_clear(g);
    memset(s, 0, sizeof(*s));
    memset(&g->at, 0, sizeof(g->at));
}

/* ---- Packets ------------------------------------------------------------- */

enum step gfx_pkt_bind_pipeline(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    const struct xvgpu_gfx_bind_pipeline *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct pipeline *p;
    unsigned int point;

    (void)n;
    p = (struct pipeline *)gfx_find(g, XVGPU_GFX_PIPELINE, pkt->id);
    if (!p)
        return STEP_FAULT;
    point = p->compute ? POINT_COMPUTE : POINT_GRAPHICS;
    if (g->state.pipeline[point] == p)
        return STEP_DONE;
    REBIND(g, g->state.pipeline[point], p);
    /* Sets and push constants are bound for a layout. */
    g->dirty[point] |= DIRTY_PIPELINE | DIRTY_SETS | DIRTY_PUSH | DIRTY_VERTEX |
                       DIRTY_VIEWPORT | DIRTY_SCISSOR;
    return STEP_DONE;
}

enum step gfx_pkt_bind_set(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_bind_set *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct set *set = NULL;

    (void)n;
    if (pkt->point >= NR_POINTS || pkt->index >= XVGPU_GFX_MAX_SETS)
        return bad_field(e);
    if (pkt->set) {
        set = (struct set *)gfx_find(g, XVGPU_GFX_SET, pkt->set);
        if (!set)
            return STEP_FAULT;
    }
    REBIND(g, g->state.set[pkt->point][pkt->index], set);
    g->dirty[pkt->point] |= DIRTY_SETS;
    return STEP_DONE;
}

enum step gfx_pkt_push_constants(struct engine *e, const uint32_t *dw,
                                 uint32_t n)
{
    const struct xvgpu_gfx_push_constants *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);

    if (gfx_length(e, n, sizeof(*pkt), pkt->bytes) < 0)
        return STEP_FAULT;
    if (pkt->point >= NR_POINTS || pkt->offset % 4 || !pkt->bytes ||
        pkt->bytes % 4 || pkt->bytes > XVGPU_GFX_MAX_PUSH ||
        pkt->offset > XVGPU_GFX_MAX_PUSH - pkt->bytes)
        return bad_field(e);
    memcpy(g->state.push[pkt->point] + pkt->offset, GFX_TAIL(pkt), pkt->bytes);
    g->dirty[pkt->point] |= DIRTY_PUSH;
    return STEP_DONE;
}

enum step gfx_pkt_bind_vertex_buffers(struct engine *e, const uint32_t *dw,
                                      uint32_t n)
{
    const struct xvgpu_gfx_bind_vertex_buffers *pkt = (const void *)dw;
    const struct xvgpu_gfx_vertex_buffer *v = GFX_TAIL(pkt);
    struct buffer *buffer[XVGPU_GFX_MAX_VERTEX_BUFFERS] = {NULL};
    struct gfx *g = gfx_of(e);
    uint32_t i;

    if (gfx_length(e, n, sizeof(*pkt), pkt->count * (uint64_t)sizeof(*v)) < 0)
        return STEP_FAULT;
    if (!pkt->count || pkt->count > XVGPU_GFX_MAX_VERTEX_BUFFERS ||
        pkt->first > XVGPU_GFX_MAX_VERTEX_BUFFERS - pkt->count)
        return bad_field(e);
    for (i = 0; i < pkt->count; i++) {
        if (v[i].reserved || v[i].offset % 4)
            return bad_field(e);
        if (!v[i].buffer)
            continue;
        buffer[i] = (struct buffer *)gfx_find(g, XVGPU_GFX_BUFFER, v[i].buffer);
        if (!buffer[i] || gfx_buffer_range(g, buffer[i], v[i].offset, 1) < 0)
            return STEP_FAULT;
    }
    for (i = 0; i < pkt->count; i++) {
        REBIND(g, g->state.vertex[pkt->first + i].buffer, buffer[i]);
        g->state.vertex[pkt->first + i].offset = v[i].offset;
    }
    g->dirty[POINT_GRAPHICS] |= DIRTY_VERTEX;
    return STEP_DONE;
}

enum step gfx_pkt_bind_index_buffer(struct engine *e, const uint32_t *dw,
                                    uint32_t n)
{
    const struct xvgpu_gfx_bind_index_buffer *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct buffer *b = NULL;

    (void)n;
    if (pkt->type > VK_INDEX_TYPE_UINT32 || pkt->offset % (pkt->type ? 4 : 2))
        return bad_field(e);
    if (pkt->buffer) {
        b = (struct buffer *)gfx_find(g, XVGPU_GFX_BUFFER, pkt->buffer);
        if (!b || gfx_buffer_range(g, b, pkt->offset, 1) < 0)
            return STEP_FAULT;
    }
    REBIND(g, g->state.index, b);
    g->state.index_type = pkt->type;
    g->state.index_offset = pkt->offset;
    g->dirty[POINT_GRAPHICS] |= DIRTY_INDEX;
    return STEP_DONE;
}

/* False also for what is no number. */
static bool within(float v, float min, float max)
{
    return v >= min && v <= max;
}

bool gfx_viewport_ok(const struct xvgpu_gfx_viewport *v)
{
    const float max = (float)XVGPU_GFX_MAX_DIM;

    return within(v->x, -2 * max, 2 * max - 1) &&
           within(v->y, -2 * max, 2 * max - 1) && v->width > 0 &&
           v->width <= max && within(v->height, -max, max) && v->height != 0 &&
           v->x + v->width <= 2 * max - 1 &&
           within(v->y + v->height, -2 * max, 2 * max - 1) &&
           within(v->min_depth, 0, 1) && within(v->max_depth, 0, 1);
}

bool gfx_scissor_ok(const struct xvgpu_gfx_scissor *s)
{
    return s->x <= INT32_MAX && s->y <= INT32_MAX &&
           s->width <= INT32_MAX - s->x && s->height <= INT32_MAX - s->y;
}

/* Which of `count` structures of `size` bytes behind a packet of two fields
 * change, from `first` on. 0 after engine_fault(). */
static uint32_t changed(struct engine *e, uint32_t n, uint32_t first,
                        uint32_t count, size_t size)
{
    if (gfx_length(e, n, sizeof(struct xvgpu_gfx_set_viewports),
                   count * (uint64_t)size) < 0)
        return 0;
    if (count && count <= XVGPU_GFX_MAX_VIEWPORTS &&
        first <= XVGPU_GFX_MAX_VIEWPORTS - count)
        return ((1u << count) - 1) << first;
    bad_field(e);
    return 0;
}

enum step gfx_pkt_set_viewports(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    const struct xvgpu_gfx_set_viewports *pkt = (const void *)dw;
    const struct xvgpu_gfx_viewport *v = GFX_TAIL(pkt);
    uint32_t mask = changed(e, n, pkt->first, pkt->count, sizeof(*v)), i;
    struct gfx *g = gfx_of(e);

    if (!mask)
        return STEP_FAULT;
    for (i = 0; i < pkt->count; i++) {
        if (!gfx_viewport_ok(&v[i]))
            return bad_field(e);
    }
    memcpy(&g->state.viewport[pkt->first], v, pkt->count * sizeof(*v));
    g->state.viewports_set |= mask;
    g->dirty[POINT_GRAPHICS] |= DIRTY_VIEWPORT;
    return STEP_DONE;
}

enum step gfx_pkt_set_scissors(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_set_scissors *pkt = (const void *)dw;
    const struct xvgpu_gfx_scissor *v = GFX_TAIL(pkt);
    uint32_t mask = changed(e, n, pkt->first, pkt->count, sizeof(*v)), i;
    struct gfx *g = gfx_of(e);

    if (!mask)
        return STEP_FAULT;
    for (i = 0; i < pkt->count; i++) {
        if (!gfx_scissor_ok(&v[i]))
            return bad_field(e);
    }
    memcpy(&g->state.scissor[pkt->first], v, pkt->count * sizeof(*v));
    g->state.scissors_set |= mask;
    g->dirty[POINT_GRAPHICS] |= DIRTY_SCISSOR;
    return STEP_DONE;
}

enum step gfx_pkt_set_blend_constants(struct engine *e, const uint32_t *dw,
                                      uint32_t n)
{
    const struct xvgpu_gfx_set_blend_constants *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);

    (void)n;
    if (!isfinite(pkt->r) || !isfinite(pkt->g) || !isfinite(pkt->b) ||
        !isfinite(pkt->a))
        return bad_field(e);
    memcpy(g->state.blend, &pkt->r, sizeof(g->state.blend));
    g->dirty[POINT_GRAPHICS] |= DIRTY_DYNAMIC;
    return STEP_DONE;
}

enum step gfx_pkt_set_stencil(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_set_stencil *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    unsigned int i;

    (void)n;
    if (!pkt->faces || pkt->faces > VK_STENCIL_FACE_FRONT_AND_BACK)
        return bad_field(e);
    for (i = 0; i < 2; i++) {
        if (!(pkt->faces & 1u << i))
            continue;
        g->state.stencil_reference[i] = pkt->reference;
        g->state.stencil_compare[i] = pkt->compare_mask;
        g->state.stencil_write[i] = pkt->write_mask;
    }
    g->dirty[POINT_GRAPHICS] |= DIRTY_DYNAMIC;
    return STEP_DONE;
}

enum step gfx_pkt_set_depth_bias(struct engine *e, const uint32_t *dw,
                                 uint32_t n)
{
    const struct xvgpu_gfx_set_depth_bias *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);

    (void)n;
    if (!isfinite(pkt->constant) || !isfinite(pkt->slope) || pkt->clamp != 0)
        return bad_field(e);
    g->state.depth_bias[0] = pkt->constant;
    g->state.depth_bias[1] = 0;
    g->state.depth_bias[2] = pkt->slope;
    g->dirty[POINT_GRAPHICS] |= DIRTY_DYNAMIC;
    return STEP_DONE;
}

/* ---- What a draw or dispatch needs -------------------------------------- */

/* Everything that the pipeline's shaders read is bound, and right for it. */
static int check_sets(struct gfx *g, unsigned int point)
{
    const struct gfx_state *s = &g->state;
    struct pipeline *p = s->pipeline[point];
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_SETS; i++) {
        struct set *set = s->set[point][i];

        if (!(p->set_mask & 1u << i))
            continue;
        if (!set || set->layout != p->layout->set[i])
            return bad_state(g);
        if (gfx_set_ready(g, set) < 0)
            return -1;
    }
    return gfx_sets_match(g, p, s->set[point]);
}

/* What shaders may write to by way of this set. */
static void note_writes(struct gfx *g, const struct set *set)
{
    const struct set_layout *l = set->layout;
    uint32_t i, k;

    for (i = 0; i < l->nr_bindings; i++) {
        const struct descriptor *d = &set->descriptor[l->first[i]];

        for (k = 0; k < l->binding[i].count; k++, d++) {
            if (!d->object)
                continue;
            if (l->binding[i].type == VK_DESCRIPTOR_TYPE_STORAGE_BUFFER)
                gfx_buffer_written(g, (struct buffer *)d->object);
            else if (l->binding[i].type ==
                     VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER)
                gfx_buffer_written(g,
                                   ((struct buffer_view *)d->object)->buffer);
        }
    }
}

/* One that chunks may be using has another handle after a change. */
static void emit_sets(struct gfx *g, VkCommandBuffer cmd, unsigned int point)
{
    const struct gfx_state *s = &g->state;
    struct pipeline *p = s->pipeline[point];
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_SETS; i++) {
        struct set *set = s->set[point][i];

        if (!(p->set_mask & 1u << i))
            continue;
        if (p->write_mask & 1u << i)
            note_writes(g, set);
        if (!(g->dirty[point] & DIRTY_SETS) && g->bound[point][i] == set->vk)
            continue;
        vkCmdBindDescriptorSets(cmd,
                                point == POINT_COMPUTE
                                    ? VK_PIPELINE_BIND_POINT_COMPUTE
                                    : VK_PIPELINE_BIND_POINT_GRAPHICS,
                                p->layout->vk[point], i, 1, &set->vk, 0, NULL);
        g->bound[point][i] = set->vk;
        set->used_chunk = g->chunk_number;
    }
}

static void emit_common(struct gfx *g, VkCommandBuffer cmd, unsigned int point)
{
    struct pipeline *p = g->state.pipeline[point];
    uint32_t *dirty = &g->dirty[point];

    if (*dirty & DIRTY_PIPELINE)
        vkCmdBindPipeline(cmd,
                          point == POINT_COMPUTE
                              ? VK_PIPELINE_BIND_POINT_COMPUTE
                              : VK_PIPELINE_BIND_POINT_GRAPHICS,
                          p->vk);
    emit_sets(g, cmd, point);
    if ((*dirty & DIRTY_PUSH) && p->layout->push_bytes) {
        vkCmdPushConstants(cmd, p->layout->vk[point], gfx_push_stages(point), 0,
                           p->layout->push_bytes, g->state.push[point]);
        g->dirty[!point] |= DIRTY_PUSH; /* both lie in one memory */
    }
    *dirty &= ~(DIRTY_PIPELINE | DIRTY_SETS | DIRTY_PUSH);
}

VkCommandBuffer gfx_apply_dispatch(struct gfx *g)
{
    struct pipeline *p = g->state.pipeline[POINT_COMPUTE];
    VkCommandBuffer cmd;

    if (!p || g->state.rendering) {
        bad_state(g);
        return VK_NULL_HANDLE;
    }
    /* In this order: what is made ready is so for the open chunk. */
    if (gfx_warm(g, p) < 0 || check_sets(g, POINT_COMPUTE) < 0)
        return VK_NULL_HANDLE;
    cmd = gfx_cmd(g);
    if (cmd)
        emit_common(g, cmd, POINT_COMPUTE);
    return cmd;
}

/* The attachments are those that the pipeline was made for. */
static bool fits_rendering(const struct gfx_state *s, const struct pipeline *p)
{
    uint32_t i, format;

    if (p->nr_color != s->nr_color)
        return false;
    for (i = 0; i < p->nr_color; i++) {
        format = s->color[i].view ? s->color[i].view->format->format : 0;
        if (p->color_format[i] != format)
            return false;
    }
    return p->depth_format ==
               (s->has_depth ? s->depth.view->format->format : 0) &&
           p->stencil_format ==
               (s->has_stencil ? s->stencil.view->format->format : 0) &&
           (!s->samples || p->samples == s->samples);
}

static int check_draw(struct gfx *g, bool indexed)
{
    const struct gfx_state *s = &g->state;
    struct pipeline *p = s->pipeline[POINT_GRAPHICS];
    uint32_t views, i;

    if (!p || !s->rendering || !fits_rendering(s, p))
        return bad_state(g);
    views = (1u << p->viewports) - 1;
    if (~s->viewports_set & views || ~s->scissors_set & views)
        return bad_state(g);
    if (indexed && !s->index)
        return bad_state(g);
    /* In this order: what is made ready is so for the open chunk. */
    if (gfx_warm(g, p) < 0 || check_sets(g, POINT_GRAPHICS) < 0)
        return -1;
    for (i = 0; i < XVGPU_GFX_MAX_VERTEX_BUFFERS; i++) {
        if (!(p->vertex_buffers & 1u << i))
            continue;
        if (s->vertex[i].buffer && gfx_buffer_ready(g, s->vertex[i].buffer) < 0)
            return -1;
    }
    return indexed ? gfx_buffer_ready(g, s->index) : 0;
}

/* Null vertex buffers read as zero (VK_EXT_robustness2). */
static void emit_vertex(struct gfx *g, VkCommandBuffer cmd)
{
    const struct gfx_state *s = &g->state;
    const struct pipeline *p = s->pipeline[POINT_GRAPHICS];
    VkBuffer none = VK_NULL_HANDLE;
    VkDeviceSize zero = 0;
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_VERTEX_BUFFERS; i++) {
        const struct buffer *b = s->vertex[i].buffer;

        if (!(p->vertex_buffers & 1u << i))
            continue;
        vkCmdBindVertexBuffers(cmd, i, 1, b ? &b->vk : &none,
                               b ? &s->vertex[i].offset : &zero);
    }
}

static void emit_viewports(struct gfx *g, VkCommandBuffer cmd)
{
    const struct gfx_state *s = &g->state;
    uint32_t n = s->pipeline[POINT_GRAPHICS]->viewports, i;
    VkViewport v[XVGPU_GFX_MAX_VIEWPORTS];
    VkRect2D r[XVGPU_GFX_MAX_VIEWPORTS];

    for (i = 0; i < n; i++) {
        v[i] = (VkViewport){s->viewport[i].x,         s->viewport[i].y,
                            s->viewport[i].width,     s->viewport[i].height,
                            s->viewport[i].min_depth, s->viewport[i].max_depth};
        r[i] = (VkRect2D){{(int32_t)s->scissor[i].x, (int32_t)s->scissor[i].y},
                          {s->scissor[i].width, s->scissor[i].height}};
    }
    vkCmdSetViewport(cmd, 0, n, v);
    vkCmdSetScissor(cmd, 0, n, r);
}

static void emit_dynamic(struct gfx *g, VkCommandBuffer cmd)
{
    static const VkStencilFaceFlags faces[2] = {VK_STENCIL_FACE_FRONT_BIT,
                                                VK_STENCIL_FACE_BACK_BIT};
    const struct gfx_state *s = &g->state;
    unsigned int i;

    vkCmdSetBlendConstants(cmd, s->blend);
    vkCmdSetDepthBias(cmd, s->depth_bias[0], s->depth_bias[1],
                      s->depth_bias[2]);
    for (i = 0; i < 2; i++) {
        vkCmdSetStencilReference(cmd, faces[i], s->stencil_reference[i]);
        vkCmdSetStencilCompareMask(cmd, faces[i], s->stencil_compare[i]);
        vkCmdSetStencilWriteMask(cmd, faces[i], s->stencil_write[i]);
    }
}

VkCommandBuffer gfx_apply_draw(struct gfx *g, bool indexed)
{
    struct gfx_state *s = &g->state;
    uint32_t *dirty = &g->dirty[POINT_GRAPHICS];
    VkCommandBuffer cmd;

    if (check_draw(g, indexed) < 0)
        return VK_NULL_HANDLE;
    cmd = gfx_cmd_rendering(g);
    if (!cmd)
        return VK_NULL_HANDLE;
    emit_common(g, cmd, POINT_GRAPHICS);
    if (*dirty & DIRTY_VERTEX)
        emit_vertex(g, cmd);
    if (indexed && (*dirty & DIRTY_INDEX)) {
        vkCmdBindIndexBuffer(cmd, s->index->vk, s->index_offset,
                             (VkIndexType)s->index_type);
        *dirty &= ~DIRTY_INDEX;
    }
    if (*dirty & (DIRTY_VIEWPORT | DIRTY_SCISSOR))
        emit_viewports(g, cmd);
    if (*dirty & DIRTY_DYNAMIC)
        emit_dynamic(g, cmd);
    *dirty &= DIRTY_INDEX;
    return cmd;
}
