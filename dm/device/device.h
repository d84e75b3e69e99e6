/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-device: the ioreq server, PCI functions, CSRs and interrupts of
 * one domain's vGPUs.
 *
 * Threads: the ioreq service's (handlers, must not block), the worker (slow
 * operations, one at a time), the main thread (messages of the monitor,
 * events of the engines). `lock` guards all state of the vGPUs; nobody holds
 * it across a slow call.
 */
#ifndef DM_DEVICE_DEVICE_H
#define DM_DEVICE_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/pci.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include "lib/guard.h"
#include "lib/guestmap.h"
#include "lib/ioreq.h"
#include "lib/irq.h"
#include "lib/link.h"
#include "lib/log.h"
#include "lib/pci.h"
#include "lib/proto.h"
#include "lib/sandbox.h"

#define NO_VCPU (~0u)

struct device;
struct device_model;
struct virtio_state;

/* What outlives the process, in the memfd behind the CSRs: written in place,
 * read by the process that takes over. Each field is valid at any moment;
 * what must change together is guarded by `pending` or `vram_to`. */
#define STATE_VERSION 3u

struct engine_state {
    uint32_t enabled;    /* the guest's ring is with the engine */
    uint32_t status;     /* XVGPU_STATUS_* */
    uint32_t cmd_seq;    /* last command sent */
    uint32_t pending;    /* enum link_cmd: begun, not known to be done */
    uint32_t reported;   /* its process' death; the next has no ring yet */
    uint32_t stale;      /* pending RESUME: begun before that death */
    uint32_t done_seen;  /* of link eng.done_count */
    uint32_t fault_seen; /* of link eng.fault_count */
    uint64_t totals[3];  /* jobs, packets, bytes of ended processes */
};

struct vgpu_state {
    uint32_t version; /* STATE_VERSION, once all else is valid */
    uint32_t cf8;     /* of the first vGPU: the port, where that is ours */
    struct pci_function pci;
    struct irq irq;
    /* Addresses claimed, or PCI_BAR_UNMAPPED: of registers, of MSI-X. */
    uint64_t csr_at, msix_at;
    uint64_t vram_gfn;
    uint64_t vram_to;    /* where it is being moved to; vram_gfn: nowhere */
    uint64_t vram_moved; /* frames of that move that are done */
    uint64_t time_base_ns;
    struct engine_state engines[XVGPU_NR_ENGINES];
    uint32_t quarantine; /* no engine starts */
    uint32_t reset_tell; /* engines of which a reset by the host is to tell */
};

_Static_assert(XVGPU_CSR_BAR_SIZE + sizeof(struct vgpu_state) <=
                   PROTO_STATE_SIZE,
               "fits in the memfd");

struct engine {
    bool present;
    struct engine_state *st;
    struct link_page *link;
    int kick, event;
    bool process;               /* the monitor has said that it runs */
    uint32_t tag;               /* of the last request */
    bool answered;              /* the monitor has answered that one */
    int answer;                 /* that answer's status */
    unsigned int deaths;        /* processes that ended, asked or not */
    bool death_queued;          /* a JOB_DEATH is on its way */
    bool hung;                  /* the last one: a packet did not end */
    uint32_t features, capsets; /* what it has said of its renderer */
};

struct vgpu {
    struct device *dev;
    const struct device_model *model;
    unsigned int index, devfn;
    /* The state memfd: native: RW registers at their offsets. */
    uint8_t *csr;
    struct virtio_state *virtio; /* virtio-gpu: instead of registers */
    void *scanouts;              /* virtio-gpu: its memfd, or NULL */
    struct vgpu_state *st;
    struct ioreq_range *cfg_range, *csr_range, *msix_range;
    uint64_t vram_size;
    uint64_t local_size; /* of gfx's local heap */
    uint64_t irq_failed_seen;
    struct log_limit limit;
    struct engine engines[XVGPU_NR_ENGINES];
};

enum job_type {
    JOB_REMAP,      /* BARs or decoding changed */
    JOB_RESET,      /* value: XVGPU_RESET_* */
    JOB_CTRL,       /* engine: act on a write of CTRL; value */
    JOB_DEATH,      /* engine: its process died unasked */
    JOB_HOST_RESET, /* value: XVGPU_RESET_*; quarantine */
};

struct job {
    enum job_type type;
    struct vgpu *vgpu;
    unsigned int engine;
    uint32_t value;
    bool quarantine;
    unsigned int vcpu; /* whose access to complete, or NO_VCPU */
};

/* Each vCPU can have one job open, each engine one death, each vGPU one reset
 * by the host. */
#define MAX_JOBS (128u + PROTO_MAX_VGPUS * (XVGPU_NR_ENGINES + 1u))

/* A recording under way; the ioreq service's lock guards it. */
struct recorder {
    int next_fd; /* the main thread's */
    int fd;      /* the pipe */
    bool begun;
    uint32_t lost;
    uint64_t start_ns;
};

struct device {
    uint32_t domid, own_domid, nr_vcpus;
    xendevicemodel_handle *dmod;
    xenforeignmemory_handle *fmem;
    xenevtchn_handle *xce;
    struct ioreq_service *ioreq;
    int sock; /* to the monitor */
    struct sandbox sandbox;
    bool takeover;
    bool failed; /* the ioreq service */
    bool pvh;    /* the PCI bus is ours (bridge.c) */
    struct ioreq_range *bridge_range, *cf8_range;
    struct log_limit limit;
    unsigned int nr_vgpus;
    struct vgpu vgpus[PROTO_MAX_VGPUS];

    pthread_mutex_t lock;
    pthread_cond_t changed; /* something that the worker waits for */
    bool stopping;

    /* For data of string instructions; the service's thread and the worker
     * use it. */
    pthread_mutex_t map_lock;
    struct guestmap *map;
    struct log_limit map_limit;

    pthread_t worker;
    bool worker_started;
    pthread_cond_t work; /* jobs or stopping */
    struct job jobs[MAX_JOBS];
    unsigned int job_head, nr_jobs;

    struct guard slow_guard;  /* the worker's: resets, moves of VRAM */
    struct guard ctrl_guard;  /* the worker's: starts and resumes of rings */
    struct guard event_guard; /* the main thread's: interrupts */

    struct recorder recorder;
};

/* device.c */
/* Take over `sock`, receive the configuration, open the Xen handles. */
int device_new(int sock, struct device **out);
/* Enter the sandbox, enable the ioreq server, tell the monitor. */
int device_start(struct device *dev);
/* Serve until the monitor says stop (0) or is gone (-EPIPE). After another
 * error the monitor starts a successor, which takes over the ioreq server:
 * end without device_free(), which destroys it. */
int device_loop(struct device *dev);
void device_free(struct device *dev);

/* worker.c */
int worker_start(struct device *dev);
void worker_stop(struct device *dev);
/* Queue a job. The lock is held. */
void worker_queue(struct device *dev, struct job job);
/* Have the vCPU that asked wait if its guest asks too often. The worker's. */
void worker_charge(struct device *dev, struct guard *guard);
/* What came from the monitor: its answer to the open request, or a death. */
void worker_engine_message(struct device *dev, const struct proto_msg *msg);

/* engines.c: native's rings: the worker's slow operations; the lock is not
 * held */
void engine_ctrl(struct vgpu *vgpu, unsigned int engine, uint32_t value);
void engine_recover(struct vgpu *vgpu, unsigned int engine);
void engine_kill(struct vgpu *vgpu, unsigned int engine);
/* The lock is held. */
unsigned int engine_event(struct vgpu *vgpu, unsigned int engine);
/* The guest hears, by interrupt, that its ring is gone. The lock is held. */
void engine_tell_reset(struct vgpu *vgpu, unsigned int engine, uint32_t code);

/* process.c, for engines of all models; the lock is held */
/* Have all engines drop their mappings. */
void engines_invalidate(struct vgpu *vgpu);
/* Publish whether DMA is allowed. */
void engines_bus_master(struct vgpu *vgpu);

/* reset.c: native's; the worker's; the lock is not held */
void reset_by_guest(struct vgpu *vgpu, uint32_t reason);
void reset_by_host(struct vgpu *vgpu, uint32_t reason, bool quarantine);
/* A PROTO_RESET has come: the main thread's. */
void reset_queue(struct device *dev, const struct proto_msg *msg);

/* vram.c: the worker's; the lock is not held */
/* Move VRAM to `gfn`. -EBUSY: guest RAM is there; it stays where it was. */
int vram_move(struct vgpu *vgpu, uint64_t gfn);
/* Undo a move that was not finished. */
void vram_settle(struct vgpu *vgpu);
/* Fill VRAM with zeros. */
int vram_scrub(struct vgpu *vgpu);

#define BRIDGE_CF8 0xcf8u /* the port, CONFIG_ADDRESS in the specification */

/* bridge.c: a PVH domain's host bridge and port 0xcf8. 0 or a negative errno,
 * said on stderr. */
int bridge_claim(struct device *dev);

/* native.c: the native device model */
void native_reset(struct vgpu *vgpu, uint32_t reason);
void native_remap(struct vgpu *vgpu);
/* Set INTR_STATUS bits and signal. The lock is held. */
void native_interrupt(struct vgpu *vgpu, uint32_t bits, unsigned int vector);
/* Signal what was there before its bits in INTR_ENABLE were set. The lock is
 * held. */
void native_enabled(struct vgpu *vgpu, uint32_t bits);
/* Deassert INTx when nothing is left. The lock is held. */
void native_update_level(struct vgpu *vgpu);

/* native-query.c: as struct device_model says */
struct answer;
void native_show(struct vgpu *vgpu, struct answer *to);
void native_regs(struct vgpu *vgpu, struct answer *to);
int native_screenshot(struct vgpu *vgpu, uint32_t scanout, struct answer *to);

/* csr.c: the CSR file; the lock is held */
void csr_init(void); /* once a process */
void csr_reset(struct vgpu *vgpu, bool power_on);
uint32_t csr_get32(const struct vgpu *vgpu, unsigned int offset);
uint64_t csr_get64(const struct vgpu *vgpu, unsigned int offset);
void csr_set32(struct vgpu *vgpu, unsigned int offset, uint32_t value);
void csr_set64(struct vgpu *vgpu, unsigned int offset, uint64_t value);
/* An access of 1, 2, 4 or 8 bytes as the guest sees it. False: it made no
 * sense (the caller counts it). effect->deferred is set when a slow
 * operation must follow before the access is complete. */
struct csr_effect {
    bool deferred;
    enum job_type job;
    unsigned int engine;
    uint32_t value;
};
bool csr_read(struct vgpu *vgpu, unsigned int offset, unsigned int size,
              uint64_t *value);
bool csr_write(struct vgpu *vgpu, unsigned int offset, unsigned int size,
               uint64_t value, struct csr_effect *effect);
/* One line per register into buf; the length. */
size_t csr_dump(struct vgpu *vgpu, char *buf, size_t size);
/* Call fn for each register that a guest can set and that has another value
 * than after a reset. */
void csr_each_set(const struct vgpu *vgpu,
                  void (*fn)(void *opaque, unsigned int offset,
                             unsigned int size, uint64_t value),
                  void *opaque);

/* query.c */
/* Takes over in->fds where the query has some. */
void query_answer(struct device *dev, struct proto_in *in);

/* record.c */
/* Record to a pipe from now on, until its reader is gone; takes fd over if it
 * returns 0. -EBUSY: a recording is under way; -EOPNOTSUPP: it would not have
 * all of the state, with a vGPU that is not native. */
int record_start(struct device *dev, int fd);

static inline unsigned int engine_csr(unsigned int engine, unsigned int reg)
{
    return XVGPU_ENGINE_BASE(engine) + reg;
}

#endif
