/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/vk-scene.h"

#include <errno.h>
#include <stdio.h>

#define ATTRIBUTES_MAX 16

static int layout(struct vk_scene *s, const struct scene_pipeline *from,
                  struct vk_pipeline *p)
{
    VkDescriptorSetLayout sets[SCENE_SETS];
    const VkPushConstantRange range = {p->stages, 0, from->push_size};
    VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .pSetLayouts = sets,
        .pushConstantRangeCount = from->push_size ? 1 : 0,
        .pPushConstantRanges = &range,
    };

    while (info.setLayoutCount < SCENE_SETS &&
           from->sets[info.setLayoutCount] != SCENE_NONE) {
        sets[info.setLayoutCount] = s->layouts[from->sets[info.setLayoutCount]];
        info.setLayoutCount++;
    }
    return vk_check(
        vkCreatePipelineLayout(s->vk->device, &info, NULL, &p->layout),
        "vkCreatePipelineLayout");
}

struct stages {
    VkPipelineShaderStageCreateInfo info[gfx_stages];
    uint32_t count;
};

static int stages_create(struct vk_scene *s, const struct scene_pipeline *from,
                         struct stages *stages)
{
    stages->count = 0;
    for (uint32_t i = 0; i < from->shader_count && i < gfx_stages; i++) {
        const struct gfx_shader *shader = &gfx_shaders[from->shaders[i]];
        const VkShaderModuleCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
            .codeSize = shader->size,
            .pCode = shader->words,
        };
        VkShaderModule module;
        int rc =
            vk_check(vkCreateShaderModule(s->vk->device, &info, NULL, &module),
                     shader->name);

        if (rc)
            return rc;
        stages->info[stages->count++] = (VkPipelineShaderStageCreateInfo){
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = (VkShaderStageFlagBits)(1 << shader->stage),
            .module = module,
            .pName = "main",
        };
    }
    return 0;
}

static void stages_destroy(struct vk_scene *s, struct stages *stages)
{
    for (uint32_t i = 0; i < stages->count; i++)
        vkDestroyShaderModule(s->vk->device, stages->info[i].module, NULL);
}

static int compute(struct vk_scene *s, struct vk_pipeline *p,
                   const struct stages *stages)
{
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = stages->info[0],
        .layout = p->layout,
    };

    return vk_check(vkCreateComputePipelines(s->vk->device, VK_NULL_HANDLE, 1,
                                             &info, NULL, &p->pipeline),
                    "vkCreateComputePipelines");
}

static VkPipelineColorBlendAttachmentState blend(enum scene_blend how)
{
    VkPipelineColorBlendAttachmentState b = {
        .blendEnable = how != SCENE_OPAQUE,
        .srcColorBlendFactor = VK_BLEND_FACTOR_ONE,
        .dstColorBlendFactor = VK_BLEND_FACTOR_ONE,
        .srcAlphaBlendFactor = VK_BLEND_FACTOR_ONE,
        .dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE,
        .colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT |
                          VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT,
    };

    if (how == SCENE_OVER) {
        b.srcColorBlendFactor = VK_BLEND_FACTOR_SRC_ALPHA;
        b.dstColorBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA;
        b.dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA;
    }
    return b;
}

struct inputs {
    VkVertexInputBindingDescription streams[ATTRIBUTES_MAX];
    VkVertexInputAttributeDescription attributes[ATTRIBUTES_MAX];
    VkPipelineVertexInputStateCreateInfo info;
};

static int vertex_inputs(const struct scene_pipeline *from, struct inputs *in)
{
    if (from->stream_count > ATTRIBUTES_MAX ||
        from->attribute_count > ATTRIBUTES_MAX)
        return -E2BIG;
    for (uint32_t i = 0; i < from->stream_count; i++)
        in->streams[i] = (VkVertexInputBindingDescription){
            i, from->streams[i].stride,
            from->streams[i].per_instance ? VK_VERTEX_INPUT_RATE_INSTANCE
                                          : VK_VERTEX_INPUT_RATE_VERTEX};
    for (uint32_t i = 0; i < from->attribute_count; i++) {
        const struct scene_attribute *a = &from->attributes[i];

        in->attributes[i] = (VkVertexInputAttributeDescription){
            a->location, a->stream, (VkFormat)a->format, a->offset};
    }
    in->info = (VkPipelineVertexInputStateCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
        .vertexBindingDescriptionCount = from->stream_count,
        .pVertexBindingDescriptions = in->streams,
        .vertexAttributeDescriptionCount = from->attribute_count,
        .pVertexAttributeDescriptions = in->attributes,
    };
    return 0;
}

static int graphics(struct vk_scene *s, const struct scene_pipeline *from,
                    struct vk_pipeline *p, const struct stages *stages)
{
    static const VkDynamicState dynamic[] = {VK_DYNAMIC_STATE_VIEWPORT,
                                             VK_DYNAMIC_STATE_SCISSOR};
    const VkFormat colour = (VkFormat)from->colour_format;
    const VkPipelineColorBlendAttachmentState attachment = blend(from->blend);
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = 1,
        .pColorAttachmentFormats = &colour,
        .depthAttachmentFormat = from->depth_format == SCENE_NONE
                                     ? VK_FORMAT_UNDEFINED
                                     : (VkFormat)from->depth_format,
    };
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = (VkPrimitiveTopology)from->topology,
    };
    const VkPipelineTessellationStateCreateInfo tessellation = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_TESSELLATION_STATE_CREATE_INFO,
        .patchControlPoints = from->patch_points,
    };
    const VkPipelineViewportStateCreateInfo viewport = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = 1,
        .scissorCount = 1,
    };
    const VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .cullMode = (VkCullModeFlags)from->cull,
        .frontFace = VK_FRONT_FACE_COUNTER_CLOCKWISE,
        .lineWidth = 1.0f,
    };
    const VkPipelineMultisampleStateCreateInfo multisample = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = (VkSampleCountFlagBits)from->samples,
    };
    const VkPipelineDepthStencilStateCreateInfo depth = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
        .depthTestEnable = from->depth_test,
        .depthWriteEnable = from->depth_write,
        .depthCompareOp = (VkCompareOp)from->depth_compare,
    };
    const VkPipelineColorBlendStateCreateInfo blending = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = 1,
        .pAttachments = &attachment,
    };
    const VkPipelineDynamicStateCreateInfo dynamics = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
        .dynamicStateCount = sizeof(dynamic) / sizeof(dynamic[0]),
        .pDynamicStates = dynamic,
    };
    struct inputs in;
    int rc = vertex_inputs(from, &in);
    const VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .stageCount = stages->count,
        .pStages = stages->info,
        .pVertexInputState = &in.info,
        .pInputAssemblyState = &assembly,
        .pTessellationState = from->patch_points ? &tessellation : NULL,
        .pViewportState = &viewport,
        .pRasterizationState = &raster,
        .pMultisampleState = &multisample,
        .pDepthStencilState = &depth,
        .pColorBlendState = &blending,
        .pDynamicState = &dynamics,
        .layout = p->layout,
    };

    if (rc)
        return rc;
    return vk_check(vkCreateGraphicsPipelines(s->vk->device, VK_NULL_HANDLE, 1,
                                              &info, NULL, &p->pipeline),
                    "vkCreateGraphicsPipelines");
}

static int pipeline(struct vk_scene *s, const struct scene_pipeline *from,
                    struct vk_pipeline *p)
{
    bool is_compute = gfx_shaders[from->shaders[0]].stage == gfx_comp;
    struct stages stages;
    int rc;

    p->point = is_compute ? VK_PIPELINE_BIND_POINT_COMPUTE
                          : VK_PIPELINE_BIND_POINT_GRAPHICS;
    /* The same for all that draw, or sets would have to be bound again with
     * each pipeline. */
    p->stages =
        is_compute ? VK_SHADER_STAGE_COMPUTE_BIT : VK_SHADER_STAGE_ALL_GRAPHICS;
    rc = stages_create(s, from, &stages);
    if (!rc)
        rc = layout(s, from, p);
    if (!rc)
        rc =
            is_compute ? compute(s, p, &stages) : graphics(s, from, p, &stages);
    stages_destroy(s, &stages);
    if (rc)
        fprintf(stderr, "reference: no pipeline '%s'\n", from->name);
    return rc;
}

int vk_pipelines_create(struct vk_scene *s)
{
    int rc = 0;

    for (uint32_t i = 0; !rc && i < s->scene->pipeline_count; i++)
        rc = pipeline(s, &s->scene->pipelines[i], &s->pipelines[i]);
    return rc;
}
