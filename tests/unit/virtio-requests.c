/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-requests.h"

#include <string.h>

#define TARGET_2D 2u
#define BIND_RENDER_TARGET 2u

struct virtio_gpu_resource_create_2d
request_create_2d(uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
    return (struct virtio_gpu_resource_create_2d){
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
        .resource_id = id,
        .format = format,
        .width = width,
        .height = height,
    };
}

struct request_backing request_backing(uint32_t id, uint64_t addr, uint32_t len)
{
    return (struct request_backing){
        .c.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
        .c.resource_id = id,
        .c.nr_entries = 1,
        .entry = {.addr = addr, .length = len},
    };
}

struct virtio_gpu_set_scanout request_scanout(uint32_t id, uint32_t width,
                                              uint32_t height)
{
    return (struct virtio_gpu_set_scanout){
        .hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT,
        .r = {0, 0, width, height},
        .resource_id = id,
    };
}

struct virtio_gpu_transfer_to_host_2d
request_transfer(uint32_t id, uint32_t width, uint32_t height)
{
    return (struct virtio_gpu_transfer_to_host_2d){
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
        .r = {0, 0, width, height},
        .resource_id = id,
    };
}

struct virtio_gpu_resource_flush request_flush(uint32_t id, uint32_t width,
                                               uint32_t height)
{
    return (struct virtio_gpu_resource_flush){
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
        .r = {0, 0, width, height},
        .resource_id = id,
    };
}

struct virtio_gpu_ctx_create request_context(uint32_t ctx, uint32_t init)
{
    return (struct virtio_gpu_ctx_create){
        .hdr = {.type = VIRTIO_GPU_CMD_CTX_CREATE, .ctx_id = ctx},
        .nlen = 4,
        .context_init = init,
        .debug_name = "test",
    };
}

struct virtio_gpu_ctx_resource request_on_context(uint32_t type, uint32_t ctx,
                                                  uint32_t id)
{
    return (struct virtio_gpu_ctx_resource){
        .hdr = {.type = type, .ctx_id = ctx},
        .resource_id = id,
    };
}

struct virtio_gpu_resource_create_3d
request_create_3d(uint32_t id, uint32_t width, uint32_t height)
{
    return (struct virtio_gpu_resource_create_3d){
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = id,
        .target = TARGET_2D,
        .format = VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM,
        .bind = BIND_RENDER_TARGET,
        .width = width,
        .height = height,
        .depth = 1,
        .array_size = 1,
    };
}

struct virtio_gpu_transfer_host_3d
request_transfer_3d(uint32_t type, uint32_t ctx, uint32_t id, uint32_t width,
                    uint32_t height)
{
    return (struct virtio_gpu_transfer_host_3d){
        .hdr = {.type = type, .ctx_id = ctx},
        .box = {0, 0, 0, width, height, 1},
        .resource_id = id,
    };
}

/* ---- Streams ------------------------------------------------------------- */

#define CREATE_OBJECT 1u
#define SET_FRAMEBUFFER 5u
#define CLEAR 7u
#define SET_SUB_CTX 28u
#define CREATE_SUB_CTX 29u
#define SURFACE 8u
#define COLOUR_0 4u

static uint32_t bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

uint32_t stream_target(uint32_t *dw, uint32_t resource)
{
    const uint32_t target[STREAM_TARGET] = {
        STREAM_CMD(CREATE_SUB_CTX, 0, 1),
        1,
        STREAM_CMD(SET_SUB_CTX, 0, 1),
        1,
        STREAM_CMD(CREATE_OBJECT, SURFACE, 5),
        1, /* its number */
        resource,
        VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM,
        0,
        0,
        STREAM_CMD(SET_FRAMEBUFFER, 0, 3),
        1,
        0,
        1,
    };

    memcpy(dw, target, sizeof(target));
    return STREAM_TARGET;
}

uint32_t stream_clear(uint32_t *dw, float red, float green, float blue)
{
    const uint32_t clear[STREAM_CLEAR] = {
        STREAM_CMD(CLEAR, 0, 8),
        COLOUR_0,
        bits(red),
        bits(green),
        bits(blue),
        bits(1),
        0,
        0,
        0,
    };

    memcpy(dw, clear, sizeof(clear));
    return STREAM_CLEAR;
}
