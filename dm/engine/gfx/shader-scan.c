/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first reader: once over the words, with little trust in them. It finds
 * what each id is, and refuses what is not offered and what would take the
 * others more time or memory than a module of its size should.
 *
 * Types and constants must stand before their use, so that one pass knows
 * their sizes (SPIR-V says so too, but for pointers that we don't offer).
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t saturated(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* ---- Types ----------------------------------------------------------- */

static bool is_type(const struct id *id)
{
    return id->at && id->op >= SpvOpTypeVoid && id->op <= SpvOpTypePipe;
}

/* A type is as deep as its parts and one more. */
static int add_part(struct module *m, struct id *type, uint32_t part,
                    uint64_t times)
{
    const struct id *p = module_id(m, part);

    /* Void and functions have none, and empty structures are not offered:
     * any number of them would weigh nothing. */
    if (!is_type(p) || !p->scalars)
        return module_refuse(m, -EINVAL,
                             "a type is made of id %u, no type "
                             "of data",
                             part);
    type->scalars = saturated(type->scalars + p->scalars * times);
    type->flags |= p->flags & ID_OPAQUE;
    type->parts += p->parts + 1; /* neither is beyond its limit: no overflow */
    if (type->parts > m->limits->type_parts)
        return module_refuse(m, -E2BIG, "a type of more than %u parts",
                             m->limits->type_parts);
    if (p->depth >= type->depth)
        type->depth = (uint8_t)(p->depth + 1);
    if (type->depth > m->limits->type_depth)
        return module_refuse(m, -E2BIG, "types are nested more than %u deep",
                             m->limits->type_depth);
    return 0;
}

static int scan_array(struct module *m, const struct insn *i, struct id *type)
{
    uint32_t length;

    if (!module_const(m, arg(i, 3), &length))
        return module_refuse(m, -EINVAL, "an array's length is no constant");
    if (!length || length > INT32_MAX)
        return module_refuse(m, -EINVAL, "an array of %u elements", length);
    type->value = length;
    return add_part(m, type, arg(i, 2), length);
}

static int scan_struct(struct module *m, const struct insn *i, struct id *type)
{
    uint32_t k;
    int rc = 0;

    if (i->n < 3)
        return module_refuse(m, -ENOTSUP, "a structure without members");
    if (i->n - 2u > m->limits->members)
        return module_refuse(m, -E2BIG, "a structure of %u members", i->n - 2u);
    type->depth = 1;
    for (k = 2; !rc && k < i->n; k++)
        rc = add_part(m, type, arg(i, k), 1);
    return rc;
}

static int scan_pointer(struct module *m, const struct insn *i, struct id *type)
{
    int rc;

    if (!storage_allowed(arg(i, 2)))
        return module_refuse(m, -ENOTSUP, "storage class %u is not offered",
                             arg(i, 2));
    type->scalars = 1;
    rc = add_part(m, type, arg(i, 3), 0);
    if (rc)
        return rc;
    if (type->flags & ID_OPAQUE && arg(i, 2) != SpvStorageClassUniformConstant)
        return module_refuse(m, -EINVAL, "images in storage class %u",
                             arg(i, 2));
    type->flags = 0;
    return 0;
}

static int scan_type(struct module *m, const struct insn *i, struct id *type)
{
    uint32_t n = arg(i, 3);

    switch (i->op) {
    case SpvOpTypeBool:
        type->scalars = 1;
        return 0;
    case SpvOpTypeInt:
    case SpvOpTypeFloat:
        type->scalars = 1;
        if (arg(i, 2) != 32)
            return module_refuse(m, -ENOTSUP, "numbers of %u bits", arg(i, 2));
        return 0;
    case SpvOpTypeVector:
    case SpvOpTypeMatrix:
        if (n < 2 || n > 4)
            return module_refuse(m, -EINVAL, "a vector or matrix of %u", n);
        type->value = n;
        return add_part(m, type, arg(i, 2), n);
    case SpvOpTypeImage:
    case SpvOpTypeSampler:
    case SpvOpTypeSampledImage:
        type->scalars = 1;
        type->flags |= ID_OPAQUE;
        return 0;
    case SpvOpTypeArray:
        return scan_array(m, i, type);
    case SpvOpTypeRuntimeArray:
        return add_part(m, type, arg(i, 2), 1);
    case SpvOpTypeStruct:
        return scan_struct(m, i, type);
    case SpvOpTypePointer:
        return scan_pointer(m, i, type);
    case SpvOpTypeFunction: /* is no type of data: has no scalars */
        if (i->n > 2 + 64)
            return module_refuse(m, -E2BIG, "a function of %u parameters",
                                 i->n - 3u);
        return 0;
    case SpvOpTypeVoid:
        return 0;
    default:
        return module_refuse(m, -ENOTSUP, "opcode %u is not offered", i->op);
    }
}

/* ---- Values ---------------------------------------------------------- */

static void scan_constant(const struct module *m, const struct insn *i,
                          struct id *id)
{
    switch (i->op) {
    case SpvOpConstantTrue:
    case SpvOpSpecConstantTrue:
        id->value = 1;
        id->flags |= ID_KNOWN;
        break;
    case SpvOpConstantFalse:
    case SpvOpSpecConstantFalse:
    case SpvOpConstantNull:
        id->flags |= ID_KNOWN;
        break;
    case SpvOpConstant:
    case SpvOpSpecConstant:
        id->value = arg(i, 3);
        id->flags |= ID_KNOWN;
        break;
    case SpvOpSpecConstantOp:
        if (module_fold(m, i, &id->value))
            id->flags |= ID_KNOWN;
        break;
    }
}

/* Pointers and images come from a few instructions only, each of which says
 * where from: drivers follow them back. */
static bool handle_allowed(const struct id *type, uint32_t op)
{
    switch (op) {
    case SpvOpVariable:
    case SpvOpAccessChain:
    case SpvOpInBoundsAccessChain:
    case SpvOpImageTexelPointer:
        return type->op == SpvOpTypePointer;
    case SpvOpLoad:
    case SpvOpImage:
    case SpvOpSampledImage:
        return type->op == SpvOpTypeImage || type->op == SpvOpTypeSampler ||
               type->op == SpvOpTypeSampledImage;
    default:
        return op == SpvOpFunctionParameter || op == SpvOpCopyObject;
    }
}

/* What is moved about as a value takes a driver's registers and compile
 * time for each scalar in it. */
static int scan_value(struct module *m, const struct insn *i, struct id *id)
{
    const struct id *type = module_id(m, id->type);

    if (!is_type(type))
        return module_refuse(m, -EINVAL, "id %u is of no type", arg(i, 2));
    if (i->op == SpvOpFunction)
        return 0;
    scan_constant(m, i, id);
    if (i->op == SpvOpSpecConstantOp && !module_fold_safe(m, i))
        return module_refuse(m, -ENOTSUP,
                             "a constant from a division that may trap");
    if ((type->op == SpvOpTypePointer || type->flags & ID_OPAQUE) &&
        !handle_allowed(type, i->op))
        return module_refuse(m, -ENOTSUP,
                             "a pointer or image made by opcode %u", i->op);
    if (type->op == SpvOpTypePointer)
        return 0;
    if (type->scalars > m->limits->value)
        return module_refuse(m, -E2BIG, "a value of %u scalars", type->scalars);
    m->values += type->scalars;
    if (m->values > m->limits->values)
        return module_refuse(m, -E2BIG, "more than %u scalars in its values",
                             m->limits->values);
    return 0;
}

static int scan_variable(struct module *m, const struct insn *i)
{
    uint32_t storage = arg(i, 3);
    uint32_t pointee = type_element(m, arg(i, 1)), scalars;

    if (!m->first_function) {
        if (m->n_globals == m->limits->globals)
            return module_refuse(m, -E2BIG, "more than %u global variables",
                                 m->limits->globals);
        m->globals[m->n_globals++] = arg(i, 2);
    }
    if (pointer_class(m, arg(i, 1)) != storage || !pointee)
        return module_refuse(m, -EINVAL, "variable %u has no fitting type",
                             arg(i, 2));
    scalars = module_id(m, pointee)->scalars;
    switch (storage) {
    case SpvStorageClassInput:
    case SpvStorageClassOutput:
        /* The validator keeps a list of their locations. */
        if (scalars > m->limits->value)
            return module_refuse(m, -E2BIG, "an interface of %u scalars",
                                 scalars);
        return 0;
    case SpvStorageClassPrivate:
    case SpvStorageClassFunction:
        break;
    default:
        return 0;
    }
    m->private_ = saturated((uint64_t)m->private_ + scalars);
    if (m->private_ > m->limits->private_)
        return module_refuse(m, -E2BIG,
                             "more than %u scalars in private variables",
                             m->limits->private_);
    return 0;
}

static int scan_decoration(struct module *m, const struct insn *i)
{
    uint32_t target = arg(i, 1);
    struct id *id;

    if (!target || target >= m->bound)
        return module_refuse(m, -EINVAL, "decoration of id %u", target);
    id = &m->ids[target];
    if (++id->n_decos > m->limits->decorations)
        return module_refuse(m, -E2BIG, "id %u has more than %u decorations",
                             target, m->limits->decorations);
    if (m->n_decos + 1 >= m->room_decos) {
        uint32_t room = m->room_decos ? m->room_decos * 2 : 256;
        struct deco *more = realloc(m->decos, room * sizeof(*more));

        if (!more)
            return -ENOMEM;
        m->decos = more;
        m->room_decos = room;
    }
    m->decos[++m->n_decos] = (struct deco){i->at, id->decos};
    id->decos = m->n_decos;
    return 0;
}

static int scan_entry(struct module *m, const struct insn *i)
{
    static const uint8_t stages[] = {
        [SpvExecutionModelVertex] = SHADER_VERTEX,
        [SpvExecutionModelTessellationControl] = SHADER_TESS_CONTROL,
        [SpvExecutionModelTessellationEvaluation] = SHADER_TESS_EVALUATION,
        [SpvExecutionModelGeometry] = SHADER_GEOMETRY,
        [SpvExecutionModelFragment] = SHADER_FRAGMENT,
        [SpvExecutionModelGLCompute] = SHADER_COMPUTE,
    };

    if (m->entry_at)
        return module_refuse(m, -ENOTSUP, "more than one entry point");
    if (arg(i, 1) >= sizeof(stages))
        return module_refuse(m, -ENOTSUP, "execution model %u is not offered",
                             arg(i, 1));
    /* "main" and its end, in two words. */
    if (arg(i, 3) != 0x6e69616d || i->n < 5 || i->w[4])
        return module_refuse(m, -ENOTSUP, "the entry point is not \"main\"");
    m->info->stage = stages[arg(i, 1)];
    m->entry_at = i->at;
    m->main = arg(i, 2);
    return 0;
}

/* ---- The pass -------------------------------------------------------- */

static int scan_result(struct module *m, const struct insn *i)
{
    bool result, typed;
    uint32_t number;
    struct id *id;

    SpvHasResultAndType((SpvOp)i->op, &result, &typed);
    if (!result)
        return 0;
    number = arg(i, typed ? 2 : 1);
    if (!number || number >= m->bound)
        return module_refuse(m, -EINVAL, "id %u is not below the bound",
                             number);
    id = &m->ids[number];
    if (id->at)
        return module_refuse(m, -EINVAL, "id %u is there twice", number);
    if (!typed && i->op >= SpvOpTypeVoid && i->op <= SpvOpTypePipe) {
        int rc = scan_type(m, i, id);

        id->op = i->op;
        id->at = i->at; /* only now: a type has no part in itself */
        return rc;
    }
    id->at = i->at;
    id->op = i->op;
    if (!typed)
        return 0;
    id->type = arg(i, 1);
    return scan_value(m, i, id);
}

static int scan_insn(struct module *m, const struct insn *i)
{
    int rc = module_allowed(m, i);

    rc = rc ? rc : scan_result(m, i);
    if (rc)
        return rc;
    switch (i->op) {
    case SpvOpEntryPoint:
        return scan_entry(m, i);
    case SpvOpMemoryModel:
        m->memory_model_at = i->at;
        return 0;
    case SpvOpExtInstImport:
        m->glsl = arg(i, 1);
        return 0;
    case SpvOpDecorate:
    case SpvOpDecorateId:
    case SpvOpMemberDecorate:
        return scan_decoration(m, i);
    case SpvOpVariable:
        return scan_variable(m, i);
    case SpvOpFunction:
        if (!m->first_function)
            m->first_function = i->at;
        return 0;
    default:
        return 0;
    }
}

int module_scan(struct module *m)
{
    uint32_t at = SPIRV_HEADER;
    struct insn i;
    int rc = 0;

    while (!rc && at < m->n_words) {
        i = module_insn(m, at);
        if (!i.n || i.n > m->n_words - at)
            return module_refuse(m, -EINVAL,
                                 "the instruction at word %u is %u words long",
                                 at, i.n);
        rc = scan_insn(m, &i);
        at += i.n;
    }
    if (rc)
        return rc;
    if (!m->entry_at || !m->first_function || !m->memory_model_at)
        return module_refuse(m, -EINVAL, "no entry point, or no function");
    return 0;
}
