/* SPDX-License-Identifier: GPL-2.0-or-later */
#define __XEN_TOOLS__ 1 /* HVM_IOREQSRV_* */
#include "lib/ioreq.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xen/hvm/ioreq.h>
#include <xen/memory.h>

#include "lib/guard.h"
#include "lib/log.h"

/* Local event-channel ports: the FIFO ABI's limit (Xen, public/
 * event_channel.h, EVTCHN_FIFO_NR_CHANNELS). */
#define NR_PORTS (1u << 17)
#define NO_VCPU 0xffffu

#define MAX_VCPUS 128u
#define MAX_RANGES 256u

/* Xen cuts a string instruction at a page; what is longer is nonsense. */
#define MAX_REPS 4096u

/* The states share a byte with three flags and are written as a byte. */
#define STATE_BYTE 30u
#define STATE_MASK 0x0fu

_Static_assert(sizeof(struct ioreq) == 32, "layout of public/hvm/ioreq.h");

struct ioreq_range {
    enum ioreq_space space;
    uint64_t start, length; /* IOREQ_CFG: devfn << 32, 4096 */
    ioreq_handler handler;
    void *opaque;
};

struct vcpu {
    evtchn_port_t port; /* local; 0: not bound */
    /* The request in progress, copied out of the page. */
    struct ioreq req;
    unsigned int done; /* repetitions answered */
    uint64_t data;     /* of the last one, for the answer */
    bool deferred;
};

struct ioreq_service {
    struct ioreq_config cfg;
    ioservid_t id;
    bool created;
    bool enabled;
    bool threaded;
    bool stop;
    xenforeignmemory_resource_handle *fres;
    struct ioreq *slots; /* one per vCPU, shared with Xen */
    struct vcpu *vcpus;
    uint16_t *port_vcpu; /* [NR_PORTS] */
    pthread_t thread;

    pthread_mutex_t lock; /* ranges, stats, vcpus[].req */
    struct ioreq_range *ranges[MAX_RANGES];
    unsigned int nr_ranges;
    struct ioreq_range *last; /* hint: where the last request went */
    struct ioreq_stats stats;
    ioreq_observer observer;
    void *observer_opaque;

    /* Written by the service thread alone. */
    uint64_t spin_ns, spurious, spin_hits, sleeps;
    struct guard guard;
    unsigned int uncharged; /* requests since the guard last looked */
};

/* A counter with one writer, read by others. */
static void bump(uint64_t *counter)
{
    __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static uint8_t *state_byte(struct ioreq *slot)
{
    return (uint8_t *)slot + STATE_BYTE;
}

static bool slot_ready(struct ioreq *slot)
{
    uint8_t byte = __atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE);

    return (byte & STATE_MASK) == STATE_IOREQ_READY;
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

static void observe(struct ioreq_service *svc, const struct ioreq_event *event)
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
        observe(svc, &(struct ioreq_event){.access = &access,
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
            observe(svc, &(struct ioreq_event){.vcpu = n});
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
static void answer(struct ioreq_service *svc, unsigned int n)
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
        answer(svc, n);
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

static void *service_thread(void *arg)
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

static void on_wakeup(int sig)
{
    (void)sig; /* only ends a blocking read with EINTR */
}

int ioreq_new(const struct ioreq_config *config, struct ioreq_service **out)
{
    struct ioreq_service *svc;
    void *addr = NULL;
    unsigned int i;
    int rc;

    if (!config->nr_vcpus || config->nr_vcpus > MAX_VCPUS)
        return -EINVAL;
    svc = calloc(1, sizeof(*svc));
    if (!svc)
        return -ENOMEM;
    svc->cfg = *config;
    guard_init(&svc->guard, config->rate, config->rate);
    pthread_mutex_init(&svc->lock, NULL);
    svc->vcpus = calloc(config->nr_vcpus, sizeof(*svc->vcpus));
    svc->port_vcpu = malloc(NR_PORTS * sizeof(*svc->port_vcpu));
    if (!svc->vcpus || !svc->port_vcpu) {
        rc = -ENOMEM;
        goto out;
    }
    for (i = 0; i < NR_PORTS; i++)
        svc->port_vcpu[i] = NO_VCPU;

    if (config->takeover) {
        svc->id = (ioservid_t)config->id;
    } else if (xendevicemodel_create_ioreq_server(
                   config->dmod, (domid_t)config->domid,
                   HVM_IOREQSRV_BUFIOREQ_OFF, &svc->id)) {
        rc = -errno;
        log_error("creating an ioreq server for domain %u failed: %s",
                  config->domid, strerror(errno));
        goto out;
    }
    svc->created = true;
    svc->fres = xenforeignmemory_map_resource(
        config->fmem, (domid_t)config->domid, XENMEM_resource_ioreq_server,
        svc->id, XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &addr,
        PROT_READ | PROT_WRITE, 0);
    if (!svc->fres) {
        rc = -errno;
        log_error("mapping the page of ioreq server %u of domain %u failed: "
                  "%s",
                  svc->id, config->domid, strerror(errno));
        goto out;
    }
    svc->slots = addr;
    *out = svc;
    return 0;

out:
    ioreq_free(svc);
    return rc;
}

int ioreq_enable(struct ioreq_service *svc)
{
    xenevtchn_port_or_error_t port;
    unsigned int n;

    if (xendevicemodel_set_ioreq_server_state(
            svc->cfg.dmod, (domid_t)svc->cfg.domid, svc->id, 1))
        return -errno;
    svc->enabled = true;
    for (n = 0; n < svc->cfg.nr_vcpus; n++) {
        port = xenevtchn_bind_interdomain(svc->cfg.xce, svc->cfg.domid,
                                          svc->slots[n].vp_eport);
        if (port < 0 || (unsigned int)port >= NR_PORTS) {
            log_error("binding the ioreq port of vCPU %u of domain %u "
                      "failed: %s",
                      n, svc->cfg.domid, strerror(errno));
            return port < 0 ? -errno : -ERANGE;
        }
        svc->vcpus[n].port = (evtchn_port_t)port;
        svc->port_vcpu[port] = (uint16_t)n;
        /* The dead one may have answered without being able to say so. */
        if (svc->cfg.takeover && !slot_ready(&svc->slots[n]))
            xenevtchn_notify(svc->cfg.xce, svc->vcpus[n].port);
    }
    return 0;
}

int ioreq_start(struct ioreq_service *svc)
{
    struct sigaction sa = {.sa_handler = on_wakeup};
    int rc;

    if (sigaction(SIGUSR1, &sa, NULL) < 0)
        return -errno;
    rc = pthread_create(&svc->thread, NULL, service_thread, svc);
    if (rc)
        return -rc;
    svc->threaded = true;
    return 0;
}

/* The signal may come just before the thread blocks: repeat until it ends. */
static void stop_thread(struct ioreq_service *svc)
{
    struct timespec until;

    __atomic_store_n(&svc->stop, true, __ATOMIC_RELEASE);
    do {
        pthread_kill(svc->thread, SIGUSR1);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 2000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
    } while (pthread_timedjoin_np(svc->thread, NULL, &until));
    svc->threaded = false;
}

void ioreq_abandon(struct ioreq_service *svc)
{
    unsigned int n;

    if (!svc->slots)
        return;
    pthread_mutex_lock(&svc->lock);
    for (n = 0; n < svc->cfg.nr_vcpus; n++) {
        struct vcpu *v = &svc->vcpus[n];

        if (!v->port)
            continue;
        if (!slot_ready(&svc->slots[n])) {
            /* The notification of an answer may be what has failed. */
            xenevtchn_notify(svc->cfg.xce, v->port);
            continue;
        }
        v->req = svc->slots[n];
        v->data = ~0ull;
        v->deferred = false;
        answer(svc, n);
    }
    pthread_mutex_unlock(&svc->lock);
}

static void not_ended(const struct ioreq_service *svc, const char *what)
{
    if (errno != ENOENT && errno != ESRCH) /* the domain has died */
        log_error("%s ioreq server %u of domain %u failed: %s", what, svc->id,
                  svc->cfg.domid, strerror(errno));
}

void ioreq_free(struct ioreq_service *svc)
{
    unsigned int i;

    if (!svc)
        return;
    if (svc->threaded)
        stop_thread(svc);
    /* Disabled first: a request that came after the others were answered
     * would wait for ever. */
    if (svc->enabled && xendevicemodel_set_ioreq_server_state(
                            svc->cfg.dmod, (domid_t)svc->cfg.domid, svc->id, 0))
        not_ended(svc, "disabling");
    ioreq_abandon(svc);
    if (svc->vcpus)
        for (i = 0; i < svc->cfg.nr_vcpus; i++)
            if (svc->vcpus[i].port)
                xenevtchn_unbind(svc->cfg.xce, svc->vcpus[i].port);
    if (svc->fres)
        xenforeignmemory_unmap_resource(svc->cfg.fmem, svc->fres);
    if (svc->created && xendevicemodel_destroy_ioreq_server(
                            svc->cfg.dmod, (domid_t)svc->cfg.domid, svc->id))
        not_ended(svc, "destroying");
    for (i = 0; i < svc->nr_ranges; i++)
        free(svc->ranges[i]);
    pthread_mutex_destroy(&svc->lock);
    free(svc->vcpus);
    free(svc->port_vcpu);
    free(svc);
}

int ioreq_observe(struct ioreq_service *svc, ioreq_observer observer,
                  void *opaque)
{
    int rc = 0;

    pthread_mutex_lock(&svc->lock);
    if (svc->observer)
        observe(svc, NULL);
    if (svc->observer) {
        rc = -EBUSY;
    } else {
        svc->observer = observer;
        svc->observer_opaque = opaque;
        observe(svc, NULL);
    }
    pthread_mutex_unlock(&svc->lock);
    return rc;
}

unsigned int ioreq_server_id(const struct ioreq_service *svc)
{
    return svc->id;
}

/* Tell Xen of a range, or take it back. 0 or a negative errno. */
static int range_op(struct ioreq_service *svc, const struct ioreq_range *r,
                    bool add)
{
    const domid_t domid = (domid_t)svc->cfg.domid;
    const unsigned int devfn = (unsigned int)(r->start >> 32);
    int rc;

    if (r->space == IOREQ_CFG)
        rc = (add ? xendevicemodel_map_pcidev_to_ioreq_server
                  : xendevicemodel_unmap_pcidev_from_ioreq_server)(
            svc->cfg.dmod, domid, svc->id, 0, 0, (uint8_t)(devfn >> 3),
            devfn & 7);
    else
        rc = (add ? xendevicemodel_map_io_range_to_ioreq_server
                  : xendevicemodel_unmap_io_range_from_ioreq_server)(
            svc->cfg.dmod, domid, svc->id, r->space == IOREQ_MMIO, r->start,
            r->start + r->length - 1);
    return rc ? -errno : 0;
}

static void drop_range(struct ioreq_service *svc, struct ioreq_range *range)
{
    unsigned int i;

    pthread_mutex_lock(&svc->lock);
    if (svc->last == range)
        svc->last = NULL;
    for (i = 0; i < svc->nr_ranges; i++)
        if (svc->ranges[i] == range)
            svc->ranges[i] = svc->ranges[--svc->nr_ranges];
    pthread_mutex_unlock(&svc->lock);
    free(range);
}

static int claim(struct ioreq_service *svc, struct ioreq_range range,
                 struct ioreq_range **out)
{
    struct ioreq_range *r = malloc(sizeof(*r));
    int rc = 0;

    if (!r)
        return -ENOMEM;
    *r = range;
    /* Ours first: from the hypercall on requests may come. */
    pthread_mutex_lock(&svc->lock);
    if (svc->nr_ranges < MAX_RANGES)
        svc->ranges[svc->nr_ranges++] = r;
    else
        rc = -ENOSPC;
    pthread_mutex_unlock(&svc->lock);
    if (rc) {
        free(r);
        return rc;
    }
    rc = range_op(svc, r, true);
    if (rc == -EEXIST && svc->cfg.takeover && !svc->threaded)
        rc = 0; /* the dead process has claimed it */
    if (rc) {
        drop_range(svc, r);
        return rc;
    }
    *out = r;
    return 0;
}

int ioreq_claim(struct ioreq_service *svc, enum ioreq_space space,
                uint64_t start, uint64_t length, ioreq_handler handler,
                void *opaque, struct ioreq_range **out)
{
    if (space >= IOREQ_CFG || !length || start + length - 1 < start)
        return -EINVAL;
    return claim(
        svc, (struct ioreq_range){space, start, length, handler, opaque}, out);
}

int ioreq_claim_pci(struct ioreq_service *svc, unsigned int devfn,
                    ioreq_handler handler, void *opaque,
                    struct ioreq_range **out)
{
    if (devfn > 0xff)
        return -EINVAL;
    return claim(svc,
                 (struct ioreq_range){IOREQ_CFG, (uint64_t)devfn << 32, 4096,
                                      handler, opaque},
                 out);
}

int ioreq_release(struct ioreq_service *svc, struct ioreq_range *range)
{
    int rc;

    if (!range)
        return 0;
    rc = range_op(svc, range, false);
    if (!rc)
        drop_range(svc, range);
    return rc;
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
            answer(svc, vcpu);
    }
    pthread_mutex_unlock(&svc->lock);
}

int ioreq_alive(struct ioreq_service *svc)
{
    if (xendevicemodel_get_ioreq_server_info(
            svc->cfg.dmod, (domid_t)svc->cfg.domid, svc->id, NULL, NULL, NULL))
        return -errno;
    return 0;
}

void ioreq_get_stats(struct ioreq_service *svc, struct ioreq_stats *stats)
{
    pthread_mutex_lock(&svc->lock);
    *stats = svc->stats;
    stats->spurious = __atomic_load_n(&svc->spurious, __ATOMIC_RELAXED);
    stats->spin_hits = __atomic_load_n(&svc->spin_hits, __ATOMIC_RELAXED);
    stats->sleeps = __atomic_load_n(&svc->sleeps, __ATOMIC_RELAXED);
    stats->delayed = __atomic_load_n(&svc->guard.delayed, __ATOMIC_RELAXED);
    stats->delayed_ns =
        __atomic_load_n(&svc->guard.delayed_ns, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&svc->lock);
}
