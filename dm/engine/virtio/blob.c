/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blob resources (virtio 1.2, 5.7.6.8): bytes of which nothing is known but
 * how many there are. The guest's own pages are all there is of most; they are
 * read when they are flushed. What lies in the host comes from a 3D context's
 * stream, and can't be mapped by the guest: there is no region of shared memory
 * (5.7.3), so RESOURCE_MAP_BLOB is a command that nobody knows.
 */
#include "dm/engine/virtio/vgpu.h"

#define FLAGS                                                                  \
    (VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE | VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE)

/* ---- Surfaces ------------------------------------------------------------ */

bool blob_has_surface(const struct resource *r,
                      const struct saved_surface *surface)
{
    uint64_t end;

    if (!r->s->blob_mem || !surface->width || !surface->height ||
        surface->width > VGPU_SIDE_MAX || surface->height > VGPU_SIDE_MAX ||
        surface->stride < 4 * surface->width || !scanout_order(surface->format))
        return false;
    if (!resource_in_guest(r))
        return virgl_has_surface(r, surface);
    end = surface->offset + (uint64_t)surface->stride * (surface->height - 1) +
          4ull * surface->width;
    return end <= r->s->size;
}

bool blob_read(struct vgpu *g, struct resource *r,
               const struct saved_surface *surface,
               const struct virtio_gpu_rect *rect, uint32_t *to)
{
    uint64_t at =
        surface->offset + (uint64_t)surface->stride * rect->y + 4ull * rect->x;
    uint32_t y;

    for (y = 0; y < rect->height; y++) {
        if (!resource_read(g, r, at, to, 4 * rect->width))
            return false;
        at += surface->stride;
        to += rect->width;
    }
    return true;
}

/* ---- Commands ------------------------------------------------------------ */

/* What is in the guest alone the renderer needs only if contexts may name it;
 * the rest only it can have. */
static uint32_t check(const struct vgpu *g, const struct request *rq,
                      const struct virtio_gpu_resource_create_blob *c)
{
    bool guest = c->blob_mem == VIRTIO_GPU_BLOB_MEM_GUEST;
    bool host = c->blob_mem == VIRTIO_GPU_BLOB_MEM_HOST3D;

    if ((!guest && !host && c->blob_mem != VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST) ||
        c->blob_flags & ~FLAGS || !c->nr_entries != host ||
        c->nr_entries >
            (rq->len - sizeof(*c)) / sizeof(struct virtio_gpu_mem_entry))
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    if (guest)
        return 0;
    /* Nobody could map it. */
    if (!g->virgl || !g->driver_3d ||
        (host && c->blob_flags & VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE))
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    return context_find(g, rq->hdr.ctx_id) < 0
               ? VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID
               : 0;
}

/* rq->pos: 1 when it and its list are noted. */
static enum step create_blob(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_create_blob *c = (const void *)rq->buf;
    const struct saved_resource want = {
        .id = c->resource_id,
        .is_3d = g->virgl && g->driver_3d,
        .blob_mem = c->blob_mem,
        .blob_flags = c->blob_flags,
        .blob_context = rq->hdr.ctx_id,
        .blob_id = c->blob_id,
        .size = c->size,
    };
    uint32_t error = rq->pos ? 0 : check(g, rq, c);
    struct resource *r;

    if (!rq->pos && !error)
        error = resource_create(g, &want);
    if (error || !c->nr_entries)
        return vgpu_refuse_if(rq, error);
    r = resource_find(g, c->resource_id);
    if (!rq->pos)
        error = resource_attach(g, r, (const void *)(c + 1), c->nr_entries);
    rq->pos = 1;
    if (!error && !virgl_lend(g, r, &error))
        return STEP_PREEMPTED;
    if (error)
        resource_destroy(g, r);
    return vgpu_refuse_if(rq, error);
}

static enum step set_scanout_blob(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_set_scanout_blob *c = (const void *)rq->buf;
    const struct resource *r = resource_find(g, c->resource_id);
    const struct saved_scanout want = {
        c->resource_id,
        c->r.x,
        c->r.y,
        c->r.width,
        c->r.height,
        {c->format, c->width, c->height, c->strides[0], c->offsets[0]},
    };

    if (r && !r->s->blob_mem)
        return vgpu_refuse_if(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    return vgpu_refuse_if(rq, scanout_set(g, c->scanout_id, &want));
}

#define ROW(NAME, structure, function)                                         \
    {                                                                          \
        VIRTIO_GPU_CMD_##NAME, sizeof(struct virtio_gpu_##structure), function \
    }
const struct command vgpu_commands_blob[] = {
    ROW(RESOURCE_CREATE_BLOB, resource_create_blob, create_blob),
    ROW(SET_SCANOUT_BLOB, set_scanout_blob, set_scanout_blob),
};
#undef ROW
const uint32_t vgpu_nr_commands_blob =
    sizeof(vgpu_commands_blob) / sizeof(vgpu_commands_blob[0]);
