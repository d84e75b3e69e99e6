/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What draws may not do although each object is fine by itself: samplers on
 * images that they are not fit for, images read that are being drawn to,
 * shaders that use what the device lacks.
 */
#include "objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gfx/shaders/apart.frag.h"
#include "tests/gfx/shaders/formless.comp.h"
#include "tests/gfx/shaders/handed.frag.h"

enum { SET_IMAGES = 20, SET_SAMPLERS };
enum { SL_IMAGES = 20, SL_SAMPLERS };
enum { IMG_FLOAT = 20, IMG_BOTH, IMG_MANY, IMG_RESOLVED };
enum {
    VIEW_FLOAT = 20,
    VIEW_BOTH, /* what is drawn to: level 0, layer 0 */
    VIEW_LEVEL,
    VIEW_LAYER,
    VIEW_ALL_LEVELS,
    VIEW_MANY,
    VIEW_RESOLVED,
};
#define LAY_APART 20u
#define PIPE_NEW 20u
#define SH_NEW 20u
#define D32S8 XVGPU_GFX_FORMAT_D32_SFLOAT_S8_UINT

static struct gfx_rig t;

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

static void shader(const uint32_t *words, uint32_t bytes)
{
    memcpy(gfx_data(&t, AT_CODE, bytes), words, bytes);
    XVGPU_GFX(&t.s, create_shader, .id = SH_NEW, .bytes = bytes,
              .address = AT_CODE);
}

/* A field of the packet that was put last. */
#define PATCH(packet, field, value)                                            \
    (t.s.dw[t.s.last + offsetof(struct xvgpu_gfx_##packet, field) / 4] =       \
         (value))

static void begin(uint32_t view, uint32_t resolve)
{
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = view, .load = 1,
                   .resolve_mode = resolve ? 2 : 0, .resolve_view = resolve);
}

static void ready(uint32_t pipeline)
{
    put_bound(&t, pipeline);
}

static uint32_t draw(void)
{
    XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1);
    return gfx_submit(&t);
}

/* ---- Samplers beside images ---------------------------------------------- */

/* Three images in one set, three samplers in another, and a pipeline. */
static void apart(const uint32_t *words, uint32_t bytes)
{
    uint32_t i;

    XVGPU_GFX(&t.s, create_set_layout, .id = SL_IMAGES, .bindings = 3);
    for (i = 0; i < 3; i++)
        XVGPU_GFX_MORE(&t.s, binding, .binding = i, .type = 2, .count = 1,
                       .stages = 16);
    XVGPU_GFX(&t.s, create_set_layout, .id = SL_SAMPLERS, .bindings = 3);
    for (i = 0; i < 3; i++)
        XVGPU_GFX_MORE(&t.s, binding, .binding = i, .count = 1, .stages = 16);
    XVGPU_GFX(&t.s, create_layout, .id = LAY_APART, .set0 = SL_IMAGES,
              .set1 = SL_SAMPLERS);
    XVGPU_GFX(&t.s, create_set, .id = SET_IMAGES, .layout = SL_IMAGES);
    XVGPU_GFX(&t.s, create_set, .id = SET_SAMPLERS, .layout = SL_SAMPLERS);
    XVGPU_GFX(&t.s, create_image, .id = IMG_FLOAT, .type = 1,
              .format = XVGPU_GFX_FORMAT_R32_SFLOAT, .width = SIDE,
              .height = SIDE, .depth = 1, .mips = 1, .layers = 1, .samples = 1,
              .usage = 4);
    XVGPU_GFX(&t.s, create_view, .id = VIEW_FLOAT, .image = IMG_FLOAT,
              .type = 1, .format = XVGPU_GFX_FORMAT_R32_SFLOAT, .aspect = 1,
              .mips = 1, .layers = 1);
    shader(words, bytes);
    XVGPU_GFX(&t.s, create_graphics, .id = PIPE_NEW, .layout = LAY_APART,
              .nr_stages = 2, .nr_bindings = 1, .nr_attributes = 1,
              .nr_color = 1, .topology = 3, .samples = 1, .sample_mask = ~0u,
              .viewports = 1);
    XVGPU_GFX_MORE(&t.s, stage, .shader = SH_VERT);
    XVGPU_GFX_MORE(&t.s, stage, .shader = SH_NEW);
    XVGPU_GFX_MORE(&t.s, vertex_binding, .stride = 16, .per_instance = 1);
    XVGPU_GFX_MORE(&t.s, vertex_attribute,
                   .format = XVGPU_GFX_FORMAT_R32G32B32A32_SFLOAT);
    XVGPU_GFX_MORE(&t.s, blend, .format = RGBA, .write_mask = 0xf);
    begin(VIEW_TARGET, 0);
    ready(PIPE_NEW);
    XVGPU_GFX(&t.s, bind_set, .index = 0, .set = SET_IMAGES);
    XVGPU_GFX(&t.s, bind_set, .index = 1, .set = SET_SAMPLERS);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
}

static uint32_t draw_with(uint32_t set, uint32_t binding, uint32_t object)
{
    bool image = set == SET_IMAGES;

    put_write(&t, set, binding, image ? object : 0, image ? 0 : object);
    return draw();
}

static void samplers_of_their_own(void **state)
{
    (void)state;
    apart(apart_frag, sizeof(apart_frag));
    /* All null, then all as they should be. */
    assert_int_equal(draw(), XVGPU_FAULT_NONE);
    put_write(&t, SET_IMAGES, 0, VIEW_TEXTURE, 0);
    put_write(&t, SET_IMAGES, 1, VIEW_UINT, 0);
    put_write(&t, SET_IMAGES, 2, VIEW_DEPTH, 0);
    put_write(&t, SET_SAMPLERS, 0, 0, SMP_LINEAR);
    put_write(&t, SET_SAMPLERS, 1, 0, SMP_NEAREST);
    assert_int_equal(draw_with(SET_SAMPLERS, 2, SMP_SHADOW), XVGPU_FAULT_NONE);
    /* Filters where there are none, by either set. */
    assert_int_equal(draw_with(SET_SAMPLERS, 1, SMP_LINEAR), XVGPU_FAULT_STATE);
    assert_int_equal(draw(), XVGPU_FAULT_STATE);
    assert_int_equal(draw_with(SET_SAMPLERS, 1, SMP_NEAREST), XVGPU_FAULT_NONE);
    assert_int_equal(draw_with(SET_IMAGES, 0, VIEW_FLOAT), XVGPU_FAULT_STATE);
    assert_int_equal(draw_with(SET_SAMPLERS, 0, SMP_NEAREST), XVGPU_FAULT_NONE);
    /* Comparisons of what is no depth. */
    assert_int_equal(draw_with(SET_SAMPLERS, 0, SMP_SHADOW), XVGPU_FAULT_STATE);
    assert_int_equal(draw_with(SET_IMAGES, 0, 0), XVGPU_FAULT_NONE);
    assert_int_equal(draw_with(SET_SAMPLERS, 2, SMP_LINEAR), XVGPU_FAULT_STATE);
    /* The shader compares, whatever the sampler does. */
    assert_int_equal(draw_with(SET_SAMPLERS, 2, SMP_NEAREST), XVGPU_FAULT_NONE);
    assert_int_equal(draw_with(SET_IMAGES, 2, VIEW_TEXTURE), XVGPU_FAULT_STATE);
}

/* In a function that is given them it is unknown which go together. */
static void samplers_handed_on(void **state)
{
    (void)state;
    apart(handed_frag, sizeof(handed_frag));
    put_write(&t, SET_IMAGES, 0, VIEW_TEXTURE, 0);
    put_write(&t, SET_IMAGES, 1, VIEW_UINT, 0);
    put_write(&t, SET_SAMPLERS, 0, 0, SMP_LINEAR);
    /* Numbers are of another type than what the function takes. */
    assert_int_equal(draw_with(SET_SAMPLERS, 1, SMP_NEAREST), XVGPU_FAULT_NONE);
    assert_int_equal(draw_with(SET_IMAGES, 2, VIEW_FLOAT), XVGPU_FAULT_STATE);
    assert_int_equal(draw_with(SET_SAMPLERS, 0, SMP_NEAREST), XVGPU_FAULT_NONE);
    assert_int_equal(draw_with(SET_SAMPLERS, 1, SMP_SHADOW), XVGPU_FAULT_STATE);
}

/* ---- Read while it is drawn to --------------------------------------------
 */

static void view_of(uint32_t id, uint32_t image, uint32_t mip, uint32_t mips,
                    uint32_t layer)
{
    XVGPU_GFX(&t.s, create_view, .id = id, .image = image, .type = 1,
              .format = RGBA, .aspect = 1, .mip = mip, .mips = mips,
              .layer = layer, .layers = 1);
}

static void both_images(void)
{
    XVGPU_GFX(&t.s, create_image, .id = IMG_BOTH, .type = 1, .format = RGBA,
              .width = SIDE, .height = SIDE, .depth = 1, .mips = 2, .layers = 2,
              .samples = 1, .usage = 0x14);
    XVGPU_GFX(&t.s, create_image, .id = IMG_RESOLVED, .type = 1, .format = RGBA,
              .width = SIDE, .height = SIDE, .depth = 1, .mips = 1, .layers = 1,
              .samples = 1, .usage = 0x14);
    XVGPU_GFX(&t.s, create_image, .id = IMG_MANY, .type = 1, .format = RGBA,
              .width = SIDE, .height = SIDE, .depth = 1, .mips = 1, .layers = 1,
              .samples = 4, .usage = 0x10);
    view_of(VIEW_BOTH, IMG_BOTH, 0, 1, 0);
    view_of(VIEW_LEVEL, IMG_BOTH, 1, 1, 0);
    view_of(VIEW_LAYER, IMG_BOTH, 0, 1, 1);
    view_of(VIEW_ALL_LEVELS, IMG_BOTH, 0, 2, 0);
    view_of(VIEW_MANY, IMG_MANY, 0, 1, 0);
    view_of(VIEW_RESOLVED, IMG_RESOLVED, 0, 1, 0);
}

static uint32_t draw_reading(uint32_t view)
{
    put_write(&t, SET_GRAPHICS, 0, view, SMP_NEAREST);
    return draw();
}

static void read_while_drawn_to(void **state)
{
    (void)state;
    both_images();
    begin(VIEW_BOTH, 0);
    ready(PIPE_GRAPHICS);
    assert_int_equal(draw_reading(VIEW_BOTH), XVGPU_FAULT_STATE);
    assert_int_equal(draw_reading(VIEW_ALL_LEVELS), XVGPU_FAULT_STATE);
    assert_int_equal(draw_reading(VIEW_LEVEL), XVGPU_FAULT_NONE);
    assert_int_equal(draw_reading(VIEW_LAYER), XVGPU_FAULT_NONE);
    XVGPU_GFX(&t.s, end_rendering);
    /* Later, with the set as it is: known to be fine, and then not. */
    begin(VIEW_TARGET, 0);
    assert_int_equal(draw_reading(VIEW_BOTH), XVGPU_FAULT_NONE);
    XVGPU_GFX(&t.s, end_rendering);
    begin(VIEW_BOTH, 0);
    assert_int_equal(draw(), XVGPU_FAULT_STATE);
}

static void read_while_resolved_to(void **state)
{
    (void)state;
    both_images();
    put_graphics(&t, PIPE_NEW);
    PATCH(create_graphics, samples, 4);
    begin(VIEW_MANY, VIEW_RESOLVED);
    ready(PIPE_NEW);
    assert_int_equal(draw_reading(VIEW_RESOLVED), XVGPU_FAULT_STATE);
    assert_int_equal(draw_reading(VIEW_BOTH), XVGPU_FAULT_NONE);
}

static void depth_read_while_drawn_to(void **state)
{
    (void)state;
    put_graphics(&t, PIPE_NEW);
    PATCH(create_graphics, depth_format, D32S8);
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1, .flags = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = VIEW_TARGET, .load = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = VIEW_DEPTH, .load = 1);
    ready(PIPE_NEW);
    assert_int_equal(draw(), XVGPU_FAULT_NONE);
    assert_int_equal(draw_reading(VIEW_DEPTH), XVGPU_FAULT_STATE);
}

/* Nothing is copied, cleared or blitted meanwhile. */
static void copied_while_drawn_to(void **state)
{
    (void)state;
    begin(VIEW_TARGET, 0);
    XVGPU_GFX(&t.s, copy_buffer_image, .buffer = BUF_OUT, .image = IMG_TARGET);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX_MORE(&t.s, box, .width = SIDE, .height = SIDE, .depth = 1);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_STATE);
}

/* ---- What a device lacks --------------------------------------------------
 */

static void without_a_format(void **state)
{
    bool has = t.g->vk.read_without_format;

    (void)state;
    t.g->vk.read_without_format = false;
    shader(formless_comp, sizeof(formless_comp));
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_SHADER);
    t.g->vk.read_without_format = has;
    shader(formless_comp, sizeof(formless_comp));
    assert_int_equal(gfx_submit(&t),
                     has ? XVGPU_FAULT_NONE : XVGPU_FAULT_SHADER);
}

/* Destroyed ones that descriptors refer to count, too. */
static void more_than_it_takes(void **state)
{
    VkPhysicalDeviceLimits *m = &t.g->vk.props.limits;

    (void)state;
    m->maxSamplerAllocationCount = t.g->samplers + 1;
    put_sampler(&t, 20);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_LIMIT);
    m->maxSamplerAllocationCount++;
    put_sampler(&t, 20);
    put_write(&t, SET_GRAPHICS, 0, VIEW_TEXTURE, 20);
    XVGPU_GFX(&t.s, destroy, .class_ = XVGPU_GFX_SAMPLER, .id = 20);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    put_sampler(&t, 20);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_LIMIT);
    put_write(&t, SET_GRAPHICS, 0, 0, 0);
    put_sampler(&t, 20);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    m->maxMemoryAllocationCount = t.g->vk.allocations;
    put_local(&t, 20);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_LIMIT);
    m->maxMemoryAllocationCount++;
    put_local(&t, 20);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(samplers_of_their_own),     ROW(samplers_handed_on),
        ROW(read_while_drawn_to),       ROW(read_while_resolved_to),
        ROW(depth_read_while_drawn_to), ROW(copied_while_drawn_to),
        ROW(without_a_format),          ROW(more_than_it_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
