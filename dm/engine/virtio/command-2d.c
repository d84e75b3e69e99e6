/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on 2D resources (virtio 1.2, 5.7.6.8). */
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

/* The resource, or NULL and the request is refused. */
static struct resource *named(struct vgpu *g, struct request *rq, uint32_t id)
{
    struct resource *r = resource_find(g, id);

    if (!r)
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    return r;
}

enum step vgpu_create_2d(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_create_2d *c = (const void *)rq->buf;

    const struct saved_resource want = {.id = c->resource_id,
                                        .format = c->format,
                                        .width = c->width,
                                        .height = c->height};

    return vgpu_refuse_if(rq, resource_create(g, &want));
}

enum step vgpu_unref(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_unref *c = (const void *)rq->buf;
    struct resource *r = named(g, rq, c->resource_id);

    if (r)
        resource_destroy(g, r);
    return STEP_DONE;
}

/* Of what is noted as its backing, to the end of the command: it has none when
 * that is refused. */
static enum step lend(struct vgpu *g, struct request *rq, struct resource *r)
{
    uint32_t error;

    if (!virgl_lend(g, r, &error))
        return STEP_PREEMPTED;
    if (error)
        resource_detach(g, r);
    return vgpu_refuse_if(rq, error);
}

/* rq->pos: 1 when the list is noted. */
enum step vgpu_attach_backing(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_attach_backing *c = (const void *)rq->buf;
    struct resource *r = named(g, rq, c->resource_id);
    uint32_t error = 0;

    if (!r)
        return STEP_DONE;
    if (c->nr_entries >
        (rq->len - sizeof(*c)) / sizeof(struct virtio_gpu_mem_entry))
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    if (!rq->pos)
        error = resource_attach(g, r, (const void *)(c + 1), c->nr_entries);
    if (error)
        return vgpu_refuse_if(rq, error);
    rq->pos = 1;
    return lend(g, rq, r);
}

enum step vgpu_detach_backing(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_detach_backing *c = (const void *)rq->buf;
    struct resource *r = named(g, rq, c->resource_id);

    if (r && !r->s->first)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
    if (r)
        resource_detach(g, r);
    return STEP_DONE;
}

/* From line rq->pos on, to boundaries. */
enum step vgpu_transfer_2d(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_transfer_to_host_2d *c = (const void *)rq->buf;
    struct resource *r = named(g, rq, c->resource_id);
    uint32_t stride, bytes, lines = 1, n, moved = 0;
    uint64_t at;

    /* There is but one copy of what is in the guest's pages; drivers that
     * forget about that do no harm (Linux's does it). */
    if (!r || resource_in_guest(r))
        return STEP_DONE;
    if (r->s->is_3d || !rect_within(&c->r, r->s->width, r->s->height))
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    stride = 4 * r->s->width;
    bytes = 4 * c->r.width;
    /* Whole lines stand one behind the other. */
    if (bytes == stride && stride < ENGINE_CHUNK)
        lines = ENGINE_CHUNK / stride;
    for (; rq->pos < c->r.height; rq->pos += n) {
        n = c->r.height - (uint32_t)rq->pos;
        if (n > lines)
            n = lines;
        if (moved && moved + n * bytes > ENGINE_CHUNK) {
            moved = 0;
            if (engine_boundary(g->e))
                return STEP_PREEMPTED;
        }
        at = (c->r.y + rq->pos) * stride + c->r.x * 4ull;
        /* `offset` is where the rectangle begins in the backing, whose lines
         * are as long as the resource's. */
        if (c->offset > UINT64_MAX - rq->pos * stride ||
            !resource_read(g, r, c->offset + rq->pos * stride,
                           (unsigned char *)r->pixels + at, n * bytes))
            return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
        moved += n * bytes;
    }
    return STEP_DONE;
}
