/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio-gpu device model: its registers, queues, interrupts, displays.
 * This test is driver, monitor and engine. */
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

static void identity(void **state)
{
    (void)state;
    assert_int_equal(drv_cfg_rd(0, 4), 0x10501af4);
    assert_int_equal(drv_cfg_rd(8, 4), 0x03800001);
    assert_int_equal(drv_cfg_rd(0x2c, 4), 0x11001af4);
    assert_int_equal(drv_cfg_rd(PCI_INTERRUPT_PIN, 1), 1);
    assert_int_equal(drv.multiplier, 4);
    /* Its BARs: 1 and 4. */
    drv_cfg_wr(PCI_COMMAND, 2, 0);
    drv_cfg_wr(PCI_BAR(4), 4, ~0u);
    assert_int_equal(drv_cfg_rd(PCI_BAR(4), 4), 0xffffc00c);
    assert_int_equal(drv_cfg_rd(PCI_BAR(0), 4), 0);
    assert_int_equal(drv_cfg_rd(PCI_BAR(2), 4), 0);
    assert_int_equal(drv_cfg_rd(PCI_CAP_MSIX + 2, 2), 2); /* 3 vectors */
    assert_int_equal(drv_cfg_rd(PCI_CAP_MSIX + 4, 4), 1); /* in BAR 1 */
}

static void features_are_negotiated(void **state)
{
    const uint64_t all = drv_features();

    (void)state;
    /* What the renderer has, and of that what there is. */
    assert_true(all ==
                (1ull << VIRTIO_F_VERSION_1 |
                 1ull << VIRTIO_RING_F_INDIRECT_DESC |
                 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_GPU_F_VIRGL |
                 1ull << VIRTIO_GPU_F_EDID));
    drv_wr(COMMON(device_feature_select), 4, 2);
    assert_int_equal(drv_rd(COMMON(device_feature), 4), 0);
    drv_wr(COMMON(device_feature_select), 4, ~0u);
    assert_int_equal(drv_rd(COMMON(device_feature), 4), 0);

    drv_negotiate(all & ~(1ull << VIRTIO_F_VERSION_1)); /* legacy: no */
    assert_int_equal(drv_get_status(), 3);
    drv_negotiate(all | 1ull << VIRTIO_GPU_F_RESOURCE_UUID); /* not offered */
    assert_int_equal(drv_get_status(), 3);
    drv_negotiate(all | 1ull << VIRTIO_F_ACCESS_PLATFORM);
    assert_int_equal(drv_get_status(), 3);
    drv_negotiate(all);
    assert_int_equal(drv_get_status(), 11);
    /* Fixed from now on. */
    drv_accept(1ull << VIRTIO_F_VERSION_1);
    drv_wr(COMMON(guest_feature_select), 4, 0);
    assert_int_equal(drv_rd(COMMON(guest_feature), 4), (uint32_t)all);
    /* Bits are set, not cleared. */
    drv_status(1);
    assert_int_equal(drv_get_status(), 11);
    drv_status(0x20 | 11);
    assert_int_equal(drv_get_status(), 11);
}

static void configuration_is_read(void **state)
{
    (void)state;
    assert_int_equal(drv_rd(drv.device + 0, 4), 0);
    assert_int_equal(drv_rd(drv.device + 8, 4), 2);
    assert_int_equal(drv_rd(drv.device + 12, 4), 2);
    assert_int_equal(drv_rd(COMMON(num_queues), 2), 2);
    assert_int_equal(drv_rd(COMMON(config_generation), 1), 0);
    drv_wr(COMMON(queue_select), 2, 1);
    assert_int_equal(drv_rd(COMMON(queue_notify_off), 2), 1);
    assert_int_equal(drv_rd(COMMON(queue_size), 2), LINK_QUEUE_SIZE_MAX);
    /* Widths of fields only (4.1.3.1); all else is ones, and is counted. */
    assert_int_equal(drv_shown("bad_access"), 0);
    assert_int_equal(drv_rd(COMMON(queue_size), 4), ~0u);
    assert_int_equal(drv_rd(COMMON(queue_size) + 1, 1), 0xff);
    assert_int_equal(drv_rd(drv.common + 0x38, 4), ~0u);
    assert_int_equal(drv_rd(drv.device + 16, 4), ~0u);
    assert_int_equal(drv_rd(drv.notify, 2), 0xffff);
    assert_int_equal(drv_rd(BAR4 + VIRTIO_BAR_SIZE - 8, 4), ~0u);
    drv_wr(COMMON(num_queues), 2, 9);
    drv_wr(drv.isr, 1, 0);
    assert_int_equal(drv_shown("bad_access"), 8);
}

static void queues_are_set_up(void **state)
{
    (void)state;
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
    assert_int_equal(f->runs, 1); /* before the guest could look */
    assert_int_equal(f->link->dev.cmd, LINK_CMD_START);
    assert_int_equal(f->link->dev.restart, 0);
    assert_true(f->link->dev.features == drv_features());
    assert_int_equal(f->link->dev.queue[0].size, 64);
    assert_true(f->link->dev.queue[0].desc == 0x10000);
    assert_true(f->link->dev.queue[0].driver == 0x11000);
    assert_true(f->link->dev.queue[0].device == 0x112345000);
    assert_int_equal(f->link->dev.queue[0].enabled, 1);
    assert_int_equal(f->link->dev.queue[1].size, 16);
    assert_int_equal(f->link->dev.bus_master, 1);
    assert_int_equal(f->link->dev.nr_scanouts, 2);
    assert_int_equal(f->link->dev.display[1].width, 1280);
    assert_int_equal(f->link->dev.display[1].enabled, 1);
    assert_int_equal(f->link->dev.display[2].enabled, 0);
    /* What runs does not change. */
    drv_wr(COMMON(queue_select), 2, 0);
    drv_wr(COMMON(queue_size), 2, 32);
    assert_int_equal(drv_rd(COMMON(queue_size), 2), 64);
    /* DRIVER_OK once more is nothing new. */
    drv_status(15);
    assert_int_equal(f->link->dev.cmd_seq, 1);
}

static void hostile_queues(void **state)
{
    static const struct {
        uint32_t size;
        uint64_t desc, avail, used;
        bool enabled;
    } rows[] = {
        {64, 0x1000, 0x2000, 0x3000, true},
        {1, ~0ull << 4, ~0ull << 1, ~0ull << 2, true},
        {64, 0x1008, 0x2000, 0x3000, false},
        {64, 0x1000, 0x2001, 0x3000, false},
        {64, 0x1000, 0x2000, 0x3002, false},
    };
    static const uint32_t sizes[] = {0, 3, 63, 512, 0x8000, 0xffff};
    unsigned int i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        drv_negotiate(drv_features());
        drv_queue(0, rows[i].size, rows[i].desc, rows[i].avail, rows[i].used);
        assert_int_equal(drv_rd(COMMON(queue_enable), 2), rows[i].enabled);
    }
    drv_negotiate(drv_features());
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        drv_wr(COMMON(queue_size), 2, sizes[i]);
        assert_int_equal(drv_rd(COMMON(queue_size), 2), LINK_QUEUE_SIZE_MAX);
    }
    drv_wr(COMMON(queue_enable), 2, 2);
    assert_int_equal(drv_rd(COMMON(queue_enable), 2), 0);
    /* Queues that there are none of. */
    drv_wr(COMMON(queue_select), 2, 2);
    assert_int_equal(drv_rd(COMMON(queue_size), 2), 0);
    assert_int_equal(drv_rd(COMMON(queue_msix_vector), 2), 0xffff);
    drv_queue(0xffff, 64, 0x1000, 0x2000, 0x3000);
    assert_int_equal(drv_rd(COMMON(queue_enable), 2), 0);
    assert_int_equal(drv_rd(COMMON(queue_desc_lo), 8), 0);
    /* Before the features are settled. */
    drv_status(0);
    drv_status(3);
    drv_queue(0, 64, 0x1000, 0x2000, 0x3000);
    assert_int_equal(drv_rd(COMMON(queue_enable), 2), 0);
    drv_status(7);
    assert_int_equal(drv_get_status(), 3);
    assert_int_equal(f->link->dev.cmd, LINK_CMD_NONE);
    /* Whole, it is an address as well. */
    drv_wr(COMMON(queue_desc_lo), 8, 0x123456789a0ull);
    assert_true(drv_rd(COMMON(queue_desc_lo), 8) == 0x123456789a0ull);
    assert_int_equal(drv_rd(COMMON(queue_desc_hi), 4), 0x123);
}

static void notifications_kick(void **state)
{
    (void)state;
    drv_wr(drv.notify, 2, 0);
    drv_drive();
    __atomic_store_n(&f->kicks, 0, __ATOMIC_RELEASE);
    drv_wr(drv.notify + 1 * drv.multiplier, 2, 1);
    assert_true(drv_await(drv_kicked));
    drv_wr(drv.notify + 2 * drv.multiplier, 2, 2); /* nothing is there */
    assert_int_equal(drv_shown("virtio.notifications"), 2);
    assert_int_equal(drv_shown("bad_access"), 1);
}

static void interrupts_by_msix(void **state)
{
    (void)state;
    drv_use_msix();
    drv_negotiate(drv_features());
    drv_wr(COMMON(msix_config), 2, 0);
    assert_int_equal(drv_rd(COMMON(msix_config), 2), 0);
    drv_wr(COMMON(msix_config), 2, 3);
    assert_int_equal(drv_rd(COMMON(msix_config), 2), 0xffff);
    drv_wr(COMMON(msix_config), 2, 0);
    drv_queue(0, 64, 0x10000, 0x11000, 0x12000);
    drv_wr(COMMON(queue_msix_vector), 2, 1);
    drv_queue(1, 64, 0x20000, 0x21000, 0x22000);
    drv_wr(COMMON(queue_msix_vector), 2, 0x8000);
    assert_int_equal(drv_rd(COMMON(queue_msix_vector), 2), 0xffff);
    drv_wr(COMMON(queue_msix_vector), 2, 2);
    drv_status(15);
    drv_done(0);
    drv_expect_msi(0x51);
    drv_done(1);
    drv_expect_msi(0x52);
    assert_int_equal(drv_rd(drv.isr, 1), 0);
    /* Masked it is pending. */
    drv_wr(BAR1 + 16 + 8, 8, 0x51 | 1ull << 32);
    drv_done(0);
    drv_done(1);
    drv_expect_msi(0x52);
    assert_int_equal(drv_rd(BAR1 + VIRTIO_MSIX_PBA, 8), 2);
    drv_wr(BAR1 + 16 + 8, 8, 0x51);
    drv_expect_msi(0x51);
    /* A fault: the configuration's. */
    f->link->eng.fault_code = XVGPU_FAULT_ADDRESS;
    LINK_WRITE_REL(f->link->eng.fault_count, 1);
    host_event(f);
    drv_expect_msi(0x50);
    assert_int_equal(drv_get_status(), 15 | 0x40);
    assert_int_equal(drv_rd(COMMON(config_generation), 1), 1);
    assert_int_equal(drv_shown("virtio.fault_code"), XVGPU_FAULT_ADDRESS);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
}

static void interrupts_by_line(void **state)
{
    (void)state;
    drv_drive();
    assert_false(drv_line_is_high());
    drv_done(0);
    assert_true(drv_await(drv_line_is_high));
    assert_int_equal(drv_rd(drv.isr, 1), 1);
    assert_false(drv_line_is_high());
    assert_int_equal(drv_rd(drv.isr, 1), 0);
    LINK_WRITE_REL(f->link->eng.fault_count, 1);
    host_event(f);
    assert_true(drv_await(drv_line_is_high));
    assert_int_equal(drv_rd(drv.isr, 1), 2);
    assert_false(drv_line_is_high());
    /* The reset lowers it. */
    drv_done(0);
    assert_true(drv_await(drv_line_is_high));
    drv_status(0);
    assert_false(drv_line_is_high());
    assert_int_equal(drv_rd(drv.isr, 1), 0);
}

static void pictures(void **state)
{
    struct scanout *head = scanout_head(f->scanouts, 1);
    uint32_t got;

    (void)state;
    head->width = 100;
    head->height = 50;
    head->flushes = 7;
    scanout_pixels(f->scanouts, 1)[100 * 49 + 99] = 0x123456;
    drv_ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f->reply.msg.u.reply.status, -ENODATA); /* no driver */
    drv_drive();
    drv_ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f->reply.msg.u.reply.status, 0);
    assert_int_equal(f->reply.msg.u.reply.width, 100);
    assert_int_equal(f->reply.msg.u.reply.height, 50);
    assert_int_equal(f->reply.msg.u.reply.format, XVGPU_FORMAT_XRGB8888);
    assert_int_equal(f->reply.nr_fds, 1);
    assert_int_equal(pread(f->reply.fds[0], &got, 4, 4 * (100 * 49 + 99)), 4);
    assert_int_equal(got, 0x123456);
    proto_close_fds(&f->reply);
    /* The same size from the midst of a larger surface. */
    head->frame = 2;
    head->at = 640 * 10 + 20;
    head->line = 640;
    scanout_frame(f->scanouts, 1)[640 * 10 + 20] = 0x654321;
    scanout_frame(f->scanouts, 1)[640 * 59 + 119] = 0x777777;
    drv_ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f->reply.msg.u.reply.status, 0);
    assert_int_equal(pread(f->reply.fds[0], &got, 4, 0), 4);
    assert_int_equal(got, 0x654321);
    assert_int_equal(pread(f->reply.fds[0], &got, 4, 4 * (100 * 49 + 99)), 4);
    assert_int_equal(got, 0x777777);
    proto_close_fds(&f->reply);
    head->frame = SCANOUT_FRAMES + 1;
    drv_ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f->reply.msg.u.reply.status, -ENODATA);
    head->frame = 0;
    drv_ask(PROTO_QUERY_SCREENSHOT, 0);
    assert_int_equal(f->reply.msg.u.reply.status, -ENODATA);
    drv_ask(PROTO_QUERY_SCREENSHOT, 2);
    assert_int_equal(f->reply.msg.u.reply.status, -ENODATA);
    head->width = SCANOUT_WIDTH_MAX + 1;
    drv_ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f->reply.msg.u.reply.status, -ENODATA);
    head->width = 100;
    assert_int_equal(drv_shown("scanout1.flushes"), 7);
    drv_ask(PROTO_QUERY_REGS, 0);
    assert_non_null(strstr(f->reply.text, "0x0014 1 device_status 0x0f\n"));
    assert_non_null(strstr(f->reply.text, " 8 CONTROL.queue_desc 0x"));
}

static void resize(uint32_t scanout, uint32_t width, uint32_t height)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_DISPLAY_RESIZE,
        .u.display_size = {.scanout = scanout,
                           .width = width,
                           .height = height},
    };

    assert_int_equal(proto_send(f->sock, &msg, NULL, 0, NULL, 0), 0);
}

static void displays_are_resized(void **state)
{
    (void)state;
    drv_use_msix();
    drv_negotiate(drv_features());
    drv_wr(COMMON(msix_config), 2, 0);
    drv_queue(0, 64, 0x10000, 0x11000, 0x12000);
    drv_status(15);
    resize(1, 1920, 1080);
    drv_expect_msi(0x50);
    assert_int_equal(drv_rd(drv.device, 4), VIRTIO_GPU_EVENT_DISPLAY);
    assert_int_equal(drv_rd(COMMON(config_generation), 1), 1);
    assert_int_equal(f->link->dev.display[1].width, 1920);
    assert_int_equal(f->link->dev.display[1].height, 1080);
    assert_int_equal(f->link->dev.display[0].width, 1280);
    assert_int_equal(f->link->dev.display_seq, 1);
    drv_wr(drv.device + 4, 4, 2);
    assert_int_equal(drv_rd(drv.device, 4), VIRTIO_GPU_EVENT_DISPLAY);
    drv_wr(drv.device + 4, 4, VIRTIO_GPU_EVENT_DISPLAY);
    assert_int_equal(drv_rd(drv.device, 4), 0);
    /* Nothing new, and nonsense. */
    resize(1, 1920, 1080);
    resize(2, 640, 480);
    resize(0, 0, 480);
    resize(0, SCANOUT_WIDTH_MAX + 1, 480);
    resize(0, 640, SCANOUT_HEIGHT_MAX + 1);
    assert_int_equal(drv_shown("quarantine"), 0); /* they are all through */
    assert_int_equal(drv_rd(drv.device, 4), 0);
    assert_int_equal(f->link->dev.display_seq, 1);
    /* It stays over resets. */
    drv_drive();
    assert_int_equal(f->link->dev.display[1].width, 1920);
}

/* The window of config space (4.1.4.9). */
static void config_window(void **state)
{
    const unsigned int data = drv.window + 16;

    (void)state;
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_BAR, 1, 4);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_OFFSET, 4, 0x12);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_LENGTH, 4, 2);
    assert_int_equal(drv_cfg_rd(data, 2), 2); /* num_queues */
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_OFFSET, 4, 0x14);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_LENGTH, 4, 1);
    drv_cfg_wr(data, 1, 3);
    assert_int_equal(drv_get_status(), 3);
    drv_cfg_wr(data, 1, 0); /* also what takes its time */
    assert_int_equal(drv_get_status(), 0);
    /* Nonsense. */
    assert_int_equal(drv_cfg_rd(data, 4), ~0u);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_LENGTH, 4, 4);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_OFFSET, 4, 0x3fff);
    assert_int_equal(drv_cfg_rd(data, 4), ~0u);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_OFFSET, 4, 0xfffffffc);
    assert_int_equal(drv_cfg_rd(data, 4), ~0u);
    drv_cfg_wr(drv.window + VIRTIO_PCI_CAP_BAR, 1, 9);
    drv_cfg_wr(data, 4, 1);
    assert_int_equal(drv_cfg_rd(data, 4), ~0u);
    /* The capability itself is not to be written. */
    drv_cfg_wr(drv.window, 4, ~0u);
    assert_int_equal(drv_cfg_rd(drv.window, 1), 0x09);
    drv_find_structures();
}

/* Without a renderer, of a PVH domain. */
static void plain(void **state)
{
    assert_int_equal(drv_teardown(state), 0);
    drv.config.features = 1u << VIRTIO_GPU_F_EDID;
    drv.config.pvh = true;
    assert_int_equal(drv_up(), 0);
    assert_int_equal(drv_cfg_rd(PCI_INTERRUPT_PIN, 1), 0);
    assert_int_equal(drv_rd(drv.device + 12, 4), 0); /* capsets: of what? */
    assert_int_equal(drv_features() & 0xff, 1u << VIRTIO_GPU_F_EDID);
    drv_negotiate(drv_features() | 1u << VIRTIO_GPU_F_VIRGL);
    assert_int_equal(drv_get_status(), 3);
    drv_drive();
    assert_int_equal(drv_get_status(), 15);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, drv_setup, drv_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(identity),
        TEST(features_are_negotiated),
        TEST(configuration_is_read),
        TEST(queues_are_set_up),
        TEST(hostile_queues),
        TEST(notifications_kick),
        TEST(interrupts_by_msix),
        TEST(interrupts_by_line),
        TEST(pictures),
        TEST(displays_are_resized),
        TEST(config_window),
        TEST(plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
