/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xen-vgpud remembers of its decisions: one record each, which its
 * administrator gets in a sealed memfd, oldest first.
 */
#ifndef LIB_SCHED_RECORD_H
#define LIB_SCHED_RECORD_H

#include <stdint.h>

#define SCHED_RECORDS 65536u /* that are kept */

/* sched_record.queue, of what concerns a whole vGPU. */
#define SCHED_RECORD_VGPU 0xffu

enum sched_event {
    SCHED_EVENT_JOIN = 1,   /* a vGPU has registered */
    SCHED_EVENT_LEAVE,      /* its monitor has gone */
    SCHED_EVENT_START,      /* an engine's process is ready */
    SCHED_EVENT_GONE,       /* it has ended; value: enum proto_death */
    SCHED_EVENT_READY,      /* the engine has got work */
    SCHED_EVENT_IDLE,       /* it has none left */
    SCHED_EVENT_GRANT,      /* it may run; value: ns that it waited */
    SCHED_EVENT_STOP,       /* it was asked to stop */
    SCHED_EVENT_ACK,        /* it has stopped; value: ns since STOP, or 0 */
    SCHED_EVENT_COMPILE,    /* it may compile; value: ns that it waited */
    SCHED_EVENT_COMPILED,   /* it has; value: ns since COMPILE */
    SCHED_EVENT_KILL,       /* it is to be killed; value: enum sched_why */
    SCHED_EVENT_RESET,      /* of the vGPU; value: XVGPU_RESET_* */
    SCHED_EVENT_QUARANTINE, /* the vGPU's engines don't start any more */
    SCHED_EVENT_RELEASE,    /* they do again */
    SCHED_NR_EVENTS
};

/* Why an engine is to be killed. */
enum sched_why {
    SCHED_WHY_ADMIN = 1, /* the administrator said so */
    SCHED_WHY_DEADLINE,  /* it did not stop in time */
    SCHED_WHY_COMPILE,   /* it did not end to compile in time */
    SCHED_WHY_UNGRANTED, /* it computed without a grant */
};

struct sched_record {
    uint64_t t_ns; /* CLOCK_MONOTONIC */
    uint32_t domid;
    uint16_t index; /* N of DOMID.N */
    uint8_t queue;  /* number in the status' list, or SCHED_RECORD_VGPU */
    uint8_t event;  /* enum sched_event */
    uint64_t value;
};

#endif
