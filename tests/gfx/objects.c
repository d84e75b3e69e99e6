/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

#include <string.h>

#include "tests/gfx/shaders/object.comp.h"
#include "tests/gfx/shaders/object.frag.h"
#include "tests/gfx/shaders/object.vert.h"

/* ---- One of each --------------------------------------------------------- */

void put_buffer(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_buffer, .id = id, .address = AT_OUT, .size = 4096);
}

void put_local(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_buffer, .id = id, .heap = 1, .size = 4096);
}

void put_buffer_view(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_buffer_view, .id = id, .buffer = BUF_WORDS,
              .format = XVGPU_GFX_FORMAT_R32_UINT, .offset = 64, .range = 16);
}

static void image(struct gfx_rig *t, uint32_t id, uint32_t format,
                  uint32_t usage)
{
    XVGPU_GFX(&t->s, create_image, .id = id, .type = 1, .format = format,
              .width = SIDE, .height = SIDE, .depth = 1, .mips = 1, .layers = 1,
              .samples = 1, .usage = usage);
}

void put_image(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_image, .id = id, .type = 1, .format = RGBA,
              .width = SIDE, .height = SIDE, .depth = 1, .mips = 2, .layers = 6,
              .samples = 1, .usage = 0x1f, .flags = 0x18);
}

static void view(struct gfx_rig *t, uint32_t id, uint32_t img, uint32_t format,
                 uint32_t type, uint32_t aspect)
{
    XVGPU_GFX(&t->s, create_view, .id = id, .image = img, .type = type,
              .format = format, .aspect = aspect, .mips = 1, .layers = 1);
}

void put_view(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_view, .id = id, .image = IMG_CUBE, .type = 5,
              .format = RGBA, .aspect = 1, .mips = 2, .layer = 1, .layers = 5);
}

static void sampler(struct gfx_rig *t, uint32_t id, uint32_t filter,
                    uint32_t compare)
{
    XVGPU_GFX(&t->s, create_sampler, .id = id, .mag_filter = filter,
              .max_lod = 1000, .max_anisotropy = 1, .compare = compare);
}

void put_sampler(struct gfx_rig *t, uint32_t id)
{
    sampler(t, id, 1, 0);
}

void put_set_layout(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_set_layout, .id = id, .bindings = 2);
    XVGPU_GFX_MORE(&t->s, binding, .type = 1, .count = 1, .stages = 16);
    XVGPU_GFX_MORE(&t->s, binding, .binding = 1, .type = 6, .count = 1,
                   .stages = 16);
}

void put_layout(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_layout, .id = id, .push_bytes = 4,
              .set0 = SL_COMPUTE, .set2 = SL_IMAGE);
}

void put_set(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_set, .id = id, .layout = SL_GRAPHICS);
}

void put_write(struct gfx_rig *t, uint32_t set, uint32_t binding,
               uint32_t object, uint32_t smp)
{
    XVGPU_GFX(&t->s, write_set, .id = set, .binding = binding, .count = 1);
    XVGPU_GFX_MORE(&t->s, descriptor, .object = object, .sampler = smp);
}

/* Two stages, a constant, a vertex buffer, an attribute, a target. */
void put_graphics(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_graphics, .id = id, .layout = LAY_GRAPHICS,
              .nr_stages = 2, .nr_spec = 1, .nr_bindings = 1,
              .nr_attributes = 1, .nr_color = 1, .topology = 3, .samples = 1,
              .sample_mask = ~0u, .viewports = 1,
              .flags = XVGPU_GFX_PIPELINE_STENCIL_TEST);
    XVGPU_GFX_MORE(&t->s, stage, .shader = SH_VERT);
    XVGPU_GFX_MORE(&t->s, stage, .shader = SH_FRAG, .nr_spec = 1);
    XVGPU_GFX_MORE(&t->s, spec, .id = 3, .value = 0x3f000000 /* 0.5 */);
    XVGPU_GFX_MORE(&t->s, vertex_binding, .stride = 16, .per_instance = 1);
    XVGPU_GFX_MORE(&t->s, vertex_attribute,
                   .format = XVGPU_GFX_FORMAT_R32G32B32A32_SFLOAT);
    XVGPU_GFX_MORE(&t->s, blend, .format = RGBA, .enable = 0,
                   .write_mask = 0xf);
    XVGPU_GFX_MORE(&t->s, stencil, .compare = 7);
    XVGPU_GFX_MORE(&t->s, stencil, .compare = 7);
}

void put_compute(struct gfx_rig *t, uint32_t id)
{
    XVGPU_GFX(&t->s, create_compute, .id = id, .layout = LAY_COMPUTE,
              .shader = SH_COMP, .nr_spec = 1);
    XVGPU_GFX_MORE(&t->s, spec, .id = 7, .value = 3);
}

/* ---- All ----------------------------------------------------------------- */

static void shader(struct gfx_rig *t, uint32_t id, const uint32_t *words,
                   uint32_t bytes)
{
    uint64_t at = AT_CODE + id * 0x10000;

    memcpy(gfx_data(t, at, bytes), words, bytes);
    XVGPU_GFX(&t->s, create_shader, .id = id, .bytes = bytes, .address = at);
}

static void memory(struct gfx_rig *t)
{
    XVGPU_GFX(&t->s, create_buffer, .id = BUF_OUT, .address = AT_OUT,
              .size = PIXELS * 4);
    XVGPU_GFX(&t->s, create_buffer, .id = BUF_UNIFORM, .address = AT_UNIFORM,
              .size = 256);
    XVGPU_GFX(&t->s, create_buffer, .id = BUF_VERTEX, .address = AT_VERTEX,
              .size = 64);
    XVGPU_GFX(&t->s, create_buffer, .id = BUF_WORDS, .address = AT_WORDS,
              .size = 256);
    XVGPU_GFX(&t->s, create_buffer, .id = BUF_LOCAL, .heap = 1, .size = 256);
    put_buffer_view(t, BV_TEXELS);
    XVGPU_GFX(&t->s, create_buffer_view, .id = BV_STORED, .buffer = BUF_LOCAL,
              .format = XVGPU_GFX_FORMAT_R32_UINT, .range = 256);
}

static void images(struct gfx_rig *t)
{
    image(t, IMG_TEXTURE, RGBA, 0x6);
    image(t, IMG_TARGET, RGBA, 0x11);
    image(t, IMG_UINT, XVGPU_GFX_FORMAT_R32_UINT, 0xd);
    image(t, IMG_DEPTH, XVGPU_GFX_FORMAT_D32_SFLOAT_S8_UINT, 0x24);
    put_image(t, IMG_CUBE);
    XVGPU_GFX(&t->s, create_image, .id = IMG_3D, .type = 2, .format = RGBA,
              .width = SIDE, .height = SIDE, .depth = SIDE, .mips = 5,
              .layers = 1, .samples = 1, .usage = 0xf);
    view(t, VIEW_TEXTURE, IMG_TEXTURE, RGBA, 1, 1);
    view(t, VIEW_TARGET, IMG_TARGET, RGBA, 1, 1);
    view(t, VIEW_UINT, IMG_UINT, XVGPU_GFX_FORMAT_R32_UINT, 1, 1);
    view(t, VIEW_ARRAY, IMG_TEXTURE, RGBA, 5, 1);
    view(t, VIEW_DEPTH, IMG_DEPTH, XVGPU_GFX_FORMAT_D32_SFLOAT_S8_UINT, 1, 2);
    sampler(t, SMP_NEAREST, 0, 0);
    sampler(t, SMP_LINEAR, 1, 0);
    sampler(t, SMP_SHADOW, 1, 4);
}

static void layouts(struct gfx_rig *t)
{
    static const uint32_t types[] = {4, 5, 6, 7};
    uint32_t i;

    put_set_layout(t, SL_GRAPHICS);
    XVGPU_GFX(&t->s, create_set_layout, .id = SL_COMPUTE, .bindings = 4);
    for (i = 0; i < 4; i++)
        XVGPU_GFX_MORE(&t->s, binding, .binding = i, .type = types[i],
                       .count = 1, .stages = 32);
    XVGPU_GFX(&t->s, create_set_layout, .id = SL_IMAGE, .bindings = 1);
    XVGPU_GFX_MORE(&t->s, binding, .binding = 5, .type = 3, .count = 2,
                   .stages = 63);
    /* Every type, some of them arrays. */
    XVGPU_GFX(&t->s, create_set_layout, .id = SL_MANY, .bindings = 8);
    for (i = 0; i < 8; i++)
        XVGPU_GFX_MORE(&t->s, binding, .binding = i, .type = i,
                       .count = 1 + i % 3, .stages = 1);
    XVGPU_GFX(&t->s, create_layout, .id = LAY_GRAPHICS, .set0 = SL_GRAPHICS);
    put_layout(t, LAY_COMPUTE);
}

static void sets(struct gfx_rig *t)
{
    put_set(t, SET_GRAPHICS);
    XVGPU_GFX(&t->s, create_set, .id = SET_COMPUTE, .layout = SL_COMPUTE);
    XVGPU_GFX(&t->s, create_set, .id = SET_IMAGE, .layout = SL_IMAGE);
    XVGPU_GFX(&t->s, create_set, .id = SET_MANY, .layout = SL_MANY);
    put_write(t, SET_GRAPHICS, 0, VIEW_TEXTURE, SMP_NEAREST);
    put_write(t, SET_GRAPHICS, 1, BUF_UNIFORM, 0);
    put_write(t, SET_COMPUTE, 0, BV_TEXELS, 0);
    put_write(t, SET_COMPUTE, 1, BV_STORED, 0);
    put_write(t, SET_COMPUTE, 2, BUF_UNIFORM, 0);
    put_write(t, SET_COMPUTE, 3, BUF_OUT, 0);
    put_write(t, SET_IMAGE, 5, VIEW_UINT, 0);
}

void objects_create(struct gfx_rig *t)
{
    memory(t);
    images(t);
    layouts(t);
    sets(t);
    shader(t, SH_VERT, object_vert, sizeof(object_vert));
    shader(t, SH_FRAG, object_frag, sizeof(object_frag));
    shader(t, SH_COMP, object_comp, sizeof(object_comp));
    put_graphics(t, PIPE_GRAPHICS);
    put_compute(t, PIPE_COMPUTE);
}

int objects_setup(struct gfx_rig *t)
{
    gfx_rig_new(t);
    objects_create(t);
    return gfx_submit(t) == XVGPU_FAULT_NONE ? 0 : -1;
}

void put_bound(struct gfx_rig *t, uint32_t pipeline)
{
    XVGPU_GFX(&t->s, set_viewports, .count = 1);
    XVGPU_GFX_MORE(&t->s, viewport, .width = SIDE, .height = SIDE,
                   .max_depth = 1);
    XVGPU_GFX(&t->s, set_scissors, .count = 1);
    XVGPU_GFX_MORE(&t->s, scissor, .width = SIDE, .height = SIDE);
    XVGPU_GFX(&t->s, bind_pipeline, .id = pipeline);
    XVGPU_GFX(&t->s, bind_set, .set = SET_GRAPHICS);
    XVGPU_GFX(&t->s, bind_vertex_buffers, .count = 1);
    XVGPU_GFX_MORE(&t->s, vertex_buffer, .buffer = BUF_VERTEX);
}
