/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that talk too much to their monitor, or compute too much before
 * they are of use. This program is the child, too: its --domid says what it
 * does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dm/monitor/child.h"
#include "dm/monitor/vgpu.h"
#include "lib/log.h"

#define PATIENCE_S 60.

enum { FLOOD = 1, LAST_WORDS, ONE_AT_A_TIME, COMPUTES };

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define COMPUTES_NS (50 * MS)

/* More than may come at once, and some more before the end. */
#define WORDS (CHILD_MESSAGES_BURST + 1)
#define LAST 10u

static const struct proto_msg msg = {.version = PROTO_VERSION,
                                     .type = PROTO_ENGINE_READY};

static int say(unsigned int words, useconds_t pause_us)
{
    while (words--) {
        if (proto_send(PROTO_FD, &msg, NULL, 0, NULL, 0))
            return 1;
        if (pause_us)
            usleep(pause_us);
    }
    return 0;
}

static void compute(void)
{
    struct timespec ts;

    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    while (!ts.tv_sec && (uint64_t)ts.tv_nsec < COMPUTES_NS);
}

static int child_main(int domid)
{
    static struct proto_in in;

    if (domid == COMPUTES) {
        compute();
        return say(1, 0) || proto_recv(PROTO_FD, &in);
    }
    if (domid != LAST_WORDS)
        return say(UINT_MAX, domid == ONE_AT_A_TIME ? 200 : 0);
    return say(WORDS, 0) || proto_recv(PROTO_FD, &in) || say(LAST, 0);
}

static struct ev_loop *loop; /* not the default one, which reaps children */
static unsigned int heard;
static bool kill_at_once, gone;

static void on_message(struct child *c, struct proto_in *in)
{
    assert_int_equal(in->msg.type, PROTO_ENGINE_READY);
    heard++;
    if (kill_at_once)
        child_kill(c);
}

static void on_exited(struct child *c)
{
    (void)c;
    gone = true;
}

static const struct child_ops ops = {
    .message = on_message,
    .exited = on_exited,
};

static void start(struct child *c, uint32_t domid)
{
    const struct child_spec spec = {.program = "test-child", .domid = domid};
    struct cgroups none;

    memset(&none, 0, sizeof(none));
    memset(c, 0, sizeof(*c));
    c->ops = &ops;
    c->loop = loop;
    c->name = "a child";
    heard = 0;
    gone = kill_at_once = false;
    assert_int_equal(child_start(c, &none, &spec), 0);
}

static void on_over(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)l;
    (void)w;
    (void)revents;
    fail_msg("waited in vain");
}

static void turn_until(struct child *c, unsigned int messages)
{
    ev_timer over;

    ev_timer_init(&over, on_over, PATIENCE_S, 0.);
    ev_timer_start(c->loop, &over);
    while (!gone && heard < messages)
        ev_run(c->loop, EVRUN_ONCE);
    ev_timer_stop(c->loop, &over);
}

/* However fast it is, and however slow we are. */
static void check_rate(uint32_t domid)
{
    struct child c;
    uint64_t begin, ns;

    begin = clock_ns();
    start(&c, domid);
    turn_until(&c, CHILD_MESSAGES_BURST + 100);
    ns = clock_ns() - begin;
    assert_false(gone);
    /* One turn's more may be read before the pause. */
    assert_true(heard <=
                CHILD_MESSAGES_BURST + 32 + ns * CHILD_MESSAGES / 1000000000);
    child_kill(&c);
    turn_until(&c, UINT_MAX);
    assert_true(gone);
}

static void test_flood(void **state)
{
    (void)state;
    check_rate(FLOOD);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    check_rate(ONE_AT_A_TIME);
}

/* What one that has ended said at last is read, talkative or not. */
static void test_last_words(void **state)
{
    struct child c;

    (void)state;
    start(&c, LAST_WORDS);
    turn_until(&c, WORDS);
    assert_int_equal(child_send(&c, &msg, NULL, 0, NULL), 0);
    turn_until(&c, UINT_MAX);
    assert_true(gone);
    assert_int_equal(heard, WORDS + LAST);
}

/* Of one that is killed nothing is read any more. */
static void test_killed(void **state)
{
    struct child c;

    (void)state;
    start(&c, FLOOD);
    kill_at_once = true;
    turn_until(&c, UINT_MAX);
    assert_true(gone);
    assert_int_equal(heard, 1);
    assert_string_equal(child_end(&c), "was ended by signal 9 (Killed)");
}

/* What it has used is known while it runs, and when it has ended. */
static void test_cpu_time(void **state)
{
    struct child c;
    uint64_t ns;

    (void)state;
    start(&c, COMPUTES);
    turn_until(&c, 1);
    ns = child_cpu_ns(&c);
    /* It may lag by a tick. */
    assert_true(ns >= COMPUTES_NS / 2);
    assert_int_equal(child_send(&c, &msg, NULL, 0, NULL), 0);
    turn_until(&c, UINT_MAX);
    assert_true(gone);
    assert_true(child_cpu_ns(&c) >= COMPUTES_NS);
    assert_true(child_cpu_ns(&c) >= ns);
}

/* A vGPU's starts may use so much at once, and little in the long run. */
static void test_start_budget(void **state)
{
    static const struct vgpu_options opt = {.weight = 100};
    const uint64_t now = 1000 * S, burst = VGPU_START_CPU_BURST * MS;
    struct vgpu v;

    (void)state;
    assert_int_equal(vgpu_init(&v, 0, 0, &opt, NULL), 0);
    vgpu_charge_start(&v, burst, now);
    assert_true(vgpu_may_start(&v, now));
    vgpu_charge_start(&v, S, now);
    assert_false(vgpu_may_start(&v, now));
    assert_false(vgpu_may_start(&v, now + 3 * S));
    assert_true(vgpu_may_start(&v, now + 1000 * S / VGPU_START_CPU_RATE));
    assert_int_equal(v.start_cpu_ns, burst + S);
    /* One that ran away is not forgiven. */
    vgpu_charge_start(&v, 3600 * S, now + 10 * S);
    assert_false(vgpu_may_start(&v, now + 3600 * S));
    vgpu_fini(&v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_flood),      cmocka_unit_test(test_one_at_a_time),
    cmocka_unit_test(test_last_words), cmocka_unit_test(test_killed),
    cmocka_unit_test(test_cpu_time),   cmocka_unit_test(test_start_budget),
};

int main(int argc, char **argv)
{
    static char path[PATH_MAX];

    if (argc == 3 && !strcmp(argv[1], "--domid"))
        return child_main(atoi(argv[2]));
    if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
        return 1;
    setenv("XVGPU_LIBEXEC", dirname(path), 1);
    loop = ev_loop_new(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
