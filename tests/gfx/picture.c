/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/picture.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 16384u

int picture_read(struct picture *p, const char *file)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    int rc = 0;

    memset(p, 0, sizeof(*p));
    if (!png_image_begin_read_from_file(&image, file)) {
        rc = -EIO;
        goto out;
    }
    image.format = PNG_FORMAT_RGB;
    if (image.width > SIDE_MAX || image.height > SIDE_MAX) {
        snprintf(image.message, sizeof(image.message), "it is too large");
        rc = -E2BIG;
        goto out;
    }
    p->width = image.width;
    p->height = image.height;
    p->rgb = malloc(PNG_IMAGE_SIZE(image));
    if (!p->rgb)
        rc = -ENOMEM;
    else if (!png_image_finish_read(&image, NULL, p->rgb, 0, NULL))
        rc = -EIO;
out:
    if (rc) {
        fprintf(stderr, "cannot read %s: %s\n", file, image.message);
        png_image_free(&image);
        picture_free(p);
    }
    return rc;
}

int picture_write(const struct picture *p, const char *file)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = p->width,
        .height = p->height,
        .format = PNG_FORMAT_RGB,
    };

    if (png_image_write_to_file(&image, file, 0, p->rgb, 0, NULL))
        return 0;
    fprintf(stderr, "cannot write %s: %s\n", file, image.message);
    return -EIO;
}

int picture_from(struct picture *p, const uint8_t *pixels, uint32_t width,
                 uint32_t height, int blue_first)
{
    size_t count = (size_t)width * height;
    int red = blue_first ? 2 : 0;

    p->width = width;
    p->height = height;
    p->rgb = malloc(count * 3);
    if (!p->rgb)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        p->rgb[3 * i] = pixels[4 * i + red];
        p->rgb[3 * i + 1] = pixels[4 * i + 1];
        p->rgb[3 * i + 2] = pixels[4 * i + 2 - red];
    }
    return 0;
}

void picture_free(struct picture *p)
{
    free(p->rgb);
    memset(p, 0, sizeof(*p));
}

/* The largest difference of the three channels. */
static uint32_t off(const uint8_t *a, const uint8_t *b)
{
    uint32_t largest = 0;

    for (int i = 0; i < 3; i++) {
        uint32_t d = (uint32_t)abs(a[i] - b[i]);

        if (d > largest)
            largest = d;
    }
    return largest;
}

int picture_compare(const struct picture *a, const struct picture *b,
                    uint32_t limit, struct picture_difference *d)
{
    memset(d, 0, sizeof(*d));
    if (a->width != b->width || a->height != b->height)
        return -EINVAL;
    d->pixels = a->width * a->height;
    for (uint32_t i = 0; i < d->pixels; i++) {
        uint32_t by = off(a->rgb + 3 * (size_t)i, b->rgb + 3 * (size_t)i);

        if (by)
            d->other++;
        if (by > d->largest)
            d->largest = by;
        if (by > limit && !d->beyond++) {
            d->x = i % a->width;
            d->y = i / a->width;
        }
    }
    return 0;
}
