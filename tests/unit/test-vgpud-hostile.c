/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud and engines that want more than their share of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define SDMA (1u << XVGPU_ENGINE_SDMA)
#define FOR_EVER UINT64_MAX

static uint64_t done(const struct rig_engine *e)
{
    return __atomic_load_n(&e->shared->done, __ATOMIC_SEQ_CST);
}

static uint64_t compiles(const struct rig_engine *e)
{
    return __atomic_load_n(&e->shared->compiles, __ATOMIC_SEQ_CST);
}

/* It has never asked for anything, so nobody ever waited with it. */
static void test_burns(void **state)
{
    struct rig_engine *g, *b;
    struct rig_vgpu *good, *bad;
    struct rig rig;

    (void)state;
    rig_start(&rig, NULL);
    good = rig_add(&rig, GFX, 100);
    bad = rig_add(&rig, GFX, 100);
    g = rig_engine_start(&rig, good, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(g) > 10);
    b = rig_engine_start(&rig, bad, XVGPU_ENGINE_GFX, DOUBLE_BURNS, 0);
    rig_until(&rig, b->kills_asked);
    assert_int_equal(b->killed_as, PROTO_DEATH_HUNG);
    assert_int_equal(g->kills_asked, 0);
    assert_int_equal(rig_number(&rig, good, 0, "switches"), 1);
    rig_stop(&rig);
}

/* A turn of the gang ends while its gfx engine compiles: that may go on, and
 * then others compile. */
static void test_gang_compiles(void **state)
{
    static const char *const extra[] = {"--gang=yes", "--slice=2ms",
                                        "--deadline=1s", NULL};
    struct rig_engine *bad, *e;
    struct rig_vgpu *v[2];
    struct rig rig;
    unsigned int i;

    (void)state;
    rig_start(&rig, extra);
    for (i = 0; i < 2; i++) {
        v[i] = rig_add(&rig, GFX | SDMA, 100);
        rig_engine_start(&rig, v[i], XVGPU_ENGINE_SDMA, DOUBLE_HONEST,
                         FOR_EVER);
    }
    bad = &v[0]->engine[XVGPU_ENGINE_GFX];
    bad->shared->job_us = 1500000; /* longer than the deadline of a stop */
    rig_engine_start(&rig, v[0], XVGPU_ENGINE_GFX, DOUBLE_COMPILES, FOR_EVER);
    rig_until(&rig, compiles(bad));
    e = &v[1]->engine[XVGPU_ENGINE_GFX];
    e->shared->compile_at = 1;
    rig_engine_start(&rig, v[1], XVGPU_ENGINE_GFX, DOUBLE_HONEST, 5);
    rig_until(&rig, done(e) == 5);
    assert_int_equal(compiles(e), 1);
    assert_int_equal(bad->kills_asked, 0);
    assert_int_equal(rig.room->compile_overlaps, 0);
    rig_stop(&rig);
}

#define COMPILERS 3u
#define SCENE 10u /* pipelines */

/* One that loads a scene, beside others that do nothing but compile: first
 * come, first served would be a turn of each of these for each pipeline. */
static void test_compilers(void **state)
{
    struct rig_engine *bad[COMPILERS], *e;
    struct rig_vgpu *v;
    struct rig rig;
    uint64_t before = 0, after = 0;
    unsigned int i;

    (void)state;
    rig_start(&rig, NULL);
    for (i = 0; i < COMPILERS; i++) {
        v = rig_add(&rig, GFX, 100);
        bad[i] = &v->engine[XVGPU_ENGINE_GFX];
        bad[i]->shared->job_us = 300000;
        rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_COMPILES, FOR_EVER);
    }
    for (i = 0; i < COMPILERS; i++)
        rig_until(&rig, compiles(bad[i]));
    v = rig_add(&rig, GFX, 100);
    e = &v->engine[XVGPU_ENGINE_GFX];
    e->shared->compile_each = 2;
    for (i = 0; i < COMPILERS; i++)
        before += compiles(bad[i]);
    rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, 2 * SCENE);
    rig_until(&rig, done(e) == 2 * SCENE);
    assert_int_equal(compiles(e), SCENE);
    for (i = 0; i < COMPILERS; i++)
        after += compiles(bad[i]);
    assert_true(after - before < 2 * SCENE);
    /* Nor are they kept out. */
    for (i = 0; i < COMPILERS; i++) {
        before = compiles(bad[i]);
        rig_until(&rig, compiles(bad[i]) > before);
    }
    assert_int_equal(rig.room->compile_overlaps, 0);
    rig_stop(&rig);
}

/* To say of all that is drawn that it compiles is no way to draw beside those
 * whose turn it is: they have their share of the time without it. */
static void test_compiles_beside(void **state)
{
    const uint64_t job_us = 50000;
    struct rig_engine *bad, *good;
    struct rig_vgpu *v;
    struct rig rig;
    uint64_t begin, ns, first;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    good = &v->engine[XVGPU_ENGINE_GFX];
    rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(good) >= 3);
    v = rig_add(&rig, GFX, 100);
    bad = &v->engine[XVGPU_ENGINE_GFX];
    bad->shared->job_us = (uint32_t)job_us;
    rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_COMPILES, FOR_EVER);
    rig_until(&rig, compiles(bad) >= 1);
    first = compiles(bad);
    begin = clock_ns();
    rig_until(&rig, compiles(bad) >= first + 6);
    ns = clock_ns() - begin;
    /* As long again after each but, perhaps, one. */
    assert_true(ns >= 10 * job_us * 1000);
    rig_stop(&rig);
}

/* Compiling counts against a cap, and ends with it. */
static void test_capped_compiler(void **state)
{
    const uint64_t job_us = 20000;
    struct rig_engine *e;
    struct rig_vgpu *v;
    struct rig rig;
    uint64_t begin, ns;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    v->cap = 100; /* a tenth */
    e = &v->engine[XVGPU_ENGINE_GFX];
    e->shared->job_us = (uint32_t)job_us;
    begin = clock_ns();
    rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_COMPILES, FOR_EVER);
    rig_until(&rig, compiles(e) >= 6);
    ns = clock_ns() - begin;
    /* All but the last one of at least job_us, and what it had to begin with:
     * a bucket of 100 ms. */
    assert_true(ns / 10 + 10000000 >= 5 * job_us * 1000);
    rig_stop(&rig);
}

/* A process that ends as soon as it is ready is no reason to drop its monitor:
 * with the registration the vGPU's hangs would be forgotten. */
static void test_gone_at_once(void **state)
{
    struct rig_engine *e;
    struct rig_vgpu *v;
    struct rig rig;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    rig_until(&rig, v->registered);
    rig_say_engine(v, XVGPU_ENGINE_GFX, PROTO_DEATH_HUNG);
    e = rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, 3);
    rig_until(&rig, done(e) == 3);
    kill(e->pid, SIGKILL);
    assert_int_equal(waitpid(e->pid, NULL, 0), e->pid);
    rig_say_engine(v, XVGPU_ENGINE_GFX, PROTO_DEATH_OTHER);
    close(e->pidfd);
    e->pid = 0;
    rig_say_engine(v, XVGPU_ENGINE_GFX, PROTO_DEATH_LOST);
    rig_until(&rig, rig_number(&rig, v, 0, "innocent") == 1);
    assert_int_equal(rig_number(&rig, v, 0, "resets"), 1);
    assert_true(rig_state_is(&rig, v, 0, "none"));
    rig_stop(&rig);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_burns),
    cmocka_unit_test(test_gang_compiles),
    cmocka_unit_test(test_compilers),
    cmocka_unit_test(test_capped_compiler),
    cmocka_unit_test(test_compiles_beside),
    cmocka_unit_test(test_gone_at_once),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
