/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blits and clears of images and attachments. */
#include "dm/engine/gfx/transfer.h"

#include <string.h>

static enum step fault(struct engine *e, uint32_t code)
{
    return engine_fault(e, code, 0);
}

/* ---- Blits ------------------------------------------------------------------
 */

static bool corner_ok(uint32_t a, uint32_t b, uint32_t size)
{
    return a <= size && b <= size && a != b;
}

static bool corners_ok(const struct image *i,
                       const struct xvgpu_gfx_subresource *s,
                       const struct xvgpu_gfx_corners *c)
{
    return transfer_subresource_ok(i, s) &&
           s->aspect == VK_IMAGE_ASPECT_COLOR_BIT && i->samples == 1 &&
           corner_ok(c->x0, c->x1, level_size(i->width, s->mip)) &&
           corner_ok(c->y0, c->y1, level_size(i->height, s->mip)) &&
           corner_ok(c->z0, c->z1, level_size(i->depth, s->mip)) &&
           (i->type != VK_IMAGE_TYPE_1D || (c->y0 == 0 && c->y1 == 1)) &&
           (i->type == VK_IMAGE_TYPE_3D || (c->z0 == 0 && c->z1 == 1));
}

static VkOffset3D corner(uint32_t x, uint32_t y, uint32_t z)
{
    return (VkOffset3D){(int32_t)x, (int32_t)y, (int32_t)z};
}

enum step gfx_pkt_blit_image(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_blit_image *pkt = (const void *)dw;
    const struct xvgpu_gfx_subresource *src_sub = GFX_TAIL(pkt);
    const struct xvgpu_gfx_corners *from = GFX_TAIL(src_sub);
    const struct xvgpu_gfx_subresource *dst_sub = GFX_TAIL(from);
    const struct xvgpu_gfx_corners *to = GFX_TAIL(dst_sub);
    struct gfx *g = gfx_of(e);
    struct image *src, *dst;
    VkCommandBuffer cmd;
    VkImageBlit blit;

    if (gfx_length(e, n, sizeof(*pkt), 2 * (sizeof(*src_sub) + sizeof(*from))) <
        0)
        return STEP_FAULT;
    src = transfer_image(g, pkt->src, VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
    dst = src ? transfer_image(g, pkt->dst, VK_IMAGE_USAGE_TRANSFER_DST_BIT)
              : NULL;
    if (!dst)
        return STEP_FAULT;
    if (pkt->filter > VK_FILTER_LINEAR || !corners_ok(src, src_sub, from) ||
        !corners_ok(dst, dst_sub, to) || src->type != dst->type ||
        src_sub->layers != dst_sub->layers ||
        src->format->kind != dst->format->kind ||
        !(dst->format->features & XVGPU_GFX_FORMAT_COLOR) ||
        (pkt->filter && !(src->format->features & XVGPU_GFX_FORMAT_FILTER)) ||
        (src == dst && src_sub->mip == dst_sub->mip &&
         spans_overlap(src_sub->layer, dst_sub->layer, src_sub->layers)))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    cmd = transfer_cmd(g);
    if (!cmd)
        return STEP_FAULT;
    blit = (VkImageBlit){
        .srcSubresource = layers_of(src_sub, src_sub->layer, src_sub->layers),
        .srcOffsets = {corner(from->x0, from->y0, from->z0),
                       corner(from->x1, from->y1, from->z1)},
        .dstSubresource = layers_of(dst_sub, dst_sub->layer, dst_sub->layers),
        .dstOffsets = {corner(to->x0, to->y0, to->z0),
                       corner(to->x1, to->y1, to->z1)},
    };
    vkCmdBlitImage(cmd, src->vk, VK_IMAGE_LAYOUT_GENERAL, dst->vk,
                   VK_IMAGE_LAYOUT_GENERAL, 1, &blit, (VkFilter)pkt->filter);
    return gfx_step(gfx_charge(
        g, NULL, (double)dst->bytes / (dst->mips * dst->layers) * 16));
}

/* ---- Clears -----------------------------------------------------------------
 */

static VkClearDepthStencilValue depth_stencil(const uint32_t *value)
{
    VkClearDepthStencilValue v = {.stencil = value[1]};

    memcpy(&v.depth, value, sizeof(v.depth));
    return v;
}

enum step gfx_pkt_clear_image(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_clear_image *pkt = (const void *)dw;
    const struct xvgpu_gfx_subresource *sub = GFX_TAIL(pkt);
    struct gfx *g = gfx_of(e);
    VkClearDepthStencilValue depth;
    VkImageSubresourceRange range;
    VkClearColorValue color;
    struct image *image;
    VkCommandBuffer cmd;

    if (gfx_length(e, n, sizeof(*pkt), sizeof(*sub)) < 0)
        return STEP_FAULT;
    image = transfer_image(g, pkt->image, VK_IMAGE_USAGE_TRANSFER_DST_BIT);
    if (!image)
        return STEP_FAULT;
    if (!transfer_subresource_ok(image, sub) || !pkt->mips ||
        pkt->mips > image->mips - sub->mip ||
        ((sub->aspect & VK_IMAGE_ASPECT_DEPTH_BIT) &&
         !gfx_depth_ok(pkt->value0)))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    cmd = transfer_cmd(g);
    if (!cmd)
        return STEP_FAULT;
    range = (VkImageSubresourceRange){sub->aspect, sub->mip, pkt->mips,
                                      sub->layer, sub->layers};
    memcpy(&color, &pkt->value0, sizeof(color));
    if (sub->aspect == VK_IMAGE_ASPECT_COLOR_BIT) {
        vkCmdClearColorImage(cmd, image->vk, VK_IMAGE_LAYOUT_GENERAL, &color, 1,
                             &range);
    } else {
        depth = depth_stencil(&pkt->value0);
        vkCmdClearDepthStencilImage(cmd, image->vk, VK_IMAGE_LAYOUT_GENERAL,
                                    &depth, 1, &range);
    }
    return gfx_step(gfx_charge(g, NULL, (double)image->bytes));
}

enum step gfx_pkt_clear_attachment(struct engine *e, const uint32_t *dw,
                                   uint32_t n)
{
    const struct xvgpu_gfx_clear_attachment *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    const struct gfx_state *s = &g->state;
    const bool color = pkt->aspect == VK_IMAGE_ASPECT_COLOR_BIT;
    VkClearAttachment clear = {.aspectMask = pkt->aspect,
                               .colorAttachment = pkt->color};
    VkClearRect rect;
    VkCommandBuffer cmd;

    (void)n;
    if (!s->rendering)
        return fault(e, XVGPU_FAULT_STATE);
    if ((!color && pkt->aspect & ~6u) || !pkt->aspect ||
        (color ? pkt->color >= s->nr_color : pkt->color) ||
        ((pkt->aspect & VK_IMAGE_ASPECT_DEPTH_BIT) &&
         (!s->has_depth || !gfx_depth_ok(pkt->value0))) ||
        ((pkt->aspect & VK_IMAGE_ASPECT_STENCIL_BIT) && !s->has_stencil) ||
        pkt->x < (uint32_t)s->area.offset.x ||
        pkt->y < (uint32_t)s->area.offset.y ||
        !span_ok(pkt->x - (uint32_t)s->area.offset.x, pkt->width,
                 s->area.extent.width) ||
        !span_ok(pkt->y - (uint32_t)s->area.offset.y, pkt->height,
                 s->area.extent.height) ||
        !span_ok(pkt->layer, pkt->layers, s->layers))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    if (gfx_segment_room(g) < 0)
        return STEP_FAULT;
    cmd = gfx_cmd_rendering(g);
    if (!cmd)
        return STEP_FAULT;
    if (color)
        memcpy(&clear.clearValue.color, &pkt->value0,
               sizeof(clear.clearValue.color));
    else
        clear.clearValue.depthStencil = depth_stencil(&pkt->value0);
    rect = (VkClearRect){
        {{(int32_t)pkt->x, (int32_t)pkt->y}, {pkt->width, pkt->height}},
        pkt->layer,
        pkt->layers};
    vkCmdClearAttachments(cmd, 1, &clear, 1, &rect);
    return gfx_step(
        gfx_charge(g, NULL, 16.0 * pkt->width * pkt->height * pkt->layers));
}
