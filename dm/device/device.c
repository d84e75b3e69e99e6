/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm/device/model.h"

/* Data of string instructions only: a few pages. */
#define MAP_BUCKETS 16

/* EFAULT is the guest's doing, the rest ours. */
static int copied(struct device *dev, int rc, uint64_t gpa)
{
    if (rc && rc != -EFAULT)
        log_limited(&dev->map_limit, LOG_WARNING,
                    "mapping guest memory at 0x%llx: %s",
                    (unsigned long long)gpa, strerror(-rc));
    return rc;
}

static int guest_read(void *opaque, uint64_t gpa, void *buf, unsigned int len)
{
    struct device *dev = opaque;
    int rc;

    pthread_mutex_lock(&dev->map_lock);
    rc = copied(dev, guestmap_read(dev->map, gpa, buf, len, NULL), gpa);
    pthread_mutex_unlock(&dev->map_lock);
    return rc;
}

static int guest_write(void *opaque, uint64_t gpa, const void *buf,
                       unsigned int len)
{
    struct device *dev = opaque;
    int rc;

    pthread_mutex_lock(&dev->map_lock);
    rc = copied(dev, guestmap_write(dev->map, gpa, buf, len, NULL), gpa);
    pthread_mutex_unlock(&dev->map_lock);
    return rc;
}

static void invalidate(void *opaque)
{
    struct device *dev = opaque;
    unsigned int i;

    pthread_mutex_lock(&dev->lock);
    for (i = 0; i < dev->nr_vgpus; i++)
        engines_invalidate(&dev->vgpus[i]);
    pthread_mutex_unlock(&dev->lock);
    pthread_mutex_lock(&dev->map_lock);
    guestmap_invalidate(dev->map);
    pthread_mutex_unlock(&dev->map_lock);
}

/* The monitor sees the end, and a successor takes over. */
static void service_failed(void *opaque)
{
    struct device *dev = opaque;

    __atomic_store_n(&dev->failed, true, __ATOMIC_RELEASE);
    shutdown(dev->sock, SHUT_RDWR);
}

/* Receive the next message, which must be of `type`. */
static int expect(struct device *dev, struct proto_in *in, uint32_t type)
{
    int rc;

    do
        rc = proto_recv(dev->sock, in);
    while (rc == -EINTR);
    if (rc)
        return rc;
    if (in->msg.type != type) {
        proto_close_fds(in);
        return -EPROTO;
    }
    return 0;
}

static int map_fd(int fd, size_t size, void **out)
{
    struct stat st;
    void *p;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size < (off_t)size)
        return -EINVAL;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    *out = p;
    return 0;
}

static const struct device_model *const device_models[] = {
    [PROTO_MODEL_NATIVE] = &native_model,
    [PROTO_MODEL_VIRTIO_GPU] = &virtio_model,
};

/* The descriptors of PROTO_DEVICE_VGPU, in their order. */
static int take_vgpu(struct device *dev, struct proto_in *in)
{
    struct vgpu *vgpu = &dev->vgpus[in->msg.u.vgpu.index];
    const uint32_t engines = in->msg.u.vgpu.engines;
    const uint32_t model = in->msg.u.vgpu.model;
    const bool scanouts = model == PROTO_MODEL_VIRTIO_GPU;
    unsigned int next = 1, e;
    void *p;
    int rc;

    vgpu->dev = dev;
    vgpu->index = in->msg.u.vgpu.index;
    vgpu->devfn = in->msg.u.vgpu.devfn;
    vgpu->vram_size = in->msg.u.vgpu.vram_size;
    vgpu->local_size = in->msg.u.vgpu.local_size;
    if (model >= sizeof(device_models) / sizeof(*device_models) ||
        engines >> XVGPU_NR_ENGINES ||
        in->nr_fds !=
            1u + scanouts + 3u * (unsigned int)__builtin_popcount(engines))
        return -EPROTO;
    vgpu->model = device_models[model];
    rc = map_fd(in->fds[0], PROTO_STATE_SIZE, &p);
    if (rc)
        return rc;
    vgpu->csr = p;
    vgpu->st = (struct vgpu_state *)(vgpu->csr + XVGPU_CSR_BAR_SIZE);
    if (scanouts) {
        rc = scanout_map(in->fds[next++], 0, &vgpu->scanouts);
        if (rc)
            return rc;
    }
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        if (!(engines & 1u << e))
            continue;
        rc = map_fd(in->fds[next], LINK_SIZE, &p);
        if (rc)
            return rc;
        vgpu->engines[e].link = p;
        vgpu->engines[e].kick = in->fds[next + 1];
        vgpu->engines[e].event = in->fds[next + 2];
        in->fds[next + 1] = in->fds[next + 2] = -1; /* taken */
        /* A guest could have us wait on a full one. */
        if (fcntl(vgpu->engines[e].kick, F_SETFL, O_NONBLOCK) < 0 ||
            fcntl(vgpu->engines[e].event, F_SETFL, O_NONBLOCK) < 0)
            return -errno;
        next += 3;
    }
    return dev->takeover ? vgpu->model->takeover(vgpu, &in->msg)
                         : vgpu->model->init(vgpu, &in->msg);
}

static int receive_vgpus(struct device *dev, struct proto_in *in)
{
    unsigned int i;
    int rc;

    for (i = 0; i < dev->nr_vgpus; i++) {
        rc = expect(dev, in, PROTO_DEVICE_VGPU);
        if (!rc)
            rc = in->msg.u.vgpu.index == i ? take_vgpu(dev, in) : -EPROTO;
        proto_close_fds(in);
        if (rc) {
            log_error("taking over the configuration of vGPU %u failed: %s", i,
                      strerror(-rc));
            return rc;
        }
    }
    return 0;
}

static int open_xen(struct device *dev, unsigned int poll_us, unsigned int id,
                    unsigned int rate)
{
    struct ioreq_config c = {
        .domid = dev->domid,
        .nr_vcpus = dev->nr_vcpus,
        .poll_us = poll_us,
        .takeover = dev->takeover,
        .id = id,
        .rate = rate,
        .guest_read = guest_read,
        .guest_write = guest_write,
        .failed = service_failed,
        .invalidate = invalidate,
        .opaque = dev,
    };
    int rc;

    c.dmod = dev->dmod = xendevicemodel_open(NULL, 0);
    if (!dev->dmod) {
        log_error("opening the device model interface failed: %s",
                  strerror(errno));
        return -errno;
    }
    c.fmem = dev->fmem = xenforeignmemory_open(NULL, 0);
    if (!dev->fmem) {
        log_error("opening the foreign memory interface failed: %s",
                  strerror(errno));
        return -errno;
    }
    c.xce = dev->xce = xenevtchn_open(NULL, 0);
    if (!dev->xce) {
        log_error("opening the event channel interface failed: %s",
                  strerror(errno));
        return -errno;
    }
    rc = guestmap_new(dev->fmem, dev->domid, MAP_BUCKETS, &dev->map);
    if (rc)
        return rc;
    return ioreq_new(&c, &dev->ioreq);
}

/* Interrupts of all engines a second: each costs this process a wake-up and a
 * hypercall. */
#define EVENT_RATE 10000u
#define EVENT_BURST 1000u

int device_new(int sock, struct device **out)
{
    struct device *dev = calloc(1, sizeof(*dev));
    struct proto_in *in = malloc(sizeof(*in));
    pthread_condattr_t attr;
    unsigned int poll_us, id, rate;
    int rc = -ENOMEM;

    if (!dev || !in)
        goto out;
    dev->sock = sock;
    pthread_mutex_init(&dev->lock, NULL);
    pthread_mutex_init(&dev->map_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&dev->changed, &attr);
    pthread_cond_init(&dev->work, &attr);
    pthread_condattr_destroy(&attr);
    guard_init(&dev->event_guard, EVENT_RATE, EVENT_BURST);

    rc = expect(dev, in, PROTO_DEVICE_START);
    if (rc)
        goto out;
    dev->domid = in->msg.u.start.domid;
    dev->own_domid = in->msg.u.start.own_domid;
    dev->nr_vcpus = in->msg.u.start.nr_vcpus;
    dev->nr_vgpus = in->msg.u.start.nr_vgpus;
    dev->sandbox = (struct sandbox){
        .profile = SANDBOX_DEVICE,
        .domid = dev->domid,
        .uid = in->msg.u.start.uid,
        .gid = in->msg.u.start.gid,
        .enabled = in->msg.u.start.sandbox,
    };
    log_set_level((enum log_level)in->msg.u.start.log_level);
    poll_us = in->msg.u.start.poll_us;
    dev->takeover = in->msg.u.start.takeover;
    dev->pvh = in->msg.u.start.pvh;
    id = in->msg.u.start.ioservid;
    rate = in->msg.u.start.rate;
    if (!dev->nr_vgpus || dev->nr_vgpus > PROTO_MAX_VGPUS) {
        rc = -EPROTO;
        goto out;
    }
    rc = open_xen(dev, poll_us, id, rate);
    if (!rc)
        rc = receive_vgpus(dev, in);
out:
    free(in);
    if (rc) {
        device_free(dev);
        return rc;
    }
    *out = dev;
    return 0;
}

int device_start(struct device *dev)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_READY};
    unsigned int i;
    int rc;

    rc = sandbox_enter(&dev->sandbox);
    if (!rc && dev->pvh)
        rc = bridge_claim(dev);
    for (i = 0; i < dev->nr_vgpus && !rc; i++) {
        struct vgpu *vgpu = &dev->vgpus[i];

        rc = ioreq_claim_pci(dev->ioreq, vgpu->devfn, vgpu->model->config, vgpu,
                             &vgpu->cfg_range);
        if (rc)
            log_error("claiming PCI function 00:%02x.%u failed: %s",
                      vgpu->devfn >> 3, vgpu->devfn & 7, strerror(-rc));
    }
    /* What takes long is begun for all of them, then waited for. */
    for (i = 0; i < dev->nr_vgpus && !rc; i++)
        if (dev->vgpus[i].model->prepare)
            rc = dev->vgpus[i].model->prepare(&dev->vgpus[i]);
    for (i = 0; i < dev->nr_vgpus && !rc; i++)
        if (dev->vgpus[i].model->prepared)
            rc = dev->vgpus[i].model->prepared(&dev->vgpus[i]);
    if (!rc)
        rc = ioreq_enable(dev->ioreq);
    for (i = 0; i < dev->nr_vgpus && dev->takeover && !rc; i++)
        dev->vgpus[i].model->catch_up(&dev->vgpus[i]);
    if (!rc)
        rc = worker_start(dev);
    if (!rc)
        rc = ioreq_start(dev->ioreq);
    msg.u.ready.status = rc;
    msg.u.ready.ioservid = ioreq_server_id(dev->ioreq);
    if (proto_send(dev->sock, &msg, NULL, 0, NULL, 0) && !rc)
        rc = -EPIPE;
    return rc;
}

static void resize(struct device *dev, const struct proto_msg *msg)
{
    struct vgpu *vgpu;

    if (msg->u.display_size.index >= dev->nr_vgpus)
        return;
    vgpu = &dev->vgpus[msg->u.display_size.index];
    if (vgpu->model->resize)
        vgpu->model->resize(vgpu, msg->u.display_size.scanout,
                            msg->u.display_size.width,
                            msg->u.display_size.height);
}

static int on_message(struct device *dev, struct proto_in *in)
{
    int rc = proto_recv(dev->sock, in);

    if (rc == -ENOMEM || rc == -ENOBUFS) {
        log_limited(&dev->limit, LOG_WARNING, "receive from the monitor: %s",
                    strerror(-rc));
        return 0; /* it is still there */
    }
    if (rc)
        return rc == -EINTR || rc == -EAGAIN ? 0 : rc;
    switch (in->msg.type) {
    case PROTO_STOP:
        rc = -ESHUTDOWN;
        break;
    case PROTO_QUERY:
        query_answer(dev, in);
        break;
    case PROTO_RESET:
        reset_queue(dev, &in->msg);
        break;
    case PROTO_DISPLAY_RESIZE:
        resize(dev, &in->msg);
        break;
    case PROTO_ENGINE_STARTED:
    case PROTO_ENGINE_DEAD:
        worker_engine_message(dev, &in->msg);
        break;
    default:
        log_warning("message of unknown type %u from the monitor",
                    in->msg.type);
    }
    proto_close_fds(in);
    return rc;
}

/* How long the main thread idles before it asks whether the server lives. */
#define ALIVE_MS 5000

#define MAX_FDS (1 + PROTO_MAX_VGPUS * XVGPU_NR_ENGINES)

int device_loop(struct device *dev)
{
    struct pollfd fds[MAX_FDS] = {{.fd = dev->sock, .events = POLLIN}};
    struct {
        struct vgpu *vgpu;
        unsigned int engine;
    } who[MAX_FDS];
    struct proto_in *in = malloc(sizeof(*in));
    unsigned int nr = 1, i, e, interrupts = 0;
    uint64_t count;
    int n, rc = 0;

    if (!in)
        return -ENOMEM;
    for (i = 0; i < dev->nr_vgpus; i++)
        for (e = 0; e < XVGPU_NR_ENGINES; e++) {
            if (!dev->vgpus[i].engines[e].present)
                continue;
            who[nr].vgpu = &dev->vgpus[i];
            who[nr].engine = e;
            fds[nr++] = (struct pollfd){.fd = dev->vgpus[i].engines[e].event,
                                        .events = POLLIN};
        }
    while (!rc) {
        n = poll(fds, nr, ALIVE_MS);
        if (n < 0 && errno != EINTR) {
            rc = -errno;
            break;
        }
        /* The monitor sees the domain die; should it fail to, this does. */
        if (n == 0 && ioreq_alive(dev->ioreq) == -ENOENT) {
            log_info("the domain or the ioreq server is gone");
            rc = -ESHUTDOWN;
        }
        if (n <= 0)
            continue;
        for (i = 1; i < nr; i++) {
            if (!fds[i].revents || read(fds[i].fd, &count, sizeof(count)) < 0)
                continue;
            pthread_mutex_lock(&dev->lock);
            interrupts +=
                who[i].vgpu->model->engine_event(who[i].vgpu, who[i].engine);
            pthread_mutex_unlock(&dev->lock);
        }
        /* What comes meanwhile becomes one interrupt. */
        if (interrupts)
            guard_sleep(
                guard_charge(&dev->event_guard, interrupts, clock_ns()));
        interrupts = 0;
        if (fds[0].revents)
            rc = on_message(dev, in);
    }
    free(in);
    if (rc == -EPIPE && __atomic_load_n(&dev->failed, __ATOMIC_ACQUIRE))
        rc = -EIO; /* it was us who closed it */
    return rc == -ESHUTDOWN ? 0 : rc;
}

void device_free(struct device *dev)
{
    unsigned int i, e;

    if (!dev)
        return;
    worker_stop(dev);
    ioreq_free(dev->ioreq);
    if (dev->recorder.begun)
        close(dev->recorder.fd);
    guestmap_free(dev->map);
    for (i = 0; i < dev->nr_vgpus; i++) {
        struct vgpu *vgpu = &dev->vgpus[i];

        for (e = 0; e < XVGPU_NR_ENGINES; e++) {
            struct engine *eng = &vgpu->engines[e];

            if (!eng->link)
                continue;
            munmap(eng->link, LINK_SIZE);
            close(eng->kick);
            close(eng->event);
        }
        scanout_unmap(vgpu->scanouts);
        if (vgpu->csr)
            munmap(vgpu->csr, PROTO_STATE_SIZE);
    }
    if (dev->xce)
        xenevtchn_close(dev->xce);
    if (dev->fmem)
        xenforeignmemory_close(dev->fmem);
    if (dev->dmod)
        xendevicemodel_close(dev->dmod);
    pthread_mutex_destroy(&dev->lock);
    pthread_mutex_destroy(&dev->map_lock);
    pthread_cond_destroy(&dev->changed);
    pthread_cond_destroy(&dev->work);
    free(dev);
}
