/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shader modules, and what becomes of them in a pipeline. */
#include "dm/engine/gfx/stages.h"

#include <errno.h>
#include <stdlib.h>

#define WHY 160u

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void between(int32_t range[2], int32_t min, uint32_t max)
{
    if (range[0] < min)
        range[0] = min;
    if (range[1] > (int32_t)max)
        range[1] = (int32_t)max;
}

/* What is offered, and less where the device has less. */
static void limits_of(const struct vk *vk, struct shader_limits *l)
{
    const VkPhysicalDeviceLimits *m = &vk->props.limits;
    uint32_t i;

    *l = shader_limits_default;
    for (i = 0; i < 3; i++)
        l->local_size[i] =
            least(l->local_size[i], m->maxComputeWorkGroupSize[i]);
    l->invocations = least(l->invocations, m->maxComputeWorkGroupInvocations);
    l->shared_bytes = least(l->shared_bytes, m->maxComputeSharedMemorySize);
    l->push_bytes = least(l->push_bytes, XVGPU_GFX_MAX_PUSH);
    l->sets = least(l->sets, XVGPU_GFX_MAX_SETS);
    l->bindings = least(l->bindings, XVGPU_GFX_MAX_BINDINGS);
    l->vertex_inputs = least(l->vertex_inputs, XVGPU_GFX_MAX_VERTEX_BUFFERS);
    l->colours = least(l->colours, m->maxFragmentOutputAttachments);
    l->interface = least(l->interface, m->maxVertexOutputComponents);
    l->interface =
        least(l->interface, m->maxTessellationControlPerVertexInputComponents);
    l->interface =
        least(l->interface, m->maxTessellationControlPerVertexOutputComponents);
    l->interface =
        least(l->interface, m->maxTessellationEvaluationInputComponents);
    l->interface =
        least(l->interface, m->maxTessellationEvaluationOutputComponents);
    l->interface = least(l->interface, m->maxGeometryInputComponents);
    l->interface = least(l->interface, m->maxGeometryOutputComponents);
    l->interface = least(l->interface, m->maxFragmentInputComponents);
    l->patch_vertices = least(l->patch_vertices, m->maxTessellationPatchSize);
    l->geometry_vertices =
        least(l->geometry_vertices, m->maxGeometryOutputVertices);
    l->geometry_components =
        least(l->geometry_components, m->maxGeometryTotalOutputComponents);
    l->geometry_invocations =
        least(l->geometry_invocations, m->maxGeometryShaderInvocations);
    between(l->texel_offset, m->minTexelOffset, m->maxTexelOffset);
    between(l->gather_offset, m->minTexelGatherOffset, m->maxTexelGatherOffset);
    l->read_without_format = vk->read_without_format;
    l->write_without_format = vk->write_without_format;
}

static int refused(struct gfx *g, int rc, const char *why)
{
    if (rc == -ENOMEM)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    log_limited(&g->e->fault_log, LOG_WARNING, "gfx: shader refused: %s", why);
    return gfx_fault(g, XVGPU_FAULT_SHADER, 0);
}

/* ---- Shader modules ------------------------------------------------------ */

void gfx_drop_shader(struct gfx *g, struct object *o)
{
    shader_free(((struct shader_object *)o)->shader);
    g->spirv -= o->data_bytes;
}

int gfx_make_shader(struct gfx *g, const uint32_t *dw, uint32_t n,
                    const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_shader *p = (const void *)dw;
    struct shader_limits limits;
    struct shader_object *s;
    char why[WHY];
    int rc;

    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    if (!data || !p->bytes || p->bytes % 4 || p->bytes > XVGPU_GFX_MAX_SPIRV)
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    if (p->bytes > GFX_MAX_SPIRV_ALL - g->spirv)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    s = calloc(1, sizeof(*s));
    if (!s)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    limits_of(&g->vk, &limits);
    rc = shader_check(data, p->bytes / 4, &limits, &s->shader, why, WHY);
    if (rc < 0) {
        free(s);
        return refused(g, rc, why);
    }
    g->spirv += p->bytes;
    *out = &s->o;
    return 0;
}

/* ---- Stages of a pipeline ------------------------------------------------ */

static int specialize(struct gfx *g, const struct shader_object *o,
                      const struct xvgpu_gfx_spec *spec, uint32_t nr_spec,
                      struct shader **out)
{
    struct shader_value values[XVGPU_GFX_MAX_SPEC];
    struct shader_limits limits;
    char why[WHY];
    uint32_t i, k;
    int rc;

    for (i = 0; i < nr_spec; i++) {
        values[i] = (struct shader_value){spec[i].id, spec[i].value};
        for (k = 0; k < i; k++) {
            if (values[k].id == values[i].id)
                return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
        }
    }
    limits_of(&g->vk, &limits);
    rc = shader_specialize(o->shader, values, nr_spec, &limits, out, why, WHY);
    return rc < 0 ? refused(g, rc, why) : 0;
}

int gfx_stages_add(struct gfx *g, struct stages *s, struct pipeline *p,
                   const struct shader_object *o,
                   const struct xvgpu_gfx_spec *spec, uint32_t nr_spec)
{
    enum shader_stage stage = shader_info(o->shader)->stage;
    uint32_t slot = stage == SHADER_COMPUTE ? 0 : stage, i;
    const struct shader *shader = o->shader;
    VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    VkPipelineShaderStageCreateInfo *to = &s->info[s->n];
    size_t words;
    VkResult res;

    if (nr_spec) {
        if (specialize(g, o, spec, nr_spec, &p->own[slot]) < 0)
            return -1;
        shader = p->own[slot];
    }
    s->shader[stage] = shader;
    p->info[slot] = shader_info(shader);
    p->separate_samplers |= p->info[slot]->separate_samplers;
    for (i = 0; i < p->info[slot]->n_bindings; i++) {
        p->set_mask |= 1u << p->info[slot]->bindings[i].set;
        if (p->info[slot]->bindings[i].written)
            p->write_mask |= 1u << p->info[slot]->bindings[i].set;
    }
    info.pCode = shader_words(shader, &words);
    info.codeSize = words * sizeof(*info.pCode);
    *to = (VkPipelineShaderStageCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
        .stage = (VkShaderStageFlagBits)(1u << stage),
        .pName = "main",
    };
    res = vkCreateShaderModule(g->vk.device, &info, NULL, &to->module);
    if (res < 0)
        return gfx_vk_failed(g, res, "shader module");
    s->n++;
    return 0;
}

int gfx_stages_match(struct gfx *g, const struct stages *s, struct pipeline *p,
                     struct shader_pipeline *rest)
{
    struct shader_layout_binding b[XVGPU_GFX_MAX_SETS * XVGPU_GFX_MAX_BINDINGS];
    const struct shader_push_range range = {0, p->layout->push_bytes,
                                            GFX_STAGES};
    uint32_t i, k, n = 0;
    char why[WHY];
    int rc;

    for (i = 0; i < XVGPU_GFX_MAX_SETS; i++) {
        const struct set_layout *l = p->layout->set[i];

        for (k = 0; l && k < l->nr_bindings; k++)
            b[n++] = (struct shader_layout_binding){
                .set = i,
                .binding = l->binding[k].binding,
                .count = l->binding[k].count,
                .type = (enum shader_descriptor)l->binding[k].type,
                .stages = l->binding[k].stages,
            };
    }
    rest->bindings = b;
    rest->n_bindings = n;
    rest->ranges = &range;
    rest->n_ranges = range.size ? 1 : 0;
    rc = shader_match(s->shader, rest, why, WHY);
    rest->bindings = NULL;
    rest->ranges = NULL;
    return rc < 0 ? refused(g, rc, why) : 0;
}

void gfx_stages_free(struct gfx *g, struct stages *s)
{
    uint32_t i;

    for (i = 0; i < s->n; i++)
        vkDestroyShaderModule(g->vk.device, s->info[i].module, NULL);
    s->n = 0;
}
