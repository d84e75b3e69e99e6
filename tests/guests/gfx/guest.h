/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests share that draw scenes with the gfx engine. */
#ifndef GUESTS_GFX_GUEST_H
#define GUESTS_GFX_GUEST_H

#include "check.h"

#include "guest/lib/gfx-stream.h"
#include "tests/gfx/scene-stream.h"

/* Pipelines are compiled at their first use; the machine is emulated. */
#define GFX_TIMEOUT     (900 * PLAT_S)
#define GFX_POLL        (500 * PLAT_US)
#define GFX_SURFACE     MB(1)       /* offset in VRAM */

static inline struct vgpu_engine *gfx(void)
{
    return &vgpu.engine[XVGPU_ENGINE_GFX];
}

/* check_open(), and a ring as the arguments route=, doorbell= and completion=
 * say. False: there is no such engine, or it does not start; reported. */
bool gfx_open(void);
/* The ring anew, after a reset of the whole vGPU. */
bool gfx_start_again(void);
/* Whether completions are signalled; else the guest polls. */
bool gfx_signals(void);

/* An empty stream to put packets into; the last one must be done. */
struct xvgpu_stream *gfx_begin(void);
/* What has been put since, to be submitted again. */
const struct xvgpu_stream *gfx_begun(void);
/* Runs it as an indirect buffer: the fence, or 0 after a failure. */
uint64_t gfx_submit(const char *what);
/* False: a fault or time-out, reported. */
bool gfx_finish(uint64_t fence, const char *what);
bool gfx_run(const char *what);

/* A scene's memory and objects; arguments width=, height= may change the
 * size. `surface` may be NULL. */
bool gfx_make(struct scene_guest *g, const struct scene *s,
              const struct scene_surface *surface);
/* The objects again, with what is in memory already. */
bool gfx_make_again(const struct scene_guest *g);
bool gfx_drop(const struct scene_guest *g);

/* The surface in VRAM for a scene's picture; false, reported: too small. */
bool gfx_surface(struct scene_surface *surface, const struct scene *s);
/* On the scanout. */
void gfx_show(const struct scene_guest *g);
/* Fletcher-like sums of the visible pixels, as vgpu-draw has them. */
uint64_t gfx_sums(const struct scene_guest *g, volatile char *pixels);
/* Of what is in VRAM, and a line PICTURE about it. */
uint64_t gfx_shown(const struct scene_guest *g);
/* A copy of what is in VRAM. */
const char *gfx_keep(const struct scene_guest *g);
/* Whether it is what was kept; else it is said how they differ. */
bool gfx_same(const struct scene_guest *g, volatile char *pixels,
              const char *kept, const char *what);
void gfx_print_picture(const struct scene_guest *g, uint64_t sum);

#endif
