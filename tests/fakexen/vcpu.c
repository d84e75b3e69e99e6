/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPUs: what Xen's instruction emulation does with an access. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define SLOTS (FX_PAGE_SIZE / sizeof(struct ioreq))
/* The byte of struct ioreq that holds state, data_is_ptr, dir and df. */
#define STATE_OFFSET 30
#define STATE_MASK 0xf
#define MAX_REPS 4096

_Static_assert(offsetof(struct ioreq, type) == STATE_OFFSET + 1,
               "state lies before type");

static uint8_t *state_byte(struct ioreq *p)
{
    return (uint8_t *)p + STATE_OFFSET;
}

static unsigned int load_state(struct ioreq *p)
{
    return __atomic_load_n(state_byte(p), __ATOMIC_ACQUIRE) & STATE_MASK;
}

/* Bitfields cannot be stored atomically; the byte around them can. */
static void store_state(struct ioreq *p, unsigned int state)
{
    uint8_t rest = __atomic_load_n(state_byte(p), __ATOMIC_RELAXED);

    __atomic_store_n(state_byte(p), (uint8_t)((rest & ~STATE_MASK) | state),
                     __ATOMIC_RELEASE);
}

static struct ioreq *slot_of(struct fx_server *s, unsigned int vcpu)
{
    return (struct ioreq *)(void *)fx_frame_ptr(s->page) + vcpu;
}

/* The domain locked and able to run its vCPU, or NULL with *rc. */
static struct fx_domain *running(domid_t domid, unsigned int vcpu, int *rc)
{
    struct fx_domain *d = fx_domain_get(domid);

    *rc = 0;
    if (!d)
        *rc = -ESRCH;
    else if (d->dying || d->crashed)
        *rc = -ESHUTDOWN;
    else if (vcpu >= d->vcpus)
        *rc = -EINVAL;
    if (d && *rc) {
        fx_domain_put(d);
        d = NULL;
    }
    return d;
}

/* ---- Waiting for an answer ------------------------------------------- */

struct wait {
    domid_t domid;
    unsigned int vcpu;
    unsigned int id;
    uint32_t generation;
    uint32_t wake; /* when it was sent */
    uint64_t deadline;
    uint64_t spin_until;
};

static int crash(struct fx_domain *d, struct fx_server *s, unsigned int vcpu,
                 const char *reason)
{
    s->pending[vcpu] = false;
    d->bad_ioreqs++;
    fx_domain_crash(d, reason);
    fx_domain_put(d);
    fx_store_fire_special("@releaseDomain");
    return -ESHUTDOWN;
}

/*
 * One look at the slot. 1: answered, *data is the answer. 0: not yet, *wake is
 * what to sleep on. The slot is only ever touched with the domain locked and
 * the server known to be the same, for its page may have another use by now.
 */
static int look(const struct wait *w, unsigned int *prev, uint64_t *data,
                struct fx_domain **out, uint32_t *wake)
{
    int rc;
    struct fx_domain *d = running(w->domid, w->vcpu, &rc);
    struct fx_server *s;
    struct ioreq *p;
    unsigned int state;

    if (!d)
        return rc;
    *out = d;
    *wake = atomic_load(&d->vcpu[w->vcpu].wake);
    s = &d->server[w->id];
    if (s->generation != w->generation) {
        /* Destroyed under us: Xen leaves the vCPU blocked for ever, unless
         * it was notified before and has only not run yet. */
        *data = ~UINT64_C(0);
        fx_domain_put(d);
        return *wake != w->wake;
    }
    p = slot_of(s, w->vcpu);
    state = load_state(p);
    if (state != STATE_IOREQ_NONE && state < *prev)
        return crash(d, s, w->vcpu, "weird ioreq state transition");
    if (state > STATE_IORESP_READY)
        return crash(d, s, w->vcpu, "weird ioreq state");
    *prev = state;
    if (state == STATE_IORESP_READY) {
        *data = p->data;
        store_state(p, STATE_IOREQ_NONE);
    } else if (state == STATE_IOREQ_NONE) {
        *data = ~UINT64_C(0); /* the device model dropped it */
    } else {
        fx_domain_put(d);
        return 0;
    }
    s->pending[w->vcpu] = false;
    fx_domain_put(d);
    return 1;
}

static int await(struct wait *w, uint64_t *data)
{
    unsigned int prev = STATE_IOREQ_NONE;
    int timed_out = 0;

    for (;;) {
        struct fx_domain *d = NULL;
        uint32_t wake = 0;
        int rc = look(w, &prev, data, &d, &wake);
        struct fx_vcpu *v;

        if (rc)
            return rc < 0 ? rc : 0;
        if (timed_out)
            return timed_out;
        if (w->spin_until) {
            if (fx_now_ns() < w->spin_until)
                continue;
            w->spin_until = 0;
        }
        v = &d->vcpu[w->vcpu];
        atomic_fetch_add(&v->waiting, 1);
        timed_out = fx_futex_wait(&v->wake, wake, w->deadline);
        atomic_fetch_sub(&v->waiting, 1);
    }
}

static struct wait wait_for(const struct fx_domain *d, unsigned int vcpu,
                            unsigned int id)
{
    uint64_t now = fx_now_ns();

    return (struct wait){
        .domid = (domid_t)d->domid,
        .vcpu = vcpu,
        .id = id,
        .generation = d->server[id].generation,
        .wake = atomic_load(&d->vcpu[vcpu].wake),
        .deadline = now + (uint64_t)d->timeout_ms * 1000000,
        .spin_until = d->spin_ns ? now + d->spin_ns : 0,
    };
}

/* A request that timed out earlier is still there: it comes first. */
static int finish_pending(domid_t domid, unsigned int vcpu)
{
    int rc;
    struct fx_domain *d = running(domid, vcpu, &rc);
    uint64_t data;

    while (d) {
        struct wait w;
        unsigned int id = 0;

        while (id < FX_MAX_SERVERS && !d->server[id].pending[vcpu])
            id++;
        if (id == FX_MAX_SERVERS)
            break;
        w = wait_for(d, vcpu, id);
        fx_domain_put(d);
        rc = await(&w, &data);
        if (rc)
            return rc;
        d = running(domid, vcpu, &rc);
    }
    if (d)
        fx_domain_put(d);
    return rc;
}

/* ---- Sending --------------------------------------------------------- */

/* With the domain locked. */
static int post(struct fx_domain *d, unsigned int vcpu, unsigned int id,
                const struct ioreq *req)
{
    struct fx_server *s = &d->server[id];
    struct ioreq *p;

    if (!s->page || vcpu >= SLOTS) {
        d->bad_ioreqs++;
        return -EIO;
    }
    p = slot_of(s, vcpu);
    if (load_state(p) != STATE_IOREQ_NONE || p->vp_eport != s->port[vcpu]) {
        d->bad_ioreqs++;
        return -EIO;
    }
    p->addr = req->addr;
    p->data = req->data;
    p->count = req->count;
    p->size = req->size;
    p->type = req->type;
    /* All but the state, then the state: the byte is the release. */
    __atomic_store_n(
        state_byte(p),
        (uint8_t)(req->data_is_ptr << 4 | req->dir << 5 | req->df << 6),
        __ATOMIC_RELAXED);
    store_state(p, STATE_IOREQ_READY);
    s->pending[vcpu] = true;
    fx_event_send(&d->ports, s->port[vcpu]);
    return 0;
}

static bool claims(const struct fx_server *s, const struct ioreq *req)
{
    uint64_t span = (uint64_t)req->size * (req->count - 1);
    uint64_t first = req->addr, last = req->addr + req->size - 1;

    switch (req->type) {
    case IOREQ_TYPE_COPY:
        if (req->df)
            first -= span;
        else
            last += span;
        return fx_rangeset_contains(&s->range[XEN_DMOP_IO_RANGE_MEMORY], first,
                                    last);
    case IOREQ_TYPE_PIO:
        return fx_rangeset_contains(&s->range[XEN_DMOP_IO_RANGE_PORT], first,
                                    last);
    default:
        return fx_rangeset_contains(&s->range[XEN_DMOP_IO_RANGE_PCI],
                                    req->addr >> 32, req->addr >> 32);
    }
}

/* Later servers win, as in Xen; -1: nobody. */
static int select_server(struct fx_domain *d, const struct ioreq *req)
{
    for (int id = FX_MAX_SERVERS - 1; id >= 0; id--) {
        if (d->server[id].used && d->server[id].enabled &&
            claims(&d->server[id], req))
            return id;
    }
    return -1;
}

/*
 * Posts REQ to server ID and waits; takes over the domain's lock and drops
 * it. A read's answer ends up in req->data.
 */
static int transact(struct fx_domain *d, unsigned int vcpu, unsigned int id,
                    struct ioreq *req)
{
    struct wait w = wait_for(d, vcpu, id);
    uint64_t data;
    int rc = post(d, vcpu, id, req);

    fx_domain_put(d);
    if (!rc)
        rc = await(&w, &data);
    if (!rc)
        req->data = data;
    return rc;
}

/* Sends REQ to whom it concerns. -ENXIO: nobody. */
static int dispatch(domid_t domid, unsigned int vcpu, struct ioreq *req)
{
    struct fx_domain *d;
    int rc = finish_pending(domid, vcpu), id;

    if (rc)
        return rc;
    d = running(domid, vcpu, &rc);
    if (!d)
        return rc;
    id = select_server(d, req);
    if (id < 0) {
        fx_domain_put(d);
        return -ENXIO;
    }
    return transact(d, vcpu, (unsigned int)id, req);
}

/* Reads of what nobody claims are ones, writes are dropped. */
static int access(domid_t domid, unsigned int vcpu, struct ioreq *req)
{
    uint64_t mask =
        req->size >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << req->size * 8) - 1;
    int rc;

    req->data &= mask;
    rc = dispatch(domid, vcpu, req);
    if (rc == -ENXIO) {
        req->data = ~UINT64_C(0);
        rc = 0;
    }
    if (rc)
        req->data = ~UINT64_C(0);
    req->data &= mask;
    return rc;
}

int fx_ioreq_raw(domid_t domid, unsigned int vcpu, unsigned int id,
                 struct ioreq *req)
{
    struct fx_domain *d;
    int rc = finish_pending(domid, vcpu);

    if (rc)
        return rc;
    d = running(domid, vcpu, &rc);
    if (!d)
        return rc;
    if (id >= FX_MAX_SERVERS || !d->server[id].used) {
        fx_domain_put(d);
        return -ENOENT;
    }
    return transact(d, vcpu, id, req);
}

uint64_t fx_bad_ioreqs(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);
    uint64_t n;

    if (!d)
        return 0;
    n = d->bad_ioreqs;
    fx_domain_put(d);
    return n;
}

/* ---- Memory accesses ------------------------------------------------- */

/* Does it in RAM if the page is there: 1 done, 0 not RAM, negative errno. */
static int ram_access(domid_t domid, unsigned int vcpu, uint64_t gpa,
                      unsigned int size, uint64_t *val, bool write)
{
    int rc;
    struct fx_domain *d = running(domid, vcpu, &rc);
    uint32_t frame;

    if (!d)
        return rc;
    frame = fx_p2m_get(d, gpa >> FX_PAGE_SHIFT);
    if (frame) {
        uint8_t *p = fx_frame_ptr(frame) + gpa % FX_PAGE_SIZE;

        if (write) {
            memcpy(p, val, size);
            fx_frame_mark_dirty(frame);
        } else {
            *val = 0;
            memcpy(val, p, size);
        }
    }
    fx_domain_put(d);
    return frame != 0;
}

/* Within a page. */
static int access_part(domid_t domid, unsigned int vcpu, uint64_t gpa,
                       unsigned int size, uint64_t *val, bool write)
{
    int rc = ram_access(domid, vcpu, gpa, size, val, write);
    struct ioreq req = {
        .type = IOREQ_TYPE_COPY,
        .addr = gpa,
        .size = size,
        .count = 1,
        .dir = write ? IOREQ_WRITE : IOREQ_READ,
        .data = write ? *val : 0,
    };

    if (rc)
        return rc < 0 ? rc : 0;
    rc = access(domid, vcpu, &req);
    if (!write)
        *val = req.data;
    return rc;
}

static int mmio(domid_t domid, unsigned int vcpu, uint64_t gpa,
                unsigned int size, uint64_t *val, bool write)
{
    unsigned int room = (unsigned int)(FX_PAGE_SIZE - gpa % FX_PAGE_SIZE);
    uint64_t low, high;
    int rc, rc2;

    if (!size || size > 8 || (size & (size - 1)))
        return -EINVAL;
    if (size <= room)
        return access_part(domid, vcpu, gpa, size, val, write);
    low = *val;
    high = *val >> room * 8;
    rc = access_part(domid, vcpu, gpa, room, &low, write);
    rc2 = rc ? rc
             : access_part(domid, vcpu, gpa + room, size - room, &high, write);
    if (!write)
        *val = rc ? ~UINT64_C(0) : low | high << room * 8;
    return rc ? rc : rc2;
}

int fx_mmio_read(domid_t domid, unsigned int vcpu, uint64_t gpa,
                 unsigned int size, uint64_t *val)
{
    return mmio(domid, vcpu, gpa, size, val, false);
}

int fx_mmio_write(domid_t domid, unsigned int vcpu, uint64_t gpa,
                  unsigned int size, uint64_t val)
{
    return mmio(domid, vcpu, gpa, size, &val, true);
}

/* One element at a time, for a side that is RAM or nobody's. */
static int rep_slow(domid_t domid, unsigned int vcpu, const struct ioreq *req)
{
    int64_t step = req->df ? -(int64_t)req->size : (int64_t)req->size;
    int rc = 0;

    for (uint32_t i = 0; i < req->count && !rc; i++) {
        uint64_t dev = req->addr + (uint64_t)(step * i);
        uint64_t ram = req->data + (uint64_t)(step * i);
        uint64_t val = 0;

        rc = mmio(domid, vcpu, req->dir == IOREQ_READ ? dev : ram, req->size,
                  &val, false);
        if (!rc)
            rc = mmio(domid, vcpu, req->dir == IOREQ_READ ? ram : dev,
                      req->size, &val, true);
    }
    return rc;
}

int fx_mmio_rep(domid_t domid, unsigned int vcpu, uint64_t gpa, int dir,
                unsigned int size, unsigned int count, bool df,
                uint64_t data_gpa)
{
    int rc = 0;

    if (!size || size > 8 || (size & (size - 1)))
        return -EINVAL;
    while (count && !rc) {
        unsigned int n = count < MAX_REPS ? count : MAX_REPS;
        uint64_t bytes = (uint64_t)n * size;
        struct ioreq req = {
            .type = IOREQ_TYPE_COPY,
            .addr = gpa,
            .data = data_gpa,
            .size = size,
            .count = n,
            .dir = dir == IOREQ_READ,
            .df = df,
            .data_is_ptr = 1,
        };

        if (fx_populated(domid, gpa >> FX_PAGE_SHIFT))
            rc = -ENXIO;
        else
            rc = dispatch(domid, vcpu, &req);
        if (rc == -ENXIO) {
            req.data = data_gpa;
            rc = rep_slow(domid, vcpu, &req);
        }
        count -= n;
        gpa = df ? gpa - bytes : gpa + bytes;
        data_gpa = df ? data_gpa - bytes : data_gpa + bytes;
    }
    return rc;
}

/* ---- Ports and PCI --------------------------------------------------- */

static uint64_t pci_address(uint16_t bdf, unsigned int reg)
{
    return (uint64_t)bdf << 32 | reg;
}

static int pci(domid_t domid, unsigned int vcpu, uint16_t bdf, unsigned int reg,
               unsigned int size, uint32_t *val, int dir)
{
    struct ioreq req = {
        .type = IOREQ_TYPE_PCI_CONFIG,
        .addr = pci_address(bdf, reg),
        .size = size,
        .count = 1,
        .dir = (uint8_t)dir,
        .data = dir == IOREQ_WRITE ? *val : 0,
    };
    int rc;

    if ((size != 1 && size != 2 && size != 4) || reg % 4 + size > 4 ||
        reg >= 4096)
        return -EINVAL;
    rc = access(domid, vcpu, &req);
    *val = (uint32_t)req.data;
    return rc;
}

int fx_pci_cfg_read(domid_t domid, unsigned int vcpu, uint16_t bdf,
                    unsigned int reg, unsigned int size, uint32_t *val)
{
    return pci(domid, vcpu, bdf, reg, size, val, IOREQ_READ);
}

int fx_pci_cfg_write(domid_t domid, unsigned int vcpu, uint16_t bdf,
                     unsigned int reg, unsigned int size, uint32_t val)
{
    return pci(domid, vcpu, bdf, reg, size, &val, IOREQ_WRITE);
}

static int pio(domid_t domid, unsigned int vcpu, uint16_t port,
               unsigned int size, uint32_t *val, int dir)
{
    struct ioreq req = {
        .type = IOREQ_TYPE_PIO,
        .addr = port,
        .size = size,
        .count = 1,
        .dir = (uint8_t)dir,
        .data = dir == IOREQ_WRITE ? *val : 0,
    };
    struct fx_domain *d;
    uint32_t cf8;
    int rc;

    if (size != 1 && size != 2 && size != 4)
        return -EINVAL;
    d = running(domid, vcpu, &rc);
    if (!d)
        return rc;
    if (port == 0xcf8 && size == 4 && dir == IOREQ_WRITE)
        d->vcpu[vcpu].cf8 = *val;
    cf8 = d->vcpu[vcpu].cf8;
    if (port >= 0xcfc && port + size <= 0xd00 && cf8 >> 31) {
        struct ioreq as_pci = req;

        as_pci.type = IOREQ_TYPE_PCI_CONFIG;
        as_pci.addr =
            pci_address((uint16_t)(cf8 >> 8), (cf8 & 0xfc) | (port & 3));
        /* Nobody's function falls through to who claimed the port. */
        if (select_server(d, &as_pci) >= 0)
            req = as_pci;
    }
    fx_domain_put(d);
    rc = access(domid, vcpu, &req);
    *val = (uint32_t)req.data;
    return rc;
}

int fx_pio_read(domid_t domid, unsigned int vcpu, uint16_t port,
                unsigned int size, uint32_t *val)
{
    return pio(domid, vcpu, port, size, val, IOREQ_READ);
}

int fx_pio_write(domid_t domid, unsigned int vcpu, uint16_t port,
                 unsigned int size, uint32_t val)
{
    return pio(domid, vcpu, port, size, &val, IOREQ_WRITE);
}

/* ---- Ballooning ------------------------------------------------------ */

/* All at once, then all answers: the vCPU waits for the slowest. */
static int broadcast_invalidate(domid_t domid, unsigned int vcpu)
{
    const struct ioreq req = {
        .type = IOREQ_TYPE_INVALIDATE,
        .size = 4,
        .dir = IOREQ_WRITE,
        .data = ~UINT64_C(0),
    };
    struct fx_domain *d;
    int rc;

    rc = finish_pending(domid, vcpu);
    if (rc)
        return rc;
    d = running(domid, vcpu, &rc);
    if (!d)
        return rc;
    for (unsigned int id = FX_MAX_SERVERS; id-- > 0;) {
        if (d->server[id].used && d->server[id].enabled)
            post(d, vcpu, id, &req);
    }
    fx_domain_put(d);
    return finish_pending(domid, vcpu);
}

int fx_balloon_out(domid_t domid, unsigned int vcpu, xen_pfn_t gfn,
                   unsigned int nr)
{
    int rc;
    struct fx_domain *d = running(domid, vcpu, &rc);

    if (!d)
        return rc;
    for (unsigned int i = 0; i < nr && !rc; i++)
        rc = fx_withdraw(d, gfn + i);
    fx_domain_put(d);
    return rc ? rc : broadcast_invalidate(domid, vcpu);
}
