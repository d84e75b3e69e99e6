/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's process of a virtio-gpu: started and stopped for the driver,
 * replaced behind its back. */
#include <string.h>

#include "dm/device/virtio.h"

void virtio_seen(struct vgpu *vgpu)
{
    const struct link_eng *eng = &virtio_engine(vgpu)->link->eng;
    unsigned int q;

    for (q = 0; q < LINK_QUEUES; q++)
        vgpu->virtio->queue[q].done_seen = LINK_READ(eng->queue_done[q]);
    virtio_engine(vgpu)->st->fault_seen = LINK_READ(eng->fault_count);
}

unsigned int virtio_engine_event(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    const struct link_eng *eng = &e->link->eng;
    unsigned int interrupts = 0, q;
    uint32_t done, fault;

    pthread_cond_broadcast(&vgpu->dev->changed);
    if (!e->st->enabled)
        return 0;
    fault = LINK_READ_ACQ(eng->fault_count);
    for (q = 0; q < LINK_QUEUES; q++) {
        done = LINK_READ_ACQ(eng->queue_done[q]);
        if (done == vgpu->virtio->queue[q].done_seen)
            continue;
        /* Seen when it has been signalled: twice is better than never. */
        virtio_queue_interrupt(vgpu, q);
        vgpu->virtio->queue[q].done_seen = done;
        interrupts++;
    }
    if (fault != e->st->fault_seen) {
        e->st->status = XVGPU_STATUS_STOPPED;
        virtio_broken(vgpu, LINK_READ(eng->fault_code),
                      LINK_READ(eng->fault_addr));
        e->st->fault_seen = fault;
        interrupts++;
    }
    return interrupts;
}

void virtio_publish_displays(struct vgpu *vgpu)
{
    struct link_dev *d = &virtio_engine(vgpu)->link->dev;
    const struct virtio_state *v = vgpu->virtio;
    unsigned int i;

    LINK_WRITE(d->nr_scanouts, v->scanouts);
    for (i = 0; i < SCANOUT_MAX; i++) {
        LINK_WRITE(d->display[i].width, v->display[i].width);
        LINK_WRITE(d->display[i].height, v->display[i].height);
        LINK_WRITE(d->display[i].enabled, v->display[i].enabled);
    }
    LINK_WRITE_REL(d->display_seq, v->display_seq);
}

static void publish(struct vgpu *vgpu, bool restart)
{
    struct link_dev *d = &virtio_engine(vgpu)->link->dev;
    const struct virtio_state *v = vgpu->virtio;
    unsigned int i;

    for (i = 0; i < LINK_QUEUES; i++) {
        const struct link_queue *q = &v->queue[i].q;

        LINK_WRITE(d->queue[i].desc, q->desc);
        LINK_WRITE(d->queue[i].driver, q->driver);
        LINK_WRITE(d->queue[i].device, q->device);
        LINK_WRITE(d->queue[i].size, q->size);
        LINK_WRITE(d->queue[i].enabled, q->enabled);
    }
    LINK_WRITE(d->features, v->driver_features);
    virtio_publish_displays(vgpu);
    LINK_WRITE(d->restart, restart);
}

/* `restart`: go on where another process was, if any has had these queues. What
 * the memfd holds otherwise is of the driver before. The lock is held. */
static void give_queues(struct vgpu *vgpu, bool restart)
{
    struct engine *e = virtio_engine(vgpu);
    uint32_t code;

    if (!e->process)
        process_gone(e);
    virtio_seen(vgpu);
    publish(vgpu, restart && vgpu->virtio->taken);
    /* Before the command: used buffers may follow on its heels. */
    e->st->enabled = true;
    e->st->status = XVGPU_STATUS_RUNNING;
    code = process_start(vgpu, VIRTIO_ENGINE);
    if (!code) {
        vgpu->virtio->taken = 1;
        return;
    }
    e->st->enabled = false;
    e->st->status = XVGPU_STATUS_STOPPED;
    virtio_broken(vgpu, code, 0);
}

bool virtio_start_is_due(const struct vgpu *vgpu)
{
    const struct engine_state *st = virtio_engine(vgpu)->st;
    const uint32_t status = vgpu->virtio->status;

    return status & VIRTIO_STATUS_DRIVER_OK &&
           !(status & VIRTIO_STATUS_NEEDS_RESET) &&
           (!st->enabled || st->pending == LINK_CMD_START);
}

static void start(struct vgpu *vgpu)
{
    struct engine *e = virtio_engine(vgpu);

    if (!virtio_start_is_due(vgpu))
        return; /* another vCPU has reset it, or was faster */
    e->st->pending = LINK_CMD_START;
    give_queues(vgpu, false);
    e->st->pending = LINK_CMD_NONE;
}

static void stop(struct vgpu *vgpu)
{
    struct engine *e = virtio_engine(vgpu);

    if (e->process && (e->st->enabled || e->st->pending) &&
        process_command(vgpu, VIRTIO_ENGINE, LINK_CMD_STOP)) {
        log_limited(&vgpu->limit, LOG_WARNING,
                    "vGPU %u: the engine did not stop and is killed",
                    vgpu->index);
        process_kill(vgpu, VIRTIO_ENGINE);
    }
    virtio_forget(vgpu);
    vgpu->virtio->resets++;
}

void virtio_control(struct vgpu *vgpu, unsigned int n, uint32_t value)
{
    (void)n;
    pthread_mutex_lock(&vgpu->dev->lock);
    if (value == VIRTIO_START)
        start(vgpu);
    else
        stop(vgpu);
    pthread_mutex_unlock(&vgpu->dev->lock);
}

/* A new process goes on for a driver that knows nothing of it. What the old one
 * may have used without a word is signalled. If this process dies before
 * `reported` is cleared, its successor comes to the same. The lock is held. */
void virtio_replace(struct vgpu *vgpu)
{
    struct engine *e = virtio_engine(vgpu);
    unsigned int q;

    e->st->reported = true;
    give_queues(vgpu, true);
    e->st->reported = false;
    for (q = 0; q < LINK_QUEUES && e->st->enabled; q++)
        if (vgpu->virtio->queue[q].q.enabled)
            virtio_queue_interrupt(vgpu, q);
}

void virtio_engine_died(struct vgpu *vgpu, unsigned int n)
{
    struct device *dev = vgpu->dev;
    struct engine *e = &vgpu->engines[n];

    pthread_mutex_lock(&dev->lock);
    e->death_queued = false;
    if ((e->process && !e->st->reported) || dev->stopping)
        goto out; /* a later start has overtaken this */
    if (!e->process)
        process_gone(e);
    if (!e->st->enabled || e->st->pending == LINK_CMD_START)
        goto out; /* DRIVER_OK is about to be served once more */
    vgpu->virtio->engine_resets++;
    log_limited(&vgpu->limit, LOG_WARNING,
                "vGPU %u: the engine %s and is restarted", vgpu->index,
                e->hung ? "hung" : "died");
    virtio_replace(vgpu);
out:
    pthread_mutex_unlock(&dev->lock);
}
