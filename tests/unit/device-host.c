/* SPDX-License-Identifier: GPL-2.0-or-later */
#define __XEN_TOOLS__ 1 /* XENMEM_resource_* */
#include "device-host.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen/memory.h>

#include "dm/device/device.h"

static void enters(const struct host *h, bool device)
{
    if (h->config->enters)
        h->config->enters(device);
}

static void *device_main(void *arg)
{
    struct host *h = arg;
    const int sock = h->device_sock;
    struct device *dev;
    int rc;

    enters(h, true);
    rc = device_new(sock, &dev);
    if (!rc) {
        rc = device_start(dev);
        if (!rc)
            rc = device_loop(dev);
        device_free(dev);
    }
    if (rc)
        log_error("ending: %s", strerror(-rc)); /* as its main() does */
    enters(h, false);
    close(sock);
    return (void *)(intptr_t)rc;
}

static void engine_kicked(struct host *h)
{
    uint32_t seq;
    uint64_t n;

    if (read(h->kick, &n, sizeof(n)) < 0)
        return;
    seq = LINK_READ_ACQ(h->link->dev.cmd_seq);
    if (seq == h->link->eng.ack_seq)
        __atomic_add_fetch(&h->kicks, 1, __ATOMIC_RELEASE);
    if (LINK_READ(h->deaf) || !LINK_READ(h->running) ||
        seq == h->link->eng.ack_seq)
        return;
    LINK_WRITE(h->link->eng.ack_status, LINK_READ(h->ack_status));
    LINK_WRITE_REL(h->link->eng.ack_seq, seq);
    host_event(h);
}

void host_event(struct host *h)
{
    const uint64_t one = 1;

    if (write(h->event, &one, sizeof(one)) < 0)
        abort();
}

void host_engine_op(struct host *h, uint32_t type, int status, uint32_t tag)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = type,
        .u.engine_op = {.engine = h->config->virtio ? XVGPU_ENGINE_GFX
                                                    : XVGPU_ENGINE_SDMA,
                        .status = status,
                        .tag = tag,
                        .features = h->config->features,
                        .capsets = h->config->capsets},
    };

    /* That it has ended is seen elsewhere. */
    proto_send(h->sock, &msg, NULL, 0, NULL, 0);
}

static void take_message(struct host *h)
{
    const uint32_t tag = h->in.msg.u.engine_op.tag;

    switch (h->in.msg.type) {
    case PROTO_ENGINE_RUN:
        h->runs++;
        if (h->late) { /* answers to what nobody waits for any more */
            host_engine_op(h, PROTO_ENGINE_DEAD, 0, tag - 1);
            host_engine_op(h, PROTO_ENGINE_STARTED, -EBUSY, tag - 2);
        }
        LINK_WRITE(h->running, !LINK_READ(h->refuse_start));
        host_engine_op(h, PROTO_ENGINE_STARTED,
                       LINK_READ(h->running) ? 0 : -EAGAIN, tag);
        break;
    case PROTO_ENGINE_KILL:
        h->kills++;
        LINK_WRITE(h->running, false);
        host_engine_op(h, PROTO_ENGINE_DEAD, 0, tag);
        break;
    case PROTO_ENGINE_STOPPING:
        if (!LINK_READ(h->frozen) || !LINK_READ(h->running))
            break;
        h->thaws++;
        LINK_WRITE(h->running, false);
        host_engine_op(h, PROTO_ENGINE_DEAD, 0, tag);
        break;
    case PROTO_RESET_DONE:
        __atomic_add_fetch(&h->resets, 1, __ATOMIC_RELEASE);
        break;
    case PROTO_REPLY:
        h->reply = h->in;
        __atomic_store_n(&h->replied, true, __ATOMIC_RELEASE);
        break;
    }
}

static void *monitor_main(void *arg)
{
    struct host *h = arg;
    struct pollfd fds[2] = {{.fd = h->sock, .events = POLLIN},
                            {.fd = h->kick, .events = POLLIN}};

    enters(h, false);
    for (;;) {
        poll(fds, 2, -1);
        if (fds[1].revents)
            engine_kicked(h);
        if (!fds[0].revents)
            continue;
        if (proto_recv(h->sock, &h->in))
            break;
        take_message(h);
    }
    __atomic_store_n(&h->ended, true, __ATOMIC_RELEASE);
    return NULL;
}

static int memfd(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    return fd < 0 || ftruncate(fd, (off_t)size) ||
                   fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)
               ? -1
               : fd;
}

static bool make_fds(struct host *h)
{
    h->state = memfd(PROTO_STATE_SIZE);
    h->link_fd = memfd(LINK_SIZE);
    h->kick = eventfd(0, EFD_NONBLOCK);
    h->event = eventfd(0, EFD_NONBLOCK);
    h->link = mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                   h->link_fd, 0);
    h->scanout_fd = h->config->virtio ? memfd(SCANOUT_SIZE) : -1;
    return h->link != MAP_FAILED &&
           (!h->config->virtio || !scanout_map(h->scanout_fd, 1, &h->scanouts));
}

bool host_leave(struct host *h, struct host_left *left)
{
    left->running = LINK_READ(h->running);
    memcpy(left->link, h->link, LINK_SIZE);
    return pread(h->state, left->state, PROTO_STATE_SIZE, 0) ==
           PROTO_STATE_SIZE;
}

/* Its memory, and a server in Xen that has claimed nothing. */
static bool take_over(struct host *h, ioservid_t *id)
{
    xendevicemodel_handle *dmod = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
    xenforeignmemory_resource_handle *page = NULL;
    void *addr = NULL;

    memcpy(h->link, h->config->left->link, LINK_SIZE);
    h->running = h->config->left->running;
    if (dmod && fmem &&
        !xendevicemodel_create_ioreq_server(dmod, h->domid, 0, id))
        page = xenforeignmemory_map_resource(
            fmem, h->domid, XENMEM_resource_ioreq_server, *id,
            XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &addr,
            PROT_READ | PROT_WRITE, 0);
    if (!page || xendevicemodel_set_ioreq_server_state(dmod, h->domid, *id, 1))
        return false;
    xenforeignmemory_unmap_resource(fmem, page);
    xenforeignmemory_close(fmem);
    xendevicemodel_close(dmod);
    return pwrite(h->state, h->config->left->state, PROTO_STATE_SIZE, 0) ==
           PROTO_STATE_SIZE;
}

static bool send_start(struct host *h)
{
    const struct host_config *c = h->config;
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_START};
    ioservid_t id = 0;
    unsigned int n = 0;
    int fds[5], rc;

    if (c->left && !take_over(h, &id))
        return false;

    fds[n++] = h->state;
    if (c->virtio)
        fds[n++] = h->scanout_fd;
    fds[n++] = h->link_fd;
    fds[n++] = h->kick;
    fds[n++] = h->event;
    msg.u.start.domid = h->domid;
    msg.u.start.nr_vcpus = 2;
    msg.u.start.nr_vgpus = 1;
    msg.u.start.log_level = c->log_level;
    msg.u.start.takeover = c->left != NULL;
    msg.u.start.ioservid = id;
    msg.u.start.pvh = c->pvh;
    rc = proto_send(h->sock, &msg, NULL, 0, NULL, 0);
    memset(&msg.u, 0, sizeof(msg.u));
    msg.type = PROTO_DEVICE_VGPU;
    msg.u.vgpu.devfn = c->devfn;
    msg.u.vgpu.engines = 1u
                         << (c->virtio ? XVGPU_ENGINE_GFX : XVGPU_ENGINE_SDMA);
    msg.u.vgpu.running = h->running ? msg.u.vgpu.engines : 0;
    msg.u.vgpu.vram_size = c->vram;
    msg.u.vgpu.vram_gfn = c->parked;
    msg.u.vgpu.model = c->virtio ? PROTO_MODEL_VIRTIO_GPU : PROTO_MODEL_NATIVE;
    msg.u.vgpu.scanouts = c->scanouts;
    msg.u.vgpu.width = 1280;
    msg.u.vgpu.height = 800;
    return !rc && !proto_send(h->sock, &msg, fds, n, NULL, 0);
}

bool host_begin(struct host *h, const struct host_config *c)
{
    const struct fx_domain_config dc = {.ram_bytes = c->ram,
                                        .vcpus = 2,
                                        .extra_kb = c->vram >> 10,
                                        .timeout_ms = c->timeout_ms};
    int sv[2];

    memset(h, 0, sizeof(*h));
    h->config = c;
    fx_reset();
    h->domid = (domid_t)fx_domain_create(&dc);
    if ((c->vram && fx_populate(h->domid, c->parked, c->vram >> 12)) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv))
        return false;
    h->sock = sv[0];
    h->device_sock = sv[1];
    return make_fds(h) && send_start(h) &&
           !pthread_create(&h->device, NULL, device_main, h);
}

bool host_up(struct host *h)
{
    /* A virtio-gpu's engine runs before. */
    while (!proto_recv(h->sock, &h->in) && h->in.msg.type == PROTO_ENGINE_RUN)
        take_message(h);
    return h->in.msg.type == PROTO_DEVICE_READY && !h->in.msg.u.ready.status &&
           !pthread_create(&h->monitor, NULL, monitor_main, h);
}

bool host_query(struct host *h, uint32_t query, uint32_t tag)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_QUERY,
        .u.query = {.tag = tag, .query = query},
    };

    __atomic_store_n(&h->replied, false, __ATOMIC_RELEASE);
    return !proto_send(h->sock, &msg, NULL, 0, NULL, 0);
}

bool host_reset(struct host *h, uint32_t reason, bool quarantine)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_RESET,
        .u.reset = {.reason = reason, .quarantine = quarantine},
    };
    const unsigned int before = __atomic_load_n(&h->resets, __ATOMIC_ACQUIRE);
    unsigned int i;

    if (proto_send(h->sock, &msg, NULL, 0, NULL, 0))
        return false;
    for (i = 0; i < 20000; i++) {
        if (__atomic_load_n(&h->resets, __ATOMIC_ACQUIRE) != before)
            return true;
        usleep(1000);
    }
    return false;
}

int host_end(struct host *h, bool up)
{
    const struct proto_msg stop = {.version = PROTO_VERSION,
                                   .type = PROTO_STOP};
    void *rc;

    if (up)
        proto_send(h->sock, &stop, NULL, 0, NULL, 0);
    pthread_join(h->device, &rc);
    if (up)
        pthread_join(h->monitor, NULL);
    munmap(h->link, LINK_SIZE);
    scanout_unmap(h->scanouts);
    if (h->scanout_fd >= 0)
        close(h->scanout_fd);
    close(h->state);
    close(h->link_fd);
    close(h->sock);
    close(h->kick);
    close(h->event);
    return (int)(intptr_t)rc;
}
