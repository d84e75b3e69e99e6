/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors against the shaders that use them: the image view types, texel
 * types and formats that a shader expects are part of its SPIR-V, and no
 * driver looks whether they are there (chapter 15.6).
 */
#include "dm/engine/gfx/gfx.h"

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
           format_fits(b, v->format);
}

/* 0, or a fault's code. */
static uint32_t check_descriptor(const struct shader_binding *b,
                                 const struct descriptor *d)
{
    const struct object *o = d->object;
    bool fits = true;

    if ((o && !gfx_alive(o)) || (d->sampler && !gfx_alive(&d->sampler->o)))
        return XVGPU_FAULT_OBJECT;
    if (!o)
        return 0;
    if (o->class_ == XVGPU_GFX_VIEW)
        fits = view_fits(b, (const struct view *)o);
    if (o->class_ == XVGPU_GFX_BUFFER_VIEW) {
        const struct format *f = ((const struct buffer_view *)o)->format;

        fits = gfx_shader_base(f) == b->base && format_fits(b, f);
    }
    return fits ? 0 : XVGPU_FAULT_STATE;
}

/* The pipeline was made with this layout: the binding is in it. */
static uint32_t check_binding(const struct shader_binding *b,
                              const struct set *set)
{
    const struct set_layout *l = set->layout;
    uint32_t i, k, code = 0;

    for (i = 0; i < l->nr_bindings; i++) {
        if (l->binding[i].binding != b->binding)
            continue;
        for (k = 0; !code && k < b->count && k < l->binding[i].count; k++)
            code = check_descriptor(b, &set->descriptor[l->first[i] + k]);
    }
    return code;
}

int gfx_set_match(struct gfx *g, struct pipeline *p, uint32_t index,
                  const struct set *set)
{
    uint32_t at =
        set->o.serial % (sizeof(p->matched[0]) / sizeof(p->matched[0][0]));
    uint32_t i, k, code = 0;

    if (p->matched[index][at].serial == set->o.serial &&
        p->matched[index][at].version == set->version)
        return 0;
    for (i = 0; i < XVGPU_GFX_MAX_STAGES; i++) {
        const struct shader_info *info = p->info[i];

        for (k = 0; info && !code && k < info->n_bindings; k++) {
            if (info->bindings[k].set == index)
                code = check_binding(&info->bindings[k], set);
        }
    }
    if (code)
        return gfx_fault(g, code, 0);
    p->matched[index][at].serial = set->o.serial;
    p->matched[index][at].version = set->version;
    return 0;
}
