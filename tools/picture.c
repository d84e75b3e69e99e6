/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen-vgpu/csr.h>

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
    const int seals = F_SEAL_SHRINK | F_SEAL_WRITE;
    struct stat st;
    uint32_t format;
    void *map;
    int got;

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
    got = fcntl(fd, F_GET_SEALS);
    if (got < 0 || (got & seals) != seals)
        return "its memory could change under us";
    if (fstat(fd, &st) || st.st_size < 0 ||
        (uint64_t)st.st_size != (uint64_t)p->height * p->stride)
        return "its memory has another size";
    p->size = (size_t)st.st_size;
    map = mmap(NULL, p->size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return "its memory could not be mapped";
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
    FILE *f = NULL;
    int fd, rc;

    /* Beside the file, so that it can be renamed to it. */
    if (asprintf(&temp, "%s.%ld.tmp", file, (long)getpid()) < 0)
        return -ENOMEM;
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        rc = -errno;
        free(temp);
        return rc;
    }
    f = fdopen(fd, "wb");
    if (!f) {
        rc = -errno;
        close(fd);
        goto out;
    }
    rc = write_file(f, p);
    if (!rc && fflush(f))
        rc = -errno;
    if (fclose(f) && !rc)
        rc = -errno;
    if (!rc && rename(temp, file))
        rc = -errno;

out:
    if (rc)
        unlink(temp);
    free(temp);
    return rc;
}
