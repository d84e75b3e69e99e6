/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine-fuzz.h"

#include <signal.h>
#include <time.h>

#define MAX_RECORDS 64u
#define MAX_TURNS 64u
#define BUDGET_US 3000

static struct rig *rig;
static void (*check)(void);
static timer_t timer;

static void on_alarm(int sig)
{
    (void)sig;
    __atomic_store_n(&rig->grant->kind, GRANT_NONE, __ATOMIC_RELAXED);
    __atomic_fetch_add(&rig->grant->epoch, 1, __ATOMIC_RELEASE);
}

static void alarm_in(long us)
{
    const struct itimerspec it = {.it_value = {.tv_nsec = us * 1000}};

    timer_settime(timer, 0, &it, NULL);
}

/* A timer of our own: the alarm is libFuzzer's. */
void engine_fuzz_begin(struct rig *r, void (*holds)(void))
{
    const struct sigaction sa = {.sa_handler = on_alarm,
                                 .sa_flags = SA_RESTART};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};

    rig = r;
    check = holds;
    sigaction(SIGUSR2, &sa, NULL);
    FUZZ_CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
}

void engine_fuzz_end(void)
{
    timer_delete(timer);
    rig_free(rig);
    FUZZ_CHECK(fx_foreign_mappings(rig->domid) == 0);
    FUZZ_CHECK(fx_open_handles() == 0);
    fx_domain_kill(rig->domid);
}

void engine_fuzz_run(void)
{
    unsigned int turns;

    grant_set(rig->grant, GRANT_RUN);
    alarm_in(BUDGET_US);
    for (turns = 0; turns < MAX_TURNS; turns++) {
        FUZZ_CHECK(engine_turn(rig->e, 0) == 0);
        check();
        if (!engine_has_work(rig->e) && !rig->e->preparing)
            break;
    }
    alarm_in(0);
    grant_set(rig->grant, GRANT_RUN);
}

void engine_fuzz_command(enum link_cmd cmd)
{
    LINK_WRITE(rig->link->dev.cmd, cmd);
    LINK_WRITE_REL(rig->link->dev.cmd_seq, rig->link->dev.cmd_seq + 1);
    alarm_in(BUDGET_US);
    FUZZ_CHECK(engine_turn(rig->e, 0) == 0);
    alarm_in(0);
    FUZZ_CHECK(rig->link->eng.ack_seq == rig->link->dev.cmd_seq);
    check();
}

void engine_fuzz_records(struct bytes *in, unsigned int nr,
                         engine_fuzz_record *run)
{
    unsigned int n, kind, byte;
    struct bytes body;
    size_t len;

    for (n = 0; bytes_left(in) && n < MAX_RECORDS; n++) {
        kind = (unsigned int)take(in, 1) % nr;
        byte = (unsigned int)take(in, 1);
        len = take(in, 2);
        if (len > bytes_left(in))
            len = bytes_left(in);
        body = (struct bytes){in->at, in->at + len};
        in->at += len;
        run(kind, byte, &body, len);
    }
}
