/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gl-picture draws on: a picture in memory, by a DRM node or without any
 * (Mesa's software driver), or a display. */
#ifndef LAB_GL_TARGET_H
#define LAB_GL_TARGET_H

#include "kms.h"

#include <EGL/egl.h>
#include <stdbool.h>

struct gbm_device;
struct gbm_surface;
struct gbm_bo;

struct gl_target {
    int width, height;
    EGLDisplay display;
    EGLContext context;
    EGLSurface surface; /* with a screen only */
    unsigned int fb;    /* OpenGL's */
    struct gbm_device *gbm;
    struct gbm_surface *buffers;
    struct gbm_bo *front;
    struct kms screen;
    int fd;
};

/* All return 0 or a negative errno, and say what failed. */

/* node NULL: the software driver in this process. */
int gl_target_memory(struct gl_target *t, const char *node, int width,
                     int height);
int gl_target_screen(struct gl_target *t, const char *node,
                     unsigned int scanout);
/* After each frame; on a screen shows it. */
int gl_target_frame(struct gl_target *t);
void gl_target_close(struct gl_target *t);

#endif
