/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that the tests of objects share: one of each class, in guest memory
 * that begins at GFX_DATA. */
#ifndef TESTS_GFX_OBJECTS_H
#define TESTS_GFX_OBJECTS_H

#include "gfx-rig.h"

#define SIDE 16u
#define PIXELS (SIDE * SIDE)
#define RGBA XVGPU_GFX_FORMAT_R8G8B8A8_UNORM

/* Guest memory */
#define AT_OUT GFX_DATA
#define AT_UNIFORM (GFX_DATA + 0x10000)
#define AT_VERTEX (GFX_DATA + 0x20000)
#define AT_WORDS (GFX_DATA + 0x30100) /* not at a page's start */
#define AT_CODE (GFX_DATA + 0x40000)

/* Numbers, of their classes */
enum { BUF_OUT = 1, BUF_UNIFORM, BUF_VERTEX, BUF_WORDS, BUF_LOCAL };
enum { BV_TEXELS = 1, BV_STORED };
enum { IMG_TEXTURE = 1, IMG_TARGET, IMG_UINT, IMG_CUBE, IMG_DEPTH, IMG_3D };
enum { VIEW_TEXTURE = 1, VIEW_TARGET, VIEW_UINT, VIEW_ARRAY, VIEW_DEPTH };
enum { SMP_NEAREST = 1, SMP_LINEAR, SMP_SHADOW };
enum { SH_VERT = 1, SH_FRAG, SH_COMP };
enum { SL_GRAPHICS = 1, SL_COMPUTE, SL_IMAGE, SL_MANY };
enum { LAY_GRAPHICS = 1, LAY_COMPUTE };
enum { SET_GRAPHICS = 1, SET_COMPUTE, SET_IMAGE, SET_MANY };
enum { PIPE_GRAPHICS = 1, PIPE_COMPUTE };

/* Put the packets that make them all. */
void objects_create(struct gfx_rig *t);
/* A rig that has them: 0 or -1. */
int objects_setup(struct gfx_rig *t);
/* Put each by itself, of another number. */
void put_buffer(struct gfx_rig *t, uint32_t id);
void put_local(struct gfx_rig *t, uint32_t id);
void put_buffer_view(struct gfx_rig *t, uint32_t id);
void put_image(struct gfx_rig *t, uint32_t id);
void put_view(struct gfx_rig *t, uint32_t id);
void put_sampler(struct gfx_rig *t, uint32_t id);
void put_set_layout(struct gfx_rig *t, uint32_t id);
void put_layout(struct gfx_rig *t, uint32_t id);
void put_set(struct gfx_rig *t, uint32_t id);
void put_graphics(struct gfx_rig *t, uint32_t id);
void put_compute(struct gfx_rig *t, uint32_t id);
/* What a draw needs beside the rendering; all of SIDE is drawn to. */
void put_bound(struct gfx_rig *t, uint32_t pipeline);

/* One descriptor. */
void put_write(struct gfx_rig *t, uint32_t set, uint32_t binding,
               uint32_t object, uint32_t sampler);

#endif
