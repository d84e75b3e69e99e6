/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of the gfx engine: what they are to draws and dispatches, how long
 * they live, and buffers with and without import. */
#include "objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gfx_rig t;

static void start(bool import)
{
    gfx_rig_new(&t);
    t.g->vk.import &= import;
    objects_create(&t);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
}

static int in_place(void **state)
{
    (void)state;
    start(true);
    return 0;
}

static int copied(void **state)
{
    (void)state;
    start(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gfx_rig_free(&t);
    return 0;
}

/* ---- Drawing ------------------------------------------------------------- */

static void clear_texture(float r, float g, float b, float a)
{
    struct xvgpu_gfx_clear_image pkt = {.image = IMG_TEXTURE, .mips = 1};
    const float v[4] = {r, g, b, a};

    memcpy(&pkt.value0, v, sizeof(v));
    xvgpu_gfx_put_clear_image(&t.s, &pkt);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    xvgpu_gfx_full_barrier(&t.s);
}

static void set_vec4(uint64_t at, float x, float y, float z, float w)
{
    const float v[4] = {x, y, z, w};

    memcpy(gfx_data(&t, at, sizeof(v)), v, sizeof(v));
}

static void begin(void)
{
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = VIEW_TARGET, .load = 1);
    XVGPU_GFX(&t.s, set_viewports, .count = 1);
    XVGPU_GFX_MORE(&t.s, viewport, .width = SIDE, .height = SIDE,
                   .max_depth = 1);
    XVGPU_GFX(&t.s, bind_pipeline, .id = PIPE_GRAPHICS);
    XVGPU_GFX(&t.s, bind_set, .set = SET_GRAPHICS);
    XVGPU_GFX(&t.s, bind_vertex_buffers, .count = 1);
    XVGPU_GFX_MORE(&t.s, vertex_buffer, .buffer = BUF_VERTEX);
}

/* Columns from x on. */
static void draw(uint32_t x, uint32_t width)
{
    XVGPU_GFX(&t.s, set_scissors, .count = 1);
    XVGPU_GFX_MORE(&t.s, scissor, .x = x, .width = width, .height = SIDE);
    XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1);
}

static void end(void)
{
    XVGPU_GFX(&t.s, end_rendering);
    xvgpu_gfx_full_barrier(&t.s);
    XVGPU_GFX(&t.s, copy_buffer_image, .buffer = BUF_OUT, .image = IMG_TARGET);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX_MORE(&t.s, box, .width = SIDE, .height = SIDE, .depth = 1);
}

static void assert_columns(uint32_t x, uint32_t width, uint32_t want)
{
    const uint32_t *p = gfx_data(&t, AT_OUT, PIXELS * 4);
    uint32_t i;

    for (i = 0; i < PIXELS; i++) {
        if (i % SIDE >= x && i % SIDE < x + width)
            assert_int_equal(p[i], want);
    }
}

static void draw_all(void)
{
    begin();
    draw(0, SIDE);
    end();
}

/* texture * tint * 0.5 + uniform: all that a pipeline reads. */
static void draws(void **state)
{
    (void)state;
    set_vec4(AT_VERTEX, 1, 0, 1, 1);
    set_vec4(AT_UNIFORM, 0, 0, 0, 0.5f);
    clear_texture(0.4f, 1, 0.8f, 1);
    draw_all();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_columns(0, SIDE, 0xff660033);
}

/* Each draw has the descriptors that the set had when it was given. */
static void rewritten_between_draws(void **state)
{
    (void)state;
    set_vec4(AT_VERTEX, 1, 1, 1, 1);
    set_vec4(AT_UNIFORM, 0.2f, 0, 0, 1);
    clear_texture(0, 1, 0, 0);
    begin();
    XVGPU_GFX(&t.s, bind_set, .set = SET_GRAPHICS);
    draw(0, 4);
    put_write(&t, SET_GRAPHICS, 0, 0, 0);
    draw(4, 4);
    put_write(&t, SET_GRAPHICS, 1, 0, 0);
    draw(8, 4);
    put_write(&t, SET_GRAPHICS, 0, VIEW_TEXTURE, SMP_LINEAR);
    draw(12, 4);
    end();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_columns(0, 4, 0xff008033);
    assert_columns(4, 4, 0xff000033);
    assert_columns(8, 4, 0);
    assert_columns(12, 4, 0x00008000);
}

/* The same with a chunk for each draw. */
static void rewritten_between_chunks(void **state)
{
    t.g->chunk_draws = 1;
    rewritten_between_draws(state);
}

static void destroy(uint32_t class_, uint32_t id)
{
    XVGPU_GFX(&t.s, destroy, .class_ = class_, .id = id);
}

/* A pipeline does without what it was made from. */
static void parts_of_a_pipeline_go(void **state)
{
    destroy(XVGPU_GFX_SHADER, SH_VERT);
    destroy(XVGPU_GFX_SHADER, SH_FRAG);
    destroy(XVGPU_GFX_LAYOUT, LAY_GRAPHICS);
    destroy(XVGPU_GFX_SET_LAYOUT, SL_GRAPHICS);
    draws(state);
}

/* What a descriptor that is used refers to must be there. */
static void texture_goes(void **state)
{
    (void)state;
    set_vec4(AT_UNIFORM, 0.2f, 0, 0, 1);
    destroy(XVGPU_GFX_IMAGE, IMG_TEXTURE);
    begin();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    draw(0, SIDE);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_OBJECT);
    put_write(&t, SET_GRAPHICS, 0, VIEW_TEXTURE, SMP_NEAREST);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_OBJECT);
    put_write(&t, SET_GRAPHICS, 0, 0, 0);
    draw(0, SIDE);
    end();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_columns(0, SIDE, 0xff000033);
}

/* Images that are not what the shader takes them for. */
static void other_views(void **state)
{
    static const uint32_t views[] = {VIEW_ARRAY, VIEW_UINT};
    uint32_t i;

    (void)state;
    begin();
    for (i = 0; i < 2; i++) {
        put_write(&t, SET_GRAPHICS, 0, views[i], SMP_NEAREST);
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
        draw(0, SIDE);
        assert_int_equal(gfx_submit(&t), XVGPU_FAULT_STATE);
    }
    put_write(&t, SET_GRAPHICS, 0, VIEW_DEPTH, SMP_NEAREST);
    draw(0, SIDE);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
}

/* ---- Compute ------------------------------------------------------------- */

static void dispatch(uint32_t groups)
{
    const uint32_t pushed = 1000;

    XVGPU_GFX(&t.s, bind_pipeline, .id = PIPE_COMPUTE);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 0, .set = SET_COMPUTE);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 2, .set = SET_IMAGE);
    xvgpu_gfx_push(&t.s, 1, 0, &pushed, 4);
    XVGPU_GFX(&t.s, dispatch, .x = groups, .y = 1, .z = 1);
    xvgpu_gfx_full_barrier(&t.s);
}

static void assert_words(uint32_t groups, uint32_t sum)
{
    const uint32_t *p = gfx_data(&t, AT_OUT, PIXELS * 4);
    uint32_t i;

    for (i = 0; i < groups; i++)
        assert_int_equal(p[i], 3 * sum + i);
}

/* A word of each kind of descriptor; the local buffer begins as zero. */
static void all_kinds(void **state)
{
    uint32_t *words = gfx_data(&t, AT_WORDS, 256);
    uint32_t *uniform = gfx_data(&t, AT_UNIFORM, 256);
    uint32_t *out = gfx_data(&t, AT_OUT, PIXELS * 4);

    (void)state;
    words[17] = 5; /* 64 bytes in, the second texel */
    uniform[0] = 70;
    dispatch(SIDE);
    XVGPU_GFX(&t.s, copy_buffer, .src = BUF_LOCAL, .dst = BUF_OUT,
              .dst_offset = 512, .bytes = 4);
    XVGPU_GFX(&t.s, copy_buffer_image, .buffer = BUF_OUT, .image = IMG_UINT,
              .offset = 256);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX_MORE(&t.s, box, .width = SIDE, .height = 1, .depth = 1);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_words(SIDE, 1075);
    assert_int_equal(out[64], 1075);
    assert_int_equal(out[79], 1075);
    assert_int_equal(out[128], PIXELS); /* what words.length() said */
}

/* A chunk writes back what it wrote, and nothing else. */
static void only_what_is_written(void **state)
{
    uint32_t *out = gfx_data(&t, AT_OUT, PIXELS * 4);

    (void)state;
    out[4] = 0x1234;
    dispatch(4);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_words(4, 1000);
    assert_int_equal(out[4], 0x1234);
}

/* How much there is to do is what has just been written. */
static void indirect_after_a_write(void **state)
{
    const uint32_t *out = gfx_data(&t, AT_OUT, PIXELS * 4);

    (void)state;
    /* A first use has a chunk of its own. */
    dispatch(1);
    XVGPU_GFX(&t.s, create_buffer, .id = 9, .heap = 1, .size = 64);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 9, .value = 2, .bytes = 12);
    xvgpu_gfx_full_barrier(&t.s);
    XVGPU_GFX(&t.s, dispatch_indirect, .buffer = 9);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(out[1], out[0] + 1);
    assert_int_equal(out[2], 0);
}

/* Two buffers of the same guest memory, with a barrier between. */
static void shared_memory(void **state)
{
    uint32_t *out = gfx_data(&t, AT_OUT, PIXELS * 4);

    (void)state;
    XVGPU_GFX(&t.s, create_buffer, .id = 9, .address = AT_OUT + 256,
              .size = 256);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 9, .value = 77, .bytes = 256);
    xvgpu_gfx_full_barrier(&t.s);
    XVGPU_GFX(&t.s, copy_buffer, .src = BUF_OUT, .dst = BUF_OUT,
              .src_offset = 256, .bytes = 256);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(out[0], 77);
    assert_int_equal(out[63], 77);
    assert_int_equal(out[127], 77);
}

/* ---- Queries ------------------------------------------------------------- */

/* A frame that is counted, after a dispatch in the same chunk: what the one
 * pushed is none of the other's (lavapipe looked for its pipeline). */
static void counted(uint32_t type)
{
    uint64_t *value = gfx_data(&t, AT_OUT, 16);

    XVGPU_GFX(&t.s, create_queries, .id = 1, .type = type, .count = 1,
              .statistics = type ? 1u << 7 : 0 /* fragment invocations */);
    /* A first use has a chunk of its own. */
    dispatch(SIDE);
    draw_all();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    dispatch(SIDE);
    XVGPU_GFX(&t.s, begin_query, .pool = 1);
    draw_all();
    XVGPU_GFX(&t.s, end_query, .pool = 1);
    XVGPU_GFX(&t.s, copy_queries, .pool = 1, .count = 1, .address = AT_OUT);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_true(value[0] >= PIXELS);
}

static void occlusion_after_a_dispatch(void **state)
{
    (void)state;
    counted(VK_QUERY_TYPE_OCCLUSION);
}

static void statistics_after_a_dispatch(void **state)
{
    (void)state;
    counted(VK_QUERY_TYPE_PIPELINE_STATISTICS);
}

/* ---- Guest memory -------------------------------------------------------- */

/* Mappings are made anew after they were given back, sets with them. */
static void mapped_again(void **state)
{
    all_kinds(state);
    LINK_WRITE_REL(t.rig.link->dev.map_generation, 3);
    rig_go(&t.rig);
    assert_int_equal(t.g->mapped, 0);
    all_kinds(state);
    assert_true(t.g->mapped > 0);
}

/* A buffer that ends with its page needs no other page. */
static void whole_pages(void **state)
{
    (void)state;
    XVGPU_GFX(&t.s, create_buffer, .id = 9, .address = GFX_RAM - 8192,
              .size = 8192);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 9, .value = 9, .bytes = 8192);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(*(uint32_t *)gfx_data(&t, GFX_RAM - 4, 4), 9);
    if (t.g->vk.import)
        assert_int_equal(t.g->copies, 0);
}

/* One page of it is not there. */
static void hole(void **state)
{
    (void)state;
    XVGPU_GFX(&t.s, create_buffer, .id = 9, .address = GFX_RAM - 4096,
              .size = 8192);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 9, .value = 9, .bytes = 4);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_ADDRESS);
    assert_int_equal(t.rig.link->eng.fault_addr, GFX_RAM);
}

/* More than may be mapped at once is mapped in turns. */
static void mapped_in_turns(void **state)
{
    uint32_t i;

    (void)state;
    t.g->mapped_max = 8u << 20;
    for (i = 0; i < 20; i++) {
        XVGPU_GFX(&t.s, create_buffer, .id = 20 + i,
                  .address = GFX_DATA + (i << 20), .size = 1u << 20);
        XVGPU_GFX(&t.s, fill_buffer, .dst = 20 + i, .value = i, .bytes = 4);
    }
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    for (i = 0; i < 20; i++)
        assert_int_equal(*(uint32_t *)gfx_data(&t, GFX_DATA + (i << 20), 4), i);
    assert_in_range(t.g->mapped, 1, t.g->mapped_max);
    XVGPU_GFX(&t.s, create_buffer, .id = 19, .address = GFX_DATA,
              .size = 9u << 20);
    XVGPU_GFX(&t.s, fill_buffer, .dst = 19, .value = 1, .bytes = 4);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_LIMIT);
}

/* ---- Life ---------------------------------------------------------------- */

/* All in whatever order, while chunks have it: nothing is left of it. */
static void nothing_is_left(void **state)
{
    uint32_t class_, id;

    draws(state);
    draw_all();
    dispatch(1);
    for (class_ = 1; class_ < XVGPU_GFX_NR_CLASSES; class_++) {
        for (id = 1; id < 10; id++) {
            if (t.g->table[class_] && t.g->table[class_][id])
                destroy(class_, id);
        }
    }
    XVGPU_GFX(&t.s, bind_set, .set = 0);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 0, .set = 0);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 2, .set = 0);
    XVGPU_GFX(&t.s, bind_vertex_buffers, .count = 1);
    XVGPU_GFX_MORE(&t.s, vertex_buffer, .buffer = 0);
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    /* Pipelines stay bound. */
    assert_non_null(t.g->objects);
    gfx_state_clear(t.g);
    gfx_bury(t.g);
    assert_null(t.g->objects);
    assert_null(t.g->graveyard);
    assert_int_equal(t.g->local_used, 0);
    assert_int_equal(t.g->mapped, 0);
    assert_int_equal(t.g->spirv, 0);
}

/* A number is free again at once, and means the new object. */
static void numbers_are_free_again(void **state)
{
    (void)state;
    set_vec4(AT_VERTEX, 1, 1, 1, 1);
    set_vec4(AT_UNIFORM, 1, 0, 0, 1);
    begin();
    draw(0, 8);
    destroy(XVGPU_GFX_BUFFER, BUF_UNIFORM);
    XVGPU_GFX(&t.s, create_buffer, .id = BUF_UNIFORM, .heap = 1, .size = 64);
    put_write(&t, SET_GRAPHICS, 1, BUF_UNIFORM, 0);
    draw(8, 8);
    end();
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_columns(0, 8, 0xff0000ff);
    assert_columns(8, 8, 0);
}

/* What was destroyed makes room, although a chunk still has it. */
static void room_at_once(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        XVGPU_GFX(&t.s, create_image, .id = 99, .type = 1, .format = RGBA,
                  .width = 4096, .height = 4096, .depth = 1, .mips = 1,
                  .layers = 3, .samples = 1, .usage = 2);
        destroy(XVGPU_GFX_IMAGE, 99);
    }
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
}

/* The same where there is no chunk. */
static void room_without_a_chunk(void **state)
{
    uint32_t i;

    (void)state;
    t.g->local_max = t.g->local_used + (8u << 20);
    for (i = 0; i < 3; i++) {
        XVGPU_GFX(&t.s, create_buffer, .id = 99, .heap = 1, .size = 5u << 20);
        destroy(XVGPU_GFX_BUFFER, 99);
    }
    assert_int_equal(gfx_submit(&t), XVGPU_FAULT_NONE);
    assert_int_equal(t.g->graves, 0);
}

/* As from a context image: of the same words and objects. */
static void made_again(void **state)
{
    struct object *o, *again = NULL;
    uint32_t class_;

    (void)state;
    for (class_ = 1; class_ < XVGPU_GFX_QUERIES; class_++) {
        o = t.g->table[class_][1];
        assert_int_equal(gfx_create_again(t.g, class_, 200, o->words,
                                          o->nr_words, o->data, o->data_bytes,
                                          o->uses, o->nr_uses, &again),
                         0);
        assert_ptr_equal(t.g->table[class_][200], again);
        assert_int_equal(again->nr_uses, o->nr_uses);
        assert_memory_equal(again->uses, o->uses,
                            o->nr_uses * sizeof(*o->uses));
        /* Fewer, or of another class: refused. */
        if (o->nr_uses)
            assert_int_equal(gfx_create_again(t.g, class_, 201, o->words,
                                              o->nr_words, o->data,
                                              o->data_bytes, &o, 1, &again),
                             -1);
        assert_null(t.g->table[class_][201]);
    }
    assert_int_equal(gfx_drain(t.g), 0);
}

#define BOTH(f)                                                                \
    {#f, f, in_place, teardown, NULL},                                         \
    {                                                                          \
#f " (copied)", f, copied, teardown, NULL                              \
    }
#define ROW(f) cmocka_unit_test_setup_teardown(f, in_place, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(draws),
        BOTH(rewritten_between_draws),
        BOTH(rewritten_between_chunks),
        ROW(parts_of_a_pipeline_go),
        ROW(texture_goes),
        ROW(other_views),
        BOTH(all_kinds),
        BOTH(only_what_is_written),
        BOTH(indirect_after_a_write),
        BOTH(shared_memory),
        BOTH(mapped_again),
        BOTH(whole_pages),
        BOTH(hole),
        ROW(occlusion_after_a_dispatch),
        ROW(statistics_after_a_dispatch),
        ROW(mapped_in_turns),
        BOTH(nothing_is_left),
        BOTH(numbers_are_free_again),
        ROW(room_at_once),
        ROW(room_without_a_chunk),
        ROW(made_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
