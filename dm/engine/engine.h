/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-engine: one engine of one vGPU. It fetches packets from the ring
 * in guest memory, or commands from virtqueues (struct engine_front),
 * validates and runs them.
 *
 * Everything that comes from guest memory or the link page is copied out
 * once, checked, and used from the copy. Nothing that a guest writes ends
 * the process.
 *
 * One thread. A boundary is a point between packets, or inside one where the
 * engine holds no pin: there it may be told to stop, and goes on later with
 * the same packet (`position`).
 */
#ifndef DM_ENGINE_ENGINE_H
#define DM_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/packet.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include "lib/grant.h"
#include "lib/guestmap.h"
#include "lib/link.h"
#include "lib/log.h"

/* The longest way from one boundary to the next, in bytes moved. */
#define ENGINE_CHUNK 65536u

struct engine;

enum step {
    STEP_DONE,      /* the packet is complete and has no position left */
    STEP_PREEMPTED, /* call again with the same packet to go on */
    STEP_FAULT,     /* engine_fault() was called */
    STEP_NESTED,    /* an indirect buffer stands on the stack now */
    STEP_IDLE,      /* the ring is empty */
    STEP_WAITING,   /* for guest memory: call again at e->wait_at_ns */
};

/* One row a packet type. The decoder has checked header and length when it
 * calls run(): `dw` are the packet's dwords, in private memory that stays
 * until the packet is done. Fields are run()'s to check. */
struct packet_type {
    uint8_t type;
    uint8_t flags;     /* allowed ones */
    uint16_t min, max; /* dwords */
    bool unordered;    /* may run before the work of those before is done */
    enum step (*run)(struct engine *e, const uint32_t *dw, uint32_t n);
};

/* What the administrator is shown of a back end. */
struct engine_host {
    const char *device; /* the driver's name for it */
    bool in_place;      /* guest memory is used where it is, not copied */
    /* Of a virtio-gpu: see struct proto_msg. */
    uint32_t features, capsets;
    bool processors; /* computes on them, in this process alone */
};

/*
 * Where an engine's work comes from: the native ring (ring.c), or virtqueues.
 * The loop around it, commands, grants and statistics are the same for all.
 * Functions run on the engine's thread; none of them blocks.
 */
struct engine_front {
    /* LINK_CMD_START, e->state being LINK_IDLE: take what the link page
     * describes. 0, or a XVGPU_FAULT_* code and nothing is kept. */
    uint32_t (*open)(struct engine *e);
    /* Then: e->state is LINK_RUNNING, or LINK_STOPPED for a ring that another
     * process had; the front may change it. */
    void (*start)(struct engine *e);
    /* Forget all that open() and start() took; there may be nothing. */
    void (*stop)(struct engine *e);
    /* LINK_CMD_RESUME, e->state being LINK_STOPPED; may be NULL. */
    void (*resume)(struct engine *e);
    /* Look whether the guest has more for us: true if it has. e->state is
     * LINK_RUNNING. */
    bool (*look)(struct engine *e);
    /* Whether it may have, cheaply: asked again and again for a while. */
    bool (*rung)(const struct engine *e);
    /* Something is under way or waits to be run; LINK_RUNNING. */
    bool (*has_work)(const struct engine *e);
    /* There is work: run it to the first boundary at which engine_boundary()
     * says stop, at least one step; to its end; or to a fault, which it
     * publishes. Between engine_begin() and engine_end(). */
    void (*run)(struct engine *e);
    /* An event channel has an event; may be NULL. */
    void (*event)(struct engine *e);
    /* Before sleeping without work: have the guest ring again. 0; 1: it has
     * more already; or a negative errno: to be called again soon. */
    int (*listen)(struct engine *e);
};

/*
 * An engine's back end.
 *
 * Contract: a packet's run() calls engine_boundary() at least once every
 * ENGINE_CHUNK bytes (or the like), holding no pin; when that returns true it
 * stores its position and returns STEP_PREEMPTED. save() and restore() carry
 * that position, and all else that later packets depend on, to another
 * process.
 */
struct engine_ops {
    const char *name;
    uint32_t engine; /* XVGPU_ENGINE_* */
    const struct engine_front *front;
    const struct packet_type *types; /* besides the common ones */
    unsigned int nr_types;
    size_t save_max; /* the most that save() writes */

    /* Before anything of the sandbox: state and handles of the back end, in
     * e->backend. 0 or a negative errno. */
    int (*open)(struct engine *e);
    /* May be NULL. In the folders, uid and limits of the sandbox, but before
     * system calls are filtered: what loads libraries, opens files, starts
     * threads. 0 or a negative errno. */
    int (*init)(struct engine *e);
    /* May be NULL. After init(): what of the host's it uses. */
    void (*describe)(const struct engine *e, struct engine_host *host);
    void (*close)(struct engine *e);
    /* A ring starts: a fresh context. 0 or a XVGPU_FAULT_* code. With
     * recover(): 0; it may have much to free, so it waits for a grant for
     * compiling where there was a context. */
    int (*start)(struct engine *e);
    /* May be NULL. Instead of start(), when another process had this ring, and
     * under a grant for compiling: what it kept in e->context. 0, or a negative
     * errno: start() comes then. */
    int (*recover)(struct engine *e);
    /* The context at a boundary. save() returns its size; restore() checks
     * what it is given: 0 or -EINVAL. */
    size_t (*save)(const struct engine *e, void *buf);
    int (*restore)(struct engine *e, const void *buf, size_t len);
    /* Forget the position in the packet: it was skipped, or the ring
     * stopped. */
    void (*reset)(struct engine *e);
    /* Not NULL where run() returns before its work is done: wait until all of
     * it is. Called at each boundary, and before a packet that others can see
     * or that reads what they write. 0, or -1 after engine_fault(). */
    int (*drain)(struct engine *e);
    /* May be NULL: guest memory has changed, all mappings are to go. Called
     * after drain(). */
    void (*invalidate)(struct engine *e);
    /* May be NULL. While e->untidy is set: undo a little of what is not needed
     * any more, also without a grant. Whether there is more. */
    bool (*tidy)(struct engine *e);
    /* May be NULL. Whether a packet is one that calls engine_compile(): a hint,
     * for several of them in a row. */
    bool (*compiles)(uint32_t type);
};

struct ib {
    uint32_t *dw;
    uint32_t room; /* dwords allocated */
    uint32_t n;    /* dwords that it has */
    uint32_t pos;  /* of the packet that runs */
    uint64_t addr;
};

/* Bytes of the ring read ahead: the longest packet and as much again. */
#define RING_BUF (2u * 4u * XVGPU_PKT_MAX_DWORDS)

struct ring {
    uint32_t size;
    uint32_t rptr, wptr; /* always inside and multiples of 4 */
    uint32_t csr_wptr;   /* the last CSR doorbell that we took */
    uint32_t head, len;  /* bytes at rptr: buf[head], len of them */
    uint32_t packet;     /* bytes of the ring packet that runs, or 0 */
    uint32_t ib_count, depth;
    bool signal;           /* a fence asked for the completion signal */
    uint32_t rptr_written; /* the last value written to rptr_addr, or ~0 */
    uint64_t base, rptr_addr, wptr_addr;
    struct ib ib[XVGPU_IB_MAX_DEPTH];
    uint32_t buf[RING_BUF / 4];
};

struct fault {
    uint32_t code, offset, header;
    uint32_t skip; /* bytes that RESUME passes over */
    uint64_t addr, ib;
};

struct doorbell {
    int ring_port, done_port; /* local ports, -1: none */
    bool masked;              /* rung and not yet unmasked */
    bool deferred; /* WPTR_ADDR is to be read when the ring goes on */
};

struct engine_stats {
    uint64_t packets, bytes, jobs, done_evtchn, doorbells_evtchn, preempted;
    uint64_t busy_ns;
    uint64_t hist[LINK_HIST];
};

/* What is said on pages S and E of the grant, as this process knows it. */
struct grant_state {
    uint32_t seen, acked, ran; /* epochs */
    uint32_t want;             /* enum grant_kind */
    uint64_t loaded_ns;        /* of epoch `seen` */
    uint64_t stopped_ns;       /* the GPU became idle; 0: long ago */
    uint64_t busy_ns;          /* not of this process alone */
    uint64_t frozen_ns;        /* of page S, when the front began to run */
};

#define CACHE_LINE 64u

/* What the administrator allows a vGPU. */
struct engine_limits {
    uint64_t local_size;  /* bytes of the local heap */
    uint32_t watchdog_ms; /* that a packet may run */
    uint32_t compile_ms;  /* that a pipeline's first use may take */
    bool plain;           /* virtio-gpu: no 3D, whatever there is for it */
};

struct engine {
    /* What every packet touches, together: a chunk copied has pushed it out
     * of the nearest cache. */
    const struct engine_ops *ops;
    void *backend;
    struct link_page *link;
    const struct grant_s *grant_s;
    struct guestmap *map;
    uint32_t cmd_seq;        /* the last command obeyed */
    uint32_t map_generation; /* the last one obeyed */
    uint64_t job_start_ns;   /* 0: the next packet begins a job */
    enum link_state state;
    bool gone;    /* the monitor */
    bool async;   /* some work that run() began is not known to be done */
    int async_fd; /* readable when some of it is, if it tells; or -1 */
    bool spin;    /* the next doorbell is expected soon */
    /* The packet at hand was stopped: it compiles, and there is no grant for
     * that; or it is a WAIT_MEM, to be looked at again at wait_at_ns. */
    bool cold, waiting;
    /* Before anything runs start(), or recover(), is to be called. */
    bool preparing, recovering;
    bool used;   /* there may be much in the context */
    bool untidy; /* tidy() has something to do */
    bool rung;   /* kicked lately, and not granted */
    struct grant_state grant;
    struct ring ring __attribute__((aligned(CACHE_LINE)));
    struct engine_stats stats;

    uint32_t domid, index;
    struct engine_limits limits;
    struct grant_e *grant_e;
    int kick, event, wake, notify, sock;
    int context; /* memfd for what must outlive this process, or -1 */
    int scanout; /* memfd for what is shown (lib/scanout.h), or -1 */
    xenevtchn_handle *xce;
    uint32_t done_count, fault_count;
    uint64_t time_base_ns;
    uint64_t fence;
    uint64_t wait_ns; /* position of a WAIT_MEM: time waited so far */
    uint64_t wait_at_ns, wait_last_ns; /* the next look, the last one */
    uint64_t run_start_ns;
    uint64_t idle_since_ns;
    struct fault fault;
    struct log_limit fault_log, host_log;
    struct doorbell bell;
};

struct engine_config {
    uint32_t domid, index;
    const struct engine_ops *ops;
    uint32_t max_buckets;
    struct engine_limits limits;
    /* Stay the caller's. */
    int link, kick, event, grant_s, grant_e, wake, notify;
    int sock;                      /* to the monitor, or -1 */
    int context, scanout;          /* see struct engine; -1: none */
    xenforeignmemory_handle *fmem; /* borrowed */
    xenevtchn_handle *xce;         /* borrowed */
};

extern const struct engine_ops sdma_ops;
/* The one of this program: one program an engine, so that each links only
 * what it needs. */
extern const struct engine_ops *const engine_program_ops;

/* engine.c */
int engine_new(const struct engine_config *config, struct engine **out);
/* Once, after engine_new(): see struct engine_ops. 0 or a negative errno. */
int engine_init(struct engine *e);
void engine_free(struct engine *e);
/* Obey what came, run packets until none is left or must stop, sleep until
 * something happens, `timeout_ms` at most (-1: for ever). 0, or -EPIPE: the
 * monitor is gone. */
int engine_turn(struct engine *e, int timeout_ms);
/* Between packets, or holding no pin: obeys an invalidation. True: stop
 * here. */
bool engine_boundary(struct engine *e);
/* Wait for what was begun, if anything: 0, or -1 after engine_fault(). */
int engine_drain(struct engine *e);
/* Sleep at a boundary, at most ns; ends early when there may be a reason to
 * stop. */
void engine_nap(struct engine *e, uint64_t ns);
/* Statistics to the link page, and to page E. */
void engine_publish(struct engine *e);
/* Inside a long indirect buffer: so many packets are done, of those that
 * e->stats counts. */
void engine_progress(struct engine *e, uint64_t packets);
/* The ring is to stop at the packet that runs. Returns STEP_FAULT. */
enum step engine_fault(struct engine *e, uint32_t code, uint64_t addr);
/* Have the device look at the link page. */
void engine_kick_device(struct engine *e);
/* The job that began at e->job_start_ns is done, up to e->fence. */
void engine_job_done(struct engine *e);
/* Tell the guest, by its event channel or by way of the device. */
void engine_signal_done(struct engine *e);
void engine_signal_fault(struct engine *e);

/* grant.c */
void engine_grant_init(struct engine *e);
/* CLOCK_MONOTONIC, ns, less the time for which this process was stopped: what
 * its own limits and measurements count in. */
uint64_t engine_clock(const struct engine *e);
/* How long the front has been running at now_ns (CLOCK_MONOTONIC), as that
 * clock goes; 0: it is not. */
uint64_t engine_ran(const struct engine *e, uint64_t now_ns);
/* What that clock has gone on since `start`: 0 at least. Where the process was
 * stopped just when it was read, it may seem to go back. */
uint64_t engine_since(const struct engine *e, uint64_t start);
/* Whether the packet at hand, or the next one, may run now. */
bool engine_may_run(const struct engine *e);
/* Before what compiles: true, or the packet is to stop where it is with
 * STEP_PREEMPTED, until there is a grant for that. */
bool engine_compile(struct engine *e);
/* The front begins to run (e->run_start_ns). */
void engine_begin(struct engine *e);
/* It has stopped, or run out of work. */
void engine_end(struct engine *e);
/* At a boundary with nothing under way: tell the scheduler what has changed,
 * and give the grant back if need be. */
void engine_obey_grant(struct engine *e);

/* What another process had is made again from guest memory: not without the
 * right to DMA. What is only to be freed needs none. */
static inline bool engine_may_prepare(const struct engine *e)
{
    return !e->recovering || LINK_READ(e->link->dev.bus_master);
}

static inline bool engine_has_work(const struct engine *e)
{
    return e->state == LINK_RUNNING && e->ops->front->has_work(e);
}

/* ring-front.c: the native ring's row */
extern const struct engine_front ring_front;

/* ring.c */
/* Take over a ring whose fields have been set. */
void ring_start(struct engine *e, uint32_t wptr);
void ring_stop(struct engine *e);
/* As struct engine_front says. */
void ring_run(struct engine *e);
/* The write pointer was moved. */
void ring_set_wptr(struct engine *e, uint32_t wptr);
/* Publish e->fault, signal it and stop, at the packet that runs if there is
 * one. */
void ring_fault(struct engine *e);
/* Pass over the packet at fault. */
void ring_skip(struct engine *e);
/* The CSR RPTR, and memory if the guest wants it there. */
void ring_write_rptr(struct engine *e);

/* common.c: packets that all engines have */
extern const struct packet_type common_types[];
extern const unsigned int nr_common_types;

/* memory.c: guest memory. 0, or -1 after engine_fault(), unless said
 * otherwise. Lengths up to ENGINE_CHUNK. */
int mem_copy(struct engine *e, uint64_t dst, uint64_t src, uint32_t len);
/* `pattern` are PATTERN_BYTES that begin at a multiple of 4. */
#define PATTERN_BYTES 4096u
int mem_fill(struct engine *e, uint64_t dst, const void *pattern, uint32_t len);
int mem_write(struct engine *e, uint64_t dst, const void *buf, uint32_t len);
/* Aligned, with release and acquire semantics. mem_store32() returns a
 * negative errno and leaves the fault to the caller. */
int mem_store32(struct engine *e, uint64_t addr, uint32_t value);
int mem_store64(struct engine *e, uint64_t addr, uint64_t value);
int mem_load32(struct engine *e, uint64_t addr, uint32_t *value);
/* What a failed lookup means to the guest. Returns -1. */
int mem_failed(struct engine *e, int rc, uint64_t addr);

/* doorbell.c */
/* Bind the guest's ports (0: none). 0 or a negative errno. */
int doorbell_bind(struct engine *e, uint32_t ring_port, uint32_t done_port);
void doorbell_unbind(struct engine *e);
/* The event-channel descriptor is readable. */
void doorbell_event(struct engine *e);
/* Take a doorbell that rang while the ring was stopped. */
void doorbell_resume(struct engine *e);
/* Before sleeping: hear the doorbell again. 0 or a negative errno. */
int doorbell_unmask(struct engine *e);

/* image.c: everything that the rest of the ring's packets depends on, as a
 * flat, versioned, checksummed image; at a boundary only. */
/* A new image, to be freed. 0 or -ENOMEM. */
int engine_save(const struct engine *e, void **image, size_t *len);
/* Into an engine whose ring has been started with the same description.
 * The image may be hostile. 0, -EINVAL (nothing has changed) or -ENOMEM. */
int engine_restore(struct engine *e, const void *image, size_t len);

/* 64-bit field whose low dword is dw[0]. */
static inline uint64_t field64(const uint32_t *dw)
{
    return dw[0] | (uint64_t)dw[1] << 32;
}

#endif
