/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images. A new one is made readable and zeroed once; from then on it is in
 * VK_IMAGE_LAYOUT_GENERAL.
 */
#include "dm/engine/gfx/gfx.h"

#include <stdlib.h>

/* Bytes cleared between two chances to cut. */
#define CLEAR_BYTES (16u << 20)

#define TRANSFERS                                                              \
    (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)
#define USAGES                                                                 \
    (TRANSFERS | VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_STORAGE_BIT |     \
     VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |                                     \
     VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT)
#define FLAGS                                                                  \
    (VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT | VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT)

/* ---- What is allowed ----------------------------------------------------- */

static uint32_t usages_of(const struct format *f)
{
    uint32_t usage = 0;

    if (f->features & XVGPU_GFX_FORMAT_SAMPLED)
        usage |= TRANSFERS | VK_IMAGE_USAGE_SAMPLED_BIT;
    if (f->features & XVGPU_GFX_FORMAT_STORAGE)
        usage |= VK_IMAGE_USAGE_STORAGE_BIT;
    if (f->features & XVGPU_GFX_FORMAT_COLOR)
        usage |= VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    if (f->features & (XVGPU_GFX_FORMAT_DEPTH | XVGPU_GFX_FORMAT_STENCIL))
        usage |= VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
    return usage;
}

static bool extent_allowed(const struct xvgpu_gfx_create_image *p)
{
    uint32_t max =
        p->type == VK_IMAGE_TYPE_3D ? XVGPU_GFX_MAX_DIM_3D : XVGPU_GFX_MAX_DIM;
    uint32_t longest = p->width > p->height ? p->width : p->height;

    if (p->depth > longest)
        longest = p->depth;
    if (p->type > VK_IMAGE_TYPE_3D || !p->width || !p->height || !p->depth ||
        longest > max)
        return false;
    if ((p->type == VK_IMAGE_TYPE_1D && p->height != 1) ||
        (p->type != VK_IMAGE_TYPE_3D && p->depth != 1))
        return false;
    if (!p->layers || p->layers > XVGPU_GFX_MAX_LAYERS ||
        (p->type == VK_IMAGE_TYPE_3D && p->layers != 1))
        return false;
    return p->mips && p->mips <= XVGPU_GFX_MAX_MIPS &&
           longest >> (p->mips - 1) != 0;
}

static bool samples_allowed(const struct xvgpu_gfx_create_image *p)
{
    if (p->samples == 1)
        return true;
    return p->samples == 4 && p->type == VK_IMAGE_TYPE_2D && p->mips == 1 &&
           !(p->usage & VK_IMAGE_USAGE_STORAGE_BIT) &&
           !(p->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT);
}

static bool usage_allowed(const struct xvgpu_gfx_create_image *p,
                          const struct format *f)
{
    const uint32_t attachment = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |
                                VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;

    if (!p->usage || (p->usage & ~USAGES) || (p->flags & ~FLAGS) ||
        (p->usage & ~usages_of(f)))
        return false;
    /* Slices of a volume can't be attached without flags that aren't here. */
    if (p->type == VK_IMAGE_TYPE_3D && (p->usage & attachment))
        return false;
    return !(p->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) ||
           (p->type == VK_IMAGE_TYPE_2D && p->width == p->height &&
            p->layers >= 6);
}

/* Texels of a level. */
static uint64_t texels(const struct image *i, uint32_t mip)
{
    uint64_t w = i->width >> mip, h = i->height >> mip, d = i->depth >> mip;

    return (w ? w : 1) * (h ? h : 1) * (d ? d : 1) * i->samples;
}

/* The driver's answer may be as large as the question: ask for nothing that
 * is over the budget anyway. */
static bool too_large(const struct gfx *g, const struct image *i)
{
    uint64_t bytes = 0;
    uint32_t mip;

    for (mip = 0; mip < i->mips; mip++)
        bytes += texels(i, mip) * i->format->bytes * i->layers;
    return bytes > g->local_max;
}

/* ---- Making it ----------------------------------------------------------- */

static bool device_has(const struct gfx *g, const VkImageCreateInfo *info)
{
    VkImageFormatProperties props;

    return vkGetPhysicalDeviceImageFormatProperties(
               g->vk.physical, info->format, info->imageType, info->tiling,
               info->usage, info->flags, &props) == VK_SUCCESS &&
           info->extent.width <= props.maxExtent.width &&
           info->extent.height <= props.maxExtent.height &&
           info->extent.depth <= props.maxExtent.depth &&
           info->mipLevels <= props.maxMipLevels &&
           info->arrayLayers <= props.maxArrayLayers &&
           (info->samples & props.sampleCounts);
}

static int make_vk(struct gfx *g, struct image *i)
{
    const VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .flags = i->flags,
        .imageType = (VkImageType)i->type,
        .format = (VkFormat)i->format->format,
        .extent = {i->width, i->height, i->depth},
        .mipLevels = i->mips,
        .arrayLayers = i->layers,
        .samples = (VkSampleCountFlagBits)i->samples,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = i->usage | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
    };
    VkMemoryRequirements req;
    VkResult res;

    if (!device_has(g, &info))
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    if (too_large(g, i))
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    res = vkCreateImage(g->vk.device, &info, NULL, &i->vk);
    if (res < 0) {
        i->vk = VK_NULL_HANDLE;
        return gfx_vk_failed(g, res, "image");
    }
    vkGetImageMemoryRequirements(g->vk.device, i->vk, &req);
    if (gfx_alloc(g, &req, false, &i->memory, NULL) < 0)
        return -1;
    i->bytes = req.size;
    res = vkBindImageMemory(g->vk.device, i->vk, i->memory, 0);
    return res < 0 ? gfx_vk_failed(g, res, "memory of an image") : 0;
}

static void transition(VkCommandBuffer cmd, const struct image *i)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
        .newLayout = VK_IMAGE_LAYOUT_GENERAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = i->vk,
        .subresourceRange = {gfx_aspects(i->format), 0, i->mips, 0, i->layers},
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };

    vkCmdPipelineBarrier2(cmd, &info);
}

static void cleared(VkCommandBuffer cmd)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask =
            VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };

    vkCmdPipelineBarrier2(cmd, &info);
}

static void clear_part(VkCommandBuffer cmd, const struct image *i, uint32_t mip,
                       uint32_t layer, uint32_t layers)
{
    const VkImageSubresourceRange range = {gfx_aspects(i->format), mip, 1,
                                           layer, layers};
    const VkClearDepthStencilValue depth = {0};
    const VkClearColorValue color = {{0}};

    if (gfx_aspects(i->format) == VK_IMAGE_ASPECT_COLOR_BIT)
        vkCmdClearColorImage(cmd, i->vk, VK_IMAGE_LAYOUT_GENERAL, &color, 1,
                             &range);
    else
        vkCmdClearDepthStencilImage(cmd, i->vk, VK_IMAGE_LAYOUT_GENERAL, &depth,
                                    1, &range);
}

static int clear_level(struct gfx *g, const struct image *i, uint32_t mip)
{
    uint64_t bytes = texels(i, mip) * i->format->bytes;
    uint64_t fit = CLEAR_BYTES / bytes;
    uint32_t at, n;
    VkCommandBuffer cmd;

    for (at = 0; at < i->layers; at += n) {
        n = i->layers - at;
        if (n > fit)
            n = fit ? (uint32_t)fit : 1;
        cmd = gfx_cmd(g);
        if (!cmd)
            return -1;
        clear_part(cmd, i, mip, at, n);
        if (gfx_charge(g, NULL, (double)(bytes * n)) < 0)
            return -1;
    }
    return 0;
}

static int clear(struct gfx *g, const struct image *i)
{
    VkCommandBuffer cmd = gfx_cmd(g);
    uint32_t mip;

    if (!cmd)
        return -1;
    transition(cmd, i);
    for (mip = 0; mip < i->mips; mip++) {
        if (clear_level(g, i, mip) < 0)
            return -1;
    }
    cmd = gfx_cmd(g);
    if (!cmd)
        return -1;
    cleared(cmd);
    return 0;
}

/* ---- The class ----------------------------------------------------------- */

void gfx_drop_image(struct gfx *g, struct object *o)
{
    struct image *i = (struct image *)o;

    vkDestroyImage(g->vk.device, i->vk, NULL);
    vk_free(g, i->memory, i->bytes);
}

int gfx_make_image(struct gfx *g, const uint32_t *dw, uint32_t n,
                   const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_image *p = (const void *)dw;
    const struct format *f;
    struct image *i;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    f = gfx_format(p->format);
    if (!f || !extent_allowed(p) || !samples_allowed(p) || !usage_allowed(p, f))
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    i = calloc(1, sizeof(*i));
    if (!i)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    i->o.class_ = XVGPU_GFX_IMAGE;
    i->format = f;
    i->type = p->type;
    i->width = p->width;
    i->height = p->height;
    i->depth = p->depth;
    i->mips = p->mips;
    i->layers = p->layers;
    i->samples = p->samples;
    i->usage = p->usage;
    i->flags = p->flags;
    if (make_vk(g, i) < 0) {
        gfx_drop_image(g, &i->o);
        free(i);
        return -1;
    }
    if (clear(g, i) < 0) {
        gfx_leave(g, &i->o); /* a chunk may have it */
        return -1;
    }
    *out = &i->o;
    return 0;
}
