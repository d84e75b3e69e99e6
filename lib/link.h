/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link page: one memfd per engine, shared by xen-vgpu-device (device)
 * and xen-vgpu-engine (engine), created by xen-vgpu-dm.
 *
 * `dev` is written by the device only. `eng` is written by the engine only
 * and is hostile input for the device: it hands it on to the guest whose
 * engine it is, and never uses it as an index, a size or a pointer. Each side
 * keeps its own truth in its own memory; the page only carries it across.
 *
 * Kicks: an eventfd `kick` (device to engine: a doorbell or a command) and an
 * eventfd `event` (engine to device: command acknowledged, completion or
 * fault to signal). Fields are read and written with the LINK_* accessors;
 * a plain field is published by a release store of its sequence number.
 */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/scanout.h"

#define LINK_VERSION 1u
#define LINK_SIZE 4096u

/* Queues of a virtio-gpu (virtio 1.2, 5.7.2): their numbers and how many. */
#define LINK_QUEUE_CONTROL 0u
#define LINK_QUEUE_CURSOR 1u
#define LINK_QUEUES 2u
#define LINK_QUEUE_SIZE_MAX 256u

/* Bytes of the memfd in which a gfx engine keeps what the next process of its
 * kind needs (dm/engine/gfx/context.c). Sparse. */
#define LINK_CONTEXT_SIZE ((64u << 20) + 8192u)

/* Commands. The device writes the fields, then cmd, then cmd_seq (release),
 * then kicks. The engine acts at its next boundary (64 KiB for sdma), then
 * sets ack_status, ack_seq (release) and kicks `event`. One is outstanding at
 * a time. */
enum link_cmd {
    LINK_CMD_NONE = 0,
    LINK_CMD_START = 1,  /* take the ring of `dev`; begin at dev.start_rptr */
    LINK_CMD_STOP = 2,   /* forget the ring, unbind ports, drop mappings */
    LINK_CMD_RESUME = 3, /* skip the packet at fault, go on */
};

/* eng.state */
enum link_state {
    LINK_IDLE = 0,    /* no ring */
    LINK_RUNNING = 1, /* has a ring: runs it or waits for the doorbell */
    LINK_STOPPED = 2, /* by the fault in eng.fault_* */
};

/* A split virtqueue as the guest has set it up. The device has seen to it that
 * an enabled one has a size that is a power of two up to LINK_QUEUE_SIZE_MAX
 * and areas that are aligned (2.7); whether memory is there nobody knows. */
struct link_queue {
    uint64_t desc, driver, device; /* bus addresses of its three areas */
    uint32_t size, enabled;
};

/* What a scanout's display would like to be shown (5.7.6.8). */
struct link_display {
    uint32_t width, height, enabled, pad;
};

/* Buckets of the histogram of job service times: bucket i counts jobs whose
 * time from fetch to fence was below 2^i us (the last one: all others). */
#define LINK_HIST 24u

struct link_dev {
    uint32_t version;
    uint32_t cmd;
    uint32_t cmd_seq;
    uint32_t wptr;      /* CSR doorbell, byte offset; not yet validated */
    uint64_t ring_base; /* from here on: as the CSRs of the same name */
    uint32_t ring_size;
    uint32_t start_rptr; /* byte offset where START begins */
    uint64_t rptr_addr;
    uint64_t wptr_addr;
    uint32_t doorbell_port;
    uint32_t completion_port;
    uint32_t bus_master;     /* 0: DMA is off, a fetch is a fault */
    uint32_t map_generation; /* raised when cached mappings must go */
    uint64_t time_base_ns;   /* CLOCK_MONOTONIC at the vGPU's reset */
    uint64_t start_fence;    /* value of the CSR FENCE to begin with */
    /* START after the engine's process died: take the ring, bind the ports,
     * but stay LINK_STOPPED, and signal once by event channel, if bound. A
     * later RESUME goes on at start_rptr (the device has skipped already). */
    uint32_t start_stopped;
    /* virtio-gpu: START after the engine's process died, with the rings and
     * features of before: go on where the context memfd says. 0: the driver
     * begins anew, nothing of before is left to it. */
    uint32_t restart;
    uint64_t features; /* virtio-gpu: all 64 that the driver has accepted */
    struct link_queue queue[LINK_QUEUES];
    /* Other displays are wanted: raised when they are all written. The guest
     * hears of it by the device (5.7.6.8, events_read). */
    uint32_t display_seq;
    uint32_t nr_scanouts; /* up to SCANOUT_MAX */
    struct link_display display[SCANOUT_MAX];
};

/* Commands of a virtio-gpu, as they are counted. */
enum link_command {
    LINK_COMMAND_OBJECT,   /* resources, backing, contexts: made, bound, gone */
    LINK_COMMAND_TRANSFER, /* pixels and other data, either way */
    LINK_COMMAND_FLUSH,    /* scanouts: set and flushed */
    LINK_COMMAND_SUBMIT,   /* streams for a 3D context */
    LINK_COMMAND_CURSOR,
    LINK_COMMAND_OTHER,   /* questions, and what is unknown */
    LINK_COMMAND_REFUSED, /* of any kind: answered with an error */
    LINK_COMMANDS
};

struct link_eng {
    uint32_t ack_seq;
    int32_t ack_status; /* 0, or a XVGPU_FAULT_* code: why START failed */
    uint32_t state;
    uint32_t rptr;
    uint64_t fence;
    /* Completions to signal by interrupt since the start, and faults; the
     * device remembers what it has signalled. Not used for completions that
     * went by event channel. A virtio-gpu's fault is a queue that the engine
     * can't go on with, of which only a reset of the device helps. */
    uint32_t done_count;
    uint32_t fault_count;
    uint32_t fault_code;
    uint32_t fault_offset;
    uint32_t fault_header;
    uint32_t pad;
    uint64_t fault_addr;
    uint64_t fault_ib;
    /* The packet that runs now, for the report after a kill. */
    uint32_t cur_offset;
    uint32_t cur_header;
    /* Statistics since the vGPU's reset. */
    uint64_t jobs;
    uint64_t packets;
    uint64_t bytes;
    uint64_t maps;
    uint64_t map_hits;
    uint64_t map_misses;
    uint64_t maps_live;
    uint64_t done_evtchn;
    uint64_t doorbells_evtchn;
    uint64_t preempted;
    uint64_t busy_ns;
    uint64_t hist[LINK_HIST];
    /* virtio-gpu: interrupts due for used buffers since the start; the device
     * remembers what it has signalled. */
    uint32_t queue_done[LINK_QUEUES];
    /* virtio-gpu, for people: what there is, and commands of each kind since
     * the process began. */
    uint32_t resources, contexts;
    uint64_t resource_bytes; /* of what local= limits */
    uint64_t backing_bytes;  /* of guest memory that resources name */
    uint64_t commands[LINK_COMMANDS];
};

struct link_page {
    struct link_dev dev;
    uint8_t fill[1024 - sizeof(struct link_dev)];
    struct link_eng eng;
};

_Static_assert(sizeof(struct link_dev) <= 1024, "ends where `eng` begins");
_Static_assert(sizeof(struct link_page) <= LINK_SIZE, "fits in its page");

/* Add one to an eventfd that does not block. 0 or a negative errno; a full
 * one is as good as one that was added to. */
static inline int link_kick(int fd)
{
    const uint64_t one = 1;

    while (write(fd, &one, sizeof(one)) < 0)
        if (errno != EINTR)
            return errno == EAGAIN ? 0 : -errno;
    return 0;
}

#define LINK_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LINK_READ_ACQ(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define LINK_WRITE(field, value)                                               \
    __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)
#define LINK_WRITE_REL(field, value)                                           \
    __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

#endif
