/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virglrenderer, without a window and, where there is no render node, on the
 * processors (EGL's surfaceless platform). All of it in this thread; the
 * driver's threads are its own.
 *
 * What it is given is the guest's, and the library is large: it is taken for
 * what may crash or be taken over at any command. The process is the wall.
 */
#include "dm/engine/virtio/virgl.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/proto.h"

#define NS_PER_MS 1000000ull

/* A wait looks again at once for so long, then from time to time. */
#define SPIN_NS 20000u
#define NAP_NS 100000
#define NAP_MAX_NS 10000000 /* when it is told of fences */

#define CAPSETS 2u /* VIRGL and VIRGL2 */

/* ---- Life -------------------------------------------------------------- */

static void write_fence(void *cookie, uint32_t fence)
{
    const struct vgpu *g = cookie;
    struct virgl *v = g->virgl;

    if (!v || (int32_t)(fence - v->fence_done) <= 0)
        return;
    v->fence_done = fence;
    v->done_ns = engine_clock(g->e);
    watch_from(v, fence == v->fence ? 0 : v->done_ns);
}

/* The library's own messages, which a guest may cause as often as it likes. */
static struct log_limit said;

static void tell(const char *format, va_list args)
{
    char text[160];
    size_t n;

    vsnprintf(text, sizeof(text), format, args);
    for (n = 0; text[n] >= ' ' && text[n] <= '~'; n++)
        ;
    text[n] = '\0';
    if (n)
        log_limited(&said, LOG_INFO, "virglrenderer: %s", text);
}

static bool has_library(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);

    if (library)
        dlclose(library);
    return library;
}

/* libepoxy, by which virglrenderer calls GL, aborts when it misses these. */
static bool has_gl(void)
{
    return has_library("libEGL.so.1") &&
           (has_library("libOpenGL.so.0") || has_library("libGL.so.1"));
}

/* The first context, and the first one in it: a driver looks into files for
 * them, and these can still be opened. */
static void warm_up(struct vgpu *g)
{
    /* CREATE_SUB_CTX and SET_SUB_CTX (src/virgl_protocol.h), of number 1. */
    uint32_t stream[] = {1u << 16 | 29, 1, 1u << 16 | 28, 1};
    static const char name[] = "first";
    const uint32_t id = 1;

    if (virgl_renderer_context_create(id, sizeof(name) - 1, name))
        return;
    virgl_renderer_submit_cmd(stream, (int)id, sizeof(stream) / 4);
    g->virgl->begun = true;
    virgl_wait(g, virgl_mark(g));
    virgl_renderer_context_destroy(id);
}

int virgl_open(struct vgpu *g)
{
    static struct virgl_renderer_callbacks callbacks = {
        .version = 1, .write_fence = write_fence};
    uint32_t id, version, size;
    struct virgl *v;
    int rc;

    if (!has_gl())
        return -ENODEV;
    v = calloc(1, sizeof(*v));
    if (!v)
        return -ENOMEM;
    virgl_set_debug_callback(tell);
    g->virgl = v;
    v->draws = 16;
    /* Where the sandbox shows render nodes, if the host has any. */
    v->on_processors = access("/dev/dri", F_OK) < 0;
    rc = virgl_renderer_init(g,
                             VIRGL_RENDERER_USE_EGL |
                                 VIRGL_RENDERER_USE_SURFACELESS |
                                 VIRGL_RENDERER_THREAD_SYNC,
                             &callbacks);
    if (rc) {
        free(v);
        g->virgl = NULL;
        return -ENODEV;
    }
    v->poll_fd = g->e->async_fd = virgl_renderer_get_poll_fd();
    for (id = 1; id <= CAPSETS; id++) {
        virgl_renderer_get_cap_set(id, &version, &size);
        if (!size)
            break;
        v->capsets = id;
    }
    rc = watch_start(v, g->e);
    if (rc < 0) {
        virgl_close(g);
        return rc;
    }
    warm_up(g);
    virgl_find_name(v);
    return 0;
}

void virgl_close(struct vgpu *g)
{
    uint32_t i;

    if (!g->virgl)
        return;
    g->e->async_fd = -1;
    watch_stop(g->virgl);
    virgl_renderer_cleanup(g);
    while (virgl_tidy(g))
        ;
    for (i = 0; i < VGPU_CONTEXTS; i++)
        track_forget(g->virgl, i);
    free(g->virgl);
    g->virgl = NULL;
}

uint32_t virgl_capsets(const struct vgpu *g)
{
    return g->virgl->capsets;
}

const char *virgl_name(const struct vgpu *g)
{
    return g->virgl->name;
}

bool virgl_on_processors(const struct vgpu *g)
{
    return g->virgl->on_processors;
}

/* ---- Waiting ------------------------------------------------------------- */

static bool passed(const struct virgl *v, uint32_t mark)
{
    return (int32_t)(v->fence_done - mark) >= 0;
}

uint32_t virgl_mark(struct vgpu *g)
{
    struct virgl *v = g->virgl;

    if (v->begun) {
        v->begun = false;
        if (v->fence == v->fence_done)
            v->done_ns = engine_clock(g->e);
        if (!++v->fence) /* 0 is no mark */
            v->fence++;
        if (virgl_renderer_create_fence((int)v->fence, 0))
            v->fence_done = v->fence;
        else
            watch_from(v, v->done_ns);
    }
    return passed(v, v->fence) ? 0 : v->fence;
}

bool virgl_passed(struct vgpu *g, uint32_t mark)
{
    struct virgl *v = g->virgl;

    if (!mark || passed(v, mark))
        return true;
    virgl_renderer_poll();
    if (passed(v, mark))
        return true;
    if (engine_since(g->e, v->done_ns) > g->e->limits.watchdog_ms * NS_PER_MS) {
        log_limited(&v->log, LOG_WARNING,
                    "virtio: the renderer does not end: giving up");
        _exit(PROTO_EXIT_HUNG);
    }
    return false;
}

void virgl_wait(struct vgpu *g, uint32_t mark)
{
    struct pollfd pfd = {.fd = g->virgl->poll_fd, .events = POLLIN};
    const struct timespec nap = {.tv_nsec = pfd.fd < 0 ? NAP_NS : NAP_MAX_NS};
    uint64_t start = engine_clock(g->e);

    while (!virgl_passed(g, mark)) {
        if (engine_since(g->e, start) >= SPIN_NS)
            ppoll(&pfd, 1, &nap, NULL);
    }
}

void virgl_enter(struct vgpu *g)
{
    struct virgl *v = g->virgl;

    v->begun = true;
    if (v->fence == v->fence_done)
        watch_from(v, engine_clock(g->e));
}

void virgl_leave(struct vgpu *g)
{
    if (g->virgl->fence == g->virgl->fence_done)
        watch_from(g->virgl, 0);
}

void virgl_go_on(struct vgpu *g)
{
    uint32_t before = g->virgl->part;

    g->virgl->begun = true;
    g->virgl->part = virgl_mark(g);
    virgl_wait(g, before);
}

/* ---- Resources ------------------------------------------------------------
 */

static int create_blob(struct resource *r, const struct iovec *iov, uint32_t n)
{
    const struct virgl_renderer_resource_create_blob_args args = {
        .res_handle = r->id,
        .ctx_id = r->s->blob_context,
        .blob_mem = r->s->blob_mem,
        .blob_flags = r->s->blob_flags,
        .blob_id = r->s->blob_id,
        .size = r->s->size,
        .iovecs = iov,
        .num_iovs = n,
    };
    int rc = virgl_renderer_resource_create_blob(&args);

    r->made = rc == 0;
    return rc;
}

uint32_t virgl_create(struct vgpu *g, struct resource *r)
{
    const struct saved_resource *s = r->s;
    struct virgl_renderer_resource_create_args args = {
        .handle = r->id,
        .target = s->target,
        .format = s->format,
        .bind = s->bind,
        .width = s->width,
        .height = s->height,
        .depth = s->depth,
        .array_size = s->array_size,
        .last_level = s->last_level,
        .nr_samples = s->nr_samples,
        .flags = s->flags,
    };

    if (!g->virgl)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    if (!s->blob_mem)
        r->made = virgl_renderer_resource_create(&args, NULL, 0) == 0;
    else if (s->blob_mem == VIRTIO_GPU_BLOB_MEM_HOST3D)
        create_blob(r, NULL, 0);
    else
        return 0;
    return r->made ? 0 : VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
}

void virgl_destroy(struct vgpu *g, struct resource *r)
{
    if (r->s->is_3d && r->made && g->virgl)
        virgl_renderer_resource_unref(r->id);
}

int virgl_attach(struct resource *r)
{
    struct iovec *iov;
    int n;

    if (!r->made) {
        if (create_blob(r, r->iov, r->nr_iov))
            return -1;
        /* What it is made of has not heard of the pages (as of 0.10.4). */
        virgl_renderer_resource_detach_iov((int)r->id, &iov, &n);
    }
    return virgl_renderer_resource_attach_iov((int)r->id, r->iov,
                                              (int)r->nr_iov)
               ? -1
               : 0;
}

int virgl_read(struct vgpu *g, const struct resource *r,
               const struct virtio_gpu_rect *rect, uint32_t *to)
{
    struct virtio_gpu_box box = {rect->x,     rect->y,      0,
                                 rect->width, rect->height, 1};
    uint32_t stride = 4 * rect->width;
    struct iovec iov = {to, (size_t)stride * rect->height};
    int rc;

    virgl_wait(g, virgl_mark(g));
    virgl_enter(g);
    virgl_renderer_force_ctx_0();
    rc = virgl_renderer_transfer_read_iov(r->id, 0, 0, stride, 0,
                                          (struct virgl_box *)&box, 0, &iov, 1);
    virgl_leave(g);
    return rc ? -1 : 0;
}

bool virgl_has_surface(const struct resource *r,
                       const struct saved_surface *surface)
{
    struct virgl_renderer_resource_info info;

    return r->made &&
           virgl_renderer_resource_get_info((int)r->id, &info) == 0 &&
           info.virgl_format == surface->format &&
           surface->width <= info.width && surface->height <= info.height &&
           !surface->offset;
}

void virgl_fill(struct vgpu *g, struct resource *r)
{
    const struct saved_resource *s = r->s;
    struct virtio_gpu_box box = {0, 0, 0, s->width, s->height, s->depth};

    virgl_enter(g);
    virgl_renderer_transfer_write_iov(r->id, 0, 0, 0, 0,
                                      (struct virgl_box *)&box, 0, NULL, 0);
    virgl_leave(g);
}
