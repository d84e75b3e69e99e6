/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scene as a guest draws it: its tables become objects and packets of the
 * gfx engine (xen-vgpu/gfx.h), built with guest/lib.
 *
 * Needs no C library and allocates nothing.
 */
#ifndef TESTS_GFX_SCENE_STREAM_H
#define TESTS_GFX_SCENE_STREAM_H

#include "guest/lib/gfx-stream.h"
#include "tests/gfx/scene.h"

/* Memory that both the guest and the engine see, used from its start on. */
struct scene_memory {
    uint8_t *at;  /* the processor's address of its first byte */
    uint64_t bus; /* the engine's, a multiple of 4096 */
    uint64_t size, used;
};

/* `size` bytes at a multiple of `align` bytes of the bus address, or NULL. */
void *scene_memory_take(struct scene_memory *m, uint64_t size, uint32_t align,
                        uint64_t *bus);

#define SCENE_GUEST_MAX 16u /* of each of a scene's tables */

/* Where the picture goes, as XRGB8888. */
struct scene_surface {
    uint64_t bus;    /* 0: nowhere; a multiple of 256 */
    uint32_t stride; /* bytes, a multiple of 4 */
};

struct scene_guest {
    const struct scene *scene;
    uint32_t width, height;
    uint32_t base; /* objects have numbers above */
    struct scene_surface surface;
    uint8_t *buffer[SCENE_GUEST_MAX];
    uint64_t buffer_bus[SCENE_GUEST_MAX], image_bus[SCENE_GUEST_MAX];
    uint64_t shader_bus[gfx_shader_count]; /* 0: not used */
    uint32_t turn;
};

/* What scene_guest_init() takes of a scene_memory, at most. */
uint64_t scene_guest_bytes(const struct scene *s);

/* Contents of buffers, images and shaders are made in memory. Width and height
 * 0: the scene's own. `base`: see above, up to 100. False: no room. */
bool scene_guest_init(struct scene_guest *g, const struct scene *s,
                      struct scene_memory *m, uint32_t width, uint32_t height,
                      uint32_t base, const struct scene_surface *surface);

/* Packets: all objects; one picture, or the computing; no objects any more.
 * To be run in that order. */
void scene_guest_create(const struct scene_guest *g, struct xvgpu_stream *out);
void scene_guest_draw(const struct scene_guest *g, struct xvgpu_stream *out,
                      uint32_t turn);
void scene_guest_destroy(const struct scene_guest *g, struct xvgpu_stream *out);

/* When it is done: the scene's result against the processor's. The first word
 * that is wrong, or SCENE_NONE; also for scenes without one. */
int scene_guest_check(const struct scene_guest *g);

#endif
