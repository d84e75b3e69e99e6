/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants to compile: one at a time on the host, beside those to run. A compiler
 * has its own budget, apart from the slice; its time is charged all the same.
 *
 * Nobody can be stopped in it, and who loads a scene asks many times, with work
 * in between. First come, first served would let one that compiles all the time
 * up to its budget keep others waiting that long each time. So who has compiled
 * waits as long as others who compile, too, may do so by their weights: they
 * find the compiler free. Among those that may, the one that has waited so for
 * longest is the next. Nobody waits for others that haven't asked of late.
 *
 * Nor is compiling a way past the run queue: what is done under such a grant
 * may be a guest's drawing (a GL driver compiles in the midst of a draw),
 * beside whoever has the turn. So those who want to run count as well, and who
 * only ever compiles has the processors for its share of the time.
 */
#include "dm/sched/vgpud.h"

#include <utlist.h>

/* How long is "of late": as long as the own last one took, but at least. */
#define LATE_NS NS_PER_S
/* The longest pause, in compile budgets. */
#define PAUSE_MAX 10u
/* While all that wait have to wait on. */
#define AGAIN_NS NS_PER_S
#define AGAIN_CAPPED_NS (10 * NS_PER_MS)

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct vgpud *d = w->data;

    (void)loop;
    (void)revents;
    d->compile_dirty = true;
}

void compile_init(struct vgpud *d)
{
    ev_init(&d->compile_again, on_again);
    d->compile_again.data = d;
}

void compile_wait(struct engine *e)
{
    struct vgpud *d = e->vgpu->d;

    if (e->compile_waits)
        return;
    e->compile_waits = true;
    e->compile_ns = e->vgpu->compile_asked_ns = clock_ns();
    DL_APPEND(d->compile_queue, e);
    d->compile_dirty = true;
}

static void compiled(struct engine *e)
{
    struct member *m = e->member;
    uint64_t now = clock_ns(), ran = now - e->compile_ns;

    m->compiled_ns += ran;
    m->vgpu->compile_asked_ns = m->vgpu->compile_end_ns = now;
    m->vgpu->compile_took_ns = ran;
    vgpud_record(e->vgpu->d, e->vgpu, m->queue, SCHED_EVENT_COMPILED, ran);
    /* To charge the current one would end its turn. */
    if (m->queue->current == m)
        m->extra_ns += ran;
    else
        sched_queue_charge(&m->queue->q, &m->entity, ran, 0, now);
}

void compile_end(struct engine *e)
{
    struct vgpud *d = e->vgpu->d;

    if (e->compile_waits) {
        e->compile_waits = false;
        DL_DELETE(d->compile_queue, e);
    }
    if (d->compiling != e)
        return;
    d->compiling = NULL;
    d->compile_dirty = true;
    compiled(e);
    e->member->queue->dirty = true;
}

static bool waits(const struct vgpu *v)
{
    unsigned int i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (v->engines[i] && v->engines[i]->compile_waits)
            return true;
    }
    return false;
}

/* Its weight, if it has or waits for what this engine draws on. */
static uint64_t runs(const struct vgpu *v, const struct runq *r)
{
    unsigned int i;

    for (i = 0; i < v->nr_members; i++) {
        const struct member *m = v->members[i];

        if (m->queue == r)
            return m->entity.ready && !m->entity.throttled ? m->entity.weight
                                                           : 0;
    }
    return 0;
}

/* The weights of the others that compile, too, or run. */
static uint64_t others(const struct engine *e, uint64_t now)
{
    const struct vgpu *v = e->vgpu, *o;
    uint64_t late = v->compile_took_ns > LATE_NS ? v->compile_took_ns : LATE_NS;
    uint64_t weights = 0;

    DL_FOREACH (v->d->vgpus, o) {
        if (o == v)
            continue;
        if (o->compile_asked_ns &&
            (now - o->compile_asked_ns < late || waits(o)))
            weights += o->members[0]->entity.weight;
        else
            weights += runs(o, e->member->queue);
    }
    return weights;
}

/* Its cap is used up. The queue looks at those that want to run only. */
static bool is_capped(struct engine *e)
{
    struct sched_entity *s = &e->member->entity;

    if (s->throttled) /* brings its account up to date */
        sched_queue_set(&e->member->queue->q, s, s->weight, s->cap, s->latency,
                        s->slice_ns, clock_ns());
    return s->throttled;
}

/* From when on it may compile, for all that others want. */
static uint64_t due(const struct engine *e, uint64_t now)
{
    const uint64_t most = PAUSE_MAX * e->member->queue->config.compile_ns;
    const struct vgpu *v = e->vgpu;
    uint64_t pause =
        (uint64_t)((double)v->compile_took_ns * (double)others(e, now) /
                   (double)e->member->entity.weight);

    return v->compile_end_ns + (pause < most ? pause : most);
}

/* NULL: not before `again` ns are over. */
static struct engine *choose(const struct vgpud *d, uint64_t now,
                             uint64_t *again)
{
    struct engine *e, *best = NULL;
    uint64_t first = now + AGAIN_NS, at;
    bool capped = false;

    DL_FOREACH (d->compile_queue, e) {
        if (is_capped(e)) {
            capped = true;
            continue;
        }
        at = due(e, now);
        if (at < first) {
            first = at;
            best = e;
        }
    }
    if (first <= now)
        return best;
    *again = first - now;
    if (capped && *again > AGAIN_CAPPED_NS)
        *again = AGAIN_CAPPED_NS;
    return NULL;
}

void compile_go(struct vgpud *d)
{
    struct engine *e;
    uint64_t now = clock_ns(), again = 0;

    d->compile_dirty = false;
    ev_timer_stop(d->loop, &d->compile_again);
    if (d->compiling || !d->compile_queue || d->settling)
        return;
    e = choose(d, now, &again);
    if (!e) {
        ev_timer_set(&d->compile_again, (double)again / 1e9, 0.);
        ev_timer_start(d->loop, &d->compile_again);
        return;
    }
    DL_DELETE(d->compile_queue, e);
    e->compile_waits = false;
    vgpud_record(d, e->vgpu, e->member->queue, SCHED_EVENT_COMPILE,
                 now - e->compile_ns);
    e->compile_ns = now;
    d->compiling = e;
    engine_compile(e);
}
