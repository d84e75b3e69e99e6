/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu sim: the policies of xen-vgpud, the very objects, in virtual time.
 *
 * A load is a number of clients, a vGPU each. What a client asks for depends on
 * the load's seed and on when its jobs are done, never on the policy otherwise.
 * GPUs are apart: the first
 * clients are on the first one, and so on.
 */
#ifndef TOOLS_SIM_H
#define TOOLS_SIM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dm/sched/queue.h"

#define SIM_US UINT64_C(1000)
#define SIM_MS UINT64_C(1000000)
#define SIM_S UINT64_C(1000000000)

#define SIM_CLIENTS_MAX 1024u
#define SIM_GPUS_MAX 64u
#define SIM_TIME_MAX (3600 * SIM_S)
#define SIM_FRAME_NS UINT64_C(16666667) /* 60 a second */

enum sim_kind {
    SIM_LIGHT,     /* a frame each 1/60 s, unless the last one is not done */
    SIM_HEAVY,     /* always busy, stops within a chunk */
    SIM_BURSTY,    /* busy for a while, then not */
    SIM_MALICIOUS, /* always busy; stops as late as it can without being reset
                    */
    SIM_HANGS,     /* heavy, and some of its chunks do not end */
    SIM_TRACE,     /* jobs of a file */
    SIM_KINDS
};

const char *sim_kind_name(enum sim_kind kind);

struct sim_job {
    uint64_t at_ns;
    uint64_t work_ns;
    uint64_t chunk_ns; /* longest stretch without a boundary to stop at */
    uint64_t due_ns;   /* after at_ns; 0: whenever */
};

struct sim_spec {
    enum sim_kind kind;
    uint32_t weight;
    uint32_t cap;
    enum proto_latency latency;
    uint64_t seed;
    uint64_t work_ns;  /* of a job; bursty: the mean */
    uint64_t pause_ns; /* bursty: the mean */
    uint64_t chunk_ns;
    struct sim_job *jobs; /* of a trace, in order */
    size_t job_count, job_room;
};

struct sim_load {
    char name[64];
    struct sim_spec *clients;
    size_t count;
};

struct sim_config {
    uint64_t seed;
    uint64_t time_ns;
    unsigned int gpus;
    struct sched_params params;
    uint64_t chunk_ns;   /* generated loads: of those that behave */
    uint64_t save_ns;    /* of a world switch: from a boundary to the end */
    uint64_t load_ns;    /* and of the next one's context */
    uint64_t restart_ns; /* of an engine that was reset */
};

/* A policy of ours, or a model of a published one. */
struct sim_policy {
    const char *name;
    const char *what;
    const struct sched_policy *policy;
    uint64_t slice_ns;   /* 0: the configured one */
    uint64_t timeout_ns; /* from a request to stop to the reset; 0: the
                          * configured deadline, SCHED_NEVER: none */
    bool stays;          /* keeps the engine without work to its slice's end */
};

/* Ours first; up to a name of NULL. */
extern const struct sim_policy sim_policies[];

/* What the model of GVT-g knows of a client and of a GPU. */
struct sim_gvt_client {
    int64_t left_ns, allocated_ns;
    uint64_t used; /* when it was picked last, in picks */
};
struct sim_gvt {
    uint64_t refills, picks;
};

/* --- what comes out --- */

/* Times, to 1.6 %. */
#define SIM_HIST_SUB 64u
#define SIM_HIST_SIZE (40u * SIM_HIST_SUB)
struct sim_hist {
    uint64_t count, max;
    uint64_t of[SIM_HIST_SIZE];
};
void sim_hist_add(struct sim_hist *h, uint64_t ns);
/* An upper bound of the p-th (0 to 1) value; 0 without any. */
uint64_t sim_hist_at(const struct sim_hist *h, double p);

struct sim_span { /* of the plot */
    uint64_t from_ns, to_ns;
    uint32_t client;
};
#define SIM_SPANS_MAX 20000u

struct sim_result {
    const struct sim_policy *policy;
    double share_error, share_error_max; /* of engine time, per window */
    double jain;
    uint64_t windows; /* that the three are of; 0: no two were busy */
    struct sim_hist wait, frame;
    uint64_t frames, missed;
    uint64_t switches, resets;
    uint64_t engine_ns;   /* in all: time by GPUs */
    uint64_t overhead_ns; /* saving and loading */
    uint64_t lost_ns;     /* idle while somebody had work */
    uint64_t done_ns;     /* work */
    /* By client. */
    uint64_t *served_ns, *longest_ns;
    /* The turns of GPU 0 from plot_from_ns on. */
    struct sim_span *spans;
    size_t span_count;
    uint64_t plot_from_ns, plot_to_ns;
};

void sim_result_free(struct sim_result *r);

/* 0 or -ENOMEM. */
int sim_run(const struct sim_config *config, const struct sim_load *load,
            const struct sim_policy *policy, struct sim_result *result);

/* Loads. What is wrong has been said, and -EINVAL, -ENOMEM or another negative
 * errno is returned. */
/* mix: "light=4,heavy=2,...", or a name of sim_load_names(). With
 * count not 0 the mix is repeated until there are that many. */
int sim_load_generate(struct sim_load *load, const struct sim_config *config,
                      const char *mix, size_t count);
int sim_load_trace(struct sim_load *load, const struct sim_config *config,
                   const char *file);
/* The text of a file, changed in the course. */
int sim_trace_parse(struct sim_load *load, const struct sim_config *config,
                    const char *file, char *text);
void sim_load_free(struct sim_load *load);
/* The first client of a GPU; of GPU `gpus`: how many there are. */
size_t sim_load_first(const struct sim_load *load, unsigned int gpus,
                      unsigned int gpu);
/* A line each: name, what it is. */
void sim_load_names(FILE *f);

void sim_print(const struct sim_config *config, const struct sim_load *load,
               const struct sim_result *results, size_t count);
json_t *sim_json(const struct sim_config *config, const struct sim_load *load,
                 const struct sim_result *results, size_t count);
/* FOLDER/NAME.svg. 0 or a negative errno. */
int sim_plot(const char *folder, const struct sim_load *load,
             const struct sim_result *result, unsigned int gpus);

/* Random numbers, the same everywhere. */
uint64_t sim_random(uint64_t *state, uint64_t n); /* 0 to n - 1; n > 0 */
/* Exponentially distributed, at most ten times the mean. */
uint64_t sim_random_pause(uint64_t *state, uint64_t mean);

#endif
