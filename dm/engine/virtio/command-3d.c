/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on contexts and 3D resources (virtio 1.2, 5.7.6.9). */
#include <string.h>

#include "dm/engine/virtio/virgl.h"

#define NAME_MAX_BYTES 64u /* of a context's, as in the structure */

static enum step get_capset_info(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_get_capset_info *c = (const void *)rq->buf;
    struct virtio_gpu_resp_capset_info *to;
    uint32_t id = c->capset_index + 1, version, size;

    if (c->capset_index >= g->virgl->capsets)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    virgl_renderer_get_cap_set(id, &version, &size);
    to = vgpu_answer(rq, VIRTIO_GPU_RESP_OK_CAPSET_INFO, sizeof(*to));
    to->capset_id = id;
    to->capset_max_version = version;
    to->capset_max_size = size;
    return STEP_DONE;
}

static enum step get_capset(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_get_capset *c = (const void *)rq->buf;
    struct virtio_gpu_resp_capset *to;
    uint32_t version, size;

    if (!c->capset_id || c->capset_id > g->virgl->capsets)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    virgl_renderer_get_cap_set(c->capset_id, &version, &size);
    if (c->capset_version > version || size > VGPU_RESPONSE - sizeof(*to))
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    to = vgpu_answer(rq, VIRTIO_GPU_RESP_OK_CAPSET,
                     (uint32_t)sizeof(*to) + size);
    virgl_renderer_fill_caps(c->capset_id, c->capset_version, to->capset_data);
    return STEP_DONE;
}

static enum step ctx_create(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_ctx_create *c = (const void *)rq->buf;
    uint32_t init = g->driver_init ? c->context_init : 0;
    char name[NAME_MAX_BYTES + 1];
    uint32_t len;

    if (init & ~(uint32_t)VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);

    memcpy(name, c->debug_name, NAME_MAX_BYTES);
    name[NAME_MAX_BYTES] = '\0';
    len = (uint32_t)strlen(name);
    if (c->nlen < len)
        len = c->nlen;
    return vgpu_refuse_if(rq,
                          context_create(g, rq->hdr.ctx_id, init, name, len));
}

/* The slot of the header's context, or -1 and the request is refused. */
static int context_of(struct vgpu *g, struct request *rq)
{
    int slot = context_find(g, rq->hdr.ctx_id);

    if (slot < 0)
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
    return slot;
}

static enum step ctx_destroy(struct vgpu *g, struct request *rq)
{
    int slot = context_of(g, rq);

    if (slot >= 0)
        context_destroy(g, (uint32_t)slot);
    return STEP_DONE;
}

/* A driver attaches whatever it opens; a 2D resource is known to no context,
 * and that is no error. */
static enum step attach(struct vgpu *g, struct request *rq, bool attached)
{
    const struct virtio_gpu_ctx_resource *c = (const void *)rq->buf;
    struct resource *r = resource_find(g, c->resource_id);
    int slot = context_of(g, rq);

    if (slot < 0)
        return STEP_DONE;
    if (!r)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    if (!r->s->is_3d)
        return STEP_DONE;
    if (attached) {
        virgl_renderer_ctx_attach_resource((int)rq->hdr.ctx_id, (int)r->id);
        r->s->contexts |= 1ull << slot;
    } else {
        virgl_renderer_ctx_detach_resource((int)rq->hdr.ctx_id, (int)r->id);
        r->s->contexts &= ~(1ull << slot);
    }
    return STEP_DONE;
}

static enum step attach_resource(struct vgpu *g, struct request *rq)
{
    return attach(g, rq, true);
}

static enum step detach_resource(struct vgpu *g, struct request *rq)
{
    return attach(g, rq, false);
}

static enum step create_3d(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_create_3d *c = (const void *)rq->buf;
    const struct saved_resource want = {
        .id = c->resource_id,
        .is_3d = 1,
        .format = c->format,
        .width = c->width,
        .height = c->height,
        .target = c->target,
        .bind = c->bind,
        .depth = c->depth,
        .array_size = c->array_size,
        .last_level = c->last_level,
        .nr_samples = c->nr_samples,
        .flags = c->flags,
    };

    return vgpu_refuse_if(rq, resource_create(g, &want));
}

static enum step transfer(struct vgpu *g, struct request *rq, bool to_host)
{
    const struct virtio_gpu_transfer_host_3d *c = (const void *)rq->buf;
    struct resource *r = resource_find(g, c->resource_id);

    if (!r || !r->s->is_3d)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    if (rq->hdr.ctx_id && context_of(g, rq) < 0)
        return STEP_DONE;
    return vgpu_transfer_3d(g, rq, r, to_host);
}

static enum step transfer_to_host(struct vgpu *g, struct request *rq)
{
    return transfer(g, rq, true);
}

static enum step transfer_from_host(struct vgpu *g, struct request *rq)
{
    return transfer(g, rq, false);
}

#define ROW(NAME, structure, function)                                         \
    {                                                                          \
        VIRTIO_GPU_CMD_##NAME, sizeof(struct virtio_gpu_##structure), function \
    }
const struct command vgpu_commands_3d[] = {
    ROW(GET_CAPSET_INFO, get_capset_info, get_capset_info),
    ROW(GET_CAPSET, get_capset, get_capset),
    ROW(CTX_CREATE, ctx_create, ctx_create),
    ROW(CTX_DESTROY, ctx_destroy, ctx_destroy),
    ROW(CTX_ATTACH_RESOURCE, ctx_resource, attach_resource),
    ROW(CTX_DETACH_RESOURCE, ctx_resource, detach_resource),
    ROW(RESOURCE_CREATE_3D, resource_create_3d, create_3d),
    ROW(TRANSFER_TO_HOST_3D, transfer_host_3d, transfer_to_host),
    ROW(TRANSFER_FROM_HOST_3D, transfer_host_3d, transfer_from_host),
    ROW(SUBMIT_3D, cmd_submit, vgpu_submit),
};
#undef ROW
const uint32_t vgpu_nr_commands_3d =
    sizeof(vgpu_commands_3d) / sizeof(vgpu_commands_3d[0]);
