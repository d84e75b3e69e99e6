/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict slices in turn, whether there is work or not: what one vGPU gets does
 * not depend on the others, at the price of an engine that stands idle. The
 * baseline of every comparison. Weights and latency classes mean nothing to
 * it. One of N waits for the slots of the others, less than N (Q + P); a slot
 * begins when the turn before it has ended.
 */
#include "dm/sched/queue.h"

static struct sched_entity *after(const struct sched_queue *q,
                                  const struct sched_entity *e)
{
    return e->member_next ? e->member_next : q->members;
}

static void begin_slot(struct sched_queue *q, struct sched_entity *e,
                       uint64_t at)
{
    q->fixed.slot = e;
    q->fixed.slot_end_ns = sched_add(at, sched_slice(q, e));
}

static void join(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    /* After a change of policy all join; the one that runs has the slot. */
    if (e == q->members || e == q->current)
        begin_slot(q, e, e == q->current ? q->since_ns : now);
}

static void leave(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    struct sched_entity *next = after(q, e);

    if (q->fixed.slot != e)
        return;
    if (next == e)
        q->fixed.slot = NULL;
    else
        begin_slot(q, next, now);
}

static void nothing(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)q;
    (void)e;
    (void)now;
}

/* While nobody has work slots stand still. A slot begins when somebody asks:
 * after a turn that was long it is late, and whole. */
static struct sched_entity *pick(struct sched_queue *q, uint64_t now,
                                 uint64_t *until)
{
    *until = SCHED_NEVER;
    if (!q->runnable)
        return NULL;
    if (now >= q->fixed.slot_end_ns)
        begin_slot(q, after(q, q->fixed.slot), now);
    *until = q->fixed.slot_end_ns;
    return q->fixed.slot->waiting ? q->fixed.slot : NULL;
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
    (void)since;
    /* The slot's owner was removed, or another one was adopted. */
    return current == q->fixed.slot ? q->fixed.slot_end_ns : now;
}

const struct sched_policy sched_fixed = {
    .name = "fixed",
    .join = join,
    .leave = leave,
    .enqueue = nothing,
    .dequeue = nothing,
    .pick = pick,
    .charge = charge,
    .deadline = deadline,
};
