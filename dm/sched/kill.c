/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who does not stop in time, and can't be stopped (freeze.c), is killed:
 * through its monitor, which tells the guest; past it if the monitor is silent.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const texts[] = {
    [SCHED_WHY_ADMIN] = "the administrator resets it",
    [SCHED_WHY_DEADLINE] = "it has not stopped in time",
    [SCHED_WHY_COMPILE] = "it has not ended to compile in time",
    [SCHED_WHY_UNGRANTED] = "it computes without a grant",
};

void engine_deadline(struct engine *e, uint64_t ns)
{
    struct ev_loop *loop = e->vgpu->d->loop;

    ev_timer_stop(loop, &e->deadline);
    /* The loop's time is that of the event under way. */
    ev_timer_set(&e->deadline, (double)ns / 1e9 + (ev_time() - ev_now(loop)),
                 0.);
    ev_timer_start(loop, &e->deadline);
}

static void ask_monitor(struct engine *e)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_SCHED_KILL};

    msg.u.sched_engine.index = e->vgpu->index;
    msg.u.sched_engine.engine = e->number;
    msg.u.sched_engine.pid = (uint32_t)e->pid;
    msg.u.sched_engine.death =
        e->killed == SCHED_WHY_ADMIN ? PROTO_DEATH_OTHER : PROTO_DEATH_HUNG;
    monitor_send(e->vgpu, &msg);
}

void engine_kill(struct engine *e, enum sched_why why)
{
    struct member *m = e->member;
    struct vgpu *v = e->vgpu;

    if (e->killed || !e->pid)
        return;
    e->killed = why;
    log_limited(&e->kill_limit, why == SCHED_WHY_ADMIN ? LOG_INFO : LOG_WARNING,
                "%s: killed: %s", e->name, texts[why]);
    vgpud_record(v->d, v, m->queue, SCHED_EVENT_KILL, why);
    engine_deadline(e, VGPUD_KILL_NS);
    if (e->compile_waits)
        compile_end(e);
    if (why != SCHED_WHY_ADMIN) {
        m->missed++;
        m->resets++;
    }
    ask_monitor(e);
    if (why != SCHED_WHY_ADMIN)
        ladder_hang(v);
    member_changed(m);
}

/* A pidfd can't mean another process, even when the number is used again. */
static void kill_past_monitor(struct engine *e)
{
    if (!e->kill_by_us)
        log_limited(&e->kill_limit, LOG_WARNING,
                    "%s: its monitor is silent: process %d killed past it",
                    e->name, (int)e->pid);
    e->kill_by_us = true;
    if (syscall(SYS_pidfd_send_signal, e->pidfd, SIGKILL, NULL, 0) &&
        errno != ESRCH)
        log_limited(&e->kill_limit, LOG_ERROR, "%s: kill process %d: %s",
                    e->name, (int)e->pid, strerror(errno));
    engine_deadline(e, NS_PER_S); /* it may need its time to die */
}

void engine_on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct engine *e = w->data;

    (void)loop;
    (void)revents;
    if (e->killed) {
        kill_past_monitor(e);
        return;
    }
    engine_look(e); /* it may have kept its word, but not said so */
    if (!e->pid && (e->state == ENGINE_STOPPING || e->state == ENGINE_COMPILE))
        engine_gone(e); /* its page was older than its process' end */
    else if (e->state == ENGINE_STOPPING && !engine_freeze(e))
        engine_kill(e, SCHED_WHY_DEADLINE);
    else if (e->state == ENGINE_COMPILE)
        engine_kill(e, SCHED_WHY_COMPILE);
    member_changed(e->member);
}
