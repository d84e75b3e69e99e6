/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How scene-stream.c and scene-commands.c number a scene's objects. */
#ifndef TESTS_GFX_SCENE_OBJECTS_H
#define TESTS_GFX_SCENE_OBJECTS_H

#include "tests/gfx/scene-stream.h"

static inline uint32_t object_id(const struct scene_guest *g, uint32_t i)
{
    return g->base + i + 1;
}

#define SCENE_OBJECT(name)                                                     \
    static inline uint32_t name##_id(const struct scene_guest *g, uint32_t i)  \
    {                                                                          \
        return object_id(g, i);                                                \
    }
SCENE_OBJECT(buffer)
SCENE_OBJECT(image)
SCENE_OBJECT(view)
SCENE_OBJECT(sampler)
SCENE_OBJECT(set_layout)
SCENE_OBJECT(set)
SCENE_OBJECT(shader)
SCENE_OBJECT(pipeline) /* and its layout */
#undef SCENE_OBJECT

/* The picture is copied to the surface by way of another image. */
static inline bool converted(const struct scene_guest *g)
{
    const struct scene *s = g->scene;

    return g->surface.bus && s->picture != SCENE_NONE &&
           s->images[s->picture].format != SCENE_BGRA8_UNORM;
}

/* Buffers, and an image, besides the scene's. */
static inline uint32_t staging_id(const struct scene_guest *g, uint32_t i)
{
    return object_id(g, SCENE_GUEST_MAX + 1 + i);
}

static inline uint32_t surface_id(const struct scene_guest *g)
{
    return object_id(g, SCENE_GUEST_MAX);
}

void scene_guest_pipeline(const struct scene_guest *g, struct xvgpu_stream *out,
                          uint32_t i);

#endif
