/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packets that make objects may not say: each row changes one dword
 * of a packet that is fine, and names the fault. Then the fine one is taken:
 * nothing was left behind.
 */
#include "objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID 77u
#define NAN_BITS 0x7fc00000u
#define INF_BITS 0x7f800000u
#define FLOAT_MINUS_1 0xbf800000u
#define FLOAT_17 0x41880000u

static struct gfx_rig t;

static void put_destroy(struct gfx_rig *rig, uint32_t id)
{
    XVGPU_GFX(&rig->s, destroy, .class_ = XVGPU_GFX_SAMPLER, .id = SMP_SHADOW);
    (void)id;
}

static void put_write_buffer(struct gfx_rig *rig, uint32_t id)
{
    (void)id;
    put_write(rig, SET_GRAPHICS, 1, BUF_UNIFORM, 0);
}

static void put_write_image(struct gfx_rig *rig, uint32_t id)
{
    (void)id;
    put_write(rig, SET_GRAPHICS, 0, VIEW_TEXTURE, SMP_NEAREST);
}

static void put_write_many(struct gfx_rig *rig, uint32_t id)
{
    (void)id;
    put_write(rig, SET_MANY, 4, BV_TEXELS, 0);
}

static void put_shader(struct gfx_rig *rig, uint32_t id)
{
    const uint32_t bytes = rig->g->table[XVGPU_GFX_SHADER][1]->data_bytes;

    XVGPU_GFX(&rig->s, create_shader, .id = id, .bytes = bytes,
              .address = AT_CODE + 0x10000);
}

static void put_3d(struct gfx_rig *rig, uint32_t id)
{
    XVGPU_GFX(&rig->s, create_image, .id = id, .type = 2, .format = RGBA,
              .width = 8, .height = 8, .depth = 8, .mips = 4, .layers = 1,
              .samples = 1, .usage = 0xf);
}

static void put_samples(struct gfx_rig *rig, uint32_t id)
{
    XVGPU_GFX(&rig->s, create_image, .id = id, .type = 1, .format = RGBA,
              .width = 8, .height = 8, .depth = 1, .mips = 1, .layers = 2,
              .samples = 4, .usage = 0x15);
}

static void put_cube(struct gfx_rig *rig, uint32_t id)
{
    XVGPU_GFX(&rig->s, create_view, .id = id, .image = IMG_CUBE, .type = 3,
              .format = RGBA, .aspect = 1, .mips = 2, .layers = 6);
}

static void put_depth_view(struct gfx_rig *rig, uint32_t id)
{
    XVGPU_GFX(&rig->s, create_view, .id = id, .image = IMG_DEPTH, .type = 1,
              .format = XVGPU_GFX_FORMAT_D32_SFLOAT_S8_UINT, .aspect = 6,
              .mips = 1, .layers = 1);
}

/* Packets by what follows; class 0: nothing is made. */
#define BASES(B)                                                               \
    B(buffer, put_buffer, BUFFER)                                              \
    B(local, put_local, BUFFER)                                                \
    B(buffer_view, put_buffer_view, BUFFER_VIEW)                               \
    B(image, put_image, IMAGE)                                                 \
    B(image_3d, put_3d, IMAGE)                                                 \
    B(image_samples, put_samples, IMAGE)                                       \
    B(view, put_view, VIEW)                                                    \
    B(view_cube, put_cube, VIEW)                                               \
    B(view_depth, put_depth_view, VIEW)                                        \
    B(sampler, put_sampler, SAMPLER)                                           \
    B(shader, put_shader, SHADER)                                              \
    B(set_layout, put_set_layout, SET_LAYOUT)                                  \
    B(layout, put_layout, LAYOUT)                                              \
    B(set, put_set, SET)                                                       \
    B(graphics, put_graphics, PIPELINE)                                        \
    B(compute, put_compute, PIPELINE)                                          \
    B(write_buffer, put_write_buffer, NR_CLASSES)                              \
    B(write_image, put_write_image, NR_CLASSES)                                \
    B(write_many, put_write_many, NR_CLASSES)                                  \
    B(destroy, put_destroy, NR_CLASSES)

#define BASE_ENUM(name, put, class_) base_##name,
enum base { BASES(BASE_ENUM) NR_BASES };
#undef BASE_ENUM

static const struct {
    const char *name;
    void (*put)(struct gfx_rig *rig, uint32_t id);
    uint32_t class_;
} bases[NR_BASES] = {
#define BASE_ROW(name, put, class_) {#name, put, XVGPU_GFX_##class_},
    BASES(BASE_ROW)
#undef BASE_ROW
};

struct row {
    enum base base;
    uint32_t at; /* bytes into the packet */
    uint32_t value;
    uint32_t code;
};

#define FIELD(packet, field) offsetof(struct xvgpu_gfx_##packet, field)
/* Of a structure behind a packet of the same base: after `before` bytes. */
#define BEHIND(packet, before, structure, field)                               \
    (sizeof(struct xvgpu_gfx_##packet) + (before) +                            \
     offsetof(struct xvgpu_gfx_##structure, field))
#define SIZE(structure) sizeof(struct xvgpu_gfx_##structure)

/* Where put_graphics() has them. */
#define STAGE(n, field) BEHIND(create_graphics, (n)*SIZE(stage), stage, field)
#define SPEC(field) BEHIND(create_graphics, 2 * SIZE(stage), spec, field)
#define AFTER_SPEC (2 * SIZE(stage) + SIZE(spec))
#define VBINDING(field)                                                        \
    BEHIND(create_graphics, AFTER_SPEC, vertex_binding, field)
#define AFTER_VBINDING (AFTER_SPEC + SIZE(vertex_binding))
#define ATTRIBUTE(field)                                                       \
    BEHIND(create_graphics, AFTER_VBINDING, vertex_attribute, field)
#define AFTER_ATTRIBUTE (AFTER_VBINDING + SIZE(vertex_attribute))
#define BLEND(field) BEHIND(create_graphics, AFTER_ATTRIBUTE, blend, field)
#define STENCIL(n, field)                                                      \
    BEHIND(create_graphics, AFTER_ATTRIBUTE + SIZE(blend) + (n)*SIZE(stencil), \
           stencil, field)

#define DESCRIPTOR(field) BEHIND(write_set, 0, descriptor, field)
#define BINDING(n, field)                                                      \
    BEHIND(create_set_layout, (n)*SIZE(binding), binding, field)

#define R(base, at, value, code)                                               \
    {                                                                          \
        base_##base, at, value, XVGPU_FAULT_##code                             \
    }

static const struct row rows[] = {
    /* Numbers */
    R(buffer, FIELD(create_buffer, id), 0, OBJECT),
    R(buffer, FIELD(create_buffer, id), BUF_OUT, OBJECT),
    R(buffer, FIELD(create_buffer, id), XVGPU_GFX_BUFFER_MAX + 1, OBJECT),
    R(graphics, FIELD(create_graphics, id), ~0u, OBJECT),
    R(compute, FIELD(create_compute, id), PIPE_GRAPHICS, OBJECT),
    R(destroy, FIELD(destroy, id), 0, OBJECT),
    R(destroy, FIELD(destroy, id), 99, OBJECT),
    R(destroy, FIELD(destroy, id), ~0u, OBJECT),
    R(destroy, FIELD(destroy, class_), 0, PACKET_FIELD),
    R(destroy, FIELD(destroy, class_), XVGPU_GFX_NR_CLASSES, PACKET_FIELD),

    /* Buffers */
    R(buffer, FIELD(create_buffer, heap), 2, PACKET_FIELD),
    R(buffer, FIELD(create_buffer, address), 128, ALIGNMENT),
    R(buffer, FIELD(create_buffer, address) + 4, 0x100000, ADDRESS),
    R(buffer, FIELD(create_buffer, size), 0, PACKET_FIELD),
    R(buffer, FIELD(create_buffer, size), 6, PACKET_FIELD),
    R(buffer, FIELD(create_buffer, size) + 4, 1, PACKET_FIELD),
    R(local, FIELD(create_buffer, address), 256, PACKET_FIELD),
    R(local, FIELD(create_buffer, size), 0x10000004, PACKET_FIELD),

    /* Buffer views */
    R(buffer_view, FIELD(create_buffer_view, buffer), 99, OBJECT),
    R(buffer_view, FIELD(create_buffer_view, format), 0, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, format), 131, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, format), 106, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, reserved), 1, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, offset), 32, ALIGNMENT),
    R(buffer_view, FIELD(create_buffer_view, offset), 256, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, offset) + 4, 1, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, range), 0, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, range), 18, PACKET_FIELD),
    R(buffer_view, FIELD(create_buffer_view, range), 196, PACKET_FIELD),

    /* Images */
    R(image, FIELD(create_image, type), 3, PACKET_FIELD),
    R(image, FIELD(create_image, type), 0, PACKET_FIELD),
    R(image, FIELD(create_image, format), 0, PACKET_FIELD),
    R(image, FIELD(create_image, format), ~0u, PACKET_FIELD),
    R(image, FIELD(create_image, format), XVGPU_GFX_FORMAT_R8G8B8A8_SRGB,
      PACKET_FIELD), /* not for storage */
    R(image, FIELD(create_image, format), XVGPU_GFX_FORMAT_R32G32B32_SFLOAT,
      PACKET_FIELD),
    R(image, FIELD(create_image, format), XVGPU_GFX_FORMAT_D32_SFLOAT,
      PACKET_FIELD),
    R(image, FIELD(create_image, width), 0, PACKET_FIELD),
    R(image, FIELD(create_image, width), 8193, PACKET_FIELD),
    R(image, FIELD(create_image, width), 32, PACKET_FIELD), /* no cube */
    R(image, FIELD(create_image, height), 0, PACKET_FIELD),
    R(image, FIELD(create_image, depth), 2, PACKET_FIELD),
    R(image, FIELD(create_image, mips), 0, PACKET_FIELD),
    R(image, FIELD(create_image, mips), 6, PACKET_FIELD),
    R(image, FIELD(create_image, mips), 40, PACKET_FIELD),
    R(image, FIELD(create_image, layers), 0, PACKET_FIELD),
    R(image, FIELD(create_image, layers), 5, PACKET_FIELD), /* no cube */
    R(image, FIELD(create_image, layers), 257, PACKET_FIELD),
    R(image, FIELD(create_image, samples), 0, PACKET_FIELD),
    R(image, FIELD(create_image, samples), 2, PACKET_FIELD),
    R(image, FIELD(create_image, samples), 4, PACKET_FIELD),
    R(image, FIELD(create_image, usage), 0, PACKET_FIELD),
    R(image, FIELD(create_image, usage), 0x20, PACKET_FIELD),
    R(image, FIELD(create_image, usage), 0x44, PACKET_FIELD),
    R(image, FIELD(create_image, flags), 0x1, PACKET_FIELD),
    R(image, FIELD(create_image, flags), 0x80000008, PACKET_FIELD),
    R(image_3d, FIELD(create_image, layers), 2, PACKET_FIELD),
    R(image_3d, FIELD(create_image, depth), 513, PACKET_FIELD),
    R(image_3d, FIELD(create_image, usage), 0x10, PACKET_FIELD),
    R(image_3d, FIELD(create_image, flags), 0x10, PACKET_FIELD),
    R(image_3d, FIELD(create_image, samples), 4, PACKET_FIELD),
    R(image_samples, FIELD(create_image, mips), 2, PACKET_FIELD),
    R(image_samples, FIELD(create_image, usage), 0xd, PACKET_FIELD),
    R(image_samples, FIELD(create_image, flags), 0x10, PACKET_FIELD),
    R(image_samples, FIELD(create_image, samples), 8, PACKET_FIELD),

    /* Views */
    R(view, FIELD(create_view, image), 99, OBJECT),
    R(view, FIELD(create_view, type), 7, PACKET_FIELD),
    R(view, FIELD(create_view, type), 0, PACKET_FIELD),
    R(view, FIELD(create_view, type), 1, PACKET_FIELD), /* five layers */
    R(view, FIELD(create_view, type), 2, PACKET_FIELD),
    R(view, FIELD(create_view, type), 3, PACKET_FIELD),
    R(view, FIELD(create_view, type), 4, PACKET_FIELD),
    R(view, FIELD(create_view, type), 6, PACKET_FIELD),
    R(view, FIELD(create_view, format), 0, PACKET_FIELD),
    R(view, FIELD(create_view, format), XVGPU_GFX_FORMAT_R16_UINT,
      PACKET_FIELD),
    R(view, FIELD(create_view, format), XVGPU_GFX_FORMAT_D32_SFLOAT,
      PACKET_FIELD),
    R(view, FIELD(create_view, aspect), 0, PACKET_FIELD),
    R(view, FIELD(create_view, aspect), 2, PACKET_FIELD),
    R(view, FIELD(create_view, aspect), 3, PACKET_FIELD),
    R(view, FIELD(create_view, mip), 1, PACKET_FIELD),
    R(view, FIELD(create_view, mip), ~0u, PACKET_FIELD),
    R(view, FIELD(create_view, mips), 0, PACKET_FIELD),
    R(view, FIELD(create_view, mips), 3, PACKET_FIELD),
    R(view, FIELD(create_view, mips), ~0u, PACKET_FIELD),
    R(view, FIELD(create_view, layer), 2, PACKET_FIELD),
    R(view, FIELD(create_view, layer), ~0u, PACKET_FIELD),
    R(view, FIELD(create_view, layers), 0, PACKET_FIELD),
    R(view, FIELD(create_view, layers), 6, PACKET_FIELD),
    R(view, FIELD(create_view, swizzle), 7, PACKET_FIELD),
    R(view, FIELD(create_view, swizzle), 0x7000, PACKET_FIELD),
    R(view, FIELD(create_view, swizzle), 0x10000, PACKET_FIELD),
    R(view_cube, FIELD(create_view, layers), 5, PACKET_FIELD),
    R(view_cube, FIELD(create_view, image), IMG_TEXTURE, PACKET_FIELD),
    R(view_cube, FIELD(create_view, image), IMG_3D, PACKET_FIELD),
    R(view_depth, FIELD(create_view, aspect), 1, PACKET_FIELD),
    R(view_depth, FIELD(create_view, swizzle), 1, PACKET_FIELD),
    R(view_depth, FIELD(create_view, format), XVGPU_GFX_FORMAT_R32G32_UINT,
      PACKET_FIELD),

    /* Samplers */
    R(sampler, FIELD(create_sampler, mag_filter), 2, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, min_filter), 2, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, mipmap_mode), 2, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, address_u), 4, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, address_v), 4, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, address_w), 4, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, border), 6, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, lod_bias), NAN_BITS, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, lod_bias), FLOAT_17, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, min_lod), FLOAT_MINUS_1, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, min_lod), NAN_BITS, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, max_lod), FLOAT_MINUS_1, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, max_lod), INF_BITS, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, max_lod), NAN_BITS, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, max_anisotropy), 0, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, max_anisotropy), FLOAT_17, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, max_anisotropy), NAN_BITS, PACKET_FIELD),
    R(sampler, FIELD(create_sampler, compare), 9, PACKET_FIELD),

    /* Shaders */
    R(shader, FIELD(create_shader, bytes), 0, PACKET_FIELD),
    R(shader, FIELD(create_shader, bytes), 30, PACKET_FIELD),
    R(shader, FIELD(create_shader, bytes), 20, SHADER),
    R(shader, FIELD(create_shader, bytes), (1 << 20) + 4, PACKET_FIELD),
    R(shader, FIELD(create_shader, address), AT_CODE + 2, ALIGNMENT),
    R(shader, FIELD(create_shader, address), AT_CODE, SHADER),
    R(shader, FIELD(create_shader, address), GFX_RAM, ADDRESS),
    R(shader, FIELD(create_shader, address) + 4, ~0u, ADDRESS),

    /* Layouts */
    R(set_layout, FIELD(create_set_layout, bindings), 3, PACKET_LENGTH),
    R(set_layout, FIELD(create_set_layout, bindings), 1, PACKET_LENGTH),
    R(set_layout, FIELD(create_set_layout, bindings), ~0u, PACKET_LENGTH),
    R(set_layout, BINDING(0, binding), 1, PACKET_FIELD),
    R(set_layout, BINDING(1, binding), 32, PACKET_FIELD),
    R(set_layout, BINDING(1, type), 8, PACKET_FIELD),
    R(set_layout, BINDING(0, count), 0, PACKET_FIELD),
    R(set_layout, BINDING(0, count), 1024, PACKET_FIELD),
    R(set_layout, BINDING(0, count), ~0u, PACKET_FIELD),
    R(set_layout, BINDING(0, stages), 0, PACKET_FIELD),
    R(set_layout, BINDING(0, stages), 0x40, PACKET_FIELD),
    R(layout, FIELD(create_layout, push_bytes), 2, PACKET_FIELD),
    R(layout, FIELD(create_layout, push_bytes), 132, PACKET_FIELD),
    R(layout, FIELD(create_layout, set1), 99, OBJECT),

    /* Sets */
    R(set, FIELD(create_set, layout), 99, OBJECT),
    R(write_buffer, FIELD(write_set, id), 99, OBJECT),
    R(write_buffer, FIELD(write_set, binding), 2, PACKET_FIELD),
    R(write_buffer, FIELD(write_set, first), 1, PACKET_FIELD),
    R(write_buffer, FIELD(write_set, count), 0, PACKET_LENGTH),
    R(write_buffer, FIELD(write_set, count), ~0u, PACKET_LENGTH),
    R(write_buffer, DESCRIPTOR(object), 99, OBJECT),
    R(write_buffer, DESCRIPTOR(sampler), SMP_LINEAR, PACKET_FIELD),
    R(write_buffer, DESCRIPTOR(offset), 32, ALIGNMENT),
    R(write_buffer, DESCRIPTOR(offset), 256, PACKET_FIELD),
    R(write_buffer, DESCRIPTOR(offset) + 4, 1, PACKET_FIELD),
    R(write_buffer, DESCRIPTOR(range), 260, PACKET_FIELD),
    R(write_buffer, DESCRIPTOR(range) + 4, 1, PACKET_FIELD),
    R(write_image, DESCRIPTOR(object), 0, PACKET_FIELD),
    R(write_image, DESCRIPTOR(object), VIEW_TARGET, PACKET_FIELD),
    R(write_image, DESCRIPTOR(object), 99, OBJECT),
    R(write_image, DESCRIPTOR(sampler), 0, PACKET_FIELD),
    R(write_image, DESCRIPTOR(sampler), 99, OBJECT),
    R(write_image, DESCRIPTOR(sampler), SMP_SHADOW, PACKET_FIELD),
    R(write_image, DESCRIPTOR(offset), 64, PACKET_FIELD),
    R(write_image, DESCRIPTOR(range), 64, PACKET_FIELD),
    R(write_many, FIELD(write_set, first), 2, PACKET_FIELD),
    R(write_many, FIELD(write_set, first), ~0u, PACKET_FIELD),
    R(write_many, FIELD(write_set, binding), 0, PACKET_FIELD),
    R(write_many, FIELD(write_set, binding), 3, PACKET_FIELD),
    R(write_many, DESCRIPTOR(offset), 64, PACKET_FIELD),
    R(write_many, DESCRIPTOR(range), 64, PACKET_FIELD),

    /* Graphics pipelines */
    R(graphics, FIELD(create_graphics, layout), 0, OBJECT),
    R(graphics, FIELD(create_graphics, layout), LAY_COMPUTE, SHADER),
    R(graphics, FIELD(create_graphics, nr_stages), 0, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, nr_stages), 1, PACKET_LENGTH),
    R(graphics, FIELD(create_graphics, nr_stages), ~0u, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, nr_spec), 33, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, nr_spec), 2, PACKET_LENGTH),
    R(graphics, FIELD(create_graphics, nr_bindings), 17, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, nr_attributes), 17, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, nr_color), 9, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, depth_format), RGBA, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, depth_format), 131, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, stencil_format),
      XVGPU_GFX_FORMAT_D32_SFLOAT, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, flags), 0x840, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, flags), 0x41, PACKET_FIELD), /* list */
    R(graphics, FIELD(create_graphics, flags), 0, PACKET_LENGTH),
    R(graphics, FIELD(create_graphics, topology), 11, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, topology), 0, SHADER), /* no size */
    R(graphics, FIELD(create_graphics, topology), 10, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, patch_points), 3, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, polygon_mode), 3, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, cull_mode), 4, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, front_face), 2, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, samples), 0, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, samples), 2, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, depth_compare), 8, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, logic_op), 1, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, viewports), 0, PACKET_FIELD),
    R(graphics, FIELD(create_graphics, viewports), 9, PACKET_FIELD),
    R(graphics, STAGE(0, shader), 99, OBJECT),
    R(graphics, STAGE(0, shader), SH_FRAG, SHADER),
    R(graphics, STAGE(0, shader), SH_COMP, SHADER),
    R(graphics, STAGE(1, shader), SH_VERT, SHADER),
    R(graphics, STAGE(1, shader), SH_COMP, SHADER),
    R(graphics, STAGE(0, first_spec), 2, PACKET_FIELD),
    R(graphics, STAGE(1, first_spec), 1, PACKET_FIELD),
    R(graphics, STAGE(1, first_spec), ~0u, PACKET_FIELD),
    R(graphics, STAGE(1, nr_spec), 2, PACKET_FIELD),
    R(graphics, STAGE(1, nr_spec), ~0u, PACKET_FIELD),
    R(graphics, VBINDING(stride), 18, PACKET_FIELD),
    R(graphics, VBINDING(stride), 12, PACKET_FIELD), /* vec4 */
    R(graphics, VBINDING(stride), 2052, PACKET_FIELD),
    R(graphics, VBINDING(per_instance), 2, PACKET_FIELD),
    R(graphics, ATTRIBUTE(location), 16, PACKET_FIELD),
    R(graphics, ATTRIBUTE(location), 1, SHADER),
    R(graphics, ATTRIBUTE(binding), 1, PACKET_FIELD),
    R(graphics, ATTRIBUTE(format), 0, PACKET_FIELD),
    R(graphics, ATTRIBUTE(format), XVGPU_GFX_FORMAT_D32_SFLOAT, PACKET_FIELD),
    R(graphics, ATTRIBUTE(format), XVGPU_GFX_FORMAT_R32G32B32A32_UINT, SHADER),
    R(graphics, ATTRIBUTE(offset), 2, PACKET_FIELD),
    R(graphics, ATTRIBUTE(offset), 4, PACKET_FIELD),
    R(graphics, ATTRIBUTE(offset), ~3u, PACKET_FIELD),
    R(graphics, BLEND(format), XVGPU_GFX_FORMAT_R8_SNORM, PACKET_FIELD),
    R(graphics, BLEND(format), XVGPU_GFX_FORMAT_R8_UINT, SHADER),
    R(graphics, BLEND(enable), 2, PACKET_FIELD),
    R(graphics, BLEND(src_color), 15, PACKET_FIELD),
    R(graphics, BLEND(dst_color), 15, PACKET_FIELD),
    R(graphics, BLEND(color_op), 5, PACKET_FIELD),
    R(graphics, BLEND(src_alpha), 15, PACKET_FIELD),
    R(graphics, BLEND(dst_alpha), 15, PACKET_FIELD),
    R(graphics, BLEND(alpha_op), 5, PACKET_FIELD),
    R(graphics, BLEND(write_mask), 16, PACKET_FIELD),
    R(graphics, STENCIL(0, fail), 8, PACKET_FIELD),
    R(graphics, STENCIL(0, pass), 8, PACKET_FIELD),
    R(graphics, STENCIL(1, depth_fail), 8, PACKET_FIELD),
    R(graphics, STENCIL(1, compare), 8, PACKET_FIELD),

    /* Compute pipelines */
    R(compute, FIELD(create_compute, layout), 99, OBJECT),
    R(compute, FIELD(create_compute, layout), LAY_GRAPHICS, SHADER),
    R(compute, FIELD(create_compute, shader), 99, OBJECT),
    R(compute, FIELD(create_compute, shader), SH_VERT, SHADER),
    R(compute, FIELD(create_compute, nr_spec), 33, PACKET_FIELD),
    R(compute, FIELD(create_compute, nr_spec), 0, PACKET_LENGTH),
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static uint32_t count_objects(void)
{
    const struct object *o;
    uint32_t n = 0;

    for (o = t.g->objects; o; o = o->next)
        n++;
    return n;
}

static uint32_t refused(const struct row *r)
{
    uint32_t dword;

    bases[r->base].put(&t, ID);
    dword = t.s.last + r->at / 4;
    assert_true(dword < t.s.n);
    t.s.dw[dword] = r->value;
    return gfx_submit(&t);
}

static void each_is_refused(void **state)
{
    uint32_t objects = count_objects(), i, code, wrong = 0;
    uint64_t local = t.g->local_used;

    (void)state;
    for (i = 0; i < NR_ROWS; i++) {
        code = refused(&rows[i]);
        if (code == rows[i].code)
            continue;
        fprintf(stderr, "%s, byte %u = 0x%x: fault %u, not %u\n",
                bases[rows[i].base].name, rows[i].at, rows[i].value, code,
                rows[i].code);
        wrong++;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(count_objects(), objects);
    assert_int_equal(t.g->local_used, local);
}

/* Otherwise the rows above say nothing. */
static void the_others_are_fine(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < NR_BASES; i++) {
        bases[i].put(&t, ID);
        if (bases[i].class_ != XVGPU_GFX_NR_CLASSES)
            XVGPU_GFX(&t.s, destroy, .class_ = bases[i].class_, .id = ID);
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    }
}

/* Any dword may be anything; the engine lives. */
static void nonsense(void **state)
{
    static const uint32_t values[] = {
        0, 1, 2, ~0u, 0x7fffffff, 0x80000000, 0xffff, 0x7fc00000};
    uint32_t i, k, n, v;

    (void)state;
    for (i = 0; i < NR_BASES; i++) {
        bases[i].put(&t, ID);
        n = t.s.n;
        xvgpu_stream_init(&t.s, t.s.dw, GFX_IB_BYTES);
        for (k = 1; k < n; k++) {
            for (v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                bases[i].put(&t, ID);
                t.s.dw[k] = values[v];
                gfx_submit(&t);
                XVGPU_GFX(&t.s, destroy,
                          .class_ = bases[i].class_ % XVGPU_GFX_NR_CLASSES,
                          .id = ID);
                gfx_submit(&t);
            }
        }
    }
}

static int setup(void **state)
{
    (void)state;
    gfx_rig_new(&t);
    objects_create(&t);
    return gfx_submit(&t) == XVGPU_FAULT_NONE ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    gfx_rig_free(&t);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_others_are_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
