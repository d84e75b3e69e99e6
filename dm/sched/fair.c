/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Weighted virtual time: start-time fair queueing (Goyal, Vin and Cheng, IEEE/
 * ACM Transactions on Networking 5, 1997), with turns for packets, whose length
 * need not be known before.
 *
 * An entity's virtual time advances by its engine time over its weight, and
 * its next turn begins there. The one whose turn begins first is picked, and
 * the queue's virtual time v is where that is: it never goes back. Who begins
 * to wait begins at v at the earliest (there is no credit for time that was not
 * used), and at (Q + P) / w behind it at the latest (which bounds the debt,
 * whatever was charged). So while i waits or runs
 *
 *     v <= vtime(i) + used(i) / w(i) <= v + (Q + P) / w(i)
 *
 * used(i) being what its turn has used so far, and in any interval in which i
 * and j do, the engine time S that they get differs by
 *
 *     |S(i) / w(i) - S(j) / w(j)| <= (Q + P) (1 / w(i) + 1 / w(j)).
 *
 * Debt is paid by waiting, and by nothing else. A turn may be cut short without
 * harm to the bound: for who wakes up and is due before the one that runs.
 */
#include "dm/sched/queue.h"

/* Virtual time wraps around after 104 days of an engine used by weight 1; what
 * is far behind may then be taken for what is ahead, and owes (Q + P) / w at
 * most. */
#define UNITS 1024u /* a ns at weight 1 */

static uint64_t virtual(const struct sched_entity *e, uint64_t ns)
{
    return ns / e->weight * UNITS +
           (ns % e->weight * UNITS + e->weight - 1) / e->weight;
}

static int64_t ahead(const struct sched_queue *q, uint64_t vtime)
{
    return (int64_t)(vtime - q->fair.vtime);
}

/* Into the bounds, after v or the entity's virtual time have changed. */
static void bound(struct sched_queue *q, struct sched_entity *e)
{
    uint64_t debt = virtual(
        e, sched_add(sched_slice(q, e), q->params.deadline_ns));

    if (ahead(q, e->vtime) < 0)
        e->vtime = q->fair.vtime;
    else if (ahead(q, e->vtime) > (int64_t)debt)
        e->vtime = q->fair.vtime + debt;
}

static void join(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)now;
    e->vtime = q->fair.vtime;
    if (e == q->current)
        q->fair.settled_ns = 0;
}

static void leave(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)q;
    (void)e;
    (void)now;
}

/*
 * What the current turn has used, `ran`, goes into virtual time before its end
 * where nobody would be picked in its place: all of it while nobody waits (then
 * it is owed to nobody), else whole slices until the first of those who wait is
 * due. It is as if turns of a slice had followed each other, but costs nothing.
 */
static void settle(struct sched_queue *q, uint64_t ran)
{
    struct sched_entity *e = q->current, *first;
    uint64_t slice = sched_slice(q, e), turns, gap;

    if (ran <= q->fair.settled_ns)
        return;
    first = sched_heap_first(&q->fair.waiting);
    if (!first) {
        e->vtime += virtual(e, ran - q->fair.settled_ns);
        q->fair.settled_ns = ran;
    } else if ((int64_t)(first->vtime - e->vtime) > 0) {
        turns = (ran - q->fair.settled_ns) / slice;
        gap = (first->vtime - e->vtime) / virtual(e, slice);
        if (turns > gap)
            turns = gap;
        e->vtime += turns * virtual(e, slice);
        q->fair.settled_ns += turns * slice;
    }
    if (ahead(q, e->vtime) > 0)
        q->fair.vtime = e->vtime;
}

/* Among those that are due at once. */
static unsigned int rank_of(const struct sched_entity *e)
{
    if (e->latency == PROTO_LATENCY_LOW)
        return 0;
    return e->latency == PROTO_LATENCY_BATCH ? 3 : e->woken ? 1 : 2;
}

static void enqueue(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    if (q->current)
        settle(q, now - q->since_ns);
    bound(q, e);
    sched_heap_push(&q->fair.waiting, e, e->vtime, rank_of(e));
}

static void dequeue(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)now;
    sched_heap_remove(&q->fair.waiting, e);
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now,
                                 uint64_t *until)
{
    struct sched_entity *e = sched_heap_first(&q->fair.waiting);

    (void)now;
    *until = SCHED_NEVER;
    if (!e)
        return NULL;
    sched_heap_remove(&q->fair.waiting, e);
    q->fair.vtime = e->vtime;
    q->fair.settled_ns = 0;
    return e;
}

static void charge(struct sched_queue *q, struct sched_entity *e,
                   uint64_t ran_ns, uint64_t now)
{
    bool waits = e->order.at != 0;

    (void)now;
    if (e == q->current) {
        settle(q, ran_ns);
        if (ran_ns > q->fair.settled_ns)
            e->vtime += virtual(e, ran_ns - q->fair.settled_ns);
        bound(q, e);
        return;
    }
    sched_heap_remove(&q->fair.waiting, e);
    if (ahead(q, e->vtime) < 0)
        e->vtime = q->fair.vtime;
    e->vtime += virtual(e, ran_ns);
    bound(q, e);
    if (waits)
        sched_heap_push(&q->fair.waiting, e, e->vtime, rank_of(e));
}

/* How long the current one stays at least before one that woke up. */
static uint64_t stay(const struct sched_queue *q,
                     const struct sched_entity *current,
                     const struct sched_entity *other)
{
    uint64_t slice = sched_slice(q, current), least = slice;

    if (other->latency == PROTO_LATENCY_LOW ||
        (other->latency == PROTO_LATENCY_NORMAL &&
         current->latency == PROTO_LATENCY_BATCH))
        least = q->params.residency_ns;
    else if (other->latency == PROTO_LATENCY_NORMAL &&
             current->latency == PROTO_LATENCY_NORMAL)
        least = q->params.residency_ns > slice / 4 ? q->params.residency_ns
                                                   : slice / 4;
    return least < slice ? least : slice;
}

static uint64_t deadline(struct sched_queue *q, struct sched_entity *current,
                         uint64_t since, uint64_t now)
{
    struct sched_entity *first = sched_heap_first(&q->fair.waiting);
    uint64_t slice = sched_slice(q, current), begin, end, due, least;
    uint64_t gap = 0, turns = 1;

    (void)now;
    if (!first)
        return SCHED_NEVER;
    if ((int64_t)(first->vtime - current->vtime) > 0)
        gap = first->vtime - current->vtime;
    /* Of the last turn, if the ones before are settled. */
    begin = sched_add(since, q->fair.settled_ns);
    if (gap > virtual(current, slice))
        turns = (gap - 1) / virtual(current, slice) + 1;
    end = sched_add(begin, turns * slice);
    if (!first->woken)
        return end;
    /* When virtual time comes to where the other begins. */
    due = sched_add(begin, gap / UNITS * current->weight);
    least = sched_add(since, stay(q, current, first));
    if (due < least)
        due = least;
    return due < end ? due : end;
}

const struct sched_policy sched_fair = {
    .name = "fair",
    .join = join,
    .leave = leave,
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
    .charge = charge,
    .deadline = deadline,
};
