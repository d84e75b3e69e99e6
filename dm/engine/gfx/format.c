/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formats of gfx.h. */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>

#define ROW(NAME, value, bytes, components, kind, features)                    \
    [value] = {value, bytes, components, XVGPU_GFX_KIND_##kind, features},
static const struct format formats[] = {XVGPU_GFX_FORMATS(ROW)};
#undef ROW

#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct format *gfx_format(uint32_t format)
{
    return format < NR_FORMATS && formats[format].format ? &formats[format]
                                                         : NULL;
}

uint32_t gfx_aspects(const struct format *f)
{
    uint32_t aspect = 0;

    if (f->features & XVGPU_GFX_FORMAT_DEPTH)
        aspect |= VK_IMAGE_ASPECT_DEPTH_BIT;
    if (f->features & XVGPU_GFX_FORMAT_STENCIL)
        aspect |= VK_IMAGE_ASPECT_STENCIL_BIT;
    return aspect ? aspect : VK_IMAGE_ASPECT_COLOR_BIT;
}

/* What Vulkan calls these features (chapter 34.). */
static const struct {
    uint32_t feature;
    VkFormatFeatureFlags image, buffer;
} needs[] = {
    {XVGPU_GFX_FORMAT_SAMPLED,
     VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT | VK_FORMAT_FEATURE_TRANSFER_SRC_BIT |
         VK_FORMAT_FEATURE_TRANSFER_DST_BIT,
     0},
    {XVGPU_GFX_FORMAT_FILTER,
     VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT |
         VK_FORMAT_FEATURE_BLIT_SRC_BIT,
     0},
    {XVGPU_GFX_FORMAT_STORAGE, VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT, 0},
    {XVGPU_GFX_FORMAT_COLOR,
     VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT | VK_FORMAT_FEATURE_BLIT_DST_BIT,
     0},
    {XVGPU_GFX_FORMAT_BLEND, VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT, 0},
    {XVGPU_GFX_FORMAT_DEPTH, VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT, 0},
    {XVGPU_GFX_FORMAT_STENCIL, VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT,
     0},
    {XVGPU_GFX_FORMAT_VERTEX, 0, VK_FORMAT_FEATURE_VERTEX_BUFFER_BIT},
    {XVGPU_GFX_FORMAT_TEXEL, 0, VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT},
    {XVGPU_GFX_FORMAT_STEXEL, 0, VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT},
};

/* The features of `f` that the device lacks. */
static uint32_t lacks(const struct vk *vk, const struct format *f)
{
    VkFormatProperties props;
    uint32_t missing = 0;
    size_t i;

    vkGetPhysicalDeviceFormatProperties(vk->physical, (VkFormat)f->format,
                                        &props);
    for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if ((f->features & needs[i].feature) &&
            ((needs[i].image & ~props.optimalTilingFeatures) ||
             (needs[i].buffer & ~props.bufferFeatures)))
            missing |= needs[i].feature;
    }
    return missing;
}

/* The features of the device are those of each format here, or none. */
static void without_format(struct vk *vk, const struct format *f)
{
    VkFormatProperties3 props = {.sType =
                                     VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3};
    VkFormatProperties2 more = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2,
                                .pNext = &props};
    VkFormatFeatureFlags2 have = ~0ull;

    vkGetPhysicalDeviceFormatProperties2(vk->physical, (VkFormat)f->format,
                                         &more);
    if (f->features & XVGPU_GFX_FORMAT_STORAGE)
        have &= props.optimalTilingFeatures;
    if (f->features & XVGPU_GFX_FORMAT_STEXEL)
        have &= props.bufferFeatures;
    vk->read_without_format &=
        !!(have & VK_FORMAT_FEATURE_2_STORAGE_READ_WITHOUT_FORMAT_BIT);
    vk->write_without_format &=
        !!(have & VK_FORMAT_FEATURE_2_STORAGE_WRITE_WITHOUT_FORMAT_BIT);
}

int gfx_formats_check(struct vk *vk)
{
    uint32_t missing;
    int rc = 0;
    size_t i;

    for (i = 0; i < NR_FORMATS; i++) {
        missing = formats[i].format ? lacks(vk, &formats[i]) : 0;
        if (formats[i].format)
            without_format(vk, &formats[i]);
        if (!missing)
            continue;
        log_error("gfx: %s: format %zu lacks features 0x%x",
                  vk->props.deviceName, i, missing);
        rc = -ENODEV;
    }
    return rc;
}
