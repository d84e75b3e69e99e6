/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes streams that were good. A stream's command is a header, command
 * [7:0], object [15:8], length in dwords [31:16], and so many dwords.
 */
#include <string.h>

#include "storm.h"

#define CREATE_OBJECT 1u
#define DESTROY_OBJECT 3u
#define SHADER 4u
#define TEXT 6u /* where a shader's text begins, in dwords */
#define COMMANDS 64u
#define OBJECTS 13u
#define COMMANDS_MAX 4096u

struct stream {
    uint32_t *dw, n, room;
    uint32_t at[COMMANDS_MAX], commands;
};

static uint32_t length(const uint32_t *dw)
{
    return (dw[0] >> 16) + 1;
}

static void find_commands(struct stream *s)
{
    uint32_t i;

    s->commands = 0;
    for (i = 0; i < s->n && s->commands < COMMANDS_MAX; i += length(s->dw + i))
        s->at[s->commands++] = i;
}

static void cut(struct stream *s, uint32_t at, uint32_t n)
{
    if (n > s->n - at)
        n = s->n - at;
    memmove(s->dw + at, s->dw + at + n, (s->n - at - n) * 4);
    s->n -= n;
}

static void insert(struct stream *s, uint32_t at, const uint32_t *dw,
                   uint32_t n)
{
    if (n > s->room - s->n)
        return;
    memmove(s->dw + at + n, s->dw + at, (s->n - at) * 4);
    memcpy(s->dw + at, dw, n * 4);
    s->n += n;
}

/* Letters of a shader: a number, a register, a line. */
static void change_text(struct chance *r, char *text, uint32_t n)
{
    static const char likely[] = "0123456789.,[]:-xyzwABCDEGIMNOSTUV\n ";
    uint32_t k = 1 + below(r, 3), at;

    while (k--) {
        at = below(r, n);
        switch (below(r, 5)) {
        case 0:
            text[at] = (char)chance(r);
            break;
        case 1: /* a number becomes another */
            while (at + 1 < n && (text[at] < '0' || text[at] > '9'))
                at++;
            text[at] = (char)('0' + below(r, 10));
            break;
        case 2:
            memmove(text + at, text + at + 1, n - at - 1);
            break;
        case 3:
            memmove(text + at + 1, text + at, n - at - 1);
            text[at] = likely[below(r, sizeof(likely) - 1)];
            break;
        default:
            text[at] = likely[below(r, sizeof(likely) - 1)];
        }
    }
}

static void change_dword(struct chance *r, uint32_t *dw)
{
    switch (below(r, 4)) {
    case 0:
        *dw ^= 1u << below(r, 32);
        break;
    case 1:
        *dw += below(r, 9) - 4;
        break;
    default:
        *dw = odd_number(r);
    }
}

static void change_command(struct chance *r, struct stream *s, uint32_t at,
                           uint32_t n)
{
    uint32_t *dw = s->dw + at;

    if ((dw[0] & 0xffff) == (CREATE_OBJECT | SHADER << 8) && n > TEXT &&
        below(r, 4)) {
        change_text(r, (char *)(dw + TEXT), (n - TEXT) * 4);
        return;
    }
    if (n > 1)
        change_dword(r, dw + 1 + below(r, n - 1));
}

static void mutate_once(struct chance *r, struct stream *s,
                        const struct stream *other)
{
    const uint32_t destroy[] = {
        DESTROY_OBJECT | below(r, OBJECTS) << 8 | 1u << 16, below(r, 64)};
    uint32_t copy[512], i, at, n;

    find_commands(s);
    if (!s->commands)
        return;
    i = below(r, s->commands);
    at = s->at[i];
    n = length(s->dw + at);
    if (n > s->n - at)
        n = s->n - at;
    switch (below(r, 16)) {
    case 0:
        cut(s, at, n);
        break;
    case 1: /* twice */
    case 2: /* or later, or earlier */
        if (n > sizeof(copy) / 4)
            break;
        memcpy(copy, s->dw + at, n * 4);
        insert(s, s->at[below(r, s->commands)], copy, n);
        break;
    case 3:
        s->dw[at] = (s->dw[at] & ~0xffu) | below(r, COMMANDS);
        break;
    case 4:
        s->dw[at] = (s->dw[at] & ~0xff00u) | below(r, OBJECTS) << 8;
        break;
    case 5: /* what follows is read as something else */
        s->dw[at] += (below(r, 7) - 3) << 16;
        break;
    case 6:
        insert(s, at, destroy, 2);
        break;
    case 7:
        if (!other->commands)
            break;
        i = other->at[below(r, other->commands)];
        n = length(other->dw + i);
        if (n <= other->n - i)
            insert(s, at, other->dw + i, n);
        break;
    case 8:
        if (!below(r, 4))
            s->n = at + below(r, n);
        break;
    default:
        change_command(r, s, at, n);
    }
}

uint32_t storm_mutate(struct chance *r, uint32_t *dw, uint32_t n, uint32_t room,
                      const uint32_t *other, uint32_t other_n)
{
    static struct stream s, from;
    uint32_t k = 1 + below(r, 1 + below(r, 8));

    s.dw = dw;
    s.n = n;
    s.room = room;
    from.dw = (uint32_t *)(uintptr_t)other;
    from.n = other_n;
    find_commands(&from);
    while (k--)
        mutate_once(r, &s, &from);
    return s.n;
}
