/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has acknowledged and computes on is found by its CPU clock, which it
 * can't forge: each idle-window while somebody else has work. A little is
 * allowed, for fetching and validating.
 */
#include "dm/sched/vgpud.h"

#include <time.h>
#include <unistd.h>

#include <utlist.h>

/* Another process' clock is brought up to date at timer ticks (HZ=100 at
 * worst): what it spent under its grant may show up to so much later. */
#define LAG_NS 20000000ull

static bool cpu_clock(const struct engine *e, uint64_t *ns)
{
    struct timespec ts;

    if (!e->pid || clock_gettime(e->clock, &ts))
        return false;
    *ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
    return true;
}

void watch_held(struct engine *e)
{
    e->held_at_ns = 0;
    if ((e->state == ENGINE_HELD || e->state == ENGINE_FROZEN) &&
        cpu_clock(e, &e->held_cpu_ns))
        e->held_at_ns = clock_ns();
}

/* Add what it has spent since it was last looked at. */
static void settle(struct engine *e)
{
    uint64_t cpu, now = clock_ns();

    if (!e->held_at_ns || !cpu_clock(e, &cpu))
        return;
    e->held_ns += now - e->held_at_ns;
    e->spent_ns += cpu > e->held_cpu_ns ? cpu - e->held_cpu_ns : 0;
    e->held_at_ns = now;
    e->held_cpu_ns = cpu;
}

void watch_unheld(struct engine *e)
{
    settle(e);
    e->held_at_ns = 0;
}

static void begin_window(struct engine *e)
{
    e->held_ns = e->spent_ns = 0;
    watch_held(e);
}

static void judge(struct engine *e)
{
    uint64_t allowed;

    settle(e);
    allowed = e->vgpu->d->config.idle_cpu_ns +
              e->held_ns / 100 * VGPUD_IDLE_CPU_PERCENT + LAG_NS;
    /* Clearly more than there are processors for is none of it: a virtual one
     * stood still for a while, and its clocks have caught up. */
    if (e->spent_ns > allowed &&
        e->spent_ns / e->vgpu->d->processors <= e->held_ns + e->held_ns / 4) {
        log_limited(&e->kill_limit, LOG_WARNING,
                    "%s: %llu us of CPU in %llu us without a grant", e->name,
                    (unsigned long long)e->spent_ns / 1000,
                    (unsigned long long)e->held_ns / 1000);
        engine_kill(e, SCHED_WHY_UNGRANTED);
    }
}

static unsigned int count_ready(const struct vgpud *d)
{
    const struct member *m;
    unsigned int i, n = 0;

    for (i = 0; i < d->nr_queues; i++)
        DL_FOREACH (d->queues[i].members, m)
            n += m->entity.ready;
    return n;
}

static void for_engines(struct vgpud *d, void (*act)(struct engine *e),
                        unsigned int ready)
{
    struct member *m;
    unsigned int i, k;

    for (i = 0; i < d->nr_queues; i++) {
        DL_FOREACH (d->queues[i].members, m) {
            for (k = 0; k < m->nr_engines; k++) {
                if (ready > m->entity.ready)
                    act(m->engines[k]);
                begin_window(m->engines[k]);
            }
        }
    }
}

/* Who has a standing grant does not tell when its work ends. False: nobody has
 * a turn. */
static bool look_at_turns(struct vgpud *d)
{
    unsigned int i, k;
    bool any = false;

    for (i = 0; i < d->nr_queues; i++) {
        struct member *m = d->queues[i].current;

        if (!m)
            continue;
        any = true;
        for (k = 0; k < m->nr_engines; k++)
            engine_look(m->engines[k]);
        member_changed(m);
    }
    return any;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct vgpud *d = w->data;
    bool turns = look_at_turns(d);
    unsigned int ready = count_ready(d);

    (void)revents;
    if (ready)
        for_engines(d, judge, ready);
    else if (turns)
        for_engines(d, begin_window, 2);
    else
        ev_timer_stop(loop, w);
}

void watch_init(struct vgpud *d)
{
    const double s = (double)d->config.idle_window_ns / 1e9;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);

    d->processors = processors > 0 ? (uint64_t)processors : 1;
    ev_timer_init(&d->watch, on_tick, s, s);
    d->watch.data = d;
}

void watch_start(struct vgpud *d)
{
    if (ev_is_active(&d->watch))
        return;
    for_engines(d, begin_window, 2);
    ev_timer_again(d->loop, &d->watch);
}
