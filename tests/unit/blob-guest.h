/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blobs of virtio-guest.h's driver: a picture in scattered pages. */
#ifndef TESTS_UNIT_BLOB_GUEST_H
#define TESTS_UNIT_BLOB_GUEST_H

#include "virtio-guest.h"

#define RGBA VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM
#define GUEST VIRTIO_GPU_BLOB_MEM_GUEST
#define HOST3D VIRTIO_GPU_BLOB_MEM_HOST3D
#define HOST3D_GUEST VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST
#define BLOB_FEATURES (GUEST_FEATURES | 1ull << VIRTIO_GPU_F_RESOURCE_BLOB)

/* The picture; its lines are longer than need be, and it begins somewhere. */
#define PAGE 4096u
#define WIDTH 100u
#define HEIGHT 60u
#define STRIDE 416u
#define OFFSET 4160u
#define SIZE (OFFSET + STRIDE * HEIGHT)
#define PAGES ((SIZE + PAGE - 1) / PAGE)

struct blob_request {
    struct virtio_gpu_resource_create_blob c;
    struct virtio_gpu_mem_entry entry[PAGES + 1];
};

/* Of PAGES pages from GUEST_DATA on, the last one first. */
struct blob_request blob_of(uint32_t id, uint32_t mem);
/* The answer's type, as of those below. */
uint32_t blob_send(struct guest *g, const struct blob_request *blob);
uint32_t blob_create(struct guest *g, uint32_t id);
/* Where a byte of it is, with three more. */
uint32_t *blob_at(struct guest *g, uint32_t at);
void blob_paint(struct guest *g, uint32_t salt);
uint32_t blob_painted(uint32_t x, uint32_t y, uint32_t salt);

struct virtio_gpu_set_scanout_blob blob_surface(uint32_t id);
uint32_t blob_send_surface(struct guest *g,
                           const struct virtio_gpu_set_scanout_blob *c);
/* The whole picture, on scanout 0. */
uint32_t blob_show(struct guest *g, uint32_t id);
uint32_t blob_flush(struct guest *g, uint32_t id);
/* A pixel's colour on a scanout; ones: there is none. */
uint32_t blob_shown(struct guest *g, uint32_t scanout, uint32_t x, uint32_t y);
/* Whether scanout 0 shows what was painted. */
bool blob_is_shown(struct guest *g, uint32_t salt);

#endif
