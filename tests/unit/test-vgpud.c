/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud, its monitors played by the test, its engines by doubles. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sched-record.h"
#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define SDMA (1u << XVGPU_ENGINE_SDMA)
#define FOR_EVER UINT64_MAX

static uint64_t done(const struct rig_engine *e)
{
    return __atomic_load_n(&e->shared->done, __ATOMIC_SEQ_CST);
}

static void test_alone(void **state)
{
    struct rig rig;
    struct rig_vgpu *v;
    struct rig_engine *e;
    uint64_t kicks;
    unsigned int i;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    e = rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, 3);
    rig_until(&rig, done(e) == 3);
    kicks = e->shared->kicks;
    /* Idle and busy again, and nobody needs to hear of it. */
    for (i = 1; i <= 100; i++) {
        rig_more_jobs(e, 1);
        rig_until(&rig, done(e) == 3 + i);
    }
    assert_int_equal(e->shared->kicks, kicks);
    assert_int_equal(rig_number(&rig, v, 0, "switches"), 1);
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

#define SHARERS 3u

/* What each has been charged, and the longest that one needed to stop, both in
 * ns, at one moment. */
static double read_charges(const struct rig *rig, double charged[SHARERS])
{
    double longest = 0, us;
    json_t *status, *list, *json;
    unsigned int i;

    status = rig_ask(rig, "{\"command\":\"status\"}", NULL);
    list = json_object_get(json_array_get(json_object_get(status, "queues"), 0),
                           "vgpus");
    for (i = 0; i < SHARERS; i++) {
        json = json_array_get(list, i);
        charged[i] =
            (double)json_integer_value(json_object_get(json, "charged_ns"));
        json = json_object_get(json_object_get(json, "preempt_us"), "max");
        us = json_real_value(json);
        longest = longest < us * 1e3 ? us * 1e3 : longest;
    }
    json_decref(status);
    return longest;
}

/* |Si/wi - Sj/wj| <= (Q + P) (1/wi + 1/wj), P being the longest that one was
 * found to need for stopping. Turns under way are not charged yet: that again
 * at both ends. */
static void test_shares(void **state)
{
    static const char *const extra[] = {"--slice=2ms", NULL};
    static const double weights[SHARERS] = {400, 200, 100};
    struct rig rig;
    struct rig_vgpu *v[SHARERS];
    double from[SHARERS], to[SHARERS], got[SHARERS], p, bound;
    unsigned int i, k;
    int64_t turns;

    (void)state;
    rig_start(&rig, extra);
    for (i = 0; i < SHARERS; i++) {
        v[i] = rig_add(&rig, GFX, (uint32_t)weights[i]);
        rig_engine_start(&rig, v[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    }
    for (i = 0; i < SHARERS; i++)
        rig_until(&rig, rig_number(&rig, v[i], 0, "switches") > 1);
    turns = rig_number(&rig, v[2], 0, "switches");
    read_charges(&rig, from);
    rig_until(&rig, rig_number(&rig, v[2], 0, "switches") > turns + 100);
    p = read_charges(&rig, to);
    for (i = 0; i < SHARERS; i++) {
        got[i] = (to[i] - from[i]) / weights[i];
        assert_true(got[i] > 0);
        assert_int_equal(v[i]->engine[0].kills_asked, 0);
        for (k = 0; k < i; k++) {
            bound = 3 * (2e6 + p) * (1 / weights[i] + 1 / weights[k]);
            assert_true(got[i] - got[k] <= bound && got[k] - got[i] <= bound);
        }
    }
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

/* Why the last one was killed. */
static uint64_t last_kill(const struct rig *rig)
{
    struct sched_record record;
    uint64_t why = 0;
    json_t *json;
    int fd = -1;

    json = rig_ask(rig, "{\"command\":\"trace\"}", &fd);
    assert_non_null(json);
    json_decref(json);
    lseek(fd, 0, SEEK_SET);
    while (read(fd, &record, sizeof(record)) == sizeof(record)) {
        if (record.event == SCHED_EVENT_KILL)
            why = record.value;
    }
    close(fd);
    return why;
}

/* Whatever one does, it alone is killed, and the other one goes on. */
static void liar(enum double_mode mode, const char *const *extra, bool silent,
                 enum sched_why why)
{
    struct rig rig;
    struct rig_vgpu *good, *bad;
    struct rig_engine *g, *b;
    uint64_t before;

    rig_start(&rig, extra);
    good = rig_add(&rig, GFX, 100);
    bad = rig_add(&rig, GFX, 100);
    bad->silent = silent;
    g = rig_engine_start(&rig, good, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(g) > 10);
    b = &bad->engine[XVGPU_ENGINE_GFX];
    b->shared->compile_at = mode == DOUBLE_STUCK ? 3 : 0;
    rig_engine_start(&rig, bad, XVGPU_ENGINE_GFX, mode, FOR_EVER);
    rig_until(&rig, b->kills_asked);
    assert_true(!why || last_kill(&rig) == why);
    if (silent)
        rig_until(&rig, waitpid(b->pid, NULL, WNOHANG) == b->pid);
    assert_int_equal(b->killed_as, PROTO_DEATH_HUNG);
    rig_until(&rig, rig_state_is(&rig, bad, 0, "none"));
    assert_int_equal(rig_number(&rig, bad, 0, "missed"), 1);
    assert_int_equal(rig_number(&rig, bad, 0, "resets"), 1);
    before = done(g);
    rig_until(&rig, done(g) > before + 10);
    assert_int_equal(g->kills_asked, 0);
    if (silent) {
        b->pid = 0;
        close(b->pidfd);
    }
    /* A new process of it is as good as any other. */
    b->shared->compile_at = 0;
    before = done(b);
    rig_engine_start(&rig, bad, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(b) > before + 10);
    assert_int_equal(rig_number(&rig, bad, 0, "resets"), 1);
    rig_stop(&rig);
}

/* The last --deadline counts; an honest engine is given 20 s, but has no need
 * of a second. */
static const char *const impatient[] = {"--deadline=1s", "--compile=1s",
                                        "--slice=2ms", "--idle-cpu=20ms", NULL};

static void test_deaf(void **state)
{
    (void)state;
    liar(DOUBLE_DEAF, impatient, false, SCHED_WHY_DEADLINE);
}

static void test_silent_monitor(void **state)
{
    (void)state;
    liar(DOUBLE_DEAF, impatient, true, SCHED_WHY_DEADLINE);
}

static void test_computes_on(void **state)
{
    static const char *const extra[] = {"--slice=2ms", NULL};

    (void)state;
    liar(DOUBLE_COMPUTES, extra, false, SCHED_WHY_UNGRANTED);
}

static void test_scribbles(void **state)
{
    (void)state;
    liar(DOUBLE_SCRIBBLES, impatient, false, 0);
}

static void test_stuck_compiler(void **state)
{
    (void)state;
    liar(DOUBLE_STUCK, impatient, false, SCHED_WHY_COMPILE);
}

static void test_compile(void **state)
{
    struct rig rig;
    struct rig_vgpu *v[3];
    struct rig_engine *e[3];
    unsigned int i;

    (void)state;
    rig_start(&rig, NULL);
    for (i = 0; i < 3; i++) {
        v[i] = rig_add(&rig, GFX, 100);
        e[i] = &v[i]->engine[XVGPU_ENGINE_GFX];
        e[i]->shared->compile_at = 5 + i;
        e[i]->shared->job_us = 3000;
        rig_engine_start(&rig, v[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST, 20);
    }
    for (i = 0; i < 3; i++) {
        rig_until(&rig, done(e[i]) == 20);
        assert_int_equal(e[i]->shared->compiles, 1);
        assert_true(rig_number(&rig, v[i], 0, "compile_ns") > 0);
    }
    assert_int_equal(rig.room->compile_overlaps, 0);
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

/* Killed 20 times under load: nobody notices, but for the time. */
static void test_restarts(void **state)
{
    static const char *const extra[] = {"--slice=2ms", "--settle=300ms", NULL};
    struct rig rig;
    struct rig_vgpu *v[3];
    struct rig_engine *e[3];
    unsigned int i, k;
    uint64_t sum;

    (void)state;
    rig_start(&rig, extra);
    for (i = 0; i < 3; i++) {
        v[i] = rig_add(&rig, GFX, 100);
        e[i] = rig_engine_start(&rig, v[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                                FOR_EVER);
        e[i]->shared->compile_at = 50 + i * 100;
    }
    for (k = 0; k < 20; k++) {
        for (i = 0; i < 3; i++)
            rig_until(&rig, v[i]->registered);
        sum = done(e[0]) + done(e[1]) + done(e[2]);
        rig_until(&rig, done(e[0]) + done(e[1]) + done(e[2]) > sum + 40);
        rig_daemon_kill(&rig);
        rig_daemon_start(&rig, extra);
        for (i = 0; i < 3; i++)
            rig_until(&rig, v[i]->sock < 0 || !v[i]->registered);
    }
    for (i = 0; i < 3; i++) {
        sum = done(e[i]);
        rig_until(&rig, done(e[i]) > sum + 10);
        assert_int_equal(e[i]->deaths, 0);
        assert_int_equal(e[i]->kills_asked, 0);
    }
    assert_int_equal(rig.room->overlaps, 0);
    assert_int_equal(rig.room->compile_overlaps, 0);
    rig_stop(&rig);
}

/* One that the last xen-vgpud asked to stop still has the engine. */
static void test_restart_in_a_switch(void **state)
{
    static const char *const extra[] = {"--slice=2ms", "--settle=300ms",
                                        "--deadline=20s", NULL};
    struct rig_engine *e[2];
    struct rig_vgpu *v[2];
    struct rig rig;
    unsigned int i;

    (void)state;
    rig_start(&rig, extra);
    for (i = 0; i < 2; i++) {
        v[i] = rig_add(&rig, GFX, 100);
        e[i] = &v[i]->engine[XVGPU_ENGINE_GFX];
    }
    e[0]->shared->job_us = 2000000;
    rig_engine_start(&rig, v[0], XVGPU_ENGINE_GFX, DOUBLE_HONEST, 2);
    rig_until(&rig, grant_kind_now(e[0]->s) == GRANT_RUN);
    rig_engine_start(&rig, v[1], XVGPU_ENGINE_GFX, DOUBLE_HONEST, 5);
    rig_until(&rig, grant_kind_now(e[0]->s) == GRANT_NONE);
    rig_daemon_kill(&rig);
    rig_daemon_start(&rig, extra);
    rig_until(&rig, done(e[0]) == 2 && done(e[1]) == 5);
    assert_int_equal(rig.room->overlaps, 0);
    assert_int_equal(e[0]->kills_asked, 0);
    rig_stop(&rig);
}

static void test_gang(void **state)
{
    static const char *const extra[] = {"--gang=yes", "--slice=2ms", NULL};
    struct rig rig;
    struct rig_vgpu *v[2];
    struct rig_engine *e[2][2];
    unsigned int i, k;

    (void)state;
    rig_start(&rig, extra);
    for (i = 0; i < 2; i++) {
        v[i] = rig_add(&rig, GFX | SDMA, 100);
        for (k = 0; k < 2; k++)
            e[i][k] = rig_engine_start(&rig, v[i], k, DOUBLE_HONEST, 200);
        e[i][0]->shared->compile_each = 7;
    }
    for (i = 0; i < 2; i++) {
        for (k = 0; k < 2; k++)
            rig_until(&rig, done(e[i][k]) == 200);
        assert_true(e[i][0]->shared->compiles >= 20);
        assert_int_equal(rig_number(&rig, v[i], 0, "missed"), 0);
        assert_int_equal(rig_number(&rig, v[i], 1, "missed"), -1);
    }
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

static void test_ladder(void **state)
{
    struct rig rig;
    struct rig_vgpu *v;
    unsigned int i;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    rig_until(&rig, v->registered);
    for (i = 1; i <= 6; i++) {
        /* By others' fault, or nobody's: does not count. */
        rig_say_engine(v, XVGPU_ENGINE_GFX, PROTO_DEATH_LOST);
        rig_say_engine(v, XVGPU_ENGINE_GFX, PROTO_DEATH_OTHER);
        rig_say_engine(v, XVGPU_ENGINE_GFX, PROTO_DEATH_HUNG);
        rig_until(&rig, rig_number(&rig, v, 0, "resets") == (int64_t)i);
        rig_turn(&rig);
        assert_int_equal(v->resets, i / 3);
        assert_int_equal(v->quarantines, i / 6);
    }
    assert_int_equal(rig_number(&rig, v, 0, "innocent"), 6);
    assert_true(rig_state_is(&rig, v, 0, "quarantined"));
    /* It is the monitor that a new daemon learns it from. */
    rig_daemon_kill(&rig);
    rig_daemon_start(&rig, NULL);
    rig_until(&rig, !v->registered);
    rig_until(&rig, v->registered);
    assert_true(rig_state_is(&rig, v, 0, "quarantined"));
    json_decref(
        rig_ask(&rig, "{\"command\":\"release\",\"vgpu\":\"1\"}", NULL));
    rig_until(&rig, v->releases == 1);
    assert_true(rig_state_is(&rig, v, 0, "none"));
    rig_stop(&rig);
}

/* Of /proc/PID/status, hexadecimal. */
static unsigned long long process_value(pid_t pid, const char *key)
{
    unsigned long long value = ~0ull;
    char path[64], line[256];
    size_t len = strlen(key);
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (!strncmp(line, key, len) && line[len] == ':')
            value = strtoull(line + len + 1, NULL, 16);
    }
    fclose(f);
    return value;
}

static void test_rights(void **state)
{
    const unsigned long long cap_kill = 1u << 5;
    struct rig rig;
    struct rig_vgpu *v;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    rig_until(&rig, v->registered);
    assert_int_equal(process_value(rig.daemon, "CapEff") & ~cap_kill, 0);
    assert_int_equal(process_value(rig.daemon, "CapPrm") & ~cap_kill, 0);
    assert_int_equal(process_value(rig.daemon, "NoNewPrivs"), 1);
#ifndef XVGPU_INSTRUMENTED
    assert_int_equal(process_value(rig.daemon, "Seccomp"), 2);
#endif
    rig_stop(&rig);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rights),
    cmocka_unit_test(test_alone),
    cmocka_unit_test(test_shares),
    cmocka_unit_test(test_deaf),
    cmocka_unit_test(test_silent_monitor),
    cmocka_unit_test(test_computes_on),
    cmocka_unit_test(test_scribbles),
    cmocka_unit_test(test_stuck_compiler),
    cmocka_unit_test(test_compile),
    cmocka_unit_test(test_gang),
    cmocka_unit_test(test_ladder),
    cmocka_unit_test(test_restarts),
    cmocka_unit_test(test_restart_in_a_switch),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
