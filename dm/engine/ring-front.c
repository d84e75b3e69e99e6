/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native ring as what an engine serves: start, stop and doorbells. */
#include "dm/engine/engine.h"

#include <string.h>

/* The device's values come from the guest as they are. */
static uint32_t take_config(struct engine *e)
{
    const struct link_dev *dev = &e->link->dev;
    struct ring *r = &e->ring;

    r->base = LINK_READ(dev->ring_base);
    r->size = LINK_READ(dev->ring_size);
    r->rptr = LINK_READ(dev->start_rptr);
    r->rptr_addr = LINK_READ(dev->rptr_addr);
    r->wptr_addr = LINK_READ(dev->wptr_addr);
    if (r->size < XVGPU_RING_SIZE_MIN || r->size > XVGPU_RING_SIZE_MAX ||
        (r->size & (r->size - 1)) || r->base % XVGPU_RING_SIZE_MIN ||
        r->base > GPA_END - r->size || r->rptr >= r->size || r->rptr % 4)
        return XVGPU_FAULT_RING_BASE;
    if (r->rptr_addr % 4 || (LINK_READ(dev->doorbell_port) && r->wptr_addr % 4))
        return XVGPU_FAULT_ALIGNMENT;
    return XVGPU_FAULT_NONE;
}

static uint32_t ring_open(struct engine *e)
{
    const struct link_dev *dev = &e->link->dev;
    uint32_t code = take_config(e);
    int rc;

    if (code)
        return code;
    /* Now, while the guest waits for the answer: later write-backs that fail
     * are no packet's fault. */
    if (e->ring.rptr_addr && LINK_READ(dev->bus_master) &&
        mem_store32(e, e->ring.rptr_addr, e->ring.rptr) < 0)
        return XVGPU_FAULT_ADDRESS;
    rc = doorbell_bind(e, LINK_READ(dev->doorbell_port),
                       LINK_READ(dev->completion_port));
    if (rc < 0) {
        log_limited(&e->fault_log, LOG_WARNING, "binding event channels: %s",
                    strerror(-rc));
        return XVGPU_FAULT_EVTCHN;
    }
    return 0;
}

static void ring_begin(struct engine *e)
{
    ring_start(e, LINK_READ(e->link->dev.wptr));
    if (e->state != LINK_STOPPED || !LINK_READ(e->link->dev.start_stopped))
        return;
    /* Another process had this ring. With an event-channel doorbell only
     * memory knows where the guest's write pointer stands by now. */
    e->bell.deferred = e->bell.ring_port >= 0;
    if (e->bell.done_port >= 0)
        xenevtchn_notify(e->xce, (evtchn_port_t)e->bell.done_port);
}

static void ring_end(struct engine *e)
{
    ring_stop(e);
    doorbell_unbind(e);
}

/* The CSR doorbell has rung. */
static bool ring_look(struct engine *e)
{
    uint32_t wptr = LINK_READ_ACQ(e->link->dev.wptr);

    if (wptr == e->ring.csr_wptr)
        return false;
    e->ring.csr_wptr = wptr;
    ring_set_wptr(e, wptr);
    return true;
}

static bool ring_rung(const struct engine *e)
{
    return LINK_READ(e->link->dev.wptr) != e->ring.csr_wptr;
}

static bool ring_has_work(const struct engine *e)
{
    return e->ring.packet || e->ring.rptr != e->ring.wptr;
}

static void ring_resume(struct engine *e)
{
    ring_skip(e);
    e->state = LINK_RUNNING;
    LINK_WRITE(e->link->eng.state, e->state);
    if (ring_look(e))
        e->bell.deferred = false;
    else
        doorbell_resume(e);
}

const struct engine_front ring_front = {
    .open = ring_open,
    .start = ring_begin,
    .stop = ring_end,
    .resume = ring_resume,
    .look = ring_look,
    .rung = ring_rung,
    .has_work = ring_has_work,
    .run = ring_run,
    .event = doorbell_event,
    .listen = doorbell_unmask,
};
