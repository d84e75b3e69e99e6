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
#include "refused.inc"
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
    return objects_setup(&t);
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
