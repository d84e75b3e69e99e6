/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The renderer's contexts, and which resources they know. */
#include <string.h>

#include "dm/engine/virtio/virgl.h"

int context_find(const struct vgpu *g, uint32_t id)
{
    uint32_t i;

    for (i = 0; i < VGPU_CONTEXTS; i++) {
        if (g->store.head->context[i].used &&
            g->store.head->context[i].id == id)
            return (int)i;
    }
    return -1;
}

static int make(uint32_t id, uint32_t capset, const char *name, uint32_t len)
{
    return capset
               ? virgl_renderer_context_create_with_flags(id, capset, len, name)
               : virgl_renderer_context_create(id, len, name);
}

uint32_t context_create(struct vgpu *g, uint32_t id, uint32_t capset,
                        const char *name, uint32_t len)
{
    struct saved_context *c = g->store.head->context;
    uint32_t i;

    if (!id || context_find(g, id) >= 0)
        return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
    if (capset > g->virgl->capsets)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    for (i = 0; i < VGPU_CONTEXTS && c[i].used; i++)
        ;
    if (i == VGPU_CONTEXTS || make(id, capset, name, len))
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    c[i].id = id;
    c[i].capset = capset;
    LINK_WRITE_REL(c[i].used, 1);
    return 0;
}

void context_destroy(struct vgpu *g, uint32_t slot)
{
    struct saved_context *c = &g->store.head->context[slot];
    struct resource *r, *next;

    virgl_renderer_context_destroy(c->id);
    track_forget(g->virgl, slot);
    LINK_WRITE_REL(c->used, 0);
    HASH_ITER (hh, g->resources, r, next)
        r->s->contexts &= ~(1ull << slot);
}

void contexts_clear(struct vgpu *g)
{
    uint32_t i;

    for (i = 0; g->virgl && i < VGPU_CONTEXTS; i++) {
        /* What could not be recovered may be nonsense. */
        if (g->store.head->context[i].used && g->store.head->context[i].id)
            context_destroy(g, i);
    }
}

/* Contexts again, and what they know of resources. What they held themselves
 * is lost: the renderer refuses what their owners go on with. */
void contexts_recover(struct vgpu *g)
{
    static const char name[] = "recovered";
    struct saved_context *c = g->store.head->context;
    struct resource *r, *next;
    uint64_t made = 0;
    uint32_t i;

    for (i = 0; i < VGPU_CONTEXTS; i++) {
        if (!c[i].used)
            continue;
        c[i].used = 0;
        if (g->virgl && c[i].id && context_find(g, c[i].id) < 0 &&
            c[i].capset <= g->virgl->capsets &&
            make(c[i].id, c[i].capset, name, sizeof(name) - 1) == 0) {
            c[i].used = 1;
            made |= 1ull << i;
        }
    }
    HASH_ITER (hh, g->resources, r, next) {
        r->s->contexts &= made;
        for (i = 0; r->s->is_3d && i < VGPU_CONTEXTS; i++) {
            if (r->s->contexts & 1ull << i)
                virgl_renderer_ctx_attach_resource((int)c[i].id, (int)r->id);
        }
    }
}
