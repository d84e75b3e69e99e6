/* SPDX-License-Identifier: MIT */
/*
 * The gfx engine's packets (gfx.h) as functions, made from its tables.
 *
 *     XVGPU_GFX(&s, draw, .vertices = 3, .instances = 1);
 *
 * or, the same, xvgpu_gfx_put_draw(&s, &packet). Fields that are not named
 * are 0. Structures that follow a packet's fields come right behind it:
 *
 *     XVGPU_GFX(&s, create_set_layout, .id = 1, .bindings = 2);
 *     xvgpu_gfx_add_binding(&s, bindings, 2);
 *
 * Floating-point fields are stored, never computed with: kernels may use this
 * with constants.
 */
#ifndef XEN_VGPU_GFX_STREAM_H
#define XEN_VGPU_GFX_STREAM_H

#include <xen-vgpu/gfx.h>

#include "stream.h"

#define XVGPU_GFX_PUT_(NAME, name, type, more, text)                           \
    static inline void xvgpu_gfx_put_##name(struct xvgpu_stream *s,            \
                                            const struct xvgpu_gfx_##name *p)  \
    {                                                                          \
        xvgpu_stream_put(s, (type), 0, p, sizeof(*p));                         \
    }
XVGPU_GFX_PACKETS(XVGPU_GFX_PUT_)
#undef XVGPU_GFX_PUT_

#define XVGPU_GFX_ADD_(NAME, name)                                             \
    static inline void xvgpu_gfx_add_##name(struct xvgpu_stream *s,            \
                                            const struct xvgpu_gfx_##name *p,  \
                                            uint32_t count)                    \
    {                                                                          \
        /* More than a packet has room for is refused, whatever the product.   \
         */                                                                    \
        if (count > XVGPU_PKT_MAX_DWORDS)                                      \
            count = XVGPU_PKT_MAX_DWORDS;                                      \
        xvgpu_stream_add(s, p, count *(uint32_t)sizeof(*p));                   \
    }
XVGPU_GFX_STRUCTS(XVGPU_GFX_ADD_)
#undef XVGPU_GFX_ADD_

#define XVGPU_GFX(s, name, ...)                                                \
    xvgpu_gfx_put_##name(                                                      \
        (s), &(const struct xvgpu_gfx_##name){.header = 0, ##__VA_ARGS__})

/* One structure. */
#define XVGPU_GFX_MORE(s, name, ...)                                           \
    xvgpu_gfx_add_##name((s), &(const struct xvgpu_gfx_##name){__VA_ARGS__}, 1)

/* Packets whose data are no structures. */
static inline void xvgpu_gfx_push(struct xvgpu_stream *s, uint32_t point,
                                  uint32_t offset, const void *data,
                                  uint32_t bytes)
{
    XVGPU_GFX(s, push_constants, .point = point, .offset = offset,
              .bytes = bytes);
    xvgpu_stream_add(s, data, bytes);
}

static inline void xvgpu_gfx_update(struct xvgpu_stream *s, uint32_t buffer,
                                    uint64_t offset, const void *data,
                                    uint32_t bytes)
{
    XVGPU_GFX(s, update_buffer, .dst = buffer, .bytes = bytes,
              .offset = offset);
    xvgpu_stream_add(s, data, bytes);
}

/* All that was before is done, and seen by all that comes after. */
static inline void xvgpu_gfx_full_barrier(struct xvgpu_stream *s)
{
    XVGPU_GFX(s, barrier, .src_stages = 0x10000 /* all commands */,
              .src_access = 0x10000 /* memory write */, .dst_stages = 0x10000,
              .dst_access = 0x18000 /* memory read, write */);
}

#endif
