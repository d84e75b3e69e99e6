/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vGPU consists of besides its processes: descriptors that outlive
 * them, and the states of its engines.
 */
#ifndef MONITOR_VGPU_H
#define MONITOR_VGPU_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "dm/monitor/child.h"
#include "dm/monitor/display.h"
#include "dm/monitor/options.h"
#include "dm/monitor/sched.h"
#include "dm/monitor/vram.h"
#include "lib/grant.h"
#include "lib/guard.h"
#include "lib/log.h"

/* Starts of one vGPU's engines in one window; beyond it they are refused. */
#define VGPU_STARTS_MAX 10u
#define VGPU_STARTS_WINDOW_NS (10 * UINT64_C(1000000000))
/* What they may use of processors until they are ready, in ms a second and at
 * once: xen-vgpud watches them only from then on. A driver takes some 50 ms, in
 * an emulated machine seconds. */
#define VGPU_START_CPU_RATE 250u
#define VGPU_START_CPU_BURST 120000u

/* Of the name of a device of the host's, with its final zero. */
#define ENGINE_DEVICE_MAX 128u

struct vgpu;

/* Requests of the device that are not answered: nobody honest has more. */
#define VGPU_OWED_MAX 16u

struct owed {
    uint32_t nr;
    uint32_t tags[VGPU_OWED_MAX];
};

struct engine {
    struct vgpu *vgpu;
    uint32_t number; /* XVGPU_ENGINE_* */
    char name[24];   /* "engine 0.sdma", for messages */
    char cgroup[16]; /* "sdma.0" */

    /* Sealed against another size, made once, handed to each process in
     * turn. Eventfds do not block. */
    int link_fd, kick_fd, event_fd;
    int grant_s_fd, grant_ro_fd, grant_e_fd, wake_fd, notify_fd;
    int context_fd; /* gfx: see LINK_CONTEXT_SIZE; -1: none */
    struct grant_s *grant;

    struct child child;
    int failed;     /* why it could not start */
    bool again;     /* wanted while the last one was on its way out */
    bool plain;     /* virtio-gpu: 3D did not come up, so there is none */
    bool ready;     /* has said PROTO_ENGINE_READY */
    bool was_ready; /* so has one before */
    uint32_t pid;   /* the last one's, also after its end */
    bool doomed;    /* killed for xen-vgpud, which says why: */
    enum proto_death doom;
    struct owed runs;  /* to answer when it is ready or dead */
    struct owed kills; /* to answer when it is dead */
    uint64_t starts;   /* processes so far */
    /* What the last one has said of itself, in printable characters. */
    char device[ENGINE_DEVICE_MAX];
    enum proto_memory memory;
    uint32_t features, capsets; /* as in PROTO_ENGINE_READY */
    bool processors;            /* it computes on them */
    bool has_cache;             /* made for this domain, not left by another */
    ev_timer timeout;           /* for getting ready */
    struct log_limit limit;
};

struct vgpu {
    uint32_t index;
    uint32_t engines; /* bit mask */
    const struct vgpu_options *opt;
    struct vram *vram;
    int csr_fd;     /* never mapped here: the guest's state is the device's */
    int scanout_fd; /* nor this; virtio-gpu: lib/scanout.h; -1: none */
    struct engine engine[XVGPU_NR_ENGINES];
    struct display display; /* vnc= */
    struct sched sched;
    bool quarantined; /* no engine starts */
    /* A PROTO_RESET that is not answered; another one is due. */
    bool reset_open, reset_again;
    uint32_t reset_reason;
    uint64_t start_ns[VGPU_STARTS_MAX]; /* ring of the last starts */
    uint32_t next_start;
    struct guard start_cpu;
    uint64_t start_cpu_ns; /* in all */
};

const char *engine_name(uint32_t number);

/* 0 or a negative errno, said on stderr. vgpu_fini() after a failure is
 * harmless, as it is on a zeroed one. */
int vgpu_init(struct vgpu *v, uint32_t index, uint32_t engines,
              const struct vgpu_options *opt, struct vram *vram);
void vgpu_fini(struct vgpu *v);

/* Take note of a start at now_ns. False, and nothing noted, if that were too
 * many. */
bool vgpu_may_start(struct vgpu *v, uint64_t now_ns);

/* A start that has succeeded or failed took so much of processors. */
void vgpu_charge_start(struct vgpu *v, uint64_t cpu_ns, uint64_t now_ns);

#endif
