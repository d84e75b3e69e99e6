/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/mutate-vulkan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gfx/mutate-resources.h"

VkPhysicalDevice physical;
VkDevice device;
VkCommandBuffer cmd;
uint32_t memory_type;
static VkQueue queue;
static VkCommandPool pool;

/* ---- The device ------------------------------------------------------ */

static int open_device(VkInstance instance)
{
    VkPhysicalDeviceVulkan13Features have13 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
    };
    VkPhysicalDeviceVulkan12Features have12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = &have13,
    };
    VkPhysicalDeviceVulkan11Features have11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
        .pNext = &have12,
    };
    VkPhysicalDeviceFeatures2 have = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &have11,
    };
    float priority = 1;
    VkDeviceQueueCreateInfo queues = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &have,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queues,
    };
    uint32_t n = 1;

    if (vkEnumeratePhysicalDevices(instance, &n, &physical) < 0 || !n)
        return -1;
    /* All that there is, robust access among them. */
    vkGetPhysicalDeviceFeatures2(physical, &have);
    if (!have.features.robustBufferAccess || !have13.dynamicRendering)
        return -1;
    if (vkCreateDevice(physical, &info, NULL, &device))
        return -1;
    vkGetDeviceQueue(device, 0, 0, &queue);
    return 0;
}

static void choose_memory(void)
{
    VkPhysicalDeviceMemoryProperties p;
    uint32_t want = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                    VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

    vkGetPhysicalDeviceMemoryProperties(physical, &p);
    for (memory_type = 0; memory_type + 1 < p.memoryTypeCount; memory_type++) {
        if ((p.memoryTypes[memory_type].propertyFlags & want) == want)
            break;
    }
}

int vulkan_open(void)
{
    VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .apiVersion = VK_API_VERSION_1_3,
    };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &app,
    };
    VkCommandPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    };
    VkCommandBufferAllocateInfo alloc = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandBufferCount = 1,
    };
    VkInstance instance;

    if (vkCreateInstance(&info, NULL, &instance) || open_device(instance) ||
        vkCreateCommandPool(device, &pool_info, NULL, &pool)) {
        fprintf(stderr, "no Vulkan 1.3 device with robust access "
                        "(Debian: mesa-vulkan-drivers)\n");
        return -1;
    }
    alloc.commandPool = pool;
    if (vkAllocateCommandBuffers(device, &alloc, &cmd))
        return -1;
    choose_memory();
    return 0;
}

/* ---- Layout ---------------------------------------------------------- */

struct layout {
    VkPipelineLayout layout;
    VkDescriptorSetLayout set_layouts[4];
    VkDescriptorSet sets[4];
    struct shader_binding bindings[4][32];
    VkShaderStageFlags stages[4][32];
    VkPushConstantRange push;
};

static void gather(struct layout *l, const struct vulkan_stage *stages)
{
    unsigned int k, i;

    for (k = 0; k < SHADER_STAGES; k++) {
        const struct shader_info *info;

        if (!stages[k].info)
            continue;
        info = stages[k].info;
        if (info->push_bytes > l->push.size)
            l->push.size = (info->push_bytes + 3) & ~3u;
        l->push.stageFlags |= 1u << k;
        for (i = 0; i < info->n_bindings; i++) {
            const struct shader_binding *b = &info->bindings[i];
            struct shader_binding *to = &l->bindings[b->set][b->binding];

            if (!l->stages[b->set][b->binding] || b->count > to->count)
                *to = *b;
            l->stages[b->set][b->binding] |= 1u << k;
        }
    }
}

static VkResult make_layout(struct layout *l)
{
    VkDescriptorSetLayoutBinding bindings[32];
    VkDescriptorSetLayoutCreateInfo set_info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .pBindings = bindings,
    };
    VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 4,
        .pSetLayouts = l->set_layouts,
        .pushConstantRangeCount = l->push.size ? 1 : 0,
        .pPushConstantRanges = &l->push,
    };
    uint32_t set, b;

    for (set = 0; set < 4; set++) {
        set_info.bindingCount = 0;
        for (b = 0; b < 32; b++) {
            if (l->stages[set][b])
                bindings[set_info.bindingCount++] =
                    (VkDescriptorSetLayoutBinding){
                        .binding = b,
                        .descriptorType =
                            (VkDescriptorType)l->bindings[set][b].type,
                        .descriptorCount = l->bindings[set][b].count,
                        .stageFlags = l->stages[set][b],
                    };
        }
        VK(vkCreateDescriptorSetLayout(device, &set_info, NULL,
                                       &l->set_layouts[set]));
        VK(keep(SET_LAYOUT, (uint64_t)l->set_layouts[set]));
    }
    VK(vkCreatePipelineLayout(device, &info, NULL, &l->layout));
    return keep(LAYOUT, (uint64_t)l->layout);
}

static VkResult make_sets(struct layout *l)
{
    VkDescriptorPoolSize sizes[8];
    VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = 4,
        .poolSizeCount = 8,
        .pPoolSizes = sizes,
    };
    VkDescriptorSetAllocateInfo alloc = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorSetCount = 4,
        .pSetLayouts = l->set_layouts,
    };
    uint32_t set, b, k;

    for (k = 0; k < 8; k++)
        sizes[k] = (VkDescriptorPoolSize){(VkDescriptorType)k, 4096};
    VK(vkCreateDescriptorPool(device, &info, NULL, &alloc.descriptorPool));
    VK(keep(POOL, (uint64_t)alloc.descriptorPool));
    VK(vkAllocateDescriptorSets(device, &alloc, l->sets));
    for (set = 0; set < 4; set++) {
        for (b = 0; b < 32; b++) {
            for (k = 0; l->stages[set][b] && k < l->bindings[set][b].count; k++)
                VK(write_descriptor(&l->bindings[set][b], l->sets[set], k));
        }
    }
    return VK_SUCCESS;
}

static void bind(const struct layout *l, VkPipelineBindPoint point,
                 VkPipeline pipeline)
{
    uint32_t push[64];

    fill(push, 64);
    vkCmdBindPipeline(cmd, point, pipeline);
    vkCmdBindDescriptorSets(cmd, point, l->layout, 0, 4, l->sets, 0, NULL);
    if (l->push.size)
        vkCmdPushConstants(cmd, l->layout, l->push.stageFlags, 0, l->push.size,
                           push);
}

/* ---- Pipelines ------------------------------------------------------- */

static VkResult make_stage(const struct vulkan_stage *s, unsigned int stage,
                           VkPipelineShaderStageCreateInfo *out)
{
    VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
    };
    VkShaderModule module;

    info.pCode = s->words;
    info.codeSize = s->n * 4;
    VK(vkCreateShaderModule(device, &info, NULL, &module));
    VK(keep(MODULE, (uint64_t)module));
    *out = (VkPipelineShaderStageCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
        .stage = (VkShaderStageFlagBits)(1u << stage),
        .module = module,
        .pName = "main",
    };
    return VK_SUCCESS;
}

static VkResult run_compute(const struct layout *l,
                            const struct vulkan_stage *s)
{
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .layout = l->layout,
    };
    VkPipeline pipeline;

    VK(make_stage(s, SHADER_COMPUTE, &info.stage));
    VK(vkCreateComputePipelines(device, NULL, 1, &info, NULL, &pipeline));
    VK(keep(PIPELINE, (uint64_t)pipeline));
    bind(l, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    vkCmdDispatch(cmd, 2, 1, 1);
    return VK_SUCCESS;
}

static const VkFormat by_base[] = {
    [SHADER_FLOAT] = VK_FORMAT_R32G32B32A32_SFLOAT,
    [SHADER_INT] = VK_FORMAT_R32G32B32A32_SINT,
    [SHADER_UINT] = VK_FORMAT_R32G32B32A32_UINT,
};

struct targets {
    VkFormat formats[8];
    VkRenderingAttachmentInfo attachments[8];
    uint32_t n;
};

static VkResult make_targets(const struct shader_info *fragment,
                             struct targets *t)
{
    static const struct shader_binding flat = {.dim = SHADER_DIM_2D};
    uint32_t k;

    for (k = 0; fragment && k < 8; k++) {
        const struct shader_slot *slot = &fragment->out[k];

        t->attachments[k] = (VkRenderingAttachmentInfo){
            .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
            .imageLayout = VK_IMAGE_LAYOUT_GENERAL,
            .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
        };
        if (!slot->mask)
            continue;
        t->n = k + 1;
        t->formats[k] = by_base[slot->base & 3];
        VK(make_image(&flat, t->formats[k], VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
                      &t->attachments[k].imageView));
    }
    return VK_SUCCESS;
}

static VkPrimitiveTopology topology_of(const struct vulkan_stage *stages)
{
    static const VkPrimitiveTopology topologies[] = {
        [SHADER_POINTS] = VK_PRIMITIVE_TOPOLOGY_POINT_LIST,
        [SHADER_LINES] = VK_PRIMITIVE_TOPOLOGY_LINE_LIST,
        [SHADER_LINES_ADJACENCY] =
            VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY,
        [SHADER_TRIANGLES] = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
        [SHADER_TRIANGLES_ADJACENCY] =
            VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY,
    };

    if (stages[SHADER_TESS_CONTROL].info)
        return VK_PRIMITIVE_TOPOLOGY_PATCH_LIST;
    if (stages[SHADER_GEOMETRY].info)
        return topologies[stages[SHADER_GEOMETRY].info->geometry_in];
    return VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
}

static VkResult make_pipeline(const struct layout *l,
                              const struct vulkan_stage *stages,
                              const struct targets *t, VkPipeline *pipeline)
{
    VkPipelineShaderStageCreateInfo stage_infos[SHADER_STAGES];
    VkVertexInputBindingDescription binding = {.stride = 64};
    VkVertexInputAttributeDescription attributes[SHADER_LOCATIONS];
    VkPipelineVertexInputStateCreateInfo input = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
        .vertexBindingDescriptionCount = 1,
        .pVertexBindingDescriptions = &binding,
        .pVertexAttributeDescriptions = attributes,
    };
    VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = topology_of(stages),
    };
    VkPipelineTessellationStateCreateInfo tessellation = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_TESSELLATION_STATE_CREATE_INFO,
        .patchControlPoints = 3,
    };
    VkViewport viewport = {0, 0, SIZE, SIZE, 0, 1};
    VkRect2D scissor = {{0, 0}, {SIZE, SIZE}};
    VkPipelineViewportStateCreateInfo viewports = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = 1,
        .pViewports = &viewport,
        .scissorCount = 1,
        .pScissors = &scissor,
    };
    VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .rasterizerDiscardEnable = !stages[SHADER_FRAGMENT].info,
        .lineWidth = 1,
    };
    VkPipelineMultisampleStateCreateInfo samples = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
    };
    VkPipelineColorBlendAttachmentState blends[8];
    VkPipelineColorBlendStateCreateInfo blend = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = t->n,
        .pAttachments = blends,
    };
    VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = t->n,
        .pColorAttachmentFormats = t->formats,
    };
    VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .pStages = stage_infos,
        .pVertexInputState = &input,
        .pInputAssemblyState = &assembly,
        .pTessellationState = &tessellation,
        .pViewportState = &viewports,
        .pRasterizationState = &raster,
        .pMultisampleState = &samples,
        .pColorBlendState = &blend,
        .layout = l->layout,
    };
    uint32_t k;

    for (k = 0; k < 8; k++)
        blends[k] = (VkPipelineColorBlendAttachmentState){.colorWriteMask = 15};
    for (k = 0; k < SHADER_COMPUTE; k++) {
        if (stages[k].info)
            VK(make_stage(&stages[k], k, &stage_infos[info.stageCount++]));
    }
    for (k = 0; k < SHADER_LOCATIONS; k++) {
        const struct shader_slot *slot = &stages[SHADER_VERTEX].info->in[k];

        if (slot->mask)
            attributes[input.vertexAttributeDescriptionCount++] =
                (VkVertexInputAttributeDescription){
                    .location = k,
                    .format = by_base[slot->base & 3],
                    .offset = 16 * (k % 16),
                };
    }
    VK(vkCreateGraphicsPipelines(device, NULL, 1, &info, NULL, pipeline));
    return keep(PIPELINE, (uint64_t)*pipeline);
}

static VkResult run_graphics(const struct layout *l,
                             const struct vulkan_stage *stages)
{
    struct targets t = {0};
    VkRenderingInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea = {{0, 0}, {SIZE, SIZE}},
        .layerCount = 1,
        .pColorAttachments = t.attachments,
    };
    VkDeviceSize offset = 0;
    VkPipeline pipeline;
    VkBuffer vertices;

    VK(make_targets(stages[SHADER_FRAGMENT].info, &t));
    VK(make_pipeline(l, stages, &t, &pipeline));
    VK(make_buffer(&vertices));
    rendering.colorAttachmentCount = t.n;
    vkCmdBindVertexBuffers(cmd, 0, 1, &vertices, &offset);
    bind(l, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
    vkCmdBeginRendering(cmd, &rendering);
    vkCmdDraw(cmd, 6, 2, 0, 0);
    vkCmdEndRendering(cmd);
    return VK_SUCCESS;
}

/* ---- A run ----------------------------------------------------------- */

static VkResult record(const struct vulkan_stage *stages)
{
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    };
    struct layout l = {0};
    VkResult rc;

    VK(vkBeginCommandBuffer(cmd, &begin));
    gather(&l, stages);
    rc = make_layout(&l);
    rc = rc ? rc : make_sets(&l);
    if (!rc && stages[SHADER_COMPUTE].info)
        rc = run_compute(&l, &stages[SHADER_COMPUTE]);
    else if (!rc)
        rc = run_graphics(&l, stages);
    vkEndCommandBuffer(cmd);
    return rc;
}

enum vulkan_result vulkan_run(const struct vulkan_stage stages[SHADER_STAGES])
{
    VkFenceCreateInfo fence_info = {
        .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
    };
    VkSubmitInfo submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .commandBufferCount = 1,
        .pCommandBuffers = &cmd,
    };
    VkResult rc = record(stages);
    VkFence fence;

    if (!rc)
        rc = vkCreateFence(device, &fence_info, NULL, &fence);
    if (!rc) {
        rc = vkQueueSubmit(queue, 1, &submit, fence);
        rc = rc ? rc : vkWaitForFences(device, 1, &fence, VK_TRUE, UINT64_MAX);
        vkDestroyFence(device, fence, NULL);
    }
    vkResetCommandPool(device, pool, 0);
    drop_objects();
    if (rc == VK_ERROR_FORMAT_NOT_SUPPORTED)
        return VULKAN_NO_FORMAT;
    return rc ? VULKAN_REFUSED : VULKAN_RAN;
}
