/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of the device process that can fail fails once, at each of its
 * uses in a whole life: start, BARs, a ring, interrupts, questions, a BAR
 * moved, a reset, the ring again, stop. This process is guest, monitor and
 * engine. What must follow stands in README.md.
 */
#include <string.h>
#include <xen-vgpu/packet.h>

#include "device-life.h"
#include "dm/device/device.h"

#define RAM (8ull << 20)
#define VRAM (4ull << 20)
#define PARKED ((5ull << 30) >> 12)

static const char *ring(void)
{
    guest_wr(BAR0 + SDMA + XVGPU_CTRL, 4, 0);
    guest_wr(BAR0 + SDMA + XVGPU_RING_BASE, 8, 0x10000);
    guest_wr(BAR0 + SDMA + XVGPU_RING_SIZE, 4, 0x1000);
    if (!guest_wr(BAR0 + SDMA + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE))
        return "CTRL was not answered";
    if (guest_rd(BAR0 + SDMA + XVGPU_STATUS, 4) == XVGPU_STATUS_RUNNING)
        return NULL;
    return guest_rd(BAR0 + SDMA + XVGPU_FAULT_CODE, 4) == XVGPU_FAULT_NO_ENGINE
               ? "NO_ENGINE"
               : "no ring and no NO_ENGINE";
}

static const char *doorbell(void)
{
    guest_wr(BAR0 + SDMA + XVGPU_WPTR, 4, 0x20);
    return LINK_READ(device.link->dev.wptr) == 0x20 ? NULL : "no doorbell";
}

static bool has_done(void)
{
    return guest_rd(BAR0 + XVGPU_INTR_STATUS, 4) ==
           XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA);
}

/* The engine has finished a job. */
static bool done(void)
{
    LINK_WRITE_REL(device.link->eng.done_count,
                   device.link->eng.done_count + 1);
    host_event(&device);
    return device_until(has_done);
}

static const char *interrupt(void)
{
    uint32_t data = 0;

    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0x8000);
    guest_wr(BAR0 + XVGPU_INTR_ENABLE, 4, ~0u);
    if (!done())
        return "no INTR_STATUS";
    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    if (fx_msi_wait(device.domid, NULL, &data, 0) < 0)
        return "no MSI";
    /* And a line, whose level falls again. */
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0);
    if (!done())
        return "no INTR_STATUS";
    if (fx_intx_level(device.domid, GUEST_DEVFN >> 3, 0) != 1)
        return "no INTx";
    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    return fx_intx_level(device.domid, GUEST_DEVFN >> 3, 0) == 0 ? NULL
                                                                 : "INTx stays";
}

static const char *screenshot(void)
{
    guest_wr(BAR0 + XVGPU_SCANOUT_BASE, 8, 0);
    guest_wr(BAR0 + XVGPU_SCANOUT_WIDTH, 4, 64);
    guest_wr(BAR0 + XVGPU_SCANOUT_HEIGHT, 4, 32);
    guest_wr(BAR0 + XVGPU_SCANOUT_STRIDE, 4, 256);
    guest_wr(BAR0 + XVGPU_SCANOUT_FORMAT, 4, XVGPU_FORMAT_XRGB8888);
    guest_wr(BAR0 + XVGPU_SCANOUT_CTRL, 4, 1);
    fx_write(device.domid, guest.vram + 4096, "\1\2\3\4", 4);
    return device_picture();
}

static const struct act steps[] = {
    {"BARs", guest_bars},       {"ring start", ring},
    {"doorbell", doorbell},     {"interrupt", interrupt},
    {"strings", guest_strings}, {"show", device_show},
    {"regs", device_regs},      {"screenshot", screenshot},
    {"BAR move", guest_move},   {"BAR move", guest_move_back},
    {"FLR", guest_flr},         {"ring restart", ring},
    {"doorbell", doorbell},     {"ring stop", guest_ring_off},
};

int main(void)
{
    static const struct host_config host = {
        .ram = RAM, .vram = VRAM, .parked = PARKED};

    return device_lives("a device in one process", &host, steps,
                        sizeof(steps) / sizeof(steps[0]), 120);
}
