/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world switch: one run queue's engine goes from member to member.
 *
 *   grant -> running -> (slice over, idle, another one first) stop requested
 *         -> all its engines have acknowledged, or died -> charged -> next
 *
 * Time is charged from the grant to our reading of the acknowledgement, by our
 * clock. A member that is alone keeps its grant, working or not: we then hear
 * nothing of it until another one wants the engine.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <utlist.h>

#include "lib/probes.h"

#define RETRY_S 0.01

static struct member *member_of(struct sched_entity *e)
{
    return (struct member *)(void *)e;
}

static bool has_engine(const struct member *m)
{
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++) {
        if (m->engines[i]->state == ENGINE_RUN ||
            m->engines[i]->state == ENGINE_STOPPING)
            return true;
    }
    return false;
}

static bool is_ready(const struct member *m)
{
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++) {
        if (engine_ready(m->engines[i]))
            return true;
    }
    return false;
}

/* Tell the queue what the member's engines want. */
static void tell_queue(struct member *m)
{
    struct runq *r = m->queue;
    bool ready = is_ready(m);
    uint64_t now;

    if (ready == m->entity.ready)
        return;
    if (r->d->compile_queue)
        r->d->compile_dirty = true; /* who compiles waits for who runs */
    now = clock_ns();
    if (ready) {
        sched_queue_ready(&r->q, &m->entity, now);
        if (r->current != m)
            m->wait_ns = now;
    } else {
        sched_queue_idle(&r->q, &m->entity, now);
        m->wait_ns = 0;
    }
    vgpud_record(r->d, m->vgpu, r, ready ? SCHED_EVENT_READY : SCHED_EVENT_IDLE,
                 0);
}

void member_changed(struct member *m)
{
    tell_queue(m);
    m->queue->dirty = true;
}

static void arm(struct runq *r, uint64_t until_ns)
{
    struct itimerspec its = {.it_value = {0}};

    if (until_ns == r->armed_ns)
        return;
    r->armed_ns = until_ns;
    if (until_ns != SCHED_NEVER) {
        its.it_value.tv_sec = (time_t)(until_ns / NS_PER_S);
        its.it_value.tv_nsec = (long)(until_ns % NS_PER_S);
        if (!until_ns)
            its.it_value.tv_nsec = 1; /* 0 would disarm it */
    }
    if (timerfd_settime(r->timer_fd, TFD_TIMER_ABSTIME, &its, NULL)) {
        log_limited(&r->d->limit, LOG_ERROR, "timer of %s: %s", r->name,
                    strerror(errno));
        r->armed_ns = 0;
        ev_timer_start(r->d->loop, &r->retry);
    }
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct runq *r = w->data;

    (void)revents;
    ev_timer_stop(loop, w);
    ev_timer_set(w, RETRY_S, 0.);
    r->dirty = true;
}

static void on_timer(struct ev_loop *loop, ev_io *w, int revents)
{
    struct runq *r = w->data;
    uint64_t count;

    (void)loop;
    (void)revents;
    if (read(r->timer_fd, &count, sizeof(count)) > 0) {
        r->dirty = true;
        r->armed_ns = SCHED_NEVER;
    }
}

/* --- the steps of a switch --------------------------------------------------
 */

/* An engine's word, brought between two times of ours. */
static uint64_t between(uint64_t from, uint64_t told, uint64_t to)
{
    return told < from ? from : told > to ? to : told;
}

static void steps_stopped(struct runq *r, const struct member *m, uint64_t now)
{
    const struct engine *e = m->engines[0];

    memset(&r->sw, 0, sizeof(r->sw));
    if (!m->stop_ns || e->state == ENGINE_FROZEN)
        return;
    r->sw.stop_ns = m->stop_ns;
    r->sw.preempted_ns =
        between(m->stop_ns,
                __atomic_load_n(&e->e->preempted_ns, __ATOMIC_RELAXED), now);
    r->sw.saved_ns =
        between(r->sw.preempted_ns,
                __atomic_load_n(&e->e->saved_ns, __ATOMIC_RELAXED), now);
}

static void steps_granted(struct runq *r, struct engine *to, uint64_t now)
{
    r->sw.grant_ns = now;
    r->sw.to = to;
    r->sw.epoch = to->s->epoch;
}

void runq_steps(struct runq *r)
{
    struct engine *e = r->sw.to;
    uint64_t now, loaded, running;

    if (!e ||
        __atomic_load_n(&e->e->run_epoch, __ATOMIC_ACQUIRE) != r->sw.epoch)
        return;
    r->sw.to = NULL;
    now = clock_ns();
    loaded = between(r->sw.grant_ns,
                     __atomic_load_n(&e->e->loaded_ns, __ATOMIC_RELAXED), now);
    running = between(
        loaded, __atomic_load_n(&e->e->running_ns, __ATOMIC_RELAXED), now);
    histogram_add(&r->steps[STEP_LOAD], loaded - r->sw.grant_ns);
    histogram_add(&r->steps[STEP_RUN], running - loaded);
    if (!r->sw.stop_ns)
        return; /* the engine was free */
    histogram_add(&r->steps[STEP_STOP], r->sw.preempted_ns - r->sw.stop_ns);
    histogram_add(&r->steps[STEP_SAVE], r->sw.saved_ns - r->sw.preempted_ns);
    histogram_add(&r->steps[STEP_SWITCH], r->sw.grant_ns - r->sw.saved_ns);
    histogram_add(&r->total, running - r->sw.stop_ns);
    PROBE_SWITCH(e->vgpu->domid, e->vgpu->index, r->name,
                 running - r->sw.stop_ns, r->sw.preempted_ns - r->sw.stop_ns,
                 r->sw.saved_ns - r->sw.preempted_ns);
}

/* --- turns ------------------------------------------------------------------
 */

uint64_t member_granted(const struct member *m, uint64_t now)
{
    return m->granted_ns + (m->queue->current == m ? now - m->grant_ns : 0);
}

uint64_t member_compiled(const struct member *m, uint64_t now)
{
    const struct engine *e = m->queue->d->compiling;

    return m->compiled_ns + (e && e->member == m ? now - e->compile_ns : 0);
}

static void stop_turn(struct runq *r, uint64_t now)
{
    struct member *m = r->current;
    unsigned int i;

    r->stopping = true;
    m->stop_ns = now;
    vgpud_record(r->d, m->vgpu, r, SCHED_EVENT_STOP, 0);
    for (i = 0; i < m->nr_engines; i++) {
        if (m->engines[i]->state == ENGINE_RUN) /* who compiles goes on */
            engine_stop(m->engines[i]);
    }
    arm(r, SCHED_NEVER);
}

static void end_turn(struct runq *r, uint64_t now)
{
    struct member *m = r->current;
    uint64_t ran = now - m->grant_ns;
    uint64_t waste = m->stop_ns ? now - m->stop_ns : 0;

    runq_steps(r);
    steps_stopped(r, m, now);
    if (waste)
        histogram_add(&m->preempt, waste);
    if (m->entity.ready) {
        m->preempted++;
        m->wait_ns = now;
    }
    m->granted_ns += ran;
    sched_queue_charge(&r->q, &m->entity, ran + m->extra_ns, waste, now);
    vgpud_record(r->d, m->vgpu, r, SCHED_EVENT_ACK, waste);
    m->extra_ns = 0;
    m->stop_ns = 0;
    r->current = NULL;
    r->stopping = false;
    r->idle_since_ns = now;
}

/* Those that were frozen end what they were asked to stop, and the turn with
 * it: nothing else is granted in it. */
static bool thaw(struct member *m, uint64_t ns)
{
    bool any = false;
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++) {
        if (m->engines[i]->state != ENGINE_FROZEN || m->engines[i]->killed)
            continue;
        engine_thaw(m->engines[i], ns);
        any = true;
    }
    m->queue->stopping = any;
    return any;
}

/* To all its engines, also to those that have no work yet: they are ganged. */
static bool grant(struct member *m, uint32_t flags)
{
    struct runq *r = m->queue;
    bool any = false;
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++) {
        struct engine *e = m->engines[i];

        if (!engine_may_run(e))
            continue;
        engine_run(e, flags);
        if (!any || e->want == GRANT_RUN)
            r->sw.to = e;
        any = true;
    }
    return any;
}

static uint32_t flags_of(const struct runq *r, const struct member *m)
{
    return sched_queue_contended(&r->q, &m->entity) ? GRANT_F_IDLE : 0;
}

/* False: nobody may run before until_ns. */
static bool begin_turn(struct runq *r, uint64_t now, uint64_t *until_ns)
{
    struct sched_turn turn = sched_queue_pick(&r->q, now);
    struct member *m;

    *until_ns = turn.until_ns;
    if (!turn.entity)
        return false;
    m = member_of(turn.entity);
    r->current = m;
    r->idle_ns += now - r->idle_since_ns;
    m->grant_ns = now;
    m->stop_ns = 0;
    m->turns++;
    r->switches++;
    if (m->wait_ns)
        histogram_add(&m->wait, now - m->wait_ns);
    vgpud_record(r->d, m->vgpu, r, SCHED_EVENT_GRANT,
                 m->wait_ns ? now - m->wait_ns : 0);
    PROBE_GRANT(m->vgpu->domid, m->vgpu->index, r->name,
                m->wait_ns ? now - m->wait_ns : 0);
    m->wait_ns = 0;
    if (thaw(m, turn.until_ns > now ? turn.until_ns - now : 0))
        *until_ns = SCHED_NEVER; /* theirs ends it */
    else if (grant(m, flags_of(r, m)))
        steps_granted(r, r->sw.to, now);
    return true;
}

/* The current one has the engine: may it go on? */
static void go_on(struct runq *r, uint64_t now)
{
    struct member *m = r->current;
    uint32_t flags = flags_of(r, m);
    uint64_t until = SCHED_NEVER;
    unsigned int i;

    runq_steps(r);
    for (i = 0; i < m->nr_engines; i++) {
        struct engine *e = m->engines[i];

        if (engine_may_run(e))
            engine_run(e, flags); /* ganged: back from compiling, or new */
        __atomic_store_n(&e->s->flags, flags, __ATOMIC_SEQ_CST);
        if (flags)
            engine_look(e);
    }
    tell_queue(m);
    if (!has_engine(m)) { /* it has stopped by itself, to compile */
        r->dirty = true;
        return;
    }
    if (flags && !m->entity.ready) {
        stop_turn(r, now);
        return;
    }
    if (m->entity.ready)
        until = sched_queue_deadline(&r->q, &m->entity, m->grant_ns, now);
    if (until <= now)
        stop_turn(r, now);
    else
        arm(r, until);
}

bool member_adopt(struct member *m, bool stopping)
{
    struct runq *r = m->queue;
    uint64_t now = clock_ns();

    r->dirty = true;
    if (r->current == m && stopping && !r->stopping)
        stop_turn(r, now); /* all of a gang */
    if (r->current)
        return r->current == m && r->stopping == stopping;
    r->idle_ns += now - r->idle_since_ns;
    r->current = m;
    m->grant_ns = now;
    m->stop_ns = stopping ? now : 0;
    r->stopping = stopping;
    m->turns++;
    sched_queue_adopt(&r->q, &m->entity, now);
    vgpud_record(r->d, m->vgpu, r, SCHED_EVENT_GRANT, 0);
    return true;
}

void runq_go(struct runq *r)
{
    uint64_t now = clock_ns(), until;
    unsigned int tries;

    r->dirty = false;
    if (r->current && !has_engine(r->current))
        end_turn(r, now);
    if (r->current && !r->stopping)
        go_on(r, now);
    /* Who is picked has an engine, or is asked to stop. */
    for (tries = 0;
         !r->current && !r->d->settling && tries <= r->q.member_count;
         tries++) {
        if (!begin_turn(r, now, &until)) {
            arm(r, until);
            break;
        }
        if (has_engine(r->current))
            arm(r, until);
        else
            end_turn(r, now);
    }
    /* Not only while others wait: who computes without ever having asked is
     * found by this alone. */
    if (r->current && (r->d->nr_vgpus > 1 ||
                       sched_queue_contended(&r->q, &r->current->entity)))
        watch_start(r->d);
}

int runq_init(struct runq *r, struct vgpud *d, const char *name,
              uint32_t engines, const struct config_queue *config)
{
    struct sched_params params = sched_params_default;
    int rc;

    r->d = d;
    r->name = name;
    r->engines = engines;
    r->config = *config;
    r->armed_ns = SCHED_NEVER;
    r->idle_since_ns = clock_ns();
    params.slice_ns = config->slice_ns;
    params.residency_ns = config->residency_ns;
    params.deadline_ns = config->deadline_ns;
    r->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (r->timer_fd < 0)
        return -errno;
    rc = sched_queue_init(&r->q, config->policy, &params, clock_ns());
    if (rc) {
        close(r->timer_fd);
        return rc;
    }
    ev_io_init(&r->timer, on_timer, r->timer_fd, EV_READ);
    r->timer.data = r;
    ev_timer_init(&r->retry, on_retry, RETRY_S, 0.);
    r->retry.data = r;
    ev_io_start(d->loop, &r->timer);
    return 0;
}

void runq_fini(struct runq *r)
{
    ev_io_stop(r->d->loop, &r->timer);
    ev_timer_stop(r->d->loop, &r->retry);
    close(r->timer_fd);
    sched_queue_free(&r->q);
}
