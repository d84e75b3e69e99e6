/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "virtio-driver.h"

#define RAM (64ull << 20)

struct virtio_driver drv;
static struct host *const f = &drv.host;

void drv_wr(uint64_t at, unsigned int size, uint64_t v)
{
    assert_int_equal(fx_mmio_write(f->domid, 0, at, size, v), 0);
}

uint64_t drv_rd(uint64_t at, unsigned int size)
{
    uint64_t v = 0;

    assert_int_equal(fx_mmio_read(f->domid, 0, at, size, &v), 0);
    return size == 8 ? v : v & ((1ull << (8 * size)) - 1);
}

uint32_t drv_cfg_rd(unsigned int off, unsigned int size)
{
    uint32_t v = 0;

    assert_int_equal(fx_pci_cfg_read(f->domid, 0, DEVFN, off, size, &v), 0);
    return size == 4 ? v : v & ((1u << (8 * size)) - 1);
}

void drv_cfg_wr(unsigned int off, unsigned int size, uint32_t v)
{
    assert_int_equal(fx_pci_cfg_write(f->domid, 0, DEVFN, off, size, v), 0);
}

void drv_program_bars(void)
{
    drv_cfg_wr(PCI_BAR(1), 4, (uint32_t)BAR1);
    drv_cfg_wr(PCI_BAR(4), 4, (uint32_t)BAR4);
    drv_cfg_wr(PCI_BAR(5), 4, (uint32_t)(BAR4 >> 32));
    drv_cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void drv_find_structures(void)
{
    unsigned int at, type, nr = 0;
    uint64_t *to[] = {[VIRTIO_PCI_CAP_COMMON_CFG] = &drv.common,
                      [VIRTIO_PCI_CAP_NOTIFY_CFG] = &drv.notify,
                      [VIRTIO_PCI_CAP_ISR_CFG] = &drv.isr,
                      [VIRTIO_PCI_CAP_DEVICE_CFG] = &drv.device};
    static const uint32_t least[] = {[VIRTIO_PCI_CAP_COMMON_CFG] = 56,
                                     [VIRTIO_PCI_CAP_NOTIFY_CFG] = 8,
                                     [VIRTIO_PCI_CAP_ISR_CFG] = 1,
                                     [VIRTIO_PCI_CAP_DEVICE_CFG] = 16};

    drv.common = drv.isr = drv.device = drv.notify = 0;
    drv.window = 0;
    for (at = drv_cfg_rd(0x34, 1); at; at = drv_cfg_rd(at + 1, 1)) {
        assert_true(++nr < 16);
        if (drv_cfg_rd(at, 1) != 0x09)
            continue;
        type = drv_cfg_rd(at + VIRTIO_PCI_CAP_CFG_TYPE, 1);
        if (type == VIRTIO_PCI_CAP_PCI_CFG) {
            assert_int_equal(drv_cfg_rd(at + VIRTIO_PCI_CAP_LEN, 1), 20);
            drv.window = at;
            continue;
        }
        assert_in_range(type, 1, 4);
        assert_int_equal(drv_cfg_rd(at + VIRTIO_PCI_CAP_BAR, 1), 4);
        assert_true(drv_cfg_rd(at + VIRTIO_PCI_CAP_LENGTH, 4) >= least[type]);
        *to[type] = BAR4 + drv_cfg_rd(at + VIRTIO_PCI_CAP_OFFSET, 4);
        if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
            drv.multiplier = drv_cfg_rd(at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
    }
    assert_true(drv.common && drv.isr && drv.device && drv.notify &&
                drv.window);
}

uint64_t drv_features(void)
{
    uint64_t v;

    drv_wr(COMMON(device_feature_select), 4, 0);
    v = drv_rd(COMMON(device_feature), 4);
    drv_wr(COMMON(device_feature_select), 4, 1);
    return v | drv_rd(COMMON(device_feature), 4) << 32;
}

void drv_accept(uint64_t v)
{
    drv_wr(COMMON(guest_feature_select), 4, 0);
    drv_wr(COMMON(guest_feature), 4, (uint32_t)v);
    drv_wr(COMMON(guest_feature_select), 4, 1);
    drv_wr(COMMON(guest_feature), 4, v >> 32);
}

void drv_status(uint32_t v)
{
    drv_wr(COMMON(device_status), 1, v);
}

uint32_t drv_get_status(void)
{
    return (uint32_t)drv_rd(COMMON(device_status), 1);
}

void drv_queue(unsigned int n, uint32_t size, uint64_t desc, uint64_t avail,
               uint64_t used)
{
    drv_wr(COMMON(queue_select), 2, n);
    drv_wr(COMMON(queue_size), 2, size);
    drv_wr(COMMON(queue_desc_lo), 4, (uint32_t)desc);
    drv_wr(COMMON(queue_desc_hi), 4, desc >> 32);
    drv_wr(COMMON(queue_avail_lo), 4, (uint32_t)avail);
    drv_wr(COMMON(queue_avail_hi), 4, avail >> 32);
    drv_wr(COMMON(queue_used_lo), 4, (uint32_t)used);
    drv_wr(COMMON(queue_used_hi), 4, used >> 32);
    drv_wr(COMMON(queue_enable), 2, 1);
}

void drv_negotiate(uint64_t features)
{
    drv_status(0);
    assert_int_equal(drv_get_status(), 0);
    drv_status(1);
    drv_status(3);
    drv_accept(features);
    drv_status(11);
}

void drv_drive(void)
{
    drv_negotiate(drv_features());
    assert_int_equal(drv_get_status(), 11);
    drv_queue(0, 64, 0x10000, 0x11000, 0x112345000);
    drv_queue(1, 16, 0x20000, 0x21000, 0x22000);
    drv_status(15);
}

static void msix(unsigned int n, uint32_t data)
{
    drv_wr(BAR1 + 16 * n, 8, 0xfee00000);
    drv_wr(BAR1 + 16 * n + 8, 8, data);
}

void drv_use_msix(void)
{
    unsigned int n;

    drv_cfg_wr(PCI_CAP_MSIX + 2, 2, 0x8000);
    for (n = 0; n < 3; n++)
        msix(n, 0x50 + n);
}

void drv_expect_msi(uint32_t want)
{
    uint32_t data;
    uint64_t addr;

    assert_true(fx_msi_wait(f->domid, &addr, &data, 20000) >= 0);
    assert_int_equal(data, want);
}

bool drv_await(bool (*what)(void))
{
    unsigned int i;

    for (i = 0; i < 20000 && !what(); i++)
        usleep(1000);
    return what();
}

bool drv_line_is_high(void)
{
    return fx_intx_level(f->domid, DEVFN >> 3, 0) == 1;
}

bool drv_kicked(void)
{
    return __atomic_load_n(&f->kicks, __ATOMIC_ACQUIRE) != 0;
}

void drv_done(unsigned int q)
{
    LINK_WRITE_REL(f->link->eng.queue_done[q], f->link->eng.queue_done[q] + 1);
    host_event(f);
}

void drv_ask(uint32_t what, uint32_t scanout)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_QUERY,
        .u.query = {.tag = 42, .query = what, .scanout = scanout},
    };
    unsigned int i;

    __atomic_store_n(&f->replied, false, __ATOMIC_RELEASE);
    assert_int_equal(proto_send(f->sock, &msg, NULL, 0, NULL, 0), 0);
    for (i = 0; i < 20000 && !__atomic_load_n(&f->replied, __ATOMIC_ACQUIRE);
         i++)
        usleep(1000);
    assert_true(f->replied);
}

unsigned long drv_shown(const char *name)
{
    char line[64];
    const char *at;

    drv_ask(PROTO_QUERY_SHOW, 0);
    snprintf(line, sizeof(line), "\n%s ", name);
    at = strstr(f->reply.text, line);
    assert_non_null(at);
    return strtoul(at + strlen(line), NULL, 0);
}

int drv_up(void)
{
    if (!host_begin(f, &drv.config) || !host_up(f))
        return -1;
    drv_program_bars();
    drv_find_structures();
    return 0;
}

int drv_setup(void **state)
{
    (void)state;
    drv.config = (struct host_config){
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
    return drv_up();
}

int drv_teardown(void **state)
{
    (void)state;
    if (host_end(f, true) || fx_servers(f->domid) ||
        fx_foreign_mappings(f->domid) || fx_dom0_ports() || fx_open_handles())
        return -1;
    fx_domain_kill(f->domid);
    return 0;
}
