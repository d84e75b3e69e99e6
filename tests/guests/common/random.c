/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled". */
uint64_t random_next(void)
{
    static uint64_t state;

    if (!state)
        state = plat_arg("seed", 1) * 0x9e3779b97f4a7c15 | 1;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

uint64_t random_below(uint64_t n)
{
    return (unsigned __int128)random_next() * n >> 64;
}

void random_fill(void *buf, uint64_t bytes)
{
    uint64_t *p = buf;

    for (uint64_t i = 0; i < bytes / 8; i++)
        p[i] = random_next();
}

uint64_t first_difference(const void *a, const void *b, uint64_t bytes)
{
    const uint8_t *x = a, *y = b;
    uint64_t i = 0;

    while (i + 8 <= bytes &&
           *(const uint64_t *)(x + i) == *(const uint64_t *)(y + i))
        i += 8;
    while (i < bytes && x[i] == y[i])
        i++;
    return i;
}
