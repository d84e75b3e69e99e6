/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels: Xen's ports, Linux's /dev/xen/evtchn and libxenevtchn on
 * top of it, and the guest's end.
 *
 * Each handle has an eventfd in semaphore mode: it counts the ports in the
 * handle's queue, so that reading it blocks, is interrupted and polls as
 * reading the driver does.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <xenevtchn.h>

#include "internal.h"

struct xenevtchn_handle {
    struct fx_restrictable restrictable;
    int queue;
    domid_t domid;
};

/* ---- Queues ---------------------------------------------------------- */

/* Returns a queue of this process, or a negative errno. */
int fx_queue_open(void)
{
    struct fx_shared *s = fx.shared;
    int found = -EMFILE;

    fx_lock(&s->event_lock);
    for (int i = 0; i < FX_MAX_QUEUES && found < 0; i++) {
        struct fx_queue *q = &s->queue[i];
        struct pollfd p = {.fd = fx.efd[i], .events = POLLIN};
        uint64_t n;

        if (q->used)
            continue;
        /* The last user may have left events, and O_NONBLOCK set. */
        fcntl(fx.efd[i], F_SETFL, O_RDWR);
        while (poll(&p, 1, 0) == 1 && read(fx.efd[i], &n, sizeof(n)) > 0)
            ;
        q->used = true;
        q->client = (uint8_t)fx.client;
        q->head = q->tail = 0;
        found = i;
    }
    fx_unlock(&s->event_lock);
    return found;
}

void fx_queue_signal(int queue)
{
    uint64_t one = 1;

    /* Cannot fail: the counter would have to reach 2^64 - 2. */
    if (write(fx.efd[queue], &one, sizeof(one)) < 0)
        abort();
}

/* ---- Ports; all with the event lock ---------------------------------- */

static struct fx_porttable *table_of(domid_t domid)
{
    struct fx_shared *s = fx.shared;

    if (!domid)
        return &s->dom0;
    for (unsigned int i = 0; i < FX_MAX_DOMAINS; i++) {
        if (s->domain[i].domid == domid && !s->domain[i].dying)
            return &s->domain[i].ports;
    }
    return NULL;
}

static struct fx_port *port_of(struct fx_porttable *t, evtchn_port_t port)
{
    if (!t || !port || port >= FX_MAX_PORTS ||
        t->port[port].state == FX_PORT_FREE)
        return NULL;
    return &t->port[port];
}

static int port_alloc(struct fx_porttable *t)
{
    /* Round robin: a stale number is caught rather than reused. */
    for (unsigned int i = 0; i < FX_MAX_PORTS - 1; i++) {
        unsigned int p = 1 + (t->hint + i) % (FX_MAX_PORTS - 1);
        struct fx_port *port = &t->port[p];

        if (port->state != FX_PORT_FREE)
            continue;
        port->xen = false;
        port->pending = false;
        port->enabled = true;
        t->hint = p;
        return (int)p;
    }
    return -ENOSPC;
}

/* The driver's interrupt handler: mask, queue, wake. */
static void dom0_deliver(evtchn_port_t number)
{
    struct fx_port *port = &fx.shared->dom0.port[number];
    struct fx_queue *q = &fx.shared->queue[port->queue];

    if (!port->enabled || q->tail - q->head >= FX_QUEUE_LEN)
        return;
    port->pending = false;
    port->enabled = false;
    q->port[q->tail++ % FX_QUEUE_LEN] = number;
    fx_queue_signal(port->queue);
}

static struct fx_domain *domain_of(struct fx_porttable *t)
{
    return (struct fx_domain *)((uint8_t *)t -
                                offsetof(struct fx_domain, ports));
}

static void raise_port(struct fx_porttable *t, evtchn_port_t number)
{
    struct fx_port *port = &t->port[number];

    if (port->xen) {
        struct fx_vcpu *v = &domain_of(t)->vcpu[port->vcpu];

        atomic_fetch_add(&v->wake, 1);
        if (atomic_load(&v->waiting))
            fx_futex_wake(&v->wake);
        return;
    }
    if (port->pending)
        return;
    port->pending = true;
    if (t == &fx.shared->dom0) {
        dom0_deliver(number);
        return;
    }
    atomic_fetch_add(&port->seq, 1);
    if (atomic_load(&port->waiters))
        fx_futex_wake(&port->seq);
}

static int send_locked(struct fx_porttable *t, evtchn_port_t number)
{
    struct fx_port *port = port_of(t, number);
    struct fx_porttable *peer;

    if (!port)
        return -EINVAL;
    if (port->state == FX_PORT_INTERDOMAIN) {
        peer = table_of(port->remote_domid);
        if (port_of(peer, port->remote_port))
            raise_port(peer, port->remote_port);
    }
    /* An unbound port swallows events, as on Xen. */
    return 0;
}

static void port_close(struct fx_porttable *t, evtchn_port_t number,
                       domid_t domid)
{
    struct fx_port *port = &t->port[number];
    struct fx_port *peer;

    if (port->state == FX_PORT_INTERDOMAIN) {
        peer = port_of(table_of(port->remote_domid), port->remote_port);
        if (peer && peer->state == FX_PORT_INTERDOMAIN) {
            peer->state = FX_PORT_UNBOUND;
            peer->remote_domid = domid;
        }
    }
    port->state = FX_PORT_FREE;
    atomic_fetch_add(&port->seq, 1);
    fx_futex_wake(&port->seq);
}

/* Local port of DOMID bound to the remote's unbound one. */
static int port_bind(struct fx_porttable *t, domid_t domid, domid_t remote,
                     evtchn_port_t remote_port)
{
    struct fx_porttable *rt = table_of(remote);
    struct fx_port *peer = port_of(rt, remote_port);
    int number;

    if (!rt)
        return -ESRCH;
    if (!peer || peer->state != FX_PORT_UNBOUND || peer->remote_domid != domid)
        return -EINVAL;
    number = port_alloc(t);
    if (number < 0)
        return number;
    t->port[number].state = FX_PORT_INTERDOMAIN;
    t->port[number].remote_domid = remote;
    t->port[number].remote_port = remote_port;
    peer->state = FX_PORT_INTERDOMAIN;
    peer->remote_domid = domid;
    peer->remote_port = (evtchn_port_t)number;
    return number;
}

/* ---- For the other files --------------------------------------------- */

/* The lock is held. */
static void close_queue(int queue)
{
    struct fx_shared *s = fx.shared;

    for (evtchn_port_t p = 1; p < FX_MAX_PORTS; p++) {
        struct fx_port *port = port_of(&s->dom0, p);

        if (port && port->queue == queue)
            port_close(&s->dom0, p, 0);
    }
    s->queue[queue].used = false;
}

void fx_queue_close(int queue)
{
    fx_lock(&fx.shared->event_lock);
    close_queue(queue);
    fx_unlock(&fx.shared->event_lock);
}

void fx_event_drop_client(unsigned int client)
{
    struct fx_shared *s = fx.shared;

    fx_lock(&s->event_lock);
    for (int i = 0; i < FX_MAX_QUEUES; i++) {
        if (s->queue[i].used && s->queue[i].client == client)
            close_queue(i);
    }
    fx_unlock(&s->event_lock);
}

/* Port of Xen's own on which dom0 may bind: its events wake the vCPU. */
int fx_event_alloc_xen(struct fx_domain *d, unsigned int vcpu)
{
    int number;

    fx_lock(&fx.shared->event_lock);
    number = port_alloc(&d->ports);
    if (number > 0) {
        d->ports.port[number].state = FX_PORT_UNBOUND;
        d->ports.port[number].xen = true;
        d->ports.port[number].vcpu = (uint16_t)vcpu;
        d->ports.port[number].remote_domid = 0;
    }
    fx_unlock(&fx.shared->event_lock);
    return number;
}

void fx_event_free(struct fx_domain *d, evtchn_port_t port)
{
    fx_lock(&fx.shared->event_lock);
    if (port_of(&d->ports, port))
        port_close(&d->ports, port, (domid_t)d->domid);
    fx_unlock(&fx.shared->event_lock);
}

void fx_event_free_all(struct fx_domain *d)
{
    for (evtchn_port_t p = 1; p < FX_MAX_PORTS; p++)
        fx_event_free(d, p);
}

int fx_event_send(struct fx_porttable *t, evtchn_port_t port)
{
    int rc;

    fx_lock(&fx.shared->event_lock);
    rc = send_locked(t, port);
    fx_unlock(&fx.shared->event_lock);
    return rc;
}

int fx_dom0_ports(void)
{
    struct fx_shared *s = fx_attach();
    int n = 0;

    fx_lock(&s->event_lock);
    for (evtchn_port_t p = 1; p < FX_MAX_PORTS; p++)
        n += port_of(&s->dom0, p) != NULL;
    fx_unlock(&s->event_lock);
    return n;
}

/* ---- libxenevtchn ---------------------------------------------------- */

static int restrict_to(struct fx_restrictable *r, domid_t domid)
{
    xenevtchn_handle *xce = (xenevtchn_handle *)r;

    if (xce->domid != FX_UNRESTRICTED)
        return -EACCES;
    if (!domid || domid >= DOMID_FIRST_RESERVED)
        return -EINVAL;
    xce->domid = domid;
    return 0;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
                                 unsigned int flags)
{
    xenevtchn_handle *xce;

    (void)logger;
    FX_ENTER(xenevtchn_open, NULL);
    if (flags & ~(unsigned int)XENEVTCHN_NO_CLOEXEC) {
        errno = EINVAL;
        return NULL;
    }
    xce = calloc(1, sizeof(*xce));
    if (!xce)
        return NULL;
    xce->domid = FX_UNRESTRICTED;
    xce->queue = fx_queue_open();
    if (xce->queue < 0) {
        errno = -xce->queue;
        free(xce);
        return NULL;
    }
    fx_handle_add(&xce->restrictable, restrict_to);
    return xce;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    FX_ENTER(xenevtchn_close, -1);
    if (!xce)
        return 0;
    fx_handle_del(&xce->restrictable);
    fx_queue_close(xce->queue);
    free(xce);
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    FX_ENTER(xenevtchn_fd, -1);
    return fx.efd[xce->queue];
}

/* The port if it is this handle's, with the event lock. */
static struct fx_port *own_port(xenevtchn_handle *xce, evtchn_port_t number)
{
    struct fx_port *port = port_of(&fx.shared->dom0, number);

    return port && port->queue == xce->queue ? port : NULL;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    int rc = -ENOTCONN;

    FX_ENTER(xenevtchn_notify, -1);
    fx_lock(&fx.shared->event_lock);
    if (own_port(xce, port))
        rc = send_locked(&fx.shared->dom0, port);
    fx_unlock(&fx.shared->event_lock);
    return fx_result(rc);
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce,
                                                      uint32_t domid)
{
    struct fx_porttable *t = &fx.shared->dom0;
    int rc;

    FX_ENTER(xenevtchn_bind_unbound_port, -1);
    if (xce->domid != FX_UNRESTRICTED)
        return fx_result(-EACCES);
    fx_lock(&fx.shared->event_lock);
    rc = port_alloc(t);
    if (rc > 0) {
        t->port[rc].state = FX_PORT_UNBOUND;
        t->port[rc].remote_domid = (domid_t)domid;
        t->port[rc].queue = (uint8_t)xce->queue;
    }
    fx_unlock(&fx.shared->event_lock);
    return fx_result(rc);
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    struct fx_porttable *t = &fx.shared->dom0;
    unsigned int tries;
    int rc;

    FX_ENTER(xenevtchn_bind_interdomain, -1);
    if (xce->domid != FX_UNRESTRICTED && xce->domid != domid)
        return fx_result(-EACCES);
    fx_lock(&fx.shared->event_lock);
    rc = port_bind(t, 0, (domid_t)domid, remote_port);
    /* A kernel closes a process's ports before its parent can know of its
     * death; the broker may come later. */
    for (tries = 0; rc == -EINVAL && fx.socket >= 0 && tries < 100; tries++) {
        fx_unlock(&fx.shared->event_lock);
        usleep(2000);
        fx_lock(&fx.shared->event_lock);
        rc = port_bind(t, 0, (domid_t)domid, remote_port);
    }
    if (rc > 0) {
        t->port[rc].queue = (uint8_t)xce->queue;
        /* Events may have been lost before: Xen raises one to be safe. */
        raise_port(t, (evtchn_port_t)rc);
    }
    fx_unlock(&fx.shared->event_lock);
    return fx_result(rc);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    int rc = 0;

    FX_ENTER(xenevtchn_unbind, -1);
    fx_lock(&fx.shared->event_lock);
    if (!port || port >= FX_MAX_PORTS)
        rc = -EINVAL;
    else if (!own_port(xce, port))
        rc = -ENOTCONN;
    else
        port_close(&fx.shared->dom0, port, 0);
    fx_unlock(&fx.shared->event_lock);
    return fx_result(rc);
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    struct fx_queue *q = &fx.shared->queue[xce->queue];
    uint64_t one;
    int port;

    FX_ENTER(xenevtchn_pending, -1);
    if (read(fx.efd[xce->queue], &one, sizeof(one)) < 0)
        return -1;
    fx_lock(&fx.shared->event_lock);
    port = (int)q->port[q->head++ % FX_QUEUE_LEN];
    fx_unlock(&fx.shared->event_lock);
    return port;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t number)
{
    struct fx_port *port;

    FX_ENTER(xenevtchn_unmask, -1);
    fx_lock(&fx.shared->event_lock);
    /* The driver ignores ports that are not the handle's. */
    port = own_port(xce, number);
    if (port && !port->enabled) {
        port->enabled = true;
        if (port->pending)
            dom0_deliver(number);
    }
    fx_unlock(&fx.shared->event_lock);
    return 0;
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
    FX_ENTER(xenevtchn_restrict, -1);
    return fx_result(restrict_to(&xce->restrictable, domid));
}

/* ---- The guest's end ------------------------------------------------- */

static struct fx_domain *guest(domid_t domid, int *rc)
{
    struct fx_domain *d = fx_domain_get(domid);

    *rc = d ? 0 : -ESRCH;
    if (d && (d->dying || d->crashed)) {
        fx_domain_put(d);
        *rc = -ESHUTDOWN;
        return NULL;
    }
    return d;
}

int fx_evtchn_alloc_unbound(domid_t domid)
{
    int rc;
    struct fx_domain *d = guest(domid, &rc);

    if (!d)
        return rc;
    fx_lock(&fx.shared->event_lock);
    rc = port_alloc(&d->ports);
    if (rc > 0) {
        d->ports.port[rc].state = FX_PORT_UNBOUND;
        d->ports.port[rc].remote_domid = 0;
    }
    fx_unlock(&fx.shared->event_lock);
    fx_domain_put(d);
    return rc;
}

int fx_evtchn_bind(domid_t domid, evtchn_port_t dom0_port)
{
    int rc;
    struct fx_domain *d = guest(domid, &rc);

    if (!d)
        return rc;
    fx_lock(&fx.shared->event_lock);
    rc = port_bind(&d->ports, domid, 0, dom0_port);
    if (rc > 0)
        raise_port(&d->ports, (evtchn_port_t)rc);
    fx_unlock(&fx.shared->event_lock);
    fx_domain_put(d);
    return rc;
}

/* The guest cannot close, notify or take what is Xen's. */
static struct fx_port *guest_port(struct fx_domain *d, evtchn_port_t number)
{
    struct fx_port *port = port_of(&d->ports, number);

    return port && !port->xen ? port : NULL;
}

int fx_evtchn_close(domid_t domid, evtchn_port_t port)
{
    int rc;
    struct fx_domain *d = guest(domid, &rc);

    if (!d)
        return rc;
    fx_lock(&fx.shared->event_lock);
    if (guest_port(d, port))
        port_close(&d->ports, port, domid);
    else
        rc = -EINVAL;
    fx_unlock(&fx.shared->event_lock);
    fx_domain_put(d);
    return rc;
}

int fx_evtchn_notify(domid_t domid, evtchn_port_t port)
{
    int rc;
    struct fx_domain *d = guest(domid, &rc);

    if (!d)
        return rc;
    fx_lock(&fx.shared->event_lock);
    rc = guest_port(d, port) ? send_locked(&d->ports, port) : -EINVAL;
    fx_unlock(&fx.shared->event_lock);
    fx_domain_put(d);
    return rc;
}

/* 1 taken, 0 not pending. *SEQ is what to sleep on. */
static int take(domid_t domid, evtchn_port_t number, struct fx_port **port,
                uint32_t *seq)
{
    int rc;
    struct fx_domain *d = guest(domid, &rc);

    if (!d)
        return rc;
    fx_lock(&fx.shared->event_lock);
    *port = guest_port(d, number);
    if (!*port) {
        rc = -EINVAL;
    } else {
        *seq = atomic_load(&(*port)->seq);
        rc = (*port)->pending;
        (*port)->pending = false;
    }
    fx_unlock(&fx.shared->event_lock);
    fx_domain_put(d);
    return rc;
}

int fx_evtchn_wait(domid_t domid, evtchn_port_t number, unsigned int timeout_ms)
{
    uint64_t deadline = fx_now_ns() + (uint64_t)timeout_ms * 1000000;
    struct fx_port *port;
    uint32_t seq;

    for (;;) {
        int rc = take(domid, number, &port, &seq), slept;

        if (rc)
            return rc < 0 ? rc : 0;
        atomic_fetch_add(&port->waiters, 1);
        slept = fx_futex_wait(&port->seq, seq, deadline);
        atomic_fetch_sub(&port->waiters, 1);
        if (slept)
            return take(domid, number, &port, &seq) == 1 ? 0 : -ETIMEDOUT;
    }
}

bool fx_evtchn_bound(domid_t domid, evtchn_port_t number)
{
    int rc;
    struct fx_domain *d = guest(domid, &rc);
    struct fx_port *port;
    bool bound;

    if (!d)
        return false;
    fx_lock(&fx.shared->event_lock);
    port = port_of(&d->ports, number);
    bound = port && port->state == FX_PORT_INTERDOMAIN;
    fx_unlock(&fx.shared->event_lock);
    fx_domain_put(d);
    return bound;
}
