/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpud as a process of its own; the test is all the monitors, and has
 * doubles for engines (sched-engine.h). Nothing is timed: waits fail after a
 * minute.
 */
#ifndef UNIT_SCHED_RIG_H
#define UNIT_SCHED_RIG_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/grant.h"
#include "lib/log.h"
#include "lib/proto.h"
#include "sched-engine.h"

#define RIG_VGPUS 16u
#define RIG_PATIENCE_NS (60 * UINT64_C(1000000000))
#define RIG_ENGINES 2u

struct rig_engine {
    struct grant_s *s;
    struct double_fds fds;
    int s_fd, pidfd;
    pid_t pid;       /* 0: none */
    bool processors; /* it says that it computes on them */
    struct double_engine *shared;
    unsigned int kills_asked, deaths;
    enum proto_death killed_as;
};

struct rig_vgpu {
    uint32_t domid, index, weight, cap, latency, engines, quarantined;
    int sock; /* -1: not connected */
    bool registered;
    bool silent; /* does not do what it is asked to */
    unsigned int resets, quarantines, releases;
    struct rig_engine engine[RIG_ENGINES];
};

/* The daemon's program, "./xen-vgpud". */
extern const char *rig_program;

struct rig {
    char dir[64];
    pid_t daemon;
    struct double_room *room;
    struct rig_vgpu vgpu[RIG_VGPUS];
    unsigned int nr_vgpus;
};

/* A daemon with further arguments up to NULL. */
void rig_start(struct rig *rig, const char *const *extra);
void rig_stop(struct rig *rig);
void rig_daemon_start(struct rig *rig, const char *const *extra);
void rig_daemon_kill(struct rig *rig);

/* A vGPU that is not registered yet, of domain 1, 2, … */
struct rig_vgpu *rig_add(struct rig *rig, uint32_t engines, uint32_t weight);
/* A double as its engine `number`, with so many jobs; starts its process. */
struct rig_engine *rig_engine_start(struct rig *rig, struct rig_vgpu *v,
                                    uint32_t number, enum double_mode mode,
                                    uint64_t jobs);
/* Kill it, as a monitor does. */
void rig_engine_kill(struct rig_engine *e);
void rig_more_jobs(struct rig_engine *e, uint64_t jobs);

/* -1 if nobody listens. */
int rig_connect(const struct rig *rig);
int rig_register(struct rig_vgpu *v, int sock);
int rig_say_engine(struct rig_vgpu *v, uint32_t number, enum proto_death death);

/* Do what monitors do, for a few ms: (re)connect, tell, kill. */
void rig_turn(struct rig *rig);
/* Until the condition holds. */
#define rig_until(rig, condition)                                              \
    do {                                                                       \
        const uint64_t end_ = clock_ns() + RIG_PATIENCE_NS;                    \
        while (!(condition)) {                                                 \
            if (clock_ns() > end_)                                             \
                fail_msg("waited in vain for " #condition);                    \
            rig_turn(rig);                                                     \
        }                                                                      \
    } while (0)

/* The answer to a line; its "return", or NULL for an error. */
json_t *rig_ask(const struct rig *rig, const char *line, int *fd);
/* Of the vGPU in queue `queue`. The caller frees *status. */
json_t *rig_status(const struct rig *rig, const struct rig_vgpu *v,
                   unsigned int queue, json_t **status);
int64_t rig_number(const struct rig *rig, const struct rig_vgpu *v,
                   unsigned int queue, const char *key);
bool rig_state_is(const struct rig *rig, const struct rig_vgpu *v,
                  unsigned int queue, const char *state);

#endif
