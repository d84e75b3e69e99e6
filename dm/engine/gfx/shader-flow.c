/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions, blocks, nesting, calls. Drivers inline every call, so a dozen
 * functions that call each other twice are thousands: what counts is how long
 * the entry point is then.
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>
#include <stdlib.h>

#define NESTING_MAX 256u
#define PHI_MAX 1024u /* predecessors */

struct function {
    uint32_t id, insns;
    uint32_t first_call, n_calls; /* in calls[] */
    uint32_t inlined;
    uint32_t next_call; /* of the walk */
    enum { FRESH, OPEN, DONE } state;
};

struct flow {
    struct function *functions;
    uint32_t *calls; /* ids called */
    uint32_t n_functions, n_calls, blocks, nested;
    uint32_t merge[NESTING_MAX]; /* of the constructs that we are in */
    uint32_t nesting;
};

static int flow_merge(struct module *m, struct flow *f, uint32_t block)
{
    uint32_t max = m->limits->nesting;

    if (max > NESTING_MAX)
        max = NESTING_MAX;
    if (f->nesting == max)
        return module_refuse(m, -E2BIG, "blocks are nested more than %u deep",
                             max);
    f->merge[f->nesting++] = block;
    return 0;
}

/* A block that ends a construct ends those inside of it. */
static void flow_label(struct flow *f, uint32_t block)
{
    uint32_t k;

    for (k = f->nesting; k > 0; k--) {
        if (f->merge[k - 1] == block) {
            f->nesting = k - 1;
            return;
        }
    }
}

static int flow_call(struct module *m, struct flow *f, uint32_t callee)
{
    if (f->n_calls == m->limits->calls || !f->n_functions)
        return module_refuse(m, -E2BIG, "more than %u calls", m->limits->calls);
    f->calls[f->n_calls++] = callee;
    f->functions[f->n_functions - 1].n_calls++;
    return 0;
}

static int flow_insn(struct module *m, struct flow *f, const struct insn *i)
{
    if (f->n_functions)
        f->functions[f->n_functions - 1].insns++;
    switch (i->op) {
    case SpvOpFunction:
        if (f->n_functions == m->limits->functions)
            return module_refuse(m, -E2BIG, "more than %u functions",
                                 m->limits->functions);
        f->functions[f->n_functions++] =
            (struct function){.id = arg(i, 2), .first_call = f->n_calls};
        f->nesting = 0;
        return 0;
    case SpvOpLabel:
        if (++f->blocks > m->limits->blocks)
            return module_refuse(m, -E2BIG, "more than %u blocks",
                                 m->limits->blocks);
        flow_label(f, arg(i, 1));
        f->nested += f->nesting;
        if (f->nested > m->limits->nested)
            return module_refuse(m, -E2BIG, "too many blocks in blocks");
        return 0;
    case SpvOpSelectionMerge:
    case SpvOpLoopMerge:
        return flow_merge(m, f, arg(i, 1));
    case SpvOpSwitch:
        if (i->n > 3 + 2 * m->limits->switch_targets)
            return module_refuse(m, -E2BIG, "a switch of %u targets",
                                 (i->n - 3u) / 2);
        return 0;
    case SpvOpPhi:
        if (i->n > 3 + 2 * PHI_MAX)
            return module_refuse(m, -E2BIG, "a value of %u predecessors",
                                 (i->n - 3u) / 2);
        return 0;
    case SpvOpFunctionCall:
        return flow_call(m, f, arg(i, 3));
    default:
        return 0;
    }
}

static struct function *function_of(struct module *m, struct flow *f,
                                    uint32_t id)
{
    const struct id *def = module_id(m, id);

    /* scan left no value in functions' ids: it is their number here. */
    if (def->op != SpvOpFunction || def->value >= f->n_functions)
        return NULL;
    return &f->functions[def->value];
}

/* Depth first, without recursion: each call is followed once. */
static int flow_inline(struct module *m, struct flow *f)
{
    struct function *stack[64], *at = function_of(m, f, m->main), *callee;
    uint32_t depth = 0;
    uint64_t sum;

    if (!at)
        return module_refuse(m, -EINVAL, "the entry point is no function");
    at->state = OPEN;
    at->inlined = at->insns;
    stack[depth++] = at;
    while (depth) {
        at = stack[depth - 1];
        if (at->next_call == at->n_calls) {
            at->state = DONE;
            depth--;
            continue;
        }
        callee = function_of(m, f, f->calls[at->first_call + at->next_call]);
        if (!callee)
            return module_refuse(m, -EINVAL, "a call of no function");
        if (callee->state == OPEN)
            return module_refuse(m, -EINVAL, "function %u calls itself",
                                 callee->id);
        if (callee->state == FRESH) {
            if (depth == sizeof(stack) / sizeof(stack[0]))
                return module_refuse(m, -E2BIG, "calls nested %u deep", depth);
            callee->state = OPEN;
            callee->inlined = callee->insns;
            stack[depth++] = callee;
            continue; /* counted when we are back here */
        }
        sum = (uint64_t)at->inlined + callee->inlined;
        if (sum > m->limits->inlined)
            return module_refuse(m, -E2BIG,
                                 "more than %u instructions with all calls",
                                 m->limits->inlined);
        at->inlined = (uint32_t)sum;
        at->next_call++;
    }
    if (function_of(m, f, m->main)->inlined > m->limits->inlined)
        return module_refuse(m, -E2BIG, "more than %u instructions",
                             m->limits->inlined);
    return 0;
}

int module_flow(struct module *m)
{
    struct flow *f = calloc(1, sizeof(*f));
    uint32_t at, k;
    struct insn i;
    int rc = -ENOMEM;

    if (!f)
        return -ENOMEM;
    f->functions = calloc(m->limits->functions, sizeof(*f->functions));
    f->calls = calloc(m->limits->calls, sizeof(*f->calls));
    if (!f->functions || !f->calls)
        goto out;
    for (rc = 0, at = m->first_function; !rc && at < m->n_words; at += i.n) {
        i = module_insn(m, at);
        rc = flow_insn(m, f, &i);
    }
    if (rc)
        goto out;
    for (k = 0; k < f->n_functions; k++)
        m->ids[f->functions[k].id].value = k;
    rc = flow_inline(m, f);

out:
    free(f->functions);
    free(f->calls);
    free(f);
    return rc;
}
