/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "blob-guest.h"

struct blob_request blob_of(uint32_t id, uint32_t mem)
{
    struct blob_request blob = {
        .c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
              .resource_id = id,
              .blob_mem = mem,
              .size = SIZE,
              .nr_entries = PAGES}};
    uint32_t i;

    for (i = 0; i < PAGES; i++)
        blob.entry[i] = (struct virtio_gpu_mem_entry){
            .addr = GUEST_DATA + (PAGES - 1 - i) * PAGE, .length = PAGE};
    return blob;
}

uint32_t blob_send(struct guest *g, const struct blob_request *blob)
{
    return guest_send(g, blob, sizeof(*blob));
}

uint32_t blob_create(struct guest *g, uint32_t id)
{
    const struct blob_request blob = blob_of(id, GUEST);

    return blob_send(g, &blob);
}

uint32_t *blob_at(struct guest *g, uint32_t at)
{
    return guest_ptr(g, GUEST_DATA + (PAGES - 1 - at / PAGE) * PAGE + at % PAGE,
                     4);
}

uint32_t blob_painted(uint32_t x, uint32_t y, uint32_t salt)
{
    return ((y * WIDTH + x) * 2654435761u + salt) & 0xffffff;
}

void blob_paint(struct guest *g, uint32_t salt)
{
    uint32_t x, y;

    for (y = 0; y < HEIGHT; y++) {
        for (x = 0; x < WIDTH; x++)
            *blob_at(g, OFFSET + y * STRIDE + 4 * x) = blob_painted(x, y, salt);
    }
}

struct virtio_gpu_set_scanout_blob blob_surface(uint32_t id)
{
    return (struct virtio_gpu_set_scanout_blob){
        .hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
        .r = {0, 0, WIDTH, HEIGHT},
        .resource_id = id,
        .width = WIDTH,
        .height = HEIGHT,
        .format = BGRX,
        .strides = {STRIDE},
        .offsets = {OFFSET},
    };
}

uint32_t blob_send_surface(struct guest *g,
                           const struct virtio_gpu_set_scanout_blob *c)
{
    return guest_send(g, c, sizeof(*c));
}

uint32_t blob_show(struct guest *g, uint32_t id)
{
    const struct virtio_gpu_set_scanout_blob c = blob_surface(id);

    return blob_send_surface(g, &c);
}

uint32_t blob_flush(struct guest *g, uint32_t id)
{
    return guest_flush(g, id, 0, 0, WIDTH, HEIGHT);
}

uint32_t blob_shown(struct guest *g, uint32_t scanout, uint32_t x, uint32_t y)
{
    const uint32_t pixel = guest_shown(g, scanout, x, y);

    return pixel == ~0u ? pixel : pixel & 0xffffff;
}

bool blob_is_shown(struct guest *g, uint32_t salt)
{
    uint32_t x, y;

    for (y = 0; y < HEIGHT; y++) {
        for (x = 0; x < WIDTH; x++) {
            if (blob_shown(g, 0, x, y) != blob_painted(x, y, salt))
                return false;
        }
    }
    return true;
}
