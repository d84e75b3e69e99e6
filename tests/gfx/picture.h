/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures in files, and how much two of them differ. */
#ifndef TESTS_GFX_PICTURE_H
#define TESTS_GFX_PICTURE_H

#include <stdint.h>

struct picture {
    uint32_t width, height;
    uint8_t *rgb; /* tightly packed */
};

/* A PNG file. 0 or a negative errno, after a message. */
int picture_read(struct picture *p, const char *file);
int picture_write(const struct picture *p, const char *file);
/* From pixels of four bytes, blue or red first. */
int picture_from(struct picture *p, const uint8_t *pixels, uint32_t width,
                 uint32_t height, int blue_first);
void picture_free(struct picture *p);

struct picture_difference {
    uint32_t pixels;  /* of the picture */
    uint32_t other;   /* pixels that are not the same */
    uint32_t beyond;  /* pixels with a channel more than the limit off */
    uint32_t largest; /* of all channels' differences */
    uint32_t x, y;    /* of the first pixel beyond the limit */
};

/* -EINVAL: they are of different sizes. */
int picture_compare(const struct picture *a, const struct picture *b,
                    uint32_t limit, struct picture_difference *d);

#endif
