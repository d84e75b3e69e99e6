/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of xen-vgpu-dm, xen-vgpu-device and xen-vgpu-engine that can fail
 * fails once, at each of its uses in a whole life: the processes as xl starts
 * them, in their sandboxes. This process is the hypervisor, the guest and the
 * toolstack. What must follow stands in README.md.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/packet.h>
#include <xen-vgpu/pci.h>

#include "guest.h"
#include "harness.h"
#include "lib/log.h"
#include "report.h"
#include "sched-peer.h"

#define RING 0x100000ull
#define FENCE 0x180000ull
#define TARGET 0x200000ull
#define VRAM_MIB 4u
#define SHARE 60u

static struct dm dm;
static uint32_t jobs, port;

static const char *ring(void)
{
    int rc;

    guest_wr(BAR0 + SDMA + XVGPU_CTRL, 4, 0);
    guest_wr(BAR0 + SDMA + XVGPU_RING_BASE, 8, RING);
    guest_wr(BAR0 + SDMA + XVGPU_RING_SIZE, 4, 4096);
    if (!port) {
        rc = fx_evtchn_alloc_unbound(guest.domid);
        port = rc < 0 ? 0 : (uint32_t)rc;
    }
    guest_wr(BAR0 + SDMA + XVGPU_COMPLETION_PORT, 4, port);
    guest_wr(BAR0 + SDMA + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    if (guest_rd(BAR0 + SDMA + XVGPU_STATUS, 4) == XVGPU_STATUS_RUNNING)
        return NULL;
    return guest_rd(BAR0 + SDMA + XVGPU_FAULT_CODE, 4)
               ? "the ring did not start"
               : "the ring did not start, and no code says why";
}

/* A ring of its own for each, so that one that failed is no obstacle. */
static const char *job(void)
{
    const uint32_t value = ++jobs;
    const uint32_t dw[] = {
        XVGPU_PKT_HEADER(XVGPU_PKT_FILL, 0, 6),
        (uint32_t)TARGET,
        0,
        value,
        0x20000,
        0,
        XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, XVGPU_FENCE_SIGNAL, 5),
        (uint32_t)FENCE,
        0,
        value,
        0};
    uint64_t fence = 0;
    uint32_t got = 0;
    unsigned int i;

    if (guest_rd(BAR0 + SDMA + XVGPU_STATUS, 4) != XVGPU_STATUS_RUNNING ||
        guest_rd(BAR0 + SDMA + XVGPU_RPTR, 4)) {
        const char *why = ring();

        if (why)
            return why;
    }
    fx_write(guest.domid, RING, dw, sizeof(dw));
    guest_wr(BAR0 + SDMA + XVGPU_WPTR, 4, sizeof(dw));
    for (i = 0; i < 3000; i++) {
        fx_read(guest.domid, FENCE, &fence, sizeof(fence));
        if (fence == value)
            break;
        if (guest_rd(BAR0 + SDMA + XVGPU_STATUS, 4) != XVGPU_STATUS_RUNNING)
            return "the job was stopped by a fault";
        usleep(1000);
    }
    fx_read(guest.domid, TARGET + 0x1fffc, &got, sizeof(got));
    if (fence != value)
        return "the job was lost";
    return got == value ? NULL : "!the job's result is wrong";
}

/* What the tool would show. */
static const char *ask(const char *request)
{
    json_t *j = dm_admin(&dm, request), *why = json_object_get(j, "error");
    const bool ok = json_object_get(j, "return");

    if (!j)
        log_error("the monitor closed the connection");
    else if (why)
        log_error("%s", json_string_value(why));
    json_decref(j);
    if (ok)
        return NULL;
    usleep(300000); /* while a successor comes up */
    return "the question was refused";
}

static const char *show(void)
{
    return ask("{\"command\":\"show\"}");
}

static const char *regs(void)
{
    return ask("{\"command\":\"regs\"}");
}

static const char *screenshot(void)
{
    guest_wr(BAR0 + XVGPU_SCANOUT_BASE, 8, 0);
    guest_wr(BAR0 + XVGPU_SCANOUT_WIDTH, 4, 64);
    guest_wr(BAR0 + XVGPU_SCANOUT_HEIGHT, 4, 32);
    guest_wr(BAR0 + XVGPU_SCANOUT_STRIDE, 4, 256);
    guest_wr(BAR0 + XVGPU_SCANOUT_FORMAT, 4, XVGPU_FORMAT_XRGB8888);
    guest_wr(BAR0 + XVGPU_SCANOUT_CTRL, 4, 1);
    return ask("{\"command\":\"screenshot\"}");
}

static const char *qmp(void)
{
    const bool ok = dm_qmp_try(&dm, "query-status");

    if (!ok) /* as libxl says it */
        log_error("QMP: no answer");
    return ok ? NULL : "QMP did not answer";
}

/* As often as it takes: a xen-vgpud that lost its connection gets another. */
static const char *host_reset(void)
{
    const uint64_t before = guest_rd(BAR0 + XVGPU_RESET_COUNT, 4);
    unsigned int i;
    bool sent = false;

    for (i = 0; i < 3000 && !sent; i++) {
        sent = sched_peer_reset(XVGPU_RESET_GUARD, false);
        usleep(1000);
    }
    for (i = 0; i < 2000 && sent; i++) {
        if (guest_rd(BAR0 + XVGPU_RESET_COUNT, 4) != before &&
            guest_rd(BAR0 + XVGPU_RESET_REASON, 4) == XVGPU_RESET_GUARD)
            return NULL;
        usleep(1000);
    }
    return sent ? "the reset was lost" : "xen-vgpud has lost the vGPU";
}

static const struct act steps[] = {
    {"BARs", guest_bars},
    {"QMP", qmp},
    {"ring start", ring},
    {"job", job},
    {"strings", guest_strings},
    {"show", show},
    {"regs", regs},
    {"screenshot", screenshot},
    {"BAR move", guest_move},
    {"job after it", job},
    {"FLR", guest_flr},
    {"ring restart", ring},
    {"job after it", job},
    {"reset by the host", host_reset},
    {"job after it", job},
    {"ring stop", guest_ring_off},
};

static bool has_failed(void)
{
    json_t *j = dm_admin(&dm, "{\"command\":\"show\"}");
    const char *state = json_string_value(
        json_object_get(json_object_get(j, "return"), "state"));
    const bool failed = state && !strcmp(state, "failed");

    json_decref(j);
    return failed;
}

/* The call that was to remove it is the one that failed. */
static bool excused(void)
{
    static const char *const removers[] = {"rmdir", "unlink", "xs_rm",
                                           "destroy_ioreq_server",
                                           "decrease_reservation"};
    size_t i;

    for (i = 0; i < sizeof(removers) / sizeof(removers[0]); i++)
        if (points_fired(removers[i]))
            return true;
    return false;
}

static void peer_begins(void)
{
    points_exempt(true);
}

static void life(struct outcome *o)
{
    static const char *const args[] = {"-vgpu",
                                       "vram=4M,slot=0x10,engines=sdma", NULL};
    const struct fx_domain_config config = {.ram_bytes = 32u << 20,
                                            .vcpus = 2,
                                            .extra_kb = VRAM_MIB << 10,
                                            .timeout_ms = GUEST_TIMEOUT_MS};
    const char *left;
    int domid, code, i;
    long pages;

    harness_start("fake");
    if (!sched_peer_start(peer_begins))
        report_fatal("the test's xen-vgpud does not start");
    domid = fx_domain_create(&config);
    pages = fx_domain_pages((domid_t)domid);
    guest_begin((domid_t)domid, VRAM_MIB << 20);
    dm_start_on(&dm, domid, args);
    if (dm_wait_running(&dm)) {
        take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
        for (i = 0; o->failed && o->failed[0] != '!' && i < 20; i++) {
            if (!has_failed()) {
                usleep(50000);
                continue;
            }
            o->ended = true;
            o->failed = NULL;
        }
        phase(o, "stop");
        kill(dm.pid, SIGHUP);
        code = dm_wait_exit(&dm);
        if (!o->failed && code != 0)
            o->failed = "xen-vgpu-dm did not end well";
    } else {
        o->refused = true;
        code = dm_wait_exit(&dm);
        if (code != 1)
            o->failed = "xen-vgpu-dm did not exit with 1";
        else if (fx_domain_pages((domid_t)domid) != pages && !excused())
            o->failed = "VRAM is left populated";
    }
    points_get()->on = 0;
    left = dm_left(&dm);
    if (left && excused()) {
        o->left = left;
        harness_sweep(&dm);
    } else if (left && !o->failed) {
        o->failed = left;
    }
    fx_domain_kill((domid_t)domid);
    sched_peer_stop();
    harness_stop();
}

int main(void)
{
    char path[] = "/tmp/xvgpu-points-XXXXXX";
    int rc;

    points_exempt(true);
    log_init("xen-vgpu", LOG_INFO);
    close(mkstemp(path));
    points_share(path);
    setenv(POINTS_ENV, path, 1);
    setenv("XVGPU_TEST_LEAKS", "1", 1);
    harness_lock(); /* a life's time is its own */
    rc = report_run("the processes together", life, SHARE);
    unlink(path);
    return rc;
}
