/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtqueues as what an engine serves. */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

/* Looks at the queues and the renderer from time to time; when it is told of
 * fences, only to see that they come. */
#define NAP_NS 100000ull
#define NAP_MAX_NS 10000000ull

void vgpu_fault(struct vgpu *g, int rc, uint64_t addr)
{
    struct engine *e = g->e;
    struct link_eng *eng = &e->link->eng;
    uint32_t i;

    engine_fault(e,
                 rc == -EPROTO || rc == -EINVAL ? XVGPU_FAULT_PACKET_FIELD
                                                : XVGPU_FAULT_ADDRESS,
                 addr);
    e->state = LINK_STOPPED;
    g->request.busy = false;
    for (i = 0; i < LINK_QUEUES; i++)
        g->end[i] = g->queue[i].used;
    log_limited(&e->fault_log, LOG_WARNING,
                "virtio: a queue can't be gone on with: %s, address 0x%llx",
                strerror(-rc), (unsigned long long)addr);
    LINK_WRITE(eng->fault_code, e->fault.code);
    LINK_WRITE(eng->fault_addr, addr);
    LINK_WRITE(eng->state, LINK_STOPPED);
    engine_publish(e);
    LINK_WRITE_REL(eng->fault_count, ++e->fault_count);
    engine_signal_fault(e);
}

static uint32_t front_open(struct engine *e)
{
    const struct link_dev *dev = &e->link->dev;
    struct vgpu *g = vgpu_of(e);
    uint64_t features = LINK_READ(dev->features);
    uint32_t i;

    g->driver_3d = features & 1ull << VIRTIO_GPU_F_VIRGL;
    g->driver_init = features & 1ull << VIRTIO_GPU_F_CONTEXT_INIT;
    g->driver_blob = features & 1ull << VIRTIO_GPU_F_RESOURCE_BLOB;
    for (i = 0; i < LINK_QUEUES; i++) {
        if (virtq_open(&g->queue[i], &dev->queue[i], features) < 0)
            return XVGPU_FAULT_RING_BASE;
    }
    return 0;
}

/* Nothing is at fault yet: what the queues hold is looked at when the context
 * is there. Should this process end before it is, that of the driver before is
 * not for this one. */
static void front_start(struct engine *e)
{
    e->state = LINK_RUNNING;
    if (e->preparing && !e->recovering)
        store_forget(&vgpu_of(e)->store);
}

static void front_stop(struct engine *e)
{
    struct vgpu *g = vgpu_of(e);

    memset(g->queue, 0, sizeof(g->queue));
    memset(g->end, 0, sizeof(g->end));
    g->request.busy = false;
    e->cold = false;
    e->job_start_ns = 0;
}

/* Whether a queue has more than when it was last looked at; or a fault. */
static bool look_all(struct vgpu *g)
{
    uint16_t before;
    bool more = false;
    uint32_t i;
    int rc;

    for (i = 0; i < LINK_QUEUES; i++) {
        before = g->queue[i].avail;
        rc = virtq_look(&g->queue[i], g->e->map);
        if (rc < 0) {
            vgpu_fault(g, rc, g->queue[i].bad_addr);
            return true;
        }
        more |= g->queue[i].avail != before;
    }
    return more;
}

static bool front_look(struct engine *e)
{
    return !e->preparing && LINK_READ(e->link->dev.bus_master) &&
           look_all(vgpu_of(e));
}

static bool front_rung(const struct engine *e)
{
    struct vgpu *g = e->backend;
    uint32_t i;

    for (i = 0; i < LINK_QUEUES; i++) {
        if (virtq_look(&g->queue[i], e->map) < 0 || virtq_pending(&g->queue[i]))
            return true;
    }
    return false;
}

static bool front_has_work(const struct engine *e)
{
    const struct vgpu *g = e->backend;
    uint32_t i;

    /* It stays where it is without the right to DMA. */
    if (e->preparing || !LINK_READ(e->link->dev.bus_master))
        return false;
    for (i = 0; i < LINK_QUEUES; i++) {
        if (virtq_pending(&g->queue[i]))
            return true;
    }
    return g->request.busy || vgpu_waits(g);
}

/* Nothing is left but what the renderer does; there may come more. */
static enum step wait_some(struct vgpu *g)
{
    vgpu_interrupt(g);
    engine_nap(g->e, g->e->async_fd < 0 ? NAP_NS : NAP_MAX_NS);
    look_all(g);
    return STEP_DONE;
}

/* Nothing runs on without a grant, whatever has become of the queues. Without
 * the right to DMA answers stay where they are; after a fault there are none.
 */
static void settle(struct vgpu *g)
{
    int rc = 0;

    if (g->virgl)
        virgl_wait(g, virgl_mark(g));
    if (LINK_READ(g->e->link->dev.bus_master) && g->e->state == LINK_RUNNING)
        rc = vgpu_release(g);
    if (rc < 0)
        vgpu_fault(g, rc, g->queue[LINK_QUEUE_CONTROL].bad_addr);
}

static void front_run(struct engine *e)
{
    struct vgpu *g = vgpu_of(e);
    enum step step;

    engine_begin(e);
    do {
        if (!LINK_READ(e->link->dev.bus_master))
            break;
        step = vgpu_step(g);
        if (step == STEP_DONE) {
            vgpu_interrupt_late(g);
            look_all(g);
        } else if (step == STEP_IDLE && vgpu_waits(g)) {
            step = wait_some(g);
        }
    } while (step == STEP_DONE && e->state == LINK_RUNNING &&
             !engine_boundary(e));
    settle(g);
    vgpu_interrupt(g);
    if (!e->grant.stopped_ns)
        e->grant.stopped_ns = clock_ns();
    engine_end(e);
}

static int front_listen(struct engine *e)
{
    struct vgpu *g = vgpu_of(e);
    uint32_t i;
    int rc, more = 0;

    if (e->state != LINK_RUNNING || e->preparing ||
        !LINK_READ(e->link->dev.bus_master))
        return 0;
    for (i = 0; i < LINK_QUEUES; i++) {
        rc = virtq_listen(&g->queue[i], e->map);
        if (rc < 0) {
            vgpu_fault(g, rc, g->queue[i].bad_addr);
            return 0;
        }
        more |= rc;
    }
    return more;
}

const struct engine_front virtio_front = {
    .open = front_open,
    .start = front_start,
    .stop = front_stop,
    .look = front_look,
    .rung = front_rung,
    .has_work = front_has_work,
    .run = front_run,
    .listen = front_listen,
};
