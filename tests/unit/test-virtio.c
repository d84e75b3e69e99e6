/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio-gpu device model, with this test as driver, monitor and engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device-host.h"
#include "dm/device/virtio.h"

#define DEVFN 0x80
#define RAM (64ull << 20)
#define BAR1 0xf0010000ull
#define BAR4 0x800000000ull

#define COMMON(field) (common + offsetof(struct virtio_pci_common_cfg, field))

static struct host f;
static struct host_left left;
static struct host_config config;
/* As the driver has found them. */
static uint64_t common, isr, device, notify_at;
static uint32_t multiplier, window;

/* ---- As a driver does it ----------------------------------------------- */

static void wr(uint64_t at, unsigned int size, uint64_t v)
{
    assert_int_equal(fx_mmio_write(f.domid, 0, at, size, v), 0);
}

static uint64_t rd(uint64_t at, unsigned int size)
{
    uint64_t v = 0;

    assert_int_equal(fx_mmio_read(f.domid, 0, at, size, &v), 0);
    return size == 8 ? v : v & ((1ull << (8 * size)) - 1);
}

static uint32_t cfg_rd(unsigned int off, unsigned int size)
{
    uint32_t v = 0;

    assert_int_equal(fx_pci_cfg_read(f.domid, 0, DEVFN, off, size, &v), 0);
    return size == 4 ? v : v & ((1u << (8 * size)) - 1);
}

static void cfg_wr(unsigned int off, unsigned int size, uint32_t v)
{
    assert_int_equal(fx_pci_cfg_write(f.domid, 0, DEVFN, off, size, v), 0);
}

static void program_bars(void)
{
    cfg_wr(PCI_BAR(1), 4, (uint32_t)BAR1);
    cfg_wr(PCI_BAR(4), 4, (uint32_t)BAR4);
    cfg_wr(PCI_BAR(5), 4, (uint32_t)(BAR4 >> 32));
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Walk the list as virtio_pci_modern_dev.c does. */
static void find_structures(void)
{
    unsigned int at, type, nr = 0;
    uint64_t *to[] = {[VIRTIO_PCI_CAP_COMMON_CFG] = &common,
                      [VIRTIO_PCI_CAP_NOTIFY_CFG] = &notify_at,
                      [VIRTIO_PCI_CAP_ISR_CFG] = &isr,
                      [VIRTIO_PCI_CAP_DEVICE_CFG] = &device};
    static const uint32_t least[] = {[VIRTIO_PCI_CAP_COMMON_CFG] = 56,
                                     [VIRTIO_PCI_CAP_NOTIFY_CFG] = 8,
                                     [VIRTIO_PCI_CAP_ISR_CFG] = 1,
                                     [VIRTIO_PCI_CAP_DEVICE_CFG] = 16};

    common = isr = device = notify_at = 0;
    window = 0;
    for (at = cfg_rd(0x34, 1); at; at = cfg_rd(at + 1, 1)) {
        assert_true(++nr < 16);
        if (cfg_rd(at, 1) != 0x09)
            continue;
        type = cfg_rd(at + VIRTIO_PCI_CAP_CFG_TYPE, 1);
        if (type == VIRTIO_PCI_CAP_PCI_CFG) {
            assert_int_equal(cfg_rd(at + VIRTIO_PCI_CAP_LEN, 1), 20);
            window = at;
            continue;
        }
        assert_in_range(type, 1, 4);
        assert_int_equal(cfg_rd(at + VIRTIO_PCI_CAP_BAR, 1), 4);
        assert_true(cfg_rd(at + VIRTIO_PCI_CAP_LENGTH, 4) >= least[type]);
        *to[type] = BAR4 + cfg_rd(at + VIRTIO_PCI_CAP_OFFSET, 4);
        if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
            multiplier = cfg_rd(at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
    }
    assert_true(common && isr && device && notify_at && window);
}

static uint64_t features(void)
{
    uint64_t v;

    wr(COMMON(device_feature_select), 4, 0);
    v = rd(COMMON(device_feature), 4);
    wr(COMMON(device_feature_select), 4, 1);
    return v | rd(COMMON(device_feature), 4) << 32;
}

static void accept(uint64_t v)
{
    wr(COMMON(guest_feature_select), 4, 0);
    wr(COMMON(guest_feature), 4, (uint32_t)v);
    wr(COMMON(guest_feature_select), 4, 1);
    wr(COMMON(guest_feature), 4, v >> 32);
}

static void status(uint32_t v)
{
    wr(COMMON(device_status), 1, v);
}

static uint32_t get_status(void)
{
    return (uint32_t)rd(COMMON(device_status), 1);
}

static void queue(unsigned int n, uint32_t size, uint64_t desc, uint64_t avail,
                  uint64_t used)
{
    wr(COMMON(queue_select), 2, n);
    wr(COMMON(queue_size), 2, size);
    wr(COMMON(queue_desc_lo), 4, (uint32_t)desc);
    wr(COMMON(queue_desc_hi), 4, desc >> 32);
    wr(COMMON(queue_avail_lo), 4, (uint32_t)avail);
    wr(COMMON(queue_avail_hi), 4, avail >> 32);
    wr(COMMON(queue_used_lo), 4, (uint32_t)used);
    wr(COMMON(queue_used_hi), 4, used >> 32);
    wr(COMMON(queue_enable), 2, 1);
}

static void negotiate(uint64_t f_)
{
    status(0);
    assert_int_equal(get_status(), 0);
    status(1);
    status(3);
    accept(f_);
    status(11);
}

static void drive(void)
{
    negotiate(features());
    assert_int_equal(get_status(), 11);
    queue(0, 64, 0x10000, 0x11000, 0x112345000);
    queue(1, 16, 0x20000, 0x21000, 0x22000);
    status(15);
}

static void msix(unsigned int n, uint32_t data)
{
    wr(BAR1 + 16 * n, 8, 0xfee00000);
    wr(BAR1 + 16 * n + 8, 8, data);
}

static void use_msix(void)
{
    unsigned int n;

    cfg_wr(PCI_CAP_MSIX + 2, 2, 0x8000);
    for (n = 0; n < 3; n++)
        msix(n, 0x50 + n);
}

static void expect_msi(uint32_t want)
{
    uint32_t data;
    uint64_t addr;

    assert_true(fx_msi_wait(f.domid, &addr, &data, 20000) >= 0);
    assert_int_equal(data, want);
}

static bool await(bool (*what)(void))
{
    unsigned int i;

    for (i = 0; i < 20000 && !what(); i++)
        usleep(1000);
    return what();
}

static void ask(uint32_t what, uint32_t scanout)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_QUERY,
        .u.query = {.tag = 42, .query = what, .scanout = scanout},
    };
    unsigned int i;

    __atomic_store_n(&f.replied, false, __ATOMIC_RELEASE);
    assert_int_equal(proto_send(f.sock, &msg, NULL, 0, NULL, 0), 0);
    for (i = 0; i < 20000 && !__atomic_load_n(&f.replied, __ATOMIC_ACQUIRE);
         i++)
        usleep(1000);
    assert_true(f.replied);
}

static unsigned long shown(const char *name)
{
    char line[64];
    const char *at;

    ask(PROTO_QUERY_SHOW, 0);
    snprintf(line, sizeof(line), "\n%s ", name);
    at = strstr(f.reply.text, line);
    assert_non_null(at);
    return strtoul(at + strlen(line), NULL, 0);
}

/* ---- Set-up ------------------------------------------------------------ */

static int up(void)
{
    if (!host_begin(&f, &config) || !host_up(&f))
        return -1;
    program_bars();
    find_structures();
    return 0;
}

static int setup(void **state)
{
    (void)state;
    config = (struct host_config){
        .ram = RAM,
        .devfn = DEVFN,
        .log_level = LOG_ERROR,
        .virtio = true,
        .features = 1u << VIRTIO_GPU_F_VIRGL | 1u << VIRTIO_GPU_F_EDID |
                    1u << VIRTIO_GPU_F_RESOURCE_UUID | 1u << 31,
        .capsets = 2,
        .scanouts = 2,
    };
    log_init("test-virtio", LOG_ERROR);
    return up();
}

static int teardown(void **state)
{
    (void)state;
    if (host_end(&f, true) || fx_servers(f.domid) ||
        fx_foreign_mappings(f.domid) || fx_dom0_ports() || fx_open_handles())
        return -1;
    fx_domain_kill(f.domid);
    return 0;
}

/* ---- Tests ------------------------------------------------------------- */

static void identity(void **state)
{
    (void)state;
    assert_int_equal(cfg_rd(0, 4), 0x10501af4);
    assert_int_equal(cfg_rd(8, 4), 0x03800001);
    assert_int_equal(cfg_rd(0x2c, 4), 0x11001af4);
    assert_int_equal(cfg_rd(PCI_INTERRUPT_PIN, 1), 1);
    assert_int_equal(multiplier, 4);
    /* Its BARs: 1 and 4. */
    cfg_wr(PCI_COMMAND, 2, 0);
    cfg_wr(PCI_BAR(4), 4, ~0u);
    assert_int_equal(cfg_rd(PCI_BAR(4), 4), 0xffffc00c);
    assert_int_equal(cfg_rd(PCI_BAR(0), 4), 0);
    assert_int_equal(cfg_rd(PCI_BAR(2), 4), 0);
    assert_int_equal(cfg_rd(PCI_CAP_MSIX + 2, 2), 2); /* 3 vectors */
    assert_int_equal(cfg_rd(PCI_CAP_MSIX + 4, 4), 1); /* in BAR 1 */
}

static void features_are_negotiated(void **state)
{
    const uint64_t all = features();

    (void)state;
    /* What the renderer has, and of that what there is. */
    assert_true(all ==
                (1ull << VIRTIO_F_VERSION_1 |
                 1ull << VIRTIO_RING_F_INDIRECT_DESC |
                 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_GPU_F_VIRGL |
                 1ull << VIRTIO_GPU_F_EDID));
    wr(COMMON(device_feature_select), 4, 2);
    assert_int_equal(rd(COMMON(device_feature), 4), 0);
    wr(COMMON(device_feature_select), 4, ~0u);
    assert_int_equal(rd(COMMON(device_feature), 4), 0);

    negotiate(all & ~(1ull << VIRTIO_F_VERSION_1)); /* legacy: no */
    assert_int_equal(get_status(), 3);
    negotiate(all | 1ull << VIRTIO_GPU_F_RESOURCE_UUID); /* not offered */
    assert_int_equal(get_status(), 3);
    negotiate(all | 1ull << VIRTIO_F_ACCESS_PLATFORM);
    assert_int_equal(get_status(), 3);
    negotiate(all);
    assert_int_equal(get_status(), 11);
    /* Fixed from now on. */
    accept(1ull << VIRTIO_F_VERSION_1);
    wr(COMMON(guest_feature_select), 4, 0);
    assert_int_equal(rd(COMMON(guest_feature), 4), (uint32_t)all);
    /* Bits are set, not cleared. */
    status(1);
    assert_int_equal(get_status(), 11);
    status(0x20 | 11);
    assert_int_equal(get_status(), 11);
}

static void configuration_is_read(void **state)
{
    (void)state;
    assert_int_equal(rd(device + 0, 4), 0);
    assert_int_equal(rd(device + 8, 4), 2);
    assert_int_equal(rd(device + 12, 4), 2);
    assert_int_equal(rd(COMMON(num_queues), 2), 2);
    assert_int_equal(rd(COMMON(config_generation), 1), 0);
    wr(COMMON(queue_select), 2, 1);
    assert_int_equal(rd(COMMON(queue_notify_off), 2), 1);
    assert_int_equal(rd(COMMON(queue_size), 2), LINK_QUEUE_SIZE_MAX);
    /* Widths of fields only (4.1.3.1); all else is ones, and is counted. */
    assert_int_equal(shown("bad_access"), 0);
    assert_int_equal(rd(COMMON(queue_size), 4), ~0u);
    assert_int_equal(rd(COMMON(queue_size) + 1, 1), 0xff);
    assert_int_equal(rd(common + 0x38, 4), ~0u);
    assert_int_equal(rd(device + 16, 4), ~0u);
    assert_int_equal(rd(notify_at, 2), 0xffff);
    assert_int_equal(rd(BAR4 + VIRTIO_BAR_SIZE - 8, 4), ~0u);
    wr(COMMON(num_queues), 2, 9);
    wr(isr, 1, 0);
    assert_int_equal(shown("bad_access"), 8);
}

static void queues_are_set_up(void **state)
{
    (void)state;
    drive();
    assert_int_equal(get_status(), 15);
    assert_int_equal(f.runs, 1); /* before the guest could look */
    assert_int_equal(f.link->dev.cmd, LINK_CMD_START);
    assert_int_equal(f.link->dev.restart, 0);
    assert_true(f.link->dev.features == features());
    assert_int_equal(f.link->dev.queue[0].size, 64);
    assert_true(f.link->dev.queue[0].desc == 0x10000);
    assert_true(f.link->dev.queue[0].driver == 0x11000);
    assert_true(f.link->dev.queue[0].device == 0x112345000);
    assert_int_equal(f.link->dev.queue[0].enabled, 1);
    assert_int_equal(f.link->dev.queue[1].size, 16);
    assert_int_equal(f.link->dev.bus_master, 1);
    assert_int_equal(f.link->dev.nr_scanouts, 2);
    assert_int_equal(f.link->dev.display[1].width, 1280);
    assert_int_equal(f.link->dev.display[1].enabled, 1);
    assert_int_equal(f.link->dev.display[2].enabled, 0);
    /* What runs does not change. */
    wr(COMMON(queue_select), 2, 0);
    wr(COMMON(queue_size), 2, 32);
    assert_int_equal(rd(COMMON(queue_size), 2), 64);
    /* DRIVER_OK once more is nothing new. */
    status(15);
    assert_int_equal(f.link->dev.cmd_seq, 1);
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
        negotiate(features());
        queue(0, rows[i].size, rows[i].desc, rows[i].avail, rows[i].used);
        assert_int_equal(rd(COMMON(queue_enable), 2), rows[i].enabled);
    }
    negotiate(features());
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        wr(COMMON(queue_size), 2, sizes[i]);
        assert_int_equal(rd(COMMON(queue_size), 2), LINK_QUEUE_SIZE_MAX);
    }
    wr(COMMON(queue_enable), 2, 2);
    assert_int_equal(rd(COMMON(queue_enable), 2), 0);
    /* Queues that there are none of. */
    wr(COMMON(queue_select), 2, 2);
    assert_int_equal(rd(COMMON(queue_size), 2), 0);
    assert_int_equal(rd(COMMON(queue_msix_vector), 2), 0xffff);
    queue(0xffff, 64, 0x1000, 0x2000, 0x3000);
    assert_int_equal(rd(COMMON(queue_enable), 2), 0);
    assert_int_equal(rd(COMMON(queue_desc_lo), 8), 0);
    /* Before the features are settled. */
    status(0);
    status(3);
    queue(0, 64, 0x1000, 0x2000, 0x3000);
    assert_int_equal(rd(COMMON(queue_enable), 2), 0);
    status(7);
    assert_int_equal(get_status(), 3);
    assert_int_equal(f.link->dev.cmd, LINK_CMD_NONE);
    /* Whole, it is an address as well. */
    wr(COMMON(queue_desc_lo), 8, 0x123456789a0ull);
    assert_true(rd(COMMON(queue_desc_lo), 8) == 0x123456789a0ull);
    assert_int_equal(rd(COMMON(queue_desc_hi), 4), 0x123);
}

static bool kicked(void)
{
    return __atomic_load_n(&f.kicks, __ATOMIC_ACQUIRE) != 0;
}

static void notifications_kick(void **state)
{
    (void)state;
    wr(notify_at, 2, 0);
    drive();
    __atomic_store_n(&f.kicks, 0, __ATOMIC_RELEASE);
    wr(notify_at + 1 * multiplier, 2, 1);
    assert_true(await(kicked));
    wr(notify_at + 2 * multiplier, 2, 2); /* nothing is there */
    assert_int_equal(shown("virtio.notifications"), 2);
    assert_int_equal(shown("bad_access"), 1);
}

static void done(unsigned int q)
{
    LINK_WRITE_REL(f.link->eng.queue_done[q], f.link->eng.queue_done[q] + 1);
    host_event(&f);
}

static void interrupts_by_msix(void **state)
{
    (void)state;
    use_msix();
    negotiate(features());
    wr(COMMON(msix_config), 2, 0);
    assert_int_equal(rd(COMMON(msix_config), 2), 0);
    wr(COMMON(msix_config), 2, 3);
    assert_int_equal(rd(COMMON(msix_config), 2), 0xffff);
    wr(COMMON(msix_config), 2, 0);
    queue(0, 64, 0x10000, 0x11000, 0x12000);
    wr(COMMON(queue_msix_vector), 2, 1);
    queue(1, 64, 0x20000, 0x21000, 0x22000);
    wr(COMMON(queue_msix_vector), 2, 0x8000);
    assert_int_equal(rd(COMMON(queue_msix_vector), 2), 0xffff);
    wr(COMMON(queue_msix_vector), 2, 2);
    status(15);
    done(0);
    expect_msi(0x51);
    done(1);
    expect_msi(0x52);
    assert_int_equal(rd(isr, 1), 0);
    /* Masked it is pending. */
    wr(BAR1 + 16 + 8, 8, 0x51 | 1ull << 32);
    done(0);
    done(1);
    expect_msi(0x52);
    assert_int_equal(rd(BAR1 + VIRTIO_MSIX_PBA, 8), 2);
    wr(BAR1 + 16 + 8, 8, 0x51);
    expect_msi(0x51);
    /* A fault: the configuration's. */
    f.link->eng.fault_code = XVGPU_FAULT_ADDRESS;
    LINK_WRITE_REL(f.link->eng.fault_count, 1);
    host_event(&f);
    expect_msi(0x50);
    assert_int_equal(get_status(), 15 | 0x40);
    assert_int_equal(rd(COMMON(config_generation), 1), 1);
    assert_int_equal(shown("virtio.fault_code"), XVGPU_FAULT_ADDRESS);
    drive();
    assert_int_equal(get_status(), 15);
}

static bool line_high(void)
{
    return fx_intx_level(f.domid, DEVFN >> 3, 0) == 1;
}

static void interrupts_by_line(void **state)
{
    (void)state;
    drive();
    assert_false(line_high());
    done(0);
    assert_true(await(line_high));
    assert_int_equal(rd(isr, 1), 1);
    assert_false(line_high());
    assert_int_equal(rd(isr, 1), 0);
    LINK_WRITE_REL(f.link->eng.fault_count, 1);
    host_event(&f);
    assert_true(await(line_high));
    assert_int_equal(rd(isr, 1), 2);
    assert_false(line_high());
    /* The reset lowers it. */
    done(0);
    assert_true(await(line_high));
    status(0);
    assert_false(line_high());
    assert_int_equal(rd(isr, 1), 0);
}

static void resets(void **state)
{
    (void)state;
    use_msix();
    drive();
    wr(COMMON(msix_config), 2, 1);
    status(0);
    assert_int_equal(get_status(), 0);
    assert_int_equal(f.link->dev.cmd, LINK_CMD_STOP);
    assert_int_equal(f.kills, 0);
    assert_int_equal(rd(COMMON(msix_config), 2), 0xffff);
    wr(COMMON(queue_select), 2, 0);
    assert_int_equal(rd(COMMON(queue_enable), 2), 0);
    assert_int_equal(rd(COMMON(queue_size), 2), LINK_QUEUE_SIZE_MAX);
    assert_int_equal(rd(COMMON(queue_desc_lo), 8), 0);
    wr(COMMON(guest_feature_select), 4, 0);
    assert_int_equal(rd(COMMON(guest_feature), 4), 0);
    assert_int_equal(cfg_rd(PCI_CAP_MSIX + 2, 2), 0x8002);
    drive();
    assert_int_equal(get_status(), 15);
    assert_int_equal(f.link->dev.restart, 0);
    assert_int_equal(f.runs, 1);

    /* One that does not stop is killed. */
    LINK_WRITE(f.deaf, true);
    status(0);
    assert_int_equal(f.kills, 1);
    LINK_WRITE(f.deaf, false);
    drive();
    assert_int_equal(get_status(), 15);
    assert_int_equal(f.runs, 2);

    /* FLR. */
    cfg_wr(PCI_CAP_AF + 4, 1, 1);
    assert_int_equal(cfg_rd(PCI_COMMAND, 2), 0);
    assert_int_equal(f.kills, 2);
    program_bars();
    find_structures();
    assert_int_equal(get_status(), 0);
    drive();
    assert_int_equal(get_status(), 15);
    assert_int_equal(shown("virtio.needs_reset"), 0);
}

/* D3hot: nothing is decoded and nothing fetched. Back in D0 (there is no soft
 * reset) all is as it was, and what was added meanwhile is looked at. */
static void power_states(void **state)
{
    (void)state;
    drive();
    assert_int_equal(f.link->dev.bus_master, 1);
    cfg_wr(PCI_CAP_PM + 4, 2, 3);
    assert_int_equal(cfg_rd(PCI_CAP_PM + 4, 2) & 3, 3);
    assert_int_equal(rd(COMMON(device_status), 1), 0xff);
    assert_int_equal(f.link->dev.bus_master, 0);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_int_equal(f.link->dev.bus_master, 0);
    __atomic_store_n(&f.kicks, 0, __ATOMIC_RELEASE);
    cfg_wr(PCI_CAP_PM + 4, 2, 0);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_int_equal(f.link->dev.bus_master, 1);
    assert_true(await(kicked));
    assert_int_equal(get_status(), 15);
    wr(COMMON(queue_select), 2, 0);
    assert_int_equal(rd(COMMON(queue_enable), 2), 1);
    assert_int_equal(f.kills, 0);
    assert_int_equal(f.runs, 1);
}

static void engine_that_does_not_start(void **state)
{
    (void)state;
    LINK_WRITE(f.ack_status, XVGPU_FAULT_RING_BASE);
    drive();
    assert_int_equal(get_status(), 15 | 0x40);
    LINK_WRITE(f.ack_status, 0);
    drive();
    assert_int_equal(get_status(), 15);
}

static bool restarted(void)
{
    return LINK_READ(f.link->dev.restart) == 1 &&
           LINK_READ(f.link->eng.ack_seq) == LINK_READ(f.link->dev.cmd_seq);
}

/* The driver notices nothing but an interrupt for each queue. */
static void dead_engine_is_replaced(void **state)
{
    (void)state;
    use_msix();
    negotiate(features());
    queue(0, 64, 0x10000, 0x11000, 0x12000);
    wr(COMMON(queue_msix_vector), 2, 1);
    status(15);
    f.link->eng.jobs = 9;
    done(0);
    expect_msi(0x51);
    LINK_WRITE(f.running, false);
    host_engine_op(&f, PROTO_ENGINE_DEAD, PROTO_DEATH_HUNG, 0);
    assert_true(await(restarted));
    expect_msi(0x51);
    assert_int_equal(get_status(), 15);
    assert_int_equal(f.runs, 2);
    assert_int_equal(shown("gfx.resets"), 1);
    assert_int_equal(shown("gfx.jobs"), 9);
    /* The new one's first is not taken for the old one's. */
    done(0);
    expect_msi(0x51);
    /* None can be had. */
    LINK_WRITE(f.refuse_start, true);
    LINK_WRITE(f.running, false);
    wr(COMMON(msix_config), 2, 0);
    host_engine_op(&f, PROTO_ENGINE_DEAD, 0, 0);
    expect_msi(0x50);
    assert_int_equal(get_status(), 15 | 0x40);
    LINK_WRITE(f.refuse_start, false);
    drive();
    assert_int_equal(get_status(), 15);
}

/* Without a driver there is nothing to go on with. */
static void dead_idle_engine(void **state)
{
    (void)state;
    LINK_WRITE(f.running, false);
    host_engine_op(&f, PROTO_ENGINE_DEAD, 0, 0);
    drive();
    /* The device may not have heard of it: then it was killed instead. */
    if (get_status() != 15)
        drive();
    assert_int_equal(get_status(), 15);
    assert_int_equal(f.link->dev.restart, 0);
}

static void reset_by_the_host(void **state)
{
    (void)state;
    use_msix();
    drive();
    assert_true(host_reset(&f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(f.kills, 1);
    assert_int_equal(f.link->dev.restart, 1);
    assert_int_equal(get_status(), 15);

    assert_true(host_reset(&f, XVGPU_RESET_GUARD, true));
    assert_int_equal(get_status(), 15 | 0x40);
    assert_int_equal(f.runs, 2);
    drive();
    assert_int_equal(get_status(), 15 | 0x40);
    assert_int_equal(shown("virtio.fault_code"), XVGPU_FAULT_QUARANTINE);
    assert_int_equal(shown("quarantine"), 1);
    /* Out of it, without a word from the driver. */
    assert_true(host_reset(&f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(get_status(), 15);
    assert_int_equal(f.runs, 3);
}

static void pictures(void **state)
{
    struct scanout *head = scanout_head(f.scanouts, 1);
    uint32_t got;

    (void)state;
    head->width = 100;
    head->height = 50;
    head->flushes = 7;
    scanout_pixels(f.scanouts, 1)[100 * 49 + 99] = 0x123456;
    ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA); /* no driver */
    drive();
    ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f.reply.msg.u.reply.status, 0);
    assert_int_equal(f.reply.msg.u.reply.width, 100);
    assert_int_equal(f.reply.msg.u.reply.height, 50);
    assert_int_equal(f.reply.msg.u.reply.format, XVGPU_FORMAT_XRGB8888);
    assert_int_equal(f.reply.nr_fds, 1);
    assert_int_equal(pread(f.reply.fds[0], &got, 4, 4 * (100 * 49 + 99)), 4);
    assert_int_equal(got, 0x123456);
    proto_close_fds(&f.reply);
    /* The same size from the midst of a larger surface. */
    head->frame = 2;
    head->at = 640 * 10 + 20;
    head->line = 640;
    scanout_frame(f.scanouts, 1)[640 * 10 + 20] = 0x654321;
    scanout_frame(f.scanouts, 1)[640 * 59 + 119] = 0x777777;
    ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f.reply.msg.u.reply.status, 0);
    assert_int_equal(pread(f.reply.fds[0], &got, 4, 0), 4);
    assert_int_equal(got, 0x654321);
    assert_int_equal(pread(f.reply.fds[0], &got, 4, 4 * (100 * 49 + 99)), 4);
    assert_int_equal(got, 0x777777);
    proto_close_fds(&f.reply);
    head->frame = SCANOUT_FRAMES + 1;
    ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    head->frame = 0;
    ask(PROTO_QUERY_SCREENSHOT, 0);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    ask(PROTO_QUERY_SCREENSHOT, 2);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    head->width = SCANOUT_WIDTH_MAX + 1;
    ask(PROTO_QUERY_SCREENSHOT, 1);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    head->width = 100;
    assert_int_equal(shown("scanout1.flushes"), 7);
    ask(PROTO_QUERY_REGS, 0);
    assert_non_null(strstr(f.reply.text, "0x0014 1 device_status 0x0f\n"));
    assert_non_null(strstr(f.reply.text, " 8 CONTROL.queue_desc 0x"));
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

    assert_int_equal(proto_send(f.sock, &msg, NULL, 0, NULL, 0), 0);
}

static void displays_are_resized(void **state)
{
    (void)state;
    use_msix();
    negotiate(features());
    wr(COMMON(msix_config), 2, 0);
    queue(0, 64, 0x10000, 0x11000, 0x12000);
    status(15);
    resize(1, 1920, 1080);
    expect_msi(0x50);
    assert_int_equal(rd(device, 4), VIRTIO_GPU_EVENT_DISPLAY);
    assert_int_equal(rd(COMMON(config_generation), 1), 1);
    assert_int_equal(f.link->dev.display[1].width, 1920);
    assert_int_equal(f.link->dev.display[1].height, 1080);
    assert_int_equal(f.link->dev.display[0].width, 1280);
    assert_int_equal(f.link->dev.display_seq, 1);
    wr(device + 4, 4, 2);
    assert_int_equal(rd(device, 4), VIRTIO_GPU_EVENT_DISPLAY);
    wr(device + 4, 4, VIRTIO_GPU_EVENT_DISPLAY);
    assert_int_equal(rd(device, 4), 0);
    /* Nothing new, and nonsense. */
    resize(1, 1920, 1080);
    resize(2, 640, 480);
    resize(0, 0, 480);
    resize(0, SCANOUT_WIDTH_MAX + 1, 480);
    resize(0, 640, SCANOUT_HEIGHT_MAX + 1);
    assert_int_equal(shown("quarantine"), 0); /* they are all through */
    assert_int_equal(rd(device, 4), 0);
    assert_int_equal(f.link->dev.display_seq, 1);
    /* It stays over resets. */
    drive();
    assert_int_equal(f.link->dev.display[1].width, 1920);
}

/* The window of config space (4.1.4.9). */
static void config_window(void **state)
{
    const unsigned int data = window + 16;

    (void)state;
    cfg_wr(window + VIRTIO_PCI_CAP_BAR, 1, 4);
    cfg_wr(window + VIRTIO_PCI_CAP_OFFSET, 4, 0x12);
    cfg_wr(window + VIRTIO_PCI_CAP_LENGTH, 4, 2);
    assert_int_equal(cfg_rd(data, 2), 2); /* num_queues */
    cfg_wr(window + VIRTIO_PCI_CAP_OFFSET, 4, 0x14);
    cfg_wr(window + VIRTIO_PCI_CAP_LENGTH, 4, 1);
    cfg_wr(data, 1, 3);
    assert_int_equal(get_status(), 3);
    cfg_wr(data, 1, 0); /* also what takes its time */
    assert_int_equal(get_status(), 0);
    /* Nonsense. */
    assert_int_equal(cfg_rd(data, 4), ~0u);
    cfg_wr(window + VIRTIO_PCI_CAP_LENGTH, 4, 4);
    cfg_wr(window + VIRTIO_PCI_CAP_OFFSET, 4, 0x3fff);
    assert_int_equal(cfg_rd(data, 4), ~0u);
    cfg_wr(window + VIRTIO_PCI_CAP_OFFSET, 4, 0xfffffffc);
    assert_int_equal(cfg_rd(data, 4), ~0u);
    cfg_wr(window + VIRTIO_PCI_CAP_BAR, 1, 9);
    cfg_wr(data, 4, 1);
    assert_int_equal(cfg_rd(data, 4), ~0u);
    /* The capability itself is not to be written. */
    cfg_wr(window, 4, ~0u);
    assert_int_equal(cfg_rd(window, 1), 0x09);
    find_structures();
}

/* A device process dies under a driver; its successor goes on. */
static void takeover(void **state)
{
    use_msix();
    negotiate(features());
    queue(0, 64, 0x10000, 0x11000, 0x12000);
    wr(COMMON(queue_msix_vector), 2, 1);
    status(15);
    assert_true(host_leave(&f, &left));
    assert_int_equal(teardown(state), 0);
    config.left = &left;
    config.features = 0; /* nobody is asked again */
    assert_true(host_begin(&f, &config) && host_up(&f));
    assert_int_equal(f.runs, 0);
    assert_int_equal(get_status(), 15);
    assert_true(features() & 1u << VIRTIO_GPU_F_VIRGL);
    wr(COMMON(queue_select), 2, 0);
    assert_int_equal(rd(COMMON(queue_size), 2), 64);
    done(0);
    expect_msi(0x51);
    status(0);
    assert_int_equal(get_status(), 0);
}

/* ... and the engine with it, or before. */
static void takeover_without_engine(void **state)
{
    drive();
    LINK_WRITE(f.running, false);
    assert_true(host_leave(&f, &left));
    assert_int_equal(teardown(state), 0);
    config.left = &left;
    assert_true(host_begin(&f, &config) && host_up(&f));
    assert_true(await(restarted));
    assert_int_equal(get_status(), 15);
}

/* Whatever it leaves. */
static void takeover_of_nonsense(void **state)
{
    struct virtio_state *v = (struct virtio_state *)left.state;

    drive();
    assert_true(host_leave(&f, &left));
    assert_int_equal(teardown(state), 0);
    memset(v->queue, 0xff, sizeof(v->queue));
    v->queue_select = v->config_vector = v->status = v->isr = ~0u;
    v->renderer = v->scanouts = v->feature_select = ~0u;
    config.left = &left;
    assert_true(host_begin(&f, &config) && host_up(&f));
    assert_int_equal(rd(COMMON(queue_enable), 2), 0);
    assert_int_equal(shown("scanout1.width"), 0);
    drive();
    assert_int_equal(f.link->dev.queue[1].size, 16);
    assert_int_equal(get_status(), 15);
}

/* Without a renderer, of a PVH domain. */
static void plain(void **state)
{
    assert_int_equal(teardown(state), 0);
    config.features = 1u << VIRTIO_GPU_F_EDID;
    config.pvh = true;
    assert_int_equal(up(), 0);
    assert_int_equal(cfg_rd(PCI_INTERRUPT_PIN, 1), 0);
    assert_int_equal(rd(device + 12, 4), 0); /* capsets: of what? */
    assert_int_equal(features() & 0xff, 1u << VIRTIO_GPU_F_EDID);
    negotiate(features() | 1u << VIRTIO_GPU_F_VIRGL);
    assert_int_equal(get_status(), 3);
    drive();
    assert_int_equal(get_status(), 15);
}

static int setup_refused(void **state)
{
    (void)state;
    setup(state);
    if (teardown(state))
        return -1;
    return host_begin(&f, &config) ? 0 : -1;
}

static void engine_that_can_not_be_had(void **state)
{
    (void)state;
    f.refuse_start = true;
    assert_false(host_up(&f));
    assert_int_equal(f.in.msg.type, PROTO_DEVICE_READY);
    assert_int_equal(f.in.msg.u.ready.status, -EAGAIN);
}

static int teardown_refused(void **state)
{
    (void)state;
    host_end(&f, false);
    fx_domain_kill(f.domid);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(resets),
        TEST(power_states),
        TEST(engine_that_does_not_start),
        TEST(dead_engine_is_replaced),
        TEST(dead_idle_engine),
        TEST(reset_by_the_host),
        TEST(pictures),
        TEST(displays_are_resized),
        TEST(config_window),
        TEST(takeover),
        TEST(takeover_without_engine),
        TEST(takeover_of_nonsense),
        TEST(plain),
        cmocka_unit_test_setup_teardown(engine_that_can_not_be_had,
                                        setup_refused, teardown_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
