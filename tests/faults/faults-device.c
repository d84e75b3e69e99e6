/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of the device process that can fail fails once, at each of its
 * uses in a whole life: start, BARs, a ring, interrupts, questions, a BAR
 * moved, a reset, the ring again, stop. This process is guest, monitor and
 * engine. What must follow stands in README.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen-vgpu/packet.h>

#include "device-host.h"
#include "dm/device/device.h"
#include "guest.h"
#include "report.h"

#define RAM (8ull << 20)
#define VRAM (4ull << 20)
#define PARKED ((5ull << 30) >> 12)

static struct host r;

/* ---- The guest --------------------------------------------------------- */

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
    return LINK_READ(r.link->dev.wptr) == 0x20 ? NULL : "no doorbell";
}

static bool gone(void)
{
    return __atomic_load_n(&r.ended, __ATOMIC_ACQUIRE);
}

static bool await(uint64_t gpa, uint32_t want)
{
    unsigned int i;

    for (i = 0; i < 3000 && guest_rd(gpa, 4) != want && !gone(); i++)
        usleep(1000);
    return i < 3000 && !gone();
}

static const char *interrupt(void)
{
    uint32_t data = 0;

    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0x8000);
    guest_wr(BAR0 + XVGPU_INTR_ENABLE, 4, ~0u);
    LINK_WRITE_REL(r.link->eng.done_count, r.link->eng.done_count + 1);
    host_event(&r);
    if (!await(BAR0 + XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA)))
        return "no INTR_STATUS";
    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    if (fx_msi_wait(r.domid, NULL, &data, 0) < 0)
        return "no MSI";
    /* And a line, whose level falls again. */
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0);
    LINK_WRITE_REL(r.link->eng.done_count, r.link->eng.done_count + 1);
    host_event(&r);
    if (!await(BAR0 + XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA)))
        return "no INTR_STATUS";
    if (fx_intx_level(r.domid, GUEST_DEVFN >> 3, 0) != 1)
        return "no INTx";
    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    return fx_intx_level(r.domid, GUEST_DEVFN >> 3, 0) == 0 ? NULL
                                                            : "INTx stays";
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

    guest_wr(BAR0 + XVGPU_SCANOUT_BASE, 8, 0);
    guest_wr(BAR0 + XVGPU_SCANOUT_WIDTH, 4, 64);
    guest_wr(BAR0 + XVGPU_SCANOUT_HEIGHT, 4, 32);
    guest_wr(BAR0 + XVGPU_SCANOUT_STRIDE, 4, 256);
    guest_wr(BAR0 + XVGPU_SCANOUT_FORMAT, 4, XVGPU_FORMAT_XRGB8888);
    guest_wr(BAR0 + XVGPU_SCANOUT_CTRL, 4, 1);
    fx_write(r.domid, guest.vram + 4096, "\1\2\3\4", 4);
    why = ask(PROTO_QUERY_SCREENSHOT, &fd);
    if (why)
        return why;
    if (fd < 0 || pread(fd, &pixel, 4, 4096) != 4 || pixel != 0x04030201)
        why = "wrong picture";
    if (fd >= 0)
        close(fd);
    return why;
}

static const struct act steps[] = {
    {"BARs", guest_bars},
    {"ring start", ring},
    {"doorbell", doorbell},
    {"interrupt", interrupt},
    {"strings", guest_strings},
    {"show", show},
    {"regs", regs},
    {"screenshot", screenshot},
    {"BAR move", guest_move},
    {"BAR move", guest_move_back},
    {"FLR", guest_flr},
    {"ring restart", ring},
    {"doorbell", doorbell},
    {"ring stop", guest_ring_off},
};

/* ---- One life ---------------------------------------------------------- */

static void enters(bool device)
{
    points_exempt(!device);
}

static void begin(void)
{
    static const struct host_config c = {.ram = RAM,
                                         .vram = VRAM,
                                         .parked = PARKED,
                                         .devfn = GUEST_DEVFN,
                                         .timeout_ms = GUEST_TIMEOUT_MS,
                                         .log_level = LOG_INFO,
                                         .enters = enters};

    if (!host_begin(&r, &c))
        abort();
    guest_begin(r.domid, VRAM);
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
    return report_run("a device in one process", life, 120);
}
