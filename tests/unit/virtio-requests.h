/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtio-gpu's driver asks for, laid out; who sends it, and how, is
 * another's affair. Surfaces are whole ones, of 2D textures with 4 bytes a
 * pixel, that can be drawn to.
 */
#ifndef TESTS_UNIT_VIRTIO_REQUESTS_H
#define TESTS_UNIT_VIRTIO_REQUESTS_H

#include <linux/virtio_gpu.h>
#include <stdint.h>

struct request_backing {
    struct virtio_gpu_resource_attach_backing c;
    struct virtio_gpu_mem_entry entry;
};

struct virtio_gpu_resource_create_2d request_create_2d(uint32_t id,
                                                       uint32_t format,
                                                       uint32_t width,
                                                       uint32_t height);
struct request_backing request_backing(uint32_t id, uint64_t addr,
                                       uint32_t len);
/* From its beginning on, on scanout 0. */
struct virtio_gpu_set_scanout request_scanout(uint32_t id, uint32_t width,
                                              uint32_t height);
struct virtio_gpu_transfer_to_host_2d
request_transfer(uint32_t id, uint32_t width, uint32_t height);
struct virtio_gpu_resource_flush request_flush(uint32_t id, uint32_t width,
                                               uint32_t height);

/* ---- 3D ------------------------------------------------------------------ */

struct virtio_gpu_ctx_create request_context(uint32_t ctx, uint32_t init);
/* VIRTIO_GPU_CMD_CTX_*_RESOURCE, CTX_DESTROY */
struct virtio_gpu_ctx_resource request_on_context(uint32_t type, uint32_t ctx,
                                                  uint32_t id);
/* BGRA */
struct virtio_gpu_resource_create_3d
request_create_3d(uint32_t id, uint32_t width, uint32_t height);
/* VIRTIO_GPU_CMD_TRANSFER_*_HOST_3D */
struct virtio_gpu_transfer_host_3d
request_transfer_3d(uint32_t type, uint32_t ctx, uint32_t id, uint32_t width,
                    uint32_t height);

/* A command of a stream, in virglrenderer's numbers (src/virgl_protocol.h),
 * that n dwords follow. */
#define STREAM_CMD(command, object, n) ((command) | (object) << 8 | (n) << 16)
/* Parts of a stream: the dwords written. */
#define STREAM_TARGET 14u
#define STREAM_CLEAR 9u
/* The resource is the one that is drawn to, in a sub-context of its own. */
uint32_t stream_target(uint32_t *dw, uint32_t resource);
uint32_t stream_clear(uint32_t *dw, float red, float green, float blue);

#endif
