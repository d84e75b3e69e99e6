/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ioreq-private.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"

/* Xen cuts a string instruction at a page; what is longer is nonsense. */
#define MAX_REPS 4096u

_Static_assert(sizeof(struct ioreq) == 32, "layout of public/hvm/ioreq.h");

/* A counter with one writer, read by others. */
static void bump(uint64_t *counter)
{
    __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static struct ioreq_range *find_range(struct ioreq_service *svc,
                                      enum ioreq_space space, uint64_t addr,
                                      unsigned int size)
{
    struct ioreq_range *r = svc->last;
    unsigned int i;

    if (r && r->space == space && addr - r->start < r->length &&
        size <= r->length - (addr - r->start))
        return r;
    for (i = 0; i < svc->nr_ranges; i++) {
        r = svc->ranges[i];
        if (r->space == space && addr - r->start < r->length &&
            size <= r->length - (addr - r->start)) {
            svc->last = r;
            return r;
        }
    }
    return NULL;
}

static uint64_t ones(unsigned int size)
{
    return size >= 8 ? ~0ull : (1ull << (size * 8)) - 1;
}

void ioreq_tell(struct ioreq_service *svc, const struct ioreq_event *event)
{
    if (!svc->observer(svc->observer_opaque, event))
        svc->observer = NULL;
}

/* One repetition. The lock is held. */
static enum ioreq_verdict run_once(struct ioreq_service *svc, unsigned int n,
                                   enum ioreq_space space, uint64_t addr,
                                   uint64_t *data)
{
    struct vcpu *v = &svc->vcpus[n];
    struct ioreq_range *r;
    struct ioreq_access access = {
        .space = space,
        .write = v->req.dir == IOREQ_WRITE,
        .vcpu = n,
        .size = v->req.size,
    };
    enum ioreq_verdict verdict;

    r = find_range(svc, space, addr, v->req.size);
    if (!r) {
        svc->stats.nonsense++;
        access.data = access.write ? *data : ~0ull;
        *data = ones(v->req.size);
        verdict = IOREQ_DONE;
    } else {
        access.offset = addr - r->start;
        access.data = access.write ? *data & ones(access.size) : 0;
        verdict = r->handler(r->opaque, &access);
        if (!access.write)
            *data = access.data & ones(access.size);
    }
    if (svc->observer)
        ioreq_tell(svc,
                   &(struct ioreq_event){.access = &access,
                                         .addr = addr,
                                         .vcpu = n,
                                         .nobody = !r,
                                         .deferred = verdict == IOREQ_DEFER});
    return verdict;
}

static int guest_copy(struct ioreq_service *svc, struct vcpu *v, unsigned int i,
                      uint64_t *data, bool to_guest)
{
    const struct ioreq_config *cfg = &svc->cfg;
    uint64_t step = (uint64_t)i * v->req.size;
    uint64_t gpa = v->req.df ? v->req.data - step : v->req.data + step;

    if (to_guest)
        return cfg->guest_write
                   ? cfg->guest_write(cfg->opaque, gpa, data, v->req.size)
                   : -EFAULT;
    *data = 0;
    return cfg->guest_read
               ? cfg->guest_read(cfg->opaque, gpa, data, v->req.size)
               : -EFAULT;
}

/* Finish repetition v->done, whose handler has given `data`. */
static void finish_rep(struct ioreq_service *svc, struct vcpu *v, uint64_t data)
{
    if (v->req.dir == IOREQ_READ) {
        if (!v->req.data_is_ptr)
            v->data = data;
        else if (guest_copy(svc, v, v->done, &data, true))
            svc->stats.nonsense++;
    }
    v->done++;
}

static bool to_space(uint8_t type, enum ioreq_space *space)
{
    switch (type) {
    case IOREQ_TYPE_COPY:
        *space = IOREQ_MMIO;
        return true;
    case IOREQ_TYPE_PIO:
        *space = IOREQ_PIO;
        return true;
    case IOREQ_TYPE_PCI_CONFIG:
        *space = IOREQ_CFG;
        return true;
    default:
        return false;
    }
}

/* Run the repetitions that are left. True: answered or nonsense, the slot
 * can be released; false: deferred. The lock is held. */
static bool run_request(struct ioreq_service *svc, unsigned int n)
{
    struct vcpu *v = &svc->vcpus[n];
    enum ioreq_space space;
    uint64_t addr, data, step;

    if (v->req.type == IOREQ_TYPE_INVALIDATE) {
        svc->stats.invalidations++;
        if (svc->cfg.invalidate)
            svc->cfg.invalidate(svc->cfg.opaque);
        if (svc->observer)
            ioreq_tell(svc, &(struct ioreq_event){.vcpu = n});
        return true;
    }
    if (!to_space(v->req.type, &space) || v->req.count > MAX_REPS ||
        (v->req.size != 1 && v->req.size != 2 && v->req.size != 4 &&
         v->req.size != 8)) {
        svc->stats.nonsense++;
        v->data = ~0ull;
        return true;
    }
    while (v->done < v->req.count) {
        step = (uint64_t)v->done * v->req.size;
        addr = v->req.addr;
        if (space == IOREQ_MMIO)
            addr = v->req.df ? addr - step : addr + step;
        data = v->req.data;
        if (v->req.data_is_ptr && v->req.dir == IOREQ_WRITE &&
            guest_copy(svc, v, v->done, &data, false)) {
            svc->stats.nonsense++;
            v->done++;
            continue;
        }
        svc->stats.served[space]++;
        v->deferred = run_once(svc, n, space, addr, &data) == IOREQ_DEFER;
        if (v->deferred) {
            svc->stats.deferred++;
            return false;
        }
        finish_rep(svc, v, data);
    }
    return true;
}

static void broken(struct ioreq_service *svc, const char *what)
{
    log_error("%s an event channel of domain %u failed: %s", what,
              svc->cfg.domid, strerror(errno));
    if (svc->cfg.failed)
        svc->cfg.failed(svc->cfg.opaque);
}

/* Data, then the state, then the notification (Xen, common/ioreq.c,
 * wait_for_io: a state lower than before crashes the guest). */
void ioreq_answer(struct ioreq_service *svc, unsigned int n)
{
    struct vcpu *v = &svc->vcpus[n];
    struct ioreq *slot = &svc->slots[n];
    uint8_t *byte = state_byte(slot);

    if (v->req.dir == IOREQ_READ && !v->req.data_is_ptr)
        __atomic_store_n(&slot->data, v->data, __ATOMIC_RELAXED);
    __atomic_store_n(
        byte,
        (uint8_t)((__atomic_load_n(byte, __ATOMIC_RELAXED) & ~STATE_MASK) |
                  STATE_IORESP_READY),
        __ATOMIC_RELEASE);
    if (xenevtchn_notify(svc->cfg.xce, v->port))
        broken(svc, "notifying");
}

/* Reading the clock costs: only now and then. */
#define CHARGE_EVERY 64u

/* A storm of accesses costs dom0 more than the guest that makes it. Its
 * domain alone waits: this thread serves no other. */
static void slow_down(struct ioreq_service *svc)
{
    uint64_t wait;

    if (++svc->uncharged < CHARGE_EVERY)
        return;
    wait = guard_charge(&svc->guard, svc->uncharged, clock_ns());
    svc->uncharged = 0;
    if (wait)
        guard_sleep(wait);
}

/* Serve vCPU n's slot if it holds a new request. */
static bool serve(struct ioreq_service *svc, unsigned int n)
{
    struct vcpu *v = &svc->vcpus[n];

    if (!slot_ready(&svc->slots[n]))
        return false;
    slow_down(svc);
    pthread_mutex_lock(&svc->lock);
    if (v->deferred || !slot_ready(&svc->slots[n])) {
        /* Still in the worker's hands, the state says READY until then; or
         * just answered by it, after we had looked. */
        pthread_mutex_unlock(&svc->lock);
        return false;
    }
    v->req = svc->slots[n];
    v->done = 0;
    v->data = 0;
    /* Answered with the lock held: a deferred request may be completed by
     * another thread as soon as it is released. */
    if (run_request(svc, n))
        ioreq_answer(svc, n);
    pthread_mutex_unlock(&svc->lock);
    return true;
}

static bool serve_any(struct ioreq_service *svc)
{
    bool any = false;
    unsigned int n;

    for (n = 0; n < svc->cfg.nr_vcpus; n++)
        any |= serve(svc, n);
    return any;
}

#define SPIN_MIN_NS 5000u

/* Look for the next request for a while, with the port still masked: an
 * answer that goes without a sleep needs one system call. */
static void spin(struct ioreq_service *svc)
{
    uint64_t start = clock_ns();
    unsigned int i = 0;

    while (!__atomic_load_n(&svc->stop, __ATOMIC_RELAXED)) {
        if (serve_any(svc)) {
            bump(&svc->spin_hits);
            start = clock_ns();
            continue;
        }
        __builtin_ia32_pause();
        if ((++i & 15) == 0 && clock_ns() - start > svc->spin_ns)
            break;
    }
}

/* After a request that came `slept_ns` after the thread fell asleep: had a
 * longer spin caught it, the next one is long enough for twice that; else
 * halve it, so that a guest that is quiet costs nothing. */
static void adapt_spin(struct ioreq_service *svc, uint64_t slept_ns)
{
    const uint64_t max = svc->cfg.poll_us * 1000ull;

    if (slept_ns < max) {
        svc->spin_ns = 2 * (svc->spin_ns + slept_ns);
        if (svc->spin_ns < SPIN_MIN_NS)
            svc->spin_ns = SPIN_MIN_NS;
        if (svc->spin_ns > max)
            svc->spin_ns = max;
    } else {
        svc->spin_ns = svc->spin_ns / 2 < SPIN_MIN_NS ? 0 : svc->spin_ns / 2;
    }
}

void *ioreq_thread(void *arg)
{
    struct ioreq_service *svc = arg;
    const uint64_t poll_ns = svc->cfg.poll_us * 1000ull;
    xenevtchn_port_or_error_t port;
    uint64_t slept = 0;
    unsigned int n;

    if (svc->cfg.takeover)
        serve_any(svc);
    while (!__atomic_load_n(&svc->stop, __ATOMIC_ACQUIRE)) {
        if (poll_ns)
            slept = clock_ns();
        port = xenevtchn_pending(svc->cfg.xce);
        if (port < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            broken(svc, "reading");
            break;
        }
        n = (unsigned int)port < NR_PORTS ? svc->port_vcpu[port] : NO_VCPU;
        if (n == NO_VCPU) {
            bump(&svc->spurious);
            continue;
        }
        bump(&svc->sleeps);
        if (!serve(svc, n)) {
            /* Most often the event of a request that a spin has served. */
            bump(&svc->spurious);
        } else if (poll_ns) {
            adapt_spin(svc, clock_ns() - slept);
            if (svc->spin_ns)
                spin(svc);
        }
        if (xenevtchn_unmask(svc->cfg.xce, (evtchn_port_t)port)) {
            broken(svc, "unmasking");
            break;
        }
    }
    return NULL;
}

void ioreq_complete(struct ioreq_service *svc, unsigned int vcpu, uint64_t data)
{
    struct vcpu *v;

    if (vcpu >= svc->cfg.nr_vcpus)
        return;
    v = &svc->vcpus[vcpu];
    pthread_mutex_lock(&svc->lock);
    if (v->deferred) {
        v->deferred = false;
        finish_rep(svc, v, data & ones(v->req.size));
        if (run_request(svc, vcpu))
            ioreq_answer(svc, vcpu);
    }
    pthread_mutex_unlock(&svc->lock);
}
