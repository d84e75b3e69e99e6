/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mutate-vulkan.c makes for one run: all of it goes with
 * drop_objects(). */
#ifndef TESTS_GFX_MUTATE_RESOURCES_H
#define TESTS_GFX_MUTATE_RESOURCES_H

#include <vulkan/vulkan.h>

#include "dm/engine/gfx/shader.h"

#define SIZE 16u            /* of all images, each way */
#define BUFFER_BYTES 65536u /* of all buffers */

enum object_kind {
    MEMORY,
    BUFFER,
    IMAGE,
    VIEW,
    BUFFER_VIEW,
    SAMPLER,
    SET_LAYOUT,
    LAYOUT,
    POOL,
    MODULE,
    PIPELINE,
};

/* mutate-vulkan.c */
extern VkPhysicalDevice physical;
extern VkDevice device;
extern VkCommandBuffer cmd; /* being recorded */
extern uint32_t memory_type;

/* Nothing has been submitted when it jumps. */
#define VK(call)                                                               \
    do {                                                                       \
        VkResult vk_ = (call);                                                 \
                                                                               \
        if (vk_ != VK_SUCCESS)                                                 \
            return vk_;                                                        \
    } while (0)

VkResult keep(enum object_kind kind, uint64_t handle);
void drop_objects(void);

/* Some floats around 1, some small numbers, some at the edge. */
void fill(uint32_t *w, uint32_t n);
VkResult make_buffer(VkBuffer *buffer);
/* An image of the kind that a shader wants; VK_ERROR_FORMAT_NOT_SUPPORTED. */
VkResult make_image(const struct shader_binding *b, VkFormat format,
                    VkImageUsageFlags usage, VkImageView *view);
/* All that a descriptor of that kind needs, and the descriptor. */
VkResult write_descriptor(const struct shader_binding *b, VkDescriptorSet set,
                          uint32_t element);

#endif
