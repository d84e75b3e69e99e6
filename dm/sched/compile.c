/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants to compile: one at a time on the host, beside those to run, first
 * come, first served. A compiler has its own budget, apart from the slice; its
 * time is charged all the same.
 */
#include "dm/sched/vgpud.h"

#include <utlist.h>

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

void compile_go(struct vgpud *d)
{
    struct engine *e = d->compile_queue;
    uint64_t now;

    d->compile_dirty = false;
    if (d->compiling || !e || d->settling)
        return;
    DL_DELETE(d->compile_queue, e);
    e->compile_waits = false;
    now = clock_ns();
    vgpud_record(d, e->vgpu, e->member->queue, SCHED_EVENT_COMPILE,
                 now - e->compile_ns);
    e->compile_ns = now;
    d->compiling = e;
    engine_compile(e);
}
