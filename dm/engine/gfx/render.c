/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rendering in parts. A cut ends the part of the open chunk; the next draw
 * begins another one, which loads what the first one cleared. Attachments are
 * stored by all parts but the last, and resolved once, at the end.
 */
#include "dm/engine/gfx/gfx.h"

#include <string.h>

static enum step fault(struct engine *e, uint32_t code)
{
    return engine_fault(e, code, 0);
}

static int fail(struct gfx *g, uint32_t code)
{
    engine_fault(g->e, code, 0);
    return -1;
}

/* ---- BEGIN_RENDERING ------------------------------------------------------
 */

struct begin {
    const struct xvgpu_gfx_begin_rendering *pkt;
    uint32_t samples;
};

static bool area_ok(const struct xvgpu_gfx_begin_rendering *pkt)
{
    return pkt->width && pkt->height && pkt->layers &&
           pkt->x <= XVGPU_GFX_MAX_DIM && pkt->y <= XVGPU_GFX_MAX_DIM &&
           pkt->width <= XVGPU_GFX_MAX_DIM &&
           pkt->height <= XVGPU_GFX_MAX_DIM &&
           pkt->layers <= XVGPU_GFX_MAX_LAYERS;
}

static bool attachable(const struct view *v)
{
    switch (v->type) {
    case VK_IMAGE_VIEW_TYPE_1D:
    case VK_IMAGE_VIEW_TYPE_2D:
    case VK_IMAGE_VIEW_TYPE_1D_ARRAY:
    case VK_IMAGE_VIEW_TYPE_2D_ARRAY:
        return v->mips == 1 && !v->swizzle;
    default:
        return false;
    }
}

static bool covers(const struct view *v,
                   const struct xvgpu_gfx_begin_rendering *pkt)
{
    uint32_t width = v->image->width >> v->mip;
    uint32_t height = v->image->height >> v->mip;

    width = width ? width : 1;
    height = height ? height : 1;
    return pkt->x < width && pkt->width <= width - pkt->x && pkt->y < height &&
           pkt->height <= height - pkt->y && pkt->layers <= v->layers;
}

/* `want`: XVGPU_GFX_FORMAT_* of the view, `aspect` of which it has at least
 * that. All attachments have as many samples. */
static bool view_fits(struct begin *b, const struct view *v, uint32_t want,
                      uint32_t aspect, uint32_t usage)
{
    if (!attachable(v) || !covers(v, b->pkt) || !(v->aspect & aspect) ||
        !(v->format->features & want) || !(v->image->usage & usage) ||
        (b->samples && b->samples != v->image->samples))
        return false;
    b->samples = v->image->samples;
    return true;
}

static bool resolve_fits(const struct begin *b, const struct attachment *at,
                         uint32_t usage)
{
    const struct view *v = at->resolve;
    bool average = usage == VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT &&
                   at->view->format->kind == XVGPU_GFX_KIND_FLOAT;

    return at->view->image->samples > 1 && v->image->samples == 1 &&
           v->format == at->view->format && v->aspect == at->view->aspect &&
           at->a.resolve_mode == (average ? VK_RESOLVE_MODE_AVERAGE_BIT
                                          : VK_RESOLVE_MODE_SAMPLE_ZERO_BIT) &&
           attachable(v) && covers(v, b->pkt) && (v->image->usage & usage);
}

/* A null view is left NULL. */
static int take_view(struct gfx *g, struct begin *b,
                     const struct xvgpu_gfx_attachment *a, uint32_t want,
                     uint32_t aspect, struct attachment *out)
{
    uint32_t usage = want == XVGPU_GFX_FORMAT_COLOR
                         ? VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT
                         : VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;

    *out = (struct attachment){.a = *a};
    if (a->load > VK_ATTACHMENT_LOAD_OP_DONT_CARE ||
        a->store > VK_ATTACHMENT_STORE_OP_DONT_CARE || a->resolve_mode > 2 ||
        (!a->view && a->resolve_mode) || (!a->resolve_mode && a->resolve_view))
        return fail(g, XVGPU_FAULT_PACKET_FIELD);
    if (!a->view)
        return 0;
    out->view = (struct view *)gfx_find(g, XVGPU_GFX_VIEW, a->view);
    if (!out->view)
        return -1;
    if (!view_fits(b, out->view, want, aspect, usage))
        return fail(g, XVGPU_FAULT_STATE);
    if (!a->resolve_mode)
        return 0;
    out->resolve = (struct view *)gfx_find(g, XVGPU_GFX_VIEW, a->resolve_view);
    if (!out->resolve)
        return -1;
    return resolve_fits(b, out, usage) ? 0 : fail(g, XVGPU_FAULT_STATE);
}

bool gfx_depth_ok(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v >= 0 && v <= 1;
}

/* One view for both, resolved alike. */
static bool alike(const struct attachment *depth,
                  const struct attachment *stencil)
{
    return !depth->view || !stencil->view ||
           (depth->view == stencil->view &&
            depth->resolve == stencil->resolve &&
            depth->a.resolve_mode == stencil->a.resolve_mode);
}

static int take_depth_stencil(struct gfx *g, struct begin *b,
                              const struct xvgpu_gfx_attachment *a,
                              struct attachment *depth,
                              struct attachment *stencil)
{
    *depth = *stencil = (struct attachment){0};
    if (b->pkt->flags & 1) {
        if (take_view(g, b, a, XVGPU_GFX_FORMAT_DEPTH,
                      VK_IMAGE_ASPECT_DEPTH_BIT, depth) < 0)
            return -1;
        if (a->load == VK_ATTACHMENT_LOAD_OP_CLEAR && !gfx_depth_ok(a->clear0))
            return fail(g, XVGPU_FAULT_PACKET_FIELD);
        a++;
    }
    if (b->pkt->flags & 2) {
        if (take_view(g, b, a, XVGPU_GFX_FORMAT_STENCIL,
                      VK_IMAGE_ASPECT_STENCIL_BIT, stencil) < 0)
            return -1;
    }
    return alike(depth, stencil) ? 0 : fail(g, XVGPU_FAULT_STATE);
}

/* No texel is written by two attachments. */
static bool distinct(const struct attachment *color, uint32_t n)
{
    uint32_t i, k;

    for (i = 0; i < n; i++) {
        for (k = 0; k < n; k++) {
            if (i != k && color[i].view &&
                (color[i].view->image ==
                     (color[k].view ? color[k].view->image : NULL) ||
                 color[i].view->image ==
                     (color[k].resolve ? color[k].resolve->image : NULL)))
                return false;
            if (i != k && color[i].resolve && color[k].resolve &&
                color[i].resolve->image == color[k].resolve->image)
                return false;
        }
    }
    return true;
}

static void hold(const struct attachment *a)
{
    if (a->view)
        gfx_ref(&a->view->o);
    if (a->resolve)
        gfx_ref(&a->resolve->o);
}

static void let_go(struct gfx *g, struct attachment *a)
{
    if (a->view)
        gfx_unref(g, &a->view->o);
    if (a->resolve)
        gfx_unref(g, &a->resolve->o);
    *a = (struct attachment){0};
}

enum step gfx_pkt_begin_rendering(struct engine *e, const uint32_t *dw,
                                  uint32_t n)
{
    const struct xvgpu_gfx_begin_rendering *pkt = (const void *)dw;
    const struct xvgpu_gfx_attachment *a = GFX_TAIL(pkt);
    struct attachment color[XVGPU_GFX_MAX_COLOR], depth, stencil;
    struct gfx *g = gfx_of(e);
    struct gfx_state *s = &g->state;
    struct begin b = {.pkt = pkt};
    uint32_t i;

    if (pkt->nr_color > XVGPU_GFX_MAX_COLOR || pkt->flags > 3 || !area_ok(pkt))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    if (gfx_length(e, n, sizeof(*pkt),
                   sizeof(*a) * (pkt->nr_color + (pkt->flags & 1) +
                                 (pkt->flags >> 1))) < 0)
        return STEP_FAULT;
    if (s->rendering)
        return fault(e, XVGPU_FAULT_STATE);
    for (i = 0; i < pkt->nr_color; i++, a++) {
        if (take_view(g, &b, a, XVGPU_GFX_FORMAT_COLOR,
                      VK_IMAGE_ASPECT_COLOR_BIT, &color[i]) < 0)
            return STEP_FAULT;
    }
    if (take_depth_stencil(g, &b, a, &depth, &stencil) < 0)
        return STEP_FAULT;
    if (!distinct(color, pkt->nr_color))
        return fault(e, XVGPU_FAULT_STATE);
    for (i = 0; i < pkt->nr_color; i++) {
        hold(&color[i]);
        s->color[i] = color[i];
    }
    hold(&depth);
    hold(&stencil);
    s->depth = depth;
    s->stencil = stencil;
    s->has_depth = depth.view;
    s->has_stencil = stencil.view;
    s->area = (VkRect2D){{(int32_t)pkt->x, (int32_t)pkt->y},
                         {pkt->width, pkt->height}};
    s->layers = pkt->layers;
    s->nr_color = pkt->nr_color;
    s->samples = b.samples;
    s->rendering = true;
    s->loaded = false;
    return STEP_DONE;
}

/* ---- Parts ----------------------------------------------------------------
 */

static VkRenderingAttachmentInfo
describe(const struct gfx_state *s, const struct attachment *at, bool last)
{
    VkRenderingAttachmentInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = at->view ? at->view->vk : VK_NULL_HANDLE,
        .imageLayout = VK_IMAGE_LAYOUT_GENERAL,
        .loadOp = s->loaded ? VK_ATTACHMENT_LOAD_OP_LOAD
                            : (VkAttachmentLoadOp)at->a.load,
        .storeOp = last ? (VkAttachmentStoreOp)at->a.store
                        : VK_ATTACHMENT_STORE_OP_STORE,
    };

    memcpy(&info.clearValue, &at->a.clear0, sizeof(info.clearValue));
    if (last && at->resolve) {
        info.resolveMode = (VkResolveModeFlagBits)at->a.resolve_mode;
        info.resolveImageView = at->resolve->vk;
        info.resolveImageLayout = VK_IMAGE_LAYOUT_GENERAL;
    }
    return info;
}

/* Clear values of depth and stencil lie in one structure, of colours in
 * another. */
static VkRenderingAttachmentInfo describe_depth(const struct gfx_state *s,
                                                const struct attachment *at,
                                                bool last)
{
    VkRenderingAttachmentInfo info = describe(s, at, last);

    memcpy(&info.clearValue.depthStencil.depth, &at->a.clear0, sizeof(float));
    info.clearValue.depthStencil.stencil = at->a.clear1;
    return info;
}

/* A part loads what the one before has stored. */
static void behind_part(struct gfx *g)
{
    const VkMemoryBarrier2 attachments = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT |
                        VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT,
        .srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT |
                         VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT |
                        VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT |
                        VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT,
        .dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT |
                         VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT |
                         VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT |
                         VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &attachments,
    };

    vkCmdPipelineBarrier2(g->open->cmd, &dependency);
}

static void begin_part(struct gfx *g, bool last)
{
    VkRenderingAttachmentInfo color[XVGPU_GFX_MAX_COLOR], depth, stencil;
    struct gfx_state *s = &g->state;
    VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea = s->area,
        .layerCount = s->layers,
        .colorAttachmentCount = s->nr_color,
        .pColorAttachments = color,
    };
    uint32_t i;

    for (i = 0; i < s->nr_color; i++)
        color[i] = describe(s, &s->color[i], last);
    if (s->has_depth) {
        depth = describe_depth(s, &s->depth, last);
        info.pDepthAttachment = &depth;
    }
    if (s->has_stencil) {
        stencil = describe_depth(s, &s->stencil, last);
        info.pStencilAttachment = &stencil;
    }
    if (s->loaded)
        behind_part(g);
    vkCmdBeginRendering(g->open->cmd, &info);
    g->vk_rendering = true;
    s->loaded = true;
}

void gfx_rendering_begin_part(struct gfx *g)
{
    begin_part(g, false);
    gfx_queries_begin(g, false);
}

void gfx_rendering_end_part(struct gfx *g)
{
    gfx_queries_end(g, false);
    vkCmdEndRendering(g->open->cmd);
    g->vk_rendering = false;
}

void gfx_rendering_clear(struct gfx *g)
{
    struct gfx_state *s = &g->state;
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_COLOR; i++)
        let_go(g, &s->color[i]);
    let_go(g, &s->depth);
    let_go(g, &s->stencil);
    g->renderings++;
    s->rendering = s->loaded = s->has_depth = s->has_stencil = false;
    s->nr_color = 0;
}

static bool overlaps(const struct view *a, const struct view *b)
{
    return a && a->image == b->image && a->mip < b->mip + b->mips &&
           b->mip < a->mip + a->mips && a->layer < b->layer + b->layers &&
           b->layer < a->layer + a->layers;
}

/* Depth and stencil of an image count as one, and all layers of a view as
 * attached: parts of a rendering store all of it. */
bool gfx_attached(const struct gfx_state *s, const struct view *v)
{
    uint32_t i;

    for (i = 0; i < s->nr_color; i++) {
        if (overlaps(s->color[i].view, v) || overlaps(s->color[i].resolve, v))
            return true;
    }
    return overlaps(s->depth.view, v) || overlaps(s->depth.resolve, v) ||
           overlaps(s->stencil.view, v) || overlaps(s->stencil.resolve, v);
}

static bool resolves(const struct gfx_state *s)
{
    uint32_t i;

    for (i = 0; i < s->nr_color; i++) {
        if (s->color[i].resolve)
            return true;
    }
    return s->depth.resolve || s->stencil.resolve;
}

enum step gfx_pkt_end_rendering(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    struct gfx *g = gfx_of(e);
    struct gfx_state *s = &g->state;
    unsigned int i;

    (void)dw;
    (void)n;
    if (!s->rendering)
        return fault(e, XVGPU_FAULT_STATE);
    for (i = 0; i < 2; i++) {
        if (s->query[i].pool && s->query[i].in_rendering)
            return fault(e, XVGPU_FAULT_STATE);
    }
    /* Without a draw nothing has been cleared yet. */
    if (!s->loaded || resolves(s)) {
        if (!gfx_cmd(g))
            return STEP_FAULT;
        begin_part(g, true);
        gfx_rendering_end_part(g);
    } else if (g->vk_rendering) {
        gfx_rendering_end_part(g);
    }
    gfx_rendering_clear(g);
    return STEP_DONE;
}
