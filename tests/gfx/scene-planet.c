/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A planet with a ring: everything that the graphics pipeline has in one
 * picture. The ground and the clouds are tessellated, the ground is displaced;
 * crystals and stars are points that a geometry shader amplifies; rocks are
 * indexed, instanced and textured, moons drawn indirectly; clouds, ring and
 * stars are blended; all of it is multisampled. The panel in the corner, cut
 * out by scissors, shows what a compute shader has just drawn.
 */
#include "tests/gfx/data.h"
#include "tests/gfx/fractal.h"
#include "tests/gfx/scenes.h"

enum {
    BUFFER_FRAME,
    BUFFER_ITEMS,
    BUFFER_CORNERS,
    BUFFER_ROCK,
    BUFFER_ROCK_INDICES,
    BUFFER_INDIRECT,
    BUFFER_COUNTS,
};

enum {
    IMAGE_PICTURE,
    IMAGE_SAMPLES,
    IMAGE_DEPTH,
    IMAGE_HEIGHTS,
    IMAGE_DETAIL,
    IMAGE_FRACTAL,
};

enum { SAMPLER_CLAMP, SAMPLER_REPEAT };

enum { SET_FRAME, SET_TEXTURES, SET_FRACTAL };

enum {
    PIPELINE_SKY,
    PIPELINE_STARS,
    PIPELINE_PLANET,
    PIPELINE_SPIKES,
    PIPELINE_ROCKS,
    PIPELINE_CLOUDS,
    PIPELINE_RING,
    PIPELINE_PANEL,
    PIPELINE_FRACTAL,
};

/* A camera at (0.35, 1.35, 4.1) that looks at (0.22, -0.12, 0), 40 degrees
 * high, 4:3, rolled by 14 degrees; depth from 0.1 to 100. Columns. */
static const struct {
    float clip_from_world[16], eye[4], sun[4], right[4], up[4];
} frame = {
    {
        2.003724f,
        -0.635840f,
        -0.029863f,
        -0.029834f,
        -0.469284f,
        -2.509591f,
        -0.337687f,
        -0.337349f,
        0.104723f,
        0.919941f,
        -0.941848f,
        -0.940907f,
        -0.497133f,
        -0.161266f,
        4.227809f,
        4.323581f,
    },
    {0.350000f, 1.350000f, 4.100000f, 1.000000f},
    {-0.698404f, 0.388002f, 0.601403f, 0.000000f},
    {0.972395f, -0.227740f, 0.050821f, 0.000000f},
    {0.231427f, 0.913416f, -0.334831f, 0.000000f},
};

static void fill_frame(void *to, uint32_t size)
{
    scene_copy(to, &frame, size < sizeof(frame) ? size : sizeof(frame));
}

/* Each as Vulkan's indirect commands are. */
#define MOONS (DATA_MOONS_END - DATA_MOONS)
static const struct {
    uint32_t stars[4];
    uint32_t fractal[3];
    uint32_t unused;
    uint32_t moons[MOONS][5];
} indirect = {
    .stars = {DATA_STARS_END - DATA_STARS, 1, 0, 0},
    .fractal = {FRACTAL_WIDTH / 8, FRACTAL_HEIGHT / 8, 1},
    .moons =
        {
            {DATA_ROCK_INDICES, 1, 0, 0, 0},
            {DATA_ROCK_INDICES, 1, 0, 0, 1},
            {DATA_ROCK_INDICES, 1, 0, 0, 2},
            {DATA_ROCK_INDICES, 1, 0, 0, 3},
            {DATA_ROCK_INDICES, 1, 0, 0, 4},
        },
};
#define INDIRECT_FRACTAL 16
#define INDIRECT_MOONS 32

static void fill_indirect(void *to, uint32_t size)
{
    scene_copy(to, &indirect,
               size < sizeof(indirect) ? size : sizeof(indirect));
}

static const struct scene_buffer buffers[] = {
    [BUFFER_FRAME] = {"frame", sizeof(frame), SCENE_BUFFER_UNIFORM, fill_frame},
    [BUFFER_ITEMS] = {"items", DATA_ITEMS * sizeof(struct data_item),
                      SCENE_BUFFER_STORAGE | SCENE_BUFFER_VERTEX, data_items},
    [BUFFER_CORNERS] = {"corners", DATA_CORNERS * sizeof(struct data_corner),
                        SCENE_BUFFER_VERTEX, data_corners},
    [BUFFER_ROCK] = {"rock",
                     DATA_ROCK_VERTICES * sizeof(struct data_rock_vertex),
                     SCENE_BUFFER_VERTEX, data_rock_vertices},
    [BUFFER_ROCK_INDICES] = {"rock indices",
                             DATA_ROCK_INDICES * sizeof(uint16_t),
                             SCENE_BUFFER_INDEX, data_rock_indices},
    [BUFFER_INDIRECT] = {"indirect", sizeof(indirect), SCENE_BUFFER_INDIRECT,
                         fill_indirect},
    [BUFFER_COUNTS] = {"counts", FRACTAL_COUNTS_BYTES, SCENE_BUFFER_STORAGE,
                       NULL},
};

static const struct scene_image images[] = {
    [IMAGE_PICTURE] = {"picture", SCENE_BGRA8_UNORM, 0, 0, 1, 1, 1,
                       SCENE_IMAGE_COLOUR | SCENE_IMAGE_COPY_FROM, false, NULL,
                       0},
    [IMAGE_SAMPLES] = {"samples", SCENE_BGRA8_UNORM, 0, 0, 1, 1, 4,
                       SCENE_IMAGE_COLOUR, false, NULL, 0},
    [IMAGE_DEPTH] = {"depth", SCENE_D32_FLOAT, 0, 0, 1, 1, 4, SCENE_IMAGE_DEPTH,
                     false, NULL, 0},
    [IMAGE_HEIGHTS] = {"heights", SCENE_RG16_FLOAT, DATA_HEIGHTS_SIDE,
                       DATA_HEIGHTS_SIDE, 6, DATA_HEIGHTS_MIPS, 1,
                       SCENE_IMAGE_SAMPLED | SCENE_IMAGE_COPY_TO, true,
                       data_heights, DATA_HEIGHTS_BYTES},
    [IMAGE_DETAIL] = {"detail", SCENE_RGBA8_UNORM, DATA_DETAIL_SIDE,
                      DATA_DETAIL_SIDE, 1, DATA_DETAIL_MIPS, 1,
                      SCENE_IMAGE_SAMPLED | SCENE_IMAGE_COPY_TO, false,
                      data_detail, DATA_DETAIL_BYTES},
    [IMAGE_FRACTAL] = {"fractal", SCENE_RGBA8_UNORM, FRACTAL_WIDTH,
                       FRACTAL_HEIGHT, 1, 1, 1,
                       SCENE_IMAGE_SAMPLED | SCENE_IMAGE_STORAGE, false, NULL,
                       0},
};

static const struct scene_sampler samplers[] = {
    [SAMPLER_CLAMP] = {.linear = true, .repeat = false},
    [SAMPLER_REPEAT] = {.linear = true, .repeat = true},
};

static const struct scene_binding frame_bindings[] = {
    {0, SCENE_UNIFORM_BUFFER, SCENE_STAGES_DRAW, BUFFER_FRAME, SCENE_NONE},
    {1, SCENE_STORAGE_BUFFER, SCENE_STAGE(vert), BUFFER_ITEMS, SCENE_NONE},
};
static const struct scene_binding texture_bindings[] = {
    {0, SCENE_COMBINED,
     SCENE_STAGE(vert) | SCENE_STAGE(tese) | SCENE_STAGE(frag), IMAGE_HEIGHTS,
     SAMPLER_CLAMP},
    {1, SCENE_COMBINED, SCENE_STAGE(frag), IMAGE_DETAIL, SAMPLER_REPEAT},
    {2, SCENE_SAMPLED_IMAGE, SCENE_STAGE(frag), IMAGE_FRACTAL, SCENE_NONE},
    {3, SCENE_SAMPLER, SCENE_STAGE(frag), SCENE_NONE, SAMPLER_CLAMP},
};
static const struct scene_binding fractal_bindings[] = {
    {0, SCENE_STORAGE_IMAGE, SCENE_STAGE(comp), IMAGE_FRACTAL, SCENE_NONE},
    {1, SCENE_STORAGE_BUFFER, SCENE_STAGE(comp), BUFFER_COUNTS, SCENE_NONE},
};

static const struct scene_set sets[] = {
    [SET_FRAME] = {frame_bindings, SCENE_COUNT(frame_bindings)},
    [SET_TEXTURES] = {texture_bindings, SCENE_COUNT(texture_bindings)},
    [SET_FRACTAL] = {fractal_bindings, SCENE_COUNT(fractal_bindings)},
};

static const enum gfx_shader_id sky_shaders[] = {shader_panel_vert,
                                                 shader_sky_frag};
static const enum gfx_shader_id star_shaders[] = {
    shader_sprite_vert, shader_sprite_geom, shader_sprite_frag};
static const enum gfx_shader_id planet_shaders[] = {
    shader_planet_vert, shader_planet_tesc, shader_planet_tese,
    shader_planet_frag};
static const enum gfx_shader_id cloud_shaders[] = {
    shader_planet_vert, shader_planet_tesc, shader_planet_tese,
    shader_clouds_frag};
static const enum gfx_shader_id spike_shaders[] = {
    shader_spikes_vert, shader_spikes_geom, shader_spikes_frag};
static const enum gfx_shader_id rock_shaders[] = {shader_rocks_vert,
                                                  shader_rocks_frag};
static const enum gfx_shader_id ring_shaders[] = {shader_ring_vert,
                                                  shader_ring_frag};
static const enum gfx_shader_id panel_shaders[] = {shader_panel_vert,
                                                   shader_panel_frag};
static const enum gfx_shader_id fractal_shaders[] = {shader_fractal_comp};

static const struct scene_stream corner_streams[] = {
    {sizeof(struct data_corner), false},
};
static const struct scene_attribute corner_attributes[] = {
    {0, 0, 0, SCENE_RGBA8_SNORM},
};
static const struct scene_stream rock_streams[] = {
    {sizeof(struct data_rock_vertex), false},
    {sizeof(struct data_item), true},
};
static const struct scene_attribute rock_attributes[] = {
    {0, 0, offsetof(struct data_rock_vertex, at), SCENE_RGBA16_SNORM},
    {1, 0, offsetof(struct data_rock_vertex, normal), SCENE_RGBA8_SNORM},
    {2, 0, offsetof(struct data_rock_vertex, uv), SCENE_RG16_UNORM},
    {3, 1, offsetof(struct data_item, colour), SCENE_RGBA8_UNORM},
};

struct push {
    uint32_t turn, first;
    float x, y, tint[4];
};

#define SHADERS(list) .shaders = (list), .shader_count = SCENE_COUNT(list)
#define DRAWS                                                                  \
    .sets = {SET_FRAME, SET_TEXTURES}, .push_size = sizeof(struct push),       \
    .samples = 4, .colour_format = SCENE_BGRA8_UNORM,                          \
    .depth_format = SCENE_D32_FLOAT
#define CORNERS                                                                \
    .streams = corner_streams, .stream_count = SCENE_COUNT(corner_streams),    \
    .attributes = corner_attributes,                                           \
    .attribute_count = SCENE_COUNT(corner_attributes),                         \
    .topology = SCENE_PATCHES, .patch_points = 4

static const struct scene_pipeline pipelines[] = {
    [PIPELINE_SKY] = {.name = "sky",
                      SHADERS(sky_shaders),
                      DRAWS,
                      .topology = SCENE_STRIP},
    [PIPELINE_STARS] = {.name = "stars",
                        SHADERS(star_shaders),
                        DRAWS,
                        .topology = SCENE_POINTS,
                        .blend = SCENE_ADD},
    [PIPELINE_PLANET] = {.name = "planet",
                         SHADERS(planet_shaders),
                         DRAWS,
                         CORNERS,
                         .cull = SCENE_CULL_BACK,
                         .depth_test = true,
                         .depth_write = true,
                         .depth_compare = SCENE_LESS},
    [PIPELINE_SPIKES] = {.name = "spikes",
                         SHADERS(spike_shaders),
                         DRAWS,
                         .topology = SCENE_POINTS,
                         .cull = SCENE_CULL_BACK,
                         .depth_test = true,
                         .depth_write = true,
                         .depth_compare = SCENE_LESS},
    [PIPELINE_ROCKS] = {.name = "rocks",
                        SHADERS(rock_shaders),
                        DRAWS,
                        .streams = rock_streams,
                        .stream_count = SCENE_COUNT(rock_streams),
                        .attributes = rock_attributes,
                        .attribute_count = SCENE_COUNT(rock_attributes),
                        .topology = SCENE_TRIANGLES,
                        .cull = SCENE_CULL_BACK,
                        .depth_test = true,
                        .depth_write = true,
                        .depth_compare = SCENE_LESS},
    [PIPELINE_CLOUDS] = {.name = "clouds",
                         SHADERS(cloud_shaders),
                         DRAWS,
                         CORNERS,
                         .cull = SCENE_CULL_BACK,
                         .depth_test = true,
                         .depth_compare = SCENE_LESS,
                         .blend = SCENE_OVER},
    [PIPELINE_RING] = {.name = "ring",
                       SHADERS(ring_shaders),
                       DRAWS,
                       .topology = SCENE_STRIP,
                       .depth_test = true,
                       .depth_compare = SCENE_LESS,
                       .blend = SCENE_OVER},
    [PIPELINE_PANEL] = {.name = "panel",
                        SHADERS(panel_shaders),
                        DRAWS,
                        .topology = SCENE_STRIP,
                        .blend = SCENE_OVER},
    [PIPELINE_FRACTAL] = {.name = "fractal",
                          SHADERS(fractal_shaders),
                          .sets = {SET_FRACTAL, SCENE_NONE},
                          .push_size = sizeof(struct fractal_push)},
};

static const struct scene_pass passes[] = {
    {.colour = IMAGE_SAMPLES,
     .resolve = IMAGE_PICTURE,
     .depth = IMAGE_DEPTH,
     .clear_colour = {0, 0, 0, 0x3f800000},
     .clear_depth = 0x3f800000},
};

static const struct push plain = {0, 0, 0.0f, 0.0f, {0, 0, 0, 0}};
static const struct push stars = {0, DATA_STARS, 0.0f, 0.0f, {0, 0, 0, 0}};
static const struct push ground = {0, 0, 18.0f, 0.0f, {0, 0, 0, 0}};
static const struct push spikes = {0, DATA_SPIKES, 0.0f, 0.0f, {0, 0, 0, 0}};
static const struct push rocks = {0, DATA_ROCKS, 0.0f, 0.0f, {0, 0, 0, 0}};
static const struct push moons = {0, DATA_MOONS, 0.0f, 0.0f, {0, 0, 0, 0}};
static const struct push sky_shell = {0, 0, 8.0f, 0.05f, {0, 0, 0, 0}};
/* x: how much of the tint, instead of the image. */
static const struct push border = {
    0, 0, 1.0f, 0.0f, {0.90f, 0.78f, 0.55f, 0.80f}};
static const struct push inside = {0, 0, 0.0f, 0.0f, {0, 0, 0, 1.0f}};
static const struct fractal_push seahorse = FRACTAL_SEAHORSE;

#define PUSH(what)                                                             \
    {                                                                          \
        SCENE_PUSH, {sizeof(what), 1}, &(what)                                 \
    }
#define ALL                                                                    \
    {                                                                          \
        0, 0, SCENE_PARTS, SCENE_PARTS                                         \
    }
/* The panel in the corner, and the image in it. */
#define PANEL                                                                  \
    {                                                                          \
        696, 696, 240, 240                                                     \
    }
#define INSIDE                                                                 \
    {                                                                          \
        702, 704, 228, 224                                                     \
    }

static const struct scene_command commands[] = {
    {SCENE_LAYOUT,
     {IMAGE_FRACTAL, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_GENERAL},
     NULL},
    {SCENE_PIPELINE, {PIPELINE_FRACTAL}, NULL},
    {SCENE_SET, {0, SET_FRACTAL}, NULL},
    {SCENE_PUSH, {sizeof(seahorse), 0}, &seahorse},
    {SCENE_DISPATCH_INDIRECT, {BUFFER_INDIRECT, INDIRECT_FRACTAL}, NULL},
    {SCENE_LAYOUT,
     {IMAGE_FRACTAL, SCENE_LAYOUT_GENERAL, SCENE_LAYOUT_SAMPLED},
     NULL},
    {SCENE_LAYOUT,
     {IMAGE_PICTURE, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_COLOUR},
     NULL},
    {SCENE_LAYOUT,
     {IMAGE_SAMPLES, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_COLOUR},
     NULL},
    {SCENE_LAYOUT,
     {IMAGE_DEPTH, SCENE_LAYOUT_UNDEFINED, SCENE_LAYOUT_DEPTH},
     NULL},

    {SCENE_BEGIN, {0}, NULL},
    {SCENE_VIEWPORT, ALL, NULL},
    {SCENE_SCISSOR, ALL, NULL},

    {SCENE_PIPELINE, {PIPELINE_SKY}, NULL},
    {SCENE_SET, {0, SET_FRAME}, NULL},
    {SCENE_SET, {1, SET_TEXTURES}, NULL},
    PUSH(plain),
    {SCENE_DRAW, {4, 1, 0, 0}, NULL},

    {SCENE_PIPELINE, {PIPELINE_STARS}, NULL},
    PUSH(stars),
    {SCENE_DRAW_INDIRECT, {BUFFER_INDIRECT, 0, 1, 16}, NULL},

    {SCENE_PIPELINE, {PIPELINE_PLANET}, NULL},
    {SCENE_VERTICES, {0, BUFFER_CORNERS, 0}, NULL},
    PUSH(ground),
    {SCENE_DRAW, {DATA_CORNERS, 1, 0, 0}, NULL},

    {SCENE_PIPELINE, {PIPELINE_SPIKES}, NULL},
    PUSH(spikes),
    {SCENE_DRAW, {DATA_SPIKES_END - DATA_SPIKES, 1, 0, 0}, NULL},

    {SCENE_PIPELINE, {PIPELINE_ROCKS}, NULL},
    {SCENE_VERTICES, {0, BUFFER_ROCK, 0}, NULL},
    {SCENE_VERTICES,
     {1, BUFFER_ITEMS, DATA_ROCKS * sizeof(struct data_item)},
     NULL},
    {SCENE_INDICES, {BUFFER_ROCK_INDICES, 0}, NULL},
    PUSH(rocks),
    {SCENE_DRAW_INDEXED,
     {DATA_ROCK_INDICES, DATA_ROCKS_END - DATA_ROCKS, 0, 0, 0},
     NULL},
    {SCENE_VERTICES,
     {1, BUFFER_ITEMS, DATA_MOONS * sizeof(struct data_item)},
     NULL},
    PUSH(moons),
    {SCENE_DRAW_INDEXED_INDIRECT,
     {BUFFER_INDIRECT, INDIRECT_MOONS, MOONS, 20},
     NULL},

    {SCENE_PIPELINE, {PIPELINE_CLOUDS}, NULL},
    {SCENE_VERTICES, {0, BUFFER_CORNERS, 0}, NULL},
    PUSH(sky_shell),
    {SCENE_DRAW, {DATA_CORNERS, 1, 0, 0}, NULL},

    {SCENE_PIPELINE, {PIPELINE_RING}, NULL},
    PUSH(plain),
    {SCENE_DRAW, {4, 1, 0, 0}, NULL},

    /* The border is cut out of a rectangle as large as the picture. */
    {SCENE_PIPELINE, {PIPELINE_PANEL}, NULL},
    {SCENE_SCISSOR, PANEL, NULL},
    PUSH(border),
    {SCENE_DRAW, {4, 1, 0, 0}, NULL},
    {SCENE_VIEWPORT, INSIDE, NULL},
    {SCENE_SCISSOR, INSIDE, NULL},
    PUSH(inside),
    {SCENE_DRAW, {4, 1, 0, 0}, NULL},
    {SCENE_END, {0}, NULL},

    {SCENE_LAYOUT,
     {IMAGE_PICTURE, SCENE_LAYOUT_COLOUR, SCENE_LAYOUT_COPY_FROM},
     NULL},
    {SCENE_END_OF_SCENE, {0}, NULL},
};

const struct scene scene_planet = {
    .name = "planet",
    .what = "a planet with a ring: all stages of the pipeline",
    .width = 320,
    .height = 240,
    .buffers = buffers,
    .buffer_count = SCENE_COUNT(buffers),
    .images = images,
    .image_count = SCENE_COUNT(images),
    .samplers = samplers,
    .sampler_count = SCENE_COUNT(samplers),
    .sets = sets,
    .set_count = SCENE_COUNT(sets),
    .pipelines = pipelines,
    .pipeline_count = SCENE_COUNT(pipelines),
    .passes = passes,
    .pass_count = SCENE_COUNT(passes),
    .commands = commands,
    .picture = IMAGE_PICTURE,
    .result = BUFFER_COUNTS,
    .check = fractal_check_seahorse,
};
