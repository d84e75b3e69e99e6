/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines as the device sees them: processes behind the monitor, rings behind
 * the link page. All but the last functions here are the worker's. */
#include <errno.h>
#include <string.h>
#include <xen-vgpu/packet.h>

#include "dm/device/model.h"

static void set_fault(struct vgpu *vgpu, unsigned int n, uint32_t code,
                      uint32_t offset, uint32_t header, uint64_t addr,
                      uint64_t ib)
{
    const unsigned int base = XVGPU_ENGINE_BASE(n);

    csr_set32(vgpu, base + XVGPU_FAULT_CODE, code);
    csr_set32(vgpu, base + XVGPU_FAULT_OFFSET, offset);
    csr_set32(vgpu, base + XVGPU_FAULT_HEADER, header);
    csr_set64(vgpu, base + XVGPU_FAULT_ADDR, addr);
    csr_set64(vgpu, base + XVGPU_FAULT_IB, ib);
}

static void tell_stopped(struct vgpu *vgpu, unsigned int n)
{
    vgpu->engines[n].st->status = XVGPU_STATUS_STOPPED;
    native_interrupt(vgpu, XVGPU_INTR_FAULT(n),
                     csr_get32(vgpu, engine_csr(n, XVGPU_VECTOR)));
}

static void count_fault(struct vgpu *vgpu, unsigned int n)
{
    const unsigned int faults = engine_csr(n, XVGPU_FAULTS);

    csr_set64(vgpu, faults, csr_get64(vgpu, faults) + 1);
}

static void report_fault(struct vgpu *vgpu, unsigned int n)
{
    count_fault(vgpu, n);
    tell_stopped(vgpu, n);
}

void engine_tell_reset(struct vgpu *vgpu, unsigned int n, uint32_t code)
{
    set_fault(vgpu, n, code, 0, 0, 0, ~0ull);
    count_fault(vgpu, n);
    native_interrupt(vgpu, XVGPU_INTR_FAULT(n),
                     csr_get32(vgpu, engine_csr(n, XVGPU_VECTOR)));
}

/* Ring configuration for START. */
static void publish_config(struct vgpu *vgpu, unsigned int n, uint32_t rptr,
                           uint32_t wptr, bool stopped)
{
    const unsigned int base = XVGPU_ENGINE_BASE(n);
    struct engine *e = &vgpu->engines[n];
    struct link_dev *d = &e->link->dev;

    LINK_WRITE(d->ring_base, csr_get64(vgpu, base + XVGPU_RING_BASE));
    LINK_WRITE(d->ring_size, csr_get32(vgpu, base + XVGPU_RING_SIZE));
    LINK_WRITE(d->rptr_addr, csr_get64(vgpu, base + XVGPU_RPTR_ADDR));
    LINK_WRITE(d->wptr_addr, csr_get64(vgpu, base + XVGPU_WPTR_ADDR));
    LINK_WRITE(d->doorbell_port, csr_get32(vgpu, base + XVGPU_DOORBELL_PORT));
    LINK_WRITE(d->completion_port,
               csr_get32(vgpu, base + XVGPU_COMPLETION_PORT));
    LINK_WRITE(d->start_rptr, rptr);
    LINK_WRITE(d->wptr, wptr);
    LINK_WRITE(d->start_fence, LINK_READ(e->link->eng.fence));
    LINK_WRITE(d->start_stopped, stopped);
}

static void start_ring(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    uint32_t code;

    set_fault(vgpu, n, XVGPU_FAULT_NONE, 0, 0, 0, 0);
    csr_set32(vgpu, engine_csr(n, XVGPU_WPTR), 0);
    publish_config(vgpu, n, 0, 0, false);
    LINK_WRITE(e->link->eng.rptr, 0);
    /* Before the command: a fault may follow on its heels. */
    e->st->pending = LINK_CMD_START;
    e->st->enabled = true;
    e->st->status = XVGPU_STATUS_RUNNING;
    code = process_start(vgpu, n);
    if (code)
        e->st->enabled = false;
    e->st->pending = LINK_CMD_NONE;
    if (!code)
        return;
    set_fault(vgpu, n, code, 0, 0,
              csr_get64(vgpu, engine_csr(n, XVGPU_RING_BASE)), ~0ull);
    report_fault(vgpu, n);
}

static void kill_locked(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];

    process_kill(vgpu, n);
    e->st->enabled = false;
    e->st->status = XVGPU_STATUS_DISABLED;
}

static void stop_ring(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];

    if (e->process && process_command(vgpu, n, LINK_CMD_STOP)) {
        log_limited(&vgpu->limit, LOG_WARNING,
                    "vGPU %u: engine %u did not stop and is killed",
                    vgpu->index, n);
        process_kill(vgpu, n);
    }
    /* What it still had to say is of no ring any more. */
    e->st->done_seen = LINK_READ(e->link->eng.done_count);
    e->st->fault_seen = LINK_READ(e->link->eng.fault_count);
    e->st->enabled = false;
    e->st->status = XVGPU_STATUS_DISABLED;
    csr_set32(vgpu, engine_csr(n, XVGPU_WPTR), 0);
}

/* The ring is lost: the guest starts it again. */
static void no_engine(struct vgpu *vgpu, unsigned int n)
{
    vgpu->engines[n].st->enabled = false;
    set_fault(vgpu, n, XVGPU_FAULT_NO_ENGINE, 0, 0, 0, ~0ull);
    report_fault(vgpu, n);
}

static void resume_ring(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    int rc;

    set_fault(vgpu, n, XVGPU_FAULT_NONE, 0, 0, 0, 0);
    e->st->pending = LINK_CMD_RESUME;
    e->st->status = XVGPU_STATUS_RUNNING;
    rc = e->process ? process_command(vgpu, n, LINK_CMD_RESUME) : 0;
    e->st->pending = LINK_CMD_NONE;
    /* A process that died meanwhile is followed by JOB_DEATH. */
    if (rc == -ETIMEDOUT) {
        kill_locked(vgpu, n);
        no_engine(vgpu, n);
    }
}

void engine_ctrl(struct vgpu *vgpu, unsigned int n, uint32_t value)
{
    struct engine *e = &vgpu->engines[n];

    pthread_mutex_lock(&vgpu->dev->lock);
    /* `pending`: a device process died while it did this very write, which is
     * served once more. */
    if (value == XVGPU_CTRL_ENABLE &&
        (!e->st->enabled || e->st->pending == LINK_CMD_START))
        start_ring(vgpu, n);
    else if ((value & XVGPU_CTRL_RESUME) && e->st->stale)
        e->st->pending = e->st->stale = 0; /* it knew nothing of the death */
    else if ((value & XVGPU_CTRL_RESUME) && !e->st->enabled)
        no_engine(vgpu, n); /* there is nothing to resume */
    else if ((value & XVGPU_CTRL_RESUME) &&
             (e->st->status == XVGPU_STATUS_STOPPED ||
              e->st->pending == LINK_CMD_RESUME))
        resume_ring(vgpu, n);
    else if (!(value & XVGPU_CTRL_ENABLE) && e->st->enabled)
        stop_ring(vgpu, n);
    else if (!(value & XVGPU_CTRL_ENABLE))
        e->st->status = XVGPU_STATUS_DISABLED;
    pthread_mutex_unlock(&vgpu->dev->lock);
}

/* The packet in flight is skipped, and its fault noted. If this process dies
 * before `reported` is set, its successor comes to the same. The lock is
 * held. */
static void note_death(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    const unsigned int base = XVGPU_ENGINE_BASE(n);
    const uint32_t size = csr_get32(vgpu, base + XVGPU_RING_SIZE);
    const uint32_t wptr = csr_get32(vgpu, base + XVGPU_WPTR);
    const uint32_t header = LINK_READ(e->link->eng.cur_header);
    uint32_t offset = LINK_READ(e->link->eng.cur_offset);
    uint32_t next = LINK_READ(e->link->eng.rptr);

    if (!header) {
        offset = next;
    } else {
        /* As the engine does: a length that can't be trusted skips all. */
        next = XVGPU_PKT_DWORDS(header) * 4;
        next = !next || next > ((wptr - offset) & (size - 1)) ? wptr
                                                              : offset + next;
    }
    /* A lost GPU is nobody's fault here, and a process that was killed or
     * crashed may have been. */
    set_fault(vgpu, n,
              e->hung ? XVGPU_FAULT_ENGINE_HUNG : XVGPU_FAULT_ENGINE_RESET,
              offset & (size - 1), header, 0, ~0ull);
    LINK_WRITE(e->link->eng.rptr, next & (size - 1) & ~3u);
    process_gone(e);
    csr_set32(vgpu, base + XVGPU_RESETS,
              csr_get32(vgpu, base + XVGPU_RESETS) + 1);
    count_fault(vgpu, n);
    e->st->stale = e->st->pending == LINK_CMD_RESUME;
    e->st->reported = true;
    log_limited(&vgpu->limit, LOG_WARNING,
                "vGPU %u: engine %u %s at ring offset 0x%x and is restarted",
                vgpu->index, n, e->hung ? "hung" : "died", offset);
}

/* The process died by itself or was killed from outside: the packet in
 * flight is reported and skipped, the ring waits for RESUME. Also for a
 * successor whose predecessor died in here: with `reported` set there may be a
 * process that was given nothing. */
void engine_recover(struct vgpu *vgpu, unsigned int n)
{
    struct device *dev = vgpu->dev;
    struct engine *e = &vgpu->engines[n];
    const unsigned int base = XVGPU_ENGINE_BASE(n);
    uint32_t next, code;

    pthread_mutex_lock(&dev->lock);
    e->death_queued = false;
    if ((e->process && !e->st->reported) || dev->stopping)
        goto out; /* a later start has overtaken this */
    if (!e->st->enabled || e->st->pending == LINK_CMD_START) {
        if (!e->process)
            process_gone(e);
        goto out; /* the guest's START is about to be served once more */
    }
    if (!e->st->reported)
        note_death(vgpu, n);
    tell_stopped(vgpu, n);
    next = LINK_READ(e->link->eng.rptr) &
           (csr_get32(vgpu, base + XVGPU_RING_SIZE) - 1) & ~3u;
    publish_config(vgpu, n, next, csr_get32(vgpu, base + XVGPU_WPTR), true);
    code = process_start(vgpu, n);
    if (code) {
        e->st->enabled = false;
        csr_set32(vgpu, base + XVGPU_FAULT_CODE, code);
        report_fault(vgpu, n);
    }
    e->st->reported = false;
out:
    pthread_mutex_unlock(&dev->lock);
}

void engine_kill(struct vgpu *vgpu, unsigned int n)
{
    pthread_mutex_lock(&vgpu->dev->lock);
    kill_locked(vgpu, n);
    pthread_mutex_unlock(&vgpu->dev->lock);
}

unsigned int engine_event(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    const struct link_eng *eng = &e->link->eng;
    unsigned int interrupts = 0;
    uint32_t done, fault;

    pthread_cond_broadcast(&vgpu->dev->changed);
    if (!e->st->enabled)
        return 0;
    fault = LINK_READ_ACQ(eng->fault_count);
    done = LINK_READ_ACQ(eng->done_count);
    /* Seen when it has been signalled: twice is better than never. */
    if (done != e->st->done_seen) {
        native_interrupt(vgpu, XVGPU_INTR_DONE(n),
                         csr_get32(vgpu, engine_csr(n, XVGPU_VECTOR)));
        e->st->done_seen = done;
        interrupts++;
    }
    if (fault != e->st->fault_seen) {
        set_fault(vgpu, n, LINK_READ(eng->fault_code),
                  LINK_READ(eng->fault_offset), LINK_READ(eng->fault_header),
                  LINK_READ(eng->fault_addr), LINK_READ(eng->fault_ib));
        report_fault(vgpu, n);
        e->st->fault_seen = fault;
        interrupts++;
    }
    return interrupts;
}
