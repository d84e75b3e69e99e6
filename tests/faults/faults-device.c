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
#include "report.h"

#define DEVFN 0x80
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)
#define RAM (8ull << 20)
#define VRAM (4ull << 20)
#define PARKED ((5ull << 30) >> 12)
#define BAR0 0xf0000000ull
#define BAR2 0xe0000000ull
#define BAR4 0xf0010000ull
#define TIMEOUT_MS 7000u /* a deaf engine takes 5 s */

static struct rig {
    domid_t domid;
    int sock, kick, event;
    struct link_page *link;
    pthread_t device, monitor;
    struct proto_in in, reply;
    volatile bool replied, ended;
    bool running;
    uint64_t vram; /* where it was seen last */
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

static void engine_op(uint32_t type)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = type,
        .u.engine_op = {.engine = XVGPU_ENGINE_SDMA, .asked = 1}};

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
            engine_op(PROTO_ENGINE_STARTED);
        } else if (r.in.msg.type == PROTO_ENGINE_KILL) {
            engine_op(PROTO_ENGINE_DEAD);
        } else if (r.in.msg.type == PROTO_REPLY) {
            r.reply = r.in;
            __atomic_store_n(&r.replied, true, __ATOMIC_RELEASE);
        }
    }
    __atomic_store_n(&r.ended, true, __ATOMIC_RELEASE);
    return NULL;
}

/* ---- The guest --------------------------------------------------------- */

/* A vCPU that gets no answer waits for ever on Xen: no fault may do that. */
static bool answered(uint64_t since_ns, int rc)
{
    /* At the end of its time the fake looks once more. */
    if (rc == -ETIMEDOUT || clock_ns() - since_ns > TIMEOUT_MS * 1000000ull)
        report_fatal("a vCPU waits for ever");
    return !rc;
}

static bool wr(uint64_t gpa, unsigned int size, uint64_t v)
{
    return answered(clock_ns(), fx_mmio_write(r.domid, 0, gpa, size, v));
}

static uint64_t rd(uint64_t gpa, unsigned int size)
{
    uint64_t v = 0;

    answered(clock_ns(), fx_mmio_read(r.domid, 0, gpa, size, &v));
    return v;
}

static bool cfg(unsigned int off, unsigned int size, uint32_t v)
{
    return answered(clock_ns(),
                    fx_pci_cfg_write(r.domid, 0, DEVFN, off, size, v));
}

static const char *bars(void)
{
    if (!cfg(PCI_COMMAND, 2, 0) || !cfg(PCI_BAR(0), 4, BAR0) ||
        !cfg(PCI_BAR(2), 4, (uint32_t)BAR2) || !cfg(PCI_BAR(3), 4, 0) ||
        !cfg(PCI_BAR(4), 4, BAR4) ||
        !cfg(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER))
        return "a config write was not answered";
    if (rd(BAR0 + XVGPU_MAGIC, 4) != XVGPU_MAGIC_VALUE)
        return "no CSRs";
    r.vram = rd(BAR0 + XVGPU_VRAM_BASE, 8);
    if (r.vram != BAR2)
        return "VRAM was not placed";
    /* The table is there when a vector can be unmasked. */
    wr(BAR4, 8, 0xfee00000);
    wr(BAR4 + 8, 8, 0x55);
    return rd(BAR4 + 8, 4) == 0x55 ? NULL : "no MSI-X table";
}

static const char *ring(void)
{
    wr(BAR0 + SDMA + XVGPU_CTRL, 4, 0);
    wr(BAR0 + SDMA + XVGPU_RING_BASE, 8, 0x10000);
    wr(BAR0 + SDMA + XVGPU_RING_SIZE, 4, 0x1000);
    if (!wr(BAR0 + SDMA + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE))
        return "CTRL was not answered";
    if (rd(BAR0 + SDMA + XVGPU_STATUS, 4) == XVGPU_STATUS_RUNNING)
        return NULL;
    return rd(BAR0 + SDMA + XVGPU_FAULT_CODE, 4) == XVGPU_FAULT_NO_ENGINE
               ? "NO_ENGINE"
               : "no ring and no NO_ENGINE";
}

static const char *doorbell(void)
{
    wr(BAR0 + SDMA + XVGPU_WPTR, 4, 0x20);
    return LINK_READ(r.link->dev.wptr) == 0x20 ? NULL : "no doorbell";
}

static bool gone(void)
{
    return __atomic_load_n(&r.ended, __ATOMIC_ACQUIRE);
}

static bool await(uint64_t gpa, uint32_t want)
{
    unsigned int i;

    for (i = 0; i < 3000 && rd(gpa, 4) != want && !gone(); i++)
        usleep(1000);
    return i < 3000 && !gone();
}

static const char *interrupt(void)
{
    const uint64_t one = 1;
    uint32_t data = 0;

    wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    cfg(PCI_CAP_MSIX + 2, 2, 0x8000);
    wr(BAR0 + XVGPU_INTR_ENABLE, 4, ~0u);
    LINK_WRITE_REL(r.link->eng.done_count, r.link->eng.done_count + 1);
    if (write(r.event, &one, sizeof(one)) < 0)
        abort();
    if (!await(BAR0 + XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA)))
        return "no INTR_STATUS";
    wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    if (fx_msi_wait(r.domid, NULL, &data, 0) < 0)
        return "no MSI";
    /* And a line, whose level falls again. */
    cfg(PCI_CAP_MSIX + 2, 2, 0);
    LINK_WRITE_REL(r.link->eng.done_count, r.link->eng.done_count + 1);
    if (write(r.event, &one, sizeof(one)) < 0)
        abort();
    if (!await(BAR0 + XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA)))
        return "no INTR_STATUS";
    if (fx_intx_level(r.domid, DEVFN >> 3, 0) != 1)
        return "no INTx";
    wr(BAR0 + XVGPU_INTR_STATUS, 4, ~0u);
    return fx_intx_level(r.domid, DEVFN >> 3, 0) == 0 ? NULL : "INTx stays";
}

static const char *strings(void)
{
    uint32_t in[4] = {1, 2, 3, 4}, out[4] = {0};

    fx_write(r.domid, 0x2000, in, sizeof(in));
    fx_mmio_rep(r.domid, 0, BAR0 + XVGPU_SCRATCH, IOREQ_WRITE, 4, 2, false,
                0x2000);
    fx_mmio_rep(r.domid, 0, BAR0 + XVGPU_SCRATCH, IOREQ_READ, 4, 2, false,
                0x3000);
    fx_read(r.domid, 0x3000, out, sizeof(out));
    return memcmp(in, out, 8) ? "string instruction lost" : NULL;
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

    wr(BAR0 + XVGPU_SCANOUT_BASE, 8, 0);
    wr(BAR0 + XVGPU_SCANOUT_WIDTH, 4, 64);
    wr(BAR0 + XVGPU_SCANOUT_HEIGHT, 4, 32);
    wr(BAR0 + XVGPU_SCANOUT_STRIDE, 4, 256);
    wr(BAR0 + XVGPU_SCANOUT_FORMAT, 4, XVGPU_FORMAT_XRGB8888);
    wr(BAR0 + XVGPU_SCANOUT_CTRL, 4, 1);
    fx_write(r.domid, r.vram + 4096, "\1\2\3\4", 4);
    why = ask(PROTO_QUERY_SCREENSHOT, &fd);
    if (why)
        return why;
    if (fd < 0 || pread(fd, &pixel, 4, 4096) != 4 || pixel != 0x04030201)
        why = "wrong picture";
    if (fd >= 0)
        close(fd);
    return why;
}

/* VRAM is where VRAM_BASE says, with its contents, moved or not. */
static const char *move_to(uint64_t to)
{
    const uint64_t refused = rd(BAR0 + XVGPU_BAR_REFUSED, 4);
    uint64_t at, i, got;

    for (i = 0; i < VRAM; i += 4096)
        fx_write(r.domid, r.vram + i, &i, 8);
    if (!cfg(PCI_BAR(2), 4, (uint32_t)to))
        return "the BAR's write was not answered";
    at = rd(BAR0 + XVGPU_VRAM_BASE, 8);
    if (at != to && at != r.vram)
        return "!VRAM is nowhere";
    if (at != to && rd(BAR0 + XVGPU_BAR_REFUSED, 4) != refused + 1)
        return "!BAR_REFUSED does not tell";
    if (at == to && fx_populated(r.domid, r.vram >> 12))
        return "!frames were left behind";
    if (at != to && fx_populated(r.domid, to >> 12))
        return "!frames went astray";
    for (i = 0; i < VRAM; i += 4096)
        if (fx_read(r.domid, at + i, &got, 8) || got != i)
            return "!VRAM's contents are lost";
    r.vram = at;
    if (at == to)
        return NULL;
    cfg(PCI_BAR(2), 4, (uint32_t)at); /* as it is, for another try */
    return "the BAR was refused";
}

static const char *move(void)
{
    return move_to(BAR2 + VRAM);
}

static const char *move_back(void)
{
    return move_to(BAR2);
}

static const char *flr(void)
{
    uint64_t got = 1;

    wr(BAR0 + XVGPU_SCRATCH, 4, 77);
    fx_write(r.domid, r.vram, "secret", 7);
    if (!cfg(PCI_CAP_AF + 4, 1, 1))
        return "the reset was not answered";
    if (bars())
        return "no BARs after the reset";
    if (rd(BAR0 + XVGPU_SCRATCH, 4) == 77 ||
        rd(BAR0 + SDMA + XVGPU_CTRL, 4) != 0)
        return "!CSRs were not reset";
    fx_read(r.domid, r.vram, &got, 8);
    return got ? "VRAM was not scrubbed" : NULL;
}

static const char *ring_off(void)
{
    if (!wr(BAR0 + SDMA + XVGPU_CTRL, 4, 0))
        return "CTRL was not answered";
    return rd(BAR0 + SDMA + XVGPU_STATUS, 4) == XVGPU_STATUS_DISABLED
               ? NULL
               : "the ring was not disabled";
}

static const struct step steps[] = {
    {"BARs", bars},         {"ring start", ring},
    {"doorbell", doorbell}, {"interrupt", interrupt},
    {"strings", strings},   {"show", show},
    {"regs", regs},         {"screenshot", screenshot},
    {"BAR move", move},     {"BAR move", move_back},
    {"FLR", flr},           {"ring restart", ring},
    {"doorbell", doorbell}, {"ring stop", ring_off},
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
                                        .timeout_ms = TIMEOUT_MS};
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_START};
    int sv[2], fds[4];

    memset(&r, 0, sizeof(r));
    fx_reset();
    r.domid = (domid_t)fx_domain_create(&dc);
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
    msg.u.vgpu.devfn = DEVFN;
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
    return report_run("xen-vgpu-device", life, 0);
}
