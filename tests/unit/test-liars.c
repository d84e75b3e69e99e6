/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines that lie to a real xen-vgpud, in one domain, beside real ones in
 * another, which must not notice. */
#include "sched-guest.h"
#include "vgpud-process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OPTIONS "vram=2M,sched=host,watchdog=60000,local=32M"

/* What an honest engine never does, however slow the machine; and no ladder:
 * each liar is found out again and again. */
static const char *const options[] = {
    "--slice=5ms",       "--deadline=4s",          "--compile=8s",
    "--idle-cpu=20ms",   "--idle-window=1s",       "--resets-to-flr=16",
    "--guard-window=1s", "--flrs-to-quarantine=9", NULL};

#define LIARS_MAX 16

static struct sched_guest honest;
static struct gfx_guest liar;
static struct dm gone[LIARS_MAX]; /* domains of liars */
static unsigned int nr_gone;

static void start_liar(const char *mode)
{
    char *was = strdup(getenv("XVGPU_LIBEXEC")), *dir = strdup(was);
    char *end = strrchr(dir, '/');

    assert_non_null(end);
    strcpy(end + 1, "liar"); /* as long as "fake" */
    setenv("XVGPU_LIBEXEC", dir, 1);
    setenv("XVGPU_LIAR", mode, 1);
    gfx_guest_start(&liar, OPTIONS);
    setenv("XVGPU_LIBEXEC", was, 1);
    free(was);
    free(dir);
    vgpud_wait(2);
}

static void end_liar(void)
{
    assert_int_equal(fx_domain_kill((domid_t)liar.dm.domid), 0);
    assert_int_equal(dm_wait_exit(&liar.dm), 0);
    vgpud_wait(1);
    assert_true(nr_gone < LIARS_MAX);
    gone[nr_gone++] = liar.dm;
}

static int setup(void **state)
{
    (void)state;
    vgpud_start(options);
    sched_guest_start(&honest, OPTIONS);
    sched_guest_work(&honest);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sched_guest_rest(&honest);
    sched_guest_check(&honest);
    assert_int_equal(fx_domain_kill((domid_t)honest.g.dm.domid), 0);
    assert_int_equal(dm_wait_exit(&honest.g.dm), 0);
    free(honest.first);
    vgpud_wait(0);
    vgpud_stop();
    dm_assert_nothing_left(&honest.g.dm);
    while (nr_gone)
        dm_assert_nothing_left(&gone[--nr_gone]);
    return 0;
}

/* It is reset, and its guest reads that it is guilty. */
static void found_out(const char *mode)
{
    int ms;

    start_liar(mode);
    for (ms = 0; ms < GFX_GUEST_PATIENCE_MS; ms++) {
        if (gfx_guest_csr(&liar, GFX + XVGPU_FAULT_CODE, 4))
            break;
        usleep(1000);
    }
    assert_int_equal(gfx_guest_csr(&liar, GFX + XVGPU_FAULT_CODE, 4),
                     XVGPU_FAULT_ENGINE_HUNG);
    sched_guest_await_progress(&honest);
    assert_int_equal(vgpud_number("gfx", honest.g.dm.domid, "missed"), 0);
    end_liar();
}

static void acknowledges_nothing(void **state)
{
    (void)state;
    found_out("mute");
}

static void computes_on(void **state)
{
    (void)state;
    found_out("compute");
}

static void computes_without_asking(void **state)
{
    (void)state;
    found_out("idle");
}

static void compiles_for_ever(void **state)
{
    (void)state;
    found_out("compile");
}

/* Whatever it writes it gets no more than its share. */
static void does_no_harm(const char *mode)
{
    unsigned int i;

    start_liar(mode);
    for (i = 0; i < 3; i++)
        sched_guest_await_progress(&honest);
    assert_int_equal(vgpud_number("gfx", honest.g.dm.domid, "missed"), 0);
    end_liar();
}

static void writes_noise(void **state)
{
    (void)state;
    does_no_harm("nonsense");
}

static void notifies_without_end(void **state)
{
    (void)state;
    does_no_harm("storm");
}

/* What the others are compared with: this one is not found out. */
static void one_that_does_not_lie(void **state)
{
    (void)state;
    does_no_harm("busy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_does_not_lie),
        cmocka_unit_test(acknowledges_nothing),
        cmocka_unit_test(computes_on),
        cmocka_unit_test(computes_without_asking),
        cmocka_unit_test(compiles_for_ever),
        cmocka_unit_test(writes_noise),
        cmocka_unit_test(notifies_without_end),
    };
    int rc;

    harness_start("fake");
    rc = cmocka_run_group_tests(tests, setup, teardown);
    harness_stop();
    return rc;
}
