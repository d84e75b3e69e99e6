/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layouts of descriptor sets and of pipelines (chapter 14.2). */
#include "dm/engine/gfx/gfx.h"

#include <stdlib.h>
#include <string.h>

/* ---- Set layouts --------------------------------------------------------- */

static bool binding_allowed(const struct xvgpu_gfx_binding *b)
{
    return b->binding < XVGPU_GFX_MAX_BINDINGS &&
           b->type <= VK_DESCRIPTOR_TYPE_STORAGE_BUFFER && b->count &&
           b->count <= XVGPU_GFX_MAX_DESCRIPTORS && b->stages &&
           !(b->stages & ~GFX_STAGES);
}

static int read_bindings(struct gfx *g, struct set_layout *l,
                         const struct xvgpu_gfx_binding *b)
{
    uint32_t i;

    for (i = 0; i < l->nr_bindings; i++) {
        if (!binding_allowed(&b[i]) || (i && b[i].binding <= b[i - 1].binding))
            return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
        l->binding[i] = b[i];
        l->first[i] = l->nr_descriptors;
        l->nr_descriptors += b[i].count;
        if (l->nr_descriptors > XVGPU_GFX_MAX_DESCRIPTORS)
            return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    }
    return 0;
}

static VkResult new_set_layout(struct gfx *g, const struct set_layout *l,
                               VkDescriptorSetLayout *out)
{
    VkDescriptorSetLayoutBinding b[XVGPU_GFX_MAX_BINDINGS];
    const VkDescriptorSetLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = l->nr_bindings,
        .pBindings = b,
    };
    VkResult res;
    uint32_t i;

    for (i = 0; i < l->nr_bindings; i++)
        b[i] = (VkDescriptorSetLayoutBinding){
            .binding = l->binding[i].binding,
            .descriptorType = (VkDescriptorType)l->binding[i].type,
            .descriptorCount = l->binding[i].count,
            .stageFlags = l->binding[i].stages,
        };
    res = vkCreateDescriptorSetLayout(g->vk.device, &info, NULL, out);
    if (res < 0)
        *out = VK_NULL_HANDLE;
    return res;
}

void gfx_drop_set_layout(struct gfx *g, struct object *o)
{
    vkDestroyDescriptorSetLayout(g->vk.device, ((struct set_layout *)o)->vk,
                                 NULL);
}

int gfx_make_set_layout(struct gfx *g, const uint32_t *dw, uint32_t n,
                        const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_set_layout *p = (const void *)dw;
    struct set_layout *l;
    VkResult res;

    (void)data;
    if (n * 4 < sizeof(*p) ||
        gfx_length(g->e, n, sizeof(*p),
                   p->bindings * (uint64_t)sizeof(struct xvgpu_gfx_binding)) <
            0)
        return -1;
    if (p->bindings > XVGPU_GFX_MAX_BINDINGS)
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    l = calloc(1, sizeof(*l));
    if (!l)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    l->nr_bindings = p->bindings;
    if (read_bindings(g, l, GFX_TAIL(p)) < 0) {
        free(l);
        return -1;
    }
    res = new_set_layout(g, l, &l->vk);
    if (res < 0) {
        free(l);
        return gfx_vk_failed(g, res, "descriptor set layout");
    }
    *out = &l->o;
    return 0;
}

/* ---- Pipeline layouts ---------------------------------------------------- */

/* Kinds of descriptors that Vulkan counts together. */
enum { SAMPLERS, UNIFORMS, STORAGES, SAMPLED, WRITABLE, NR_KINDS };

/* The kinds of a descriptor type; a combined image sampler is of two. */
static const uint32_t kinds[] = {
    [VK_DESCRIPTOR_TYPE_SAMPLER] = 1 << SAMPLERS,
    [VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER] = 1 << SAMPLERS | 1 << SAMPLED,
    [VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE] = 1 << SAMPLED,
    [VK_DESCRIPTOR_TYPE_STORAGE_IMAGE] = 1 << WRITABLE,
    [VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER] = 1 << SAMPLED,
    [VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER] = 1 << WRITABLE,
    [VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER] = 1 << UNIFORMS,
    [VK_DESCRIPTOR_TYPE_STORAGE_BUFFER] = 1 << STORAGES,
};

/* Descriptors of a layout that `stages` may use. */
static void count(const struct layout *l, uint32_t stages, uint32_t n[NR_KINDS])
{
    uint32_t s, i, k;

    memset(n, 0, NR_KINDS * sizeof(*n));
    for (s = 0; s < XVGPU_GFX_MAX_SETS; s++) {
        for (i = 0; l->set[s] && i < l->set[s]->nr_bindings; i++) {
            const struct xvgpu_gfx_binding *b = &l->set[s]->binding[i];

            for (k = 0; k < NR_KINDS; k++) {
                if ((b->stages & stages) && (kinds[b->type] & 1u << k))
                    n[k] += b->count;
            }
        }
    }
}

/* What the device has of each, in a stage and in all (VkPhysicalDeviceLimits;
 * VkPipelineLayoutCreateInfo and, of all resources together, the pipelines').
 */
static bool device_has(const struct gfx *g, const struct layout *l)
{
    const VkPhysicalDeviceLimits *m = &g->vk.props.limits;
    const uint32_t stage_max[NR_KINDS] = {
        [SAMPLERS] = m->maxPerStageDescriptorSamplers,
        [UNIFORMS] = m->maxPerStageDescriptorUniformBuffers,
        [STORAGES] = m->maxPerStageDescriptorStorageBuffers,
        [SAMPLED] = m->maxPerStageDescriptorSampledImages,
        [WRITABLE] = m->maxPerStageDescriptorStorageImages,
    };
    const uint32_t all_max[NR_KINDS] = {
        [SAMPLERS] = m->maxDescriptorSetSamplers,
        [UNIFORMS] = m->maxDescriptorSetUniformBuffers,
        [STORAGES] = m->maxDescriptorSetStorageBuffers,
        [SAMPLED] = m->maxDescriptorSetSampledImages,
        [WRITABLE] = m->maxDescriptorSetStorageImages,
    };
    uint32_t n[NR_KINDS], stage, k, resources;

    for (stage = 1; stage & GFX_STAGES; stage <<= 1) {
        count(l, stage, n);
        resources =
            stage == VK_SHADER_STAGE_FRAGMENT_BIT ? XVGPU_GFX_MAX_COLOR : 0;
        for (k = 0; k < NR_KINDS; k++) {
            if (n[k] > stage_max[k])
                return false;
            if (k != SAMPLERS)
                resources += n[k];
        }
        if (resources > m->maxPerStageResources)
            return false;
    }
    count(l, ~0u, n);
    for (k = 0; k < NR_KINDS; k++) {
        if (n[k] > all_max[k])
            return false;
    }
    return true;
}

/* A hole needs a layout, too. */
static int no_set(struct gfx *g)
{
    const struct set_layout none = {0};
    VkResult res;

    if (g->no_set)
        return 0;
    res = new_set_layout(g, &none, &g->no_set);
    return res < 0 ? gfx_vk_failed(g, res, "descriptor set layout") : 0;
}

/*
 * One for each bind point: Vulkan has one memory for the push constants of all
 * stages, and lavapipe looks for the pipeline of each stage that they are
 * pushed for, bound or not.
 */
static int make_vk(struct gfx *g, struct layout *l, unsigned int point)
{
    VkDescriptorSetLayout sets[XVGPU_GFX_MAX_SETS];
    const VkPushConstantRange range = {gfx_push_stages(point), 0,
                                       l->push_bytes};
    VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .pSetLayouts = sets,
        .pushConstantRangeCount = l->push_bytes ? 1 : 0,
        .pPushConstantRanges = &range,
    };
    VkResult res;
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_SETS; i++) {
        sets[i] = l->set[i] ? l->set[i]->vk : g->no_set;
        if (l->set[i])
            info.setLayoutCount = i + 1;
    }
    res = vkCreatePipelineLayout(g->vk.device, &info, NULL, &l->vk[point]);
    if (res >= 0)
        return 0;
    l->vk[point] = VK_NULL_HANDLE;
    return gfx_vk_failed(g, res, "pipeline layout");
}

void gfx_drop_layout(struct gfx *g, struct object *o)
{
    unsigned int i;

    for (i = 0; i < NR_POINTS; i++)
        vkDestroyPipelineLayout(g->vk.device, ((struct layout *)o)->vk[i],
                                NULL);
}

int gfx_make_layout(struct gfx *g, const uint32_t *dw, uint32_t n,
                    const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_layout *p = (const void *)dw;
    struct layout l = {.push_bytes = 0}, *copy;
    uint32_t id[XVGPU_GFX_MAX_SETS], i;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    if (p->push_bytes % 4 || p->push_bytes > XVGPU_GFX_MAX_PUSH)
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    memcpy(id, &p->set0, sizeof(id));
    l.push_bytes = p->push_bytes;
    for (i = 0; i < XVGPU_GFX_MAX_SETS; i++) {
        if (!id[i])
            continue;
        l.set[i] = (struct set_layout *)gfx_use(g, XVGPU_GFX_SET_LAYOUT, id[i]);
        if (!l.set[i])
            return -1;
    }
    if (!device_has(g, &l))
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    copy = calloc(1, sizeof(*copy));
    if (!copy)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    *copy = l;
    if (no_set(g) < 0 || make_vk(g, copy, POINT_GRAPHICS) < 0 ||
        make_vk(g, copy, POINT_COMPUTE) < 0) {
        gfx_drop_layout(g, &copy->o);
        free(copy);
        return -1;
    }
    *out = &copy->o;
    return 0;
}
