/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random load on one run queue in virtual time, with each property that
 * every policy promises checked at each event.
 */
#ifndef UNIT_SCHED_LOAD_H
#define UNIT_SCHED_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "dm/sched/queue.h"

#define LOAD_MAX 12u
#define LOAD_MS UINT64_C(1000000)

struct load_entity {
    struct sched_entity e;
    bool member;
    /* How it behaves: bursts of 1 to burst_ns, pauses of 1 to pause_ns (0:
     * always busy), up to late_ns from a request to stop to its end. */
    uint64_t burst_ns, pause_ns, late_ns;
    /* State. */
    uint64_t work_ns;  /* left, with work */
    uint64_t wakes_ns; /* without */
    uint64_t waits_since_ns;
    bool waits; /* with work, not running */
    /* Of the cap: service less what the cap allows, its least so far. */
    int64_t over_least;
    uint64_t cap_since_ns;
    uint64_t served_ns; /* up to now, with the running turn */
    uint64_t turns;
};

struct load {
    const char *name;
    uint64_t seed, state;
    struct sched_queue q;
    struct load_entity of[LOAD_MAX];
    unsigned int n;
    uint64_t now;
    /* The turn. */
    struct load_entity *runs;
    uint64_t since, stop_at, acks_at; /* acks_at 0: not asked to stop */
    uint64_t ask_at;                  /* nobody runs: pick again */
    /* What is promised. */
    bool check_share, check_stall;
    uint64_t stall_bound[LOAD_MAX];
    /* Share bound: of S(i)/w(i) - S(j)/w(j), while both are backlogged. */
    bool both[LOAD_MAX][LOAD_MAX];
    double least[LOAD_MAX][LOAD_MAX], most[LOAD_MAX][LOAD_MAX];
    uint64_t slice_max;
    uint64_t longest_stall;
    double worst_share; /* of the bound, 1 being all of it */
};

uint64_t load_random(struct load *l, uint64_t n); /* 0 to n - 1 */
/* n members of random behaviour and no caps. */
void load_start(struct load *l, const struct sched_policy *p, uint64_t seed,
                unsigned int n);
void load_end(struct load *l);
void load_join(struct load *l, unsigned int i);
void load_leave(struct load *l, unsigned int i);
/* A random weight and latency class, and this cap. */
bool load_set(struct load *l, unsigned int i, uint32_t cap);
void load_set_policy(struct load *l, const struct sched_policy *p);
void load_set_params(struct load *l); /* random ones */
/* What is checked begins afresh, with the bounds of the parameters now. */
void load_bounds(struct load *l);
/* Runs `ns`; false when a promise was broken, which is printed. */
bool load_run(struct load *l, uint64_t ns);

#endif
