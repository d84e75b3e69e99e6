/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Vulkan 1.3 device and memory on it, as the reference program uses them.
 * Functions print what failed and return 0 or a negative errno.
 */
#ifndef TESTS_GFX_VK_H
#define TESTS_GFX_VK_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan.h>

struct vk {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkPhysicalDeviceProperties properties;
    VkPhysicalDeviceMemoryProperties memory;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    VkCommandPool pool;
};

struct vk_buffer {
    VkBuffer buffer;
    VkDeviceMemory memory;
    void *map; /* coherent */
    VkDeviceSize size;
};

struct vk_image {
    VkImage image;
    VkDeviceMemory memory;
    VkImageView view;
    VkImageAspectFlags aspect;
    uint32_t width, height, layers, mips;
};

/* One line for each device to standard output. */
int vk_list(void);
/* The device of that number in vk_list(); -ENODEV: there is none. */
int vk_open(struct vk *vk, uint32_t number);
void vk_close(struct vk *vk);

/* 0, or -EIO after a message. */
int vk_check(VkResult result, const char *what);

int vk_buffer_create(const struct vk *vk, struct vk_buffer *b,
                     VkDeviceSize size, VkBufferUsageFlags usage);
void vk_buffer_destroy(const struct vk *vk, struct vk_buffer *b);
int vk_image_create(const struct vk *vk, struct vk_image *i,
                    const VkImageCreateInfo *info, bool cube);
void vk_image_destroy(const struct vk *vk, struct vk_image *i);

int vk_command_buffer(const struct vk *vk, VkCommandBuffer *cmd);
int vk_begin(VkCommandBuffer cmd);
int vk_end(VkCommandBuffer cmd);
int vk_submit(const struct vk *vk, VkCommandBuffer cmd); /* and wait */
/* Both of these. */
int vk_run(const struct vk *vk, VkCommandBuffer cmd);
/* Everything that is before is visible to everything after. */
void vk_barrier(VkCommandBuffer cmd);
void vk_layout(VkCommandBuffer cmd, const struct vk_image *i,
               VkImageLayout from, VkImageLayout to);

#endif
