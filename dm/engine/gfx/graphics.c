/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a graphics pipeline may be (chapters 10, and 22 to 29). */
#include "dm/engine/gfx/graphics.h"

static int bad_field(struct gfx *g)
{
    return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
}

/* ---- The packet ---------------------------------------------------------- */

static int split(struct gfx *g, const uint32_t *dw, uint32_t n,
                 struct graphics *in)
{
    const struct xvgpu_gfx_create_graphics *p = (const void *)dw;
    uint32_t stencils;

    if (n * 4 < sizeof(*p))
        return gfx_length(g->e, n, sizeof(*p), 0);
    if (!p->nr_stages || p->nr_stages > XVGPU_GFX_MAX_STAGES ||
        p->nr_spec > XVGPU_GFX_MAX_SPEC ||
        p->nr_bindings > XVGPU_GFX_MAX_VERTEX_BUFFERS ||
        p->nr_attributes > XVGPU_GFX_MAX_VERTEX_BUFFERS ||
        p->nr_color > XVGPU_GFX_MAX_COLOR ||
        (p->flags & ~XVGPU_GFX_PIPELINE_FLAGS))
        return bad_field(g);
    stencils = p->flags & XVGPU_GFX_PIPELINE_STENCIL_TEST ? 2 : 0;
    in->p = p;
    in->stage = GFX_TAIL(p);
    in->spec = (const void *)(in->stage + p->nr_stages);
    in->binding = (const void *)(in->spec + p->nr_spec);
    in->attribute = (const void *)(in->binding + p->nr_bindings);
    in->blend = (const void *)(in->attribute + p->nr_attributes);
    in->stencil = stencils ? (const void *)(in->blend + p->nr_color) : NULL;
    return gfx_length(
        g->e, n, sizeof(*p),
        p->nr_stages * sizeof(*in->stage) + p->nr_spec * sizeof(*in->spec) +
            p->nr_bindings * sizeof(*in->binding) +
            p->nr_attributes * sizeof(*in->attribute) +
            p->nr_color * sizeof(*in->blend) + stencils * sizeof(*in->stencil));
}

/* ---- What is allowed ----------------------------------------------------- */

/* Lists and patches don't restart (that is a feature of its own). */
static bool restarts(uint32_t topology)
{
    switch (topology) {
    case VK_PRIMITIVE_TOPOLOGY_LINE_STRIP:
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP:
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN:
    case VK_PRIMITIVE_TOPOLOGY_LINE_STRIP_WITH_ADJACENCY:
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP_WITH_ADJACENCY:
        return true;
    default:
        return false;
    }
}

static bool topology_allowed(const struct gfx *g,
                             const struct xvgpu_gfx_create_graphics *p)
{
    bool patches = p->topology == VK_PRIMITIVE_TOPOLOGY_PATCH_LIST;

    if (p->topology > VK_PRIMITIVE_TOPOLOGY_PATCH_LIST ||
        (patches
             ? !p->patch_points || p->patch_points > XVGPU_GFX_MAX_PATCH ||
                   p->patch_points > g->vk.props.limits.maxTessellationPatchSize
             : p->patch_points != 0))
        return false;
    return !(p->flags & XVGPU_GFX_PIPELINE_PRIMITIVE_RESTART) ||
           restarts(p->topology);
}

static bool raster_allowed(const struct gfx *g,
                           const struct xvgpu_gfx_create_graphics *p)
{
    bool logic = p->flags & XVGPU_GFX_PIPELINE_LOGIC_OP;

    return p->polygon_mode <= VK_POLYGON_MODE_POINT &&
           p->cull_mode <= VK_CULL_MODE_FRONT_AND_BACK &&
           p->front_face <= VK_FRONT_FACE_CLOCKWISE &&
           (p->samples == 1 || p->samples == 4) &&
           p->depth_compare <= VK_COMPARE_OP_ALWAYS &&
           p->logic_op <= (logic ? VK_LOGIC_OP_SET : 0u) && p->viewports &&
           p->viewports <= XVGPU_GFX_MAX_VIEWPORTS &&
           p->viewports <= g->vk.props.limits.maxViewports;
}

static bool depth_allowed(const struct xvgpu_gfx_create_graphics *p)
{
    const struct format *depth = gfx_format(p->depth_format);
    const struct format *stencil = gfx_format(p->stencil_format);

    if (p->depth_format &&
        (!depth || !(depth->features & XVGPU_GFX_FORMAT_DEPTH)))
        return false;
    if (p->stencil_format &&
        (!stencil || !(stencil->features & XVGPU_GFX_FORMAT_STENCIL)))
        return false;
    return !depth || !stencil || depth == stencil;
}

static bool stencil_allowed(const struct xvgpu_gfx_stencil *s)
{
    return s->fail <= VK_STENCIL_OP_DECREMENT_AND_WRAP &&
           s->pass <= VK_STENCIL_OP_DECREMENT_AND_WRAP &&
           s->depth_fail <= VK_STENCIL_OP_DECREMENT_AND_WRAP &&
           s->compare <= VK_COMPARE_OP_ALWAYS;
}

static bool blend_allowed(const struct xvgpu_gfx_blend *b, bool logic)
{
    const uint32_t factor = VK_BLEND_FACTOR_SRC_ALPHA_SATURATE;
    const struct format *f = gfx_format(b->format);

    if (b->format && (!f || !(f->features & XVGPU_GFX_FORMAT_COLOR)))
        return false;
    if (b->enable > 1 ||
        (b->enable && (logic || !f || !(f->features & XVGPU_GFX_FORMAT_BLEND))))
        return false;
    return b->src_color <= factor && b->dst_color <= factor &&
           b->src_alpha <= factor && b->dst_alpha <= factor &&
           b->color_op <= VK_BLEND_OP_MAX && b->alpha_op <= VK_BLEND_OP_MAX &&
           b->write_mask <= 0xf;
}

static bool attribute_allowed(const struct graphics *in, uint32_t i)
{
    const struct xvgpu_gfx_vertex_attribute *a = &in->attribute[i];
    const struct format *f = gfx_format(a->format);
    uint32_t k;

    for (k = 0; k < i; k++) {
        if (in->attribute[k].location == a->location)
            return false;
    }
    if (!f || !(f->features & XVGPU_GFX_FORMAT_VERTEX) ||
        a->location >= XVGPU_GFX_MAX_VERTEX_BUFFERS ||
        a->binding >= in->p->nr_bindings || a->offset % 4)
        return false;
    return a->offset <= in->binding[a->binding].stride &&
           f->bytes <= in->binding[a->binding].stride - a->offset;
}

static bool vertices_allowed(const struct gfx *g, const struct graphics *in)
{
    const VkPhysicalDeviceLimits *m = &g->vk.props.limits;
    uint32_t i;

    for (i = 0; i < in->p->nr_bindings; i++) {
        if (in->binding[i].stride > XVGPU_GFX_MAX_STRIDE ||
            in->binding[i].stride > m->maxVertexInputBindingStride ||
            in->binding[i].stride % 4 || in->binding[i].per_instance > 1)
            return false;
    }
    for (i = 0; i < in->p->nr_attributes; i++) {
        if (!attribute_allowed(in, i) ||
            in->attribute[i].offset > m->maxVertexInputAttributeOffset)
            return false;
    }
    return true;
}

static int check(struct gfx *g, const struct graphics *in)
{
    const struct xvgpu_gfx_create_graphics *p = in->p;
    uint32_t i;

    if (!topology_allowed(g, p) || !raster_allowed(g, p) || !depth_allowed(p) ||
        !vertices_allowed(g, in))
        return bad_field(g);
    for (i = 0; i < p->nr_color; i++) {
        if (!blend_allowed(&in->blend[i],
                           p->flags & XVGPU_GFX_PIPELINE_LOGIC_OP))
            return bad_field(g);
    }
    if (in->stencil && (!stencil_allowed(&in->stencil[0]) ||
                        !stencil_allowed(&in->stencil[1])))
        return bad_field(g);
    for (i = 0; i < p->nr_stages; i++) {
        if (in->stage[i].nr_spec > p->nr_spec ||
            in->stage[i].first_spec > p->nr_spec - in->stage[i].nr_spec)
            return bad_field(g);
    }
    if (p->nr_color > g->vk.props.limits.maxColorAttachments)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    return 0;
}

int gfx_graphics_read(struct gfx *g, const uint32_t *dw, uint32_t n,
                      struct graphics *in)
{
    return split(g, dw, n, in) < 0 || check(g, in) < 0 ? -1 : 0;
}
