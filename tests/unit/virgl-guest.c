/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virgl-guest.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t guest_context(struct guest *g, uint32_t ctx, uint32_t init)
{
    const struct virtio_gpu_ctx_create c = request_context(ctx, init);

    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_on_context(struct guest *g, uint32_t type, uint32_t ctx,
                          uint32_t id)
{
    const struct virtio_gpu_ctx_resource c = request_on_context(type, ctx, id);

    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_create_3d(struct guest *g, uint32_t id, uint32_t width,
                         uint32_t height)
{
    struct virtio_gpu_resource_create_3d c =
        request_create_3d(id, width, height);

    c.flags = VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP;
    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_transfer_3d(struct guest *g, uint32_t type, uint32_t ctx,
                           uint32_t id, uint64_t offset)
{
    struct virtio_gpu_transfer_host_3d c =
        request_transfer_3d(type, ctx, id, SIDE, SIDE);

    c.offset = offset;
    return guest_send(g, &c, sizeof(c));
}

static struct {
    struct virtio_gpu_cmd_submit c;
    uint32_t dw[8192];
} stream;

static uint32_t lay_out(uint32_t ctx, const uint32_t *dw, uint32_t n,
                        uint32_t size)
{
    stream.c = (struct virtio_gpu_cmd_submit){
        .hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D,
                .flags = VIRTIO_GPU_FLAG_FENCE,
                .fence_id = 5,
                .ctx_id = ctx},
        .size = size,
    };
    memcpy(stream.dw, dw, n * 4);
    return (uint32_t)sizeof(stream.c) + n * 4;
}

uint32_t guest_submit(struct guest *g, uint32_t ctx, const uint32_t *dw,
                      uint32_t n, uint32_t size)
{
    return guest_send(g, &stream, lay_out(ctx, dw, n, size));
}

void guest_put_stream(struct guest *g, const uint32_t *dw, uint32_t n)
{
    guest_put(g, CONTROL, &stream, lay_out(1, dw, n, n * 4), HDR);
}

void guest_target(struct guest *g, uint32_t id)
{
    if (guest_context(g, 1, 0) != OK ||
        guest_create_3d(g, id, SIDE, SIDE) != OK ||
        guest_attach(g, id, GUEST_DATA, BYTES) != OK ||
        guest_on_context(g, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, id) != OK) {
        fprintf(stderr, "guest_target: a command was refused\n");
        exit(99);
    }
}
