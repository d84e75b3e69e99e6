/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vGPU's connection to xen-vgpud (lib/proto.h), which decides when its
 * engines run. It is trusted, and may be gone at any time: engines go on with
 * what their page S says, and the vGPU is registered again as soon as there is
 * somebody to register with.
 */
#ifndef MONITOR_SCHED_H
#define MONITOR_SCHED_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "lib/proto.h"

struct engine;
struct monitor;
struct vgpu;

enum sched_state {
    SCHED_OFF,     /* sched=none, or not yet, or no longer */
    SCHED_WAITS,   /* nobody listens */
    SCHED_ASKS,    /* for its registration */
    SCHED_REFUSED, /* that was answered with `status` */
    SCHED_REGISTERED,
};

struct sched {
    struct monitor *m;
    struct vgpu *vgpu;
    enum sched_state state, told; /* told: to the log */
    int status, told_status;
    uint32_t weight, cap, latency; /* as xen-vgpud has them, or should */
    int sock;                      /* valid with SCHED_ASKS, _REGISTERED */
    ev_io io;
    ev_timer retry;
    struct log_limit limit;
};

/* Connect the vGPUs with sched=host, from now on until sched_stop(). Both any
 * number of times. */
void sched_start(struct monitor *m);
void sched_stop(struct monitor *m);

/* An engine's process is ready; is gone, after it was ready. */
void sched_engine_ready(struct engine *e);
void sched_engine_gone(struct engine *e, enum proto_death death);

/* Take what xen-vgpud has sent already: why an engine was killed, for one. */
void sched_take(struct vgpu *v);

/* For a person. */
void sched_text(const struct sched *s, char *text, size_t size);

#endif
