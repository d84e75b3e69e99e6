/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants to compile: one at a time on the host, beside those to run, first
 * come, first served. A compiler has its own budget, apart from the slice; its
 * time is charged all the same.
 */
#include "dm/sched/vgpud.h"

#include <utlist.h>

#define AGAIN_S 0.01 /* while all that wait have used up their caps */

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct vgpud *d = w->data;

    (void)revents;
    ev_timer_stop(loop, w);
    d->compile_dirty = true;
}

void compile_init(struct vgpud *d)
{
    ev_timer_init(&d->compile_again, on_again, AGAIN_S, AGAIN_S);
    d->compile_again.data = d;
}

void compile_wait(struct engine *e)
{
    struct vgpud *d = e->vgpu->d;

    if (e->compile_waits)
        return;
    e->compile_waits = true;
    e->compile_ns = clock_ns();
    DL_APPEND(d->compile_queue, e);
    d->compile_dirty = true;
}

static void compiled(struct engine *e)
{
    struct member *m = e->member;
    uint64_t now = clock_ns(), ran = now - e->compile_ns;

    m->compiled_ns += ran;
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

/* Its cap is used up. The queue looks at those that want to run only. */
static bool is_capped(struct engine *e)
{
    struct sched_entity *s = &e->member->entity;

    if (s->throttled) /* brings its account up to date */
        sched_queue_set(&e->member->queue->q, s, s->weight, s->cap, s->latency,
                        s->slice_ns, clock_ns());
    return s->throttled;
}

void compile_go(struct vgpud *d)
{
    struct engine *e;
    uint64_t now;

    d->compile_dirty = false;
    if (d->compiling || !d->compile_queue || d->settling)
        return;
    DL_FOREACH (d->compile_queue, e) {
        if (!is_capped(e))
            break;
    }
    if (!e) {
        ev_timer_again(d->loop, &d->compile_again);
        return;
    }
    DL_DELETE(d->compile_queue, e);
    e->compile_waits = false;
    now = clock_ns();
    vgpud_record(d, e->vgpu, e->member->queue, SCHED_EVENT_COMPILE,
                 now - e->compile_ns);
    e->compile_ns = now;
    d->compiling = e;
    engine_compile(e);
}
