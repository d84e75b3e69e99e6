/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenes' tables and data, without a driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gfx/data.h"
#include "tests/gfx/picture.h"
#include "tests/gfx/scenes.h"

static void in_range(int index, uint32_t count)
{
    if (index != SCENE_NONE)
        assert_in_range(index, 0, count - 1);
}

static void check_sets(const struct scene *s)
{
    for (uint32_t i = 0; i < s->set_count; i++)
        for (uint32_t k = 0; k < s->sets[i].count; k++) {
            const struct scene_binding *b = &s->sets[i].bindings[k];
            bool buffer = b->type == SCENE_UNIFORM_BUFFER ||
                          b->type == SCENE_STORAGE_BUFFER;

            in_range(b->resource, buffer ? s->buffer_count : s->image_count);
            in_range(b->sampler, s->sampler_count);
            assert_int_equal(b->sampler != SCENE_NONE,
                             b->type == SCENE_SAMPLER ||
                                 b->type == SCENE_COMBINED);
        }
}

static void check_pipelines(const struct scene *s)
{
    for (uint32_t i = 0; i < s->pipeline_count; i++) {
        const struct scene_pipeline *p = &s->pipelines[i];

        assert_in_range(p->shader_count, 1, gfx_stages);
        assert_true(p->push_size % 4 == 0 && p->push_size <= SCENE_PUSH_MAX);
        for (int k = 0; k < SCENE_SETS; k++)
            in_range(p->sets[k], s->set_count);
        for (uint32_t k = 0; k < p->attribute_count; k++)
            assert_true(p->attributes[k].stream < p->stream_count);
        assert_int_equal(p->topology == SCENE_PATCHES, p->patch_points != 0);
    }
}

/* Reads what an interpreter would read, in the order that it would. */
static void check_commands(const struct scene *s)
{
    const struct scene_pipeline *pipeline = NULL;
    uint32_t words[SCENE_PUSH_MAX / 4];
    const struct scene_command *c;
    struct scene_rect r;
    struct scene_walk w;
    bool inside = false;

    scene_walk(&w, s, 0);
    while ((c = scene_next(&w))) {
        switch (c->op) {
        case SCENE_BEGIN:
            assert_true(!inside && c->a[0] < s->pass_count);
            in_range(s->passes[c->a[0]].colour, s->image_count);
            in_range(s->passes[c->a[0]].resolve, s->image_count);
            in_range(s->passes[c->a[0]].depth, s->image_count);
            inside = true;
            break;
        case SCENE_END:
            assert_true(inside);
            inside = false;
            break;
        case SCENE_PIPELINE:
            assert_true(c->a[0] < s->pipeline_count);
            pipeline = &s->pipelines[c->a[0]];
            break;
        case SCENE_SET:
            assert_non_null(pipeline);
            assert_true(c->a[0] < SCENE_SETS && c->a[1] < s->set_count);
            assert_int_equal(pipeline->sets[c->a[0]], c->a[1]);
            break;
        case SCENE_PUSH:
            assert_non_null(pipeline);
            assert_int_equal(c->a[0], pipeline->push_size);
            scene_push(&w, c, words);
            break;
        case SCENE_VERTICES:
            assert_true(c->a[1] < s->buffer_count);
            assert_true(s->buffers[c->a[1]].usage & SCENE_BUFFER_VERTEX);
            assert_true(c->a[2] < s->buffers[c->a[1]].size);
            break;
        case SCENE_INDICES:
            assert_true(c->a[0] < s->buffer_count);
            assert_true(s->buffers[c->a[0]].usage & SCENE_BUFFER_INDEX);
            break;
        case SCENE_VIEWPORT:
        case SCENE_SCISSOR:
            r = scene_rect(c, s->width, s->height);
            assert_true(r.width && r.x + r.width <= s->width);
            assert_true(r.height && r.y + r.height <= s->height);
            break;
        case SCENE_DRAW_INDIRECT:
        case SCENE_DRAW_INDEXED_INDIRECT:
            assert_true(inside && c->a[0] < s->buffer_count);
            assert_true(s->buffers[c->a[0]].usage & SCENE_BUFFER_INDIRECT);
            assert_true(c->a[1] + c->a[2] * c->a[3] <=
                        s->buffers[c->a[0]].size);
            break;
        case SCENE_DRAW:
        case SCENE_DRAW_INDEXED:
            assert_true(inside);
            break;
        case SCENE_DISPATCH_INDIRECT:
            assert_true(c->a[0] < s->buffer_count);
            assert_true(s->buffers[c->a[0]].usage & SCENE_BUFFER_INDIRECT);
            assert_true(c->a[1] + 12 <= s->buffers[c->a[0]].size);
            assert_false(inside);
            break;
        case SCENE_DISPATCH:
            assert_false(inside);
            break;
        case SCENE_LAYOUT:
            assert_true(!inside && c->a[0] < s->image_count);
            break;
        case SCENE_BARRIER:
            assert_false(inside);
            break;
        default:
            fail_msg("%s: command %d", s->name, (int)c->op);
        }
    }
    assert_false(inside);
}

static void tables(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < scene_count; i++) {
        const struct scene *s = scenes[i];

        assert_ptr_equal(scene_find(s->name), s);
        check_sets(s);
        check_pipelines(s);
        check_commands(s);
        in_range(s->picture, s->image_count);
        in_range(s->result, s->buffer_count);
        assert_int_equal(s->result != SCENE_NONE, s->check != NULL);
    }
    assert_null(scene_find("plane"));
    assert_null(scene_find("planets"));
    assert_null(scene_find(""));
    assert_int_equal(scene_draws(&scene_many), 10000);
    assert_int_equal(scene_draws(&scene_few), 4);
    assert_int_equal(scene_draws(&scene_stream), 1000);
    assert_int_equal(scene_draws(&scene_planet), 11);
}

static void repeats(void **state)
{
    uint32_t words[SCENE_PUSH_MAX / 4], n = 0;
    const struct scene_command *c;
    struct scene_walk w;

    (void)state;
    scene_walk(&w, &scene_many, 77);
    while ((c = scene_next(&w)))
        if (c->op == SCENE_PUSH) {
            scene_push(&w, c, words);
            assert_int_equal(words[0], n++);
        }
    assert_int_equal(n, 10000);
    assert_int_equal(w.turn, 77);
    scene_walk(&w, &scene_planet, 77);
    while ((c = scene_next(&w)))
        if (c->op == SCENE_PUSH && c->a[1]) {
            scene_push(&w, c, words);
            assert_int_equal(words[0], 77);
        }
}

static uint32_t sum_of(const uint8_t *bytes, uint32_t size)
{
    uint32_t h = 2166136261u;

    for (uint32_t i = 0; i < size; i++)
        h = (h ^ bytes[i]) * 16777619u;
    return h;
}

typedef void fill_fn(void *to, uint32_t size);

static uint32_t sum_of_fill(fill_fn *fill, uint32_t size)
{
    uint8_t *to = malloc(size);
    uint32_t sum;

    assert_non_null(to);
    fill(to, size);
    sum = sum_of(to, size);
    free(to);
    return sum;
}

/* Kept pictures depend on these bytes, and guests make them with another
 * compiler's options. */
static void data(void **state)
{
    (void)state;
#define SUM(fill, size) sum_of_fill((fill), (uint32_t)(size))
    assert_int_equal(SUM(data_heights, DATA_HEIGHTS_BYTES), 0x953fd0ba);
    assert_int_equal(SUM(data_detail, DATA_DETAIL_BYTES), 0xd532f246);
    assert_int_equal(
        SUM(data_corners, DATA_CORNERS * sizeof(struct data_corner)),
        0x0f5dc04d);
    assert_int_equal(SUM(data_rock_vertices,
                         DATA_ROCK_VERTICES * sizeof(struct data_rock_vertex)),
                     0xb94c337f);
    assert_int_equal(SUM(data_rock_indices, DATA_ROCK_INDICES * 2), 0xb35b42d5);
    assert_int_equal(SUM(data_items, DATA_ITEMS * sizeof(struct data_item)),
                     0x18ee56a7);
}

static void indices(void **state)
{
    static uint16_t at[DATA_ROCK_INDICES];
    bool used[DATA_ROCK_VERTICES] = {false};

    (void)state;
    data_rock_indices(at, sizeof(at));
    for (uint32_t i = 0; i < DATA_ROCK_INDICES; i++) {
        assert_true(at[i] < DATA_ROCK_VERTICES);
        used[at[i]] = true;
    }
    for (uint32_t i = 0; i < DATA_ROCK_VERTICES; i++)
        assert_true(used[i]);
}

static void numbers(void **state)
{
    static const uint32_t tried[] = {0,    1,     2,     3,      240,
                                     8191, 65535, 65537, 999999, (1 << 24) - 1};
    struct scene_command left = {SCENE_SCISSOR, {0, 0, 320, 960}, NULL};
    struct scene_command right = {SCENE_SCISSOR, {320, 0, 640, 960}, NULL};

    (void)state;
    for (uint32_t i = 0; i < SCENE_COUNT(tried); i++) {
        float f = (float)tried[i];
        uint32_t bits;

        memcpy(&bits, &f, sizeof(bits));
        assert_int_equal(scene_float(tried[i]), bits);
    }
    for (uint32_t width = 1; width < 2000; width += 7) {
        struct scene_rect a = scene_rect(&left, width, 5);
        struct scene_rect b = scene_rect(&right, width, 5);

        assert_int_equal(a.x + a.width, b.x);
        assert_int_equal(b.x + b.width, width);
        assert_int_equal(a.height, 5);
    }
    for (uint64_t i = 0; i < 70000; i += 13) {
        assert_int_equal(data_root(i * i), i);
        assert_int_equal(data_root(i * i + i), i);
    }
}

/* A wrong word is noticed, wherever it is. */
static void wrong_results(void **state)
{
    uint32_t sums[4] = {0, 0, 0, 0};
    uint32_t *counts;
    int at;

    (void)state;
    /* It names the first that is wrong; nothing yields this maximum. */
    at = scene_reduce.check(sums, sizeof(sums));
    assert_in_range(at, 0, 3);
    assert_int_equal(scene_reduce.check(sums, 4), 0);
    counts = calloc(1, scene_fractal.buffers[0].size);
    assert_non_null(counts);
    at = scene_fractal.check(counts, scene_fractal.buffers[0].size);
    assert_int_equal(at, 0);
    assert_int_equal(scene_fractal.check(counts, 4), 0);
    free(counts);
}

static void comparison(void **state)
{
    uint8_t x[4 * 4 * 3] = {0}, y[4 * 4 * 3] = {0};
    struct picture a = {4, 4, x}, b = {4, 4, y}, c = {2, 8, y};
    struct picture_difference d;

    (void)state;
    assert_int_equal(picture_compare(&a, &c, 8, &d), -22);
    assert_int_equal(picture_compare(&a, &b, 0, &d), 0);
    assert_int_equal(d.other, 0);
    y[(4 * 2 + 1) * 3 + 2] = 9;
    x[(4 * 3 + 1) * 3] = 8;
    x[(4 * 3 + 1) * 3 + 1] = 3;
    assert_int_equal(picture_compare(&a, &b, 8, &d), 0);
    assert_int_equal(d.pixels, 16);
    assert_int_equal(d.other, 2);
    assert_int_equal(d.beyond, 1);
    assert_int_equal(d.largest, 9);
    assert_int_equal(d.x, 1);
    assert_int_equal(d.y, 2);
    assert_int_equal(picture_compare(&b, &a, 7, &d), 0);
    assert_int_equal(d.beyond, 2);
    assert_int_equal(picture_compare(&a, &b, 9, &d), 0);
    assert_int_equal(d.beyond, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),     cmocka_unit_test(repeats),
        cmocka_unit_test(data),       cmocka_unit_test(indices),
        cmocka_unit_test(numbers),    cmocka_unit_test(wrong_results),
        cmocka_unit_test(comparison),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
