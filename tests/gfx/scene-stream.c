/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects and memory of a scene; what is drawn is in scene-commands.c. */
#include "tests/gfx/scene-stream.h"

#include "tests/gfx/scene-objects.h"
#include "tests/gfx/scenes.h"

#define BUFFER_ALIGN XVGPU_GFX_BUFFER_ALIGN

void *scene_memory_take(struct scene_memory *m, uint64_t size, uint32_t align,
                        uint64_t *bus)
{
    uint64_t at = (m->used + align - 1) / align * align;

    if (at > m->size || size > m->size - at)
        return NULL;
    m->used = at + size;
    *bus = m->bus + at;
    return m->at + at;
}

static uint64_t rounded(uint64_t bytes)
{
    return (bytes + BUFFER_ALIGN - 1) / BUFFER_ALIGN * BUFFER_ALIGN;
}

uint64_t scene_guest_bytes(const struct scene *s)
{
    uint64_t bytes = 0;
    uint32_t i;

    for (i = 0; i < s->buffer_count; i++)
        bytes += rounded(s->buffers[i].size);
    for (i = 0; i < s->image_count; i++)
        bytes += rounded(s->images[i].size);
    for (i = 0; i < gfx_shader_count; i++)
        bytes += rounded(gfx_shaders[i].size);
    return bytes + BUFFER_ALIGN;
}

static void clear(uint8_t *at, uint32_t size)
{
    while (size--)
        *at++ = 0;
}

static bool make_buffers(struct scene_guest *g, struct scene_memory *m)
{
    const struct scene *s = g->scene;
    uint32_t i;

    for (i = 0; i < s->buffer_count; i++) {
        const struct scene_buffer *b = &s->buffers[i];

        g->buffer[i] = scene_memory_take(m, rounded(b->size), BUFFER_ALIGN,
                                         &g->buffer_bus[i]);
        if (!g->buffer[i])
            return false;
        clear(g->buffer[i], (uint32_t)rounded(b->size));
        if (b->fill)
            b->fill(g->buffer[i], b->size);
    }
    return true;
}

static bool make_images(struct scene_guest *g, struct scene_memory *m)
{
    const struct scene *s = g->scene;
    uint32_t i;
    void *at;

    for (i = 0; i < s->image_count; i++) {
        const struct scene_image *image = &s->images[i];

        if (!image->fill)
            continue;
        at = scene_memory_take(m, rounded(image->size), BUFFER_ALIGN,
                               &g->image_bus[i]);
        if (!at)
            return false;
        image->fill(at, image->size);
    }
    return true;
}

static bool make_shaders(struct scene_guest *g, struct scene_memory *m)
{
    const struct scene *s = g->scene;
    uint32_t i, j;
    void *at;

    for (i = 0; i < s->pipeline_count; i++)
        for (j = 0; j < s->pipelines[i].shader_count; j++) {
            enum gfx_shader_id id = s->pipelines[i].shaders[j];

            if (g->shader_bus[id])
                continue;
            at = scene_memory_take(m, gfx_shaders[id].size, 4,
                                   &g->shader_bus[id]);
            if (!at)
                return false;
            scene_copy(at, gfx_shaders[id].words, gfx_shaders[id].size);
        }
    return true;
}

bool scene_guest_init(struct scene_guest *g, const struct scene *s,
                      struct scene_memory *m, uint32_t width, uint32_t height,
                      uint32_t base, const struct scene_surface *surface)
{
    if (s->buffer_count > SCENE_GUEST_MAX || s->image_count > SCENE_GUEST_MAX)
        return false;
    *g = (struct scene_guest){
        .scene = s,
        .width = width ? width : s->width,
        .height = height ? height : s->height,
        .base = base,
    };
    if (surface)
        g->surface = *surface;
    return make_buffers(g, m) && make_images(g, m) && make_shaders(g, m);
}

int scene_guest_check(const struct scene_guest *g)
{
    const struct scene *s = g->scene;

    if (s->result == SCENE_NONE || !s->check)
        return SCENE_NONE;
    return s->check(g->buffer[s->result], s->buffers[s->result].size);
}

/* ---- Objects ------------------------------------------------------------ */

/* Bytes of a texel or attribute. */
static uint32_t texel_bytes(uint32_t format)
{
#define FORMAT(NAME, value, bytes, components, kind, features)                 \
    if (format == (value))                                                     \
        return (bytes);
    XVGPU_GFX_FORMATS(FORMAT)
#undef FORMAT
    return 4;
}

static uint32_t image_width(const struct scene_guest *g, uint32_t i)
{
    const struct scene_image *image = &g->scene->images[i];

    return image->width ? image->width : g->width;
}

static uint32_t image_height(const struct scene_guest *g, uint32_t i)
{
    const struct scene_image *image = &g->scene->images[i];

    return image->height ? image->height : g->height;
}

/* The levels' texels lie one after the other. */
static void upload(const struct scene_guest *g, struct xvgpu_stream *out,
                   uint32_t i)
{
    const struct scene_image *image = &g->scene->images[i];
    uint32_t w = image_width(g, i), h = image_height(g, i), mip;
    uint64_t offset = 0;

    XVGPU_GFX(out, create_buffer, .id = staging_id(g, i),
              .address = g->image_bus[i], .size = (image->size + 3u) & ~3u);
    for (mip = 0; mip < image->mips; mip++) {
        XVGPU_GFX(out, copy_buffer_image, .buffer = staging_id(g, i),
                  .image = image_id(g, i), .to_image = 1, .offset = offset);
        XVGPU_GFX_MORE(out, subresource, .aspect = 1, .mip = mip,
                       .layers = image->layers);
        XVGPU_GFX_MORE(out, box, .width = w, .height = h, .depth = 1);
        offset += (uint64_t)w * h * image->layers * texel_bytes(image->format);
        w = w > 1 ? w / 2 : 1;
        h = h > 1 ? h / 2 : 1;
    }
    xvgpu_gfx_full_barrier(out);
    XVGPU_GFX(out, destroy, .class_ = XVGPU_GFX_BUFFER, .id = staging_id(g, i));
}

static uint32_t view_type(const struct scene_image *image)
{
    if (image->cube)
        return 3;
    return image->layers > 1 ? 5 : 1; /* 2D array, 2D */
}

static void create_images(const struct scene_guest *g, struct xvgpu_stream *out)
{
    const struct scene *s = g->scene;
    uint32_t i;

    for (i = 0; i < s->image_count; i++) {
        const struct scene_image *image = &s->images[i];

        XVGPU_GFX(out, create_image, .id = image_id(g, i), .type = 1,
                  .format = image->format, .width = image_width(g, i),
                  .height = image_height(g, i), .depth = 1, .mips = image->mips,
                  .layers = image->layers, .samples = image->samples,
                  .usage = image->usage, .flags = image->cube ? 0x10 : 0);
        if (image->fill)
            upload(g, out, i);
        XVGPU_GFX(out, create_view, .id = view_id(g, i),
                  .image = image_id(g, i), .type = view_type(image),
                  .format = image->format,
                  .aspect = image->usage & SCENE_IMAGE_DEPTH ? 2 : 1,
                  .mips = image->mips, .layers = image->layers);
    }
}

/* The scanout surface has another order of colours than the picture. */
static void create_converted(const struct scene_guest *g,
                             struct xvgpu_stream *out)
{
    XVGPU_GFX(out, create_image, .id = surface_id(g), .type = 1,
              .format = SCENE_BGRA8_UNORM, .width = g->width,
              .height = g->height, .depth = 1, .mips = 1, .layers = 1,
              .samples = 1, .usage = 3 /* transfer source, destination */);
}

static void create_samplers(const struct scene_guest *g,
                            struct xvgpu_stream *out)
{
    const struct scene *s = g->scene;
    uint32_t i;

    for (i = 0; i < s->sampler_count; i++) {
        uint32_t linear = s->samplers[i].linear;
        uint32_t address = s->samplers[i].repeat ? 0 : 2;

        XVGPU_GFX(out, create_sampler, .id = sampler_id(g, i),
                  .mag_filter = linear, .min_filter = linear,
                  .mipmap_mode = linear, .address_u = address,
                  .address_v = address, .address_w = address,
                  .max_lod = 1000.0f, .max_anisotropy = 1.0f);
    }
}

static void put_descriptor(const struct scene_guest *g,
                           struct xvgpu_stream *out,
                           const struct scene_binding *b)
{
    struct xvgpu_gfx_descriptor d = {0};

    if (b->type == SCENE_UNIFORM_BUFFER || b->type == SCENE_STORAGE_BUFFER)
        d.object = buffer_id(g, (uint32_t)b->resource);
    else if (b->resource != SCENE_NONE)
        d.object = view_id(g, (uint32_t)b->resource);
    if (b->sampler != SCENE_NONE)
        d.sampler = sampler_id(g, (uint32_t)b->sampler);
    xvgpu_gfx_add_descriptor(out, &d, 1);
}

static void create_sets(const struct scene_guest *g, struct xvgpu_stream *out)
{
    const struct scene *s = g->scene;
    uint32_t i, j;

    for (i = 0; i < s->set_count; i++) {
        const struct scene_set *set = &s->sets[i];

        XVGPU_GFX(out, create_set_layout, .id = set_layout_id(g, i),
                  .bindings = set->count);
        for (j = 0; j < set->count; j++)
            XVGPU_GFX_MORE(out, binding, .binding = set->bindings[j].binding,
                           .type = set->bindings[j].type, .count = 1,
                           .stages = set->bindings[j].stages);
        XVGPU_GFX(out, create_set, .id = set_id(g, i),
                  .layout = set_layout_id(g, i));
        for (j = 0; j < set->count; j++) {
            XVGPU_GFX(out, write_set, .id = set_id(g, i),
                      .binding = set->bindings[j].binding, .count = 1);
            put_descriptor(g, out, &set->bindings[j]);
        }
    }
}

void scene_guest_create(const struct scene_guest *g, struct xvgpu_stream *out)
{
    const struct scene *s = g->scene;
    uint32_t i;

    for (i = 0; i < s->buffer_count; i++)
        XVGPU_GFX(out, create_buffer, .id = buffer_id(g, i),
                  .address = g->buffer_bus[i],
                  .size = (s->buffers[i].size + 3u) & ~3u);
    if (g->surface.bus)
        XVGPU_GFX(out, create_buffer, .id = surface_id(g),
                  .address = g->surface.bus,
                  .size = (uint64_t)g->surface.stride * g->height);
    create_images(g, out);
    if (converted(g))
        create_converted(g, out);
    create_samplers(g, out);
    create_sets(g, out);
    for (i = 0; i < gfx_shader_count; i++)
        if (g->shader_bus[i])
            XVGPU_GFX(out, create_shader, .id = shader_id(g, i),
                      .bytes = gfx_shaders[i].size,
                      .address = g->shader_bus[i]);
    for (i = 0; i < s->pipeline_count; i++)
        scene_guest_pipeline(g, out, i);
}

static void destroy(struct xvgpu_stream *out, uint32_t class_, uint32_t id)
{
    XVGPU_GFX(out, destroy, .class_ = class_, .id = id);
}

void scene_guest_destroy(const struct scene_guest *g, struct xvgpu_stream *out)
{
    const struct scene *s = g->scene;
    uint32_t i;

    for (i = 0; i < s->pipeline_count; i++) {
        destroy(out, XVGPU_GFX_PIPELINE, pipeline_id(g, i));
        destroy(out, XVGPU_GFX_LAYOUT, pipeline_id(g, i));
    }
    for (i = 0; i < gfx_shader_count; i++)
        if (g->shader_bus[i])
            destroy(out, XVGPU_GFX_SHADER, shader_id(g, i));
    for (i = 0; i < s->set_count; i++) {
        destroy(out, XVGPU_GFX_SET, set_id(g, i));
        destroy(out, XVGPU_GFX_SET_LAYOUT, set_layout_id(g, i));
    }
    for (i = 0; i < s->sampler_count; i++)
        destroy(out, XVGPU_GFX_SAMPLER, sampler_id(g, i));
    for (i = 0; i < s->image_count; i++) {
        destroy(out, XVGPU_GFX_VIEW, view_id(g, i));
        destroy(out, XVGPU_GFX_IMAGE, image_id(g, i));
    }
    if (converted(g))
        destroy(out, XVGPU_GFX_IMAGE, surface_id(g));
    if (g->surface.bus)
        destroy(out, XVGPU_GFX_BUFFER, surface_id(g));
    for (i = 0; i < s->buffer_count; i++)
        destroy(out, XVGPU_GFX_BUFFER, buffer_id(g, i));
}
