/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reduction and a fractal, and what the processor makes of them. */
#include "tests/gfx/data.h"
#include "tests/gfx/fractal.h"
#include "tests/gfx/scenes.h"

#define NUMBERS (1u << 20)
#define GROUPS 256u

struct reduce_push {
    uint32_t count, per_group, fold;
};

static uint32_t number(uint32_t i)
{
    return data_hash(i ^ 0x5eed);
}

static void fill_numbers(void *to, uint32_t size)
{
    uint32_t *out = to;

    for (uint32_t i = 0; i < size / 4; i++)
        out[i] = number(i);
}

static int check_reduction(const void *result, uint32_t size)
{
    uint32_t want[4] = {0, 0, 0, 0};
    const uint32_t *got = result;

    for (uint32_t i = 0; i < NUMBERS; i++) {
        uint32_t n = number(i);

        want[0] += n;
        want[1] ^= n;
        want[2] = n > want[2] ? n : want[2];
        want[3]++;
    }
    for (int i = 0; i < 4; i++)
        if (size < sizeof(want) || got[i] != want[i])
            return i;
    return SCENE_NONE;
}

static const struct scene_buffer reduce_buffers[] = {
    {"numbers", NUMBERS * 4, SCENE_BUFFER_STORAGE, fill_numbers},
    {"sums", GROUPS * 16, SCENE_BUFFER_STORAGE, NULL},
};
static const struct scene_binding reduce_bindings[] = {
    {0, SCENE_STORAGE_BUFFER, SCENE_STAGE(comp), 0, SCENE_NONE},
    {1, SCENE_STORAGE_BUFFER, SCENE_STAGE(comp), 1, SCENE_NONE},
};
static const struct scene_set reduce_sets[] = {
    {reduce_bindings, SCENE_COUNT(reduce_bindings)},
};
static const enum gfx_shader_id reduce_shaders[] = {shader_reduce_comp};
static const struct scene_pipeline reduce_pipelines[] = {
    {.name = "reduce",
     .shaders = reduce_shaders,
     .shader_count = 1,
     .sets = {0, SCENE_NONE},
     .push_size = sizeof(struct reduce_push)},
};
static const struct reduce_push all = {NUMBERS, NUMBERS / GROUPS, 0};
static const struct reduce_push fold = {GROUPS, GROUPS, 1};
static const struct scene_command reduce_commands[] = {
    {SCENE_PIPELINE, {0}, NULL},
    {SCENE_SET, {0, 0}, NULL},
    {SCENE_PUSH, {sizeof(all), 0}, &all},
    {SCENE_DISPATCH, {GROUPS, 1, 1}, NULL},
    {SCENE_BARRIER, {0}, NULL},
    {SCENE_PUSH, {sizeof(fold), 0}, &fold},
    {SCENE_DISPATCH, {1, 1, 1}, NULL},
    {SCENE_BARRIER, {0}, NULL},
    {SCENE_END_OF_SCENE, {0}, NULL},
};

const struct scene scene_reduce = {
    .name = "reduce",
    .what = "sum, exclusive or and maximum of 1,048,576 numbers",
    .buffers = reduce_buffers,
    .buffer_count = SCENE_COUNT(reduce_buffers),
    .sets = reduce_sets,
    .set_count = SCENE_COUNT(reduce_sets),
    .pipelines = reduce_pipelines,
    .pipeline_count = SCENE_COUNT(reduce_pipelines),
    .commands = reduce_commands,
    .picture = SCENE_NONE,
    .result = 1,
    .check = check_reduction,
};

/* a * b / 2^25, rounded down. */
static int32_t times(int32_t a, int32_t b)
{
    return (int32_t)((int64_t)a * b >> 25);
}

static uint32_t iterations(int32_t cx, int32_t cy, uint32_t limit)
{
    int32_t x = 0, y = 0;
    uint32_t n;

    for (n = 0; n < limit; n++) {
        int32_t xx = times(x, x), yy = times(y, y);

        if (xx + yy > 4 << 25)
            break;
        y = 2 * times(x, y) + cy;
        x = xx - yy + cx;
    }
    return n;
}

static int check(const uint32_t *counts, uint32_t size,
                 const struct fractal_push *p)
{
    if (size < FRACTAL_COUNTS_BYTES)
        return 0;
    for (int32_t i = 0; i < FRACTAL_WIDTH * FRACTAL_HEIGHT; i++) {
        int32_t x = p->left + i % FRACTAL_WIDTH * p->step;
        int32_t y = p->top + i / FRACTAL_WIDTH * p->step;

        if (counts[i] != iterations(x, y, p->limit))
            return i;
    }
    return SCENE_NONE;
}

static const struct fractal_push seahorse = FRACTAL_SEAHORSE;
static const struct fractal_push whole = FRACTAL_WHOLE;

int fractal_check_seahorse(const void *counts, uint32_t size)
{
    return check(counts, size, &seahorse);
}

int fractal_check_whole(const void *counts, uint32_t size)
{
    return check(counts, size, &whole);
}

static const struct scene_buffer fractal_buffers[] = {
    {"counts", FRACTAL_COUNTS_BYTES, SCENE_BUFFER_STORAGE, NULL},
};
static const struct scene_image fractal_images[] = {
    {"fractal", SCENE_RGBA8_UNORM, FRACTAL_WIDTH, FRACTAL_HEIGHT, 1, 1, 1,
     SCENE_IMAGE_STORAGE | SCENE_IMAGE_COPY_FROM, false, NULL, 0},
};
static const struct scene_binding fractal_bindings[] = {
    {0, SCENE_STORAGE_IMAGE, SCENE_STAGE(comp), 0, SCENE_NONE},
    {1, SCENE_STORAGE_BUFFER, SCENE_STAGE(comp), 0, SCENE_NONE},
};
static const struct scene_set fractal_sets[] = {
    {fractal_bindings, SCENE_COUNT(fractal_bindings)},
};
static const enum gfx_shader_id fractal_shaders[] = {shader_fractal_comp};
static const struct scene_pipeline fractal_pipelines[] = {
    {.name = "fractal",
     .shaders = fractal_shaders,
     .shader_count = 1,
     .sets = {0, SCENE_NONE},
     .push_size = sizeof(struct fractal_push)},
};
static const struct scene_command fractal_commands[] = {
    {SCENE_LAYOUT, {0, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_GENERAL}, NULL},
    {SCENE_PIPELINE, {0}, NULL},
    {SCENE_SET, {0, 0}, NULL},
    {SCENE_PUSH, {sizeof(whole), 0}, &whole},
    {SCENE_DISPATCH, {FRACTAL_WIDTH / 8, FRACTAL_HEIGHT / 8, 1}, NULL},
    {SCENE_LAYOUT, {0, SCENE_LAYOUT_GENERAL, SCENE_LAYOUT_COPY_FROM}, NULL},
    {SCENE_END_OF_SCENE, {0}, NULL},
};

const struct scene scene_fractal = {
    .name = "fractal",
    .what = "the Mandelbrot set by a compute shader",
    .width = FRACTAL_WIDTH,
    .height = FRACTAL_HEIGHT,
    .buffers = fractal_buffers,
    .buffer_count = SCENE_COUNT(fractal_buffers),
    .images = fractal_images,
    .image_count = SCENE_COUNT(fractal_images),
    .sets = fractal_sets,
    .set_count = SCENE_COUNT(fractal_sets),
    .pipelines = fractal_pipelines,
    .pipeline_count = SCENE_COUNT(fractal_pipelines),
    .commands = fractal_commands,
    .picture = 0,
    .result = 0,
    .check = fractal_check_whole,
};
