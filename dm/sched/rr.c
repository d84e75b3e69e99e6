/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Round robin among those that have work, a slice each. Weights and latency
 * classes mean nothing to it. One of N waits for N - 1 turns at most, that is
 * less than N (Q + P).
 */
#include "dm/sched/queue.h"

#include <utlist.h>

static void nothing(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)q;
    (void)e;
    (void)now;
}

static void enqueue(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)now;
    DL_APPEND(q->rr.waiting, e);
}

static void dequeue(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)now;
    DL_DELETE(q->rr.waiting, e);
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now,
                                 uint64_t *until)
{
    struct sched_entity *e = q->rr.waiting;

    *until = SCHED_NEVER;
    if (e)
        dequeue(q, e, now);
    return e;
}

static void charge(struct sched_queue *q, struct sched_entity *e,
                   uint64_t ran_ns, uint64_t now)
{
    (void)q;
    (void)e;
    (void)ran_ns;
    (void)now;
}

static uint64_t deadline(struct sched_queue *q, struct sched_entity *current,
                         uint64_t since, uint64_t now)
{
    (void)now;
    return q->rr.waiting ? sched_add(since, sched_slice(q, current))
                         : SCHED_NEVER;
}

const struct sched_policy sched_rr = {
    .name = "rr",
    .join = nothing,
    .leave = nothing,
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
    .charge = charge,
    .deadline = deadline,
};
