/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sched-engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/grant.h"
#include "lib/log.h"

struct self {
    struct double_engine *f;
    struct double_room *room;
    const struct double_fds *fds;
    const struct grant_s *s;
    struct grant_e *e;
};

#define STORE(at, value) __atomic_store_n(at, value, __ATOMIC_SEQ_CST)
#define LOAD(at) __atomic_load_n(at, __ATOMIC_SEQ_CST)

static void kick(struct self *me)
{
    const uint64_t one = 1;

    me->f->kicks++;
    if (write(me->fds->notify, &one, sizeof(one)) < 0 && errno != EAGAIN)
        _exit(70);
}

static void wait_for(struct self *me)
{
    struct pollfd pfd[] = {{.fd = me->fds->wake, .events = POLLIN},
                           {.fd = me->fds->bell, .events = POLLIN}};
    uint64_t count;
    unsigned int i;

    poll(pfd, 2, -1);
    for (i = 0; i < 2; i++) {
        if (pfd[i].revents && read(pfd[i].fd, &count, sizeof(count)) < 0 &&
            errno != EAGAIN)
            _exit(71);
    }
}

static void pass_time(uint32_t us)
{
    const uint64_t end = clock_ns() + us * UINT64_C(1000);

    while (clock_ns() < end)
        ;
}

static uint64_t cpu_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void compute(struct self *me)
{
    const uint64_t end = cpu_ns() + me->f->job_us * UINT64_C(1000);

    while (cpu_ns() < end)
        ;
    STORE(&me->f->done, me->f->done + 1);
}

static uint32_t wanted(const struct double_engine *f)
{
    if (f->done >= LOAD(&f->todo))
        return GRANT_NONE;
    if (f->mode == DOUBLE_COMPILES || f->compile_at == f->done + 1 ||
        (f->compile_each && (f->done + 1) % f->compile_each == 0))
        return GRANT_COMPILE;
    return GRANT_RUN;
}

static void run_job(struct self *me)
{
    struct double_engine *f = me->f;
    uint32_t *owner = &me->room->owner[f->number], none = 0;

    if (!__atomic_compare_exchange_n(owner, &none, f->id, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&me->room->overlaps, 1, __ATOMIC_SEQ_CST);
    pass_time(f->job_us);
    none = f->id;
    __atomic_compare_exchange_n(owner, &none, 0, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    STORE(&f->done, f->done + 1);
    STORE(&me->e->busy_ns, me->e->busy_ns + f->job_us * UINT64_C(1000));
}

static void acknowledge(struct self *me, uint32_t epoch)
{
    bool lie = me->f->mode == DOUBLE_COMPUTES && me->f->acks;

    STORE(&me->e->want, lie ? GRANT_NONE : wanted(me->f));
    STORE(&me->e->ack_epoch, epoch);
    me->f->acks++;
    kick(me);
}

static void compile(struct self *me, uint32_t epoch)
{
    if (__atomic_fetch_add(&me->room->compilers, 1, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&me->room->compile_overlaps, 1, __ATOMIC_SEQ_CST);
    while (me->f->mode == DOUBLE_STUCK)
        pause();
    if (me->f->mode == DOUBLE_COMPILES)
        usleep(me->f->job_us);
    else
        pass_time(me->f->job_us);
    __atomic_fetch_sub(&me->room->compilers, 1, __ATOMIC_SEQ_CST);
    me->f->done++;
    me->f->compiles++;
    acknowledge(me, epoch);
}

/* No grant: ask for one. */
static void held(struct self *me, uint32_t epoch)
{
    uint32_t want = wanted(me->f);

    if (LOAD(&me->e->ack_epoch) != epoch) {
        STORE(&me->e->preempted_ns, clock_ns());
        STORE(&me->e->saved_ns, clock_ns());
        acknowledge(me, epoch);
    } else if (LOAD(&me->e->want) != want) {
        STORE(&me->e->want, want);
        kick(me);
    }
    while (me->f->mode == DOUBLE_COMPUTES && me->f->acks > 1)
        pass_time(1000);
    if (me->f->mode != DOUBLE_BURNS && wanted(me->f) == LOAD(&me->e->want))
        wait_for(me);
}

static void may_run(struct self *me, uint32_t epoch)
{
    uint32_t want = wanted(me->f);

    if (LOAD(&me->e->run_epoch) != epoch) {
        STORE(&me->e->loaded_ns, clock_ns());
        STORE(&me->e->running_ns, clock_ns());
        STORE(&me->e->run_epoch, epoch);
    }
    if (want == GRANT_RUN) {
        if (LOAD(&me->e->want) != want)
            STORE(&me->e->want, want);
        if (me->f->mode == DOUBLE_LONG)
            compute(me);
        else
            run_job(me);
        return;
    }
    if (LOAD(&me->e->want) != want) {
        STORE(&me->e->want, want);
        if (want == GRANT_COMPILE || LOAD(&me->s->flags) & GRANT_F_IDLE)
            kick(me);
    }
    wait_for(me);
}

static void scribble(struct self *me)
{
    struct grant_e nonsense;
    unsigned int seed = me->f->id, i;
    uint32_t *words = (uint32_t *)(void *)&nonsense;

    for (;;) {
        for (i = 0; i < sizeof(nonsense) / 4; i++)
            words[i] = (uint32_t)rand_r(&seed) % (i & 2 ? 1u << 31 : 4);
        *me->e = nonsense;
        kick(me);
        pass_time(20);
    }
}

void double_run(struct double_engine *f, struct double_room *room,
                const struct double_fds *fds)
{
    struct self me = {.f = f, .room = room, .fds = fds};
    uint32_t epoch, kind;

    if (grant_map(fds->s, fds->e, &me.s, &me.e))
        _exit(72);
    if (f->mode == DOUBLE_SCRIBBLES)
        scribble(&me);
    for (;;) {
        epoch = __atomic_load_n(&me.s->epoch, __ATOMIC_ACQUIRE);
        kind = grant_kind_now(me.s);
        if (f->mode == DOUBLE_DEAF && f->done)
            run_job(&me);
        else if (f->mode == DOUBLE_BURNS && f->acks)
            pass_time(1000);
        else if (kind == GRANT_RUN)
            may_run(&me, epoch);
        else if (kind == GRANT_COMPILE && me.e->ack_epoch != epoch)
            compile(&me, epoch);
        else
            held(&me, epoch);
    }
}
