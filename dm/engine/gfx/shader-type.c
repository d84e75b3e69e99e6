/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about types and decorations. No recursion is deeper than types
 * are (shader_limits), and none fans out: structures are looked at once a
 * member, and nothing asks for the bytes of each part of a part. */
#include "dm/engine/gfx/shader-module.h"

/* The only definition of what the header gives as an inline function. */
extern inline void SpvHasResultAndType(SpvOp opcode, bool *hasResult,
                                       bool *hasResultType);

uint32_t type_length(const struct module *m, uint32_t type)
{
    const struct id *t = module_id(m, type);

    switch (t->op) {
    case SpvOpTypeArray:
    case SpvOpTypeVector:
    case SpvOpTypeMatrix:
        return t->value;
    default:
        return 0;
    }
}

uint32_t type_element(const struct module *m, uint32_t type)
{
    struct insn def = module_def(m, type);

    switch (def.op) {
    case SpvOpTypeArray:
    case SpvOpTypeRuntimeArray:
    case SpvOpTypeVector:
    case SpvOpTypeMatrix:
        return arg(&def, 2);
    case SpvOpTypePointer:
        return arg(&def, 3);
    default:
        return 0;
    }
}

uint32_t pointer_class(const struct module *m, uint32_t type)
{
    struct insn def = module_def(m, type);

    return def.op == SpvOpTypePointer ? arg(&def, 2) : UINT32_MAX;
}

uint32_t type_step(const struct module *m, uint32_t type, uint32_t index)
{
    struct insn def = module_def(m, type);
    uint32_t k;

    if (def.op != SpvOpTypeStruct)
        return def.op == SpvOpTypePointer ? 0 : type_element(m, type);
    if (!module_const(m, index, &k) || k >= def.n - 2u)
        return 0;
    return arg(&def, k + 2);
}

enum shader_base type_base(const struct module *m, uint32_t type)
{
    struct insn def = module_def(m, type);

    while (def.op == SpvOpTypeVector || def.op == SpvOpTypeMatrix)
        def = module_def(m, arg(&def, 2));
    if (def.op == SpvOpTypeFloat)
        return SHADER_FLOAT;
    if (def.op == SpvOpTypeInt)
        return arg(&def, 3) ? SHADER_INT : SHADER_UINT;
    return SHADER_NONE;
}

bool module_decoration(const struct module *m, uint32_t id, uint32_t member,
                       SpvDecoration which, uint32_t *value)
{
    uint32_t at = module_id(m, id)->decos;
    struct insn i;
    bool of_member;
    uint32_t k;

    for (; at; at = m->decos[at].next) {
        i = module_insn(m, m->decos[at].at);
        of_member = i.op == SpvOpMemberDecorate;
        if (of_member != (member != NO_MEMBER) ||
            (of_member && arg(&i, 2) != member))
            continue;
        k = of_member ? 3 : 2;
        if (arg(&i, k) != (uint32_t)which)
            continue;
        if (value)
            *value = arg(&i, k + 1);
        return true;
    }
    return false;
}

static uint32_t sum(uint64_t a, uint64_t b)
{
    return a + b > UINT32_MAX ? UINT32_MAX : (uint32_t)(a + b);
}

static uint32_t product(uint64_t a, uint64_t b)
{
    return a * b > UINT32_MAX ? UINT32_MAX : (uint32_t)(a * b);
}

/* Matrices that are members say their stride at the structure. */
static uint32_t matrix_bytes(const struct module *m, uint32_t type,
                             uint32_t outer, uint32_t member)
{
    struct insn def = module_def(m, type);
    uint32_t stride, vectors = arg(&def, 3);

    if (!module_decoration(m, outer, member, SpvDecorationMatrixStride,
                           &stride))
        return product(module_id(m, type)->scalars, 4);
    if (module_decoration(m, outer, member, SpvDecorationRowMajor, NULL))
        vectors = type_length(m, arg(&def, 2));
    return product(stride, vectors);
}

static uint32_t bytes_of(const struct module *m, uint32_t type, uint32_t outer,
                         uint32_t member)
{
    struct insn def = module_def(m, type);
    uint32_t k, offset, last = 0, last_offset = 0, stride = 0;

    switch (def.op) {
    case SpvOpTypeRuntimeArray:
        return 0;
    case SpvOpTypeMatrix:
        return matrix_bytes(m, type, outer, member);
    case SpvOpTypeArray:
        if (!module_decoration(m, type, NO_MEMBER, SpvDecorationArrayStride,
                               &stride))
            return bytes_of(m, arg(&def, 2), outer, member);
        /* The last element need not be as long as the stride. */
        return sum(product(stride, module_id(m, type)->value - 1),
                   bytes_of(m, arg(&def, 2), outer, member));
    case SpvOpTypeStruct:
        /* The one that begins last ends last: members don't overlap. */
        for (k = 2; k < def.n; k++) {
            if (module_decoration(m, type, k - 2, SpvDecorationOffset,
                                  &offset) &&
                offset >= last_offset) {
                last = k;
                last_offset = offset;
            }
        }
        return last ? sum(last_offset,
                          bytes_of(m, arg(&def, last), type, last - 2))
                    : 0;
    default:
        return product(module_id(m, type)->scalars, 4);
    }
}

uint32_t type_bytes(const struct module *m, uint32_t type)
{
    return bytes_of(m, type, 0, NO_MEMBER);
}
