/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What functions do with variables, in a module that the validator has
 * passed: which are named at all, which may be written, and whether indices
 * that are constants are inside. (The others are clamped: shader-rewrite.c.)
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>

static bool is_resource(uint32_t storage)
{
    return storage == SpvStorageClassUniformConstant ||
           storage == SpvStorageClassUniform ||
           storage == SpvStorageClassStorageBuffer;
}

/* An array whose elements are descriptors of their own. */
static bool descriptors(const struct module *m, uint32_t type, uint32_t storage)
{
    const struct id *t = module_id(m, type);

    if (t->op != SpvOpTypeArray && t->op != SpvOpTypeRuntimeArray)
        return false;
    if (storage == SpvStorageClassUniformConstant)
        return true;
    return is_resource(storage) &&
           (module_decoration(m, type_element(m, type), NO_MEMBER,
                              SpvDecorationBlock, NULL) ||
            module_decoration(m, type_element(m, type), NO_MEMBER,
                              SpvDecorationBufferBlock, NULL));
}

/* Compilers declare all of gl_PerVertex, whatever a shader writes. */
static void use_member(struct module *m, uint32_t type, uint32_t member)
{
    uint32_t builtin;

    if (module_id(m, type)->op == SpvOpTypeStruct &&
        module_decoration(m, type, member, SpvDecorationBuiltIn, &builtin) &&
        builtin == SpvBuiltInPointSize)
        m->info->writes_point_size = true;
}

static int use_chain(struct module *m, const struct insn *i)
{
    uint32_t pointer = module_id(m, arg(i, 3))->type;
    uint32_t storage = pointer_class(m, pointer);
    uint32_t type = type_element(m, pointer), k, value, length;
    bool known;

    for (k = 4; k < i->n; k++) {
        known = module_const(m, i->w[k], &value);
        if (descriptors(m, type, storage) && !known)
            return module_refuse(m, -ENOTSUP,
                                 "an index of descriptors is no constant");
        length = type_length(m, type);
        if (known && length && value >= length)
            return module_refuse(m, -EINVAL, "index %u in an array of %u",
                                 value, length);
        if (known && storage == SpvStorageClassOutput)
            use_member(m, type, value);
        type = type_step(m, type, i->w[k]);
        if (!type)
            return module_refuse(m, -EINVAL, "an index into no composite");
    }
    return 0;
}

/* Which of the two kinds of image an instruction works on. The validator
 * leaves some of that to whoever knows the descriptor. */
static int use_image(struct module *m, const struct insn *i, uint32_t type,
                     uint32_t kind)
{
    struct insn def = module_def(m, type);
    uint32_t format;

    if (def.op == SpvOpTypePointer)
        def = module_def(m, arg(&def, 3));
    if (def.op == SpvOpTypeSampledImage)
        def = module_def(m, arg(&def, 2));
    format = arg(&def, 8);
    if (def.op != SpvOpTypeImage || arg(&def, 7) != kind)
        return module_refuse(m, -EINVAL, "opcode %u on another kind of image",
                             i->op);
    if (i->op == SpvOpImageTexelPointer && format != SpvImageFormatR32i &&
        format != SpvImageFormatR32ui)
        return module_refuse(m, -ENOTSUP, "atomics on texels of format %u",
                             format);
    return 0;
}

static int use_images(struct module *m, const struct insn *i)
{
    switch (i->op) {
    case SpvOpImageTexelPointer:
    case SpvOpImageRead:
        return use_image(m, i, module_id(m, arg(i, 3))->type, 2);
    case SpvOpImageWrite:
        return use_image(m, i, module_id(m, arg(i, 1))->type, 2);
    case SpvOpSampledImage:
    case SpvOpImageQueryLevels:
    case SpvOpImageQueryLod:
    case SpvOpImageQuerySizeLod:
        return use_image(m, i, module_id(m, arg(i, 3))->type, 1);
    default:
        if (i->op >= SpvOpImageSampleImplicitLod &&
            i->op <= SpvOpImageDrefGather)
            return use_image(m, i, module_id(m, arg(i, 3))->type, 1);
        return 0;
    }
}

static void used(struct module *m, uint32_t id)
{
    if (module_id(m, id)->op == SpvOpVariable)
        m->ids[id].flags |= ID_USED;
}

/* Operands that may be pointers. A word that is no id may look like one, so
 * the others are not looked at; should one be missing here, then its variable
 * is dropped and the validator refuses what is left. */
static void use_pointers(struct module *m, const struct insn *i)
{
    uint32_t k, first = 0, last = 0;

    switch (i->op) {
    case SpvOpStore:
    case SpvOpAtomicStore:
        first = last = 1;
        break;
    case SpvOpCopyMemory:
        first = 1;
        last = 2;
        break;
    case SpvOpLoad:
    case SpvOpAccessChain:
    case SpvOpInBoundsAccessChain:
    case SpvOpImageTexelPointer:
    case SpvOpArrayLength:
    case SpvOpCopyObject:
        first = last = 3;
        break;
    case SpvOpFunctionCall:
        first = 4;
        last = i->n - 1u;
        break;
    case SpvOpExtInst:
        first = 5;
        last = i->n - 1u;
        break;
    default:
        if (i->op >= SpvOpAtomicLoad && i->op <= SpvOpAtomicXor)
            first = last = 3;
    }
    for (k = first; first && k <= last; k++)
        used(m, arg(i, k));
}

/* Instructions that compute with values, and have nothing but ids. */
static bool computes(uint32_t op)
{
    return (op >= SpvOpConvertFToU && op <= SpvOpFwidthCoarse) ||
           op == SpvOpPhi || op == SpvOpCompositeConstruct;
}

/* The validator lets a pointer be cast to a number. */
static int use_values(struct module *m, const struct insn *i)
{
    uint32_t k;

    for (k = 3; computes(i->op) && k < i->n; k++) {
        if (pointer_class(m, module_id(m, i->w[k])->type) != UINT32_MAX)
            return module_refuse(m, -EINVAL, "opcode %u on a pointer", i->op);
    }
    return 0;
}

static void written(struct module *m, uint32_t id)
{
    uint32_t root = module_id(m, id)->root;
    uint32_t op = module_id(m, module_id(m, id)->type)->op;

    if (root && (op == SpvOpTypePointer || op == SpvOpTypeImage))
        m->ids[root].flags |= ID_WRITTEN;
}

/* The variable that a result was made from, by way of its operand k. */
static void follow(struct module *m, const struct insn *i, uint32_t k)
{
    m->ids[arg(i, 2)].root = module_id(m, arg(i, k))->root;
}

static int use_insn(struct module *m, const struct insn *i)
{
    uint32_t k;

    switch (i->op) {
    case SpvOpAccessChain:
    case SpvOpInBoundsAccessChain:
        follow(m, i, 3);
        return use_chain(m, i);
    case SpvOpCopyObject:
    case SpvOpLoad:
    case SpvOpImage:
    case SpvOpSampledImage:
    case SpvOpImageTexelPointer:
        follow(m, i, 3);
        return 0;
    case SpvOpStore:
    case SpvOpCopyMemory:
    case SpvOpImageWrite:
    case SpvOpAtomicStore:
        written(m, arg(i, 1));
        return 0;
    case SpvOpFunctionCall:
    case SpvOpExtInst:
        /* Of a variable handed on we only know that it was. */
        for (k = i->op == SpvOpExtInst ? 5 : 4; k < i->n; k++)
            written(m, i->w[k]);
        return 0;
    case SpvOpKill:
    case SpvOpTerminateInvocation:
    case SpvOpDemoteToHelperInvocation:
        m->info->discards = true;
        return 0;
    default:
        if (i->op >= SpvOpAtomicExchange && i->op <= SpvOpAtomicXor)
            written(m, arg(i, 3));
        return 0;
    }
}

int module_use(struct module *m)
{
    uint32_t at, k;
    struct insn i;
    int rc = 0;

    for (k = 0; k < m->n_globals; k++)
        m->ids[m->globals[k]].root = m->globals[k];
    for (at = m->first_function; !rc && at < m->n_words; at += i.n) {
        i = module_insn(m, at);
        use_pointers(m, &i);
        rc = use_insn(m, &i);
        rc = rc ? rc : use_images(m, &i);
        rc = rc ? rc : use_values(m, &i);
    }
    return rc;
}
