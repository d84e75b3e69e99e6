/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device process's objects in this process, on a domain of the fake Xen,
 * started by the monitor's messages. Behind the link page is the production
 * engine in a thread, or a responder that acknowledges every command and
 * lets the caller write to the page what it likes.
 */
#ifndef TESTS_FUZZ_DEVICE_RIG_H
#define TESTS_FUZZ_DEVICE_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fakexen.h"
#include "lib/grant.h"
#include "lib/link.h"
#include "lib/proto.h"

#define DRIG_BAR0 0xf0000000ull /* of vGPU 0; others: DRIG_STEP further */
#define DRIG_BAR2 0xe0000000ull
#define DRIG_BAR4 0xf0010000ull
#define DRIG_STEP 0x100000ull
#define DRIG_VRAM_STEP (16ull << 20)

struct drig_vgpu {
    uint32_t devfn;
    uint64_t vram_size, vram_gfn; /* bytes; where the monitor put it */
    uint32_t engines; /* bit mask: besides sdma, and they don't start */
    bool virtio;      /* a virtio-gpu: no VRAM, its registers for CSRs */
};

/* What a device process that died has left to its successor. */
struct drig_left {
    uint8_t state[PROTO_MAX_VGPUS][PROTO_STATE_SIZE];
    uint8_t link[PROTO_MAX_VGPUS][LINK_SIZE];
    bool running; /* the engines' processes live */
    bool claims;  /* it had claimed functions and BARs where the rig has them */
};

struct drig_config {
    uint64_t ram;
    uint32_t nr_vcpus, nr_vgpus;
    bool real_engine;
    bool pvh; /* a PCI bus of ours */
    struct drig_vgpu vgpus[PROTO_MAX_VGPUS];
    const struct drig_left *left; /* take over; NULL: start anew */
};

struct drig;

struct drig_engine {
    struct drig *rig;
    uint32_t index;
    int link_fd, kick, event;
    struct link_page *link;
    uint8_t *state; /* the memfd */
    void *scanouts; /* of a virtio-gpu */
    bool runs;      /* the monitor's view */
    bool dies;      /* drig_engine_dies() was called */
    /* The production engine, when it is in use. */
    int socks[2], grant_s, grant_e;
    struct grant_s *grant;
    pthread_t thread;
};

struct drig {
    struct drig_config config;
    domid_t domid;
    int sock; /* the monitor's end */
    uint32_t ioservid;
    bool up;                   /* false: it refused to take over */
    bool refuse_start;         /* the monitor can start no engine */
    bool ending;               /* drig_free() was called */
    unsigned int replies;      /* to queries */
    pthread_mutex_t send_lock; /* messages to the device */
    pthread_t device, monitor;
    struct drig_engine engines[PROTO_MAX_VGPUS]; /* sdma of each vGPU */
    bool resetting[PROTO_MAX_VGPUS];             /* by the host, not done yet */
    long pages; /* charged to the domain at the start */
};

/* Failures to set up end the process, but a successor may refuse. */
void drig_new(struct drig *rig, const struct drig_config *config);

/* Maps BAR 0, 2 and 4 of a vGPU and turns bus mastering on; a virtio-gpu's
 * registers (BAR 4) stand where others have BAR 0, its MSI-X (1) where they
 * have 4. */
void drig_program_bars(struct drig *rig, uint32_t index);

/* What this device would leave of a vGPU if it died now. */
void drig_leave(struct drig *rig, uint32_t index, struct drig_left *left);

/* The domain's end: everything must be given back. */
void drig_free(struct drig *rig);

/* The engine's process dies by itself. */
void drig_engine_dies(struct drig *rig, uint32_t index);

/* Have the device reset a vGPU, unless it is at it. */
void drig_reset(struct drig *rig, uint32_t index, uint32_t reason,
                bool quarantine);

/* A query of the monitor; the reply is looked at when it comes. */
void drig_query(struct drig *rig, uint32_t index, uint32_t query);

#endif
