/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sched-load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ns: virtual time and the cap's tokens are rounded. */
#define ROUNDING 1000.0

uint64_t load_random(struct load *l, uint64_t n)
{
    l->state = l->state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (l->state >> 20) % n;
}

static bool broken(const struct load *l, const char *what, unsigned int i,
                   double is, double bound)
{
    printf("%s, seed %" PRIu64 ", at %.3f ms: %s of %u is %.6f ms, bound "
           "%.6f ms\n",
           l->q.policy->name, l->seed, (double)l->now / 1e6, what, i, is / 1e6,
           bound / 1e6);
    return false;
}

static bool backlogged(const struct load_entity *x)
{
    return x->member && x->e.ready;
}

static unsigned int number_of(const struct load *l, const struct load_entity *x)
{
    return (unsigned int)(x - l->of);
}

/* --- promises
 * ----------------------------------------------------------------- */

/* The longest turn of one that is asked to stop: by the longest slice so far,
 * since debt outlives it. */
static uint64_t turn_bound(struct load *l)
{
    uint64_t slice = l->q.params.slice_ns;
    unsigned int i;

    for (i = 0; i < l->n; i++) {
        if (l->of[i].member && l->of[i].e.slice_ns > slice)
            slice = l->of[i].e.slice_ns;
    }
    if (slice > l->slice_max)
        l->slice_max = slice;
    return l->slice_max + l->q.params.deadline_ns;
}

void load_bounds(struct load *l)
{
    uint64_t turn = turn_bound(l), weights = 0, n = 0;
    unsigned int i;

    memset(l->both, 0, sizeof(l->both));
    for (i = 0; i < l->n; i++) {
        if (!l->of[i].member)
            continue;
        weights += l->of[i].e.weight;
        n++;
    }
    for (i = 0; i < l->n; i++) {
        struct load_entity *x = &l->of[i];

        if (l->q.policy == &sched_fair)
            l->stall_bound[i] = turn * weights / x->e.weight + turn * n;
        else if (l->q.policy == &sched_ondemand)
            l->stall_bound[i] =
                turn * n * (l->q.params.skip_limit + SCHED_CLASSES);
        else
            l->stall_bound[i] = turn * n;
        x->waits_since_ns = l->now;
        x->over_least = (int64_t)(x->served_ns * 1000);
        x->cap_since_ns = l->now;
    }
}

static bool check_share(struct load *l, unsigned int i, unsigned int j)
{
    const struct load_entity *x = &l->of[i], *y = &l->of[j];
    double d, bound;

    if (!backlogged(x) || !backlogged(y)) {
        l->both[i][j] = false;
        return true;
    }
    d = (double)x->served_ns / x->e.weight - (double)y->served_ns / y->e.weight;
    if (!l->both[i][j]) {
        l->both[i][j] = true;
        l->least[i][j] = l->most[i][j] = d;
        return true;
    }
    if (d < l->least[i][j])
        l->least[i][j] = d;
    if (d > l->most[i][j])
        l->most[i][j] = d;
    d = l->most[i][j] - l->least[i][j];
    bound = (double)turn_bound(l) * (1.0 / x->e.weight + 1.0 / y->e.weight);
    if (d / bound > l->worst_share)
        l->worst_share = d / bound;
    if (d > bound + ROUNDING)
        return broken(l, "share difference", i, d, bound);
    return true;
}

static bool check_stall(struct load *l, unsigned int i)
{
    struct load_entity *x = &l->of[i];
    bool waits = backlogged(x) && x != l->runs;
    uint64_t waited;

    if (waits && !x->waits)
        x->waits_since_ns = l->now;
    if (x->waits) {
        waited = l->now - x->waits_since_ns;
        if (waited > l->longest_stall)
            l->longest_stall = waited;
        if (waited > l->stall_bound[i])
            return broken(l, "stall", i, (double)waited,
                          (double)l->stall_bound[i]);
    }
    x->waits = waits;
    return true;
}

/* In no window more than the cap's share of it, what the bucket holds, and one
 * late stop. */
static bool check_cap(struct load *l, unsigned int i)
{
    struct load_entity *x = &l->of[i];
    int64_t over, bound;

    if (!x->member || !x->e.cap)
        return true;
    over = (int64_t)(x->served_ns * 1000) -
           (int64_t)((l->now - x->cap_since_ns) * x->e.cap);
    if (over < x->over_least)
        x->over_least = over;
    bound = (int64_t)(l->q.params.cap_period_ns * x->e.cap) +
            (int64_t)(x->late_ns * 1000);
    if (over - x->over_least > bound + 1000 * (int64_t)ROUNDING)
        return broken(l, "time beyond the cap", i,
                      (double)(over - x->over_least) / 1000,
                      (double)bound / 1000);
    return true;
}

static bool check(struct load *l)
{
    unsigned int i, j;

    for (i = 0; i < l->n; i++) {
        if ((l->check_stall && !check_stall(l, i)) || !check_cap(l, i))
            return false;
        for (j = 0; l->check_share && j < i; j++) {
            if (!check_share(l, i, j))
                return false;
        }
    }
    return true;
}

/* --- the load
 * ----------------------------------------------------------------- */

void load_join(struct load *l, unsigned int i)
{
    struct load_entity *x = &l->of[i];
    static const uint32_t weights[] = {1, 25, 100, 100, 200, 400, 10000};

    memset(x, 0, sizeof(*x));
    x->e.weight = weights[load_random(l, 7)];
    x->e.latency = (enum proto_latency)load_random(l, 3);
    if (!load_random(l, 4))
        x->e.slice_ns = (1 + load_random(l, 10)) * LOAD_MS;
    x->burst_ns = LOAD_MS << load_random(l, 8);
    if (load_random(l, 3))
        x->pause_ns = LOAD_MS << load_random(l, 8);
    x->late_ns =
        load_random(l, 4) ? load_random(l, LOAD_MS) : l->q.params.deadline_ns;
    x->wakes_ns = l->now + load_random(l, 5 * LOAD_MS);
    if (!sched_queue_add(&l->q, &x->e, l->now))
        x->member = true;
}

void load_leave(struct load *l, unsigned int i)
{
    struct load_entity *x = &l->of[i];

    if (!x->member)
        return;
    sched_queue_remove(&l->q, &x->e, l->now);
    x->member = x->waits = false;
    if (l->runs == x) {
        l->runs = NULL;
        l->ask_at = l->now;
    }
}

static void ask_again(struct load *l)
{
    if (l->runs && !l->acks_at)
        l->stop_at = sched_queue_deadline(&l->q, &l->runs->e, l->since, l->now);
    else if (!l->runs)
        l->ask_at = l->now;
}

bool load_set(struct load *l, unsigned int i, uint32_t cap)
{
    static const uint32_t weights[] = {1, 25, 100, 100, 200, 400, 10000};
    struct sched_entity *e = &l->of[i].e;
    int rc;

    if (!l->of[i].member)
        return true;
    rc = sched_queue_set(&l->q, e, weights[load_random(l, 7)], cap,
                         (enum proto_latency)load_random(l, 3), e->slice_ns,
                         l->now);
    ask_again(l);
    return !rc;
}

void load_set_policy(struct load *l, const struct sched_policy *p)
{
    sched_queue_set_policy(&l->q, p, l->now);
    l->check_share = p == &sched_fair;
    ask_again(l);
}

void load_set_params(struct load *l)
{
    struct sched_params params = l->q.params;

    params.slice_ns = (1 + load_random(l, 10)) * LOAD_MS;
    params.residency_ns = load_random(l, 3 * LOAD_MS);
    params.skip_limit = (uint32_t)load_random(l, 6);
    sched_queue_set_params(&l->q, &params, l->now);
    ask_again(l);
}

void load_start(struct load *l, const struct sched_policy *p, uint64_t seed,
                unsigned int n)
{
    struct sched_params params = sched_params_default;
    unsigned int i;

    memset(l, 0, sizeof(*l));
    l->seed = l->state = seed;
    l->n = n;
    l->now = 1000 * LOAD_MS;
    l->check_share = p == &sched_fair;
    l->check_stall = true;
    params.deadline_ns = (1 + load_random(l, 20)) * LOAD_MS;
    sched_queue_init(&l->q, p, &params, l->now);
    for (i = 0; i < n; i++)
        load_join(l, i);
    load_bounds(l);
}

void load_end(struct load *l)
{
    sched_queue_free(&l->q);
}

static bool pick(struct load *l)
{
    struct sched_turn turn = sched_queue_pick(&l->q, l->now);
    unsigned int i;

    l->ask_at = turn.until_ns;
    l->acks_at = 0;
    l->runs = (struct load_entity *)turn.entity;
    if (l->runs) {
        if (!l->runs->member || !l->runs->e.ready || l->runs->e.throttled)
            return broken(l, "pick, which may not run,", number_of(l, l->runs),
                          0, 0);
        l->runs->turns++;
        l->since = l->now;
        l->stop_at = turn.until_ns;
        return true;
    }
    for (i = 0; i < l->n && l->q.policy != &sched_fixed; i++) {
        if (backlogged(&l->of[i]) && !l->of[i].e.throttled)
            return broken(l, "idle engine, the work", i,
                          (double)l->of[i].work_ns, 0);
    }
    return true;
}

static void finish_turn(struct load *l)
{
    struct load_entity *x = l->runs;

    if (!x->work_ns) {
        if (x->pause_ns) {
            sched_queue_idle(&l->q, &x->e, l->now);
            x->wakes_ns = l->now + 1 + load_random(l, x->pause_ns);
        } else {
            x->work_ns = 1 + load_random(l, x->burst_ns);
        }
    }
    l->runs = NULL;
    l->ask_at = l->now;
    sched_queue_charge(&l->q, &x->e, l->now - l->since,
                       l->acks_at ? l->now - l->stop_at : 0, l->now);
}

static void wake(struct load *l, struct load_entity *x)
{
    x->work_ns = 1 + load_random(l, x->burst_ns);
    sched_queue_ready(&l->q, &x->e, l->now);
    ask_again(l);
}

static uint64_t next_event(const struct load *l, uint64_t end)
{
    uint64_t t = end, u;
    unsigned int i;

    for (i = 0; i < l->n; i++) {
        if (l->of[i].member && !l->of[i].e.ready && l->of[i].wakes_ns < t)
            t = l->of[i].wakes_ns;
    }
    if (!l->runs)
        return l->ask_at < t ? l->ask_at : t;
    u = l->now + l->runs->work_ns;
    if (u < t && l->runs->work_ns)
        t = u;
    u = l->acks_at ? l->acks_at : l->stop_at;
    return u < t ? u : t;
}

static void turn_event(struct load *l)
{
    struct load_entity *x = l->runs;

    /* One that is always busy goes on by itself, unless it must say so. */
    if (!x->work_ns && !x->pause_ns && l->now != l->acks_at)
        x->work_ns = 1 + load_random(l, x->burst_ns);
    if (!x->work_ns || (l->acks_at && l->now >= l->acks_at)) {
        finish_turn(l);
    } else if (!l->acks_at && l->now >= l->stop_at) {
        l->stop_at = l->now;
        l->acks_at = l->now + load_random(l, x->late_ns + 1);
        if (l->acks_at == l->now)
            finish_turn(l);
    }
}

bool load_run(struct load *l, uint64_t ns)
{
    uint64_t end = l->now + ns, next;
    unsigned int i, still = 0;

    while (l->now < end) {
        next = next_event(l, end);
        still = next <= l->now ? still + 1 : 0;
        if (still > 1000)
            return broken(l, "time that stands still, turn", 0, 0, 0);
        if (next < l->now)
            next = l->now;
        if (l->runs) {
            l->runs->served_ns += next - l->now;
            l->runs->work_ns -= next - l->now;
        }
        l->now = next;
        /* With the turn as it was: it ends now. */
        if (!check(l))
            return false;
        if (l->runs)
            turn_event(l);
        for (i = 0; i < l->n; i++) {
            if (l->of[i].member && !l->of[i].e.ready &&
                l->of[i].wakes_ns <= l->now)
                wake(l, &l->of[i]);
        }
        if (!l->runs && l->ask_at <= l->now && !pick(l))
            return false;
        if (!check(l))
            return false;
    }
    return true;
}
