/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/data.h"

uint32_t data_hash(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

uint32_t data_root(uint64_t n)
{
    uint64_t root = 0, bit = (uint64_t)1 << 62;

    while (bit > n)
        bit >>= 2;
    for (; bit; bit >>= 2) {
        if (n >= root + bit) {
            n -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

void data_cube(uint32_t face, int32_t s, int32_t t, int32_t point[3])
{
    const int32_t one = DATA_ONE;

    switch (face) {
    case 0:
        point[0] = one, point[1] = -t, point[2] = -s;
        break;
    case 1:
        point[0] = -one, point[1] = -t, point[2] = s;
        break;
    case 2:
        point[0] = s, point[1] = one, point[2] = t;
        break;
    case 3:
        point[0] = s, point[1] = -one, point[2] = -t;
        break;
    case 4:
        point[0] = s, point[1] = -t, point[2] = one;
        break;
    default:
        point[0] = -s, point[1] = -t, point[2] = -one;
        break;
    }
}

void data_normalize(int32_t v[3], int32_t length)
{
    int64_t square =
        (int64_t)v[0] * v[0] + (int64_t)v[1] * v[1] + (int64_t)v[2] * v[2];
    int32_t now = (int32_t)data_root((uint64_t)square);

    if (!now)
        now = 1;
    for (int i = 0; i < 3; i++)
        v[i] = (int32_t)((int64_t)v[i] * length / now);
}

static int32_t corner(int32_t x, int32_t y, int32_t z, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u ^
                 (uint32_t)z * 0xcb1ab31fu ^ seed;

    return (int32_t)(data_hash(h) & (DATA_ONE - 1));
}

/* Between 0 and DATA_ONE with no slope at either end. */
static int32_t smooth(int32_t t)
{
    return (int32_t)((int64_t)t * t * (3 * DATA_ONE - 2 * t) >> 24);
}

static int32_t mix(int32_t a, int32_t b, int32_t t)
{
    return a + ((b - a) * t >> 12);
}

static int32_t octave(int32_t x, int32_t y, int32_t z, uint32_t seed)
{
    int32_t ix = x >> 12, iy = y >> 12, iz = z >> 12;
    int32_t tx = smooth(x & (DATA_ONE - 1));
    int32_t ty = smooth(y & (DATA_ONE - 1));
    int32_t tz = smooth(z & (DATA_ONE - 1));
    int32_t plane[2];

    for (int32_t i = 0; i < 2; i++) {
        int32_t low = mix(corner(ix, iy, iz + i, seed),
                          corner(ix + 1, iy, iz + i, seed), tx);
        int32_t high = mix(corner(ix, iy + 1, iz + i, seed),
                           corner(ix + 1, iy + 1, iz + i, seed), tx);

        plane[i] = mix(low, high, ty);
    }
    return mix(plane[0], plane[1], tz);
}

uint32_t data_noise(const int32_t at[3], uint32_t octaves, uint32_t seed)
{
    int32_t sum = 0, span = 0;

    for (uint32_t i = 0; i < octaves; i++) {
        int32_t finer = 1 << i;

        /* Moved, or all octaves would have a corner at the origin. */
        sum += octave(at[0] * finer + 1237, at[1] * finer + 2311,
                      at[2] * finer + 3571, seed + i * 0x9e3779b9u) >>
               i;
        span += DATA_ONE >> i;
    }
    /* The sum of many gathers around the middle: spread it. */
    sum = (sum * 2 - span) * 2048 / span;
    sum = sum * 17 / 10 + 2048;
    return sum < 0 ? 0 : sum >= DATA_ONE ? DATA_ONE - 1 : (uint32_t)sum;
}
