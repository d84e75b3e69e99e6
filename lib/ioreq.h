/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ioreq service: one ioreq server of one domain, and the thread that answers
 * it (Xen, public/hvm/ioreq.h and public/hvm/dm_op.h).
 *
 * A device claims ranges of MMIO or port I/O and PCI functions and gets a
 * call for each access within them. Handlers run on the service thread and
 * don't block: a slow one returns IOREQ_DEFER and calls ioreq_complete()
 * later from another thread; only that vCPU waits for it.
 */
#ifndef LIB_IOREQ_H
#define LIB_IOREQ_H

#include <stdbool.h>
#include <stdint.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

enum ioreq_space {
    IOREQ_MMIO = 0, /* address: guest-physical */
    IOREQ_PIO = 1,  /* address: port */
    IOREQ_CFG = 2,  /* address: offset in config space */
    IOREQ_NR_SPACES = 3,
};

struct ioreq_access {
    enum ioreq_space space;
    bool write;
    unsigned int vcpu;
    unsigned int size; /* bytes: 1, 2, 4 or 8 */
    uint64_t offset;   /* from the start of the claimed range */
    uint64_t data;     /* written; or read, to be set by the handler */
};

enum ioreq_verdict { IOREQ_DONE, IOREQ_DEFER };

typedef enum ioreq_verdict (*ioreq_handler)(void *opaque,
                                            struct ioreq_access *access);

struct ioreq_config {
    uint32_t domid;
    unsigned int nr_vcpus;
    /* Longest spin after an answer before the service sleeps, us; 0: never.
     * It adapts below that to what the spinning has brought so far. */
    unsigned int poll_us;
    /* Take over server `id`, whose process has died: its page is mapped, each
     * port bound again, ranges that Xen has already are claimed again, and
     * each vCPU's slot is looked at before the service sleeps. A request that
     * the dead process was serving is served once more. */
    bool takeover;
    unsigned int id;
    /* Accesses a second, after a burst of as many; beyond that answers are
     * delayed. 0: no limit. */
    unsigned int rate;
    xendevicemodel_handle *dmod; /* all three are borrowed */
    xenforeignmemory_handle *fmem;
    xenevtchn_handle *xce; /* of this service alone */
    /* Guest memory, for accesses whose data are in memory (rep movs): copy
     * `len` bytes; 0 or a negative errno. Called on the service thread, or
     * on the one that calls ioreq_complete(). */
    int (*guest_read)(void *opaque, uint64_t gpa, void *buf, unsigned int len);
    int (*guest_write)(void *opaque, uint64_t gpa, const void *buf,
                       unsigned int len);
    /* The service's thread can't go on and ends: vCPUs would wait for ever. */
    void (*failed)(void *opaque);
    /* Xen asks to forget all cached mappings: raise a generation, return. */
    void (*invalidate)(void *opaque);
    void *opaque;
};

struct ioreq_stats {
    uint64_t served[IOREQ_NR_SPACES];
    uint64_t deferred;
    uint64_t invalidations;
    uint64_t nonsense; /* accesses that no handler was asked about */
    uint64_t spurious; /* events without a request */
    uint64_t spin_hits;
    uint64_t sleeps;
    uint64_t delayed; /* times that the guest was slowed down, and how long */
    uint64_t delayed_ns;
};

struct ioreq_service;
struct ioreq_range;

/* Create the server, or take it over, and map its page. Nothing is claimed yet
 * and no request arrives before ioreq_start(). 0 or a negative errno. */
int ioreq_new(const struct ioreq_config *config, struct ioreq_service **out);

/* Enable the server, then bind each vCPU's port (they are 0 until then). */
int ioreq_enable(struct ioreq_service *svc);

/* Start the service thread. */
int ioreq_start(struct ioreq_service *svc);

/* End the thread, if started, disable and destroy the server. A vCPU whose
 * request is open gets its answer from Xen, as if nobody claimed the range. */
void ioreq_free(struct ioreq_service *svc);

/* Answer each request that is open, a deferred one too, with ones. */
void ioreq_abandon(struct ioreq_service *svc);

/* An element of a request, for whoever records them. */
struct ioreq_event {
    const struct ioreq_access *access; /* NULL: an INVALIDATE of `vcpu` */
    uint64_t addr;                     /* as Xen gave it */
    unsigned int vcpu;
    bool nobody;   /* within nothing that is claimed */
    bool deferred; /* a read's data are not known yet */
};

/* Have each element told to `observer` once its handler has returned, with
 * the service's lock held: it must not block. It is called at once with NULL,
 * before any request, and with NULL again when somebody else wants its place.
 * Once it has returned false it is called no more. -EBUSY if there is one
 * that wants to stay. */
typedef bool (*ioreq_observer)(void *opaque, const struct ioreq_event *event);
int ioreq_observe(struct ioreq_service *svc, ioreq_observer observer,
                  void *opaque);

unsigned int ioreq_server_id(const struct ioreq_service *svc);

/* Claim [start, start + length), or the function at bus 0, devfn. At any
 * time, from any thread but the service's own. -EEXIST when it overlaps with
 * a claim, -ENOSPC past Xen's limit of 256 ranges a type. */
int ioreq_claim(struct ioreq_service *svc, enum ioreq_space space,
                uint64_t start, uint64_t length, ioreq_handler handler,
                void *opaque, struct ioreq_range **out);
int ioreq_claim_pci(struct ioreq_service *svc, unsigned int devfn,
                    ioreq_handler handler, void *opaque,
                    struct ioreq_range **out);
/* 0, or a negative errno: the claim stands as before. NULL is harmless. */
int ioreq_release(struct ioreq_service *svc, struct ioreq_range *range);

/* Finish a deferred access; `data` is what a read returns. */
void ioreq_complete(struct ioreq_service *svc, unsigned int vcpu,
                    uint64_t data);

/* Whether Xen still knows the server: -ENOENT when the domain is gone. */
int ioreq_alive(struct ioreq_service *svc);

void ioreq_get_stats(struct ioreq_service *svc, struct ioreq_stats *stats);

#endif
