/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/data.h"

/* n / DATA_ONE as the bits of a 16-bit float, and back. */
static uint32_t to_half(uint32_t n)
{
    uint32_t e = 0;

    if (!n)
        return 0;
    while (n >> (e + 1))
        e++;
    return (e + 3) << 10 | ((n << 10 >> e) & 0x3ff);
}

static uint32_t from_half(uint32_t h)
{
    return h ? (((h & 0x3ff) | 0x400) << ((h >> 10) - 3)) >> 10 : 0;
}

static uint32_t both_halves(uint32_t x, uint32_t y)
{
    return to_half(x) | to_half(y) << 16;
}

static uint32_t height_texel(uint32_t face, uint32_t x, uint32_t y)
{
    const int32_t side = DATA_HEIGHTS_SIDE;
    int32_t at[3], swirl[3];
    uint32_t height, clouds;

    data_cube(face, (2 * (int32_t)x + 1 - side) * DATA_ONE / side,
              (2 * (int32_t)y + 1 - side) * DATA_ONE / side, at);
    data_normalize(at, 5 * DATA_ONE / 3);
    height = data_noise(at, 6, 0x51);
    /* Clouds are drawn out along the parallels and bent. */
    swirl[0] = at[0] + (int32_t)height;
    swirl[1] = at[1] * 5 / 2;
    swirl[2] = at[2] - (int32_t)height;
    clouds = data_noise(swirl, 5, 0x77);
    return both_halves(height, clouds);
}

static uint32_t height_average(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t x = from_half(a & 0xffff) + from_half(b & 0xffff) +
                 from_half(c & 0xffff) + from_half(d & 0xffff);
    uint32_t y = from_half(a >> 16) + from_half(b >> 16) + from_half(c >> 16) +
                 from_half(d >> 16);

    return both_halves(x / 4, y / 4);
}

static uint32_t byte_average(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t r = 0;

    for (int i = 0; i < 32; i += 8)
        r |= (((a >> i & 0xff) + (b >> i & 0xff) + (c >> i & 0xff) +
               (d >> i & 0xff) + 2) /
              4)
             << i;
    return r;
}

typedef uint32_t texel_fn(uint32_t face, uint32_t x, uint32_t y);
typedef uint32_t average_fn(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* All levels of an image of 32-bit texels; sides are powers of two. */
static void fill(uint32_t *to, uint32_t side, uint32_t layers, texel_fn *texel,
                 average_fn *average)
{
    const uint32_t *above = to;

    for (uint32_t i = 0; i < layers; i++)
        for (uint32_t y = 0; y < side; y++)
            for (uint32_t x = 0; x < side; x++)
                *to++ = texel(i, x, y);
    for (side /= 2; side; side /= 2)
        for (uint32_t i = 0; i < layers; i++, above += 4 * side * side)
            for (uint32_t y = 0; y < side; y++)
                for (uint32_t x = 0; x < side; x++) {
                    const uint32_t *at = above + 4 * side * y + 2 * x;

                    *to++ =
                        average(at[0], at[1], at[2 * side], at[2 * side + 1]);
                }
}

void data_heights(void *to, uint32_t size)
{
    if (size >= DATA_HEIGHTS_BYTES)
        fill(to, DATA_HEIGHTS_SIDE, 6, height_texel, height_average);
}

/* On a torus in space noise has no seam; a square one does nearly as well. */
static uint32_t detail_texel(uint32_t face, uint32_t x, uint32_t y)
{
    const uint32_t side = DATA_DETAIL_SIDE, half = side / 2;
    uint32_t fx = x < half ? x : side - 1 - x;
    uint32_t fy = y < half ? y : side - 1 - y;
    int32_t at[3] = {(int32_t)(fx * 8 * DATA_ONE / side),
                     (int32_t)(fy * 8 * DATA_ONE / side), 0};
    uint32_t fine, coarse, grain;

    (void)face;
    fine = data_noise(at, 5, 0x1f) >> 4;
    at[2] = 9 * DATA_ONE;
    coarse = data_noise(at, 3, 0x2e) >> 4;
    grain = fine * 3 / 4 + coarse / 4;
    return (64 + grain * 3 / 4) | grain << 8 | (48 + grain * 3 / 4) << 16 |
           0xff000000u;
}

void data_detail(void *to, uint32_t size)
{
    if (size >= DATA_DETAIL_BYTES)
        fill(to, DATA_DETAIL_SIDE, 1, detail_texel, byte_average);
}
