/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A valid module as the driver gets it. Robust buffer access covers buffers;
 * arrays in registers and shared memory are the shader's own affair in
 * Vulkan, and indexed without a look at their length by drivers that run on
 * this very processor: so indices that are no constants are clamped here.
 * The one signed division that traps on x86 (and while Mesa folds constants)
 * gets another divisor; its result is undefined in SPIR-V.
 *
 * Names, sources and unused variables are left out: nothing to parse, and a
 * layout need not have what is unused.
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>
#include <spirv_cross/GLSL.std.450.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which they end up in the module. */
enum part { PART_IMPORTS, PART_HEAD, PART_CONSTANTS, PART_FUNCTIONS, PARTS };

struct words {
    uint32_t *w;
    uint32_t n, room;
};

/* What a guarded division needs, per type. */
struct divisor {
    uint32_t type, min, minus_one, one, boolean;
};

struct rewrite {
    struct module *m;
    struct words parts[PARTS];
    uint32_t next_id, glsl, boolean[5]; /* by vector length */
    struct divisor divisors[8];
    bool failed; /* no memory */
};

/* ---- Emission -------------------------------------------------------- */

static void put_words(struct rewrite *r, enum part part, const uint32_t *w,
                      uint32_t n)
{
    struct words *v = &r->parts[part];

    if (r->failed || !n)
        return;
    if (n > v->room - v->n) {
        uint32_t room = v->room * 2 + n + 256;
        uint32_t *more = realloc(v->w, room * sizeof(*more));

        if (!more) {
            r->failed = true;
            return;
        }
        v->w = more;
        v->room = room;
    }
    memcpy(v->w + v->n, w, n * sizeof(*w));
    v->n += n;
}

#define INSN(op, n) ((uint32_t)(n) << 16 | (uint32_t)(op))
#define PUT(r, part, op, ...)                                                  \
    do {                                                                       \
        const uint32_t put_[] = {0, __VA_ARGS__};                              \
        const uint32_t n_ = sizeof(put_) / sizeof(put_[0]);                    \
        const uint32_t head_ = INSN(op, n_);                                   \
                                                                               \
        put_words(r, part, &head_, 1);                                         \
        put_words(r, part, put_ + 1, n_ - 1);                                  \
    } while (0)

static uint32_t put_constant(struct rewrite *r, uint32_t type, uint32_t value)
{
    uint32_t id = r->next_id++;

    PUT(r, PART_CONSTANTS, SpvOpConstant, type, id, value);
    return id;
}

/* A constant with the same value in all components of an integer type. */
static uint32_t put_splat(struct rewrite *r, uint32_t type, uint32_t value)
{
    uint32_t n = type_length(r->m, type), k, one, id;

    if (!n)
        return put_constant(r, type, value);
    one = put_constant(r, type_element(r->m, type), value);
    id = r->next_id++;
    k = INSN(SpvOpConstantComposite, n + 3);
    put_words(r, PART_CONSTANTS, &k, 1);
    put_words(r, PART_CONSTANTS, &type, 1);
    put_words(r, PART_CONSTANTS, &id, 1);
    for (k = 0; k < n; k++)
        put_words(r, PART_CONSTANTS, &one, 1);
    return id;
}

/* The type of a comparison of vectors of n, or of scalars (0). A type that
 * is no structure must not be there twice. */
static uint32_t bool_type(struct rewrite *r, uint32_t n)
{
    struct module *m = r->m;
    struct insn def;
    uint32_t k, scalar;

    if (r->boolean[n])
        return r->boolean[n];
    scalar = n ? bool_type(r, 0) : 0;
    for (k = 1; k < m->bound; k++) {
        if (m->ids[k].op != SpvOpTypeBool && m->ids[k].op != SpvOpTypeVector)
            continue;
        def = module_def(m, k);
        if (n ? def.op == SpvOpTypeVector && arg(&def, 2) == scalar &&
                    arg(&def, 3) == n
              : def.op == SpvOpTypeBool)
            return r->boolean[n] = k;
    }
    r->boolean[n] = r->next_id++;
    if (n)
        PUT(r, PART_CONSTANTS, SpvOpTypeVector, r->boolean[n], scalar, n);
    else
        PUT(r, PART_CONSTANTS, SpvOpTypeBool, r->boolean[n]);
    return r->boolean[n];
}

/* ---- Indices --------------------------------------------------------- */

static uint32_t clamp(struct rewrite *r, uint32_t index, uint32_t length)
{
    uint32_t type = module_id(r->m, index)->type, id, value;

    if (!length || module_const(r->m, index, &value))
        return index; /* shader-use.c has looked at constants */
    if (!r->glsl)
        r->glsl = r->next_id++;
    value = put_constant(r, type, length - 1);
    id = r->next_id++;
    PUT(r, PART_FUNCTIONS, SpvOpExtInst, type, id, r->glsl, GLSLstd450UMin,
        index, value);
    r->m->info->clamped++;
    return id;
}

/* out[gl_InvocationID] is as long as there are invocations, and some drivers
 * want to see just that. */
static bool own_vertex(const struct module *m, uint32_t storage, uint32_t index)
{
    struct insn load = module_def(m, index);
    uint32_t builtin;

    return m->info->stage == SHADER_TESS_CONTROL &&
           storage == SpvStorageClassOutput && m->info->patch_vertices &&
           load.op == SpvOpLoad &&
           module_decoration(m, arg(&load, 3), NO_MEMBER, SpvDecorationBuiltIn,
                             &builtin) &&
           builtin == SpvBuiltInInvocationId;
}

static bool robust(uint32_t storage)
{
    return storage == SpvStorageClassUniform ||
           storage == SpvStorageClassStorageBuffer ||
           storage == SpvStorageClassUniformConstant;
}

static void put_chain(struct rewrite *r, const struct insn *i)
{
    struct module *m = r->m;
    uint32_t pointer = module_id(m, arg(i, 3))->type;
    uint32_t storage = pointer_class(m, pointer);
    uint32_t type = type_element(m, pointer), k;
    uint32_t chain[64];

    /* Never: a step needs a level of its type. */
    if (robust(storage) || i->n > sizeof(chain) / sizeof(chain[0])) {
        put_words(r, PART_FUNCTIONS, i->w, i->n);
        return;
    }
    memcpy(chain, i->w, i->n * sizeof(*chain));
    for (k = 4; k < i->n; k++) {
        if (k > 4 || !own_vertex(m, storage, chain[k]))
            chain[k] = clamp(r, chain[k], type_length(m, type));
        type = type_step(m, type, i->w[k]);
    }
    put_words(r, PART_FUNCTIONS, chain, i->n);
}

static void put_dynamic(struct rewrite *r, const struct insn *i)
{
    uint32_t copy[6], last = i->n - 1u;

    memcpy(copy, i->w, i->n * sizeof(*copy));
    copy[last] =
        clamp(r, copy[last], type_length(r->m, module_id(r->m, copy[3])->type));
    put_words(r, PART_FUNCTIONS, copy, i->n);
}

/* ---- Divisions ------------------------------------------------------- */

/* Constants without -1 among them. */
static bool harmless(const struct module *m, uint32_t divisor)
{
    struct insn def = module_def(m, divisor);
    uint32_t k, value;

    if (def.op != SpvOpConstantComposite)
        return module_const(m, divisor, &value) && value != UINT32_MAX;
    for (k = 3; k < def.n; k++) {
        if (!module_const(m, def.w[k], &value) || value == UINT32_MAX)
            return false;
    }
    return true;
}

static const struct divisor *divisor_of(struct rewrite *r, uint32_t type)
{
    uint32_t k;

    /* Signed or not, 1 to 4 components. */
    for (k = 0; k < 8; k++) {
        struct divisor *d = &r->divisors[k];

        if (d->type == type)
            return d;
        if (d->type)
            continue;
        d->type = type;
        d->min = put_splat(r, type, 0x80000000u);
        d->minus_one = put_splat(r, type, UINT32_MAX);
        d->one = put_splat(r, type, 1);
        d->boolean = bool_type(r, type_length(r->m, type));
        return d;
    }
    return NULL;
}

static void put_division(struct rewrite *r, const struct insn *i)
{
    uint32_t left = arg(i, 3), right = arg(i, 4), id = r->next_id;
    const struct divisor *l, *d;

    if (harmless(r->m, right)) {
        put_words(r, PART_FUNCTIONS, i->w, i->n);
        return;
    }
    /* Operands may differ in sign from the result. */
    l = divisor_of(r, module_id(r->m, left)->type);
    d = divisor_of(r, module_id(r->m, right)->type);
    if (!l || !d) {
        r->failed = true;
        return;
    }
    id = r->next_id;
    r->next_id += 4;
    PUT(r, PART_FUNCTIONS, SpvOpIEqual, d->boolean, id, left, l->min);
    PUT(r, PART_FUNCTIONS, SpvOpIEqual, d->boolean, id + 1, right,
        d->minus_one);
    PUT(r, PART_FUNCTIONS, SpvOpLogicalAnd, d->boolean, id + 2, id, id + 1);
    PUT(r, PART_FUNCTIONS, SpvOpSelect, d->type, id + 3, id + 2, d->one, right);
    PUT(r, PART_FUNCTIONS, i->op, arg(i, 1), arg(i, 2), left, id + 3);
    r->m->info->guarded++;
}

/* ---- The module ------------------------------------------------------ */

static bool unused(const struct module *m, uint32_t id)
{
    const struct id *v = module_id(m, id);

    return v->op == SpvOpVariable && v->at < m->first_function &&
           !(v->flags & ID_USED);
}

/* Name and interface, the latter without what is gone. */
static void put_entry(struct rewrite *r, const struct insn *i)
{
    struct words *v = &r->parts[PART_HEAD];
    uint32_t at = v->n, k;

    put_words(r, PART_HEAD, i->w, 5); /* "main" is 2 words: shader-scan.c */
    for (k = 5; k < i->n; k++) {
        if (!unused(r->m, i->w[k]))
            put_words(r, PART_HEAD, i->w + k, 1);
    }
    if (!r->failed)
        v->w[at] = INSN(SpvOpEntryPoint, v->n - at);
}

static bool dropped(const struct module *m, const struct insn *i)
{
    switch (i->op) {
    case SpvOpNop:
    case SpvOpSource:
    case SpvOpSourceContinued:
    case SpvOpSourceExtension:
    case SpvOpName:
    case SpvOpMemberName:
    case SpvOpString:
    case SpvOpLine:
    case SpvOpNoLine:
    case SpvOpModuleProcessed:
    case SpvOpDecorateString:
    case SpvOpMemberDecorateString:
        return true;
    case SpvOpDecorate:
    case SpvOpDecorateId:
        return unused(m, arg(i, 1));
    case SpvOpVariable:
        return unused(m, arg(i, 2));
    default:
        return false;
    }
}

static int put_insn(struct rewrite *r, const struct insn *i)
{
    struct module *m = r->m;
    enum part part = PART_FUNCTIONS;

    if (i->at < m->memory_model_at)
        part = PART_IMPORTS;
    else if (i->at < m->first_function)
        part = PART_HEAD;
    if (dropped(m, i))
        return 0;
    switch (i->op) {
    case SpvOpEntryPoint:
        put_entry(r, i);
        break;
    case SpvOpAccessChain:
    case SpvOpInBoundsAccessChain:
        put_chain(r, i);
        break;
    case SpvOpVectorExtractDynamic:
    case SpvOpVectorInsertDynamic:
        put_dynamic(r, i);
        break;
    case SpvOpSDiv:
    case SpvOpSRem:
    case SpvOpSMod:
        put_division(r, i);
        break;
    default:
        put_words(r, part, i->w, i->n);
    }
    if (r->failed)
        return -ENOMEM;
    if (m->info->clamped + m->info->guarded > m->limits->rewritten)
        return module_refuse(m, -E2BIG, "more than %u indices and divisions",
                             m->limits->rewritten);
    return 0;
}

static int join(struct rewrite *r, uint32_t **words, uint32_t *n_words)
{
    uint32_t n = SPIRV_HEADER, k, *w;

    for (k = 0; k < PARTS; k++)
        n += r->parts[k].n;
    w = malloc(n * sizeof(*w));
    if (!w)
        return -ENOMEM;
    memcpy(w, r->m->words, SPIRV_HEADER * sizeof(*w));
    w[2] = 0; /* the generator: nothing may depend on it */
    w[3] = r->next_id;
    n = SPIRV_HEADER;
    for (k = 0; k < PARTS; k++) {
        if (r->parts[k].n)
            memcpy(w + n, r->parts[k].w, r->parts[k].n * sizeof(*w));
        n += r->parts[k].n;
    }
    *words = w;
    *n_words = n;
    return 0;
}

int module_rewrite(struct module *m, uint32_t **words, uint32_t *n_words)
{
    struct rewrite r = {.m = m, .next_id = m->bound, .glsl = m->glsl};
    uint32_t at, k;
    struct insn i;
    int rc = 0;

    for (at = SPIRV_HEADER; !rc && at < m->n_words; at += i.n) {
        i = module_insn(m, at);
        rc = put_insn(&r, &i);
    }
    if (!rc && r.glsl != m->glsl)
        PUT(&r, PART_IMPORTS, SpvOpExtInstImport, r.glsl, 0x4c534c47,
            0x6474732e, 0x3035342e, 0); /* "GLSL.std.450" */
    if (!rc && r.failed)
        rc = -ENOMEM;
    if (!rc)
        rc = join(&r, words, n_words);
    for (k = 0; k < PARTS; k++)
        free(r.parts[k].w);
    return rc;
}
