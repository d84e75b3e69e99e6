/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's event channels. The doorbell's port stays masked from the event
 * on until the engine is about to sleep: whatever the guest rings in between
 * costs nothing and arrives as one event. An event on the completion port is
 * no message: it is never unmasked. One port may serve for both.
 */
#include "dm/engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Xen raises an event of its own on each port when it is bound. */
#define FIRST_EVENT_MS 100

/* Take the event that came with the binding: were it left for later, a real
 * one could melt into it and be dismissed. */
static void drop_first_event(struct engine *e)
{
    struct pollfd pfd = {.fd = xenevtchn_fd(e->xce), .events = POLLIN};
    xenevtchn_port_or_error_t port;

    while (poll(&pfd, 1, FIRST_EVENT_MS) > 0) {
        port = xenevtchn_pending(e->xce);
        if (port < 0)
            return;
        if (port == e->bell.ring_port) {
            e->bell.masked = true;
            return;
        }
    }
}

static int bind_port(struct engine *e, uint32_t remote, int *local)
{
    if (!remote)
        return 0;
    *local = xenevtchn_bind_interdomain(e->xce, e->domid, remote);
    return *local < 0 ? -errno : 0;
}

int doorbell_bind(struct engine *e, uint32_t ring_port, uint32_t done_port)
{
    struct doorbell *b = &e->bell;
    int rc;

    rc = bind_port(e, ring_port, &b->ring_port);
    if (rc == 0 && done_port == ring_port)
        b->done_port = b->ring_port;
    else if (rc == 0)
        rc = bind_port(e, done_port, &b->done_port);
    if (rc < 0) {
        doorbell_unbind(e);
        return rc;
    }
    if (b->ring_port >= 0)
        drop_first_event(e);
    return 0;
}

void doorbell_unbind(struct engine *e)
{
    struct doorbell *b = &e->bell;

    if (b->done_port >= 0 && b->done_port != b->ring_port)
        xenevtchn_unbind(e->xce, (evtchn_port_t)b->done_port);
    if (b->ring_port >= 0)
        xenevtchn_unbind(e->xce, (evtchn_port_t)b->ring_port);
    *b = (struct doorbell){.ring_port = -1, .done_port = -1};
}

static void take_wptr(struct engine *e)
{
    uint32_t wptr;

    e->bell.deferred = false;
    if (!LINK_READ(e->link->dev.bus_master)) {
        engine_fault(e, XVGPU_FAULT_BUS_MASTER, e->ring.wptr_addr);
        ring_fault(e);
    } else if (mem_load32(e, e->ring.wptr_addr, &wptr) < 0) {
        ring_fault(e);
    } else {
        ring_set_wptr(e, wptr);
    }
}

void doorbell_event(struct engine *e)
{
    struct doorbell *b = &e->bell;
    int port = xenevtchn_pending(e->xce);

    if (port < 0 || port != b->ring_port)
        return;
    b->masked = true;
    e->spin = false; /* nothing to see in the link page */
    e->stats.doorbells_evtchn++;
    if (e->state == LINK_RUNNING)
        take_wptr(e);
    else
        b->deferred = true;
}

void doorbell_resume(struct engine *e)
{
    if (e->bell.deferred)
        take_wptr(e);
}

int doorbell_unmask(struct engine *e)
{
    int rc;

    if (!e->bell.masked || e->bell.deferred)
        return 0;
    if (xenevtchn_unmask(e->xce, (evtchn_port_t)e->bell.ring_port)) {
        rc = errno ? -errno : -EIO;
        log_limited(&e->host_log, LOG_WARNING, "unmasking the doorbell: %s",
                    strerror(-rc));
        return rc;
    }
    e->bell.masked = false;
    return 0;
}
