/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of the device process that can fail fails once, at each of its
 * uses in a whole life: start, BARs, a ring, interrupts, questions, a BAR
 * moved, a reset, the ring again, stop. This process is guest, monitor and
 * engine. What must follow stands in README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen-vgpu/packet.h>

#include "dm/device/device.h"
#include "fakexen.h"
#include "guest.h"
#include "report.h"

#define RAM (8ull << 20)
#define VRAM (4ull << 20)
#define PARKED ((5ull << 30) >> 12)

static struct rig {
    domid_t domid;
    int sock, kick, event;
    struct link_page *link;
    pthread_t device, monitor;
    struct proto_in in, reply;
    volatile bool replied, ended;
    bool running;
} r;

static void *device_main(void *arg)
{
    const int sock = (int)(intptr_t)arg;
    struct device *dev;
    int rc;

    points_exempt(false);
    rc = device_new(sock, &dev);
    if (!rc) {
        rc = device_start(dev);
        if (!rc)
            rc = device_loop(dev);
        device_free(dev);
    }
    if (rc)
        log_error("ending: %s", strerror(-rc)); /* as its main() does */
    points_exempt(true);
    close(sock);
    return (void *)(intptr_t)rc;
}

static void engine_kicked(void)
{
    const uint64_t one = 1;
    uint32_t seq;
    uint64_t n;

    if (read(r.kick, &n, sizeof(n)) < 0)
        return;
    seq = LINK_READ_ACQ(r.link->dev.cmd_seq);
    if (!r.running || seq == r.link->eng.ack_seq)
        return;
    LINK_WRITE_REL(r.link->eng.ack_seq, seq);
    if (write(r.event, &one, sizeof(one)) < 0)
        abort();
}

static void engine_op(uint32_t type, uint32_t tag)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = type,
        .u.engine_op = {.engine = XVGPU_ENGINE_SDMA, .tag = tag}};

    r.running = type == PROTO_ENGINE_STARTED;
    proto_send(r.sock, &msg, NULL, 0, NULL, 0);
}

static void *monitor_main(void *arg)
{
    struct pollfd fds[2] = {{.fd = r.sock, .events = POLLIN},
                            {.fd = r.kick, .events = POLLIN}};

    (void)arg;
    points_exempt(true);
    for (;;) {
        poll(fds, 2, -1);
        if (fds[1].revents)
            engine_kicked();
        if (!fds[0].revents)
            continue;
        if (proto_recv(r.sock, &r.in))
            break;
        if (r.in.msg.type == PROTO_ENGINE_RUN) {
            engine_op(PROTO_ENGINE_STARTED, r.in.msg.u.engine_op.tag);
        } else if (r.in.msg.type == PROTO_ENGINE_KILL) {
            engine_op(PROTO_ENGINE_DEAD, r.in.msg.u.engine_op.tag);
        } else if (r.in.msg.type == PROTO_REPLY) {
            r.reply = r.in;
            __atomic_store_n(&r.replied, true, __ATOMIC_RELEASE);
        }
    }
    __atomic_store_n(&r.ended, true, __ATOMIC_RELEASE);
    return NULL;
}

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
    const uint64_t one = 1;
    uint32_t data = 0;

    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0x8000);
    guest_wr(BAR0 + XVGPU_INTR_ENABLE, 4, ~0u);
    LINK_WRITE_REL(r.link->eng.done_count, r.link->eng.done_count + 1);
    if (write(r.event, &one, sizeof(one)) < 0)
        abort();
    if (!await(BAR0 + XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA)))
        return "no INTR_STATUS";
    guest_wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    if (fx_msi_wait(r.domid, NULL, &data, 0) < 0)
        return "no MSI";
    /* And a line, whose level falls again. */
    guest_cfg(PCI_CAP_MSIX + 2, 2, 0);
    LINK_WRITE_REL(r.link->eng.done_count, r.link->eng.done_count + 1);
    if (write(r.event, &one, sizeof(one)) < 0)
        abort();
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
    struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_QUERY};
    unsigned int i;

    msg.u.query.query = query;
    __atomic_store_n(&r.replied, false, __ATOMIC_RELEASE);
    if (proto_send(r.sock, &msg, NULL, 0, NULL, 0))
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

static int memfd(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    return fd < 0 || ftruncate(fd, (off_t)size) ? -1 : fd;
}

static void begin(void)
{
    const struct fx_domain_config dc = {.ram_bytes = RAM,
                                        .vcpus = 2,
                                        .extra_kb = VRAM >> 10,
                                        .timeout_ms = GUEST_TIMEOUT_MS};
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_START};
    int sv[2], fds[4];

    memset(&r, 0, sizeof(r));
    fx_reset();
    r.domid = (domid_t)fx_domain_create(&dc);
    guest_begin(r.domid, VRAM);
    if (fx_populate(r.domid, PARKED, VRAM >> 12) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv))
        abort();
    r.sock = sv[0];
    fds[0] = memfd(PROTO_STATE_SIZE);
    fds[1] = memfd(LINK_SIZE);
    fds[2] = r.kick = eventfd(0, EFD_NONBLOCK);
    fds[3] = r.event = eventfd(0, EFD_NONBLOCK);
    r.link =
        mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0);
    msg.u.start.domid = r.domid;
    msg.u.start.nr_vcpus = 2;
    msg.u.start.nr_vgpus = 1;
    msg.u.start.log_level = LOG_INFO;
    proto_send(r.sock, &msg, NULL, 0, NULL, 0);
    memset(&msg.u, 0, sizeof(msg.u));
    msg.type = PROTO_DEVICE_VGPU;
    msg.u.vgpu.devfn = GUEST_DEVFN;
    msg.u.vgpu.engines = 1u << XVGPU_ENGINE_SDMA;
    msg.u.vgpu.vram_size = VRAM;
    msg.u.vgpu.vram_gfn = PARKED;
    proto_send(r.sock, &msg, fds, 4, NULL, 0);
    pthread_create(&r.device, NULL, device_main, (void *)(intptr_t)sv[1]);
    close(fds[0]);
    close(fds[1]);
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
    const struct proto_msg stop = {.version = PROTO_VERSION,
                                   .type = PROTO_STOP};
    bool up;
    void *rc;
    int fds;

    fx_init();
    fds = count_fds();
    begin();
    up = !proto_recv(r.sock, &r.in) && r.in.msg.type == PROTO_DEVICE_READY &&
         !r.in.msg.u.ready.status;
    if (up) {
        pthread_create(&r.monitor, NULL, monitor_main, NULL);
        take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
        phase(o, "stop");
        proto_send(r.sock, &stop, NULL, 0, NULL, 0);
    }
    pthread_join(r.device, &rc);
    if (up)
        pthread_join(r.monitor, NULL);
    points_get()->on = 0;
    munmap(r.link, LINK_SIZE);
    close(r.sock);
    close(r.kick);
    close(r.event);
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
