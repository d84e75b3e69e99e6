/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/vk-scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int buffers(struct vk_scene *s)
{
    for (uint32_t i = 0; i < s->scene->buffer_count; i++) {
        const struct scene_buffer *from = &s->scene->buffers[i];
        struct vk_buffer *b = &s->buffers[i];
        int rc = vk_buffer_create(s->vk, b, from->size, from->usage);

        if (rc)
            return rc;
        if (from->fill)
            from->fill(b->map, from->size);
        else
            memset(b->map, 0, from->size);
    }
    return 0;
}

/* Through a buffer that lives until the copy is done. */
static int upload(struct vk_scene *s, const struct scene_image *from,
                  const struct vk_image *image)
{
    uint32_t width = image->width, height = image->height;
    struct vk_buffer staging = {0};
    VkBufferImageCopy copy = {0};
    int rc;

    rc = vk_buffer_create(s->vk, &staging, from->size,
                          VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
    if (rc)
        goto out;
    from->fill(staging.map, from->size);
    rc = vk_begin(s->cmd);
    if (rc)
        goto out;
    vk_layout(s->cmd, image, VK_IMAGE_LAYOUT_UNDEFINED,
              VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    copy.imageSubresource.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT;
    copy.imageSubresource.layerCount = image->layers;
    for (uint32_t level = 0; level < image->mips; level++) {
        copy.imageSubresource.mipLevel = level;
        copy.imageExtent = (VkExtent3D){width, height, 1};
        vkCmdCopyBufferToImage(s->cmd, staging.buffer, image->image,
                               VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &copy);
        copy.bufferOffset += (VkDeviceSize)width * height * image->layers * 4;
        width = width > 1 ? width / 2 : 1;
        height = height > 1 ? height / 2 : 1;
    }
    vk_layout(s->cmd, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
              VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
    rc = vk_run(s->vk, s->cmd);
out:
    vk_buffer_destroy(s->vk, &staging);
    return rc;
}

static int images(struct vk_scene *s)
{
    for (uint32_t i = 0; i < s->scene->image_count; i++) {
        const struct scene_image *from = &s->scene->images[i];
        VkImageCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
            .flags = from->cube ? VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT : 0,
            .imageType = VK_IMAGE_TYPE_2D,
            .format = (VkFormat)from->format,
            .extent = {from->width ? from->width : s->width,
                       from->height ? from->height : s->height, 1},
            .mipLevels = from->mips,
            .arrayLayers = from->layers,
            .samples = (VkSampleCountFlagBits)from->samples,
            .tiling = VK_IMAGE_TILING_OPTIMAL,
            .usage = from->usage,
        };
        int rc = vk_image_create(s->vk, &s->images[i], &info, from->cube);

        if (!rc && from->fill)
            rc = upload(s, from, &s->images[i]);
        if (rc)
            return rc;
    }
    return 0;
}

static int samplers(struct vk_scene *s)
{
    for (uint32_t i = 0; i < s->scene->sampler_count; i++) {
        const struct scene_sampler *from = &s->scene->samplers[i];
        VkFilter filter = from->linear ? VK_FILTER_LINEAR : VK_FILTER_NEAREST;
        VkSamplerAddressMode mode = from->repeat
                                        ? VK_SAMPLER_ADDRESS_MODE_REPEAT
                                        : VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
        VkSamplerCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
            .magFilter = filter,
            .minFilter = filter,
            .mipmapMode = from->linear ? VK_SAMPLER_MIPMAP_MODE_LINEAR
                                       : VK_SAMPLER_MIPMAP_MODE_NEAREST,
            .addressModeU = mode,
            .addressModeV = mode,
            .addressModeW = mode,
            .maxLod = VK_LOD_CLAMP_NONE,
        };
        int rc = vk_check(
            vkCreateSampler(s->vk->device, &info, NULL, &s->samplers[i]),
            "vkCreateSampler");

        if (rc)
            return rc;
    }
    return 0;
}

static VkShaderStageFlags stages(uint32_t bits)
{
    return (VkShaderStageFlags)bits; /* vk-numbers.c */
}

static int descriptor_pool(struct vk_scene *s)
{
    static const VkDescriptorType types[] = {
        VK_DESCRIPTOR_TYPE_SAMPLER,
        VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE,
        VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
        VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
        VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
    };
    enum { TYPES = sizeof(types) / sizeof(types[0]) };
    VkDescriptorPoolSize sizes[TYPES];
    const VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = VK_SCENE_MAX,
        .poolSizeCount = TYPES,
        .pPoolSizes = sizes,
    };

    for (int i = 0; i < TYPES; i++)
        sizes[i] = (VkDescriptorPoolSize){types[i], 4 * VK_SCENE_MAX};
    return vk_check(
        vkCreateDescriptorPool(s->vk->device, &info, NULL, &s->pool),
        "vkCreateDescriptorPool");
}

static int set_layout(struct vk_scene *s, uint32_t n)
{
    const struct scene_set *from = &s->scene->sets[n];
    VkDescriptorSetLayoutBinding bindings[VK_SCENE_MAX] = {0};
    const VkDescriptorSetLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = from->count,
        .pBindings = bindings,
    };
    const VkDescriptorSetAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = s->pool,
        .descriptorSetCount = 1,
        .pSetLayouts = &s->layouts[n],
    };
    int rc;

    for (uint32_t i = 0; i < from->count; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = from->bindings[i].binding,
            .descriptorType = (VkDescriptorType)from->bindings[i].type,
            .descriptorCount = 1,
            .stageFlags = stages(from->bindings[i].stages),
        };
    rc = vk_check(
        vkCreateDescriptorSetLayout(s->vk->device, &info, NULL, &s->layouts[n]),
        "vkCreateDescriptorSetLayout");
    if (rc)
        return rc;
    return vk_check(
        vkAllocateDescriptorSets(s->vk->device, &allocate, &s->sets[n]),
        "vkAllocateDescriptorSets");
}

static void set_write(struct vk_scene *s, VkDescriptorSet set,
                      const struct scene_binding *b)
{
    VkDescriptorBufferInfo buffer = {.range = VK_WHOLE_SIZE};
    VkDescriptorImageInfo image = {
        .imageLayout = b->type == SCENE_STORAGE_IMAGE
                           ? VK_IMAGE_LAYOUT_GENERAL
                           : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
    };
    const VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = set,
        .dstBinding = b->binding,
        .descriptorCount = 1,
        .descriptorType = (VkDescriptorType)b->type,
        .pImageInfo = &image,
        .pBufferInfo = &buffer,
    };

    if (b->type == SCENE_UNIFORM_BUFFER || b->type == SCENE_STORAGE_BUFFER)
        buffer.buffer = s->buffers[b->resource].buffer;
    else if (b->resource != SCENE_NONE)
        image.imageView = s->images[b->resource].view;
    if (b->sampler != SCENE_NONE)
        image.sampler = s->samplers[b->sampler];
    vkUpdateDescriptorSets(s->vk->device, 1, &write, 0, NULL);
}

static int sets(struct vk_scene *s)
{
    int rc = descriptor_pool(s);

    for (uint32_t i = 0; !rc && i < s->scene->set_count; i++) {
        rc = set_layout(s, i);
        for (uint32_t k = 0; !rc && k < s->scene->sets[i].count; k++)
            set_write(s, s->sets[i], &s->scene->sets[i].bindings[k]);
    }
    return rc;
}

int vk_scene_create(struct vk_scene *s, const struct vk *vk,
                    const struct scene *scene, uint32_t width, uint32_t height)
{
    int rc;

    memset(s, 0, sizeof(*s));
    s->vk = vk;
    s->scene = scene;
    s->width = width ? width : scene->width;
    s->height = height ? height : scene->height;
    if (scene->buffer_count > VK_SCENE_MAX ||
        scene->image_count > VK_SCENE_MAX || scene->set_count > VK_SCENE_MAX ||
        scene->sampler_count > VK_SCENE_MAX ||
        scene->pipeline_count > VK_SCENE_MAX) {
        fprintf(stderr, "reference: %s has too much in it\n", scene->name);
        return -E2BIG;
    }
    rc = vk_command_buffer(vk, &s->cmd);
    if (!rc)
        rc = buffers(s);
    if (!rc)
        rc = images(s);
    if (!rc)
        rc = samplers(s);
    if (!rc)
        rc = sets(s);
    if (!rc)
        rc = vk_pipelines_create(s);
    if (!rc && scene->picture != SCENE_NONE)
        rc = vk_buffer_create(vk, &s->pixels,
                              (VkDeviceSize)s->images[scene->picture].width *
                                  s->images[scene->picture].height * 4,
                              VK_BUFFER_USAGE_TRANSFER_DST_BIT);
    return rc;
}

void vk_scene_destroy(struct vk_scene *s)
{
    VkDevice device = s->vk->device;

    vkDeviceWaitIdle(device);
    vk_buffer_destroy(s->vk, &s->pixels);
    for (int i = 0; i < VK_SCENE_MAX; i++) {
        vkDestroyPipeline(device, s->pipelines[i].pipeline, NULL);
        vkDestroyPipelineLayout(device, s->pipelines[i].layout, NULL);
        vkDestroyDescriptorSetLayout(device, s->layouts[i], NULL);
        vkDestroySampler(device, s->samplers[i], NULL);
        vk_image_destroy(s->vk, &s->images[i]);
        vk_buffer_destroy(s->vk, &s->buffers[i]);
    }
    vkDestroyDescriptorPool(device, s->pool, NULL);
    if (s->cmd)
        vkFreeCommandBuffers(device, s->vk->pool, 1, &s->cmd);
}
