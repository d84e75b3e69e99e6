/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gfx engine: transfers, state, queries, and what it refuses. */
#include "gfx-rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE 64u
#define RGBA XVGPU_GFX_FORMAT_R8G8B8A8_UNORM
#define TRANSFERS 3u
#define BYTES (SIDE * SIDE * 4u)

static struct gfx_rig t;

static int setup(void **state)
{
    (void)state;
    gfx_rig_new(&t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gfx_rig_free(&t);
    return 0;
}

/* ---- Objects that most tests need -----------------------------------------
 */

enum { IMAGE = 1, OTHER_IMAGE, DEPTH_IMAGE, MS_IMAGE };
enum { OUT = 1, IN, LOCAL };

static void create_image(uint32_t id, uint32_t format, uint32_t samples,
                         uint32_t usage)
{
    XVGPU_GFX(&t.s, create_image, .id = id, .type = 1, .format = format,
              .width = SIDE, .height = SIDE, .depth = 1, .mips = 1, .layers = 1,
              .samples = samples, .usage = usage);
}

static void create_buffers(void)
{
    XVGPU_GFX(&t.s, create_buffer, .id = OUT, .address = GFX_DATA,
              .size = BYTES);
    XVGPU_GFX(&t.s, create_buffer, .id = IN, .address = GFX_DATA + BYTES,
              .size = BYTES);
    XVGPU_GFX(&t.s, create_buffer, .id = LOCAL, .heap = 1, .size = BYTES);
}

static void sub(uint32_t aspect)
{
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = aspect, .layers = 1);
}

static void box(void)
{
    XVGPU_GFX_MORE(&t.s, box, .width = SIDE, .height = SIDE, .depth = 1);
}

static void clear_image(uint32_t id, float r, float g, float b, float a)
{
    struct xvgpu_gfx_clear_image pkt = {.image = id, .mips = 1};
    const float v[4] = {r, g, b, a};

    memcpy(&pkt.value0, v, sizeof(v));
    xvgpu_gfx_put_clear_image(&t.s, &pkt);
    sub(1);
}

static void image_to_buffer(uint32_t image, uint32_t buffer)
{
    XVGPU_GFX(&t.s, copy_buffer_image, .buffer = buffer, .image = image);
    sub(1);
    box();
}

static void assert_pixels(uint64_t gpa, uint32_t want)
{
    const uint32_t *p = gfx_data(&t, gpa, BYTES);
    uint32_t i;

    for (i = 0; i < SIDE * SIDE; i++)
        assert_int_equal(p[i], want);
}

/* ---- Transfers
 * --------------------------------------------------------------- */

static void clears_and_copies(void **state)
{
    (void)state;
    create_buffers();
    create_image(IMAGE, RGBA, 1, TRANSFERS);
    create_image(OTHER_IMAGE, RGBA, 1, TRANSFERS);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    clear_image(IMAGE, 1, 0, 0, 1);
    xvgpu_gfx_full_barrier(&t.s);
    XVGPU_GFX(&t.s, copy_image, .src = IMAGE, .dst = OTHER_IMAGE);
    sub(1);
    box();
    sub(1);
    box();
    xvgpu_gfx_full_barrier(&t.s);
    image_to_buffer(OTHER_IMAGE, OUT);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_pixels(GFX_DATA, 0xff0000ff);
}

static void a_new_image_is_zero(void **state)
{
    (void)state;
    memset(gfx_data(&t, GFX_DATA, BYTES), 0x55, BYTES);
    create_buffers();
    create_image(IMAGE, RGBA, 1, TRANSFERS);
    image_to_buffer(IMAGE, OUT);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_pixels(GFX_DATA, 0);
}

static void buffers(void **state)
{
    const uint32_t word = 0x12345678;

    (void)state;
    create_buffers();
    XVGPU_GFX(&t.s, fill_buffer, .dst = LOCAL, .value = 0xcafe0001,
              .bytes = BYTES);
    xvgpu_gfx_full_barrier(&t.s);
    xvgpu_gfx_update(&t.s, LOCAL, 8, &word, 4);
    xvgpu_gfx_full_barrier(&t.s);
    XVGPU_GFX(&t.s, copy_buffer, .src = LOCAL, .dst = OUT, .bytes = BYTES);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(((uint32_t *)gfx_data(&t, GFX_DATA, 16))[2], word);
    *(uint32_t *)gfx_data(&t, GFX_DATA + 8, 4) = 0xcafe0001;
    assert_pixels(GFX_DATA, 0xcafe0001);
}

/* What the guest writes between two submissions is seen, and the other way
 * round: its memory is used in place or copied in time. */
static void memory_is_the_guests(void **state)
{
    uint32_t *in = gfx_data(&t, GFX_DATA + BYTES, BYTES);
    uint32_t *out = gfx_data(&t, GFX_DATA, BYTES), i;

    (void)state;
    create_buffers();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    for (i = 1; i < 5; i++) {
        in[0] = i;
        in[BYTES / 4 - 1] = ~i;
        XVGPU_GFX(&t.s, copy_buffer, .src = IN, .dst = OUT, .bytes = BYTES);
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
        assert_int_equal(out[0], i);
        assert_int_equal(out[BYTES / 4 - 1], ~i);
    }
}

/* A mapping is given back, and made again. */
static void invalidation(void **state)
{
    (void)state;
    create_buffers();
    XVGPU_GFX(&t.s, fill_buffer, .dst = OUT, .value = 1, .bytes = BYTES);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_true(t.g->mapped > 0);
    LINK_WRITE_REL(t.rig.link->dev.map_generation, 7);
    rig_go(&t.rig);
    assert_int_equal(t.g->mapped, 0);
    XVGPU_GFX(&t.s, fill_buffer, .dst = OUT, .value = 2, .bytes = BYTES);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_pixels(GFX_DATA, 2);
}

/* ---- Queries
 * -------------------------------------------------------------------- */

static void timestamps_go_up(void **state)
{
    const uint64_t *v = gfx_data(&t, GFX_DATA + BYTES, 64);

    (void)state;
    create_buffers();
    XVGPU_GFX(&t.s, create_queries, .id = 1, .type = 2, .count = 2);
    XVGPU_GFX(&t.s, write_timestamp, .pool = 1, .query = 0, .stage = 0x10000);
    XVGPU_GFX(&t.s, fill_buffer, .dst = LOCAL, .value = 1, .bytes = BYTES);
    XVGPU_GFX(&t.s, write_timestamp, .pool = 1, .query = 1, .stage = 0x10000);
    XVGPU_GFX(&t.s, copy_queries, .pool = 1, .count = 2, .stride = 8,
              .address = GFX_DATA + BYTES);
    xvgpu_put_timestamp(&t.s, GFX_DATA + BYTES + 16);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_true(v[0] > 0 && v[0] <= v[1]);
    /* The same clock as the packet TIMESTAMP's. */
    assert_true(v[1] <= v[2]);
    assert_true(v[2] - v[1] < 60ull * 1000000000ull);
}

static void an_empty_query_is_zero(void **state)
{
    uint64_t *v = gfx_data(&t, GFX_DATA, 64);

    (void)state;
    v[0] = ~0ull;
    XVGPU_GFX(&t.s, create_queries, .id = 1, .type = 0, .count = 1);
    XVGPU_GFX(&t.s, begin_query, .pool = 1);
    XVGPU_GFX(&t.s, end_query, .pool = 1);
    XVGPU_GFX(&t.s, copy_queries, .pool = 1, .count = 1, .address = GFX_DATA);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(v[0], 0);
}

/* The part that resolves has nothing in it that a query could count. */
static void a_query_around_a_resolve(void **state)
{
    uint64_t *v = gfx_data(&t, GFX_DATA + BYTES, 64);
    struct xvgpu_gfx_attachment a = {
        .view = 2, .load = 1, .resolve_mode = 2, .resolve_view = 1};
    const float red = 1;

    (void)state;
    memcpy(&a.clear0, &red, sizeof(red));
    create_buffers();
    create_image(IMAGE, RGBA, 1, 0x13);
    create_image(MS_IMAGE, RGBA, 4, 0x13);
    XVGPU_GFX(&t.s, create_view, .id = 1, .image = IMAGE, .type = 1,
              .format = RGBA, .aspect = 1, .mips = 1, .layers = 1);
    XVGPU_GFX(&t.s, create_view, .id = 2, .image = MS_IMAGE, .type = 1,
              .format = RGBA, .aspect = 1, .mips = 1, .layers = 1);
    XVGPU_GFX(&t.s, create_queries, .id = 1, .type = 0, .count = 1);
    v[0] = ~0ull;
    XVGPU_GFX(&t.s, begin_query, .pool = 1);
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1);
    xvgpu_gfx_add_attachment(&t.s, &a, 1);
    XVGPU_GFX(&t.s, clear_attachment, .aspect = 1, .value0 = a.clear0,
              .width = 1, .height = 1, .layers = 1);
    XVGPU_GFX(&t.s, end_rendering);
    XVGPU_GFX(&t.s, end_query, .pool = 1);
    xvgpu_gfx_full_barrier(&t.s);
    image_to_buffer(IMAGE, OUT);
    XVGPU_GFX(&t.s, copy_queries, .pool = 1, .count = 1,
              .address = GFX_DATA + BYTES);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(((uint32_t *)gfx_data(&t, GFX_DATA, BYTES))[SIDE + 1],
                     0x000000ff);
    /* One texel was cleared at the most. */
    assert_in_range(v[0], 0, 4);
}

/* A guest can't tell how far an engine came that was reset: it begins anew. */
static void a_rendering_ends_with_the_engine(void **state)
{
    uint64_t *v = gfx_data(&t, GFX_DATA, 8);
    uint32_t i;

    (void)state;
    create_image(IMAGE, RGBA, 1, 0x13);
    XVGPU_GFX(&t.s, create_view, .id = 1, .image = IMAGE, .type = 1,
              .format = RGBA, .aspect = 1, .mips = 1, .layers = 1);
    XVGPU_GFX(&t.s, create_queries, .id = 1, .type = 0, .count = 1);
    for (i = 0; i < 2; i++) {
        XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE,
                  .layers = 1, .nr_color = 1);
        XVGPU_GFX_MORE(&t.s, attachment, .view = 1, .load = 1);
        XVGPU_GFX(&t.s, begin_query, .pool = 1);
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
        if (!i)
            assert_true(gfx_hand_over(&t));
    }
    XVGPU_GFX(&t.s, end_query, .pool = 1);
    XVGPU_GFX(&t.s, end_rendering);
    v[0] = ~0ull;
    XVGPU_GFX(&t.s, copy_queries, .pool = 1, .count = 1, .address = GFX_DATA);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(v[0], 0);
}

/* ---- What is refused
 * -------------------------------------------------------------- */

#define REFUSED(name, code, packet)                                            \
    static void name(void **state)                                             \
    {                                                                          \
        (void)state;                                                           \
        create_buffers();                                                      \
        create_image(IMAGE, RGBA, 1, TRANSFERS);                               \
        create_image(OTHER_IMAGE, RGBA, 1, 1);                                 \
        create_image(DEPTH_IMAGE, XVGPU_GFX_FORMAT_D32_SFLOAT, 1, 0x23);       \
        create_image(MS_IMAGE, RGBA, 4, 0x13);                                 \
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);                    \
        packet;                                                                \
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_##code);                  \
    }

#define COPY_BACK(aspect, ...)                                                 \
    do {                                                                       \
        XVGPU_GFX(&t.s, copy_buffer_image, .buffer = OUT, .image = IMAGE);     \
        sub(aspect);                                                           \
        XVGPU_GFX_MORE(&t.s, box, __VA_ARGS__);                                \
    } while (0)

REFUSED(twice, OBJECT, create_image(IMAGE, RGBA, 1, TRANSFERS))
REFUSED(number_0, OBJECT, create_image(0, RGBA, 1, TRANSFERS))
REFUSED(number_beyond, OBJECT,
        create_image(XVGPU_GFX_IMAGE_MAX + 1, RGBA, 1, TRANSFERS))
REFUSED(not_there, OBJECT, image_to_buffer(99, OUT))
REFUSED(destroy_nothing, OBJECT,
        XVGPU_GFX(&t.s, destroy, .class_ = XVGPU_GFX_IMAGE, .id = 99))
REFUSED(no_class, PACKET_FIELD, XVGPU_GFX(&t.s, destroy, .class_ = 99, .id = 1))
REFUSED(no_format, PACKET_FIELD, create_image(9, 12345, 1, TRANSFERS))
REFUSED(no_samples, PACKET_FIELD, create_image(9, RGBA, 3, TRANSFERS))
REFUSED(no_usage, PACKET_FIELD, create_image(9, RGBA, 1, 0))
REFUSED(unknown_usage, PACKET_FIELD, create_image(9, RGBA, 1, 0x40000))
REFUSED(wrong_usage, STATE, clear_image(OTHER_IMAGE, 0, 0, 0, 0))
REFUSED(wide_box, PACKET_FIELD,
        COPY_BACK(1, .width = SIDE + 1, .height = 1, .depth = 1))
REFUSED(box_outside, PACKET_FIELD,
        COPY_BACK(1, .x = SIDE, .width = 1, .height = 1, .depth = 1))
REFUSED(huge_box, PACKET_FIELD,
        COPY_BACK(1, .x = 1, .width = ~0u, .height = 1, .depth = 1))
REFUSED(empty_box, PACKET_FIELD, COPY_BACK(1, .width = 1, .height = 1))
REFUSED(no_aspect, PACKET_FIELD,
        COPY_BACK(2, .width = 1, .height = 1, .depth = 1))
REFUSED(many_samples, PACKET_FIELD, image_to_buffer(MS_IMAGE, OUT))
REFUSED(beyond_buffer, PACKET_FIELD,
        XVGPU_GFX(&t.s, fill_buffer, .dst = OUT, .offset = 4, .bytes = BYTES))
REFUSED(offset_wraps, PACKET_FIELD,
        XVGPU_GFX(&t.s, fill_buffer, .dst = OUT, .offset = ~3ull, .bytes = 8))
REFUSED(overlap, PACKET_FIELD,
        XVGPU_GFX(&t.s, copy_buffer, .src = OUT, .dst = OUT, .dst_offset = 4,
                  .bytes = 8))
REFUSED(nothing_bound, STATE,
        XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1))
REFUSED(no_compute, STATE, XVGPU_GFX(&t.s, dispatch, .x = 1, .y = 1, .z = 1))
REFUSED(no_rendering, STATE, XVGPU_GFX(&t.s, end_rendering))
REFUSED(no_query, OBJECT, XVGPU_GFX(&t.s, begin_query, .pool = 1))
REFUSED(no_ram, ADDRESS, {
    XVGPU_GFX(&t.s, create_buffer, .id = 9, .address = GFX_RAM, .size = 4096);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 9, .bytes = 4096);
})
REFUSED(unaligned, ALIGNMENT,
        XVGPU_GFX(&t.s, create_buffer, .id = 9, .address = GFX_DATA + 4,
                  .size = 4096))
REFUSED(too_large, PACKET_FIELD,
        XVGPU_GFX(&t.s, create_buffer, .id = 9, .heap = 1,
                  .size = XVGPU_GFX_MAX_BUFFER + 4))
REFUSED(no_heap, PACKET_FIELD,
        XVGPU_GFX(&t.s, create_buffer, .id = 9, .heap = 2, .size = 4096))
REFUSED(no_number, PACKET_FIELD, {
    XVGPU_GFX(&t.s, set_viewports, .count = 1);
    XVGPU_GFX_MORE(&t.s, viewport, .width = NAN, .height = 1, .max_depth = 1);
})
REFUSED(two_much_push, PACKET_FIELD, {
    static const uint32_t words[2];

    xvgpu_gfx_push(&t.s, 0, XVGPU_GFX_MAX_PUSH - 4, words, 8);
})
REFUSED(length, PACKET_LENGTH, {
    XVGPU_GFX(&t.s, set_viewports, .count = 2);
    XVGPU_GFX_MORE(&t.s, viewport, .width = 1, .height = 1, .max_depth = 1);
})
REFUSED(no_spirv, SHADER,
        XVGPU_GFX(&t.s, create_shader, .id = 1, .bytes = 64,
                  .address = GFX_DATA))
REFUSED(clear_beyond_1, PACKET_FIELD, {
    XVGPU_GFX(&t.s, clear_image, .image = DEPTH_IMAGE, .mips = 1,
              .value0 = 0x40000000);
    sub(2);
})

/* What is at fault has no effect; what came before and comes after has. */
static void only_the_packet(void **state)
{
    (void)state;
    create_buffers();
    XVGPU_GFX(&t.s, fill_buffer, .dst = OUT, .value = 1, .bytes = BYTES);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 77, .value = 2, .bytes = BYTES);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_OBJECT);
    assert_pixels(GFX_DATA, 1);
    XVGPU_GFX(&t.s, fill_buffer, .dst = OUT, .value = 3, .bytes = BYTES);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_pixels(GFX_DATA, 3);
}

/* Memory of the local heap is counted, and given back. */
static void budget(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 1; i < 100; i++) {
        XVGPU_GFX(&t.s, create_buffer, .id = i, .heap = 1,
                  .size = XVGPU_GFX_MAX_BUFFER / 4);
        if (gfx_submit(&t) != XVGPU_FAULT_NONE)
            break;
    }
    assert_in_range(i, 2, 99);
    assert_int_equal(t.rig.link->eng.fault_code, XVGPU_FAULT_LIMIT);
    while (--i)
        XVGPU_GFX(&t.s, destroy, .class_ = XVGPU_GFX_BUFFER, .id = i);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(t.g->local_used, 0);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(clears_and_copies),
        ROW(a_new_image_is_zero),
        ROW(buffers),
        ROW(memory_is_the_guests),
        ROW(invalidation),
        ROW(timestamps_go_up),
        ROW(an_empty_query_is_zero),
        ROW(a_query_around_a_resolve),
        ROW(a_rendering_ends_with_the_engine),
        ROW(twice),
        ROW(number_0),
        ROW(number_beyond),
        ROW(not_there),
        ROW(destroy_nothing),
        ROW(no_class),
        ROW(no_format),
        ROW(no_samples),
        ROW(no_usage),
        ROW(unknown_usage),
        ROW(wrong_usage),
        ROW(wide_box),
        ROW(box_outside),
        ROW(huge_box),
        ROW(empty_box),
        ROW(no_aspect),
        ROW(many_samples),
        ROW(beyond_buffer),
        ROW(offset_wraps),
        ROW(overlap),
        ROW(nothing_bound),
        ROW(no_compute),
        ROW(no_rendering),
        ROW(no_query),
        ROW(no_ram),
        ROW(unaligned),
        ROW(too_large),
        ROW(no_heap),
        ROW(no_number),
        ROW(two_much_push),
        ROW(length),
        ROW(no_spirv),
        ROW(clear_beyond_1),
        ROW(only_the_packet),
        ROW(budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
