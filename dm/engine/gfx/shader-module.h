/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module while it is checked. Nothing is trusted: instructions are read
 * through arg(), which knows their lengths, and ids through module_id(),
 * which knows which there are.
 */
#ifndef DM_ENGINE_GFX_SHADER_MODULE_H
#define DM_ENGINE_GFX_SHADER_MODULE_H

/* SpvHasResultAndType(); shader-type.c has the definition. */
#define SPV_ENABLE_UTILITY_CODE
#include <spirv_cross/spirv.h>

#include "dm/engine/gfx/shader.h"

#define SPIRV_HEADER 5u

struct insn {
    const uint32_t *w; /* w[0]: length and opcode */
    uint32_t at;       /* offset in words */
    uint16_t op, n;
};

/* Operand k counted from 1, 0 if there is none: no id is 0. */
static inline uint32_t arg(const struct insn *i, uint32_t k)
{
    return k < i->n ? i->w[k] : 0;
}

enum id_flag {
    ID_KNOWN = 1,   /* a constant scalar, its value in `value` */
    ID_USED = 2,    /* a global variable that a function names */
    ID_WRITTEN = 4, /* a variable that may be written */
    ID_OPAQUE = 8,  /* a type with an image or a sampler in it */
};

struct id {
    uint32_t at;      /* of the instruction that defines it, 0: none */
    uint32_t type;    /* of the result */
    uint32_t decos;   /* the first in decos[], 0: none */
    uint32_t scalars; /* of a type, saturated */
    uint32_t parts;   /* of a type: types in it, arrays' elements once */
    uint32_t value;
    uint32_t root;    /* of a pointer or image: the variable it came from */
    uint32_t binding; /* of a variable: 1 + its place in info->bindings */
    uint16_t op, n_decos;
    uint8_t depth; /* of a type */
    uint8_t flags;
};

/* OpDecorate, OpMemberDecorate. */
struct deco {
    uint32_t at, next;
};

struct module {
    const uint32_t *words;
    uint32_t n_words, bound;
    const struct shader_limits *limits;
    struct id *ids;     /* [bound] */
    struct deco *decos; /* from 1 on */
    uint32_t n_decos, room_decos;
    uint32_t *globals; /* ids of the variables outside of functions */
    uint32_t n_globals;
    uint32_t entry_at, glsl, first_function, memory_model_at;
    uint32_t main; /* the entry point's function */
    uint32_t values, private_;
    struct shader_info *info;
    char *why;
    size_t why_len;
};

/* Says why and returns rc. */
int module_refuse(struct module *m, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The instruction at an offset that is one's. */
static inline struct insn module_insn(const struct module *m, uint32_t at)
{
    uint32_t word = m->words[at];

    return (struct insn){m->words + at, at, (uint16_t)word,
                         (uint16_t)(word >> 16)};
}

/* An id's instruction, or OpNop without operands. */
static inline struct insn module_def(const struct module *m, uint32_t id)
{
    static const uint32_t nop = 1 << 16;

    if (id >= m->bound || !m->ids[id].at)
        return (struct insn){&nop, 0, SpvOpNop, 1};
    return module_insn(m, m->ids[id].at);
}

/* Never NULL: what isn't there has zeroes. */
static inline const struct id *module_id(const struct module *m, uint32_t id)
{
    return &m->ids[id < m->bound ? id : 0];
}

/* A constant's value. */
static inline bool module_const(const struct module *m, uint32_t id,
                                uint32_t *value)
{
    const struct id *c = module_id(m, id);

    *value = c->value;
    return c->flags & ID_KNOWN;
}

/* The length of an array, vector or matrix type; columns or elements. 0: an
 * array of unknown length, or none of these. */
uint32_t type_length(const struct module *m, uint32_t type);
/* What is inside of those, and of pointers; else 0. */
uint32_t type_element(const struct module *m, uint32_t type);
/* Bytes with explicit offsets, up to the end of what has a known size,
 * saturated. */
uint32_t type_bytes(const struct module *m, uint32_t type);
/* What a scalar, vector or matrix is made of. */
enum shader_base type_base(const struct module *m, uint32_t type);

#define NO_MEMBER UINT32_MAX
/* A decoration of an id or of its member, and its first operand. */
bool module_decoration(const struct module *m, uint32_t id, uint32_t member,
                       SpvDecoration which, uint32_t *value);

/* shader-scan.c: everything that is linear. Fills in ids and decos. */
int module_scan(struct module *m);
/* shader-flow.c: functions, blocks and calls. */
int module_flow(struct module *m);
/* shader-allow.c: 0, or -ENOTSUP with a reason. */
int module_allowed(struct module *m, const struct insn *i);
bool storage_allowed(uint32_t storage_class);
/* shader-builtin.c: whether there is such a one; whether it may be in this
 * stage, and is of the right type; the latter alone. */
bool builtin_offered(uint32_t which);
int builtin_check(struct module *m, uint32_t which, uint32_t type, bool output);
bool builtin_fits(const struct module *m, uint32_t which, uint32_t type);
/* shader-const.c: the value of an OpSpecConstantOp, if it can be told. */
bool module_fold(const struct module *m, const struct insn *i, uint32_t *value);
/* Mesa computes them on this processor: false, if that would trap. */
bool module_fold_safe(const struct module *m, const struct insn *i);
/* shader-use.c: what functions do with variables; index checks. */
int module_use(struct module *m);
/* shader-reflect.c: bindings, modes, sizes. */
int module_reflect(struct module *m);
/* shader-sample.c: what is sampled, and how. */
int module_sample(struct module *m);
/* shader-interface.c: inputs and outputs. */
int module_interface(struct module *m);
/* shader-rewrite.c: 0 and words to be freed. */
int module_rewrite(struct module *m, uint32_t **words, uint32_t *n_words);

/* The type that an access chain's index chooses from `type`: the next type,
 * or 0 where it makes no sense. `index` is the id of the index. */
uint32_t type_step(const struct module *m, uint32_t type, uint32_t index);
/* A pointer type's storage class. */
uint32_t pointer_class(const struct module *m, uint32_t type);

#endif
