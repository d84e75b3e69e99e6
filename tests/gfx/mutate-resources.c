/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/mutate-resources.h"

#include <string.h>

#define OBJECTS 1024u

/* To be destroyed in the opposite order. */
static struct object {
    enum object_kind kind;
    uint64_t handle;
} objects[OBJECTS];
static unsigned int n_objects;

VkResult keep(enum object_kind kind, uint64_t handle)
{
    if (n_objects == OBJECTS)
        return VK_ERROR_TOO_MANY_OBJECTS;
    objects[n_objects].kind = kind;
    objects[n_objects++].handle = handle;
    return VK_SUCCESS;
}

void drop_objects(void)
{
    while (n_objects) {
        struct object *o = &objects[--n_objects];

        switch (o->kind) {
#define DROP(name, type, destroy)                                              \
    case name:                                                                 \
        destroy(device, (type)o->handle, NULL);                                \
        break;
            DROP(MEMORY, VkDeviceMemory, vkFreeMemory)
            DROP(BUFFER, VkBuffer, vkDestroyBuffer)
            DROP(IMAGE, VkImage, vkDestroyImage)
            DROP(VIEW, VkImageView, vkDestroyImageView)
            DROP(BUFFER_VIEW, VkBufferView, vkDestroyBufferView)
            DROP(SAMPLER, VkSampler, vkDestroySampler)
            DROP(SET_LAYOUT, VkDescriptorSetLayout,
                 vkDestroyDescriptorSetLayout)
            DROP(LAYOUT, VkPipelineLayout, vkDestroyPipelineLayout)
            DROP(POOL, VkDescriptorPool, vkDestroyDescriptorPool)
            DROP(MODULE, VkShaderModule, vkDestroyShaderModule)
            DROP(PIPELINE, VkPipeline, vkDestroyPipeline)
#undef DROP
        }
    }
}

/* ---- Resources ------------------------------------------------------- */

static VkResult make_memory(VkMemoryRequirements need, VkDeviceMemory *memory)
{
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = need.size,
        .memoryTypeIndex = memory_type,
    };

    VK(vkAllocateMemory(device, &info, NULL, memory));
    return keep(MEMORY, (uint64_t)*memory);
}

void fill(uint32_t *w, uint32_t n)
{
    static const uint32_t edge[] = {0, UINT32_MAX, 0x80000000u, 0x7fffffffu};
    uint32_t k;
    float f;

    for (k = 0; k < n; k++) {
        f = 0.125f * (float)(k % 23) - 0.5f;
        switch (k % 64 < 48 ? 0 : k % 4) {
        case 0:
        case 1:
            memcpy(&w[k], &f, sizeof(f));
            break;
        case 2:
            w[k] = k % 37;
            break;
        default:
            w[k] = edge[k / 4 % 4];
        }
    }
}

VkResult make_buffer(VkBuffer *buffer)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = BUFFER_BYTES,
        .usage = VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
                 VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                 VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
                 VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT |
                 VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
    };
    VkMemoryRequirements need;
    VkDeviceMemory memory;
    void *at;

    VK(vkCreateBuffer(device, &info, NULL, buffer));
    VK(keep(BUFFER, (uint64_t)*buffer));
    vkGetBufferMemoryRequirements(device, *buffer, &need);
    VK(make_memory(need, &memory));
    VK(vkBindBufferMemory(device, *buffer, memory, 0));
    VK(vkMapMemory(device, memory, 0, VK_WHOLE_SIZE, 0, &at));
    fill(at, BUFFER_BYTES / 4);
    vkUnmapMemory(device, memory);
    return VK_SUCCESS;
}

static VkFormat format_of(const struct shader_binding *b)
{
    /* By SPIR-V's ImageFormat. */
    static const VkFormat formats[] = {
        VK_FORMAT_UNDEFINED,
        VK_FORMAT_R32G32B32A32_SFLOAT,
        VK_FORMAT_R16G16B16A16_SFLOAT,
        VK_FORMAT_R32_SFLOAT,
        VK_FORMAT_R8G8B8A8_UNORM,
        VK_FORMAT_R8G8B8A8_SNORM,
        VK_FORMAT_R32G32_SFLOAT,
        VK_FORMAT_R16G16_SFLOAT,
        VK_FORMAT_B10G11R11_UFLOAT_PACK32,
        VK_FORMAT_R16_SFLOAT,
        VK_FORMAT_R16G16B16A16_UNORM,
        VK_FORMAT_A2B10G10R10_UNORM_PACK32,
        VK_FORMAT_R16G16_UNORM,
        VK_FORMAT_R8G8_UNORM,
        VK_FORMAT_R16_UNORM,
        VK_FORMAT_R8_UNORM,
        VK_FORMAT_R16G16B16A16_SNORM,
        VK_FORMAT_R16G16_SNORM,
        VK_FORMAT_R8G8_SNORM,
        VK_FORMAT_R16_SNORM,
        VK_FORMAT_R8_SNORM,
        VK_FORMAT_R32G32B32A32_SINT,
        VK_FORMAT_R16G16B16A16_SINT,
        VK_FORMAT_R8G8B8A8_SINT,
        VK_FORMAT_R32_SINT,
        VK_FORMAT_R32G32_SINT,
        VK_FORMAT_R16G16_SINT,
        VK_FORMAT_R8G8_SINT,
        VK_FORMAT_R16_SINT,
        VK_FORMAT_R8_SINT,
        VK_FORMAT_R32G32B32A32_UINT,
        VK_FORMAT_R16G16B16A16_UINT,
        VK_FORMAT_R8G8B8A8_UINT,
        VK_FORMAT_R32_UINT,
        VK_FORMAT_A2B10G10R10_UINT_PACK32,
        VK_FORMAT_R32G32_UINT,
        VK_FORMAT_R16G16_UINT,
        VK_FORMAT_R8G8_UINT,
        VK_FORMAT_R16_UINT,
        VK_FORMAT_R8_UINT,
    };
    static const VkFormat any[] = {
        [SHADER_FLOAT] = VK_FORMAT_R8G8B8A8_UNORM,
        [SHADER_INT] = VK_FORMAT_R32G32B32A32_SINT,
        [SHADER_UINT] = VK_FORMAT_R32G32B32A32_UINT,
    };

    if (!b->format || b->format >= sizeof(formats) / sizeof(formats[0]))
        return any[b->base & 3];
    return formats[b->format];
}

static VkResult make_view(VkImage image, VkFormat format, VkImageViewType type,
                          uint32_t layers, uint32_t levels, VkImageView *view)
{
    VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = image,
        .viewType = type,
        .format = format,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, levels, 0, layers},
    };

    VK(vkCreateImageView(device, &info, NULL, view));
    return keep(VIEW, (uint64_t)*view);
}

static VkResult clear_image(VkImage image)
{
    VkImageMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
        .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
        .newLayout = VK_IMAGE_LAYOUT_GENERAL,
        .image = image,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0,
                             VK_REMAINING_MIP_LEVELS, 0,
                             VK_REMAINING_ARRAY_LAYERS},
    };

    vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0,
                         NULL, 1, &barrier);
    return VK_SUCCESS;
}

VkResult make_image(const struct shader_binding *b, VkFormat format,
                    VkImageUsageFlags usage, VkImageView *view)
{
    static const VkImageType types[] = {VK_IMAGE_TYPE_1D, VK_IMAGE_TYPE_2D,
                                        VK_IMAGE_TYPE_3D, VK_IMAGE_TYPE_2D};
    static const VkImageViewType views[2][4] = {
        {VK_IMAGE_VIEW_TYPE_1D, VK_IMAGE_VIEW_TYPE_2D, VK_IMAGE_VIEW_TYPE_3D,
         VK_IMAGE_VIEW_TYPE_CUBE},
        {VK_IMAGE_VIEW_TYPE_1D_ARRAY, VK_IMAGE_VIEW_TYPE_2D_ARRAY,
         VK_IMAGE_VIEW_TYPE_3D, VK_IMAGE_VIEW_TYPE_CUBE_ARRAY},
    };
    uint32_t dim = b->dim & 3;
    bool cube = dim == SHADER_DIM_CUBE;
    VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .flags = cube ? VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT : 0,
        .imageType = types[dim],
        .format = format,
        .extent = {SIZE, dim == SHADER_DIM_1D ? 1 : SIZE,
                   dim == SHADER_DIM_3D ? SIZE : 1},
        .mipLevels =
            b->multisampled || usage & VK_IMAGE_USAGE_STORAGE_BIT ? 1 : 3,
        .arrayLayers = (cube ? 6 : 1) * (b->arrayed ? 2 : 1),
        .samples =
            b->multisampled ? VK_SAMPLE_COUNT_4_BIT : VK_SAMPLE_COUNT_1_BIT,
        .usage = usage,
    };
    VkImageFormatProperties properties;
    VkMemoryRequirements need;
    VkDeviceMemory memory;
    VkImage image;

    VK(vkGetPhysicalDeviceImageFormatProperties(
        physical, format, info.imageType, info.tiling, usage, info.flags,
        &properties));
    if (!(properties.sampleCounts & info.samples))
        return VK_ERROR_FORMAT_NOT_SUPPORTED;
    VK(vkCreateImage(device, &info, NULL, &image));
    VK(keep(IMAGE, (uint64_t)image));
    vkGetImageMemoryRequirements(device, image, &need);
    VK(make_memory(need, &memory));
    VK(vkBindImageMemory(device, image, memory, 0));
    VK(clear_image(image));
    return make_view(image, format, views[b->arrayed][dim], info.arrayLayers,
                     info.mipLevels, view);
}

static VkResult make_texels(const struct shader_binding *b, bool storage,
                            VkBufferView *view)
{
    VkBufferViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
        .format = format_of(b),
        .range = VK_WHOLE_SIZE,
    };
    VkFormatProperties p;

    vkGetPhysicalDeviceFormatProperties(physical, info.format, &p);
    if (!(p.bufferFeatures &
          (storage ? VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT
                   : VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT)))
        return VK_ERROR_FORMAT_NOT_SUPPORTED;
    VK(make_buffer(&info.buffer));
    VK(vkCreateBufferView(device, &info, NULL, view));
    return keep(BUFFER_VIEW, (uint64_t)*view);
}

static VkResult make_sampler(VkSampler *sampler)
{
    VkSamplerCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
        .magFilter = VK_FILTER_NEAREST,
        .maxLod = VK_LOD_CLAMP_NONE,
    };

    VK(vkCreateSampler(device, &info, NULL, sampler));
    return keep(SAMPLER, (uint64_t)*sampler);
}

VkResult write_descriptor(const struct shader_binding *b, VkDescriptorSet set,
                          uint32_t element)
{
    VkDescriptorBufferInfo buffer = {.range = VK_WHOLE_SIZE};
    VkDescriptorImageInfo image = {.imageLayout = VK_IMAGE_LAYOUT_GENERAL};
    VkBufferView texels = VK_NULL_HANDLE;
    VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = set,
        .dstBinding = b->binding,
        .dstArrayElement = element,
        .descriptorCount = 1,
        .descriptorType = (VkDescriptorType)b->type,
        .pBufferInfo = &buffer,
        .pImageInfo = &image,
        .pTexelBufferView = &texels,
    };

    switch (b->type) {
    case SHADER_UNIFORM_BUFFER:
    case SHADER_STORAGE_BUFFER:
        VK(make_buffer(&buffer.buffer));
        break;
    case SHADER_UNIFORM_TEXEL:
    case SHADER_STORAGE_TEXEL:
        VK(make_texels(b, b->type == SHADER_STORAGE_TEXEL, &texels));
        break;
    default:
        if (b->type == SHADER_SAMPLER || b->type == SHADER_COMBINED)
            VK(make_sampler(&image.sampler));
        if (b->type != SHADER_SAMPLER)
            VK(make_image(b, format_of(b),
                          b->type == SHADER_STORAGE_IMAGE
                              ? VK_IMAGE_USAGE_STORAGE_BIT
                              : VK_IMAGE_USAGE_SAMPLED_BIT,
                          &image.imageView));
    }
    vkUpdateDescriptorSets(device, 1, &write, 0, NULL);
    return VK_SUCCESS;
}
