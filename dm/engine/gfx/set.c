/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptor sets. WRITE_SET changes our notes only; the driver's set is
 * written when it is next needed, into a new one if a chunk may be using the
 * old one. What a descriptor refers to may have been destroyed since: it is
 * null then, and a pipeline that uses it is refused (match.c).
 */
#include "dm/engine/gfx/gfx.h"

#include <stdlib.h>
#include <string.h>

#define OFFSET_ALIGN 64u
#define UNIFORM_MAX 65536u
#define STORAGE_MAX (1u << 27)
#define NR_TYPES (VK_DESCRIPTOR_TYPE_STORAGE_BUFFER + 1u)

/* ---- WRITE_SET ----------------------------------------------------------- */

static int bad_field(struct gfx *g)
{
    return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
}

static int check_buffer(struct gfx *g, const struct buffer *b, bool storage,
                        struct descriptor *d)
{
    const VkPhysicalDeviceLimits *m = &g->vk.props.limits;
    uint64_t align = storage ? m->minStorageBufferOffsetAlignment
                             : m->minUniformBufferOffsetAlignment;
    uint64_t max = storage ? STORAGE_MAX : UNIFORM_MAX, left;

    if (d->offset % OFFSET_ALIGN)
        return gfx_fault(g, XVGPU_FAULT_ALIGNMENT, d->offset);
    /* Something must be left of it. */
    if (gfx_buffer_range(g, b, d->offset, d->range ? d->range : 1) < 0)
        return -1;
    left = b->size - d->offset;
    if (!d->range)
        d->range = left < max ? left : max;
    if (d->range > max)
        return bad_field(g);
    if (d->offset % align || d->range > (storage ? m->maxStorageBufferRange
                                                 : m->maxUniformBufferRange))
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    return 0;
}

/* What a type of descriptor refers to. */
static const uint32_t classes[NR_TYPES] = {
    [VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER] = XVGPU_GFX_VIEW,
    [VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE] = XVGPU_GFX_VIEW,
    [VK_DESCRIPTOR_TYPE_STORAGE_IMAGE] = XVGPU_GFX_VIEW,
    [VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER] = XVGPU_GFX_BUFFER_VIEW,
    [VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER] = XVGPU_GFX_BUFFER_VIEW,
    [VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER] = XVGPU_GFX_BUFFER,
    [VK_DESCRIPTOR_TYPE_STORAGE_BUFFER] = XVGPU_GFX_BUFFER,
};

/* An object of the class that the type has. */
static int check_object(struct gfx *g, uint32_t type, struct descriptor *d)
{
    const struct view *v = (const struct view *)d->object;

    switch (type) {
    case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
    case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
        if (!(v->usage & VK_IMAGE_USAGE_SAMPLED_BIT) ||
            (d->sampler && !gfx_sampler_fits(d->sampler, v)))
            return bad_field(g);
        return 0;
    case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
        return v->usage & VK_IMAGE_USAGE_STORAGE_BIT ? 0 : bad_field(g);
    case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
        return 0;
    case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
        return ((const struct buffer_view *)d->object)->format->features &
                       XVGPU_GFX_FORMAT_STEXEL
                   ? 0
                   : bad_field(g);
    default:
        return check_buffer(g, (const struct buffer *)d->object,
                            type == VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, d);
    }
}

static int check_descriptor(struct gfx *g, uint32_t type, struct descriptor *d)
{
    bool buffer = classes[type] == XVGPU_GFX_BUFFER;
    bool sampler = type == VK_DESCRIPTOR_TYPE_SAMPLER ||
                   type == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;

    if (((!buffer || !d->object) && (d->offset || d->range)) ||
        (d->sampler && !sampler))
        return bad_field(g);
    return d->object ? check_object(g, type, d) : 0;
}

static int resolve(struct gfx *g, uint32_t type,
                   const struct xvgpu_gfx_descriptor *in, struct descriptor *d)
{
    *d = (struct descriptor){.offset = in->offset, .range = in->range};
    if ((in->object && !classes[type]) ||
        (type == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER &&
         !in->object != !in->sampler))
        return bad_field(g);
    if (in->sampler) {
        d->sampler =
            (struct sampler *)gfx_find(g, XVGPU_GFX_SAMPLER, in->sampler);
        if (!d->sampler)
            return -1;
    }
    if (in->object) {
        d->object = gfx_find(g, classes[type], in->object);
        if (!d->object)
            return -1;
    }
    return check_descriptor(g, type, d);
}

static void replace(struct gfx *g, struct descriptor *old,
                    const struct descriptor *d)
{
    if (d->object)
        gfx_ref(d->object);
    if (d->sampler)
        gfx_ref(&d->sampler->o);
    gfx_unref(g, old->object);
    gfx_unref(g, old->sampler ? &old->sampler->o : NULL);
    *old = *d;
}

/* The type of a set's descriptor, or NR_TYPES. */
static uint32_t type_of(const struct set_layout *l, uint64_t number)
{
    uint32_t i;

    for (i = 0; i < l->nr_bindings; i++) {
        if (number >= l->first[i] && number - l->first[i] < l->binding[i].count)
            return l->binding[i].type;
    }
    return NR_TYPES;
}

int gfx_describe(struct gfx *g, struct set *set, uint64_t number,
                 struct object *object, struct object *sampler, uint64_t offset,
                 uint64_t range)
{
    struct descriptor d = {object, (struct sampler *)sampler, offset, range};
    uint32_t type = type_of(set->layout, number);

    if (type == NR_TYPES || (object && object->class_ != classes[type]) ||
        (sampler && sampler->class_ != XVGPU_GFX_SAMPLER))
        return bad_field(g);
    if (!object)
        d.offset = d.range = 0;
    /* An image whose sampler is gone can't be read. */
    if (type == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER && !sampler)
        d.object = NULL;
    if (check_descriptor(g, type, &d) < 0)
        return -1;
    replace(g, &set->descriptor[number], &d);
    set->stale = true;
    set->version++;
    return 0;
}

int gfx_write_set(struct gfx *g, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_write_set *p = (const void *)dw;
    const struct xvgpu_gfx_descriptor *in = GFX_TAIL(p);
    const struct set_layout *l;
    struct descriptor *d;
    struct set *set;
    uint32_t i, k;
    int rc = 0;

    if (gfx_length(g->e, n, sizeof(*p), p->count * (uint64_t)sizeof(*in)) < 0)
        return -1;
    set = (struct set *)gfx_find(g, XVGPU_GFX_SET, p->id);
    if (!set)
        return -1;
    l = set->layout;
    for (i = 0; i < l->nr_bindings && l->binding[i].binding != p->binding; i++)
        ;
    if (i == l->nr_bindings || !p->count || p->first >= l->binding[i].count ||
        p->count > l->binding[i].count - p->first)
        return bad_field(g);
    d = malloc(p->count * sizeof(*d));
    if (!d)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    for (k = 0; rc == 0 && k < p->count; k++)
        rc = resolve(g, l->binding[i].type, &in[k], &d[k]);
    for (k = 0; rc == 0 && k < p->count; k++)
        replace(g, &set->descriptor[l->first[i] + p->first + k], &d[k]);
    free(d);
    if (rc < 0)
        return rc;
    set->stale = true;
    set->version++;
    return gfx_context_written(g, set, l->first[i] + p->first, p->count);
}

enum step gfx_pkt_write_set(struct engine *e, const uint32_t *dw, uint32_t n)
{
    return gfx_step(gfx_write_set(gfx_of(e), dw, n));
}

/* ---- The driver's set ---------------------------------------------------- */

/* A set that was replaced, until its chunk is done. */
struct remains {
    struct object o;
    VkDescriptorPool pool;
};

void gfx_drop_remains(struct gfx *g, struct object *o)
{
    vkDestroyDescriptorPool(g->vk.device, ((struct remains *)o)->pool, NULL);
}

static int new_pool(struct gfx *g, const struct set_layout *l,
                    VkDescriptorPool *pool, VkDescriptorSet *set)
{
    VkDescriptorPoolSize sizes[NR_TYPES];
    VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = 1,
        .pPoolSizes = sizes,
    };
    VkDescriptorSetAllocateInfo alloc = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorSetCount = 1,
        .pSetLayouts = &l->vk,
    };
    uint32_t count[NR_TYPES] = {0}, i;
    VkResult res;

    for (i = 0; i < l->nr_bindings; i++)
        count[l->binding[i].type] += l->binding[i].count;
    /* None at all is not allowed everywhere. */
    if (!l->nr_descriptors)
        count[0] = 1;
    for (i = 0; i < NR_TYPES; i++) {
        if (count[i])
            sizes[info.poolSizeCount++] =
                (VkDescriptorPoolSize){(VkDescriptorType)i, count[i]};
    }
    res = vkCreateDescriptorPool(g->vk.device, &info, NULL, pool);
    if (res < 0)
        return gfx_vk_failed(g, res, "descriptor pool");
    alloc.descriptorPool = *pool;
    res = vkAllocateDescriptorSets(g->vk.device, &alloc, set);
    if (res >= 0)
        return 0;
    vkDestroyDescriptorPool(g->vk.device, *pool, NULL);
    return gfx_vk_failed(g, res, "descriptor set");
}

/* One that no chunk has. */
static int renew(struct gfx *g, struct set *set)
{
    VkDescriptorPool pool;
    VkDescriptorSet vk;
    struct remains *r;

    if (set->vk && set->used_chunk <= g->done_number)
        return 0;
    r = set->vk ? calloc(1, sizeof(*r)) : NULL;
    if (set->vk && !r)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    if (new_pool(g, set->layout, &pool, &vk) < 0) {
        free(r);
        return -1;
    }
    if (r) {
        r->pool = set->pool;
        gfx_leave(g, &r->o);
    }
    set->pool = pool;
    set->vk = vk;
    return 0;
}

static VkSampler no_sampler(struct gfx *g)
{
    const VkSamplerCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
        .maxAnisotropy = 1,
    };

    if (!g->no_sampler &&
        vkCreateSampler(g->vk.device, &info, NULL, &g->no_sampler) < 0)
        g->no_sampler = VK_NULL_HANDLE;
    return g->no_sampler;
}

/* What the driver is told of all descriptors. */
struct telling {
    VkDescriptorImageInfo *image;
    VkDescriptorBufferInfo *buffer;
    VkBufferView *view;
};

static void tell(struct gfx *g, uint32_t type, const struct descriptor *d,
                 struct telling *t, uint32_t k)
{
    const struct object *o =
        d->object && gfx_alive(d->object) ? d->object : NULL;
    const struct sampler *s =
        d->sampler && gfx_alive(&d->sampler->o) ? d->sampler : NULL;

    switch (type) {
    case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
    case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
        t->view[k] = o ? ((const struct buffer_view *)o)->vk : VK_NULL_HANDLE;
        break;
    case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
    case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
        t->buffer[k] = (VkDescriptorBufferInfo){.range = VK_WHOLE_SIZE};
        if (o)
            t->buffer[k] = (VkDescriptorBufferInfo){
                ((const struct buffer *)o)->vk, d->offset, d->range};
        break;
    default:
        t->image[k] = (VkDescriptorImageInfo){
            .sampler = s ? s->vk : no_sampler(g),
            .imageView = o ? ((const struct view *)o)->vk : VK_NULL_HANDLE,
            .imageLayout = VK_IMAGE_LAYOUT_GENERAL,
        };
        break;
    }
}

static int rewrite(struct gfx *g, struct set *set)
{
    const struct set_layout *l = set->layout;
    VkWriteDescriptorSet writes[XVGPU_GFX_MAX_BINDINGS];
    uint32_t n = l->nr_descriptors, i, k;
    struct telling t;
    int rc = -1;

    if (renew(g, set) < 0)
        return -1;
    t.image = malloc((n + 1) * sizeof(*t.image));
    t.buffer = malloc((n + 1) * sizeof(*t.buffer));
    t.view = malloc((n + 1) * sizeof(*t.view));
    if (!t.image || !t.buffer || !t.view || !no_sampler(g)) {
        gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
        goto out;
    }
    for (i = 0; i < l->nr_bindings; i++) {
        for (k = 0; k < l->binding[i].count; k++)
            tell(g, l->binding[i].type, &set->descriptor[l->first[i] + k], &t,
                 l->first[i] + k);
        writes[i] = (VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = set->vk,
            .dstBinding = l->binding[i].binding,
            .descriptorCount = l->binding[i].count,
            .descriptorType = (VkDescriptorType)l->binding[i].type,
            .pImageInfo = t.image + l->first[i],
            .pBufferInfo = t.buffer + l->first[i],
            .pTexelBufferView = t.view + l->first[i],
        };
    }
    vkUpdateDescriptorSets(g->vk.device, l->nr_bindings, writes, 0, NULL);
    set->stale = false;
    set->epoch = g->map_epoch;
    rc = 0;
out:
    free(t.image);
    free(t.buffer);
    free(t.view);
    return rc;
}

static int object_ready(struct gfx *g, struct object *o)
{
    switch (o->class_) {
    case XVGPU_GFX_BUFFER:
        return gfx_buffer_ready(g, (struct buffer *)o);
    case XVGPU_GFX_BUFFER_VIEW:
        return gfx_buffer_view_ready(g, (struct buffer_view *)o);
    default:
        return 0;
    }
}

static int all_ready(struct gfx *g, struct set *set)
{
    uint32_t i, dead = 0;

    for (i = 0; i < set->layout->nr_descriptors; i++) {
        const struct descriptor *d = &set->descriptor[i];

        if (d->sampler && !gfx_alive(&d->sampler->o))
            dead++;
        if (!d->object)
            continue;
        if (!gfx_alive(d->object))
            dead++;
        else if (object_ready(g, d->object) < 0)
            return -1;
    }
    if (dead != set->dead) {
        set->dead = dead;
        set->stale = true;
        set->version++;
    }
    set->alive = g->destroyed;
    return 0;
}

int gfx_set_ready(struct gfx *g, struct set *set)
{
    bool stale = set->stale || set->epoch != g->map_epoch;

    /* Copies are to know which chunk they are for. */
    if ((stale || set->alive != g->destroyed ||
         (g->copies && set->used_chunk != g->chunk_number)) &&
        all_ready(g, set) < 0)
        return -1;
    if ((stale || set->stale) && rewrite(g, set) < 0)
        return -1;
    set->used_chunk = g->chunk_number;
    return 0;
}

/* ---- The class ----------------------------------------------------------- */

void gfx_drop_set(struct gfx *g, struct object *o)
{
    const struct descriptor none = {.object = NULL};
    struct set *set = (struct set *)o;
    uint32_t i;

    for (i = 0; i < set->layout->nr_descriptors; i++)
        replace(g, &set->descriptor[i], &none);
    free(set->descriptor);
    vkDestroyDescriptorPool(g->vk.device, set->pool, NULL);
}

int gfx_make_set(struct gfx *g, const uint32_t *dw, uint32_t n,
                 const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_set *p = (const void *)dw;
    struct set_layout *l;
    struct set *set;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0)
        return -1;
    l = (struct set_layout *)gfx_use(g, XVGPU_GFX_SET_LAYOUT, p->layout);
    if (!l)
        return -1;
    set = calloc(1, sizeof(*set));
    if (set)
        set->descriptor =
            calloc(l->nr_descriptors + 1, sizeof(*set->descriptor));
    if (!set || !set->descriptor) {
        free(set);
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    }
    set->layout = l;
    set->stale = true;
    *out = &set->o;
    return 0;
}
