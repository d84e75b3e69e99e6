/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipelines and commands of a scene as packets. */
#include "tests/gfx/scene-objects.h"
#include "tests/gfx/scenes.h"

/* ---- Pipelines ---------------------------------------------------------- */

static bool is_compute(const struct scene_pipeline *p)
{
    return gfx_shaders[p->shaders[0]].stage == gfx_comp;
}

static uint32_t set_of(const struct scene_guest *g,
                       const struct scene_pipeline *p, uint32_t i)
{
    return p->sets[i] == SCENE_NONE ? 0
                                    : set_layout_id(g, (uint32_t)p->sets[i]);
}

/* Vulkan's blend factors: 1 one, 6 source alpha, 7 one minus that. */
static void put_blend(struct xvgpu_stream *out, const struct scene_pipeline *p)
{
    struct xvgpu_gfx_blend b = {
        .format = p->colour_format,
        .enable = p->blend != SCENE_OPAQUE,
        .src_color = 1,
        .dst_color = 1,
        .src_alpha = 1,
        .dst_alpha = 1,
        .write_mask = 0xf,
    };

    if (p->blend == SCENE_OVER) {
        b.src_color = 6;
        b.dst_color = b.dst_alpha = 7;
    }
    xvgpu_gfx_add_blend(out, &b, 1);
}

static void put_stages(const struct scene_guest *g, struct xvgpu_stream *out,
                       const struct scene_pipeline *p)
{
    uint32_t stage, i;

    /* In the order of the stages, whatever the table's is. */
    for (stage = 0; stage < gfx_comp; stage++)
        for (i = 0; i < p->shader_count; i++)
            if (gfx_shaders[p->shaders[i]].stage == stage)
                XVGPU_GFX_MORE(out, stage,
                               .shader = shader_id(g, p->shaders[i]));
}

static void graphics(const struct scene_guest *g, struct xvgpu_stream *out,
                     uint32_t id, const struct scene_pipeline *p)
{
    uint32_t flags = 0, i;

    if (p->depth_test)
        flags |= XVGPU_GFX_PIPELINE_DEPTH_TEST;
    if (p->depth_write)
        flags |= XVGPU_GFX_PIPELINE_DEPTH_WRITE;
    XVGPU_GFX(out, create_graphics, .id = id, .layout = id,
              .nr_stages = p->shader_count, .nr_bindings = p->stream_count,
              .nr_attributes = p->attribute_count, .nr_color = 1,
              .depth_format =
                  p->depth_format == SCENE_NONE ? 0 : (uint32_t)p->depth_format,
              .flags = flags, .topology = p->topology,
              .patch_points =
                  p->topology == SCENE_PATCHES ? p->patch_points : 0,
              .cull_mode = p->cull, .samples = p->samples, .sample_mask = ~0u,
              .depth_compare = p->depth_compare, .viewports = 1);
    put_stages(g, out, p);
    for (i = 0; i < p->stream_count; i++)
        XVGPU_GFX_MORE(out, vertex_binding, .stride = p->streams[i].stride,
                       .per_instance = p->streams[i].per_instance);
    for (i = 0; i < p->attribute_count; i++)
        XVGPU_GFX_MORE(out, vertex_attribute,
                       .location = p->attributes[i].location,
                       .binding = p->attributes[i].stream,
                       .format = p->attributes[i].format,
                       .offset = p->attributes[i].offset);
    put_blend(out, p);
}

void scene_guest_pipeline(const struct scene_guest *g, struct xvgpu_stream *out,
                          uint32_t i)
{
    const struct scene_pipeline *p = &g->scene->pipelines[i];
    uint32_t id = pipeline_id(g, i);

    XVGPU_GFX(out, create_layout, .id = id, .push_bytes = p->push_size,
              .set0 = set_of(g, p, 0), .set1 = set_of(g, p, 1));
    if (is_compute(p))
        XVGPU_GFX(out, create_compute, .id = id, .layout = id,
                  .shader = shader_id(g, p->shaders[0]));
    else
        graphics(g, out, id, p);
}

/* ---- Commands ----------------------------------------------------------- */

struct writer {
    const struct scene_guest *g;
    struct xvgpu_stream *out;
    const struct scene_walk *walk;
    uint32_t point; /* of the pipeline that was bound last */
};

static void begin(struct writer *w, const struct scene_pass *p)
{
    const struct scene_guest *g = w->g;
    bool depth = p->depth != SCENE_NONE, resolve = p->resolve != SCENE_NONE;

    XVGPU_GFX(w->out, begin_rendering, .width = g->width, .height = g->height,
              .layers = 1, .nr_color = 1, .flags = depth);
    XVGPU_GFX_MORE(w->out, attachment, .view = view_id(g, (uint32_t)p->colour),
                   .load = 1, .store = resolve, .resolve_mode = resolve ? 2 : 0,
                   .resolve_view =
                       resolve ? view_id(g, (uint32_t)p->resolve) : 0,
                   .clear0 = p->clear_colour[0], .clear1 = p->clear_colour[1],
                   .clear2 = p->clear_colour[2], .clear3 = p->clear_colour[3]);
    if (depth)
        XVGPU_GFX_MORE(w->out, attachment,
                       .view = view_id(g, (uint32_t)p->depth), .load = 1,
                       .store = 1, .clear0 = p->clear_depth);
}

static void bind_pipeline(struct writer *w, uint32_t i)
{
    w->point = is_compute(&w->g->scene->pipelines[i]);
    XVGPU_GFX(w->out, bind_pipeline, .id = pipeline_id(w->g, i));
}

static void set_viewport(struct writer *w, const struct scene_command *c)
{
    struct scene_rect r = scene_rect(c, w->g->width, w->g->height);
    const uint32_t bits[] = {scene_float(r.x),
                             scene_float(r.y),
                             scene_float(r.width),
                             scene_float(r.height),
                             0,
                             scene_float(1)};

    XVGPU_GFX(w->out, set_viewports, .count = 1);
    xvgpu_stream_add(w->out, bits, sizeof(bits));
}

static void set_scissor(struct writer *w, const struct scene_command *c)
{
    struct scene_rect r = scene_rect(c, w->g->width, w->g->height);

    XVGPU_GFX(w->out, set_scissors, .count = 1);
    XVGPU_GFX_MORE(w->out, scissor, .x = r.x, .y = r.y, .width = r.width,
                   .height = r.height);
}

static void push(struct writer *w, const struct scene_command *c)
{
    uint32_t words[SCENE_PUSH_MAX / 4];

    scene_push(w->walk, c, words);
    xvgpu_gfx_push(w->out, w->point, 0, words, c->a[0]);
}

static void draw_indirect(struct writer *w, const struct scene_command *c)
{
    XVGPU_GFX(w->out, draw_indirect, .buffer = buffer_id(w->g, c->a[0]),
              .indexed = c->op == SCENE_DRAW_INDEXED_INDIRECT,
              .offset = c->a[1], .draws = c->a[2], .stride = c->a[3]);
}

static void command(struct writer *w, const struct scene_command *c)
{
    struct xvgpu_stream *out = w->out;
    const struct scene_guest *g = w->g;

    switch (c->op) {
    case SCENE_BEGIN:
        begin(w, &g->scene->passes[c->a[0]]);
        break;
    case SCENE_END:
        XVGPU_GFX(out, end_rendering);
        break;
    case SCENE_PIPELINE:
        bind_pipeline(w, c->a[0]);
        break;
    case SCENE_SET:
        XVGPU_GFX(out, bind_set, .point = w->point, .index = c->a[0],
                  .set = set_id(g, c->a[1]));
        break;
    case SCENE_VERTICES:
        XVGPU_GFX(out, bind_vertex_buffers, .first = c->a[0], .count = 1);
        XVGPU_GFX_MORE(out, vertex_buffer, .buffer = buffer_id(g, c->a[1]),
                       .offset = c->a[2]);
        break;
    case SCENE_INDICES:
        XVGPU_GFX(out, bind_index_buffer, .buffer = buffer_id(g, c->a[0]),
                  .offset = c->a[1]);
        break;
    case SCENE_VIEWPORT:
        set_viewport(w, c);
        break;
    case SCENE_SCISSOR:
        set_scissor(w, c);
        break;
    case SCENE_PUSH:
        push(w, c);
        break;
    case SCENE_DRAW:
        XVGPU_GFX(out, draw, .vertices = c->a[0], .instances = c->a[1],
                  .first_vertex = c->a[2], .first_instance = c->a[3]);
        break;
    case SCENE_DRAW_INDEXED:
        XVGPU_GFX(out, draw_indexed, .indices = c->a[0], .instances = c->a[1],
                  .first_index = c->a[2], .vertex_offset = (int32_t)c->a[3],
                  .first_instance = c->a[4]);
        break;
    case SCENE_DRAW_INDIRECT:
    case SCENE_DRAW_INDEXED_INDIRECT:
        draw_indirect(w, c);
        break;
    case SCENE_DISPATCH:
        XVGPU_GFX(out, dispatch, .x = c->a[0], .y = c->a[1], .z = c->a[2]);
        break;
    case SCENE_DISPATCH_INDIRECT:
        XVGPU_GFX(out, dispatch_indirect, .buffer = buffer_id(g, c->a[0]),
                  .offset = c->a[1]);
        break;
    case SCENE_LAYOUT:
    case SCENE_BARRIER:
        xvgpu_gfx_full_barrier(out);
        break;
    case SCENE_REPEAT:
    case SCENE_END_OF_SCENE:
        break; /* scene_next()'s */
    }
}

static void convert(const struct scene_guest *g, struct xvgpu_stream *out,
                    uint32_t image)
{
    unsigned int i;

    XVGPU_GFX(out, blit_image, .src = image, .dst = surface_id(g));
    for (i = 0; i < 2; i++) {
        XVGPU_GFX_MORE(out, subresource, .aspect = 1, .layers = 1);
        XVGPU_GFX_MORE(out, corners, .x1 = g->width, .y1 = g->height, .z1 = 1);
    }
    xvgpu_gfx_full_barrier(out);
}

/* The picture, line by line, where the guest wants it. */
static void copy_picture(const struct scene_guest *g, struct xvgpu_stream *out)
{
    uint32_t image = image_id(g, (uint32_t)g->scene->picture);

    if (converted(g)) {
        convert(g, out, image);
        image = surface_id(g);
    }
    XVGPU_GFX(out, copy_buffer_image, .buffer = surface_id(g), .image = image,
              .row_length = g->surface.stride / 4);
    XVGPU_GFX_MORE(out, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX_MORE(out, box, .width = g->width, .height = g->height,
                   .depth = 1);
    xvgpu_gfx_full_barrier(out);
}

void scene_guest_draw(const struct scene_guest *g, struct xvgpu_stream *out,
                      uint32_t turn)
{
    const struct scene_command *c;
    struct scene_walk walk;
    struct writer w = {.g = g, .out = out, .walk = &walk};

    scene_walk(&walk, g->scene, turn);
    while ((c = scene_next(&walk)))
        command(&w, c);
    if (g->surface.bus && g->scene->picture != SCENE_NONE)
        copy_picture(g, out);
}
