/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Neither a kick nor a read may block, whoever has filled the counter. */
static int check_eventfd(int fd)
{
    char path[32], target[32];
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = readlink(path, target, sizeof(target) - 1);
    if (n < 0)
        return -errno;
    target[n] = '\0';
    if (strcmp(target, "anon_inode:[eventfd]"))
        return -EINVAL;
    return fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) ? -errno : 0;
}

/* A full counter wakes as well. What was not heard would cost the engine its
 * process: that is not to hang on one call. */
static void kick(const struct engine *e)
{
    const uint64_t one = 1;
    unsigned int tries;

    for (tries = 0; tries < 3; tries++) {
        if (write(e->wake_fd, &one, sizeof(one)) > 0 || errno == EAGAIN)
            break;
    }
}

/* What an honest one has to say of one grant is soon said. */
static bool is_news(struct engine *e)
{
    if (e->news_epoch != e->s->epoch) {
        e->news_epoch = e->s->epoch;
        e->news = 0;
    }
    return e->news++ < VGPUD_KICKS_NEWS;
}

static uint64_t empty_wait(const struct engine *e)
{
    return e->empty_kicks < VGPUD_KICKS_EMPTY
               ? 0
               : VGPUD_KICKS_EMPTY_NS << (e->empty_kicks - VGPUD_KICKS_EMPTY);
}

/* For how long it is not to be heard: its own wish waits, or the end of its
 * work. Who is to stop is heard at once. */
static uint64_t charge_kick(struct engine *e, bool says_new)
{
    uint64_t now = clock_ns();
    uint64_t wait = guard_charge(&e->kicks, 1, now);

    if (says_new && is_news(e))
        e->empty_kicks = 0;
    else if (e->empty_kicks < VGPUD_KICKS_EMPTY + VGPUD_KICKS_DOUBLINGS)
        e->empty_kicks++;
    if (wait < empty_wait(e))
        wait = empty_wait(e);
    if (wait && guard_storm(&e->kicks, now))
        log_warning("%s: kicks too often: it is heard more rarely", e->name);
    return wait;
}

static void on_notify(struct ev_loop *loop, ev_io *w, int revents)
{
    struct engine *e = w->data;
    uint64_t count, wait;
    ssize_t n;

    (void)revents;
    /* It may have taken back what woke us: that counts, too. */
    n = read(e->notify_fd, &count, sizeof(count));
    (void)n;
    wait = charge_kick(e, engine_look(e));
    if (wait) {
        ev_io_stop(loop, &e->notify);
        ev_timer_set(&e->quiet, (double)wait / 1e9, 0.);
        ev_timer_start(loop, &e->quiet);
    }
    member_changed(e->member);
}

static void on_quiet(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct engine *e = w->data;

    (void)revents;
    ev_io_start(loop, &e->notify);
}

/* Others wait for what it says next. */
static void hear_again(struct engine *e)
{
    struct ev_loop *loop = e->vgpu->d->loop;

    if (e->empty_kicks > VGPUD_KICKS_EMPTY - VGPUD_KICKS_NEWS)
        e->empty_kicks = VGPUD_KICKS_EMPTY - VGPUD_KICKS_NEWS;
    if (!ev_is_active(&e->quiet))
        return;
    ev_timer_stop(loop, &e->quiet);
    ev_io_start(loop, &e->notify);
}

static void on_exit_of(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)loop;
    (void)revents;
    engine_gone(w->data);
}

int engine_open(struct engine *e, const int fds[PROTO_SCHED_FDS])
{
    int rc;

    e->wake_fd = fds[2];
    e->notify_fd = fds[3];
    e->pidfd = -1;
    guard_init(&e->kicks, VGPUD_KICKS, VGPUD_KICKS_BURST);
    ev_io_init(&e->notify, on_notify, e->notify_fd, EV_READ);
    e->notify.data = e;
    ev_init(&e->exit, on_exit_of);
    e->exit.data = e;
    ev_init(&e->quiet, on_quiet);
    e->quiet.data = e;
    ev_init(&e->deadline, engine_on_deadline);
    e->deadline.data = e;
    rc = check_eventfd(e->wake_fd);
    if (!rc)
        rc = check_eventfd(e->notify_fd);
    if (!rc)
        rc = grant_map_scheduler(fds[0], fds[1], &e->s, &e->e);
    if (rc)
        return rc;
    close(fds[0]);
    close(fds[1]);
    e->inherited = e->s->epoch > 1; /* as it was made: nobody was granted */
    ev_io_start(e->vgpu->d->loop, &e->notify);
    return 0;
}

/* The descriptors of pages are whoever's called engine_open() if it failed. */
void engine_close(struct engine *e)
{
    struct ev_loop *loop = e->vgpu->d->loop;

    compile_end(e);
    ev_io_stop(loop, &e->notify);
    ev_io_stop(loop, &e->exit);
    ev_timer_stop(loop, &e->quiet);
    ev_timer_stop(loop, &e->deadline);
    if (e->pidfd >= 0)
        close(e->pidfd);
    e->pidfd = -1;
    if (!e->s)
        return;
    munmap(e->s, GRANT_SIZE);
    munmap((void *)(uintptr_t)e->e, GRANT_SIZE);
    e->s = NULL;
    e->e = NULL;
    close(e->wake_fd);
    close(e->notify_fd);
}

static uint32_t ack(const struct engine *e)
{
    return __atomic_load_n(&e->e->ack_epoch, __ATOMIC_ACQUIRE);
}

bool engine_may_run(const struct engine *e)
{
    return e->state == ENGINE_HELD && !e->killed && !e->compile_waits &&
           e->vgpu->conn;
}

bool engine_ready(const struct engine *e)
{
    if (e->killed || e->state == ENGINE_FROZEN)
        return !e->killed;
    return e->want == GRANT_RUN && !e->compile_waits && e->vgpu->conn &&
           (e->state == ENGINE_HELD || e->state == ENGINE_RUN);
}

static void held(struct engine *e)
{
    e->state = ENGINE_HELD;
    e->stop_ns = e->overrun_ns = 0;
    if (!e->killed)
        ev_timer_stop(e->vgpu->d->loop, &e->deadline);
    if (!e->vgpu->conn)
        e->vgpu->d->reap = true; /* it has been waited for */
    watch_held(e);
}

void engine_run(struct engine *e, uint32_t flags)
{
    watch_unheld(e);
    e->state = ENGINE_RUN;
    __atomic_store_n(&e->s->flags, flags, __ATOMIC_RELAXED);
    grant_set(e->s, GRANT_RUN);
    kick(e);
}

void engine_stop(struct engine *e)
{
    if (e->state != ENGINE_RUN && e->state != ENGINE_COMPILE)
        return;
    e->state = ENGINE_STOPPING;
    e->stop_ns = clock_ns();
    hear_again(e);
    grant_set(e->s, GRANT_NONE);
    kick(e);
    if (!e->killed)
        engine_deadline(e, e->member->queue->config.deadline_ns);
}

void engine_compile(struct engine *e)
{
    watch_unheld(e);
    e->state = ENGINE_COMPILE;
    grant_set(e->s, GRANT_COMPILE);
    kick(e);
    engine_deadline(e, e->member->queue->config.compile_ns);
}

bool engine_look(struct engine *e)
{
    const enum engine_state state = e->state;
    const uint32_t wanted = e->want;
    uint32_t want;

    if (e->state == ENGINE_OFF)
        return false;
    if (e->state == ENGINE_FROZEN && ack(e) == e->s->epoch)
        engine_thaw(e, 0); /* it did when the signal was on its way */
    if ((e->state == ENGINE_STOPPING || e->state == ENGINE_COMPILE) &&
        ack(e) == e->s->epoch) {
        held(e);
        if (e->vgpu->d->compiling == e)
            compile_end(e);
    }
    /* Read after flags that were changed (switch.c), as the engine reads flags
     * after it has written this: one of us sees the other's. */
    want = __atomic_load_n(&e->e->want, __ATOMIC_SEQ_CST);
    e->want = want <= GRANT_COMPILE ? want : GRANT_NONE;
    if (e->state == ENGINE_COMPILE)
        return e->want != wanted;
    if (e->want != GRANT_COMPILE)
        compile_end(e);
    else if (e->state == ENGINE_RUN)
        engine_stop(e);
    else if (e->state == ENGINE_HELD && !e->killed && e->vgpu->conn)
        compile_wait(e);
    return e->state != state || e->want != wanted;
}

void engine_adopt(struct engine *e)
{
    uint32_t kind = grant_kind_now(e->s);

    if (engine_found_frozen(e)) {
        e->overrun_ns = 0;
    } else if (kind == GRANT_RUN) {
        e->state = ENGINE_RUN;
        if (!member_adopt(e->member, false))
            engine_stop(e);
    } else if (ack(e) == e->s->epoch) {
        held(e);
    } else if (kind == GRANT_COMPILE && !e->vgpu->d->compiling) {
        /* It has the whole budget once more. */
        e->state = ENGINE_COMPILE;
        e->compile_ns = clock_ns();
        e->vgpu->d->compiling = e;
        engine_deadline(e, e->member->queue->config.compile_ns);
    } else if (kind == GRANT_COMPILE) {
        e->state = ENGINE_COMPILE;
        engine_stop(e);
    } else {
        e->state = ENGINE_STOPPING;
        e->stop_ns = clock_ns();
        kick(e);
        engine_deadline(e, e->member->queue->config.deadline_ns);
        if (e->inherited)
            member_adopt(e->member, true); /* it has the engine still */
    }
    engine_look(e);
}

/* Of what process is it? -1: it has been reaped; 0: of none. */
static pid_t pid_of(int pidfd)
{
    char path[40], text[512], *line;
    int fd;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    do
        n = read(fd, text, sizeof(text) - 1);
    while (n < 0 && errno == EINTR);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    line = strstr(text, "\nPid:\t");
    return line ? (pid_t)strtol(line + strlen("\nPid:\t"), NULL, 10) : 0;
}

int engine_started(struct engine *e, pid_t pid, int pidfd, bool processors)
{
    clockid_t clock;

    if (pid_of(pidfd) != pid || clock_getcpuclockid(pid, &clock))
        return pid_of(pidfd) == -1 ? -ESRCH : -EINVAL;
    if (e->pid)
        engine_gone(e);
    e->pid = pid;
    e->pidfd = pidfd;
    e->processors = processors;
    e->clock = clock;
    e->ended_by = 0;
    e->kill_by_us = false;
    ev_io_set(&e->exit, pidfd, EV_READ);
    ev_io_start(e->vgpu->d->loop, &e->exit);
    vgpud_record(e->vgpu->d, e->vgpu, e->member->queue, SCHED_EVENT_START,
                 (uint64_t)pid);
    if (e->state == ENGINE_OFF)
        engine_adopt(e);
    else
        engine_look(e);
    watch_held(e);
    member_changed(e->member);
    return 0;
}

void engine_gone(struct engine *e)
{
    struct ev_loop *loop = e->vgpu->d->loop;

    ev_timer_stop(loop, &e->deadline);
    ev_io_stop(loop, &e->exit);
    if (e->pidfd >= 0)
        close(e->pidfd);
    e->pidfd = -1;
    e->pid = 0;
    e->ended_by = e->killed;
    e->killed = 0;
    e->inherited = false;
    e->state = ENGINE_OFF;
    e->want = GRANT_NONE;
    e->stop_ns = e->overrun_ns = 0;
    compile_end(e);
    __atomic_store_n(&e->s->frozen_at_ns, 0, __ATOMIC_RELAXED);
    grant_set(e->s, GRANT_NONE);
    member_changed(e->member);
    e->vgpu->d->reap = true;
}

void engine_told_dead(struct engine *e, enum proto_death death)
{
    struct vgpu *v = e->vgpu;
    enum sched_why by;

    if (e->pid || e->state != ENGINE_OFF)
        engine_gone(e);
    by = e->ended_by;
    e->ended_by = 0;
    vgpud_record(v->d, v, e->member->queue, SCHED_EVENT_GONE, death);
    if (by)
        return;
    if (death == PROTO_DEATH_LOST) {
        e->member->innocent++;
    } else if (death == PROTO_DEATH_HUNG) {
        e->member->resets++;
        ladder_hang(v);
    }
}
