/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-gpu's driver in a test of the device model: finds the device on the
 * fake Xen, and sets it up. The test is monitor and engine as well
 * (device-host.h).
 */
#ifndef TESTS_UNIT_VIRTIO_DRIVER_H
#define TESTS_UNIT_VIRTIO_DRIVER_H

#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stddef.h>

#include "device-host.h"
#include "dm/device/virtio.h"

#define DEVFN 0x80
#define BAR1 0xf0010000ull
#define BAR4 0x800000000ull

/* The one of this test. */
struct virtio_driver {
    struct host host;
    struct host_config config;
    /* Structures as it has found them. */
    uint64_t common, isr, device, notify;
    uint32_t multiplier, window;
};
extern struct virtio_driver drv;

#define COMMON(field)                                                          \
    (drv.common + offsetof(struct virtio_pci_common_cfg, field))

/* cmocka's; the device is up, and has no driver. */
int drv_setup(void **state);
int drv_teardown(void **state);
/* Another host and device, by drv.config. */
int drv_up(void);

void drv_wr(uint64_t at, unsigned int size, uint64_t v);
uint64_t drv_rd(uint64_t at, unsigned int size);
uint32_t drv_cfg_rd(unsigned int off, unsigned int size);
void drv_cfg_wr(unsigned int off, unsigned int size, uint32_t v);

void drv_program_bars(void);
/* Walk the list as virtio_pci_modern_dev.c does. */
void drv_find_structures(void);
uint64_t drv_features(void);
void drv_accept(uint64_t v);
void drv_status(uint32_t v);
uint32_t drv_get_status(void);
void drv_queue(unsigned int n, uint32_t size, uint64_t desc, uint64_t avail,
               uint64_t used);
/* Up to FEATURES_OK. */
void drv_negotiate(uint64_t features);
/* Up to DRIVER_OK, with all that is offered and both queues. */
void drv_drive(void);
/* Vector n has the data 0x50 + n. */
void drv_use_msix(void);
void drv_expect_msi(uint32_t data);

/* Some time for it to come true. */
bool drv_await(bool (*what)(void));
/* INTA#. */
bool drv_line_is_high(void);
/* Whether the engine was kicked. */
bool drv_kicked(void);
/* As the engine that has used a buffer of queue q. */
void drv_done(unsigned int q);
/* A query of the monitor's, answered in host.reply; a figure of its state. */
void drv_ask(uint32_t what, uint32_t scanout);
unsigned long drv_shown(const char *name);

#endif
