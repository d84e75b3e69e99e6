/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event-driven: the engine changes hands when its holder has no more work, when
 * its slice is over and somebody waits, or, after the residency, when one of a
 * better class waits. In a class it is first come, first served. The classes:
 * those of low latency that have just got work, others that have, those that
 * had a turn and want more, and batch.
 *
 * A class in which somebody waits and that was passed over skip_limit times is
 * due, and of those that are due the one that was passed over most often is
 * picked. The others can be due before it, so it is passed over S + C - 1 times
 * at most (S the limit, C the number of classes), and one of N waits less than
 * (S + C) N (Q + P).
 */
#include "dm/sched/queue.h"

#include <utlist.h>

static unsigned int class_of(const struct sched_entity *e)
{
    if (e->latency == PROTO_LATENCY_BATCH)
        return 3;
    if (!e->woken)
        return 2;
    return e->latency == PROTO_LATENCY_LOW ? 0 : 1;
}

static void join(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)q;
    (void)now;
    e->class = 0;
}

static void leave(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)q;
    (void)e;
    (void)now;
}

static void enqueue(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)now;
    e->class = class_of(e);
    DL_APPEND(q->ondemand.waiting[e->class], e);
}

static void dequeue(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)now;
    DL_DELETE(q->ondemand.waiting[e->class], e);
    if (!q->ondemand.waiting[e->class])
        q->ondemand.passed[e->class] = 0;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now,
                                 uint64_t *until)
{
    struct sched_entity *e;
    unsigned int class = SCHED_CLASSES, i;
    uint32_t most = 0, passed;

    *until = SCHED_NEVER;
    for (i = 0; i < SCHED_CLASSES; i++) {
        if (!q->ondemand.waiting[i])
            continue;
        passed = q->ondemand.passed[i];
        if (class == SCHED_CLASSES ||
            (passed >= q->params.skip_limit && passed > most)) {
            class = i;
            most = passed >= q->params.skip_limit ? passed : 0;
        }
    }
    if (class == SCHED_CLASSES)
        return NULL;
    for (i = 0; i < SCHED_CLASSES; i++) {
        if (i == class || !q->ondemand.waiting[i])
            q->ondemand.passed[i] = 0;
        else if (q->ondemand.passed[i] < UINT32_MAX)
            q->ondemand.passed[i]++;
    }
    e = q->ondemand.waiting[class];
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
    uint64_t slice = sched_slice(q, current), stay = slice;
    bool waits = false;
    unsigned int i;

    (void)now;
    for (i = 0; i < SCHED_CLASSES; i++) {
        if (!q->ondemand.waiting[i])
            continue;
        waits = true;
        if (i < current->class && q->params.residency_ns < stay)
            stay = q->params.residency_ns;
    }
    return waits ? sched_add(since, stay) : SCHED_NEVER;
}

const struct sched_policy sched_ondemand = {
    .name = "ondemand",
    .join = join,
    .leave = leave,
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
    .charge = charge,
    .deadline = deadline,
};
