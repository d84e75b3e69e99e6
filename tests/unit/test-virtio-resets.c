/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a virtio-gpu is after a reset, and after the death of its engine or of
 * the device's process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "virtio-driver.h"

static struct host *const f = &drv.host;
static struct host_left left;

static void resets(void **state)
{
    (void)state;
    drv_use_msix();
    drv_drive();
    drv_wr(COMMON(msix_config), 2, 1);
    drv_status(0);
    assert_int_equal(drv_get_status(), 0);
    assert_int_equal(f->link->dev.cmd, LINK_CMD_STOP);
    assert_int_equal(f->kills, 0);
    assert_int_equal(drv_rd(COMMON(msix_config), 2), 0xffff);
    drv_wr(COMMON(queue_select), 2, 0);
    assert_int_equal(drv_rd(COMMON(queue_enable), 2), 0);
    assert_int_equal(drv_rd(COMMON(queue_size), 2), LINK_QUEUE_SIZE_MAX);
    assert_int_equal(drv_rd(COMMON(queue_desc_lo), 8), 0);
    drv_wr(COMMON(guest_feature_select), 4, 0);
    assert_int_equal(drv_rd(COMMON(guest_feature), 4), 0);
    assert_int_equal(drv_cfg_rd(PCI_CAP_MSIX + 2, 2), 0x8002);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(f->link->dev.restart, 0);
    assert_int_equal(f->runs, 1);

    /* One that does not stop is killed. */
    LINK_WRITE(f->deaf, true);
    drv_status(0);
    assert_int_equal(f->kills, 1);
    LINK_WRITE(f->deaf, false);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(f->runs, 2);

    /* FLR. */
    drv_cfg_wr(PCI_CAP_AF + 4, 1, 1);
    assert_int_equal(drv_cfg_rd(PCI_COMMAND, 2), 0);
    assert_int_equal(f->kills, 2);
    drv_program_bars();
    drv_find_structures();
    assert_int_equal(drv_get_status(), 0);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(drv_shown("virtio.needs_reset"), 0);
}

/* D3hot: nothing is decoded and nothing fetched. Back in D0 (there is no soft
 * reset) all is as it was, and what was added meanwhile is looked at. */
static void power_states(void **state)
{
    (void)state;
    drv_drive();
    assert_int_equal(f->link->dev.bus_master, 1);
    drv_cfg_wr(PCI_CAP_PM + 4, 2, 3);
    assert_int_equal(drv_cfg_rd(PCI_CAP_PM + 4, 2) & 3, 3);
    assert_int_equal(drv_rd(COMMON(device_status), 1), 0xff);
    assert_int_equal(f->link->dev.bus_master, 0);
    drv_cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_int_equal(f->link->dev.bus_master, 0);
    __atomic_store_n(&f->kicks, 0, __ATOMIC_RELEASE);
    drv_cfg_wr(PCI_CAP_PM + 4, 2, 0);
    drv_cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_int_equal(f->link->dev.bus_master, 1);
    assert_true(drv_await(drv_kicked));
    assert_int_equal(drv_get_status(), 15);
    drv_wr(COMMON(queue_select), 2, 0);
    assert_int_equal(drv_rd(COMMON(queue_enable), 2), 1);
    assert_int_equal(f->kills, 0);
    assert_int_equal(f->runs, 1);
}

static void engine_that_does_not_start(void **state)
{
    (void)state;
    LINK_WRITE(f->ack_status, XVGPU_FAULT_RING_BASE);
    drv_drive();
    assert_int_equal(drv_get_status(), 15 | 0x40);
    LINK_WRITE(f->ack_status, 0);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
}

static bool restarted(void)
{
    return LINK_READ(f->link->dev.restart) == 1 &&
           LINK_READ(f->link->eng.ack_seq) == LINK_READ(f->link->dev.cmd_seq);
}

/* The driver notices nothing but an interrupt for each queue. */
static void dead_engine_is_replaced(void **state)
{
    (void)state;
    drv_use_msix();
    drv_negotiate(drv_features());
    drv_queue(0, 64, 0x10000, 0x11000, 0x12000);
    drv_wr(COMMON(queue_msix_vector), 2, 1);
    drv_status(15);
    f->link->eng.jobs = 9;
    drv_done(0);
    drv_expect_msi(0x51);
    LINK_WRITE(f->running, false);
    host_engine_op(f, PROTO_ENGINE_DEAD, PROTO_DEATH_HUNG, 0);
    assert_true(drv_await(restarted));
    drv_expect_msi(0x51);
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(f->runs, 2);
    assert_int_equal(drv_shown("gfx.resets"), 1);
    assert_int_equal(drv_shown("gfx.jobs"), 9);
    /* The new one's first is not taken for the old one's. */
    drv_done(0);
    drv_expect_msi(0x51);
    /* None can be had. */
    LINK_WRITE(f->refuse_start, true);
    LINK_WRITE(f->running, false);
    drv_wr(COMMON(msix_config), 2, 0);
    host_engine_op(f, PROTO_ENGINE_DEAD, 0, 0);
    drv_expect_msi(0x50);
    assert_int_equal(drv_get_status(), 15 | 0x40);
    /* Also said by the ISR (4.1.4.5.1), without INTA#. */
    assert_false(drv_line_is_high());
    assert_false(drv_cfg_rd(PCI_STATUS, 2) & PCI_STATUS_INTX);
    drv_cfg_wr(PCI_CAP_MSIX + 2, 2, 0);
    assert_true(drv_line_is_high());
    drv_cfg_wr(PCI_CAP_MSIX + 2, 2, 0x8000);
    assert_false(drv_line_is_high());
    assert_int_equal(drv_rd(drv.isr, 1), 2);
    LINK_WRITE(f->refuse_start, false);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
}

/* Without a driver there is nothing to go on with. */
static void dead_idle_engine(void **state)
{
    (void)state;
    LINK_WRITE(f->running, false);
    host_engine_op(f, PROTO_ENGINE_DEAD, 0, 0);
    drv_drive();
    /* The device may not have heard of it: then it was killed instead. */
    if (drv_get_status() != 15)
        drv_drive();
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(f->link->dev.restart, 0);
}

static void reset_by_the_host(void **state)
{
    (void)state;
    drv_use_msix();
    drv_drive();
    assert_true(host_reset(f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(f->kills, 1);
    assert_int_equal(f->link->dev.restart, 1);
    assert_int_equal(drv_get_status(), 15);

    assert_true(host_reset(f, XVGPU_RESET_GUARD, true));
    assert_int_equal(drv_get_status(), 15 | 0x40);
    assert_int_equal(f->runs, 2);
    drv_drive();
    assert_int_equal(drv_get_status(), 15 | 0x40);
    assert_int_equal(drv_shown("virtio.fault_code"), XVGPU_FAULT_QUARANTINE);
    assert_int_equal(drv_shown("quarantine"), 1);
    /* Out of it, without a word from the driver. */
    assert_true(host_reset(f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(f->runs, 3);
    /* No process has had this driver's queues before. */
    assert_int_equal(f->link->dev.restart, 0);
    assert_true(host_reset(f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(f->link->dev.restart, 1);
}

/* A device process dies under a driver; its successor goes on. */
static void takeover(void **state)
{
    drv_use_msix();
    drv_negotiate(drv_features());
    drv_queue(0, 64, 0x10000, 0x11000, 0x12000);
    drv_wr(COMMON(queue_msix_vector), 2, 1);
    drv_status(15);
    assert_true(host_leave(f, &left));
    assert_int_equal(drv_teardown(state), 0);
    drv.config.left = &left;
    drv.config.features = 0; /* nobody is asked again */
    assert_true(host_begin(f, &drv.config) && host_up(f));
    assert_int_equal(f->runs, 0);
    assert_int_equal(drv_get_status(), 15);
    assert_true(drv_features() & 1u << VIRTIO_GPU_F_VIRGL);
    drv_wr(COMMON(queue_select), 2, 0);
    assert_int_equal(drv_rd(COMMON(queue_size), 2), 64);
    drv_done(0);
    drv_expect_msi(0x51);
    drv_status(0);
    assert_int_equal(drv_get_status(), 0);
}

/* It dies with the answer to a read of the ISR, which nobody gets: the next
 * one says as much, or more. */
static void takeover_with_intx(void **state)
{
    drv_drive();
    drv_done(1);
    assert_true(drv_await(drv_line_is_high));
    assert_int_equal(drv_rd(drv.isr, 1), 1);
    assert_false(drv_line_is_high());
    assert_true(host_leave(f, &left));
    assert_int_equal(drv_teardown(state), 0);
    drv.config.left = &left;
    assert_true(host_begin(f, &drv.config) && host_up(f));
    assert_true(drv_line_is_high());
    assert_int_equal(drv_rd(drv.isr, 1), 3);
}

/* ... and the engine with it, or before. */
static void takeover_without_engine(void **state)
{
    drv_drive();
    LINK_WRITE(f->running, false);
    assert_true(host_leave(f, &left));
    assert_int_equal(drv_teardown(state), 0);
    drv.config.left = &left;
    assert_true(host_begin(f, &drv.config) && host_up(f));
    assert_true(drv_await(restarted));
    assert_int_equal(drv_get_status(), 15);
}

/* Whatever it leaves. */
static void takeover_of_nonsense(void **state)
{
    struct virtio_state *v = (struct virtio_state *)left.state;

    drv_drive();
    assert_true(host_leave(f, &left));
    assert_int_equal(drv_teardown(state), 0);
    memset(v->queue, 0xff, sizeof(v->queue));
    v->queue_select = v->config_vector = v->status = v->isr = ~0u;
    v->renderer = v->scanouts = v->feature_select = ~0u;
    drv.config.left = &left;
    assert_true(host_begin(f, &drv.config) && host_up(f));
    assert_int_equal(drv_rd(COMMON(queue_enable), 2), 0);
    assert_int_equal(drv_shown("scanout1.width"), 0);
    drv_drive();
    assert_int_equal(f->link->dev.queue[1].size, 16);
    assert_int_equal(drv_get_status(), 15);
}

static int setup_refused(void **state)
{
    (void)state;
    drv_setup(state);
    if (drv_teardown(state))
        return -1;
    return host_begin(f, &drv.config) ? 0 : -1;
}

static void engine_that_can_not_be_had(void **state)
{
    (void)state;
    f->refuse_start = true;
    assert_false(host_up(f));
    assert_int_equal(f->in.msg.type, PROTO_DEVICE_READY);
    assert_int_equal(f->in.msg.u.ready.status, -EAGAIN);
}

static int teardown_refused(void **state)
{
    (void)state;
    host_end(f, false);
    fx_domain_kill(f->domid);
    return 0;
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, drv_setup, drv_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resets),
        TEST(power_states),
        TEST(engine_that_does_not_start),
        TEST(dead_engine_is_replaced),
        TEST(dead_idle_engine),
        TEST(reset_by_the_host),
        TEST(takeover),
        TEST(takeover_with_intx),
        TEST(takeover_without_engine),
        TEST(takeover_of_nonsense),
        cmocka_unit_test_setup_teardown(engine_that_can_not_be_had,
                                        setup_refused, teardown_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
