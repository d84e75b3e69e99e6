/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 3D commands of virtio-guest.h's driver: the answer's type, if nothing else is
 * said. */
#ifndef TESTS_UNIT_VIRGL_GUEST_H
#define TESTS_UNIT_VIRGL_GUEST_H

#include "dm/engine/virtio/virgl.h"
#include "virtio-guest.h"

#define GUEST_FEATURES_3D                                                      \
    (GUEST_FEATURES | 1ull << VIRTIO_GPU_F_VIRGL |                             \
     1ull << VIRTIO_GPU_F_CONTEXT_INIT)

/* Of guest_target()'s picture. */
#define SIDE 64u
#define BYTES (4 * SIDE * SIDE)
#define BGRA VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM

uint32_t guest_context(struct guest *g, uint32_t ctx, uint32_t init);
uint32_t guest_on_context(struct guest *g, uint32_t type, uint32_t ctx,
                          uint32_t id);
/* To draw to, its first line on top. */
uint32_t guest_create_3d(struct guest *g, uint32_t id, uint32_t width,
                         uint32_t height);
/* Of the whole picture. */
uint32_t guest_transfer_3d(struct guest *g, uint32_t type, uint32_t ctx,
                           uint32_t id, uint64_t offset);
/* n dwords, which are said to be `size` bytes; with fence 5. */
uint32_t guest_submit(struct guest *g, uint32_t ctx, const uint32_t *dw,
                      uint32_t n, uint32_t size);
/* In context 1, without running it. */
void guest_put_stream(struct guest *g, const uint32_t *dw, uint32_t n);

/* A picture in context 1 with its backing at GUEST_DATA; failures end the
 * process. */
void guest_target(struct guest *g, uint32_t id);

#endif
