/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two domains share both engines under a real xen-vgpud: monitors, devices and
 * engines as they are, in their sandboxes, on the fake Xen. */
#include "grant-watch.h"
#include "sched-guest.h"
#include "vgpud-process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KILLS 20
#define OPTIONS "vram=2M,sched=host,watchdog=60000,local=32M"

/* Some of these machines are slow, and checked by sanitizers: what is late
 * there is no hang. */
static const char *const patient[] = {"--slice=5ms", "--deadline=20s",
                                      "--compile=300s", "--idle-cpu=20s", NULL};
static const char *const strict[] = {
    "--slice=5ms",         "--deadline=4s",
    "--compile=300s",      "--idle-cpu=20s",
    "--resets-to-flr=2",   "--flrs-to-quarantine=2",
    "--guard-window=600s", NULL};

static const char *const ganged[] = {"--gang=yes",     "--slice=5ms",
                                     "--deadline=20s", "--compile=300s",
                                     "--idle-cpu=20s", NULL};

static struct sched_guest a, b;

/* Domains, then xen-vgpud, which hears of it; nothing is left of any. */
static void end(struct sched_guest *s, struct sched_guest *other)
{
    assert_int_equal(fx_domain_kill((domid_t)s->g.dm.domid), 0);
    assert_int_equal(dm_wait_exit(&s->g.dm), 0);
    if (other) {
        vgpud_wait(1);
        assert_int_equal(fx_domain_kill((domid_t)other->g.dm.domid), 0);
        assert_int_equal(dm_wait_exit(&other->g.dm), 0);
        free(other->first);
    }
    vgpud_wait(0);
    vgpud_stop();
    dm_assert_nothing_left(&s->g.dm);
    if (other)
        dm_assert_nothing_left(&other->g.dm);
    free(s->first);
}

static void assert_shared(const char *queue, const struct sched_guest *s)
{
    assert_true(vgpud_number(queue, s->g.dm.domid, "switches") > 2);
    assert_int_equal(vgpud_number(queue, s->g.dm.domid, "missed"), 0);
    assert_int_equal(vgpud_number(queue, s->g.dm.domid, "resets"), 0);
}

/* Both work, for a while. */
static void work(struct grant_watch *w)
{
    int i;

    sched_guest_start(&a, OPTIONS ",weight=300");
    sched_guest_start(&b, OPTIONS);
    vgpud_wait(2);
    grant_watch_start(w, (pid_t[]){a.g.dm.pid, b.g.dm.pid});
    sched_guest_work(&a);
    sched_guest_work(&b);
    for (i = 0; i < 3; i++) {
        sched_guest_await_progress(&a);
        sched_guest_await_progress(&b);
    }
}

static void rest(void)
{
    sched_guest_rest(&a);
    sched_guest_rest(&b);
    sched_guest_check(&a);
    sched_guest_check(&b);
}

static void share(void **state)
{
    struct grant_watch w;

    (void)state;
    vgpud_start(patient);
    work(&w);
    assert_shared("gfx", &a);
    assert_shared("gfx", &b);
    assert_shared("sdma", &a);
    assert_shared("sdma", &b);
    rest();
    grant_watch_stop(&w);
    assert_int_equal(w.same, 0);
    assert_true(w.crossed > 0); /* queues of their own */
    end(&a, &b);
}

/* Both engines are always one domain's, also across a restart. */
static void share_as_a_gang(void **state)
{
    struct grant_watch w;

    (void)state;
    vgpud_start(ganged);
    work(&w);
    assert_shared("gfx+sdma", &a);
    assert_shared("gfx+sdma", &b);
    vgpud_kill();
    vgpud_start(ganged);
    vgpud_wait(2);
    sched_guest_await_progress(&a);
    sched_guest_await_progress(&b);
    rest();
    grant_watch_stop(&w);
    print_message("%ld looks saw both engines granted, %ld by both domains\n",
                  (long)w.ganged, (long)(w.same + w.crossed));
    assert_int_equal(w.same, 0);
    assert_int_equal(w.crossed, 0);
    assert_true(w.ganged > 0);
    end(&a, &b);
}

/* It comes back each time, and nobody has lost anything. */
static void xen_vgpud_is_killed(void **state)
{
    int i;

    (void)state;
    vgpud_start(patient);
    sched_guest_start(&a, OPTIONS);
    sched_guest_start(&b, OPTIONS);
    sched_guest_work(&a);
    sched_guest_work(&b);
    for (i = 0; i < KILLS; i++) {
        usleep(5000u * (unsigned int)(i % 7));
        vgpud_kill();
        usleep(10000u * (unsigned int)(i % 5));
        vgpud_start(patient);
        vgpud_wait(2);
        sched_guest_await_progress(&a);
        sched_guest_await_progress(&b);
    }
    sched_guest_rest(&a);
    sched_guest_rest(&b);
    sched_guest_check(&a);
    sched_guest_check(&b);
    print_message("%d kills: %ld and %ld frames, %ld and %ld jobs\n", KILLS,
                  (long)a.frames, (long)b.frames, (long)a.jobs, (long)b.jobs);
    end(&a, &b);
}

/* Its engine is taken away from a guest whose dispatch does not end; the other
 * one hears nothing of it. */
static void a_hung_engine_is_reset(void **state)
{
    (void)state;
    vgpud_start(strict);
    sched_guest_start(&a, OPTIONS);
    sched_guest_start(&b, OPTIONS);
    sched_guest_make_hang(&a);
    sched_guest_work(&b);
    sched_guest_await_progress(&b);
    sched_guest_dispatch(&a, ~0u);
    assert_int_equal(gfx_guest_result(&a.g), XVGPU_FAULT_ENGINE_HUNG);
    assert_int_equal(gfx_guest_csr(&a.g, GFX + XVGPU_RESETS, 4), 1);
    sched_guest_await_progress(&b);
    assert_int_equal(gfx_guest_resume(&a.g), XVGPU_FAULT_NONE);
    sched_guest_dispatch(&a, 1);
    assert_int_equal(gfx_guest_result(&a.g), XVGPU_FAULT_NONE);
    sched_guest_await_progress(&b);
    sched_guest_rest(&b);
    sched_guest_check(&b);
    assert_int_equal(vgpud_number("gfx", a.g.dm.domid, "missed"), 1);
    assert_int_equal(vgpud_number("gfx", b.g.dm.domid, "missed"), 0);
    end(&a, &b);
}

/* A dispatch longer than deadlines is none: it goes on turn by turn. */
static void a_long_dispatch_is_no_hang(void **state)
{
    double busy, granted;
    static const char *const freezing[] = {"--slice=5ms",    "--deadline=30ms",
                                           "--overrun=300s", "--compile=300s",
                                           "--idle-cpu=20s", NULL};
    uint32_t turns = 1;

    (void)state;
    vgpud_start(freezing);
    sched_guest_start(&a, OPTIONS);
    sched_guest_start(&b, OPTIONS);
    sched_guest_make_hang(&a);
    sched_guest_work(&b);
    while (vgpud_number("gfx", a.g.dm.domid, "frozen") < 100) {
        assert_true(turns < 1u << 31);
        sched_guest_dispatch(&a, turns);
        assert_int_equal(gfx_guest_result(&a.g), XVGPU_FAULT_NONE);
        sched_guest_await_progress(&b);
        turns *= 2;
    }
    sched_guest_rest(&b);
    sched_guest_check(&b);
    /* The time that it was stopped is no work: others had as much. */
    busy = (double)vgpud_number("gfx", a.g.dm.domid, "busy_ns");
    granted = (double)vgpud_number("gfx", a.g.dm.domid, "granted_ns") +
              (double)vgpud_number("gfx", a.g.dm.domid, "compile_ns");
    assert_true(busy > 0);
    assert_true(busy < 1.1 * granted + 20e6);
    assert_int_equal(vgpud_number("gfx", a.g.dm.domid, "missed"), 0);
    assert_int_equal(vgpud_number("gfx", b.g.dm.domid, "missed"), 0);
    assert_int_equal(gfx_guest_csr(&a.g, GFX + XVGPU_RESETS, 4), 0);
    end(&a, &b);
}

static uint64_t csr(struct sched_guest *s, uint32_t reg)
{
    return gfx_guest_csr(&s->g, reg, 4);
}

static void await_csr(struct sched_guest *s, uint32_t reg, uint64_t value)
{
    int i;

    for (i = 0; i < 12000 && csr(s, reg) != value; i++)
        usleep(10000);
    assert_int_equal(csr(s, reg), value);
}

/* The device dies, and another one takes over. */
static void kill_device(struct sched_guest *s)
{
    const pid_t pid = dm_process(&s->g.dm, "device");
    pid_t now = pid;
    int i;

    assert_true(pid > 0);
    kill(pid, SIGKILL);
    for (i = 0; i < 2000 && (!now || now == pid); i++) {
        usleep(10000);
        now = dm_process(&s->g.dm, "device");
    }
    assert_true(now && now != pid);
}

static void refused_for_quarantine(struct sched_guest *s)
{
    gfx_guest_set_csr(&s->g, GFX + XVGPU_CTRL, 4, 0);
    gfx_guest_set_csr(&s->g, GFX + XVGPU_RING_BASE, 8, 0x100000);
    gfx_guest_set_csr(&s->g, GFX + XVGPU_RING_SIZE, 4, 4096);
    gfx_guest_set_csr(&s->g, GFX + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    assert_int_equal(csr(s, GFX + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    assert_int_equal(csr(s, GFX + XVGPU_FAULT_CODE), XVGPU_FAULT_QUARANTINE);
}

/* Two hangs are a reset of the vGPU, two of those the quarantine. */
static void quarantine(void **state)
{
    char request[80];
    uint32_t flrs;
    json_t *j;

    (void)state;
    vgpud_start(strict);
    sched_guest_start(&a, OPTIONS);
    sched_guest_start(&b, OPTIONS);
    sched_guest_work(&b);
    for (flrs = 0; flrs < 2; flrs++) {
        if (flrs)
            sched_guest_again(&a);
        sched_guest_make_hang(&a);
        sched_guest_dispatch(&a, ~0u);
        assert_int_equal(gfx_guest_result(&a.g), XVGPU_FAULT_ENGINE_HUNG);
        assert_int_equal(csr(&a, XVGPU_RESET_COUNT), flrs);
        assert_int_equal(gfx_guest_resume(&a.g), XVGPU_FAULT_NONE);
        sched_guest_dispatch(&a, 1); /* compiled anew, with time for that */
        assert_int_equal(gfx_guest_result(&a.g), XVGPU_FAULT_NONE);
        sched_guest_dispatch(&a, ~0u);
        await_csr(&a, XVGPU_RESET_COUNT, flrs + 1);
        assert_int_equal(csr(&a, XVGPU_RESET_REASON), XVGPU_RESET_GUARD);
        assert_int_equal(csr(&a, GFX + XVGPU_STATUS), XVGPU_STATUS_DISABLED);
        assert_int_equal(csr(&a, GFX + XVGPU_FAULT_CODE),
                         flrs ? XVGPU_FAULT_QUARANTINE : XVGPU_FAULT_GUARD);
        assert_int_equal(csr(&a, XVGPU_INTR_STATUS) &
                             XVGPU_INTR_FAULT(XVGPU_ENGINE_GFX),
                         XVGPU_INTR_FAULT(XVGPU_ENGINE_GFX));
    }
    refused_for_quarantine(&a);
    assert_true(vgpud_quarantined(a.g.dm.domid));
    assert_false(vgpud_quarantined(b.g.dm.domid));
    /* Whoever dies. */
    kill_device(&a);
    refused_for_quarantine(&a);
    vgpud_kill();
    vgpud_start(strict);
    vgpud_wait(2);
    assert_true(vgpud_quarantined(a.g.dm.domid));
    refused_for_quarantine(&a);

    snprintf(request, sizeof(request),
             "{\"command\":\"release\",\"vgpu\":\"%d.0\"}", a.g.dm.domid);
    j = vgpud_ask(request);
    assert_non_null(j);
    json_decref(j);
    await_csr(&a, XVGPU_RESET_COUNT, 3);
    assert_int_equal(csr(&a, XVGPU_RESET_REASON), XVGPU_RESET_ADMIN);
    assert_int_equal(csr(&a, GFX + XVGPU_FAULT_CODE), XVGPU_FAULT_ENGINE_RESET);
    assert_false(vgpud_quarantined(a.g.dm.domid));
    sched_guest_again(&a);
    sched_guest_await_progress(&b);
    sched_guest_rest(&b);
    sched_guest_check(&b);
    end(&a, &b);
}

static void ask_reset(const struct sched_guest *s)
{
    char request[80];
    json_t *j;

    snprintf(request, sizeof(request),
             "{\"command\":\"reset\",\"vgpu\":\"%d.0\"}", s->g.dm.domid);
    j = vgpud_ask(request);
    assert_non_null(j);
    json_decref(j);
}

/* The guest hears of it by the port that its engine had. Also if the device
 * dies before it has done it: that is its successor's then. */
static void reset_by_the_administrator(void **state)
{
    domid_t domid;
    uint32_t round;
    pid_t device;
    int port;

    (void)state;
    vgpud_start(patient);
    sched_guest_start(&a, OPTIONS);
    sched_guest_start(&b, OPTIONS);
    sched_guest_work(&b);
    domid = (domid_t)a.g.dm.domid;
    port = fx_evtchn_alloc_unbound(domid);
    assert_true(port > 0);
    for (round = 0; round < 2; round++) {
        gfx_guest_set_csr(&a.g, GFX + XVGPU_CTRL, 4, 0);
        gfx_guest_set_csr(&a.g, GFX + XVGPU_COMPLETION_PORT, 4, (uint64_t)port);
        gfx_guest_ring(&a.g);
        assert_true(fx_evtchn_bound(domid, (evtchn_port_t)port));
        device = dm_process(&a.g.dm, "device");
        if (round)
            kill(device, SIGSTOP);
        while (fx_evtchn_wait(domid, (evtchn_port_t)port, 1) == 0)
            ; /* what came before */
        ask_reset(&a);
        sched_guest_await_progress(&b); /* it has been passed on */
        if (round)
            kill(device, SIGKILL);
        await_csr(&a, XVGPU_RESET_COUNT, round + 1);
        assert_int_equal(fx_evtchn_wait(domid, (evtchn_port_t)port, 60000), 0);
        assert_int_equal(csr(&a, XVGPU_RESET_REASON), XVGPU_RESET_ADMIN);
        assert_int_equal(csr(&a, GFX + XVGPU_STATUS), XVGPU_STATUS_DISABLED);
        assert_int_equal(csr(&a, GFX + XVGPU_FAULT_CODE),
                         XVGPU_FAULT_ENGINE_RESET);
        sched_guest_again(&a);
    }
    sched_guest_rest(&b);
    sched_guest_check(&b);
    end(&a, &b);
}

/* A guest that is alone goes on with what it was granted; who comes later
 * waits. */
static void without_xen_vgpud(void **state)
{
    (void)state;
    vgpud_start(patient);
    sched_guest_start(&a, OPTIONS);
    sched_guest_work(&a);
    sched_guest_await_progress(&a);
    vgpud_kill();
    memset(&b, 0, sizeof(b));
    gfx_guest_start(&b.g, OPTIONS);
    XVGPU_GFX(&b.g.s, create_buffer, .id = 1, .heap = 1, .size = 4096);
    assert_true(gfx_guest_submit(&b.g));
    sched_guest_await_progress(&a);
    assert_int_equal(gfx_guest_csr(&b.g, GFX + XVGPU_FENCE, 8), 0);
    vgpud_start(patient);
    assert_int_equal(gfx_guest_result(&b.g), XVGPU_FAULT_NONE);
    sched_guest_await_progress(&a);
    sched_guest_rest(&a);
    sched_guest_check(&a);
    end(&a, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(share),
        harness_test(share_as_a_gang),
        harness_test(xen_vgpud_is_killed),
        harness_test(a_hung_engine_is_reset),
        cmocka_unit_test(a_long_dispatch_is_no_hang),
        harness_test(quarantine),
        harness_test(reset_by_the_administrator),
        harness_test(without_xen_vgpud),
    };
    int rc;

    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
