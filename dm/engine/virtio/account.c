/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator sees of a virtio-gpu's engine, on the link page. */
#include "dm/engine/virtio/vgpu.h"

static enum link_command kind_of(const struct request *rq)
{
    if (rq->queue == LINK_QUEUE_CURSOR)
        return LINK_COMMAND_CURSOR;
    switch (rq->hdr.type) {
    case VIRTIO_GPU_CMD_SUBMIT_3D:
        return LINK_COMMAND_SUBMIT;
    case VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D:
    case VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D:
    case VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D:
        return LINK_COMMAND_TRANSFER;
    case VIRTIO_GPU_CMD_RESOURCE_FLUSH:
    case VIRTIO_GPU_CMD_SET_SCANOUT:
    case VIRTIO_GPU_CMD_SET_SCANOUT_BLOB:
        return LINK_COMMAND_FLUSH;
    case VIRTIO_GPU_CMD_RESOURCE_CREATE_2D:
    case VIRTIO_GPU_CMD_RESOURCE_CREATE_3D:
    case VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB:
    case VIRTIO_GPU_CMD_RESOURCE_UNREF:
    case VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING:
    case VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING:
    case VIRTIO_GPU_CMD_CTX_CREATE:
    case VIRTIO_GPU_CMD_CTX_DESTROY:
    case VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE:
    case VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE:
        return LINK_COMMAND_OBJECT;
    default:
        return LINK_COMMAND_OTHER;
    }
}

static uint32_t contexts(const struct vgpu *g)
{
    uint32_t n = 0, i;

    for (i = 0; i < VGPU_CONTEXTS; i++)
        n += g->store.head->context[i].used != 0;
    return n;
}

void vgpu_account(struct vgpu *g)
{
    struct link_eng *eng = &g->e->link->eng;

    LINK_WRITE(eng->resources, HASH_COUNT(g->resources));
    LINK_WRITE(eng->contexts, contexts(g));
    LINK_WRITE(eng->resource_bytes, g->bytes);
    LINK_WRITE(eng->backing_bytes, g->backing_bytes);
}

void vgpu_account_request(struct vgpu *g, const struct request *rq)
{
    struct link_eng *eng = &g->e->link->eng;
    const enum link_command kind = kind_of(rq);
    const struct virtio_gpu_ctrl_hdr *answer = (const void *)rq->response;

    LINK_WRITE(eng->commands[kind], ++g->commands[kind]);
    if (rq->response_len && answer->type >= VIRTIO_GPU_RESP_ERR_UNSPEC)
        LINK_WRITE(eng->commands[LINK_COMMAND_REFUSED],
                   ++g->commands[LINK_COMMAND_REFUSED]);
    if (kind == LINK_COMMAND_OBJECT)
        vgpu_account(g);
}
