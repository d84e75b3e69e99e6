/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device, its queue and memory. */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_DEVICES 16u
#define MAX_FAMILIES 16u
#define MAX_EXTENSIONS 512u
#define PAGE 4096u
#define OPEN_TRIES 3u
#define OPEN_PAUSE_NS 50000000

/* What cannot be done without. */
static const struct {
    size_t offset;
    const char *name;
} features_needed[] = {
#define NEEDED(name)                                                           \
    {                                                                          \
        offsetof(VkPhysicalDeviceFeatures, name), #name                        \
    }
    NEEDED(robustBufferAccess),
    NEEDED(fullDrawIndexUint32),
    NEEDED(imageCubeArray),
    NEEDED(independentBlend),
    NEEDED(geometryShader),
    NEEDED(tessellationShader),
    NEEDED(sampleRateShading),
    NEEDED(logicOp),
    NEEDED(drawIndirectFirstInstance),
    NEEDED(depthClamp),
    NEEDED(fillModeNonSolid),
    NEEDED(alphaToOne),
    NEEDED(multiViewport),
    NEEDED(samplerAnisotropy),
    NEEDED(occlusionQueryPrecise),
    NEEDED(pipelineStatisticsQuery),
    NEEDED(vertexPipelineStoresAndAtomics),
    NEEDED(fragmentStoresAndAtomics),
    NEEDED(shaderImageGatherExtended),
    NEEDED(shaderStorageImageExtendedFormats),
    NEEDED(shaderUniformBufferArrayDynamicIndexing),
    NEEDED(shaderStorageBufferArrayDynamicIndexing),
    NEEDED(shaderClipDistance),
    NEEDED(shaderCullDistance),
    NEEDED(shaderTessellationAndGeometryPointSize),
#undef NEEDED
};

#define NR_NEEDED (sizeof(features_needed) / sizeof(features_needed[0]))

/* Errors of Vulkan as those of the house. What the system has refused to a
 * driver, a thread for one, is no more than an unknown error in its answer. */
static int failed(const char *what, VkResult rc)
{
    log_error("gfx: %s: Vulkan error %d, last one of the system: %s", what, rc,
              errno ? strerror(errno) : "none");
    switch (rc) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return -ENOMEM;
    default:
        return -ENODEV;
    }
}

static bool has_extension(VkPhysicalDevice physical, const char *name)
{
    static VkExtensionProperties props[MAX_EXTENSIONS];
    uint32_t n = MAX_EXTENSIONS, i;

    if (vkEnumerateDeviceExtensionProperties(physical, NULL, &n, props) < 0)
        return false;
    for (i = 0; i < n; i++) {
        if (!strcmp(props[i].extensionName, name))
            return true;
    }
    return false;
}

static bool family_of(VkPhysicalDevice physical, uint32_t *family)
{
    const VkQueueFlags flags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
    VkQueueFamilyProperties props[MAX_FAMILIES];
    uint32_t n = MAX_FAMILIES, i;

    vkGetPhysicalDeviceQueueFamilyProperties(physical, &n, props);
    for (i = 0; i < n; i++) {
        if ((props[i].queueFlags & flags) == flags &&
            props[i].timestampValidBits == 64) {
            *family = i;
            return true;
        }
    }
    return false;
}

/* The name of a feature that it lacks, or NULL. */
static const char *lacks(VkPhysicalDevice physical, uint32_t *family)
{
    VkPhysicalDeviceProperties props;
    VkPhysicalDeviceFeatures features;
    size_t i;

    vkGetPhysicalDeviceProperties(physical, &props);
    if (props.apiVersion < VK_API_VERSION_1_3)
        return "Vulkan 1.3";
    vkGetPhysicalDeviceFeatures(physical, &features);
    for (i = 0; i < NR_NEEDED; i++) {
        if (!*(const VkBool32 *)((const char *)&features +
                                 features_needed[i].offset))
            return features_needed[i].name;
    }
    if (!has_extension(physical, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME))
        return VK_EXT_ROBUSTNESS_2_EXTENSION_NAME;
    if (!family_of(physical, family))
        return "a queue for graphics and compute with timestamps";
    return NULL;
}

/* A real GPU rather than a software one. */
static int rank(const VkPhysicalDeviceProperties *props)
{
    switch (props->deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 4;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    default:
        return 1;
    }
}

static int choose(struct vk *vk)
{
    VkPhysicalDevice devices[MAX_DEVICES];
    VkPhysicalDeviceProperties props;
    uint32_t n = MAX_DEVICES, i, family = 0;
    const char *missing;
    VkResult res;
    int best = 0;

    res = vkEnumeratePhysicalDevices(vk->instance, &n, devices);
    if (res < 0)
        return failed("looking for devices", res);
    for (i = 0; i < n; i++) {
        vkGetPhysicalDeviceProperties(devices[i], &props);
        missing = lacks(devices[i], &family);
        if (missing) {
            log_info("gfx: %s: not used, lacks %s", props.deviceName, missing);
        } else if (rank(&props) > best) {
            best = rank(&props);
            vk->physical = devices[i];
            vk->family = family;
            vk->props = props;
        }
    }
    if (!best) {
        log_error("gfx: no Vulkan device here will do (%u found)", n);
        return -ENODEV;
    }
    return 0;
}

/* A system that has no thread or memory to spare for a moment makes a driver
 * fail, and a guest would be without its engine for that. */
static VkResult create_device(struct vk *vk, const VkDeviceCreateInfo *info)
{
    static const struct timespec pause = {.tv_nsec = OPEN_PAUSE_NS};
    unsigned int tries;
    VkResult res;

    for (tries = 1;; tries++) {
        errno = 0;
        res = vkCreateDevice(vk->physical, info, NULL, &vk->device);
        if (res < 0)
            vk->device = VK_NULL_HANDLE;
        if ((res != VK_ERROR_UNKNOWN && res != VK_ERROR_OUT_OF_HOST_MEMORY) ||
            tries == OPEN_TRIES)
            return res;
        log_warning("gfx: opening the device: Vulkan error %d (%s), once more",
                    res, strerror(errno));
        nanosleep(&pause, NULL);
    }
}

/* Extensions and features: only what is used here is enabled. */
static int open_device(struct vk *vk)
{
    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = vk->family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkPhysicalDeviceRobustness2FeaturesEXT robust = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT};
    VkPhysicalDeviceVulkan11Features f11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
        .pNext = &robust,
    };
    VkPhysicalDeviceVulkan12Features f12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = &f11,
    };
    VkPhysicalDeviceVulkan13Features f13 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
        .pNext = &f12,
    };
    VkPhysicalDeviceFeatures2 f = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &f13};
    const char *extensions[3] = {VK_EXT_ROBUSTNESS_2_EXTENSION_NAME};
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &f,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = 1,
        .ppEnabledExtensionNames = extensions,
    };
    size_t i;
    VkResult res;

    vkGetPhysicalDeviceFeatures2(vk->physical, &f);
    if (!robust.robustBufferAccess2 || !robust.robustImageAccess2 ||
        !robust.nullDescriptor || !f13.synchronization2 ||
        !f13.dynamicRendering || !f13.shaderDemoteToHelperInvocation ||
        !f13.maintenance4 || !f12.shaderOutputLayer ||
        !f12.shaderOutputViewportIndex || !f11.shaderDrawParameters) {
        log_error("gfx: %s lacks robustness2, synchronization2, dynamic "
                  "rendering, or what shaders may use",
                  vk->props.deviceName);
        return -ENODEV;
    }
    /* What the shader gate lets pass. */
    f11 = (VkPhysicalDeviceVulkan11Features){
        .sType = f11.sType,
        .pNext = &robust,
        .shaderDrawParameters = VK_TRUE,
    };
    f12 = (VkPhysicalDeviceVulkan12Features){
        .sType = f12.sType,
        .pNext = &f11,
        .shaderOutputViewportIndex = VK_TRUE,
        .shaderOutputLayer = VK_TRUE,
    };
    f13 = (VkPhysicalDeviceVulkan13Features){
        .sType = f13.sType,
        .pNext = &f12,
        .shaderDemoteToHelperInvocation = VK_TRUE,
        .maintenance4 = VK_TRUE, /* LocalSizeId */
        .robustImageAccess = VK_TRUE,
        .synchronization2 = VK_TRUE,
        .dynamicRendering = VK_TRUE,
    };
    vk->read_without_format = f.features.shaderStorageImageReadWithoutFormat;
    vk->write_without_format = f.features.shaderStorageImageWriteWithoutFormat;
    memset(&f.features, 0, sizeof(f.features));
    for (i = 0; i < NR_NEEDED; i++)
        *(VkBool32 *)((char *)&f.features + features_needed[i].offset) =
            VK_TRUE;
    f.features.shaderStorageImageReadWithoutFormat = vk->read_without_format;
    f.features.shaderStorageImageWriteWithoutFormat = vk->write_without_format;
    vk->import =
        has_extension(vk->physical, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
    if (vk->import)
        extensions[info.enabledExtensionCount++] =
            VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
    vk->calibrated = has_extension(vk->physical,
                                   VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME);
    if (vk->calibrated)
        extensions[info.enabledExtensionCount++] =
            VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME;
    res = create_device(vk, &info);
    if (res < 0)
        return failed("opening the device", res);
    vkGetDeviceQueue(vk->device, vk->family, 0, &vk->queue);
    return 0;
}

static int memory_type(const struct vk *vk, uint32_t allowed,
                       VkMemoryPropertyFlags want, uint32_t *type)
{
    uint32_t i;

    for (i = 0; i < vk->memory.memoryTypeCount; i++) {
        if ((allowed & 1u << i) &&
            (vk->memory.memoryTypes[i].propertyFlags & want) == want) {
            *type = i;
            return 0;
        }
    }
    return -ENODEV;
}

#define HOST_MEMORY                                                            \
    (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

/*
 * Whether a page that is not this process' own anonymous memory can be
 * imported: foreign mappings are like a shared mapping of a special file, and
 * drivers that pin what they import refuse those.
 */
static void probe_import(struct vk *vk)
{
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
    VkPhysicalDeviceProperties2 props = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &host};

    if (!vk->import)
        return;
    vkGetPhysicalDeviceProperties2(vk->physical, &props);
    vk->import_align = host.minImportedHostPointerAlignment;
    vk->host_pointer_props =
        (PFN_vkGetMemoryHostPointerPropertiesEXT)vkGetDeviceProcAddr(
            vk->device, "vkGetMemoryHostPointerPropertiesEXT");
    /* Only a software driver reads through the process' own page tables. */
    vk->import = vk->host_pointer_props && vk->import_align <= PAGE &&
                 vk->props.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
}

/* Ticks to CLOCK_MONOTONIC. Where the driver can't say, ticks of both clocks
 * are taken one after the other by gfx_open(). */
static void calibrate(struct vk *vk)
{
    const VkCalibratedTimestampInfoEXT infos[2] = {
        {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT,
         .timeDomain = VK_TIME_DOMAIN_DEVICE_EXT},
        {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT,
         .timeDomain = VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT},
    };
    PFN_vkGetCalibratedTimestampsEXT get;
    uint64_t stamps[2], deviation;

    vk->timestamp_ns = vk->props.limits.timestampPeriod;
    if (!vk->calibrated)
        return;
    get = (PFN_vkGetCalibratedTimestampsEXT)vkGetDeviceProcAddr(
        vk->device, "vkGetCalibratedTimestampsEXT");
    if (get && get(vk->device, 2, infos, stamps, &deviation) == VK_SUCCESS)
        vk->timestamp_offset = (int64_t)stamps[1] -
                               (int64_t)((double)stamps[0] * vk->timestamp_ns);
}

int vk_open(struct vk *vk)
{
    const VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "xen-vgpu",
        .apiVersion = VK_API_VERSION_1_3,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &app,
    };
    VkResult res;
    int rc;

    memset(vk, 0, sizeof(*vk));
    errno = 0;
    res = vkCreateInstance(&info, NULL, &vk->instance);
    if (res < 0) {
        vk->instance = VK_NULL_HANDLE;
        return failed("no Vulkan here", res);
    }
    rc = choose(vk);
    if (rc == 0)
        rc = open_device(vk);
    if (rc == 0) {
        vkGetPhysicalDeviceMemoryProperties(vk->physical, &vk->memory);
        rc = memory_type(vk, ~0u, HOST_MEMORY, &vk->host_type);
    }
    if (rc == 0)
        rc = memory_type(vk, ~0u, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
                         &vk->local_type);
    if (rc < 0) {
        vk_close(vk);
        return rc;
    }
    probe_import(vk);
    calibrate(vk);
    log_info("gfx: %s, Vulkan %u.%u.%u, guest memory %s", vk->props.deviceName,
             VK_API_VERSION_MAJOR(vk->props.apiVersion),
             VK_API_VERSION_MINOR(vk->props.apiVersion),
             VK_API_VERSION_PATCH(vk->props.apiVersion),
             vk->import ? "is used in place" : "is copied");
    return 0;
}

/* The queue is idle, or the process ends: it may not return otherwise. */
void vk_close(struct vk *vk)
{
    if (vk->device)
        vkDestroyDevice(vk->device, NULL);
    if (vk->instance)
        vkDestroyInstance(vk->instance, NULL);
    memset(vk, 0, sizeof(*vk));
}

/* ---- Memory ---------------------------------------------------------------
 */

VkResult vk_memory(struct vk *vk, const VkMemoryAllocateInfo *info,
                   VkDeviceMemory *memory)
{
    VkResult res = VK_ERROR_TOO_MANY_OBJECTS;

    if (vk->allocations < vk->props.limits.maxMemoryAllocationCount)
        res = vkAllocateMemory(vk->device, info, NULL, memory);
    if (res < 0)
        *memory = VK_NULL_HANDLE;
    else
        vk->allocations++;
    return res;
}

void vk_memory_free(struct vk *vk, VkDeviceMemory memory)
{
    if (!memory)
        return;
    vkFreeMemory(vk->device, memory, NULL);
    vk->allocations--;
}

int vk_alloc(struct gfx *g, const VkMemoryRequirements *req, bool host_visible,
             VkDeviceMemory *memory, void **map)
{
    struct vk *vk = &g->vk;
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = req->size,
    };
    int rc = -ENODEV;

    if (req->size > g->local_max - g->local_used)
        return -ENOSPC;
    if (!host_visible)
        rc = memory_type(vk, req->memoryTypeBits,
                         VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
                         &info.memoryTypeIndex);
    if (rc < 0)
        rc = memory_type(vk, req->memoryTypeBits,
                         host_visible ? HOST_MEMORY : 0, &info.memoryTypeIndex);
    if (rc < 0)
        return rc;
    if (vk_memory(vk, &info, memory) < 0)
        return -ENOMEM;
    if (map)
        *map = NULL;
    if (host_visible && map &&
        vkMapMemory(vk->device, *memory, 0, VK_WHOLE_SIZE, 0, map) < 0) {
        vk_memory_free(vk, *memory);
        *memory = VK_NULL_HANDLE;
        return -ENOMEM;
    }
    g->local_used += req->size;
    return 0;
}

void vk_free(struct gfx *g, VkDeviceMemory memory, VkDeviceSize size)
{
    if (!memory)
        return;
    vk_memory_free(&g->vk, memory);
    g->local_used -= size;
}
