/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents of the scenes' buffers and images, made with whole numbers only, so
 * that every machine gets the same bytes. The shaders' side is
 * tests/gfx/shaders/frame.glsl.
 */
#ifndef TESTS_GFX_DATA_H
#define TESTS_GFX_DATA_H

#include <stdint.h>

#define DATA_ONE 4096 /* fixed-point numbers count 1/4096 */

uint32_t data_hash(uint32_t x);
uint32_t data_root(uint64_t n); /* square root, rounded down */

/* A point of the cube's surface, faces and axes as in Vulkan's cube maps; s
 * and t from -DATA_ONE to DATA_ONE. */
void data_cube(uint32_t face, int32_t s, int32_t t, int32_t point[3]);
void data_normalize(int32_t v[3], int32_t length);

/* Smooth noise in space, 0 to DATA_ONE - 1. */
uint32_t data_noise(const int32_t at[3], uint32_t octaves, uint32_t seed);

/* images.c */
#define DATA_HEIGHTS_SIDE 128
#define DATA_HEIGHTS_MIPS 8
#define DATA_HEIGHTS_BYTES (6 * 21845 * 4)
#define DATA_DETAIL_SIDE 128
#define DATA_DETAIL_MIPS 8
#define DATA_DETAIL_BYTES (21845 * 4)
void data_heights(void *to, uint32_t size); /* cube; x height, y clouds */
void data_detail(void *to, uint32_t size);  /* grain that can be repeated */

/* meshes.c */
struct data_corner {
    int8_t at[4];
};
#define DATA_PATCHES_SIDE 3
#define DATA_PATCHES (6 * DATA_PATCHES_SIDE * DATA_PATCHES_SIDE)
#define DATA_CORNERS (DATA_PATCHES * 4)
void data_corners(void *to, uint32_t size);

struct data_rock_vertex {
    int16_t at[4];
    int8_t normal[4];
    uint16_t uv[2];
};
#define DATA_ROCK_SIDE 4
#define DATA_ROCK_VERTICES (6 * (DATA_ROCK_SIDE + 1) * (DATA_ROCK_SIDE + 1))
#define DATA_ROCK_INDICES (6 * DATA_ROCK_SIDE * DATA_ROCK_SIDE * 6)
void data_rock_vertices(void *to, uint32_t size);
void data_rock_indices(void *to, uint32_t size);

struct data_item {
    int32_t place[3], extent; /* in 1/DATA_ONE */
    uint8_t colour[4];
    uint32_t seed, unused[2];
};
enum data_items {
    DATA_ROCKS = 0, /* in the ring */
    DATA_ROCKS_END = 900,
    DATA_MOONS = DATA_ROCKS_END, /* larger ones, placed by hand */
    DATA_MOONS_END = DATA_MOONS + 5,
    DATA_SPIKES = DATA_MOONS_END,
    DATA_SPIKES_END = DATA_SPIKES + 3000,
    DATA_STARS = DATA_SPIKES_END,
    DATA_STARS_END = DATA_STARS + 900,
    DATA_ITEMS = DATA_STARS_END,
};
void data_items(void *to, uint32_t size);

#endif
