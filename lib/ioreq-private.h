/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the ioreq service share: ioreq.c, its life; ioreq-range.c,
 * what it claims; ioreq-serve.c, its thread and the answers.
 */
#ifndef LIB_IOREQ_PRIVATE_H
#define LIB_IOREQ_PRIVATE_H

#define __XEN_TOOLS__ 1 /* HVM_IOREQSRV_* */
#include "lib/ioreq.h"

#include <pthread.h>
#include <xen/hvm/ioreq.h>

#include "lib/guard.h"

/* Local event-channel ports: the FIFO ABI's limit (Xen, public/
 * event_channel.h, EVTCHN_FIFO_NR_CHANNELS). */
#define NR_PORTS (1u << 17)
#define NO_VCPU 0xffffu

#define MAX_RANGES 256u

/* The states share a byte with three flags and are written as a byte. */
#define STATE_BYTE 30u
#define STATE_MASK 0x0fu

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

static inline uint8_t *state_byte(struct ioreq *slot)
{
    return (uint8_t *)slot + STATE_BYTE;
}

static inline bool slot_ready(struct ioreq *slot)
{
    uint8_t byte = __atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE);

    return (byte & STATE_MASK) == STATE_IOREQ_READY;
}

/* ioreq-serve.c ------------------------------------------------------- */

/* The service's thread. */
void *ioreq_thread(void *arg);

/* Answer vCPU n's request with what is in vcpus[n]. */
void ioreq_answer(struct ioreq_service *svc, unsigned int n);

/* Tell the observer; it may end the observation. The lock is held. */
void ioreq_tell(struct ioreq_service *svc, const struct ioreq_event *event);

#endif
