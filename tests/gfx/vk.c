/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/vk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEVICES_MAX 16

int vk_check(VkResult result, const char *what)
{
    if (result == VK_SUCCESS)
        return 0;
    fprintf(stderr, "vulkan: %s failed: VkResult %d\n", what, (int)result);
    return -EIO;
}

static int instance(struct vk *vk)
{
    static const VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "xen-vgpu reference",
        .apiVersion = VK_API_VERSION_1_3,
    };
    static const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &app,
    };

    return vk_check(vkCreateInstance(&info, NULL, &vk->instance),
                    "vkCreateInstance");
}

static int enumerate(struct vk *vk, VkPhysicalDevice devices[DEVICES_MAX],
                     uint32_t *count)
{
    VkResult result;

    *count = DEVICES_MAX;
    result = vkEnumeratePhysicalDevices(vk->instance, count, devices);
    if (result == VK_INCOMPLETE)
        return 0;
    return vk_check(result, "vkEnumeratePhysicalDevices");
}

int vk_list(void)
{
    VkPhysicalDevice devices[DEVICES_MAX];
    VkPhysicalDeviceProperties p;
    struct vk vk = {0};
    uint32_t count;
    int rc = instance(&vk);

    if (!rc)
        rc = enumerate(&vk, devices, &count);
    for (uint32_t i = 0; !rc && i < count; i++) {
        vkGetPhysicalDeviceProperties(devices[i], &p);
        printf("%u: %s, Vulkan %u.%u\n", i, p.deviceName,
               VK_API_VERSION_MAJOR(p.apiVersion),
               VK_API_VERSION_MINOR(p.apiVersion));
    }
    vk_close(&vk);
    return rc;
}

/* What the scenes use beyond what every device has. */
struct features {
    VkPhysicalDeviceFeatures2 all;
    VkPhysicalDeviceVulkan13Features v13;
};

static bool wanted(struct features *f, VkPhysicalDevice physical)
{
    struct features has = {
        .all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .v13.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
    };
    VkPhysicalDeviceFeatures *core = &f->all.features;

    *f = has;
    has.all.pNext = &has.v13;
    vkGetPhysicalDeviceFeatures2(physical, &has.all);
    f->all.pNext = &f->v13;
    f->v13.dynamicRendering = VK_TRUE;
    f->v13.synchronization2 = VK_TRUE;
    /* For workgroup sizes as SPIR-V 1.6 gives them. */
    f->v13.maintenance4 = VK_TRUE;
    core->tessellationShader = VK_TRUE;
    core->geometryShader = VK_TRUE;
    core->multiDrawIndirect = VK_TRUE;
    core->drawIndirectFirstInstance = VK_TRUE;
    return has.v13.dynamicRendering && has.v13.synchronization2 &&
           has.v13.maintenance4 && has.all.features.tessellationShader &&
           has.all.features.geometryShader &&
           has.all.features.multiDrawIndirect &&
           has.all.features.drawIndirectFirstInstance;
}

static int find_queue(struct vk *vk)
{
    const VkQueueFlags flags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
    VkQueueFamilyProperties families[16];
    uint32_t count = 16;

    vkGetPhysicalDeviceQueueFamilyProperties(vk->physical, &count, families);
    for (uint32_t i = 0; i < count; i++)
        if ((families[i].queueFlags & flags) == flags) {
            vk->family = i;
            return 0;
        }
    fprintf(stderr, "vulkan: %s has no queue for graphics and compute\n",
            vk->properties.deviceName);
    return -ENODEV;
}

static int device(struct vk *vk)
{
    static const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = vk->family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = vk->family,
    };
    struct features features;
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &features,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
    };
    int rc;

    if (!wanted(&features, vk->physical)) {
        fprintf(stderr, "vulkan: %s lacks a feature of the scenes\n",
                vk->properties.deviceName);
        return -ENODEV;
    }
    rc = vk_check(vkCreateDevice(vk->physical, &info, NULL, &vk->device),
                  "vkCreateDevice");
    if (rc)
        return rc;
    vkGetDeviceQueue(vk->device, vk->family, 0, &vk->queue);
    return vk_check(vkCreateCommandPool(vk->device, &pool, NULL, &vk->pool),
                    "vkCreateCommandPool");
}

int vk_open(struct vk *vk, uint32_t number)
{
    VkPhysicalDevice devices[DEVICES_MAX];
    uint32_t count;
    int rc;

    memset(vk, 0, sizeof(*vk));
    rc = instance(vk);
    if (!rc)
        rc = enumerate(vk, devices, &count);
    if (rc)
        goto out;
    if (number >= count) {
        fprintf(stderr,
                "vulkan: there is no device %u: install a driver, "
                "Debian's package mesa-vulkan-drivers\n",
                number);
        rc = -ENODEV;
        goto out;
    }
    vk->physical = devices[number];
    vkGetPhysicalDeviceProperties(vk->physical, &vk->properties);
    vkGetPhysicalDeviceMemoryProperties(vk->physical, &vk->memory);
    if (vk->properties.apiVersion < VK_API_VERSION_1_3) {
        fprintf(stderr, "vulkan: %s has no Vulkan 1.3\n",
                vk->properties.deviceName);
        rc = -ENODEV;
        goto out;
    }
    rc = find_queue(vk);
    if (!rc)
        rc = device(vk);
out:
    if (rc)
        vk_close(vk);
    return rc;
}

void vk_close(struct vk *vk)
{
    if (vk->device) {
        vkDestroyCommandPool(vk->device, vk->pool, NULL);
        vkDestroyDevice(vk->device, NULL);
    }
    if (vk->instance)
        vkDestroyInstance(vk->instance, NULL);
    memset(vk, 0, sizeof(*vk));
}

static int allocate(const struct vk *vk, const VkMemoryRequirements *need,
                    VkMemoryPropertyFlags flags, VkDeviceMemory *memory)
{
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = need->size,
    };

    for (uint32_t i = 0; i < vk->memory.memoryTypeCount; i++)
        if ((need->memoryTypeBits & 1u << i) &&
            (vk->memory.memoryTypes[i].propertyFlags & flags) == flags) {
            info.memoryTypeIndex = i;
            return vk_check(vkAllocateMemory(vk->device, &info, NULL, memory),
                            "vkAllocateMemory");
        }
    fprintf(stderr, "vulkan: no memory type fits\n");
    return -ENOMEM;
}

int vk_buffer_create(const struct vk *vk, struct vk_buffer *b,
                     VkDeviceSize size, VkBufferUsageFlags usage)
{
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = size,
        .usage = usage,
    };
    VkMemoryRequirements need;
    int rc;

    b->size = size;
    rc = vk_check(vkCreateBuffer(vk->device, &info, NULL, &b->buffer),
                  "vkCreateBuffer");
    if (rc)
        return rc;
    vkGetBufferMemoryRequirements(vk->device, b->buffer, &need);
    rc = allocate(vk, &need,
                  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                      VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                  &b->memory);
    if (rc)
        return rc;
    rc = vk_check(vkBindBufferMemory(vk->device, b->buffer, b->memory, 0),
                  "vkBindBufferMemory");
    if (rc)
        return rc;
    return vk_check(
        vkMapMemory(vk->device, b->memory, 0, VK_WHOLE_SIZE, 0, &b->map),
        "vkMapMemory");
}

void vk_buffer_destroy(const struct vk *vk, struct vk_buffer *b)
{
    vkDestroyBuffer(vk->device, b->buffer, NULL);
    vkFreeMemory(vk->device, b->memory, NULL);
    memset(b, 0, sizeof(*b));
}

int vk_image_create(const struct vk *vk, struct vk_image *i,
                    const VkImageCreateInfo *info, bool cube)
{
    VkImageViewCreateInfo view = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .viewType = cube ? VK_IMAGE_VIEW_TYPE_CUBE : VK_IMAGE_VIEW_TYPE_2D,
        .format = info->format,
        .subresourceRange.levelCount = info->mipLevels,
        .subresourceRange.layerCount = info->arrayLayers,
    };
    VkMemoryRequirements need;
    int rc;

    i->aspect = info->format == VK_FORMAT_D32_SFLOAT
                    ? VK_IMAGE_ASPECT_DEPTH_BIT
                    : VK_IMAGE_ASPECT_COLOR_BIT;
    i->width = info->extent.width;
    i->height = info->extent.height;
    i->layers = info->arrayLayers;
    i->mips = info->mipLevels;
    rc = vk_check(vkCreateImage(vk->device, info, NULL, &i->image),
                  "vkCreateImage");
    if (rc)
        return rc;
    vkGetImageMemoryRequirements(vk->device, i->image, &need);
    rc = allocate(vk, &need, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, &i->memory);
    if (rc)
        return rc;
    rc = vk_check(vkBindImageMemory(vk->device, i->image, i->memory, 0),
                  "vkBindImageMemory");
    if (rc)
        return rc;
    view.image = i->image;
    view.subresourceRange.aspectMask = i->aspect;
    return vk_check(vkCreateImageView(vk->device, &view, NULL, &i->view),
                    "vkCreateImageView");
}

void vk_image_destroy(const struct vk *vk, struct vk_image *i)
{
    vkDestroyImageView(vk->device, i->view, NULL);
    vkDestroyImage(vk->device, i->image, NULL);
    vkFreeMemory(vk->device, i->memory, NULL);
    memset(i, 0, sizeof(*i));
}

int vk_command_buffer(const struct vk *vk, VkCommandBuffer *cmd)
{
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = vk->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };

    return vk_check(vkAllocateCommandBuffers(vk->device, &info, cmd),
                    "vkAllocateCommandBuffers");
}

int vk_begin(VkCommandBuffer cmd)
{
    static const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    };

    return vk_check(vkBeginCommandBuffer(cmd, &info), "vkBeginCommandBuffer");
}

int vk_end(VkCommandBuffer cmd)
{
    return vk_check(vkEndCommandBuffer(cmd), "vkEndCommandBuffer");
}

int vk_submit(const struct vk *vk, VkCommandBuffer cmd)
{
    const VkSubmitInfo submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .commandBufferCount = 1,
        .pCommandBuffers = &cmd,
    };
    int rc = vk_check(vkQueueSubmit(vk->queue, 1, &submit, VK_NULL_HANDLE),
                      "vkQueueSubmit");

    if (!rc)
        rc = vk_check(vkQueueWaitIdle(vk->queue), "vkQueueWaitIdle");
    return rc;
}

int vk_run(const struct vk *vk, VkCommandBuffer cmd)
{
    int rc = vk_end(cmd);

    return rc ? rc : vk_submit(vk, cmd);
}

void vk_barrier(VkCommandBuffer cmd)
{
    static const VkMemoryBarrier2 all = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask =
            VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT |
                         VK_ACCESS_2_MEMORY_WRITE_BIT |
                         VK_ACCESS_2_HOST_READ_BIT,
    };
    static const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &all,
    };

    vkCmdPipelineBarrier2(cmd, &info);
}

void vk_layout(VkCommandBuffer cmd, const struct vk_image *i,
               VkImageLayout from, VkImageLayout to)
{
    const VkImageMemoryBarrier2 image = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask =
            VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
        .oldLayout = from,
        .newLayout = to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = i->image,
        .subresourceRange = {i->aspect, 0, i->mips, 0, i->layers},
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &image,
    };

    vkCmdPipelineBarrier2(cmd, &info);
}
