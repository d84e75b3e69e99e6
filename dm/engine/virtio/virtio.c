/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The row of a virtio-gpu's engine: life, and going on after another. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

static void virtio_close(struct engine *e)
{
    struct vgpu *g = vgpu_of(e);

    /* What is shown stays for the next process. */
    scanout_unmap(g->scanouts);
    g->scanouts = NULL;
    resources_clear(g);
    virgl_close(g);
    store_close(&g->store);
    free(g->request.buf);
    free(g);
    e->backend = NULL;
}

static int virtio_open(struct engine *e)
{
    struct vgpu *g = calloc(1, sizeof(*g));
    uint32_t i;
    int rc;

    if (!g)
        return -ENOMEM;
    g->e = e;
    e->backend = g;
    g->mapped_max = VGPU_MAPPED_MAX;
    /* The device compares with what it has seen, of whichever process. */
    e->fault_count = LINK_READ(e->link->eng.fault_count);
    for (i = 0; i < LINK_QUEUES; i++)
        g->queue_done[i] = LINK_READ(e->link->eng.queue_done[i]);
    rc = store_open(&g->store, e->context);
    if (rc == 0 && e->scanout >= 0)
        rc = scanout_map(e->scanout, 1, &g->scanouts);
    if (rc < 0)
        virtio_close(e);
    return rc;
}

/* Without a renderer there is 2D. */
static int virtio_init(struct engine *e)
{
    int rc = e->limits.plain ? 0 : virgl_open(vgpu_of(e));

    if (rc < 0)
        log_warning("virtio: no 3D: virglrenderer can't start: %s",
                    strerror(-rc));
    return 0;
}

/* The driver begins anew. */
static int virtio_start(struct engine *e)
{
    struct vgpu *g = vgpu_of(e);

    contexts_clear(g);
    scanouts_clear(g);
    resources_clear(g);
    frames_trim(g);
    store_clear(&g->store);
    vgpu_account(g);
    return 0;
}

static int virtio_recover(struct engine *e)
{
    struct vgpu *g = vgpu_of(e);
    int rc = -EPROTO;
    uint32_t i;

    /* The other process had not come to this driver's queues. */
    if (store_is_fresh(&g->store))
        return virtio_start(e);
    resources_clear(g);
    if (store_reopen(&g->store)) {
        resources_recover(g);
        contexts_recover(g);
        scanouts_recover(g);
        rc = 0;
        for (i = 0; i < LINK_QUEUES && rc == 0; i++)
            rc = vgpu_answer_all_dead(g, i);
    }
    /* Whether it was told of what was given back nobody knows. */
    for (i = 0; i < LINK_QUEUES; i++)
        g->due[i] = g->queue[i].size;
    vgpu_interrupt(g);
    vgpu_account(g);
    /* To begin anew would be to run again what has been run. */
    if (rc < 0)
        vgpu_fault(g, rc, 0);
    return 0;
}

static void virtio_invalidate(struct engine *e)
{
    virgl_unmap(vgpu_of(e));
}

static bool virtio_tidy(struct engine *e)
{
    return virgl_tidy(vgpu_of(e));
}

static void virtio_reset(struct engine *e)
{
    vgpu_of(e)->request.busy = false;
}

static void virtio_describe(const struct engine *e, struct engine_host *host)
{
    const struct vgpu *g = e->backend;

    host->device = g->virgl ? virgl_name(g) : "2D";
    host->in_place = true;
    host->processors = !g->virgl || virgl_on_processors(g);
    host->features = 1u << VIRTIO_GPU_F_EDID;
    if (!g->virgl)
        return;
    host->capsets = virgl_capsets(g);
    /* Blobs not in 2D alone, though they would work: Linux makes all its
     * buffers blobs then, and waits for each picture. */
    host->features |= 1u << VIRTIO_GPU_F_VIRGL |
                      1u << VIRTIO_GPU_F_CONTEXT_INIT |
                      1u << VIRTIO_GPU_F_RESOURCE_BLOB;
}

const struct engine_ops virtio_ops = {
    .name = "virtio-gpu",
    .engine = XVGPU_ENGINE_GFX,
    .front = &virtio_front,
    .open = virtio_open,
    .init = virtio_init,
    .describe = virtio_describe,
    .close = virtio_close,
    .start = virtio_start,
    .recover = virtio_recover,
    .reset = virtio_reset,
    .invalidate = virtio_invalidate,
    .tidy = virtio_tidy,
};
