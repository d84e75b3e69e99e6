/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "engine-rig.h"

#define MIB (1ull << 20)
#define RAM (8 * MIB)
#define DATA (2 * MIB)
#define WPTR (DATA + 0x100)

static int setup(void **state)
{
    static struct rig rig;

    rig_new(&rig, RAM, 8);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    rig_free(rig);
    assert_int_equal(fx_foreign_mappings(rig->domid), 0);
    assert_int_equal(fx_dom0_ports(), 0);
    return 0;
}

/* START with ports; -1: a new one. */
static void start(struct rig *rig, int *bell, int *done)
{
    if (bell && *bell < 0)
        *bell = fx_evtchn_alloc_unbound(rig->domid);
    if (done && *done < 0)
        *done = fx_evtchn_alloc_unbound(rig->domid);
    rig->link->dev.doorbell_port = bell ? (uint32_t)*bell : 0;
    rig->link->dev.completion_port = done ? (uint32_t)*done : 0;
    rig->link->dev.wptr_addr = bell ? WPTR : 0;
    assert_int_equal(rig_start(rig), 0);
    rig_events(rig);
}

/* The driver's doorbell: memory, then the event. */
static void ring_bell(struct rig *rig, int bell)
{
    assert_int_equal(fx_write(rig->domid, WPTR, &rig->wptr, 4), 0);
    assert_int_equal(fx_evtchn_notify(rig->domid, (evtchn_port_t)bell), 0);
}

static void turns(struct rig *rig, unsigned int n)
{
    while (n--)
        assert_int_equal(engine_turn(rig->e, 0), 0);
}

static void test_by_device(void **state)
{
    struct rig *rig = *state;
    unsigned int i;

    start(rig, NULL, NULL);
    for (i = 1; i <= 10; i++) {
        rig_fence(rig, DATA, i, true);
        rig_go(rig);
        assert_int_equal(rig->link->eng.done_count, i);
        assert_true(rig_events(rig) == 1);
    }
    rig_fence(rig, DATA, i, false);
    rig_go(rig);
    assert_true(rig_events(rig) == 0);
    assert_true(rig->link->eng.jobs == i);
    /* Two in one go, one of them in an indirect buffer. */
    fx_write(rig->domid, MIB,
             (uint32_t[]){PKT(FENCE, 1, 5), 0, 0, 5, 0, PKT(NOP, 0, 1)}, 24);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(MIB), 0, 6);
    rig_fence(rig, 0, 6, true);
    rig_go(rig);
    assert_int_equal(rig->link->eng.done_count, 12);
    assert_true(rig->link->eng.fence == 6);
    /* A second START goes on counting. */
    rig_start(rig);
    assert_int_equal(rig->link->eng.done_count, 12);
}

static void test_by_event(void **state)
{
    struct rig *rig = *state;
    int bell = -1, done = -1;
    unsigned int i;

    *(uint32_t *)rig_ptr(rig, WPTR, 4) = 0xdeadbeef; /* before it is used */
    start(rig, &bell, &done);
    turns(rig, 3);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
    fx_evtchn_wait(rig->domid, (evtchn_port_t)done, 0);
    for (i = 1; i <= 10; i++) {
        rig_fence(rig, DATA, i, true);
        ring_bell(rig, bell);
        turns(rig, 2);
        assert_true(*(uint64_t *)rig_ptr(rig, DATA, 8) == i);
        assert_int_equal(fx_evtchn_wait(rig->domid, (evtchn_port_t)done, 1000),
                         0);
    }
    assert_true(rig->link->eng.done_evtchn == 10);
    assert_true(rig->e->stats.doorbells_evtchn == 10);
    assert_int_equal(rig->link->eng.done_count, 0);
    assert_true(rig_events(rig) == 0);
    /* A fault goes both ways. */
    RIG_PUT(rig, 0xff);
    ring_bell(rig, bell);
    turns(rig, 2);
    assert_int_equal(rig->link->eng.state, LINK_STOPPED);
    assert_int_equal(fx_evtchn_wait(rig->domid, (evtchn_port_t)done, 1000), 0);
    assert_true(rig_events(rig) == 1);
    /* Rung while stopped: taken by RESUME. */
    rig_fence(rig, DATA, 99, true);
    ring_bell(rig, bell);
    turns(rig, 3);
    assert_true(rig->link->eng.fence == 10);
    rig_command(rig, LINK_CMD_RESUME);
    turns(rig, 2);
    assert_true(rig->link->eng.fence == 99);
    /* And still heard. */
    rig_fence(rig, DATA, 100, true);
    ring_bell(rig, bell);
    turns(rig, 2);
    assert_true(rig->link->eng.fence == 100);
    rig_command(rig, LINK_CMD_STOP);
    assert_int_equal(fx_dom0_ports(), 0);
}

static void test_one_port_for_both(void **state)
{
    struct rig *rig = *state;
    int port = -1;

    start(rig, &port, &port);
    rig_fence(rig, DATA, 7, true);
    ring_bell(rig, port);
    turns(rig, 2);
    assert_true(rig->link->eng.fence == 7);
    assert_int_equal(fx_evtchn_wait(rig->domid, (evtchn_port_t)port, 1000), 0);
}

/* A guest that storms its completion port costs nothing: it stays masked. */
static void test_storm(void **state)
{
    struct rig *rig = *state;
    int bell = -1, done = -1;
    unsigned int i;
    uint64_t reads;

    start(rig, &bell, &done);
    turns(rig, 5);
    reads = fx_calls("xenevtchn_pending");
    for (i = 0; i < 100; i++) {
        fx_evtchn_notify(rig->domid, (evtchn_port_t)done);
        turns(rig, 1);
    }
    assert_true(fx_calls("xenevtchn_pending") - reads <= 1);
}

static void test_bad_wptr_addr(void **state)
{
    struct rig *rig = *state;
    int bell = -1;

    bell = fx_evtchn_alloc_unbound(rig->domid);
    rig->link->dev.doorbell_port = (uint32_t)bell;
    rig->link->dev.wptr_addr = WPTR + 2;
    assert_int_equal(rig_start(rig), XVGPU_FAULT_ALIGNMENT);
    rig->link->dev.wptr_addr = RAM;
    assert_int_equal(rig_start(rig), 0);
    fx_evtchn_notify(rig->domid, (evtchn_port_t)bell);
    turns(rig, 3);
    assert_int_equal(rig->link->eng.state, LINK_STOPPED);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_ADDRESS);
    assert_true(rig->link->eng.fault_addr == RAM);
}

static void test_both_doorbells(void **state)
{
    struct rig *rig = *state;
    int bell = -1;

    start(rig, &bell, NULL);
    rig_fence(rig, 0, 1, false);
    ring_bell(rig, bell);
    turns(rig, 2);
    assert_true(rig->link->eng.fence == 1);
    rig_fence(rig, 0, 2, false);
    rig_doorbell(rig);
    turns(rig, 2);
    assert_true(rig->link->eng.fence == 2);
    rig_fence(rig, 0, 3, false);
    ring_bell(rig, bell);
    turns(rig, 2);
    assert_true(rig->link->eng.fence == 3);
    assert_int_equal(rig->link->eng.rptr, rig->wptr);
}

/* The process dies, its ports are unbound again; the next one gets the ring
 * stopped, where the device thinks right, and finds the write pointer in
 * memory. */
static void test_restart(void **state)
{
    struct rig *rig = *state;
    int bell = -1, done = -1;

    start(rig, &bell, &done);
    rig_fence(rig, 0, 1, false);
    ring_bell(rig, bell);
    turns(rig, 2);
    rig_respawn(rig);
    assert_int_equal(rig->link->eng.state, LINK_IDLE);
    rig->link->dev.start_stopped = 1;
    rig->link->dev.start_rptr = rig->wptr;
    rig->link->dev.start_fence = 1;
    rig->link->dev.wptr = 0; /* the CSR was never rung */
    rig_fence(rig, 0, 2, true);
    assert_int_equal(fx_write(rig->domid, WPTR, &rig->wptr, 4), 0);
    assert_int_equal(rig_command(rig, LINK_CMD_START), 0);
    assert_int_equal(fx_evtchn_wait(rig->domid, (evtchn_port_t)done, 1000), 0);
    assert_int_equal(rig->link->eng.state, LINK_STOPPED);
    turns(rig, 3);
    assert_true(rig->link->eng.fence == 1);
    rig_command(rig, LINK_CMD_RESUME);
    turns(rig, 2);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
    assert_true(rig->link->eng.fence == 2);
    assert_int_equal(rig->link->eng.rptr, rig->wptr);
    assert_int_equal(fx_evtchn_wait(rig->domid, (evtchn_port_t)done, 1000), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_by_device),         TEST(test_by_event),
        TEST(test_one_port_for_both), TEST(test_storm),
        TEST(test_bad_wptr_addr),     TEST(test_both_doorbells),
        TEST(test_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
