/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen-vgpu/csr.h>

#include "tools/file.h"

static bool take_size(const json_t *about, const char *key, uint32_t max,
                      uint32_t *value)
{
    const json_t *v = json_object_get(about, key);
    json_int_t n = json_integer_value(v);

    *value = (uint32_t)n;
    return json_is_integer(v) && n > 0 && n <= (json_int_t)max;
}

const char *picture_map(struct picture *p, const json_t *about, int fd)
{
    const void *map;
    const char *why;
    uint32_t format;

    if (!take_size(about, "width", XVGPU_SCANOUT_MAX, &p->width) ||
        !take_size(about, "height", XVGPU_SCANOUT_MAX, &p->height) ||
        !take_size(about, "stride", UINT32_MAX, &p->stride) ||
        !take_size(about, "format", UINT32_MAX, &format) ||
        p->stride / 4 < p->width)
        return "its size makes no sense";
    if (format != XVGPU_FORMAT_XRGB8888)
        return "its format is unknown";
    if (fd < 0)
        return "no picture came with the answer";
    p->size = (size_t)p->height * p->stride;
    map = file_map_sealed(fd, p->size, &why);
    if (!map)
        return why;
    p->pixels = map;
    return NULL;
}

void picture_unmap(struct picture *p)
{
    if (p->pixels)
        munmap((void *)(uintptr_t)p->pixels, p->size);
    p->pixels = NULL;
}

struct writer {
    FILE *f;
    png_structp png;
    png_infop info;
    uint8_t *row;
};

/* libpng leaves by longjmp when something fails. */
static int write_png(struct writer *w, const struct picture *p)
{
    const uint8_t *from;
    uint32_t x, y;

    if (setjmp(png_jmpbuf(w->png)))
        return -EIO;
    png_init_io(w->png, w->f);
    png_set_IHDR(w->png, w->info, p->width, p->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    for (y = 0; y < p->height; y++) {
        from = p->pixels + (size_t)y * p->stride;
        for (x = 0; x < p->width; x++) {
            w->row[3 * x] = from[4 * x + 2];
            w->row[3 * x + 1] = from[4 * x + 1];
            w->row[3 * x + 2] = from[4 * x];
        }
        png_write_row(w->png, w->row);
    }
    png_write_end(w->png, w->info);
    return 0;
}

static int write_file(FILE *f, const struct picture *p)
{
    struct writer w = {.f = f};
    int rc = -ENOMEM;

    w.row = malloc((size_t)p->width * 3);
    w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    if (w.png)
        w.info = png_create_info_struct(w.png);
    if (w.row && w.info)
        rc = write_png(&w, p);
    png_destroy_write_struct(&w.png, &w.info);
    free(w.row);
    return rc;
}

int picture_write(const struct picture *p, const char *file)
{
    char *temp = NULL;
    FILE *f = file_create(file, &temp);
    int rc, end;

    if (!f)
        return -errno;
    rc = write_file(f, p);
    end = file_finish(f, temp, rc ? NULL : file);
    return rc ? rc : end;
}
