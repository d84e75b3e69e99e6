/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard preemption. An engine that computes on processors (a software driver's)
 * stops when its process does: who can't stop at a boundary in time, because
 * one draw takes longer than that, is stopped by a signal, and goes on with the
 * same draw in its next turn. All turns that one draw may have in this way are
 * bounded; who has had them is late. Of an engine on a GPU only its kernel
 * driver could stop the work.
 *
 * An engine that lies about where it computes is as late as it would be anyway,
 * in each of these turns, and is charged for them.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

static bool tell(struct engine *e, int number)
{
    if (e->pidfd >= 0 &&
        !syscall(SYS_pidfd_send_signal, e->pidfd, number, NULL, 0))
        return true;
    if (e->pidfd >= 0 && errno != ESRCH)
        log_limited(&e->kill_limit, LOG_ERROR, "%s: %s process %d: %s", e->name,
                    number == SIGSTOP ? "stop" : "continue", (int)e->pid,
                    strerror(errno));
    return false;
}

static uint64_t left(const struct engine *e)
{
    const struct config_queue *c = &e->member->queue->config;

    return e->overrun_ns < c->overrun_ns ? c->overrun_ns - e->overrun_ns : 0;
}

bool engine_freeze(struct engine *e)
{
    uint64_t now = clock_ns();

    e->overrun_ns += now - e->stop_ns;
    if (!e->processors || !left(e) || !tell(e, SIGSTOP))
        return false;
    e->state = ENGINE_FROZEN;
    e->member->frozen++;
    /* Not before the signal: its clock would go back. */
    __atomic_store_n(&e->s->frozen_at_ns, clock_ns(), __ATOMIC_RELAXED);
    watch_held(e);
    return true;
}

void engine_thaw(struct engine *e, uint64_t ns)
{
    uint64_t now = clock_ns(), at = e->s->frozen_at_ns;
    uint64_t longest = e->member->queue->config.deadline_ns;

    watch_unheld(e);
    /* Before it runs, and could look. */
    __atomic_store_n(&e->s->frozen_ns,
                     e->s->frozen_ns + (now > at ? now - at : 0),
                     __ATOMIC_RELEASE);
    __atomic_store_n(&e->s->frozen_at_ns, 0, __ATOMIC_RELAXED);
    e->state = ENGINE_STOPPING;
    e->stop_ns = now;
    tell(e, SIGCONT);
    if (e->killed)
        return;
    if (longest > left(e))
        longest = left(e);
    engine_deadline(e, ns < longest ? ns : longest);
}

bool engine_found_frozen(struct engine *e)
{
    if (!e->s->frozen_at_ns)
        return false;
    e->state = ENGINE_FROZEN;
    watch_held(e);
    return true;
}
