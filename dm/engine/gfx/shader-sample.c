/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a module samples: which sampler meets which image, which images are
 * compared, and whether offsets that are constants are within the device's.
 *
 * What an image was loaded from is known but where it is a function's
 * parameter: then it may be any image of its type, and a sampler any sampler.
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>

#define MASK_WORDS (SHADER_BINDINGS / 32)

/* The type of image (or sampler) in an array, pointer or sampled image. */
static uint32_t opaque_type(const struct module *m, uint32_t type)
{
    struct insn def = module_def(m, type);

    for (;;) {
        switch (def.op) {
        case SpvOpTypePointer:
            type = arg(&def, 3);
            break;
        case SpvOpTypeArray:
        case SpvOpTypeSampledImage:
            type = arg(&def, 2);
            break;
        default:
            return type;
        }
        def = module_def(m, type);
    }
}

static bool may_be(const struct module *m, uint32_t id, uint32_t var)
{
    const struct id *i = module_id(m, id);

    return i->root ? i->root == var
                   : opaque_type(m, i->type) ==
                         opaque_type(m, module_id(m, var)->type);
}

/* The binding of the k-th global variable that `id` may come from, or NULL. */
static struct shader_binding *binding_of(struct module *m, uint32_t k,
                                         uint32_t id)
{
    uint32_t var = m->globals[k];

    if (!module_id(m, var)->binding || !may_be(m, id, var))
        return NULL;
    return &m->info->bindings[module_id(m, var)->binding - 1];
}

static void meet(struct module *m, uint32_t image, uint32_t sampler)
{
    struct shader_binding *bindings = m->info->bindings, *b;
    uint32_t met[MASK_WORDS] = {0}, k, w, at;

    for (k = 0; k < m->n_globals; k++) {
        b = binding_of(m, k, sampler);
        at = b ? (uint32_t)(b - bindings) : 0;
        if (b)
            met[at / 32] |= 1u << at % 32;
    }
    for (k = 0; k < m->n_globals; k++) {
        b = binding_of(m, k, image);
        for (w = 0; b && w < MASK_WORDS; w++)
            b->samplers[w] |= met[w];
    }
    m->info->separate_samplers = true;
}

static void compared(struct module *m, uint32_t image)
{
    struct shader_binding *b;
    uint32_t k;

    for (k = 0; k < m->n_globals; k++) {
        b = binding_of(m, k, image);
        if (b)
            b->compared = true;
    }
}

/* ---- Offsets --------------------------------------------------------- */

#define OFFSETS_DEPTH 2u /* an array of vectors */

/* All numbers of a constant, which are `depth` deep at most. */
static bool within(const struct module *m, uint32_t id, int32_t min,
                   int32_t max, uint32_t depth)
{
    struct insn def = module_def(m, id);
    uint32_t value, k;

    switch (def.op) {
    case SpvOpConstantNull:
        return true;
    case SpvOpConstantComposite:
    case SpvOpSpecConstantComposite:
        for (k = 3; k < def.n; k++) {
            if (!depth || !within(m, def.w[k], min, max, depth - 1))
                return false;
        }
        return true;
    default:
        return module_const(m, id, &value) && (int32_t)value >= min &&
               (int32_t)value <= max;
    }
}

/* Image operands (SPIR-V 3.14), from the mask at operand k on. */
static int check_offsets(struct module *m, const struct insn *i, uint32_t k,
                         int32_t min, int32_t max)
{
    uint32_t mask = arg(i, k), bit;

    for (bit = 1; bit && bit <= mask; bit <<= 1) {
        if (!(mask & bit))
            continue;
        k++;
        if (bit == SpvImageOperandsGradMask)
            k++;
        if ((bit == SpvImageOperandsConstOffsetMask ||
             bit == SpvImageOperandsConstOffsetsMask) &&
            !within(m, arg(i, k), min, max, OFFSETS_DEPTH))
            return module_refuse(m, -ENOTSUP,
                                 "offsets of texels beyond %d to %d", min, max);
    }
    return 0;
}

/* ---- All -------------------------------------------------------------- */

static int sample_insn(struct module *m, const struct insn *i)
{
    const struct shader_limits *l = m->limits;

    switch (i->op) {
    case SpvOpSampledImage:
        meet(m, arg(i, 3), arg(i, 4));
        return 0;
    case SpvOpImageSampleDrefImplicitLod:
    case SpvOpImageSampleDrefExplicitLod:
    case SpvOpImageSampleProjDrefImplicitLod:
    case SpvOpImageSampleProjDrefExplicitLod:
        compared(m, arg(i, 3));
        return check_offsets(m, i, 6, l->texel_offset[0], l->texel_offset[1]);
    case SpvOpImageDrefGather:
        compared(m, arg(i, 3));
        return check_offsets(m, i, 6, l->gather_offset[0], l->gather_offset[1]);
    case SpvOpImageGather:
        return check_offsets(m, i, 6, l->gather_offset[0], l->gather_offset[1]);
    case SpvOpImageSampleImplicitLod:
    case SpvOpImageSampleExplicitLod:
    case SpvOpImageSampleProjImplicitLod:
    case SpvOpImageSampleProjExplicitLod:
    case SpvOpImageFetch:
        return check_offsets(m, i, 5, l->texel_offset[0], l->texel_offset[1]);
    default:
        return 0;
    }
}

int module_sample(struct module *m)
{
    struct insn i;
    uint32_t at;
    int rc = 0;

    for (at = m->first_function; !rc && at < m->n_words; at += i.n) {
        i = module_insn(m, at);
        rc = sample_insn(m, &i);
    }
    return rc;
}
