/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's surface, in a memfd that came from its device process: hostile.
 */
#ifndef TOOLS_PICTURE_H
#define TOOLS_PICTURE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct picture {
    uint32_t width, height, stride; /* stride in bytes */
    const uint8_t *pixels;          /* B, G, R, X in memory */
    size_t size;
};

/* Check what is said about it against the descriptor (sealed, of exactly
 * height * stride bytes), map it. NULL, or what is wrong with it. The
 * descriptor stays the caller's. */
const char *picture_map(struct picture *p, const json_t *about, int fd);
void picture_unmap(struct picture *p);

/* Write a PNG file, complete or not at all. 0 or a negative errno. */
int picture_write(const struct picture *p, const char *file);

#endif
