/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As faults-device, of a virtio-gpu: start with its engine, BARs, a driver's
 * negotiation and queues, notifications, interrupts, questions, a resized
 * display, an engine that dies, a BAR moved, a reset by each way, stop.
 */
#include <linux/virtio_gpu.h>
#include <unistd.h>

#include "device-life.h"
#include "dm/device/virtio.h"

#define RAM (8ull << 20)
#define REGS BAR0 /* where the guest has BAR 4 */
#define MSIX BAR4 /* and BAR 1 */
#define STATUS (REGS + 0x14)
#define ISR (REGS + VIRTIO_ISR)

static const char *place(uint64_t at)
{
    if (!guest_cfg(PCI_COMMAND, 2, 0) ||
        !guest_cfg(PCI_BAR(4), 4, (uint32_t)at) ||
        !guest_cfg(PCI_BAR(5), 4, 0) || !guest_cfg(PCI_BAR(1), 4, MSIX) ||
        !guest_cfg(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER))
        return "a config write was not answered";
    if ((uint16_t)guest_rd(at + 0x12, 2) != LINK_QUEUES)
        return "no registers";
    guest_wr(MSIX, 8, 0xfee00000);
    guest_wr(MSIX + 8, 8, 0x55);
    return guest_rd(MSIX + 8, 4) == 0x55 ? NULL : "no MSI-X table";
}

static const char *bars(void)
{
    return place(REGS);
}

static const char *move(void)
{
    return place(REGS + (1u << 20));
}

static uint8_t status(void)
{
    return (uint8_t)guest_rd(STATUS, 1);
}

static const char *drive(void)
{
    static const struct {
        uint16_t reg;
        uint8_t size;
        uint16_t value;
    } writes[] = {
        {0x14, 1, 0},  {0x14, 1, 3},      {0x08, 4, 1},      {0x0c, 4, 1},
        {0x14, 1, 11}, {0x10, 2, 0},      {0x16, 2, 0},      {0x18, 2, 64},
        {0x1a, 2, 0},  {0x20, 4, 0x1000}, {0x28, 4, 0x2000}, {0x30, 4, 0x3000},
        {0x1c, 2, 1},  {0x14, 1, 15},
    };
    unsigned int i;

    for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        if (!guest_wr(REGS + writes[i].reg, writes[i].size, writes[i].value))
            return "a register was not answered";
    return status() == 15 ? NULL : "the driver could not begin";
}

static uint32_t kicks_before;

static bool was_kicked(void)
{
    return __atomic_load_n(&device.kicks, __ATOMIC_ACQUIRE) != kicks_before;
}

static const char *notify(void)
{
    kicks_before = __atomic_load_n(&device.kicks, __ATOMIC_ACQUIRE);
    guest_wr(REGS + VIRTIO_NOTIFY, 2, 0);
    return device_until(was_kicked) ? NULL : "no notification";
}

/* The engine has given a buffer back: what the guest must see of it. */
static bool used(bool (*seen)(void))
{
    LINK_WRITE_REL(device.link->eng.queue_done[0],
                   device.link->eng.queue_done[0] + 1);
    host_event(&device);
    return device_until(seen);
}

static bool msi(void)
{
    uint32_t data;

    return fx_msi_wait(device.domid, NULL, &data, 0) >= 0;
}

static bool line(void)
{
    return fx_intx_level(device.domid, GUEST_DEVFN >> 3, 0) == 1;
}

static const char *interrupt(void)
{
    guest_rd(ISR, 1); /* of a try before */
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0x8000);
    if (!used(msi))
        return "no MSI";
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0);
    if (!used(line))
        return "no INTx";
    if ((uint8_t)guest_rd(ISR, 1) != 1)
        return "ISR does not tell";
    return line() ? "INTx stays" : NULL;
}

static const char *screenshot(void)
{
    scanout_head(device.scanouts, 0)->width = 64;
    scanout_head(device.scanouts, 0)->height = 32;
    scanout_pixels(device.scanouts, 0)[1024] = 0x04030201;
    return device_picture();
}

/* The driver notices nothing, unless another could not be had. */
static const char *engine_dies(void)
{
    const uint32_t seq = LINK_READ(device.link->dev.cmd_seq);
    unsigned int i;

    LINK_WRITE(device.running, false);
    host_engine_op(&device, PROTO_ENGINE_DEAD, 0, 0);
    for (i = 0; i < 6500 && !device_gone(); i++) {
        if (status() != 15)
            return drive() ? "!no driver any more" : "NEEDS_RESET";
        if (LINK_READ_ACQ(device.link->dev.cmd_seq) != seq &&
            LINK_READ_ACQ(device.link->eng.ack_seq) ==
                LINK_READ(device.link->dev.cmd_seq))
            return NULL;
        usleep(1000);
    }
    return "no other engine";
}

static const char *flr(void)
{
    const char *why;

    if (!guest_cfg(PCI_CAP_AF + 4, 1, 1))
        return "the reset was not answered";
    why = bars();
    if (!why && status())
        why = "!the status was not reset";
    return why;
}

static const char *undrive(void)
{
    if (!guest_wr(STATUS, 1, 0))
        return "the reset was not answered";
    return status() ? "!the status was not reset" : NULL;
}

static const struct act steps[] = {
    {"BARs", bars},
    {"drive", drive},
    {"notify", notify},
    {"interrupt", interrupt},
    {"show", device_show},
    {"regs", device_regs},
    {"picture", screenshot},
    {"engine dies", engine_dies},
    {"reset", undrive},
    {"BAR move", move},
    {"BAR move", bars},
    {"drive", drive},
    {"FLR", flr},
    {"drive", drive},
    {"notify", notify},
    {"reset", undrive},
};

int main(void)
{
    static const struct host_config host = {
        .ram = RAM,
        .virtio = true,
        .features = 1u << VIRTIO_GPU_F_EDID,
        .scanouts = 1,
    };

    return device_lives("a virtio-gpu's device in one process", &host, steps,
                        sizeof(steps) / sizeof(steps[0]), 100);
}
