/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One GPU and its clients, of the simulator's inside.
 */
#ifndef TOOLS_SIM_ENGINE_H
#define TOOLS_SIM_ENGINE_H

#include "tools/sim.h"

struct sim_client {
    struct sched_entity e; /* first: the policy's pointers are ours */
    struct sim_gvt_client gvt;
    const struct sim_spec *spec;
    uint32_t number;
    uint64_t random;

    /* When it does something by itself: a frame, a job, the end of a pause or
     * of a restart. */
    struct sched_heap_node timer;
    uint64_t timer_ns; /* SCHED_NEVER: not */

    /* The job at hand; work_ns 0: none. */
    uint64_t work_ns, chunk_ns; /* left */
    uint64_t chunk_from_ns;
    uint64_t longest_chunk_ns;
    uint64_t asked_ns;
    size_t arrived, begun; /* of a trace's jobs */

    uint64_t waits_since_ns; /* has work and no turn */
    /* In this window. */
    uint64_t window_ns; /* engine time */
    bool busy;          /* had work all the time */

    uint64_t served_ns, longest_ns;
};

enum sim_phase { SIM_FREE, SIM_LOADS, SIM_RUNS, SIM_SAVES };

struct sim_gpu {
    struct sched_queue q; /* first, as above */
    struct sim_gvt gvt;
    bool was_stopped; /* the turn that just ended */

    const struct sim_config *config;
    const struct sim_policy *policy;
    struct sim_result *r;
    struct sim_client *clients;
    size_t count;
    struct sched_heap timers;
    size_t with_work;

    uint64_t now, window_end_ns;
    enum sim_phase phase;
    struct sim_client *current;
    struct sim_client *loaded; /* whose context the engine has */
    uint64_t since_ns, deadline_ns, phase_end_ns;
    uint64_t stop_ns; /* asked to stop; 0: not */
    uint64_t ask_ns;  /* nobody runs: pick again */
    bool plots;
};

/* sim-client.c. Whether it has work. */
static inline bool sim_has_work(const struct sim_client *c)
{
    return c->work_ns != 0;
}

/* Its state, before anything; what it does first is in timer_ns. */
void sim_client_start(struct sim_client *c, const struct sim_spec *spec);
/* Its timer is due. */
void sim_client_timer(struct sim_client *c, struct sim_result *r, uint64_t now);
/* The job at hand is done; another one may be at hand afterwards. */
void sim_client_done(struct sim_client *c, struct sim_result *r, uint64_t now);
/* The job at hand is lost; the engine is there again at `up`. */
void sim_client_lost(struct sim_client *c, uint64_t up);
/* The next stretch without a boundary: its length, beyond work_ns if it does
 * not end. */
void sim_client_chunk(struct sim_client *c);
/* Frames that are not done when time is up. */
void sim_client_end(struct sim_client *c, struct sim_result *r, uint64_t now);

#endif
