/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is drawn, apart from how: tables of resources, state and commands. The
 * reference program interprets them with Vulkan, a guest with packets, and
 * neither knows of the other.
 *
 * Needs no C library and no floating point at run time: guests have neither.
 * Where a field is said to be "Vulkan's" it holds the number that Vulkan 1.3
 * gives that thing; tests/gfx/vk-numbers.c checks those that are used here.
 */
#ifndef TESTS_GFX_SCENE_H
#define TESTS_GFX_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/gfx/shaders.h"

#define SCENE_NONE (-1)

/* Vulkan's VkFormat. */
enum scene_format {
    SCENE_RGBA8_UNORM = 37,
    SCENE_RGBA8_SNORM = 38,
    SCENE_BGRA8_UNORM = 44,
    SCENE_RG16_UNORM = 77,
    SCENE_RG16_SNORM = 78,
    SCENE_RG16_FLOAT = 83,
    SCENE_RGBA16_SNORM = 92,
    SCENE_D32_FLOAT = 126,
};

/* Vulkan's VkBufferUsageFlagBits and VkImageUsageFlagBits. */
enum scene_buffer_usage {
    SCENE_BUFFER_COPY_TO = 0x2,
    SCENE_BUFFER_UNIFORM = 0x10,
    SCENE_BUFFER_STORAGE = 0x20,
    SCENE_BUFFER_INDEX = 0x40,
    SCENE_BUFFER_VERTEX = 0x80,
    SCENE_BUFFER_INDIRECT = 0x100,
};
enum scene_image_usage {
    SCENE_IMAGE_COPY_FROM = 0x1,
    SCENE_IMAGE_COPY_TO = 0x2,
    SCENE_IMAGE_SAMPLED = 0x4,
    SCENE_IMAGE_STORAGE = 0x8,
    SCENE_IMAGE_COLOUR = 0x10,
    SCENE_IMAGE_DEPTH = 0x20,
};

/* Vulkan's VkImageLayout. */
enum scene_layout {
    SCENE_LAYOUT_UNDEFINED = 0,
    SCENE_LAYOUT_GENERAL = 1,
    SCENE_LAYOUT_COLOUR = 2,
    SCENE_LAYOUT_DEPTH = 3,
    SCENE_LAYOUT_SAMPLED = 5,
    SCENE_LAYOUT_COPY_FROM = 6,
};

/* Vulkan's VkDescriptorType. */
enum scene_descriptor {
    SCENE_SAMPLER = 0,
    SCENE_COMBINED = 1,
    SCENE_SAMPLED_IMAGE = 2,
    SCENE_STORAGE_IMAGE = 3,
    SCENE_UNIFORM_BUFFER = 6,
    SCENE_STORAGE_BUFFER = 7,
};

/* Vulkan's VkPrimitiveTopology, VkCullModeFlagBits, VkCompareOp. */
enum scene_topology {
    SCENE_POINTS = 0,
    SCENE_TRIANGLES = 3,
    SCENE_STRIP = 4,
    SCENE_PATCHES = 10,
};
enum scene_cull { SCENE_CULL_NONE = 0, SCENE_CULL_BACK = 2 };
enum scene_compare { SCENE_LESS = 1, SCENE_ALWAYS = 7 };

/* Of colours: none; source alpha and one minus that; one and one. */
enum scene_blend { SCENE_OPAQUE, SCENE_OVER, SCENE_ADD };

struct scene_buffer {
    const char *name;
    uint32_t size;
    uint32_t usage;
    void (*fill)(void *to, uint32_t size); /* NULL: zeroes */
};

struct scene_image {
    const char *name;
    enum scene_format format;
    uint32_t width, height; /* 0: the picture's */
    uint32_t layers, mips, samples;
    uint32_t usage;
    bool cube;
    /* All of it, tightly packed: level by level from the largest, each layer
     * by layer. NULL: undefined contents. */
    void (*fill)(void *to, uint32_t size);
    uint32_t size; /* of that, in bytes */
};

struct scene_sampler {
    bool linear; /* within a level and between levels */
    bool repeat; /* or clamp to the edge */
};

struct scene_binding {
    uint32_t binding;
    enum scene_descriptor type;
    uint32_t stages; /* bits of enum gfx_stage */
    int resource;    /* a buffer or an image, as the type says */
    int sampler;
};

struct scene_set {
    const struct scene_binding *bindings;
    uint32_t count;
};

struct scene_stream {
    uint32_t stride;
    bool per_instance;
};

struct scene_attribute {
    uint32_t location, stream, offset;
    enum scene_format format;
};

#define SCENE_SETS 2

struct scene_pipeline {
    const char *name;
    const enum gfx_shader_id *shaders;
    uint32_t shader_count;
    int sets[SCENE_SETS];
    uint32_t push_size; /* bytes, for all stages that draw or for compute */
    /* The rest is for graphics only. */
    const struct scene_stream *streams;
    uint32_t stream_count;
    const struct scene_attribute *attributes;
    uint32_t attribute_count;
    enum scene_topology topology;
    uint32_t patch_points;
    enum scene_cull cull; /* the front is counter-clockwise */
    bool depth_test, depth_write;
    enum scene_compare depth_compare;
    enum scene_blend blend;
    uint32_t samples;
    enum scene_format colour_format;
    int depth_format; /* SCENE_NONE: no depth attachment */
};

/* Dynamic rendering over the whole picture. */
struct scene_pass {
    int colour, resolve, depth; /* images; SCENE_NONE */
    uint32_t clear_colour[4];   /* the bits of floats */
    uint32_t clear_depth;
};

/* Arguments in the order of a[]; SCENE_PUSH has its data in words. */
enum scene_op {
    SCENE_END_OF_SCENE,
    SCENE_BEGIN,    /* pass */
    SCENE_END,      /* of the pass */
    SCENE_PIPELINE, /* pipeline */
    SCENE_SET,      /* where, set */
    SCENE_VERTICES, /* stream, buffer, offset */
    SCENE_INDICES,  /* buffer, offset; 16-bit */
    SCENE_VIEWPORT, /* x, y, width, height in 1/SCENE_PARTS of the picture */
    SCENE_SCISSOR,  /* the same */
    SCENE_PUSH,     /* bytes; 1: word 0 becomes the turn */
    SCENE_DRAW,     /* vertices, instances, first vertex, first instance */
    SCENE_DRAW_INDEXED,  /* indices, instances, first index, vertex offset,
                          * first instance */
    SCENE_DRAW_INDIRECT, /* buffer, offset, draws, stride */
    SCENE_DRAW_INDEXED_INDIRECT, /* the same */
    SCENE_DISPATCH,              /* x, y, z */
    SCENE_DISPATCH_INDIRECT,     /* buffer, offset */
    SCENE_LAYOUT,  /* image, from, to; all that is before is visible after */
    SCENE_BARRIER, /* all that is before is visible after */
    SCENE_REPEAT,  /* times, commands: does the next ones several times */
};

#define SCENE_PARTS 960u
#define SCENE_ARGUMENTS 5

struct scene_command {
    enum scene_op op;
    uint32_t a[SCENE_ARGUMENTS];
    const void *words;
};

struct scene {
    const char *name;
    const char *what; /* a line for people */
    uint32_t width, height;
    const struct scene_buffer *buffers;
    uint32_t buffer_count;
    const struct scene_image *images;
    uint32_t image_count;
    const struct scene_sampler *samplers;
    uint32_t sampler_count;
    const struct scene_set *sets;
    uint32_t set_count;
    const struct scene_pipeline *pipelines;
    uint32_t pipeline_count;
    const struct scene_pass *passes;
    uint32_t pass_count;
    const struct scene_command *commands; /* to SCENE_END_OF_SCENE */
    int picture; /* image to look at afterwards, left as SCENE_LAYOUT_COPY_FROM;
                  * SCENE_NONE */
    int result;  /* buffer to look at afterwards; SCENE_NONE */
    /* The first word of the result that is wrong, or SCENE_NONE. */
    int (*check)(const void *result, uint32_t size);
};

extern const struct scene *const scenes[];
extern const uint32_t scene_count;

/* NULL: there is none of that name. */
const struct scene *scene_find(const char *name);

/* Walks through the commands, repeats unrolled. */
struct scene_walk {
    const struct scene_command *next, *begin, *end;
    uint32_t turn, picture_turn, times;
};

void scene_walk(struct scene_walk *w, const struct scene *s, uint32_t turn);
/* NULL at the end. */
const struct scene_command *scene_next(struct scene_walk *w);
/* The data of a SCENE_PUSH that scene_next() has just returned, to be used
 * before the next; at most SCENE_PUSH_MAX bytes. */
#define SCENE_PUSH_MAX 128
void scene_push(const struct scene_walk *w, const struct scene_command *c,
                uint32_t words[SCENE_PUSH_MAX / 4]);

/* Draws and dispatches, an indirect one is one. */
bool scene_is_draw(const struct scene_command *c);
uint32_t scene_draws(const struct scene *s);

/* Where a[0..3] of SCENE_VIEWPORT and SCENE_SCISSOR are, in pixels. */
struct scene_rect {
    uint32_t x, y, width, height;
};
struct scene_rect scene_rect(const struct scene_command *c, uint32_t width,
                             uint32_t height);

void scene_copy(void *to, const void *from, size_t size);

/* The bits of the float that is nearest to n, n below 2^24. */
uint32_t scene_float(uint32_t n);

#endif
