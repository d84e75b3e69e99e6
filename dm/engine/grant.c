/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permission to run: what the scheduler says on page S and is told on page E
 * (lib/grant.h). Page E tells the truth whenever the engine sleeps.
 *
 * Without a grant, unless it is frozen, the engine obeys commands and
 * invalidations, takes doorbells and looks at the memory that a WAIT_MEM waits
 * for; no more.
 */
#include "dm/engine/engine.h"

#include <string.h>

#include "lib/probes.h"

static uint32_t epoch_now(const struct engine *e)
{
    return __atomic_load_n(&e->grant_s->epoch, __ATOMIC_ACQUIRE);
}

uint64_t engine_clock(const struct engine *e)
{
    const uint64_t *at = &e->grant_s->frozen_ns;
    uint64_t frozen = __atomic_load_n(at, __ATOMIC_ACQUIRE), before, now;

    do { /* it may happen in between */
        before = frozen;
        now = clock_ns();
        frozen = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    } while (frozen != before);
    return now - frozen;
}

uint64_t engine_since(const struct engine *e, uint64_t start)
{
    uint64_t now = engine_clock(e);

    return now > start ? now - start : 0;
}

uint64_t engine_ran(const struct engine *e, uint64_t now_ns)
{
    uint64_t frozen =
        __atomic_load_n(&e->grant_s->frozen_ns, __ATOMIC_ACQUIRE) -
        e->grant.frozen_ns;
    uint64_t ns = e->run_start_ns ? now_ns - e->run_start_ns : 0;

    return ns > frozen ? ns - frozen : 0;
}

/* Good for once. */
static bool compile_granted(const struct engine *e)
{
    uint32_t epoch = epoch_now(e);

    return grant_kind_now(e->grant_s) == GRANT_COMPILE &&
           epoch != e->grant.acked;
}

static bool may_compile(const struct engine *e)
{
    if (grant_kind_now(e->grant_s) == GRANT_RUN)
        return grant_flags_now(e->grant_s) & GRANT_F_COMPILE;
    return compile_granted(e);
}

bool engine_compile(struct engine *e)
{
    e->cold = !may_compile(e);
    return !e->cold;
}

bool engine_may_run(const struct engine *e)
{
    if (e->cold || e->preparing)
        return may_compile(e);
    return grant_kind_now(e->grant_s) == GRANT_RUN;
}

void engine_begin(struct engine *e)
{
    struct grant_e *page = e->grant_e;
    uint32_t epoch = epoch_now(e);

    e->grant.frozen_ns =
        __atomic_load_n(&e->grant_s->frozen_ns, __ATOMIC_RELAXED);
    e->run_start_ns = clock_ns();
    e->used = true;
    /* A wait is looked at without a grant, too. */
    if (epoch == e->grant.ran ||
        (grant_kind_now(e->grant_s) != GRANT_RUN && !compile_granted(e)))
        return;
    e->grant.ran = epoch;
    __atomic_store_n(&page->loaded_ns, e->grant.loaded_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&page->running_ns, e->run_start_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&page->run_epoch, epoch, __ATOMIC_RELEASE);
}

void engine_end(struct engine *e)
{
    e->idle_since_ns = clock_ns();
    e->stats.busy_ns += engine_ran(e, e->idle_since_ns);
    e->grant.busy_ns += engine_ran(e, e->idle_since_ns);
    e->run_start_ns = 0;
    engine_publish(e);
}

static enum grant_kind want_now(const struct engine *e)
{
    if (e->preparing)
        return engine_may_prepare(e) ? GRANT_COMPILE : GRANT_NONE;
    if (!engine_has_work(e) || e->waiting)
        return GRANT_NONE;
    return e->cold ? GRANT_COMPILE : GRANT_RUN;
}

/* All is given back: it was asked for, or this grant was for one packet and
 * has been used, or isn't needed any more. */
static void acknowledge(struct engine *e, uint32_t epoch)
{
    struct grant_e *page = e->grant_e;
    uint64_t now;

    if (engine_has_work(e))
        e->stats.preempted++;
    engine_publish(e);
    now = clock_ns();
    __atomic_store_n(&page->preempted_ns,
                     e->grant.stopped_ns ? e->grant.stopped_ns : now,
                     __ATOMIC_RELAXED);
    __atomic_store_n(&page->saved_ns, now, __ATOMIC_RELAXED);
    e->grant.acked = epoch;
    __atomic_store_n(&page->ack_epoch, epoch, __ATOMIC_RELEASE);
    PROBE_PREEMPT(e->domid, e->index, e->ops->name, epoch, engine_has_work(e));
}

static void notify(struct engine *e)
{
    int rc = link_kick(e->notify);

    if (rc)
        log_limited(&e->host_log, LOG_WARNING, "telling the scheduler: %s",
                    strerror(-rc));
}

void engine_obey_grant(struct engine *e)
{
    uint32_t epoch = epoch_now(e), kind = grant_kind_now(e->grant_s);
    uint32_t want = want_now(e);
    bool changed = want != e->grant.want, told = false;

    if (epoch != e->grant.seen) {
        e->grant.seen = epoch;
        e->grant.loaded_ns = clock_ns();
    }
    /* Either the flag is seen here, or who sets it and then looks at `want`
     * sees this. */
    if (changed) {
        e->grant.want = want;
        __atomic_store_n(&e->grant_e->want, want, __ATOMIC_SEQ_CST);
        told = kind == GRANT_RUN && want != GRANT_COMPILE &&
               !(__atomic_load_n(&e->grant_s->flags, __ATOMIC_SEQ_CST) &
                 GRANT_F_IDLE);
    }
    if (epoch != e->grant.acked &&
        (kind == GRANT_NONE ||
         (kind == GRANT_COMPILE && (want != kind || epoch == e->grant.ran))))
        acknowledge(e, epoch);
    else if (!changed || told)
        return;
    notify(e);
}

void engine_grant_init(struct engine *e)
{
    struct grant_e *page = e->grant_e;

    /* Another process may have left it in the midst of its work. */
    e->grant.acked = __atomic_load_n(&page->ack_epoch, __ATOMIC_RELAXED);
    e->grant.ran = __atomic_load_n(&page->run_epoch, __ATOMIC_RELAXED);
    e->grant.busy_ns = __atomic_load_n(&page->busy_ns, __ATOMIC_RELAXED);
    e->grant.want = GRANT_NONE;
    __atomic_store_n(&page->want, GRANT_NONE, __ATOMIC_RELAXED);
}
