/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors against the shaders that use them: the image view types, texel
 * types and formats that a shader expects are part of its SPIR-V, and no
 * driver looks whether they are there (chapter 15.6).
 */
#include "dm/engine/gfx/gfx.h"

#include <string.h>

#include "dm/engine/gfx/shader.h"

/* What a shader takes an image for. */
static const struct {
    uint8_t dim;
    bool arrayed;
} shapes[] = {
    [VK_IMAGE_VIEW_TYPE_1D] = {SHADER_DIM_1D, false},
    [VK_IMAGE_VIEW_TYPE_2D] = {SHADER_DIM_2D, false},
    [VK_IMAGE_VIEW_TYPE_3D] = {SHADER_DIM_3D, false},
    [VK_IMAGE_VIEW_TYPE_CUBE] = {SHADER_DIM_CUBE, false},
    [VK_IMAGE_VIEW_TYPE_1D_ARRAY] = {SHADER_DIM_1D, true},
    [VK_IMAGE_VIEW_TYPE_2D_ARRAY] = {SHADER_DIM_2D, true},
    [VK_IMAGE_VIEW_TYPE_CUBE_ARRAY] = {SHADER_DIM_CUBE, true},
};

/* SPIR-V's image formats (its specification, 3.11) that storage may have. */
static const uint32_t image_formats[] = {
    [1] = VK_FORMAT_R32G32B32A32_SFLOAT, [2] = VK_FORMAT_R16G16B16A16_SFLOAT,
    [3] = VK_FORMAT_R32_SFLOAT,          [4] = VK_FORMAT_R8G8B8A8_UNORM,
    [5] = VK_FORMAT_R8G8B8A8_SNORM,      [6] = VK_FORMAT_R32G32_SFLOAT,
    [21] = VK_FORMAT_R32G32B32A32_SINT,  [22] = VK_FORMAT_R16G16B16A16_SINT,
    [23] = VK_FORMAT_R8G8B8A8_SINT,      [24] = VK_FORMAT_R32_SINT,
    [25] = VK_FORMAT_R32G32_SINT,        [30] = VK_FORMAT_R32G32B32A32_UINT,
    [31] = VK_FORMAT_R16G16B16A16_UINT,  [32] = VK_FORMAT_R8G8B8A8_UINT,
    [33] = VK_FORMAT_R32_UINT,           [35] = VK_FORMAT_R32G32_UINT,
};

#define NR_IMAGE_FORMATS (sizeof(image_formats) / sizeof(image_formats[0]))

static bool format_fits(const struct shader_binding *b, const struct format *f)
{
    if (b->type != SHADER_STORAGE_IMAGE && b->type != SHADER_STORAGE_TEXEL)
        return true;
    return !b->format || (b->format < NR_IMAGE_FORMATS &&
                          image_formats[b->format] == f->format);
}

static uint8_t base_of(const struct format *f, uint32_t aspect)
{
    if (aspect == VK_IMAGE_ASPECT_STENCIL_BIT)
        return SHADER_UINT;
    return gfx_shader_base(f);
}

uint8_t gfx_shader_base(const struct format *f)
{
    return f->kind == XVGPU_GFX_KIND_SINT   ? SHADER_INT
           : f->kind == XVGPU_GFX_KIND_UINT ? SHADER_UINT
                                            : SHADER_FLOAT;
}

static bool view_fits(const struct shader_binding *b, const struct view *v)
{
    return shapes[v->type].dim == b->dim &&
           shapes[v->type].arrayed == b->arrayed &&
           (v->image->samples > 1) == b->multisampled &&
           base_of(v->format, v->aspect) == b->base &&
           format_fits(b, v->format) &&
           (!b->compared || v->aspect == VK_IMAGE_ASPECT_DEPTH_BIT);
}

/* 0, or a fault's code. `s`: what a draw has set, NULL: a dispatch. */
static uint32_t check_descriptor(const struct gfx_state *s,
                                 const struct shader_binding *b,
                                 const struct descriptor *d)
{
    const struct object *o = d->object;
    bool fits = true;

    if ((o && !gfx_alive(o)) || (d->sampler && !gfx_alive(&d->sampler->o)))
        return XVGPU_FAULT_OBJECT;
    if (!o)
        return 0;
    if (o->class_ == XVGPU_GFX_VIEW)
        fits = view_fits(b, (const struct view *)o) &&
               !(s && gfx_attached(s, (const struct view *)o));
    if (o->class_ == XVGPU_GFX_BUFFER_VIEW) {
        const struct format *f = ((const struct buffer_view *)o)->format;

        fits = gfx_shader_base(f) == b->base && format_fits(b, f);
    }
    return fits ? 0 : XVGPU_FAULT_STATE;
}

/* What a shader sees of a binding: the first descriptor, and how many. The
 * pipeline was made with this layout, so the binding is in it. */
static const struct descriptor *descriptors(const struct shader_binding *b,
                                            const struct set *set, uint32_t *n)
{
    const struct set_layout *l = set->layout;
    uint32_t i;

    for (i = 0; i < l->nr_bindings; i++) {
        if (l->binding[i].binding != b->binding)
            continue;
        *n = b->count < l->binding[i].count ? b->count : l->binding[i].count;
        return &set->descriptor[l->first[i]];
    }
    *n = 0;
    return NULL;
}

static int match_set(struct gfx *g, struct pipeline *p, uint32_t index,
                     const struct set *set)
{
    const struct gfx_state *s = p->compute ? NULL : &g->state;
    uint32_t i, k, e, n, code = 0;

    for (i = 0; i < XVGPU_GFX_MAX_STAGES; i++) {
        const struct shader_info *info = p->info[i];

        for (k = 0; info && !code && k < info->n_bindings; k++) {
            const struct shader_binding *b = &info->bindings[k];
            const struct descriptor *d;

            if (b->set != index)
                continue;
            d = descriptors(b, set, &n);
            for (e = 0; !code && e < n; e++)
                code = check_descriptor(s, b, &d[e]);
        }
    }
    return code ? gfx_fault(g, code, 0) : 0;
}

/* ---- Samplers ------------------------------------------------------------ */

bool gfx_sampler_fits(const struct sampler *s, const struct view *v)
{
    if (s->compares)
        return v->aspect == VK_IMAGE_ASPECT_DEPTH_BIT;
    return !s->linear || (v->format->features & XVGPU_GFX_FORMAT_FILTER);
}

/* All of a binding's samplers. */
static bool fits_all(const struct shader_binding *b, const struct set *set,
                     const struct view *v)
{
    const struct descriptor *d;
    uint32_t n, k;

    d = descriptors(b, set, &n);
    for (k = 0; k < n; k++) {
        if (d[k].sampler && !gfx_sampler_fits(d[k].sampler, v))
            return false;
    }
    return true;
}

/* Samplers are told apart by two properties, images too: one image of each
 * kind in a binding stands for all. */
static uint32_t kind_of(const struct view *v)
{
    return (v->aspect == VK_IMAGE_ASPECT_DEPTH_BIT) |
           (v->format->features & XVGPU_GFX_FORMAT_FILTER ? 2u : 0);
}

static bool samplers_fit(const struct shader_info *info,
                         const struct shader_binding *b, struct set *const *set)
{
    const struct view *kinds[4] = {NULL}, *v;
    const struct descriptor *d;
    uint32_t n, k, i;

    d = descriptors(b, set[b->set], &n);
    for (k = 0; k < n; k++) {
        v = (const struct view *)d[k].object;
        if (v)
            kinds[kind_of(v)] = v;
    }
    for (i = 0; i < info->n_bindings; i++) {
        if (!(b->samplers[i / 32] & 1u << i % 32))
            continue;
        for (k = 0; k < 4; k++) {
            if (kinds[k] && !fits_all(&info->bindings[i],
                                      set[info->bindings[i].set], kinds[k]))
                return false;
        }
    }
    return true;
}

static int match_samplers(struct gfx *g, const struct pipeline *p,
                          struct set *const *set)
{
    uint32_t i, k;

    for (i = 0; i < XVGPU_GFX_MAX_STAGES; i++) {
        const struct shader_info *info = p->info[i];

        for (k = 0; info && k < info->n_bindings; k++) {
            const struct shader_binding *b = &info->bindings[k];

            if ((b->type == SHADER_SAMPLED_IMAGE ||
                 b->type == SHADER_COMBINED) &&
                !samplers_fit(info, b, set))
                return gfx_fault(g, XVGPU_FAULT_STATE, 0);
        }
    }
    return 0;
}

/* ---- All ----------------------------------------------------------------- */

int gfx_sets_match(struct gfx *g, struct pipeline *p, struct set *const *set)
{
    struct matched now[XVGPU_GFX_MAX_SETS] = {{0}}, *known;
    const uint64_t ways = sizeof(p->matched[0]) / sizeof(p->matched[0][0]);
    uint32_t i;

    for (i = 0; i < XVGPU_GFX_MAX_SETS; i++) {
        if (!(p->set_mask & 1u << i))
            continue;
        now[i] = (struct matched){set[i]->o.serial, set[i]->version,
                                  p->compute ? 0 : g->renderings};
        known = &p->matched[i][now[i].serial % ways];
        if (!memcmp(known, &now[i], sizeof(*known)))
            continue;
        if (match_set(g, p, i, set[i]) < 0)
            return -1;
        *known = now[i];
    }
    if (!p->separate_samplers || !memcmp(p->together, now, sizeof(now)))
        return 0;
    if (match_samplers(g, p, set) < 0)
        return -1;
    memcpy(p->together, now, sizeof(now));
    return 0;
}
