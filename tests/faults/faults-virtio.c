/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As faults-device, of a virtio-gpu: start with its engine, BARs, a driver's
 * negotiation and queues, notifications, interrupts, questions, a resized
 * display, an engine that dies, a BAR moved, a reset by each way, stop.
 */
#include <errno.h>
#include <linux/virtio_gpu.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device-host.h"
#include "dm/device/virtio.h"
#include "guest.h"
#include "report.h"

#define RAM (8ull << 20)
#define REGS BAR0 /* where the guest has BAR 4 */
#define MSIX BAR4 /* and BAR 1 */
#define STATUS (REGS + 0x14)
#define ISR (REGS + VIRTIO_ISR)

static struct host r;

static bool gone(void)
{
    return __atomic_load_n(&r.ended, __ATOMIC_ACQUIRE);
}

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

static const char *notify(void)
{
    const uint32_t before = __atomic_load_n(&r.kicks, __ATOMIC_ACQUIRE);
    unsigned int i;

    guest_wr(REGS + VIRTIO_NOTIFY, 2, 0);
    for (i = 0; i < 1000 && !gone(); i++) {
        if (__atomic_load_n(&r.kicks, __ATOMIC_ACQUIRE) != before)
            return NULL;
        usleep(1000);
    }
    return "no notification";
}

static bool used(bool (*seen)(void))
{
    unsigned int i;

    LINK_WRITE_REL(r.link->eng.queue_done[0], r.link->eng.queue_done[0] + 1);
    host_event(&r);
    for (i = 0; i < 1000 && !gone() && !seen(); i++)
        usleep(1000);
    return i < 1000 && !gone();
}

static bool msi(void)
{
    uint32_t data;

    return fx_msi_wait(r.domid, NULL, &data, 0) >= 0;
}

static bool line(void)
{
    return fx_intx_level(r.domid, GUEST_DEVFN >> 3, 0) == 1;
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

static const char *ask(uint32_t query, int *fd)
{
    unsigned int i;

    if (!host_query(&r, query, 0))
        return "no device to ask";
    for (i = 0;
         i < 500 && !gone() && !__atomic_load_n(&r.replied, __ATOMIC_ACQUIRE);
         i++)
        usleep(1000);
    if (!r.replied)
        return "no reply";
    if (r.reply.msg.u.reply.status) {
        if (r.reply.text_len) /* as the tool shows it */
            log_error("%s", r.reply.text);
        return "the question was refused";
    }
    if (fd)
        *fd = r.reply.nr_fds == 1 ? r.reply.fds[0] : -1;
    return NULL;
}

static const char *show(void)
{
    return ask(PROTO_QUERY_SHOW, NULL);
}

static const char *regs(void)
{
    return ask(PROTO_QUERY_REGS, NULL);
}

static const char *screenshot(void)
{
    uint32_t pixel = 0;
    const char *why;
    int fd = -1;

    scanout_head(r.scanouts, 0)->width = 64;
    scanout_head(r.scanouts, 0)->height = 32;
    scanout_pixels(r.scanouts, 0)[1024] = 0x04030201;
    why = ask(PROTO_QUERY_SCREENSHOT, &fd);
    if (why)
        return why;
    if (fd < 0 || pread(fd, &pixel, 4, 4096) != 4 || pixel != 0x04030201)
        why = "wrong picture";
    if (fd >= 0)
        close(fd);
    return why;
}

/* The driver notices nothing, unless another could not be had. */
static const char *engine_dies(void)
{
    const uint32_t seq = LINK_READ(r.link->dev.cmd_seq);
    unsigned int i;

    LINK_WRITE(r.running, false);
    host_engine_op(&r, PROTO_ENGINE_DEAD, 0, 0);
    for (i = 0; i < 6500 && !gone(); i++) {
        if (status() != 15)
            return drive() ? "!no driver any more" : "NEEDS_RESET";
        if (LINK_READ_ACQ(r.link->dev.cmd_seq) != seq &&
            LINK_READ_ACQ(r.link->eng.ack_seq) ==
                LINK_READ(r.link->dev.cmd_seq))
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
    {"show", show},
    {"regs", regs},
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

/* ---- One life ---------------------------------------------------------- */

static void enters(bool device)
{
    points_exempt(!device);
}

static void begin(void)
{
    static const struct host_config c = {
        .ram = RAM,
        .devfn = GUEST_DEVFN,
        .timeout_ms = GUEST_TIMEOUT_MS,
        .log_level = LOG_INFO,
        .virtio = true,
        .features = 1u << VIRTIO_GPU_F_EDID,
        .scanouts = 1,
        .enters = enters,
    };

    if (!host_begin(&r, &c))
        abort();
    guest_begin(r.domid, 0);
}

static const char *left(void)
{
    /* The monitor destroys the one that the device could not. */
    if (fx_servers(r.domid) && !points_fired("destroy_ioreq_server"))
        return "an ioreq server is left";
    if (fx_foreign_mappings(r.domid))
        return "foreign mappings are left";
    if (fx_dom0_ports())
        return "event channels are left";
    if (fx_open_handles())
        return "Xen handles are left";
    if (atomic_load(&points_get()->memory))
        return "memory is left";
    if (atomic_load(&points_get()->mappings))
        return "mappings are left";
    return NULL;
}

static void life(struct outcome *o)
{
    int fds, rc;
    bool up;

    fx_init();
    fds = count_fds();
    begin();
    up = host_up(&r);
    if (up) {
        take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
        phase(o, "stop");
    }
    rc = host_end(&r, up);
    points_get()->on = 0;
    /* An ended device is no failed step. */
    if (!up || rc) {
        o->ended = up;
        o->refused = !up;
        o->failed = NULL;
        if (!rc)
            o->failed = "it ended as if all were well";
    }
    if (!o->failed)
        o->failed = left();
    if (!o->failed && count_fds() != fds)
        o->failed = "descriptors are left";
    fx_domain_kill(r.domid);
}

int main(void)
{
    points_exempt(true);
    points_of_forks();
    log_init("xen-vgpu-device", LOG_INFO);
    return report_run("a virtio-gpu's device in one process", life, 100);
}
