/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which OpenGL driver draws: for people. */
#include <dlfcn.h>
#include <stdio.h>

#include "dm/engine/virtio/virgl.h"

#define GL_RENDERER 0x1f01

/* The library by which virglrenderer calls the driver, as it is there already;
 * its own header would be one more package for this one call. */
static const char *gl_renderer(void)
{
    static const char *const libraries[] = {"libOpenGL.so.0", "libGL.so.1"};
    const unsigned char *(*get_string)(unsigned int) = NULL;
    void *library = NULL;
    unsigned int i;

    for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]) && !library; i++)
        library = dlopen(libraries[i], RTLD_NOW | RTLD_NOLOAD);
    if (!library)
        return NULL;
    /* POSIX' way of making a function of it. It stays open: what it returns is
     * in there. */
    *(void **)&get_string = dlsym(library, "glGetString");
    return get_string ? (const char *)get_string(GL_RENDERER) : NULL;
}

void virgl_find_name(struct virgl *v)
{
    const char *name;

    virgl_renderer_force_ctx_0();
    name = gl_renderer();
    snprintf(v->name, sizeof(v->name), "virglrenderer%s%s", name ? " on " : "",
             name ? name : "");
}
