/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gl-target.h"

#include <EGL/eglext.h>
#include <GLES3/gl32.h>
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int egl_failed(const char *what)
{
    fprintf(stderr, "gl: %s: EGL error 0x%x\n", what, eglGetError());
    return -EIO;
}

static int make_display(struct gl_target *t, bool software)
{
    if (software)
        t->display = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA,
                                           EGL_DEFAULT_DISPLAY, NULL);
    else
        t->display = eglGetPlatformDisplay(EGL_PLATFORM_GBM_MESA, t->gbm, NULL);
    if (t->display == EGL_NO_DISPLAY || !eglInitialize(t->display, NULL, NULL))
        return egl_failed("initialising");
    if (!eglBindAPI(EGL_OPENGL_ES_API))
        return egl_failed("choosing OpenGL ES");
    return 0;
}

static int make_context(struct gl_target *t, EGLConfig config)
{
    static const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3,
                                     EGL_CONTEXT_MINOR_VERSION, 2, EGL_NONE};

    t->context = eglCreateContext(t->display, config, EGL_NO_CONTEXT, version);
    if (t->context == EGL_NO_CONTEXT)
        return egl_failed("creating a context of OpenGL ES 3.2");
    if (!eglMakeCurrent(t->display, t->surface, t->surface, t->context))
        return egl_failed("using the context");
    return 0;
}

static int open_node(struct gl_target *t, const char *node)
{
    t->fd = open(node, O_RDWR | O_CLOEXEC);
    if (t->fd < 0) {
        int rc = -errno;

        fprintf(stderr, "gl: opening %s: %s\n", node, strerror(errno));
        return rc;
    }
    t->gbm = gbm_create_device(t->fd);
    if (!t->gbm) {
        fprintf(stderr, "gl: no GBM device on %s\n", node);
        return -EIO;
    }
    return 0;
}

static void clear(struct gl_target *t)
{
    memset(t, 0, sizeof(*t));
    t->display = EGL_NO_DISPLAY;
    t->surface = EGL_NO_SURFACE;
    t->fd = t->screen.fd = -1;
}

int gl_target_memory(struct gl_target *t, const char *node, int width,
                     int height)
{
    GLuint colour, depth;
    int rc = 0;

    clear(t);
    t->width = width;
    t->height = height;
    if (node)
        rc = open_node(t, node);
    else /* Mesa would find the DRM node by itself */
        setenv("LIBGL_ALWAYS_SOFTWARE", "1", 1);
    if (!rc)
        rc = make_display(t, !node);
    if (!rc)
        rc = make_context(t, EGL_NO_CONFIG_KHR);
    if (rc)
        return rc;
    glGenFramebuffers(1, &t->fb);
    glBindFramebuffer(GL_FRAMEBUFFER, t->fb);
    glGenTextures(1, &colour);
    glBindTexture(GL_TEXTURE_2D, colour);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, width, height);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D,
                           colour, 0);
    glGenRenderbuffers(1, &depth);
    glBindRenderbuffer(GL_RENDERBUFFER, depth);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_DEPTH_COMPONENT24, width, height);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_ATTACHMENT,
                              GL_RENDERBUFFER, depth);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
        fprintf(stderr, "gl: the framebuffer is not complete\n");
        return -EIO;
    }
    return 0;
}

/* The configuration whose buffers the display shows. */
static int choose_config(struct gl_target *t, EGLConfig *config)
{
    static const EGLint wanted[] = {EGL_SURFACE_TYPE,
                                    EGL_WINDOW_BIT,
                                    EGL_RENDERABLE_TYPE,
                                    EGL_OPENGL_ES3_BIT,
                                    EGL_RED_SIZE,
                                    8,
                                    EGL_DEPTH_SIZE,
                                    16,
                                    EGL_NONE};
    EGLConfig configs[64];
    EGLint n = 0, i, visual;

    if (!eglChooseConfig(t->display, wanted, configs, 64, &n))
        return egl_failed("choosing a configuration");
    for (i = 0; i < n; i++)
        if (eglGetConfigAttrib(t->display, configs[i], EGL_NATIVE_VISUAL_ID,
                               &visual) &&
            visual == GBM_FORMAT_XRGB8888) {
            *config = configs[i];
            return 0;
        }
    fprintf(stderr, "gl: no configuration fits the display\n");
    return -ENOENT;
}

int gl_target_screen(struct gl_target *t, const char *node,
                     unsigned int scanout)
{
    EGLConfig config = NULL;
    int rc;

    clear(t);
    rc = kms_open(&t->screen, node, scanout);
    if (rc)
        return rc;
    t->width = t->screen.mode.hdisplay;
    t->height = t->screen.mode.vdisplay;
    t->gbm = gbm_create_device(t->screen.fd);
    if (!t->gbm)
        return -EIO;
    t->buffers = gbm_surface_create(t->gbm, (uint32_t)t->width,
                                    (uint32_t)t->height, GBM_FORMAT_XRGB8888,
                                    GBM_BO_USE_SCANOUT | GBM_BO_USE_RENDERING);
    if (!t->buffers) {
        fprintf(stderr, "gl: no buffers for the display\n");
        return -EIO;
    }
    rc = make_display(t, false);
    if (!rc)
        rc = choose_config(t, &config);
    if (rc)
        return rc;
    t->surface =
        eglCreatePlatformWindowSurface(t->display, config, t->buffers, NULL);
    if (t->surface == EGL_NO_SURFACE)
        return egl_failed("creating a surface");
    return make_context(t, config);
}

/* Kept with the buffer object: which framebuffer of KMS shows it. */
static int framebuffer_of(struct gl_target *t, struct gbm_bo *bo, uint32_t *fb)
{
    int rc;

    *fb = (uint32_t)(uintptr_t)gbm_bo_get_user_data(bo);
    if (*fb)
        return 0;
    rc = kms_add_fb(&t->screen, gbm_bo_get_width(bo), gbm_bo_get_height(bo),
                    gbm_bo_get_stride(bo), gbm_bo_get_handle(bo).u32, fb);
    if (!rc)
        gbm_bo_set_user_data(bo, (void *)(uintptr_t)*fb, NULL);
    return rc;
}

int gl_target_frame(struct gl_target *t)
{
    struct gbm_bo *bo;
    uint32_t fb;
    int rc;

    if (t->surface == EGL_NO_SURFACE) {
        glFlush();
        return 0;
    }
    if (!eglSwapBuffers(t->display, t->surface))
        return egl_failed("showing a frame");
    bo = gbm_surface_lock_front_buffer(t->buffers);
    if (!bo) {
        fprintf(stderr, "gl: no frame to show\n");
        return -EIO;
    }
    rc = framebuffer_of(t, bo, &fb);
    if (!rc)
        rc = t->front ? kms_flip(&t->screen, fb) : kms_show(&t->screen, fb);
    if (t->front)
        gbm_surface_release_buffer(t->buffers, t->front);
    t->front = bo;
    return rc;
}

void gl_target_close(struct gl_target *t)
{
    if (t->display != EGL_NO_DISPLAY) {
        eglMakeCurrent(t->display, EGL_NO_SURFACE, EGL_NO_SURFACE,
                       EGL_NO_CONTEXT);
        eglTerminate(t->display);
    }
    if (t->front)
        gbm_surface_release_buffer(t->buffers, t->front);
    if (t->buffers)
        gbm_surface_destroy(t->buffers);
    if (t->gbm)
        gbm_device_destroy(t->gbm);
    if (t->fd >= 0)
        close(t->fd);
    kms_close(&t->screen);
}
