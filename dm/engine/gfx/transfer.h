/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What copies, clears and blits have in common. */
#ifndef DM_ENGINE_GFX_TRANSFER_H
#define DM_ENGINE_GFX_TRANSFER_H

#include "dm/engine/gfx/gfx.h"

/* Bytes of one part of a long transfer. */
#define TRANSFER_PART (1u << 20)

/* The command buffer, outside of rendering. NULL after engine_fault(). */
VkCommandBuffer transfer_cmd(struct gfx *g);
/* Whether to stop between two parts of one packet. */
bool transfer_stop(struct gfx *g);
/* A buffer that has these bytes, an image of that usage. NULL after
 * engine_fault(). */
struct buffer *transfer_buffer(struct gfx *g, uint32_t id, uint64_t offset,
                               uint64_t bytes);
struct image *transfer_image(struct gfx *g, uint32_t id, uint32_t usage);
/* One level of some layers of the image. */
bool transfer_subresource_ok(const struct image *i,
                             const struct xvgpu_gfx_subresource *s);

static inline uint32_t level_size(uint32_t size, uint32_t mip)
{
    return size >> mip ? size >> mip : 1;
}

/* [at, at + n) is in [0, size) and not empty. */
static inline bool span_ok(uint32_t at, uint32_t n, uint32_t size)
{
    return n && at < size && n <= size - at;
}

/* [a, a + n) and [b, b + n) have something in common. */
static inline bool spans_overlap(uint64_t a, uint64_t b, uint64_t n)
{
    return a < b ? b - a < n : a - b < n;
}

static inline VkImageSubresourceLayers
layers_of(const struct xvgpu_gfx_subresource *s, uint32_t layer,
          uint32_t layers)
{
    return (VkImageSubresourceLayers){s->aspect, s->mip, layer, layers};
}

#endif
