/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Engines' doubles: processes that obey grants, or lie about it, with jobs
 * that only pass time. All that they have in common with the test is here.
 */
#ifndef UNIT_SCHED_ENGINE_H
#define UNIT_SCHED_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

enum double_mode {
    DOUBLE_HONEST,
    DOUBLE_DEAF,      /* never stops */
    DOUBLE_COMPUTES,  /* acknowledges, wants nothing and computes on */
    DOUBLE_SCRIBBLES, /* writes nonsense to its page, and kicks */
    DOUBLE_STUCK,     /* never ends to compile */
    DOUBLE_BURNS,     /* wants nothing from the start, and computes */
    DOUBLE_COMPILES,  /* from the first job on, for ever and slowly */
    DOUBLE_LONG,      /* honest, but its jobs take their time, of the CPU */
};

/* Shared with the processes. */
struct double_room {
    uint32_t owner[2];  /* of each queue's engine: 0, or who runs a job */
    uint32_t overlaps;  /* jobs that began while another one ran */
    uint32_t compilers; /* that compile now */
    uint32_t compile_overlaps;
};

struct double_engine {
    uint32_t number, id; /* class; not 0, of its own */
    enum double_mode mode;
    uint32_t job_us;
    uint64_t todo;         /* jobs; the test may raise it and kick `bell` */
    uint64_t compile_at;   /* this job compiles; 0: none */
    uint64_t compile_each; /* so does each so many-th; 0: none */
    uint64_t done, kicks, acks, compiles;
};

struct double_fds {
    int s, e, wake, notify, bell;
};

/* Does not return. */
void double_run(struct double_engine *f, struct double_room *room,
                const struct double_fds *fds);

#endif
