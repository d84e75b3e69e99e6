/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads for OpenGL ES 3.2: what the lab's guests draw, many small draws, and a
 * few that are large. */
#ifndef BENCH_VIRGL_SCENE_H
#define BENCH_VIRGL_SCENE_H

#include <stdint.h>

struct load {
    const char *name, *text;
    int width, height;
    /* A context is current. Both return 0 or -EIO and say what failed. */
    int (*init)(const struct load *l);
    int (*draw)(const struct load *l, unsigned int frame);
};

const struct load *load_find(const char *name);
/* Of the picture that is there. */
uint64_t load_sum(const struct load *l);

#endif
