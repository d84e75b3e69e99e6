/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A viewer's copy of a picture, and what has changed in it. The encoders look
 * at pixels more than once, and must not see them change.
 */
#include "dm/display/display.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TILE 64u /* pixels wide */
#define BAND 16u /* lines high */

_Static_assert(SCANOUT_WIDTH_MAX / TILE <= 64, "a bit for each tile of a band");

int picture_resize(struct picture *p, uint32_t width, uint32_t height)
{
    uint32_t *pixels = calloc((size_t)width * height, sizeof(*pixels));

    if (!pixels)
        return -ENOMEM;
    p->pixels = pixels;
    p->width = width;
    p->height = height;
    return 0;
}

/* The tiles that differ in a line, copied, as a bit mask. */
static uint64_t follow_line(uint32_t *to, const uint32_t *from, uint32_t width)
{
    uint64_t mask = 0;
    uint32_t x, n;

    if (!memcmp(to, from, width * sizeof(*to)))
        return 0;
    for (x = 0; x < width; x += n) {
        n = width - x < TILE ? width - x : TILE;
        if (!memcmp(to + x, from + x, n * sizeof(*to)))
            continue;
        memcpy(to + x, from + x, n * sizeof(*to));
        mask |= UINT64_C(1) << x / TILE;
    }
    return mask;
}

static void tell(const struct picture *p, uint64_t mask, uint32_t y1,
                 uint32_t y2, picture_changed *changed, void *user)
{
    uint32_t first, end, x2;

    while (mask) {
        first = (uint32_t)__builtin_ctzll(mask);
        for (end = first; end < 64 && mask & UINT64_C(1) << end; end++)
            mask &= ~(UINT64_C(1) << end);
        x2 = end * TILE;
        changed(user, first * TILE, y1, x2 < p->width ? x2 : p->width, y2);
    }
}

void picture_follow(struct picture *p, const uint32_t *from, uint32_t line,
                    picture_changed *changed, void *user)
{
    uint64_t mask = 0;
    uint32_t y, top = 0;

    for (y = 0; y < p->height; y++) {
        mask |= follow_line(p->pixels + (size_t)y * p->width,
                            from + (size_t)y * line, p->width);
        if ((y + 1) % BAND && y + 1 < p->height)
            continue;
        if (changed)
            tell(p, mask, top, y + 1, changed, user);
        mask = 0;
        top = y + 1;
    }
}
