/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texel buffer views. Each has a VkBuffer of its own on its buffer's memory:
 * a view must suit all that its VkBuffer may be used for, and few formats suit
 * storage.
 */
#include "dm/engine/gfx/gfx.h"

#include <stdlib.h>

#define MAX_TEXELS (1u << 27)
#define OFFSET_ALIGN 64u

static void forget(struct gfx *g, struct buffer_view *v)
{
    vkDestroyBufferView(g->vk.device, v->vk, NULL);
    vkDestroyBuffer(g->vk.device, v->alias, NULL);
    v->vk = VK_NULL_HANDLE;
    v->alias = VK_NULL_HANDLE;
}

static int make_vk(struct gfx *g, struct buffer_view *v)
{
    const struct buffer *b = v->buffer;
    VkBufferViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
        .format = (VkFormat)v->format->format,
        .offset = v->offset,
        .range = v->range,
    };
    VkBufferUsageFlags usage = VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT;
    VkMemoryRequirements req;
    VkResult res;

    if (v->format->features & XVGPU_GFX_FORMAT_STEXEL)
        usage |= VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT;
    if (gfx_buffer_new_vk(g, b->size, usage, b->pages && !b->before,
                          &v->alias) < 0)
        return -1;
    vkGetBufferMemoryRequirements(g->vk.device, v->alias, &req);
    if (b->bind % req.alignment || req.size > b->bytes - b->bind)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, b->address);
    res = vkBindBufferMemory(g->vk.device, v->alias, b->memory, b->bind);
    info.buffer = v->alias;
    if (res >= 0)
        res = vkCreateBufferView(g->vk.device, &info, NULL, &v->vk);
    if (res >= 0)
        return 0;
    v->vk = VK_NULL_HANDLE;
    return gfx_vk_failed(g, res, "texel buffer view");
}

int gfx_buffer_view_ready(struct gfx *g, struct buffer_view *v)
{
    if (gfx_buffer_ready(g, v->buffer) < 0)
        return -1;
    if (v->vk && (v->buffer->local || v->epoch == g->map_epoch))
        return 0;
    /* An old one is of before a boundary: no chunk has it. */
    forget(g, v);
    v->epoch = g->map_epoch;
    if (make_vk(g, v) == 0)
        return 0;
    forget(g, v);
    return -1;
}

void gfx_drop_buffer_view(struct gfx *g, struct object *o)
{
    forget(g, (struct buffer_view *)o);
}

static int check(struct gfx *g, const struct xvgpu_gfx_create_buffer_view *p,
                 const struct format *f)
{
    VkDeviceSize align = g->vk.props.limits.minTexelBufferOffsetAlignment;
    uint32_t max = g->vk.props.limits.maxTexelBufferElements;

    if (p->reserved || !f || !(f->features & XVGPU_GFX_FORMAT_TEXEL) ||
        !p->range || p->range % f->bytes || p->range / f->bytes > MAX_TEXELS)
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    if (p->offset % OFFSET_ALIGN)
        return gfx_fault(g, XVGPU_FAULT_ALIGNMENT, p->offset);
    if (p->offset % align || p->range / f->bytes > max)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    return 0;
}

int gfx_make_buffer_view(struct gfx *g, const uint32_t *dw, uint32_t n,
                         const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_buffer_view *p = (const void *)dw;
    const struct format *f;
    struct buffer_view *v;
    struct buffer *b;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    f = gfx_format(p->format);
    if (check(g, p, f) < 0)
        return -1;
    b = (struct buffer *)gfx_use(g, XVGPU_GFX_BUFFER, p->buffer);
    if (!b || gfx_buffer_range(g, b, p->offset, p->range) < 0)
        return -1;
    v = calloc(1, sizeof(*v));
    if (!v)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    v->buffer = b;
    v->format = f;
    v->offset = p->offset;
    v->range = p->range;
    *out = &v->o;
    return 0;
}
