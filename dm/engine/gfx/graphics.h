/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CREATE_GRAPHICS, taken apart. */
#ifndef DM_ENGINE_GFX_GRAPHICS_H
#define DM_ENGINE_GFX_GRAPHICS_H

#include "dm/engine/gfx/gfx.h"

/* The packet and what follows it. */
struct graphics {
    const struct xvgpu_gfx_create_graphics *p;
    const struct xvgpu_gfx_stage *stage;
    const struct xvgpu_gfx_spec *spec;
    const struct xvgpu_gfx_vertex_binding *binding;
    const struct xvgpu_gfx_vertex_attribute *attribute;
    const struct xvgpu_gfx_blend *blend;
    const struct xvgpu_gfx_stencil *stencil; /* two, or NULL */
};

/* Read it and check all that needs no other object. 0, or -1 after
 * engine_fault(). */
int gfx_graphics_read(struct gfx *g, const uint32_t *dw, uint32_t n,
                      struct graphics *in);

#endif
