/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models of published schedulers, to compare with: of the rules that order
 * vGPUs, not of the drivers around them. All get the same loads, the same
 * boundaries to stop at, and the same cost of a world switch, which is kinder
 * than the originals were to wait for (a whole workload in GVT-g).
 *
 * gim-solid, gim-liquid: AMD's GIM (MxGPU-Virtualization, drv/gim_adapter.c and
 * gim_config.c): round robin of all, or of those with work, 6 ms each; a slice
 * is not given up nor cut short; a world switch's commands have 2 s each.
 *
 * gvt-balance: Intel's GVT-g (Linux, drivers/gpu/drm/i915/gvt/sched_policy.c):
 * a tick of 1 ms, at which the vGPU goes on that was not used for longest of
 * those that have work and time left; each 100 ms all get time by their
 * weights, each tenth time whatever they had or owed is forgotten. Who has no
 * time left does not run, even if nobody else would. No time-out.
 */
#include "config.h"

#include "tools/sim-engine.h"

#define TICK_NS SIM_MS
#define REFILL_NS (100 * SIM_MS)
#define STAGES 10u

static void nothing(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
    (void)q;
    (void)e;
    (void)now;
}

static void no_charge(struct sched_queue *q, struct sched_entity *e,
                      uint64_t ran_ns, uint64_t now)
{
    (void)q;
    (void)e;
    (void)ran_ns;
    (void)now;
}

/* --- GIM
 * ---------------------------------------------------------------------- */

static struct sched_entity *after(struct sched_queue *q, struct sched_entity *e)
{
    return e && e->member_next ? e->member_next : q->members;
}

/* A world switch into a vGPU without work is made, too. */
static struct sched_entity *solid_pick(struct sched_queue *q, uint64_t now,
                                       uint64_t *until)
{
    (void)now;
    *until = SCHED_NEVER;
    q->fixed.slot = after(q, q->fixed.slot);
    return q->fixed.slot;
}

static uint64_t solid_deadline(struct sched_queue *q, struct sched_entity *e,
                               uint64_t since, uint64_t now)
{
    (void)now;
    return q->member_count > 1 ? sched_add(since, sched_slice(q, e))
                               : SCHED_NEVER;
}

static const struct sched_policy solid = {
    .name = "gim-solid",
    .join = nothing,
    .leave = nothing,
    .enqueue = nothing,
    .dequeue = nothing,
    .pick = solid_pick,
    .charge = no_charge,
    .deadline = solid_deadline,
};

static struct sched_entity *liquid_pick(struct sched_queue *q, uint64_t now,
                                        uint64_t *until)
{
    struct sched_entity *e = after(q, q->fixed.slot);
    size_t n;

    (void)now;
    *until = SCHED_NEVER;
    for (n = 0; n < q->member_count; n++, e = after(q, e)) {
        if (e->waiting) {
            q->fixed.slot = e;
            return e;
        }
    }
    return NULL;
}

static uint64_t liquid_deadline(struct sched_queue *q, struct sched_entity *e,
                                uint64_t since, uint64_t now)
{
    (void)now;
    return sched_queue_contended(q, e) ? sched_add(since, sched_slice(q, e))
                                       : SCHED_NEVER;
}

static const struct sched_policy liquid = {
    .name = "gim-liquid",
    .join = nothing,
    .leave = nothing,
    .enqueue = nothing,
    .dequeue = nothing,
    .pick = liquid_pick,
    .charge = no_charge,
    .deadline = liquid_deadline,
};

/* --- GVT-g
 * -------------------------------------------------------------------- */

static struct sim_gvt_client *gvt_of(struct sched_entity *e)
{
    return &((struct sim_client *)e)->gvt;
}

static void refill(struct sched_queue *q, uint64_t now)
{
    struct sim_gvt *gvt = &((struct sim_gpu *)q)->gvt;
    struct sched_entity *e;
    uint64_t weights = 0;

    for (e = q->members; e; e = e->member_next)
        weights += e->weight;
    for (; gvt->refills <= now / REFILL_NS; gvt->refills++) {
        for (e = q->members; e; e = e->member_next) {
            struct sim_gvt_client *c = gvt_of(e);

            c->allocated_ns = (int64_t)(REFILL_NS * e->weight / weights);
            if (gvt->refills % STAGES == 0)
                c->left_ns = 0;
            c->left_ns += c->allocated_ns;
        }
    }
}

static uint64_t tick(uint64_t now)
{
    return (now + TICK_NS - 1) / TICK_NS * TICK_NS;
}

static struct sched_entity *gvt_find(struct sched_queue *q)
{
    struct sched_entity *e, *best = NULL;

    for (e = q->members; e; e = e->member_next) {
        if (e->waiting && gvt_of(e)->left_ns > 0 &&
            (!best || gvt_of(e)->used < gvt_of(best)->used))
            best = e;
    }
    return best;
}

static struct sched_entity *gvt_pick(struct sched_queue *q, uint64_t now,
                                     uint64_t *until)
{
    struct sim_gpu *gpu = (struct sim_gpu *)q;
    struct sched_entity *e;

    refill(q, now);
    e = gvt_find(q);
    /* What to run next is decided at a tick, what runs ends when it can. */
    if (!e || (tick(now) != now && !gpu->was_stopped)) {
        *until = !q->runnable ? SCHED_NEVER
                 : e          ? tick(now)
                              : (now / REFILL_NS + 1) * REFILL_NS;
        return NULL;
    }
    gvt_of(e)->used = ++gpu->gvt.picks;
    return e;
}

static void gvt_charge(struct sched_queue *q, struct sched_entity *e,
                       uint64_t ran_ns, uint64_t now)
{
    refill(q, now);
    gvt_of(e)->left_ns -= (int64_t)ran_ns;
}

static uint64_t gvt_deadline(struct sched_queue *q, struct sched_entity *e,
                             uint64_t since, uint64_t now)
{
    uint64_t next = (now / REFILL_NS + 1) * REFILL_NS, out;
    int64_t left;

    refill(q, now);
    if (gvt_find(q) || !e->ready)
        return now > since ? tick(now) : tick(now + 1);
    left = gvt_of(e)->left_ns;
    out = left > 0 ? sched_add(since, (uint64_t)left) : now;
    out = tick(out);
    return out < next ? out : next;
}

static const struct sched_policy balance = {
    .name = "gvt-balance",
    .join = nothing,
    .leave = nothing,
    .enqueue = nothing,
    .dequeue = nothing,
    .pick = gvt_pick,
    .charge = gvt_charge,
    .deadline = gvt_deadline,
};

const struct sim_policy sim_policies[] = {
    {"fair", "weighted virtual time", &sched_fair, 0, 0, false},
    {"ondemand", "event-driven", &sched_ondemand, 0, 0, false},
    {"rr", "round robin of those with work", &sched_rr, 0, 0, false},
    {"fixed", "strict slots", &sched_fixed, 0, 0, false},
    {"gim-solid", "model of GIM's round robin", &solid, 6 * SIM_MS, 2 * SIM_S,
     true},
    {"gim-liquid", "model of GIM's, idle ones skipped", &liquid, 6 * SIM_MS,
     2 * SIM_S, true},
    {"gvt-balance", "model of GVT-g's weighted balance", &balance, 0,
     SCHED_NEVER, true},
    {0},
};
