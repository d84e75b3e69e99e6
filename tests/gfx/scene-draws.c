/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many draws or large ones, to measure with and to be interrupted in. Shapes
 * overlap, are blended and tested for depth, so that a draw that is left out,
 * done twice or done out of turn shows.
 */
#include "tests/gfx/scenes.h"

enum { BUFFER_SHAPE, BUFFER_INDICES, BUFFER_INDIRECT };
enum { IMAGE_PICTURE, IMAGE_DEPTH };
enum { PIPELINE_SOLID, PIPELINE_OVER, PIPELINE_ADD };

/* A triangle, and a fourth corner for a square. */
static const int16_t shape[4][2] = {
    {-32767, -32767}, {-32767, 32767}, {32767, -32767}, {32767, 32767}};
static const uint16_t indices[6] = {0, 1, 2, 2, 1, 3};
static const uint32_t indirect[2][5] = {
    {3, 2, 0, 0, 0},  /* vertices, instances, firsts */
    {6, 10, 0, 0, 0}, /* indices, instances, first, offset, first */
};

static void fill_shape(void *to, uint32_t size)
{
    scene_copy(to, shape, size);
}

static void fill_indices(void *to, uint32_t size)
{
    scene_copy(to, indices, size);
}

static void fill_indirect(void *to, uint32_t size)
{
    scene_copy(to, indirect, size);
}

static const struct scene_buffer buffers[] = {
    [BUFFER_SHAPE] = {"shape", sizeof(shape), SCENE_BUFFER_VERTEX, fill_shape},
    [BUFFER_INDICES] = {"indices", sizeof(indices), SCENE_BUFFER_INDEX,
                        fill_indices},
    [BUFFER_INDIRECT] = {"indirect", sizeof(indirect), SCENE_BUFFER_INDIRECT,
                         fill_indirect},
};

static const struct scene_image images[] = {
    [IMAGE_PICTURE] = {"picture", SCENE_BGRA8_UNORM, 0, 0, 1, 1, 1,
                       SCENE_IMAGE_COLOUR | SCENE_IMAGE_COPY_FROM, false, NULL,
                       0},
    [IMAGE_DEPTH] = {"depth", SCENE_D32_FLOAT, 0, 0, 1, 1, 1, SCENE_IMAGE_DEPTH,
                     false, NULL, 0},
};

static const enum gfx_shader_id confetti[] = {shader_confetti_vert,
                                              shader_confetti_frag};
static const struct scene_stream streams[] = {{sizeof(shape[0]), false}};
static const struct scene_attribute attributes[] = {
    {0, 0, 0, SCENE_RG16_SNORM},
};

struct push {
    uint32_t turn, first;
    float x, y, tint[4];
};

#define CONFETTI                                                               \
    .shaders = confetti, .shader_count = SCENE_COUNT(confetti),                \
    .sets = {SCENE_NONE, SCENE_NONE}, .push_size = sizeof(struct push),        \
    .streams = streams, .stream_count = SCENE_COUNT(streams),                  \
    .attributes = attributes, .attribute_count = SCENE_COUNT(attributes),      \
    .topology = SCENE_TRIANGLES, .depth_test = true, .samples = 1,             \
    .colour_format = SCENE_BGRA8_UNORM, .depth_format = SCENE_D32_FLOAT

static const struct scene_pipeline pipelines[] = {
    [PIPELINE_SOLID] = {.name = "solid",
                        CONFETTI,
                        .depth_write = true,
                        .depth_compare = SCENE_LESS},
    [PIPELINE_OVER] = {.name = "over",
                       CONFETTI,
                       .depth_write = true,
                       .depth_compare = SCENE_LESS,
                       .blend = SCENE_OVER},
    [PIPELINE_ADD] = {.name = "add",
                      CONFETTI,
                      .depth_compare = SCENE_ALWAYS,
                      .blend = SCENE_ADD},
};

static const struct scene_pass passes[] = {
    {.colour = IMAGE_PICTURE,
     .resolve = SCENE_NONE,
     .depth = IMAGE_DEPTH,
     .clear_colour = {0x3d4ccccd, 0x3d4ccccd, 0x3dcccccd, 0x3f800000},
     .clear_depth = 0x3f800000},
};

/* x: the size of the shapes; y: how much nearer each turn is. */
static const struct push small = {0, 1, 0.015f, 0.0001f, {0, 0, 0, 0.6f}};
static const struct push tiny = {0, 1, 0.012f, 0.25f, {0, 0, 0, 0.7f}};
static const struct push large = {0, 7, 0.045f, 0.005f, {0, 0, 0, 0.5f}};
static const struct push faint = {0, 9, 0.025f, 0.005f, {0, 0, 0, 1.0f}};

#define PUSH(what)                                                             \
    {                                                                          \
        SCENE_PUSH, {sizeof(what), 1}, &(what)                                 \
    }
#define ALL                                                                    \
    {                                                                          \
        0, 0, SCENE_PARTS, SCENE_PARTS                                         \
    }
#define LEFT                                                                   \
    {                                                                          \
        0, 80, 640, 800                                                        \
    }
#define BEGIN                                                                  \
    {SCENE_LAYOUT,                                                             \
     {IMAGE_PICTURE, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_COLOUR},             \
     NULL},                                                                    \
        {SCENE_LAYOUT,                                                         \
         {IMAGE_DEPTH, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_DEPTH},            \
         NULL},                                                                \
        {SCENE_BEGIN, {0}, NULL}, {SCENE_VIEWPORT, ALL, NULL},                 \
        {SCENE_SCISSOR, ALL, NULL},                                            \
    {                                                                          \
        SCENE_VERTICES, {0, BUFFER_SHAPE, 0}, NULL                             \
    }
#define END                                                                    \
    {SCENE_END, {0}, NULL},                                                    \
        {SCENE_LAYOUT,                                                         \
         {IMAGE_PICTURE, SCENE_LAYOUT_COLOUR, SCENE_LAYOUT_COPY_FROM},         \
         NULL},                                                                \
    {                                                                          \
        SCENE_END_OF_SCENE, {0}, NULL                                          \
    }

static const struct scene_command many[] = {
    BEGIN,
    {SCENE_PIPELINE, {PIPELINE_OVER}, NULL},
    {SCENE_REPEAT, {10000, 2}, NULL},
    PUSH(small),
    {SCENE_DRAW, {3, 1, 0, 0}, NULL},
    END,
};

static const struct scene_command few[] = {
    BEGIN,
    {SCENE_PIPELINE, {PIPELINE_OVER}, NULL},
    {SCENE_REPEAT, {4, 2}, NULL},
    PUSH(tiny),
    {SCENE_DRAW, {3, 50000, 0, 0}, NULL},
    END,
};

/* State is set once and kept, or changed and changed back, in the middle of
 * it all: whoever goes on from any draw needs all of it. */
static const struct scene_command stream[] = {
    BEGIN,
    {SCENE_INDICES, {BUFFER_INDICES, 0}, NULL},
    {SCENE_REPEAT, {200, 12}, NULL},
    {SCENE_PIPELINE, {PIPELINE_OVER}, NULL},
    PUSH(large),
    {SCENE_DRAW, {3, 1, 0, 0}, NULL},
    {SCENE_SCISSOR, LEFT, NULL},
    {SCENE_DRAW_INDEXED, {6, 8, 0, 0, 5}, NULL},
    {SCENE_PIPELINE, {PIPELINE_ADD}, NULL},
    PUSH(faint),
    {SCENE_DRAW_INDEXED_INDIRECT, {BUFFER_INDIRECT, 20, 1, 20}, NULL},
    {SCENE_SCISSOR, ALL, NULL},
    {SCENE_DRAW_INDIRECT, {BUFFER_INDIRECT, 0, 1, 16}, NULL},
    {SCENE_PIPELINE, {PIPELINE_SOLID}, NULL},
    {SCENE_DRAW, {3, 2, 1, 11}, NULL},
    END,
};

#define SCENE(title, text, list)                                               \
    {                                                                          \
        .name = (title), .what = (text), .width = 320, .height = 240,          \
        .buffers = buffers, .buffer_count = SCENE_COUNT(buffers),              \
        .images = images, .image_count = SCENE_COUNT(images),                  \
        .pipelines = pipelines, .pipeline_count = SCENE_COUNT(pipelines),      \
        .passes = passes, .pass_count = SCENE_COUNT(passes),                   \
        .commands = (list), .picture = IMAGE_PICTURE, .result = SCENE_NONE,    \
    }

const struct scene scene_many = SCENE("many", "10,000 small draws", many);
const struct scene scene_few =
    SCENE("few", "4 draws of 50,000 triangles each", few);
const struct scene scene_stream =
    SCENE("stream", "1,000 draws with much state that changes", stream);
