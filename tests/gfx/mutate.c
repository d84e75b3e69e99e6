/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/mutate.h"

#include <stdbool.h>
#include <string.h>

#define SPV_ENABLE_UTILITY_CODE
#include <spirv_cross/spirv.h>

#define HEADER 5u

struct random {
    uint64_t state;
};

/* SplitMix64: any number is a good start. */
static uint32_t draw(struct random *r, uint32_t below)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    z ^= z >> 31;
    return (uint32_t)((z >> 32) * below >> 32);
}

struct mutant {
    uint32_t *w, n;
    struct random r;
};

/* The start of an instruction, any but the header. */
static uint32_t pick(struct mutant *m)
{
    uint32_t at = HEADER, count = 0, chosen = HEADER, len;

    while (at < m->n) {
        if (!draw(&m->r, ++count))
            chosen = at;
        len = m->w[at] >> 16;
        at += len ? len : 1;
    }
    return chosen < m->n ? chosen : m->n - 1;
}

static uint32_t length_at(const struct mutant *m, uint32_t at)
{
    uint32_t len = m->w[at] >> 16;

    if (!len)
        len = 1;
    return len > m->n - at ? m->n - at : len;
}

/* Numbers that are at the edges of something. */
static uint32_t interesting(struct random *r)
{
    static const uint32_t values[] = {
        0,    1,     2,        3,          4,          5,          7,
        8,    15,    16,       31,         32,         33,         63,
        64,   127,   128,      255,        256,        1023,       1024,
        1025, 32768, 65536,    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
        100,  12345, 1u << 20, 0x3f800000, 0x7f800000, 0x7fc00000,
    };

    return values[draw(r, sizeof(values) / sizeof(values[0]))];
}

static void insert(struct mutant *m, uint32_t at, const uint32_t *w, uint32_t n)
{
    if (n > MUTANT_WORDS - m->n)
        return;
    memmove(m->w + at + n, m->w + at, (m->n - at) * sizeof(*w));
    memcpy(m->w + at, w, n * sizeof(*w));
    m->n += n;
}

static void cut(struct mutant *m, uint32_t at, uint32_t n)
{
    memmove(m->w + at, m->w + at + n, (m->n - at - n) * sizeof(*m->w));
    m->n -= n;
}

/* An instruction that says a number, and the operand that does; 0: none was
 * found. */
static uint32_t pick_number(struct mutant *m)
{
    uint32_t tries, at, len;

    for (tries = 0; tries < 256; tries++) {
        at = pick(m);
        len = length_at(m, at);
        switch (m->w[at] & 0xffff) {
        case SpvOpConstant:
        case SpvOpSpecConstant:
        case SpvOpDecorate:
        case SpvOpMemberDecorate:
        case SpvOpExecutionMode:
        case SpvOpTypeArray:
        case SpvOpCompositeExtract:
            return at + len - 1;
        case SpvOpTypeImage:
        case SpvOpVectorShuffle:
        case SpvOpExtInst:
            if (len > 4)
                return at + 4 + draw(&m->r, len - 4);
        }
    }
    return 0;
}

#define IDS 4096u

/* The type of each id. */
static void find_types(const struct mutant *m, uint32_t *types)
{
    uint32_t at = HEADER;
    bool result, typed;

    memset(types, 0, IDS * sizeof(*types));
    for (; at < m->n; at += length_at(m, at)) {
        SpvHasResultAndType((SpvOp)(m->w[at] & 0xffff), &result, &typed);
        if (typed && length_at(m, at) > 2 && m->w[at + 2] < IDS)
            types[m->w[at + 2]] = m->w[at + 1];
    }
}

/* Another value of the same type, often one that is known there. */
static void other_value(struct mutant *m)
{
    static uint32_t types[IDS];
    uint32_t at, k, len, tries, type, id, step;
    bool result, typed;

    find_types(m, types);
    for (tries = 0; tries < 64; tries++) {
        at = pick(m);
        len = length_at(m, at);
        SpvHasResultAndType((SpvOp)(m->w[at] & 0xffff), &result, &typed);
        k = typed ? 3 : 1;
        if (len <= k || (result && !typed))
            continue;
        k = at + k + draw(&m->r, len - k);
        type = m->w[k] < IDS ? types[m->w[k]] : 0;
        if (!type)
            continue;
        id = draw(&m->r, IDS);
        for (step = 0; step < IDS; step++, id = (id + 1) % IDS) {
            if (types[id] == type && id != m->w[k] && draw(&m->r, 4)) {
                m->w[k] = id;
                return;
            }
        }
    }
}

/* What a validator of types has little against. */
static void mutate_gently(struct mutant *m)
{
    uint32_t k;

    if (draw(&m->r, 2)) {
        other_value(m);
        return;
    }
    k = pick_number(m);
    if (!k)
        return;
    switch (draw(&m->r, 4)) {
    case 0:
        m->w[k] = interesting(&m->r);
        break;
    case 1:
        m->w[k] ^= 1u << draw(&m->r, 32);
        break;
    case 2:
        m->w[k] ^= 1u << draw(&m->r, 4);
        break;
    default:
        m->w[k] += draw(&m->r, 2) ? 1 : UINT32_MAX;
    }
}

/* Most keep the grammar, so that they come further than the first reader. */
static void mutate(struct mutant *m)
{
    struct mutant_seed other;
    uint32_t at = pick(m), len = length_at(m, at), k, other_at, w;
    struct mutant donor;

    k = len > 1 ? at + 1 + draw(&m->r, len - 1) : at;
    switch (draw(&m->r, 16)) {
    case 0: /* any bit of the module */
        m->w[draw(&m->r, m->n)] ^= 1u << draw(&m->r, 32);
        break;
    case 1: /* a low bit of an operand */
        m->w[k] ^= 1u << draw(&m->r, 6);
        break;
    case 2:
    case 3:
        m->w[k] += draw(&m->r, 2) ? 1 : UINT32_MAX;
        break;
    case 4:
    case 5:
        m->w[k] = interesting(&m->r);
        break;
    case 6:
    case 7: /* any id */
        m->w[k] = 1 + draw(&m->r, m->w[3] ? m->w[3] : 1);
        break;
    case 8: /* another operand, or opcode of the same length */
        m->w[at] = (m->w[at] & 0xffff0000u) |
                   (((m->w[at] & 0xffff) + draw(&m->r, 9) - 4) & 0xffff);
        break;
    case 9: /* two words of an instruction */
        other_at = at + draw(&m->r, len);
        w = m->w[k];
        m->w[k] = m->w[other_at];
        m->w[other_at] = w;
        break;
    case 10: /* a whole instruction */
        cut(m, at, len);
        break;
    case 11: /* twice */
        if (len <= MUTANT_WORDS - m->n) {
            memmove(m->w + at + len, m->w + at, (m->n - at) * sizeof(*m->w));
            m->n += len;
        }
        break;
    case 12: /* the operand of another instruction of this opcode */
    case 13:
        donor = *m;
        for (w = 0; w < 64; w++) {
            other_at = pick(m);
            if (other_at != at && m->w[other_at] == m->w[at])
                break;
        }
        if (w < 64 && len > 1)
            m->w[k] = m->w[other_at + (k - at)];
        break;
    case 14: /* an instruction of another module */
        other = mutant_seed(draw(&m->r, mutant_seeds));
        donor = (struct mutant){(uint32_t *)other.words, other.n, m->r};
        other_at = pick(&donor);
        m->r = donor.r;
        insert(m, at, other.words + other_at, length_at(&donor, other_at));
        break;
    default: /* in place of one of the same length, or the whole rest */
        other = mutant_seed(draw(&m->r, mutant_seeds));
        donor = (struct mutant){(uint32_t *)other.words, other.n, m->r};
        other_at = pick(&donor);
        m->r = donor.r;
        if (draw(&m->r, 8)) {
            cut(m, at, len);
            insert(m, at, other.words + other_at, length_at(&donor, other_at));
        } else {
            m->n = at;
            insert(m, at, other.words + other_at, other.n - other_at);
        }
        break;
    }
}

unsigned int mutant_make(uint32_t seed, uint32_t number, uint32_t *words,
                         uint32_t *n)
{
    struct mutant m = {words, 0, {(uint64_t)seed << 32 | number}};
    unsigned int which = draw(&m.r, mutant_seeds);
    unsigned int times = 1 + draw(&m.r, 3);
    struct mutant_seed from = mutant_seed(which);
    bool gently = draw(&m.r, 2);

    m.n = from.n < MUTANT_WORDS ? from.n : MUTANT_WORDS;
    memcpy(words, from.words, m.n * sizeof(*words));
    while (times-- && m.n > HEADER) {
        if (gently)
            mutate_gently(&m);
        else
            mutate(&m);
    }
    *n = m.n;
    return which;
}
