/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image views and samplers. */
#include "dm/engine/gfx/gfx.h"

#include <math.h>
#include <stdlib.h>

#define ATTACHMENT                                                             \
    (VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |                                     \
     VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT)
#define DEPTH_STENCIL (VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT)

/* ---- Views --------------------------------------------------------------- */

/* VkImageViewCreateInfo's table of what fits together (chapter 12.5). */
static bool type_fits(const struct xvgpu_gfx_create_view *p,
                      const struct image *i)
{
    switch (p->type) {
    case VK_IMAGE_VIEW_TYPE_1D:
        return i->type == VK_IMAGE_TYPE_1D && p->layers == 1;
    case VK_IMAGE_VIEW_TYPE_1D_ARRAY:
        return i->type == VK_IMAGE_TYPE_1D;
    case VK_IMAGE_VIEW_TYPE_2D:
        return i->type == VK_IMAGE_TYPE_2D && p->layers == 1;
    case VK_IMAGE_VIEW_TYPE_2D_ARRAY:
        return i->type == VK_IMAGE_TYPE_2D;
    case VK_IMAGE_VIEW_TYPE_3D:
        return i->type == VK_IMAGE_TYPE_3D;
    case VK_IMAGE_VIEW_TYPE_CUBE:
        return (i->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) &&
               p->layers == 6;
    case VK_IMAGE_VIEW_TYPE_CUBE_ARRAY:
        return (i->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) &&
               p->layers % 6 == 0;
    default:
        return false;
    }
}

static bool format_fits(const struct format *f, const struct image *i)
{
    const uint32_t depth = XVGPU_GFX_FORMAT_DEPTH | XVGPU_GFX_FORMAT_STENCIL;

    if (f == i->format)
        return true;
    return f && (i->flags & VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT) &&
           f->bytes == i->format->bytes &&
           !((f->features | i->format->features) & depth);
}

static bool range_fits(const struct xvgpu_gfx_create_view *p,
                       const struct image *i)
{
    return p->mips && p->mip < i->mips && p->mips <= i->mips - p->mip &&
           p->layers && p->layer < i->layers &&
           p->layers <= i->layers - p->layer;
}

static bool swizzle_allowed(uint32_t swizzle)
{
    uint32_t k;

    for (k = 0; k < 4; k++) {
        if ((swizzle >> 4 * k & 0xf) > VK_COMPONENT_SWIZZLE_A)
            return false;
    }
    return swizzle >> 16 == 0;
}

/* What it may be used for, besides what the image is for. */
static uint32_t usage_of(const struct xvgpu_gfx_create_view *p,
                         const struct format *f)
{
    uint32_t usage = 0;

    if (p->aspect != DEPTH_STENCIL && (f->features & XVGPU_GFX_FORMAT_SAMPLED))
        usage |= VK_IMAGE_USAGE_SAMPLED_BIT;
    if (p->swizzle)
        return usage;
    if (f->features & XVGPU_GFX_FORMAT_STORAGE)
        usage |= VK_IMAGE_USAGE_STORAGE_BIT;
    if (p->mips != 1 || p->type == VK_IMAGE_VIEW_TYPE_3D)
        return usage;
    if (f->features & XVGPU_GFX_FORMAT_COLOR)
        usage |= VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    if (p->aspect & DEPTH_STENCIL)
        usage |= VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
    return usage;
}

static int make_view(struct gfx *g, struct view *v)
{
    const VkImageViewUsageCreateInfo usage = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_USAGE_CREATE_INFO,
        .usage = v->usage,
    };
    const VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .pNext = &usage,
        .image = v->image->vk,
        .viewType = (VkImageViewType)v->type,
        .format = (VkFormat)v->format->format,
        .components = {(VkComponentSwizzle)(v->swizzle & 0xf),
                       (VkComponentSwizzle)(v->swizzle >> 4 & 0xf),
                       (VkComponentSwizzle)(v->swizzle >> 8 & 0xf),
                       (VkComponentSwizzle)(v->swizzle >> 12 & 0xf)},
        .subresourceRange = {v->aspect, v->mip, v->mips, v->layer, v->layers},
    };
    VkResult res = vkCreateImageView(g->vk.device, &info, NULL, &v->vk);

    if (res >= 0)
        return 0;
    v->vk = VK_NULL_HANDLE;
    return gfx_vk_failed(g, res, "image view");
}

void gfx_drop_view(struct gfx *g, struct object *o)
{
    vkDestroyImageView(g->vk.device, ((struct view *)o)->vk, NULL);
}

int gfx_make_view(struct gfx *g, const uint32_t *dw, uint32_t n,
                  const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_view *p = (const void *)dw;
    const struct format *f;
    struct image *i;
    uint32_t usage;
    struct view *v;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    i = (struct image *)gfx_use(g, XVGPU_GFX_IMAGE, p->image);
    if (!i)
        return -1;
    f = gfx_format(p->format);
    if (!format_fits(f, i) || !range_fits(p, i) || !type_fits(p, i) ||
        !p->aspect || (p->aspect & ~gfx_aspects(f)) ||
        !swizzle_allowed(p->swizzle))
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    /* Multisampled: no other types than 2D. Those are the image's rules. */
    usage = i->usage & usage_of(p, f);
    if (!usage)
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    v = calloc(1, sizeof(*v));
    if (!v)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    v->image = i;
    v->format = f;
    v->type = p->type;
    v->aspect = p->aspect;
    v->mip = p->mip;
    v->mips = p->mips;
    v->layer = p->layer;
    v->layers = p->layers;
    v->swizzle = p->swizzle;
    v->usage = usage;
    if (make_view(g, v) < 0) {
        free(v);
        return -1;
    }
    *out = &v->o;
    return 0;
}

/* ---- Samplers ------------------------------------------------------------ */

/* NaN is in no range. */
static bool within(float v, float min, float max)
{
    return v >= min && v <= max;
}

static bool sampler_allowed(const struct xvgpu_gfx_create_sampler *p)
{
    return p->mag_filter <= VK_FILTER_LINEAR &&
           p->min_filter <= VK_FILTER_LINEAR &&
           p->mipmap_mode <= VK_SAMPLER_MIPMAP_MODE_LINEAR &&
           p->address_u <= VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER &&
           p->address_v <= VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER &&
           p->address_w <= VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER &&
           p->border <= VK_BORDER_COLOR_INT_OPAQUE_WHITE &&
           within(p->lod_bias, -4, 4) && within(p->min_lod, 0, 1000) &&
           within(p->max_lod, p->min_lod, 1000) &&
           within(p->max_anisotropy, 1, 16) &&
           p->compare <= VK_COMPARE_OP_ALWAYS + 1;
}

/* Those that descriptors refer to live on without a number; one is set.c's. */
static bool has_room(struct gfx *g)
{
    const uint32_t max = g->vk.props.limits.maxSamplerAllocationCount;

    if (g->samplers + 1 < max)
        return true;
    return gfx_drain(g) == 0 && g->samplers + 1 < max;
}

void gfx_drop_sampler(struct gfx *g, struct object *o)
{
    vkDestroySampler(g->vk.device, ((struct sampler *)o)->vk, NULL);
    g->samplers--;
}

int gfx_make_sampler(struct gfx *g, const uint32_t *dw, uint32_t n,
                     const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_sampler *p = (const void *)dw;
    VkSamplerCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
    struct sampler *s;
    VkResult res;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    if (!sampler_allowed(p))
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    if (fabsf(p->lod_bias) > g->vk.props.limits.maxSamplerLodBias ||
        !has_room(g))
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    s = calloc(1, sizeof(*s));
    if (!s)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    info.magFilter = (VkFilter)p->mag_filter;
    info.minFilter = (VkFilter)p->min_filter;
    info.mipmapMode = (VkSamplerMipmapMode)p->mipmap_mode;
    info.addressModeU = (VkSamplerAddressMode)p->address_u;
    info.addressModeV = (VkSamplerAddressMode)p->address_v;
    info.addressModeW = (VkSamplerAddressMode)p->address_w;
    info.borderColor = (VkBorderColor)p->border;
    info.mipLodBias = p->lod_bias;
    info.minLod = p->min_lod;
    info.maxLod = p->max_lod;
    info.anisotropyEnable = p->max_anisotropy > 1;
    info.maxAnisotropy = p->max_anisotropy;
    info.compareEnable = p->compare != 0;
    info.compareOp = p->compare ? (VkCompareOp)(p->compare - 1) : 0;
    s->linear = p->mag_filter || p->min_filter || p->mipmap_mode ||
                p->max_anisotropy > 1;
    s->compares = p->compare != 0;
    res = vkCreateSampler(g->vk.device, &info, NULL, &s->vk);
    if (res < 0) {
        free(s);
        return gfx_vk_failed(g, res, "sampler");
    }
    g->samplers++;
    *out = &s->o;
    return 0;
}
