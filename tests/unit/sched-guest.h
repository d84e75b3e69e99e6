/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that uses both engines at once, each from a thread and a vCPU of its
 * own, in a way that shows what was lost, done twice or out of turn:
 *
 *   gfx   frames of 1,000 draws upon each other, each compared with the first
 *   sdma  jobs that move a long list by one and put their number in front
 */
#ifndef UNIT_SCHED_GUEST_H
#define UNIT_SCHED_GUEST_H

#include "gfx-guest.h"

#include <pthread.h>

struct sched_guest {
    struct gfx_guest g;
    struct scene_guest stream;
    uint32_t *first; /* picture */
    pthread_t threads[2];
    uint32_t sdma_wptr;
    /* Read by others. */
    uint64_t frames, jobs;
    const char *wrong; /* NULL: nothing */
    bool stop;
};

/* A domain with one vGPU, its gfx ring, and the first picture drawn. */
void sched_guest_start(struct sched_guest *s, const char *options);

/* The rings and the picture once more, after a reset of the vGPU. */
void sched_guest_again(struct sched_guest *s);

/* From now on both engines have work without end; until the threads are done
 * with what they have begun. */
void sched_guest_work(struct sched_guest *s);
void sched_guest_rest(struct sched_guest *s);

/* Until both engines have done more than now. Fails if they don't, or if
 * something was wrong. */
void sched_guest_await_progress(struct sched_guest *s);

/* What must be true of one at rest: all was done once, and no engine was
 * reset. */
void sched_guest_check(struct sched_guest *s);

/* A pipeline whose dispatches end (turns 1) or do not (~0u). */
void sched_guest_make_hang(struct sched_guest *s);
void sched_guest_dispatch(struct sched_guest *s, uint32_t turns);

#endif
