/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/sched/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define MS UINT64_C(1000000)
#define HOUR (3600 * 1000 * MS)

const struct sched_params sched_params_default = {
    .slice_ns = 5 * MS,
    .residency_ns = 1 * MS,
    .deadline_ns = 100 * MS,
    .skip_limit = 4,
    .cap_period_ns = 100 * MS,
};

const struct sched_policy *const sched_policies[] = {
    &sched_fair, &sched_fixed, &sched_ondemand, &sched_rr, NULL};

const struct sched_policy *sched_policy_find(const char *name)
{
    size_t i;

    for (i = 0; sched_policies[i]; i++) {
        if (!strcmp(sched_policies[i]->name, name))
            return sched_policies[i];
    }
    return NULL;
}

uint64_t sched_add(uint64_t a, uint64_t b)
{
    return a > SCHED_NEVER - b ? SCHED_NEVER : a + b;
}

static uint64_t clamp(uint64_t v, uint64_t lo, uint64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

uint64_t sched_slice(const struct sched_queue *q, const struct sched_entity *e)
{
    return e->slice_ns ? e->slice_ns : q->params.slice_ns;
}

static bool runnable(const struct sched_entity *e)
{
    return e->ready && !e->throttled;
}

/* --- who waits --------------------------------------------------------------
 */

/* Bring what the policy has in step with what the entity is. The current one
 * does not wait, whatever it is. */
static void sync_waiting(struct sched_queue *q, struct sched_entity *e,
                         uint64_t now)
{
    bool waits = runnable(e) && e != q->current;

    if (waits == e->waiting)
        return;
    e->waiting = waits;
    if (waits)
        q->policy->enqueue(q, e, now);
    else
        q->policy->dequeue(q, e, now);
}

static void change(struct sched_queue *q, struct sched_entity *e, bool ready,
                   bool throttled, uint64_t now)
{
    q->runnable -= runnable(e);
    q->held -= e->ready && e->throttled;
    if (ready && !e->ready)
        e->woken = true;
    e->ready = ready;
    e->throttled = throttled;
    q->runnable += runnable(e);
    q->held += ready && throttled;
    sync_waiting(q, e, now);
}

/* --- caps: token buckets ----------------------------------------------------
 */

/* In tokens, 1,000 to a ns: a cap's per mille are exact. */
static int64_t bucket(const struct sched_queue *q, const struct sched_entity *e)
{
    return (int64_t)(q->params.cap_period_ns * e->cap);
}

static void fill(const struct sched_queue *q, struct sched_entity *e,
                 uint64_t to)
{
    int64_t room = bucket(q, e) - e->tokens;
    uint64_t passed;

    if (!e->cap || to <= e->tokens_at_ns)
        return;
    passed = to - e->tokens_at_ns;
    e->tokens_at_ns = to;
    if (room <= 0 || passed > (uint64_t)room / e->cap)
        e->tokens = bucket(q, e);
    else
        e->tokens += (int64_t)(passed * e->cap);
}

/* What one has that is let go again: a slice, if the bucket holds that. */
static int64_t enough(const struct sched_queue *q, const struct sched_entity *e)
{
    int64_t slice = (int64_t)(sched_slice(q, e) * 1000);

    return slice < bucket(q, e) ? slice : bucket(q, e);
}

/* Throttled if it has used up its cap, else not. Tokens are of now. */
static void judge(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    uint64_t wait = 0;

    sched_heap_remove(&q->throttled, e);
    if (e->cap && e->tokens <= 0) {
        wait = (uint64_t)(enough(q, e) - e->tokens + e->cap - 1) / e->cap;
        sched_heap_push(&q->throttled, e, sched_add(now, wait), 0);
    }
    change(q, e, e->ready, wait != 0, now);
}

static void release_due(struct sched_queue *q, uint64_t now)
{
    struct sched_entity *e;

    while ((e = sched_heap_first(&q->throttled)) && e->release.key <= now) {
        sched_heap_remove(&q->throttled, e);
        fill(q, e, now);
        change(q, e, e->ready, false, now);
    }
}

/* When a turn since `since` has used up the cap; it fills up meanwhile. */
static uint64_t cap_deadline(struct sched_queue *q, struct sched_entity *e,
                             uint64_t since)
{
    int64_t left;

    if (!e->cap || e->cap == SCHED_CAP_MAX)
        return SCHED_NEVER;
    fill(q, e, since);
    left = e->tokens;
    if (e->tokens_at_ns > since)
        left -= (int64_t)(clamp(e->tokens_at_ns - since, 0, HOUR) * 1000);
    if (left <= 0)
        return since;
    return sched_add(e->tokens_at_ns,
                     (uint64_t)left / (SCHED_CAP_MAX - e->cap));
}

static void cap_charge(struct sched_queue *q, struct sched_entity *e,
                       uint64_t ran_ns, uint64_t now)
{
    if (!e->cap)
        return;
    if (ran_ns > HOUR)
        ran_ns = HOUR;
    if (ran_ns > now)
        ran_ns = now;
    fill(q, e, now - ran_ns);
    /* What flows in during a turn is not lost when the bucket was full. */
    if (now > e->tokens_at_ns)
        e->tokens += (int64_t)(clamp(now - e->tokens_at_ns, 0, HOUR) * e->cap);
    e->tokens_at_ns = now;
    e->tokens -= (int64_t)(ran_ns * 1000);
    if (e->tokens > bucket(q, e))
        e->tokens = bucket(q, e);
    judge(q, e, now);
}

/* --- the queue --------------------------------------------------------------
 */

static struct sched_params in_range(const struct sched_params *p)
{
    struct sched_params r = *p;

    r.slice_ns = clamp(r.slice_ns, 1000, HOUR);
    r.residency_ns = clamp(r.residency_ns, 0, HOUR);
    r.deadline_ns = clamp(r.deadline_ns, 0, HOUR);
    r.cap_period_ns = clamp(r.cap_period_ns, MS, HOUR);
    return r;
}

static int check(uint32_t weight, uint32_t cap, enum proto_latency latency,
                 uint64_t slice_ns)
{
    if (!weight || weight > SCHED_WEIGHT_MAX || cap > SCHED_CAP_MAX ||
        (unsigned int)latency > PROTO_LATENCY_BATCH || slice_ns > HOUR ||
        (slice_ns && slice_ns < 1000))
        return -EINVAL;
    return 0;
}

int sched_queue_init(struct sched_queue *q, const struct sched_policy *p,
                     const struct sched_params *params, uint64_t now)
{
    memset(q, 0, sizeof(*q));
    q->policy = p;
    q->params = in_range(params);
    q->since_ns = now;
    q->throttled.node_offset = offsetof(struct sched_entity, release);
    q->fair.waiting.node_offset = offsetof(struct sched_entity, order);
    return 0;
}

void sched_queue_free(struct sched_queue *q)
{
    free(q->throttled.nodes);
    free(q->fair.waiting.nodes);
    memset(q, 0, sizeof(*q));
}

int sched_queue_add(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    int rc = check(e->weight, e->cap, e->latency, e->slice_ns);

    /* Room now, so that nothing fails later. */
    if (!rc)
        rc = sched_heap_reserve(&q->throttled, q->member_count + 1);
    if (!rc)
        rc = sched_heap_reserve(&q->fair.waiting, q->member_count + 1);
    if (rc)
        return rc;
    e->ready = e->throttled = e->waiting = e->woken = false;
    e->release.at = e->order.at = 0;
    e->tokens_at_ns = now;
    e->tokens = bucket(q, e);
    DL_APPEND2(q->members, e, member_prev, member_next);
    q->member_count++;
    q->policy->join(q, e, now);
    return 0;
}

static void end_turn(struct sched_queue *q, uint64_t now)
{
    struct sched_entity *e = q->current;

    q->current = NULL;
    if (!e)
        return;
    e->woken = false;
    sync_waiting(q, e, now);
}

void sched_queue_remove(struct sched_queue *q, struct sched_entity *e,
                        uint64_t now)
{
    change(q, e, false, false, now);
    sched_heap_remove(&q->throttled, e);
    if (q->current == e)
        q->current = NULL;
    q->policy->leave(q, e, now);
    DL_DELETE2(q->members, e, member_prev, member_next);
    q->member_count--;
}

void sched_queue_set_policy(struct sched_queue *q, const struct sched_policy *p,
                            uint64_t now)
{
    struct sched_entity *e;

    DL_FOREACH2(q->members, e, member_next)
    {
        if (e->waiting)
            q->policy->dequeue(q, e, now);
        e->waiting = false;
        q->policy->leave(q, e, now);
    }
    q->policy = p;
    DL_FOREACH2(q->members, e, member_next)
    p->join(q, e, now);
    DL_FOREACH2(q->members, e, member_next)
    sync_waiting(q, e, now);
}

void sched_queue_set_params(struct sched_queue *q,
                            const struct sched_params *params, uint64_t now)
{
    struct sched_entity *e;

    q->params = in_range(params);
    DL_FOREACH2(q->members, e, member_next)
    {
        fill(q, e, now);
        if (e->cap && e->tokens > bucket(q, e))
            e->tokens = bucket(q, e);
    }
}

int sched_queue_set(struct sched_queue *q, struct sched_entity *e,
                    uint32_t weight, uint32_t cap, enum proto_latency latency,
                    uint64_t slice_ns, uint64_t now)
{
    int rc = check(weight, cap, latency, slice_ns);
    bool moves;

    if (rc)
        return rc;
    moves = e->waiting && (weight != e->weight || latency != e->latency);
    if (moves) {
        e->waiting = false;
        q->policy->dequeue(q, e, now);
    }
    e->weight = weight;
    e->latency = latency;
    e->slice_ns = slice_ns;
    fill(q, e, now);
    e->tokens_at_ns = now;
    if (cap && !e->cap)
        e->tokens = INT64_MAX; /* a new bucket is full */
    e->cap = cap;
    if (e->tokens > bucket(q, e))
        e->tokens = bucket(q, e);
    judge(q, e, now);
    sync_waiting(q, e, now);
    return 0;
}

void sched_queue_ready(struct sched_queue *q, struct sched_entity *e,
                       uint64_t now)
{
    release_due(q, now);
    change(q, e, true, e->throttled, now);
}

void sched_queue_idle(struct sched_queue *q, struct sched_entity *e,
                      uint64_t now)
{
    change(q, e, false, e->throttled, now);
}

struct sched_turn sched_queue_pick(struct sched_queue *q, uint64_t now)
{
    struct sched_turn turn;

    end_turn(q, now);
    release_due(q, now);
    turn.until_ns = SCHED_NEVER;
    turn.entity = q->policy->pick(q, now, &turn.until_ns);
    if (turn.entity) {
        turn.entity->waiting = false;
        q->current = turn.entity;
        q->since_ns = now;
        turn.until_ns = sched_queue_deadline(q, turn.entity, now, now);
    } else if (q->held) {
        turn.until_ns = clamp(sched_heap_first(&q->throttled)->release.key, 0,
                              turn.until_ns);
    }
    return turn;
}

void sched_queue_adopt(struct sched_queue *q, struct sched_entity *e,
                       uint64_t now)
{
    end_turn(q, now);
    q->current = e;
    q->since_ns = now;
    q->fair.settled_ns = 0; /* of this turn: the last one's may be hours */
    change(q, e, true, e->throttled, now);
}

uint64_t sched_queue_deadline(struct sched_queue *q,
                              struct sched_entity *current, uint64_t since,
                              uint64_t now)
{
    uint64_t until, other;

    release_due(q, now);
    until = q->policy->deadline(q, current, since, now);
    if (until == SCHED_NEVER && q->held) {
        /* Nobody waits yet; the first that is let go will. */
        until = sched_heap_first(&q->throttled)->release.key;
        other = sched_add(since, sched_slice(q, current));
        if (until < other)
            until = other;
    }
    other = cap_deadline(q, current, since);
    if (until > other)
        until = other;
    return until < now ? now : until;
}

bool sched_queue_contended(const struct sched_queue *q,
                           const struct sched_entity *current)
{
    return current->cap || q->held || q->runnable > (size_t)runnable(current);
}

void sched_queue_charge(struct sched_queue *q, struct sched_entity *e,
                        uint64_t ran_ns, uint64_t waste_ns, uint64_t now)
{
    e->charged_ns += ran_ns;
    e->wasted_ns += waste_ns;
    q->policy->charge(q, e, ran_ns, now);
    cap_charge(q, e, ran_ns, now);
    if (e == q->current)
        end_turn(q, now);
}
