/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records what the ioreq server is asked: lib/trace.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dm/device/model.h"
#include "lib/trace.h"

/* Whole or not at all: a record is shorter than PIPE_BUF, and the pipe does
 * not block. False when nobody reads any more. */
static bool put(struct recorder *r, const void *data, size_t len)
{
    if (write(r->fd, data, len) == (ssize_t)len)
        return true;
    if (errno != EAGAIN && errno != EINTR)
        return false;
    r->lost++;
    return true;
}

static bool put_record(struct recorder *r, struct trace_record *record)
{
    const uint32_t lost = r->lost;
    bool goes_on;

    record->lost = lost;
    record->time_ns = clock_ns() - r->start_ns;
    goes_on = put(r, record, sizeof(*record));
    if (r->lost == lost)
        r->lost = 0;
    return goes_on;
}

/* ---- The state at the beginning -------------------------------------- */

static void put_state(struct recorder *r, enum trace_space space, uint64_t addr,
                      unsigned int size, uint64_t data)
{
    struct trace_record record = {.addr = addr,
                                  .data = data,
                                  .space = (uint8_t)space,
                                  .flags = TRACE_WRITE | TRACE_STATE,
                                  .size = (uint8_t)size};

    put_record(r, &record);
}

static void put_csr(void *opaque, unsigned int offset, unsigned int size,
                    uint64_t value)
{
    struct vgpu *vgpu = opaque;

    put_state(&vgpu->dev->recorder, TRACE_MMIO, vgpu->st->csr_at + offset, size,
              value);
}

static void put_config(struct recorder *r, const struct vgpu *vgpu)
{
    const uint64_t cfg = (uint64_t)vgpu->devfn << 32;
    unsigned int off;

    /* PCI_COMMAND last: BARs are in place when decoding begins. */
    for (off = 8; off < PCI_CONFIG_SIZE; off += 4)
        put_state(r, TRACE_CFG, cfg + off, 4, pci_get32(&vgpu->st->pci, off));
    put_state(r, TRACE_CFG, cfg + PCI_COMMAND, 2, pci_command(&vgpu->st->pci));
}

static void put_vgpu(struct recorder *r, struct vgpu *vgpu)
{
    unsigned int off, e;
    uint64_t value;

    put_config(r, vgpu);
    for (off = 0; vgpu->msix_range && off < 16 * XVGPU_MSIX_VECTORS; off += 8)
        if (irq_msix_read(&vgpu->st->irq, XVGPU_MSIX_TABLE + off, 8, &value))
            put_state(r, TRACE_MMIO, vgpu->st->msix_at + XVGPU_MSIX_TABLE + off,
                      8, value);
    if (!vgpu->csr_range)
        return;
    csr_each_set(vgpu, put_csr, vgpu);
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        if (!vgpu->engines[e].present || !vgpu->st->engines[e].enabled)
            continue;
        put_csr(vgpu, engine_csr(e, XVGPU_CTRL), 4, XVGPU_CTRL_ENABLE);
        put_csr(vgpu, engine_csr(e, XVGPU_WPTR), 4,
                csr_get32(vgpu, engine_csr(e, XVGPU_WPTR)));
    }
}

static bool begin(struct device *dev)
{
    struct recorder *r = &dev->recorder;
    struct trace_header h = {
        .version = TRACE_VERSION,
        .kind = TRACE_IOREQ,
        .header_size = sizeof(struct trace_header),
        .record_size = sizeof(struct trace_record),
        .domid = dev->domid,
        .nr_vcpus = dev->nr_vcpus,
        .nr_vgpus = dev->nr_vgpus,
        .pvh = dev->pvh,
    };
    struct timespec now;
    unsigned int i, e;

    r->fd = r->next_fd;
    r->begun = true;
    r->lost = 0;
    r->start_ns = clock_ns();
    memcpy(h.magic, TRACE_MAGIC, sizeof(h.magic));
    clock_gettime(CLOCK_REALTIME, &now);
    h.unix_ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
    for (i = 0; i < dev->nr_vgpus; i++) {
        const struct vgpu *vgpu = &dev->vgpus[i];

        h.vgpus[i].devfn = vgpu->devfn;
        for (e = 0; e < XVGPU_NR_ENGINES; e++)
            h.vgpus[i].engines |= (uint32_t)vgpu->engines[e].present << e;
        h.vgpus[i].vram_size = vgpu->vram_size;
        h.vgpus[i].vram_gfn = vgpu->st->vram_gfn;
    }
    /* Into an empty pipe: it has room, or the reader set a trap. */
    if (!put(r, &h, sizeof(h)) || r->lost)
        return false;
    pthread_mutex_lock(&dev->lock);
    for (i = 0; i < dev->nr_vgpus; i++)
        put_vgpu(r, &dev->vgpus[i]);
    if (dev->pvh)
        put_state(r, TRACE_PIO, BRIDGE_CF8, 4, dev->vgpus[0].st->cf8);
    pthread_mutex_unlock(&dev->lock);
    return true;
}

/* ---- Requests -------------------------------------------------------- */

static bool has_reader(const struct recorder *r)
{
    struct pollfd pfd = {.fd = r->fd};

    return poll(&pfd, 1, 0) >= 0 && !(pfd.revents & POLLERR);
}

static bool record_event(struct recorder *r, const struct ioreq_event *event)
{
    const struct ioreq_access *a = event->access;
    struct trace_record record = {
        .addr = event->addr,
        .space = TRACE_INVALIDATE,
        .vcpu = (uint8_t)event->vcpu,
    };

    if (a) {
        record.space = (uint8_t)a->space;
        record.size = (uint8_t)a->size;
        record.data = a->data;
        record.flags = (uint8_t)((a->write ? TRACE_WRITE : 0) |
                                 (event->deferred ? TRACE_SLOW : 0) |
                                 (event->nobody ? TRACE_NOBODY : 0));
    }
    return put_record(r, &record);
}

/* The service's lock is held. */
static bool observer(void *opaque, const struct ioreq_event *event)
{
    struct device *dev = opaque;
    struct recorder *r = &dev->recorder;
    bool goes_on;

    if (event)
        goes_on = record_event(r, event);
    else
        goes_on = r->begun ? has_reader(r) : begin(dev);
    if (!goes_on) {
        close(r->fd);
        r->begun = false;
    }
    return goes_on;
}

int record_start(struct device *dev, int fd)
{
    unsigned int i;

    for (i = 0; i < dev->nr_vgpus; i++)
        if (dev->vgpus[i].model != &native_model)
            return -EOPNOTSUPP;
    dev->recorder.next_fd = fd; /* for begin(), on this thread */
    return ioreq_observe(dev->ioreq, observer, dev);
}
