/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipelines. */
#include "dm/engine/gfx/graphics.h"
#include "dm/engine/gfx/stages.h"

#include <stdlib.h>

/* ---- Stages -------------------------------------------------------------- */

static int add_stages(struct gfx *g, const struct graphics *in,
                      struct pipeline *p, struct stages *s)
{
    const struct shader_object *o;
    uint32_t i, stage, next = SHADER_VERTEX;

    for (i = 0; i < in->p->nr_stages; i++) {
        o = (struct shader_object *)gfx_use(g, XVGPU_GFX_SHADER,
                                            in->stage[i].shader);
        if (!o)
            return -1;
        stage = shader_info(o->shader)->stage;
        if (stage < next || stage == SHADER_COMPUTE ||
            (i == 0 && stage != SHADER_VERTEX))
            return gfx_fault(g, XVGPU_FAULT_SHADER, 0);
        /* We divide draws, and make one of each indirect one. */
        if (shader_info(o->shader)->uses_draw_parameters)
            return gfx_fault(g, XVGPU_FAULT_SHADER, 0);
        next = stage + 1;
        if (gfx_stages_add(g, s, p, o, in->spec + in->stage[i].first_spec,
                           in->stage[i].nr_spec) < 0)
            return -1;
    }
    return 0;
}

static enum shader_topology shader_topology(uint32_t topology)
{
    static const enum shader_topology table[] = {
        [VK_PRIMITIVE_TOPOLOGY_POINT_LIST] = SHADER_POINTS,
        [VK_PRIMITIVE_TOPOLOGY_LINE_LIST] = SHADER_LINES,
        [VK_PRIMITIVE_TOPOLOGY_LINE_STRIP] = SHADER_LINES,
        [VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST] = SHADER_TRIANGLES,
        [VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP] = SHADER_TRIANGLES,
        [VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN] = SHADER_TRIANGLES,
        [VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY] =
            SHADER_LINES_ADJACENCY,
        [VK_PRIMITIVE_TOPOLOGY_LINE_STRIP_WITH_ADJACENCY] =
            SHADER_LINES_ADJACENCY,
        [VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY] =
            SHADER_TRIANGLES_ADJACENCY,
        [VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP_WITH_ADJACENCY] =
            SHADER_TRIANGLES_ADJACENCY,
        [VK_PRIMITIVE_TOPOLOGY_PATCH_LIST] = SHADER_PATCHES,
    };

    return table[topology];
}

/* The last stage before the rasterizer. */
static const struct shader_info *last(const struct pipeline *p)
{
    uint32_t i = SHADER_FRAGMENT;

    while (!p->info[--i])
        ;
    return p->info[i];
}

/* Points have no size but what that stage gives them. */
static bool makes_points(const struct graphics *in, const struct pipeline *p)
{
    const struct shader_info *info = last(p);

    switch (info->stage) {
    case SHADER_GEOMETRY:
        return info->geometry_out == SHADER_POINTS;
    case SHADER_TESS_EVALUATION:
        return info->point_mode || p->info[SHADER_TESS_CONTROL]->point_mode;
    default:
        return in->p->topology == VK_PRIMITIVE_TOPOLOGY_POINT_LIST;
    }
}

static int match_graphics(struct gfx *g, const struct graphics *in,
                          struct pipeline *p, const struct stages *s)
{
    const struct shader_info *f = p->info[SHADER_FRAGMENT];
    struct shader_pipeline rest = {
        .topology = shader_topology(in->p->topology),
        .patch_vertices = in->p->patch_points,
    };
    uint32_t i;

    for (i = 0; i < in->p->nr_attributes; i++)
        rest.attributes[in->attribute[i].location] =
            gfx_shader_base(gfx_format(in->attribute[i].format));
    for (i = 0; i < in->p->nr_color; i++) {
        if (in->blend[i].format)
            rest.colours[i] = gfx_shader_base(gfx_format(in->blend[i].format));
    }
    /* Coverage comes from the first output's alpha: it must be there. */
    if ((in->p->flags & XVGPU_GFX_PIPELINE_ALPHA_TO_COVERAGE) &&
        (!f || !(f->out[0].mask & 8)))
        return gfx_fault(g, XVGPU_FAULT_SHADER, 0);
    if (gfx_stages_match(g, s, p, &rest) < 0)
        return -1;
    if (makes_points(in, p) && !last(p)->writes_point_size)
        return gfx_fault(g, XVGPU_FAULT_SHADER, 0);
    return 0;
}

/* ---- Making it ----------------------------------------------------------- */

static void note(struct pipeline *p, const struct graphics *in)
{
    uint32_t i;

    p->topology = in->p->topology;
    p->patch_points = in->p->patch_points;
    p->nr_color = in->p->nr_color;
    p->samples = in->p->samples;
    p->flags = in->p->flags;
    p->viewports = in->p->viewports;
    p->depth_format = in->p->depth_format;
    p->stencil_format = in->p->stencil_format;
    for (i = 0; i < p->nr_color; i++)
        p->color_format[i] = in->blend[i].format;
    for (i = 0; i < in->p->nr_bindings; i++)
        p->stride[i] = in->binding[i].stride;
    for (i = 0; i < in->p->nr_attributes; i++)
        p->vertex_buffers |= 1u << in->attribute[i].binding;
    /* Numbers of primitives tell where a draw was cut. */
    p->splits = true;
    for (i = 0; i < XVGPU_GFX_MAX_STAGES; i++) {
        if (p->info[i] && p->info[i]->uses_primitive_id)
            p->splits = false;
    }
}

static VkPipelineVertexInputStateCreateInfo
vertex_state(const struct graphics *in, VkVertexInputBindingDescription *b,
             VkVertexInputAttributeDescription *a)
{
    uint32_t i;

    for (i = 0; i < in->p->nr_bindings; i++)
        b[i] = (VkVertexInputBindingDescription){
            i, in->binding[i].stride,
            in->binding[i].per_instance ? VK_VERTEX_INPUT_RATE_INSTANCE
                                        : VK_VERTEX_INPUT_RATE_VERTEX};
    for (i = 0; i < in->p->nr_attributes; i++)
        a[i] = (VkVertexInputAttributeDescription){
            in->attribute[i].location, in->attribute[i].binding,
            (VkFormat)in->attribute[i].format, in->attribute[i].offset};
    return (VkPipelineVertexInputStateCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
        .vertexBindingDescriptionCount = in->p->nr_bindings,
        .pVertexBindingDescriptions = b,
        .vertexAttributeDescriptionCount = in->p->nr_attributes,
        .pVertexAttributeDescriptions = a,
    };
}

static VkStencilOpState stencil_face(const struct xvgpu_gfx_stencil *s)
{
    return (VkStencilOpState){
        .failOp = (VkStencilOp)s->fail,
        .passOp = (VkStencilOp)s->pass,
        .depthFailOp = (VkStencilOp)s->depth_fail,
        .compareOp = (VkCompareOp)s->compare,
    };
}

/* Tests without an attachment are none. */
static VkPipelineDepthStencilStateCreateInfo
depth_state(const struct graphics *in)
{
    bool depth = in->p->depth_format != 0;
    bool stencil = in->stencil && in->p->stencil_format;

    return (VkPipelineDepthStencilStateCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
        .depthTestEnable =
            depth && (in->p->flags & XVGPU_GFX_PIPELINE_DEPTH_TEST),
        .depthWriteEnable =
            depth && (in->p->flags & XVGPU_GFX_PIPELINE_DEPTH_WRITE),
        .depthCompareOp = (VkCompareOp)in->p->depth_compare,
        .stencilTestEnable = stencil,
        .front =
            stencil ? stencil_face(&in->stencil[0]) : (VkStencilOpState){0},
        .back = stencil ? stencil_face(&in->stencil[1]) : (VkStencilOpState){0},
    };
}

static VkPipelineColorBlendStateCreateInfo
blend_state(const struct graphics *in, VkPipelineColorBlendAttachmentState *b)
{
    bool logic = in->p->flags & XVGPU_GFX_PIPELINE_LOGIC_OP;
    uint32_t i;

    for (i = 0; i < in->p->nr_color; i++)
        b[i] = (VkPipelineColorBlendAttachmentState){
            .blendEnable = in->blend[i].enable,
            .srcColorBlendFactor = (VkBlendFactor)in->blend[i].src_color,
            .dstColorBlendFactor = (VkBlendFactor)in->blend[i].dst_color,
            .colorBlendOp = (VkBlendOp)in->blend[i].color_op,
            .srcAlphaBlendFactor = (VkBlendFactor)in->blend[i].src_alpha,
            .dstAlphaBlendFactor = (VkBlendFactor)in->blend[i].dst_alpha,
            .alphaBlendOp = (VkBlendOp)in->blend[i].alpha_op,
            .colorWriteMask = in->blend[i].write_mask,
        };
    return (VkPipelineColorBlendStateCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .logicOpEnable = logic,
        .logicOp = (VkLogicOp)in->p->logic_op,
        .attachmentCount = in->p->nr_color,
        .pAttachments = b,
    };
}

static VkPipelineRasterizationStateCreateInfo
raster_state(const struct xvgpu_gfx_create_graphics *p)
{
    return (VkPipelineRasterizationStateCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .depthClampEnable = !!(p->flags & XVGPU_GFX_PIPELINE_DEPTH_CLAMP),
        .rasterizerDiscardEnable =
            !!(p->flags & XVGPU_GFX_PIPELINE_RASTERIZER_DISCARD),
        .polygonMode = (VkPolygonMode)p->polygon_mode,
        .cullMode = p->cull_mode,
        .frontFace = (VkFrontFace)p->front_face,
        .depthBiasEnable = !!(p->flags & XVGPU_GFX_PIPELINE_DEPTH_BIAS),
        .lineWidth = 1.0f,
    };
}

static VkPipelineMultisampleStateCreateInfo
sample_state(const struct xvgpu_gfx_create_graphics *p)
{
    return (VkPipelineMultisampleStateCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = (VkSampleCountFlagBits)p->samples,
        .sampleShadingEnable = !!(p->flags & XVGPU_GFX_PIPELINE_SAMPLE_SHADING),
        .minSampleShading = 1.0f,
        .pSampleMask = &p->sample_mask,
        .alphaToCoverageEnable =
            !!(p->flags & XVGPU_GFX_PIPELINE_ALPHA_TO_COVERAGE),
        .alphaToOneEnable = !!(p->flags & XVGPU_GFX_PIPELINE_ALPHA_TO_ONE),
    };
}

static VkPipelineRenderingCreateInfo
rendering_of(const struct xvgpu_gfx_create_graphics *p, const VkFormat *color)
{
    return (VkPipelineRenderingCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = p->nr_color,
        .pColorAttachmentFormats = color,
        .depthAttachmentFormat = (VkFormat)p->depth_format,
        .stencilAttachmentFormat = (VkFormat)p->stencil_format,
    };
}

static int make_graphics(struct gfx *g, const struct graphics *in,
                         struct pipeline *p, const struct stages *s)
{
    static const VkDynamicState dynamic[] = {
        VK_DYNAMIC_STATE_VIEWPORT,
        VK_DYNAMIC_STATE_SCISSOR,
        VK_DYNAMIC_STATE_DEPTH_BIAS,
        VK_DYNAMIC_STATE_BLEND_CONSTANTS,
        VK_DYNAMIC_STATE_STENCIL_COMPARE_MASK,
        VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
        VK_DYNAMIC_STATE_STENCIL_REFERENCE,
    };
    const VkPipelineDynamicStateCreateInfo dynamics = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
        .dynamicStateCount = sizeof(dynamic) / sizeof(dynamic[0]),
        .pDynamicStates = dynamic,
    };
    VkVertexInputBindingDescription bindings[XVGPU_GFX_MAX_VERTEX_BUFFERS];
    VkVertexInputAttributeDescription attributes[XVGPU_GFX_MAX_VERTEX_BUFFERS];
    VkPipelineColorBlendAttachmentState blends[XVGPU_GFX_MAX_COLOR];
    const VkPipelineVertexInputStateCreateInfo vertex =
        vertex_state(in, bindings, attributes);
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = (VkPrimitiveTopology)in->p->topology,
        .primitiveRestartEnable =
            !!(in->p->flags & XVGPU_GFX_PIPELINE_PRIMITIVE_RESTART),
    };
    const VkPipelineTessellationStateCreateInfo tessellation = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_TESSELLATION_STATE_CREATE_INFO,
        .patchControlPoints = in->p->patch_points,
    };
    const VkPipelineViewportStateCreateInfo viewport = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = in->p->viewports,
        .scissorCount = in->p->viewports,
    };
    const VkPipelineRasterizationStateCreateInfo raster = raster_state(in->p);
    const VkPipelineMultisampleStateCreateInfo sample = sample_state(in->p);
    const VkPipelineDepthStencilStateCreateInfo depth = depth_state(in);
    const VkPipelineColorBlendStateCreateInfo blend = blend_state(in, blends);
    VkFormat color[XVGPU_GFX_MAX_COLOR];
    const VkPipelineRenderingCreateInfo rendering = rendering_of(in->p, color);
    const VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .stageCount = s->n,
        .pStages = s->info,
        .pVertexInputState = &vertex,
        .pInputAssemblyState = &assembly,
        .pTessellationState = in->p->patch_points ? &tessellation : NULL,
        .pViewportState = &viewport,
        .pRasterizationState = &raster,
        .pMultisampleState = &sample,
        .pDepthStencilState = &depth,
        .pColorBlendState = &blend,
        .pDynamicState = &dynamics,
        .layout = p->layout->vk[POINT_GRAPHICS],
        .basePipelineIndex = -1,
    };
    VkResult res;
    uint32_t i;

    for (i = 0; i < in->p->nr_color; i++)
        color[i] = (VkFormat)in->blend[i].format;
    res = vkCreateGraphicsPipelines(g->vk.device, VK_NULL_HANDLE, 1, &info,
                                    NULL, &p->vk);
    if (res == VK_SUCCESS)
        return 0;
    p->vk = VK_NULL_HANDLE;
    return gfx_vk_failed(g, res, "graphics pipeline");
}

/* ---- The class ----------------------------------------------------------- */

void gfx_drop_pipeline(struct gfx *g, struct object *o)
{
    struct pipeline *p = (struct pipeline *)o;
    uint32_t i;

    vkDestroyPipeline(g->vk.device, p->vk, NULL);
    for (i = 0; i < XVGPU_GFX_MAX_STAGES; i++)
        shader_free(p->own[i]);
}

/* A pipeline with its layout. */
static struct pipeline *new_pipeline(struct gfx *g, uint32_t layout)
{
    struct object *l = gfx_use(g, XVGPU_GFX_LAYOUT, layout);
    struct pipeline *p;

    if (!l)
        return NULL;
    p = calloc(1, sizeof(*p));
    if (!p) {
        gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
        return NULL;
    }
    p->layout = (struct layout *)l;
    return p;
}

static int finish(struct gfx *g, struct pipeline *p, struct stages *s, int rc,
                  struct object **out)
{
    gfx_stages_free(g, s);
    if (rc < 0) {
        gfx_drop_pipeline(g, &p->o);
        free(p);
        return rc;
    }
    *out = &p->o;
    return 0;
}

int gfx_make_graphics(struct gfx *g, const uint32_t *dw, uint32_t n,
                      const uint32_t *data, struct object **out)
{
    struct stages s = {.n = 0};
    struct graphics in;
    struct pipeline *p;
    int rc;

    (void)data;
    if (gfx_graphics_read(g, dw, n, &in) < 0)
        return -1;
    p = new_pipeline(g, in.p->layout);
    if (!p)
        return -1;
    rc = add_stages(g, &in, p, &s);
    if (rc == 0)
        rc = match_graphics(g, &in, p, &s);
    if (rc == 0)
        rc = make_graphics(g, &in, p, &s);
    if (rc == 0)
        note(p, &in);
    return finish(g, p, &s, rc, out);
}

static int make_compute(struct gfx *g, struct pipeline *p,
                        const struct stages *s)
{
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
        .stage = s->info[0],
        .layout = p->layout->vk[POINT_COMPUTE],
        .basePipelineIndex = -1,
    };
    VkResult res = vkCreateComputePipelines(g->vk.device, VK_NULL_HANDLE, 1,
                                            &info, NULL, &p->vk);

    if (res == VK_SUCCESS)
        return 0;
    p->vk = VK_NULL_HANDLE;
    return gfx_vk_failed(g, res, "compute pipeline");
}

int gfx_make_compute(struct gfx *g, const uint32_t *dw, uint32_t n,
                     const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_compute *in = (const void *)dw;
    struct shader_pipeline rest = {.topology = SHADER_POINTS};
    const struct shader_object *o;
    struct stages s = {.n = 0};
    struct pipeline *p;
    int rc = -1;

    (void)data;
    if (n * 4 < sizeof(*in) || in->nr_spec > XVGPU_GFX_MAX_SPEC)
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    if (gfx_length(g->e, n, sizeof(*in),
                   in->nr_spec * sizeof(struct xvgpu_gfx_spec)) < 0)
        return -1;
    p = new_pipeline(g, in->layout);
    if (!p)
        return -1;
    o = (struct shader_object *)gfx_use(g, XVGPU_GFX_SHADER, in->shader);
    if (o && shader_info(o->shader)->stage != SHADER_COMPUTE)
        gfx_fault(g, XVGPU_FAULT_SHADER, 0);
    else if (o)
        rc = gfx_stages_add(g, &s, p, o, GFX_TAIL(in), in->nr_spec);
    if (rc == 0)
        rc = gfx_stages_match(g, &s, p, &rest);
    if (rc == 0)
        rc = make_compute(g, p, &s);
    if (rc == 0) {
        p->compute = true;
        p->splits = !p->info[0]->uses_num_workgroups;
        for (n = 0; n < 3; n++)
            p->local[n] = p->info[0]->local_size[n];
    }
    return finish(g, p, &s, rc, out);
}
