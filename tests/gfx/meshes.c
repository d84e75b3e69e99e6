/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/data.h"

#include <stdbool.h>
#include <stddef.h>

void data_corners(void *to, uint32_t size)
{
    const int32_t n = DATA_PATCHES_SIDE;
    struct data_corner *out = to;

    if (size < DATA_CORNERS * sizeof(*out))
        return;
    for (uint32_t i = 0; i < DATA_CORNERS; i++) {
        uint32_t patch = i / 4 % (n * n), at = i % 4;
        int32_t s = (int32_t)(patch % n + (at == 2 || at == 3));
        int32_t t = (int32_t)(patch / n + (at == 1 || at == 2));
        int32_t p[3];

        data_cube(i / 4 / (n * n), (2 * s - n) * DATA_ONE / n,
                  (2 * t - n) * DATA_ONE / n, p);
        for (int k = 0; k < 3; k++)
            out[i].at[k] = (int8_t)(p[k] * 127 / DATA_ONE);
        out[i].at[3] = 127;
    }
}

/* Where a rock's surface is in the direction of a point of the cube. */
static void rock_point(uint32_t face, int32_t s, int32_t t, int32_t p[3])
{
    int32_t at[3];

    data_cube(face, s, t, p);
    data_normalize(p, DATA_ONE);
    for (int k = 0; k < 3; k++)
        at[k] = p[k] * 3 / 2;
    data_normalize(p,
                   2600 + (int32_t)data_noise(at, 3, 0xa5) * 1400 / DATA_ONE);
}

static void rock_normal(uint32_t face, int32_t s, int32_t t, int32_t n[3])
{
    const int32_t d = DATA_ONE / 16;
    int32_t left[3], right[3], up[3], down[3];
    int64_t a[3], b[3];

    rock_point(face, s - d, t, left);
    rock_point(face, s + d, t, right);
    rock_point(face, s, t - d, up);
    rock_point(face, s, t + d, down);
    for (int k = 0; k < 3; k++) {
        a[k] = right[k] - left[k];
        b[k] = up[k] - down[k];
    }
    n[0] = (int32_t)(a[1] * b[2] - a[2] * b[1]);
    n[1] = (int32_t)(a[2] * b[0] - a[0] * b[2]);
    n[2] = (int32_t)(a[0] * b[1] - a[1] * b[0]);
    data_normalize(n, 127);
}

void data_rock_vertices(void *to, uint32_t size)
{
    const int32_t side = DATA_ROCK_SIDE;
    struct data_rock_vertex *v = to;

    if (size < DATA_ROCK_VERTICES * sizeof(*v))
        return;
    for (uint32_t i = 0; i < DATA_ROCK_VERTICES; i++, v++) {
        int32_t x = (int32_t)(i % (side + 1));
        int32_t y = (int32_t)(i / (side + 1) % (side + 1));
        uint32_t face = i / ((side + 1) * (side + 1));
        int32_t s = (2 * x - side) * DATA_ONE / side;
        int32_t t = (2 * y - side) * DATA_ONE / side;
        int32_t p[3], n[3];

        rock_point(face, s, t, p);
        rock_normal(face, s, t, n);
        for (int k = 0; k < 3; k++) {
            v->at[k] = (int16_t)(p[k] * 32767 / DATA_ONE);
            v->normal[k] = (int8_t)n[k];
        }
        v->at[3] = 32767;
        v->normal[3] = 0;
        v->uv[0] = (uint16_t)(x * 65535 / side);
        v->uv[1] = (uint16_t)(y * 65535 / side);
    }
}

void data_rock_indices(void *to, uint32_t size)
{
    static const uint8_t corner[6][2] = {{0, 0}, {0, 1}, {1, 1},
                                         {0, 0}, {1, 1}, {1, 0}};
    const uint32_t side = DATA_ROCK_SIDE;
    uint16_t *out = to;

    if (size < DATA_ROCK_INDICES * sizeof(*out))
        return;
    for (uint32_t i = 0; i < DATA_ROCK_INDICES; i++) {
        uint32_t quad = i / 6, face = quad / (side * side);
        uint32_t x = quad % side + corner[i % 6][0];
        uint32_t y = quad / side % side + corner[i % 6][1];

        out[i] = (uint16_t)((face * (side + 1) + y) * (side + 1) + x);
    }
}

/* A number from low to high for each (who, what). */
static int32_t between(uint32_t who, uint32_t what, int32_t low, int32_t high)
{
    uint64_t r = data_hash(data_hash(who + 1) ^ what * 0x9e3779b9u);

    return low + (int32_t)(r * (uint32_t)(high - low) >> 32);
}

/* A point of a shell or of a disc: the first of a few tries that is in it. */
static void place(uint32_t who, bool flat, int32_t inner, int32_t outer,
                  int32_t p[3])
{
    int64_t square;

    for (uint32_t k = 0; k < 64; k++) {
        for (uint32_t i = 0; i < 3; i++)
            p[i] = between(who, 16 + 3 * k + i, -outer, outer);
        if (flat)
            p[1] = 0;
        square =
            (int64_t)p[0] * p[0] + (int64_t)p[1] * p[1] + (int64_t)p[2] * p[2];
        if (square >= (int64_t)inner * inner &&
            square <= (int64_t)outer * outer)
            return;
    }
}

static void colour(struct data_item *it, int32_t r, int32_t g, int32_t b,
                   int32_t a)
{
    it->colour[0] = (uint8_t)r;
    it->colour[1] = (uint8_t)g;
    it->colour[2] = (uint8_t)b;
    it->colour[3] = (uint8_t)a;
}

static void rock(struct data_item *it, uint32_t who)
{
    int32_t shade = between(who, 0, 130, 235), large = between(who, 2, 0, 100);

    place(who, true, 6000, 9100, it->place);
    it->place[1] = between(who, 1, -90, 90);
    it->extent = 40 + large * large * large / 6000;
    colour(it, shade, shade * 7 / 8, shade * 3 / 4, 255);
}

static void spike(struct data_item *it, uint32_t who)
{
    static const uint8_t palette[4][3] = {
        {255, 120, 60}, {255, 70, 140}, {120, 240, 255}, {255, 210, 80}};
    const uint8_t *c = palette[data_hash(who) >> 8 & 3];

    place(who, false, 2000, DATA_ONE, it->place);
    it->extent = between(who, 1, 120, 420);
    colour(it, c[0], c[1], c[2], 255);
}

static void star(struct data_item *it, uint32_t who)
{
    int32_t warm = between(who, 0, 0, 100), bright = between(who, 1, 0, 100);

    place(who, false, 24 * DATA_ONE, 30 * DATA_ONE, it->place);
    it->extent = 300 + bright * bright * bright * bright / 200000;
    colour(it, 255 - warm / 3, 230, 155 + warm, 120 + bright);
}

static void moon(struct data_item *it, uint32_t n)
{
    static const int32_t where[DATA_MOONS_END - DATA_MOONS][4] = {
        {-3385, 4801, 1536, 614},
        {10420, 1380, -5946, 532},
        {-1569, 591, 9082, 205},
        {4735, 3603, -2210, 184},
        {2922, -1862, 8078, 246}};

    for (int k = 0; k < 3; k++)
        it->place[k] = where[n][k];
    it->extent = where[n][3];
    colour(it, 220, 205, 190, 255);
}

void data_items(void *to, uint32_t size)
{
    struct data_item *it = to;

    if (size < DATA_ITEMS * sizeof(*it))
        return;
    for (uint32_t i = 0; i < DATA_ITEMS; i++, it++) {
        it->seed = data_hash(i);
        it->unused[0] = it->unused[1] = 0;
        if (i < DATA_ROCKS_END)
            rock(it, i);
        else if (i < DATA_MOONS_END)
            moon(it, i - DATA_MOONS);
        else if (i < DATA_SPIKES_END)
            spike(it, i);
        else
            star(it, i);
    }
}
