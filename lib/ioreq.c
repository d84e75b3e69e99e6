/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ioreq-private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xen/memory.h>

#include "lib/log.h"

#define MAX_VCPUS 128u

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
    rc = pthread_create(&svc->thread, NULL, ioreq_thread, svc);
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
        ioreq_answer(svc, n);
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
        ioreq_tell(svc, NULL);
    if (svc->observer) {
        rc = -EBUSY;
    } else {
        svc->observer = observer;
        svc->observer_opaque = opaque;
        ioreq_tell(svc, NULL);
    }
    pthread_mutex_unlock(&svc->lock);
    return rc;
}

unsigned int ioreq_server_id(const struct ioreq_service *svc)
{
    return svc->id;
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
