/* SPDX-License-Identifier: GPL-2.0-or-later */
#define __XEN_TOOLS__ 1 /* XENMEM_resource_* */
#include "device-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xen/memory.h>

#include "dm/device/device.h"
#include "fuzz.h"

/* Apart: device.h and engine.h both have a struct engine. */
int drig_run_engine(struct drig_engine *d);

/* The device's clock runs slowly here, and lies far in the past: what it
 * delays to throttle a guest would be due at once, and inputs take no longer
 * than their work. Its time-outs are by the real one. */
uint64_t __wrap_clock_ns(void);
uint64_t __real_clock_ns(void);

uint64_t __wrap_clock_ns(void)
{
    return __real_clock_ns() >> 10;
}

/* libFuzzer's alarms interrupt. */
static int receive(int sock, struct proto_in *in)
{
    int rc;

    do
        rc = proto_recv(sock, in);
    while (rc == -EINTR);
    return rc;
}

static void *device_main(void *arg)
{
    int sock = (int)(intptr_t)arg, rc;
    struct device *dev;

    rc = device_new(sock, &dev);
    if (!rc) {
        rc = device_start(dev);
        if (!rc)
            rc = device_loop(dev);
        device_free(dev);
    }
    close(sock);
    return (void *)(intptr_t)rc;
}

/* At the end an answer may find that the device has gone already. */
static void send_device(struct drig *rig, const struct proto_msg *msg)
{
    int rc;

    pthread_mutex_lock(&rig->send_lock);
    do
        rc = proto_send(rig->sock, msg, NULL, 0, NULL, 0);
    while (rc == -EINTR);
    pthread_mutex_unlock(&rig->send_lock);
    FUZZ_CHECK(rc == 0 || (rc == -EPIPE &&
                           __atomic_load_n(&rig->ending, __ATOMIC_RELAXED)));
}

static void engine_op(struct drig_engine *e, uint32_t engine, uint32_t type,
                      int status, uint32_t tag)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = type,
        .u.engine_op = {.index = e->index,
                        .engine = engine,
                        .status = status,
                        .tag = tag,
                        .features = ~0u,
                        .capsets = 2},
    };

    send_device(e->rig, &msg);
}

/* ---- Engines --------------------------------------------------------- */

static void *engine_main(void *arg)
{
    FUZZ_CHECK(drig_run_engine(arg) == -EPIPE);
    return NULL;
}

static void engine_start(struct drig_engine *e)
{
    char ready;

    e->runs = true;
    if (!e->rig->config.real_engine)
        return;
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, e->socks) == 0);
    FUZZ_CHECK(grant_create(GRANT_RUN, GRANT_F_COMPILE, NULL, &e->grant_s,
                            &e->grant, &e->grant_e) == 0);
    FUZZ_CHECK(pthread_create(&e->thread, NULL, engine_main, e) == 0);
    while (read(e->socks[0], &ready, 1) < 0)
        FUZZ_CHECK(errno == EINTR);
}

/* Without its grant it goes to sleep at the next boundary, and sees there
 * that nobody is left at the other end of its socket. */
static void engine_end(struct drig_engine *e)
{
    if (!e->runs)
        return;
    e->runs = false;
    if (!e->rig->config.real_engine)
        return;
    grant_set(e->grant, GRANT_NONE);
    close(e->socks[0]);
    pthread_join(e->thread, NULL);
    close(e->socks[1]);
    munmap(e->grant, GRANT_SIZE);
    close(e->grant_s);
    close(e->grant_e);
}

/* The responder: whatever else stands in the page, commands are done. */
static void respond(struct drig_engine *e)
{
    const uint64_t one = 1;
    uint64_t n;
    uint32_t seq;

    if (e->rig->config.real_engine)
        return;
    if (read(e->kick, &n, sizeof(n)) < 0 && errno != EAGAIN)
        return;
    seq = LINK_READ_ACQ(e->link->dev.cmd_seq);
    if (!e->runs || seq == LINK_READ(e->link->eng.ack_seq))
        return;
    LINK_WRITE_REL(e->link->eng.ack_seq, seq);
    FUZZ_CHECK(write(e->event, &one, sizeof(one)) == sizeof(one));
}

/* ---- The monitor ----------------------------------------------------- */

/* The one that runs. */
static uint32_t main_engine(const struct drig *rig, uint32_t index)
{
    return rig->config.vgpus[index].virtio ? XVGPU_ENGINE_GFX
                                           : XVGPU_ENGINE_SDMA;
}

static uint32_t engines_of(const struct drig *rig, uint32_t index)
{
    return 1u << main_engine(rig, index) | rig->config.vgpus[index].engines;
}

static void look_at_reply(struct drig *rig, const struct proto_in *in)
{
    struct stat st;

    FUZZ_CHECK(in->nr_fds <= 1);
    if (in->nr_fds) {
        FUZZ_CHECK(in->msg.u.reply.status == 0);
        FUZZ_CHECK(fstat(in->fds[0], &st) == 0);
        FUZZ_CHECK((uint64_t)st.st_size ==
                   (uint64_t)in->msg.u.reply.stride * in->msg.u.reply.height);
    }
    rig->replies++;
}

static void take_message(struct drig *rig, struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    struct drig_engine *e;
    uint32_t engine;
    bool runs;

    e = &rig->engines[msg->u.engine_op.index % PROTO_MAX_VGPUS];
    engine = msg->u.engine_op.engine;
    switch (msg->type) {
    case PROTO_ENGINE_RUN:
        FUZZ_CHECK(msg->u.engine_op.index < rig->config.nr_vgpus);
        FUZZ_CHECK(engine < XVGPU_NR_ENGINES &&
                   engines_of(rig, e->index) & 1u << engine);
        if (engine == main_engine(rig, e->index) &&
            !__atomic_load_n(&rig->refuse_start, __ATOMIC_RELAXED) && !e->runs)
            engine_start(e);
        runs = engine == main_engine(rig, e->index) && e->runs;
        engine_op(e, engine, PROTO_ENGINE_STARTED, runs ? 0 : -EAGAIN,
                  msg->u.engine_op.tag);
        break;
    case PROTO_ENGINE_KILL:
        FUZZ_CHECK(msg->u.engine_op.index < rig->config.nr_vgpus);
        if (engine == main_engine(rig, e->index))
            engine_end(e);
        engine_op(e, engine, PROTO_ENGINE_DEAD, 0, msg->u.engine_op.tag);
        break;
    case PROTO_ENGINE_STOPPING: /* none is frozen */
        FUZZ_CHECK(msg->u.engine_op.index < rig->config.nr_vgpus);
        break;
    case PROTO_REPLY:
        look_at_reply(rig, in);
        break;
    case PROTO_RESET_DONE:
        FUZZ_CHECK(msg->u.reset.index < rig->config.nr_vgpus);
        FUZZ_CHECK(__atomic_exchange_n(&rig->resetting[msg->u.reset.index],
                                       false, __ATOMIC_ACQ_REL));
        break;
    default:
        FUZZ_CHECK(!"message of unknown type");
    }
    proto_close_fds(in);
}

static void *monitor_main(void *arg)
{
    struct drig *rig = arg;
    struct pollfd fds[1 + PROTO_MAX_VGPUS] = {
        {.fd = rig->sock, .events = POLLIN}};
    struct proto_in *in = malloc(sizeof(*in));
    struct drig_engine *e;
    bool goes_on = true;
    unsigned int i;

    FUZZ_CHECK(in);
    for (i = 0; i < rig->config.nr_vgpus; i++)
        fds[1 + i] = (struct pollfd){
            .fd = rig->config.real_engine ? -1 : rig->engines[i].kick,
            .events = POLLIN};
    while (goes_on) {
        /* Who scribbles over an acknowledgement gets another. */
        poll(fds, 1 + rig->config.nr_vgpus, 20);
        for (i = 0; i < rig->config.nr_vgpus; i++) {
            e = &rig->engines[i];
            respond(e);
            if (__atomic_exchange_n(&e->dies, false, __ATOMIC_ACQ_REL) &&
                e->runs) {
                engine_end(e);
                engine_op(e, main_engine(rig, i), PROTO_ENGINE_DEAD, 0, 0);
            }
        }
        if (!fds[0].revents)
            continue;
        goes_on = !receive(rig->sock, in);
        if (goes_on)
            take_message(rig, in);
    }
    for (i = 0; i < rig->config.nr_vgpus; i++)
        engine_end(&rig->engines[i]);
    free(in);
    return NULL;
}

void drig_engine_dies(struct drig *rig, uint32_t index)
{
    __atomic_store_n(&rig->engines[index].dies, true, __ATOMIC_RELEASE);
}

void drig_reset(struct drig *rig, uint32_t index, uint32_t reason,
                bool quarantine)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_RESET,
        .u.reset = {.index = index, .reason = reason, .quarantine = quarantine},
    };

    if (!__atomic_exchange_n(&rig->resetting[index], true, __ATOMIC_ACQ_REL))
        send_device(rig, &msg);
}

void drig_query(struct drig *rig, uint32_t index, uint32_t query)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_QUERY,
        .u.query = {.tag = 1, .index = index, .query = query},
    };

    send_device(rig, &msg);
}

/* ---- Life ------------------------------------------------------------ */

static int memfd(size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    return fd;
}

/* Something is shown, until the responder's master writes over it. */
static int make_scanouts(struct drig_engine *e)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    FUZZ_CHECK(fd >= 0 && ftruncate(fd, (off_t)SCANOUT_SIZE) == 0 &&
               fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0 &&
               scanout_map(fd, 1, &e->scanouts) == 0);
    scanout_head(e->scanouts, 0)->width = 64;
    scanout_head(e->scanouts, 0)->height = 64;
    return fd;
}

static void send_vgpu(struct drig *rig, uint32_t index)
{
    const struct drig_vgpu *v = &rig->config.vgpus[index];
    struct drig_engine *e = &rig->engines[index];
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_DEVICE_VGPU,
        .u.vgpu = {.index = index,
                   .devfn = v->devfn,
                   .engines = engines_of(rig, index),
                   .vram_size = v->vram_size,
                   .vram_gfn = v->vram_gfn,
                   .running = rig->config.left && rig->config.left->running
                                  ? 1u << main_engine(rig, index)
                                  : 0,
                   .model =
                       v->virtio ? PROTO_MODEL_VIRTIO_GPU : PROTO_MODEL_NATIVE,
                   .scanouts = 2,
                   .width = 64,
                   .height = 64},
    };
    int fds[2 + 3 * XVGPU_NR_ENGINES], *fd = fds;
    uint32_t i;

    FUZZ_CHECK(v->virtio ||
               fx_populate(rig->domid, v->vram_gfn,
                           (unsigned int)(v->vram_size >> 12)) == 0);
    e->rig = rig;
    e->index = index;
    e->link_fd = memfd(LINK_SIZE);
    e->kick = eventfd(0, EFD_NONBLOCK);
    e->event = eventfd(0, EFD_NONBLOCK);
    e->link = mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                   e->link_fd, 0);
    *fd++ = memfd(PROTO_STATE_SIZE);
    e->state = mmap(NULL, PROTO_STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                    fds[0], 0);
    FUZZ_CHECK(e->link != MAP_FAILED && e->state != MAP_FAILED);
    if (rig->config.left) {
        memcpy(e->state, rig->config.left->state[index], PROTO_STATE_SIZE);
        memcpy(e->link, rig->config.left->link[index], LINK_SIZE);
        e->runs = rig->config.left->running;
    }
    if (v->virtio)
        *fd++ = make_scanouts(e);
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        const bool runs = i == main_engine(rig, index);

        if (!(msg.u.vgpu.engines & 1u << i))
            continue;
        *fd++ = runs ? dup(e->link_fd) : memfd(LINK_SIZE);
        *fd++ = runs ? dup(e->kick) : eventfd(0, EFD_NONBLOCK);
        *fd++ = runs ? dup(e->event) : eventfd(0, EFD_NONBLOCK);
    }
    FUZZ_CHECK(proto_send(rig->sock, &msg, fds, (unsigned int)(fd - fds), NULL,
                          0) == 0);
    while (fd > fds)
        close(*--fd);
}

void drig_leave(struct drig *rig, uint32_t index, struct drig_left *left)
{
    memcpy(left->state[index], rig->engines[index].state, PROTO_STATE_SIZE);
    memcpy(left->link[index], rig->engines[index].link, LINK_SIZE);
    left->claims = left->running = true;
}

static void claim(struct drig *rig, xendevicemodel_handle *dmod, uint64_t at,
                  uint64_t size)
{
    FUZZ_CHECK(xendevicemodel_map_io_range_to_ioreq_server(
                   dmod, rig->domid, (ioservid_t)rig->ioservid, 1, at,
                   at + size - 1) == 0);
}

/* The ioreq server of a device process that is dead. */
static void leave_server(struct drig *rig)
{
    xendevicemodel_handle *dmod = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
    xenforeignmemory_resource_handle *page;
    void *addr = NULL;
    ioservid_t id;
    uint32_t i;

    FUZZ_CHECK(dmod && fmem &&
               xendevicemodel_create_ioreq_server(dmod, rig->domid, 0, &id) ==
                   0);
    page = xenforeignmemory_map_resource(
        fmem, rig->domid, XENMEM_resource_ioreq_server, id,
        XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &addr,
        PROT_READ | PROT_WRITE, 0);
    FUZZ_CHECK(page && xendevicemodel_set_ioreq_server_state(dmod, rig->domid,
                                                             id, 1) == 0);
    xenforeignmemory_unmap_resource(fmem, page);
    xenforeignmemory_close(fmem);
    rig->ioservid = id;
    for (i = 0; i < rig->config.nr_vgpus && rig->config.left->claims; i++) {
        FUZZ_CHECK(xendevicemodel_map_pcidev_to_ioreq_server(
                       dmod, rig->domid, id, 0, 0,
                       (uint8_t)(rig->config.vgpus[i].devfn >> 3), 0) == 0);
        claim(rig, dmod, DRIG_BAR0 + i * DRIG_STEP, XVGPU_CSR_BAR_SIZE);
        claim(rig, dmod, DRIG_BAR4 + i * DRIG_STEP, XVGPU_MSIX_BAR_SIZE);
    }
    xendevicemodel_close(dmod);
}

/* True when it serves. A successor's worker may ask for engines before. */
static bool await_ready(struct drig *rig, struct proto_in *in)
{
    while (!receive(rig->sock, in)) {
        if (in->msg.type == PROTO_DEVICE_READY) {
            rig->ioservid = in->msg.u.ready.ioservid;
            return in->msg.u.ready.status == 0;
        }
        take_message(rig, in);
    }
    return false;
}

void drig_new(struct drig *rig, const struct drig_config *config)
{
    struct fx_domain_config dc = {.ram_bytes = config->ram,
                                  .vcpus = config->nr_vcpus};
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_START};
    struct proto_in *in = malloc(sizeof(*in));
    uint32_t i;
    int sv[2];

    FUZZ_CHECK(in);
    memset(rig, 0, sizeof(*rig));
    rig->config = *config;
    pthread_mutex_init(&rig->send_lock, NULL);
    log_init("fuzz", LOG_ERROR);
    fx_reset();
    for (i = 0; i < config->nr_vgpus; i++)
        dc.extra_kb += config->vgpus[i].vram_size >> 10;
    rig->domid = (domid_t)fx_domain_create(&dc);
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
    rig->sock = sv[0];
    msg.u.start.domid = rig->domid;
    msg.u.start.nr_vcpus = config->nr_vcpus;
    msg.u.start.nr_vgpus = config->nr_vgpus;
    msg.u.start.pvh = config->pvh;
    msg.u.start.log_level = LOG_ERROR;
    if (config->left) {
        leave_server(rig);
        msg.u.start.takeover = 1;
        msg.u.start.ioservid = rig->ioservid;
    }
    send_device(rig, &msg);
    for (i = 0; i < config->nr_vgpus; i++)
        send_vgpu(rig, i);
    rig->pages = fx_domain_pages(rig->domid);
    FUZZ_CHECK(pthread_create(&rig->device, NULL, device_main,
                              (void *)(intptr_t)sv[1]) == 0);
    rig->up = await_ready(rig, in);
    FUZZ_CHECK(rig->up || config->left);
    free(in);
    FUZZ_CHECK(!rig->up ||
               pthread_create(&rig->monitor, NULL, monitor_main, rig) == 0);
}

static void cfg(struct drig *rig, uint32_t index, unsigned int off,
                unsigned int size, uint64_t value)
{
    FUZZ_CHECK(fx_pci_cfg_write(rig->domid, 0,
                                (uint16_t)rig->config.vgpus[index].devfn, off,
                                size, (uint32_t)value) == 0);
}

void drig_program_bars(struct drig *rig, uint32_t index)
{
    if (rig->config.vgpus[index].virtio) {
        cfg(rig, index, PCI_BAR(4), 4, DRIG_BAR0 + index * DRIG_STEP);
        cfg(rig, index, PCI_BAR(1), 4, DRIG_BAR4 + index * DRIG_STEP);
        cfg(rig, index, PCI_COMMAND, 2,
            PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
        return;
    }
    cfg(rig, index, PCI_BAR(0), 4, DRIG_BAR0 + index * DRIG_STEP);
    cfg(rig, index, PCI_BAR(2), 4, DRIG_BAR2 + index * DRIG_VRAM_STEP);
    cfg(rig, index, PCI_BAR(4), 4, DRIG_BAR4 + index * DRIG_STEP);
    cfg(rig, index, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void drig_free(struct drig *rig)
{
    const struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_STOP};
    struct drig_engine *e;
    uint32_t i;
    void *rc;

    __atomic_store_n(&rig->ending, true, __ATOMIC_RELAXED);
    if (rig->up)
        send_device(rig, &msg);
    pthread_join(rig->device, &rc);
    if (rig->up)
        pthread_join(rig->monitor, NULL);
    FUZZ_CHECK((rc == NULL) == rig->up);
    for (i = 0; i < rig->config.nr_vgpus; i++) {
        e = &rig->engines[i];
        munmap(e->link, LINK_SIZE);
        munmap(e->state, PROTO_STATE_SIZE);
        scanout_unmap(e->scanouts);
        close(e->link_fd);
        close(e->kick);
        close(e->event);
    }
    close(rig->sock);
    pthread_mutex_destroy(&rig->send_lock);
    FUZZ_CHECK(!fx_domain_crashed(rig->domid, NULL));
    FUZZ_CHECK(fx_bad_ioreqs(rig->domid) == 0);
    FUZZ_CHECK(fx_servers(rig->domid) == 0);
    FUZZ_CHECK(fx_foreign_mappings(rig->domid) == 0);
    FUZZ_CHECK(fx_dom0_ports() == 0);
    FUZZ_CHECK(fx_open_handles() == 0);
    /* Ballooned pages went, VRAM never landed on anything. What one that was
     * taken over has said of where VRAM is, its guest has to bear. */
    FUZZ_CHECK(fx_domain_pages(rig->domid) <= rig->pages);
    FUZZ_CHECK(rig->config.left || fx_domain_pages(rig->domid) == rig->pages);
    fx_domain_kill(rig->domid);
}
