/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Built-in variables: who may read or write which, and of what type they are.
 * The validator looks at the types of some only, and drivers believe it.
 *
 * HelperInvocation is not among them: Mesa 22.3's llvmpipe crashes over what
 * SPIR-V 1.6 makes of it.
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>

enum shape { SCALAR, VECTOR, ARRAY, UP_TO };
enum kind { F32, I32, BOOL };

#define V (1u << SHADER_VERTEX)
#define C (1u << SHADER_TESS_CONTROL)
#define E (1u << SHADER_TESS_EVALUATION)
#define G (1u << SHADER_GEOMETRY)
#define F (1u << SHADER_FRAGMENT)
#define X (1u << SHADER_COMPUTE)

static const struct builtin {
    uint16_t which;
    uint8_t kind, shape, length, in, out;
} table[] = {
    {SpvBuiltInPosition, F32, VECTOR, 4, C | E | G, V | C | E | G},
    {SpvBuiltInPointSize, F32, SCALAR, 0, C | E | G, V | C | E | G},
    {SpvBuiltInClipDistance, F32, UP_TO, 8, C | E | G | F, V | C | E | G},
    {SpvBuiltInCullDistance, F32, UP_TO, 8, C | E | G | F, V | C | E | G},
    {SpvBuiltInPrimitiveId, I32, SCALAR, 0, C | E | G | F, G},
    {SpvBuiltInInvocationId, I32, SCALAR, 0, C | G, 0},
    {SpvBuiltInLayer, I32, SCALAR, 0, F, V | E | G},
    {SpvBuiltInViewportIndex, I32, SCALAR, 0, F, V | E | G},
    {SpvBuiltInTessLevelOuter, F32, ARRAY, 4, E, C},
    {SpvBuiltInTessLevelInner, F32, ARRAY, 2, E, C},
    {SpvBuiltInTessCoord, F32, VECTOR, 3, E, 0},
    {SpvBuiltInPatchVertices, I32, SCALAR, 0, C | E, 0},
    {SpvBuiltInFragCoord, F32, VECTOR, 4, F, 0},
    {SpvBuiltInPointCoord, F32, VECTOR, 2, F, 0},
    {SpvBuiltInFrontFacing, BOOL, SCALAR, 0, F, 0},
    {SpvBuiltInSampleId, I32, SCALAR, 0, F, 0},
    {SpvBuiltInSamplePosition, F32, VECTOR, 2, F, 0},
    {SpvBuiltInSampleMask, I32, ARRAY, 1, F, F},
    {SpvBuiltInFragDepth, F32, SCALAR, 0, 0, F},
    {SpvBuiltInNumWorkgroups, I32, VECTOR, 3, X, 0},
    {SpvBuiltInWorkgroupSize, I32, VECTOR, 3, 0, 0},
    {SpvBuiltInWorkgroupId, I32, VECTOR, 3, X, 0},
    {SpvBuiltInLocalInvocationId, I32, VECTOR, 3, X, 0},
    {SpvBuiltInGlobalInvocationId, I32, VECTOR, 3, X, 0},
    {SpvBuiltInLocalInvocationIndex, I32, SCALAR, 0, X, 0},
    {SpvBuiltInVertexIndex, I32, SCALAR, 0, V, 0},
    {SpvBuiltInInstanceIndex, I32, SCALAR, 0, V, 0},
    {SpvBuiltInBaseVertex, I32, SCALAR, 0, V, 0},
    {SpvBuiltInBaseInstance, I32, SCALAR, 0, V, 0},
    {SpvBuiltInDrawIndex, I32, SCALAR, 0, V, 0},
};

static const struct builtin *find(uint32_t which)
{
    size_t k;

    for (k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
        if (table[k].which == which)
            return &table[k];
    }
    return NULL;
}

static bool is_kind(const struct module *m, uint32_t type, enum kind kind)
{
    enum shader_base base = type_base(m, type);

    if (kind == BOOL)
        return module_id(m, type)->op == SpvOpTypeBool;
    return kind == F32 ? base == SHADER_FLOAT
                       : base == SHADER_INT || base == SHADER_UINT;
}

static bool fits(const struct module *m, const struct builtin *b, uint32_t type)
{
    uint32_t op = module_id(m, type)->op, length = type_length(m, type);
    uint32_t element = b->shape == SCALAR ? type : type_element(m, type);

    if (!is_kind(m, element, (enum kind)b->kind) || type_length(m, element))
        return false;
    switch (b->shape) {
    case SCALAR:
        return true;
    case VECTOR:
        return op == SpvOpTypeVector && length == b->length;
    case ARRAY:
        return op == SpvOpTypeArray && length == b->length;
    default:
        return op == SpvOpTypeArray && length <= b->length;
    }
}

bool builtin_offered(uint32_t which)
{
    return find(which);
}

int builtin_check(struct module *m, uint32_t which, uint32_t type, bool output)
{
    const struct builtin *b = find(which);
    enum shader_stage stage = m->info->stage;

    if (!b || !((output ? b->out : b->in) & 1u << stage))
        return module_refuse(m, -EINVAL, "built-in %u in the %s stage", which,
                             shader_stage_name(stage));
    if (!fits(m, b, type))
        return module_refuse(m, -EINVAL, "built-in %u is of another type",
                             which);
    return 0;
}

bool builtin_fits(const struct module *m, uint32_t which, uint32_t type)
{
    const struct builtin *b = find(which);

    return b && fits(m, b, type);
}
