/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud and engines that need longer than their turns for one packet. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define SDMA (1u << XVGPU_ENGINE_SDMA)
#define FOR_EVER UINT64_MAX
#define LONG_US 200000u
#define HOUR_US 3600000000u

/* A slow machine freezes who is honest, but kills nobody. */
static const char *const short_turns[] = {"--deadline=20ms", "--slice=5ms",
                                          "--overrun=60s", NULL};

static uint64_t done(const struct rig_engine *e)
{
    return __atomic_load_n(&e->shared->done, __ATOMIC_SEQ_CST);
}

static struct rig_engine *start_long(struct rig *rig, struct rig_vgpu *v,
                                     uint64_t jobs, uint32_t job_us)
{
    struct rig_engine *e = &v->engine[XVGPU_ENGINE_GFX];

    e->processors = true;
    e->shared->job_us = job_us;
    return rig_engine_start(rig, v, XVGPU_ENGINE_GFX, DOUBLE_LONG, jobs);
}

static struct rig_engine *start_short(struct rig *rig, struct rig_vgpu *v,
                                      uint32_t number, uint64_t jobs)
{
    v->engine[number].processors = true;
    return rig_engine_start(rig, v, number, DOUBLE_HONEST, jobs);
}

static double cpu_ns(const struct rig_engine *e)
{
    struct timespec ts;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(e->pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &ts), 0);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* They lose none of it, and compute in their turns only. */
static void test_long(void **state)
{
    struct rig rig;
    struct rig_vgpu *v[2];
    struct rig_engine *g, *e;
    double granted;

    (void)state;
    rig_start(&rig, short_turns);
    v[0] = rig_add(&rig, GFX, 100);
    v[1] = rig_add(&rig, GFX, 100);
    g = start_short(&rig, v[0], XVGPU_ENGINE_GFX, FOR_EVER);
    rig_until(&rig, done(g) > 10);
    e = start_long(&rig, v[1], 3, LONG_US);
    rig_until(&rig, done(e) == 3);
    granted = (double)rig_number(&rig, v[1], 0, "granted_ns");
    /* Both always have work: unfrozen it would have computed in the other
     * one's turns as well, which are as long as its own. */
    assert_true(cpu_ns(e) < 1.5 * granted);
    assert_true(rig_number(&rig, v[1], 0, "frozen") >= 3);
    assert_int_equal(rig_number(&rig, v[1], 0, "missed"), 0);
    assert_int_equal(e->kills_asked + g->kills_asked, 0);
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

/* One packet may have so much and no more, also by several turns. */
static void test_too_long(void **state)
{
    static const char *const extra[] = {"--deadline=200ms", "--overrun=1s",
                                        "--slice=5ms", NULL};
    struct rig rig;
    struct rig_vgpu *v[2];
    struct rig_engine *g, *e;
    uint64_t before;

    (void)state;
    rig_start(&rig, extra);
    v[0] = rig_add(&rig, GFX, 100);
    v[1] = rig_add(&rig, GFX, 100);
    g = start_short(&rig, v[0], XVGPU_ENGINE_GFX, FOR_EVER);
    rig_until(&rig, done(g) > 10);
    e = start_long(&rig, v[1], 1, HOUR_US);
    rig_until(&rig, e->kills_asked);
    assert_int_equal(e->killed_as, PROTO_DEATH_HUNG);
    rig_until(&rig, rig_state_is(&rig, v[1], 0, "none"));
    assert_true(rig_number(&rig, v[1], 0, "frozen") >= 2);
    assert_int_equal(rig_number(&rig, v[1], 0, "missed"), 1);
    before = done(g);
    rig_until(&rig, done(g) > before + 10);
    /* Its next process is one like any other. */
    e->shared->job_us = 1000;
    before = done(e);
    rig_engine_start(&rig, v[1], XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(e) > before + 10);
    assert_int_equal(g->kills_asked, 0);
    assert_int_equal(rig_number(&rig, v[1], 0, "missed"), 1);
    rig_stop(&rig);
}

/* Whose process can't be stopped is killed at the deadline. */
static void test_not_on_processors(void **state)
{
    static const char *const extra[] = {"--deadline=1s", "--slice=5ms", NULL};
    struct rig rig;
    struct rig_vgpu *v[2];
    struct rig_engine *g, *e;

    (void)state;
    rig_start(&rig, extra);
    v[0] = rig_add(&rig, GFX, 100);
    v[1] = rig_add(&rig, GFX, 100);
    g = start_short(&rig, v[0], XVGPU_ENGINE_GFX, FOR_EVER);
    rig_until(&rig, done(g) > 10);
    e = &v[1]->engine[XVGPU_ENGINE_GFX];
    e->shared->job_us = HOUR_US;
    rig_engine_start(&rig, v[1], XVGPU_ENGINE_GFX, DOUBLE_LONG, 1);
    rig_until(&rig, e->kills_asked);
    assert_int_equal(rig_number(&rig, v[1], 0, "frozen"), 0);
    rig_stop(&rig);
}

/* xen-vgpud dies while a process is stopped; so does the connection of its
 * monitor. Nobody else would let it go on. */
static void test_restarts(void **state)
{
    static const char *const extra[] = {"--deadline=20ms", "--slice=5ms",
                                        "--overrun=60s", "--settle=100ms",
                                        NULL};
    struct rig rig;
    struct rig_vgpu *v[2];
    struct rig_engine *g, *e;
    unsigned int k;

    (void)state;
    rig_start(&rig, extra);
    v[0] = rig_add(&rig, GFX, 100);
    v[1] = rig_add(&rig, GFX, 100);
    g = start_short(&rig, v[0], XVGPU_ENGINE_GFX, FOR_EVER);
    e = start_long(&rig, v[1], 6, LONG_US);
    for (k = 0; k < 4; k++) {
        rig_until(&rig, v[0]->registered && v[1]->registered);
        rig_until(&rig, done(e) > k || __atomic_load_n(&e->s->frozen_at_ns,
                                                       __ATOMIC_RELAXED));
        if (k % 2) {
            close(v[1]->sock);
            v[1]->sock = -1;
            v[1]->registered = false;
        } else {
            rig_daemon_kill(&rig);
            rig_daemon_start(&rig, extra);
            rig_until(&rig, !v[0]->registered && !v[1]->registered);
        }
    }
    rig_until(&rig, done(e) == 6);
    assert_int_equal(e->deaths + g->deaths, 0);
    assert_int_equal(e->kills_asked + g->kills_asked, 0);
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

/* The other engine of the vGPU has its turns between those. */
static void test_gang(void **state)
{
    static const char *const extra[] = {"--gang=yes", "--deadline=20ms",
                                        "--overrun=60s", "--slice=5ms", NULL};
    struct rig rig;
    struct rig_vgpu *v[2];
    struct rig_engine *e, *copies, *g;

    (void)state;
    rig_start(&rig, extra);
    v[0] = rig_add(&rig, GFX | SDMA, 100);
    v[1] = rig_add(&rig, GFX | SDMA, 100);
    g = start_short(&rig, v[0], XVGPU_ENGINE_GFX, FOR_EVER);
    copies = start_short(&rig, v[1], XVGPU_ENGINE_SDMA, 50);
    e = start_long(&rig, v[1], 4, LONG_US);
    rig_until(&rig, done(e) == 4 && done(copies) == 50);
    assert_true(rig_number(&rig, v[1], 0, "frozen") >= 3);
    assert_int_equal(rig_number(&rig, v[1], 0, "missed"), 0);
    assert_int_equal(e->kills_asked + g->kills_asked + copies->kills_asked, 0);
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_long),
    cmocka_unit_test(test_too_long),
    cmocka_unit_test(test_not_on_processors),
    cmocka_unit_test(test_restarts),
    cmocka_unit_test(test_gang),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
