/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the virtio PCI transport (virtio 1.2, 4.1.4). */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>

#include "dm/device/virtio.h"
#include "lib/probes.h"

enum access { RO, RW };

struct field {
    const char *name;
    uint16_t offset; /* in the BAR */
    uint8_t width;
    enum access access;
    bool of_queue; /* means the selected one */
};

/* The registers that VIRTIO_NOTIFY has are not here: they read as nothing. */
enum {
    DEVICE_FEATURE_SELECT = VIRTIO_COMMON + 0x00,
    DEVICE_FEATURE = VIRTIO_COMMON + 0x04,
    DRIVER_FEATURE_SELECT = VIRTIO_COMMON + 0x08,
    DRIVER_FEATURE = VIRTIO_COMMON + 0x0c,
    CONFIG_MSIX_VECTOR = VIRTIO_COMMON + 0x10,
    NUM_QUEUES = VIRTIO_COMMON + 0x12,
    DEVICE_STATUS = VIRTIO_COMMON + 0x14,
    CONFIG_GENERATION = VIRTIO_COMMON + 0x15,
    QUEUE_SELECT = VIRTIO_COMMON + 0x16,
    QUEUE_SIZE = VIRTIO_COMMON + 0x18,
    QUEUE_MSIX_VECTOR = VIRTIO_COMMON + 0x1a,
    QUEUE_ENABLE = VIRTIO_COMMON + 0x1c,
    QUEUE_NOTIFY_OFF = VIRTIO_COMMON + 0x1e,
    QUEUE_DESC = VIRTIO_COMMON + 0x20,
    QUEUE_DRIVER = VIRTIO_COMMON + 0x28,
    QUEUE_DEVICE = VIRTIO_COMMON + 0x30,
    ISR_STATUS = VIRTIO_ISR,
    EVENTS_READ = VIRTIO_DEVICE + 0x0,
    EVENTS_CLEAR = VIRTIO_DEVICE + 0x4,
    NUM_SCANOUTS = VIRTIO_DEVICE + 0x8,
    NUM_CAPSETS = VIRTIO_DEVICE + 0xc,
};

static const struct field fields[] = {
    {"device_feature_select", DEVICE_FEATURE_SELECT, 4, RW, false},
    {"device_feature", DEVICE_FEATURE, 4, RO, false},
    {"driver_feature_select", DRIVER_FEATURE_SELECT, 4, RW, false},
    {"driver_feature", DRIVER_FEATURE, 4, RW, false},
    {"config_msix_vector", CONFIG_MSIX_VECTOR, 2, RW, false},
    {"num_queues", NUM_QUEUES, 2, RO, false},
    {"device_status", DEVICE_STATUS, 1, RW, false},
    {"config_generation", CONFIG_GENERATION, 1, RO, false},
    {"queue_select", QUEUE_SELECT, 2, RW, false},
    {"queue_size", QUEUE_SIZE, 2, RW, true},
    {"queue_msix_vector", QUEUE_MSIX_VECTOR, 2, RW, true},
    {"queue_enable", QUEUE_ENABLE, 2, RW, true},
    {"queue_notify_off", QUEUE_NOTIFY_OFF, 2, RO, true},
    {"queue_desc", QUEUE_DESC, 8, RW, true},
    {"queue_driver", QUEUE_DRIVER, 8, RW, true},
    {"queue_device", QUEUE_DEVICE, 8, RW, true},
    {"isr_status", ISR_STATUS, 1, RO, false},
    {"events_read", EVENTS_READ, 4, RO, false},
    {"events_clear", EVENTS_CLEAR, 4, RW, false},
    {"num_scanouts", NUM_SCANOUTS, 4, RO, false},
    {"num_capsets", NUM_CAPSETS, 4, RO, false},
};

/* The field that an access means: whole, or a half of one of 8 bytes, as a
 * driver must (4.1.3.1). */
static const struct field *find(uint64_t offset, unsigned int size)
{
    const struct field *f;
    unsigned int i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        f = &fields[i];
        if (offset == f->offset && size == f->width)
            return f;
        if (f->width == 8 && size == 4 &&
            (offset == f->offset || offset == f->offset + 4u))
            return f;
    }
    return NULL;
}

static uint32_t half(uint64_t value, uint32_t select)
{
    return select < 2 ? (uint32_t)(value >> (32 * select)) : 0;
}

static void set_half(uint64_t *to, unsigned int n, uint32_t value)
{
    *to = (*to & ~(0xffffffffull << (32 * n))) | (uint64_t)value << (32 * n);
}

static uint64_t queue_value(const struct vgpu *vgpu, const struct field *f,
                            unsigned int n)
{
    const struct virtio_queue *q;

    if (n >= LINK_QUEUES)
        return f->offset == QUEUE_MSIX_VECTOR ? VIRTIO_NO_VECTOR : 0;
    q = &vgpu->virtio->queue[n];
    switch (f->offset) {
    case QUEUE_SIZE:
        return q->q.size;
    case QUEUE_MSIX_VECTOR:
        return q->vector;
    case QUEUE_ENABLE:
        return q->q.enabled;
    case QUEUE_NOTIFY_OFF:
        return n;
    case QUEUE_DESC:
        return q->q.desc;
    case QUEUE_DRIVER:
        return q->q.driver;
    default:
        return q->q.device;
    }
}

static uint64_t value_of(const struct vgpu *vgpu, const struct field *f,
                         unsigned int queue)
{
    const struct virtio_state *v = vgpu->virtio;

    if (f->of_queue)
        return queue_value(vgpu, f, queue);
    switch (f->offset) {
    case DEVICE_FEATURE_SELECT:
        return v->feature_select;
    case DEVICE_FEATURE:
        return half(virtio_features(vgpu), v->feature_select);
    case DRIVER_FEATURE_SELECT:
        return v->driver_feature_select;
    case DRIVER_FEATURE:
        return half(v->driver_features, v->driver_feature_select);
    case CONFIG_MSIX_VECTOR:
        return v->config_vector;
    case NUM_QUEUES:
        return LINK_QUEUES;
    case DEVICE_STATUS:
        return v->status;
    case CONFIG_GENERATION:
        return v->generation;
    case QUEUE_SELECT:
        return v->queue_select;
    case ISR_STATUS:
        return v->isr;
    case EVENTS_READ:
        return v->events;
    case NUM_SCANOUTS:
        return v->scanouts;
    case NUM_CAPSETS:
        return v->capsets;
    default: /* EVENTS_CLEAR */
        return 0;
    }
}

bool virtio_read(struct vgpu *vgpu, uint64_t offset, unsigned int size,
                 uint64_t *value)
{
    const struct field *f = find(offset, size);

    *value = ~0ull;
    if (!f)
        return false;
    *value = value_of(vgpu, f, vgpu->virtio->queue_select);
    *value >>= 8 * (offset - f->offset);
    if (f->offset == ISR_STATUS) {
        vgpu->virtio->isr = 0; /* reading acknowledges (4.1.4.5) */
        virtio_update_level(vgpu);
    }
    return true;
}

/* ---- Writes ------------------------------------------------------------ */

static uint32_t vector(uint64_t value)
{
    return value < VIRTIO_MSIX_VECTORS ? (uint32_t)value : VIRTIO_NO_VECTOR;
}

/* What a driver may have accepted (3.1.1, 5.7.3). */
static bool features_ok(const struct vgpu *vgpu)
{
    const uint64_t f = vgpu->virtio->driver_features;

    if (f & ~virtio_features(vgpu) || !(f & 1ull << VIRTIO_F_VERSION_1))
        return false;
    return f & 1ull << VIRTIO_GPU_F_VIRGL ||
           !(f & 1ull << VIRTIO_GPU_F_CONTEXT_INIT);
}

/* A driver sets bits one after the other and clears none but all (2.1.1). */
static bool write_status(struct vgpu *vgpu, uint32_t value,
                         struct csr_effect *effect)
{
    const uint32_t known = 0x80u | 0x01u | 0x02u | VIRTIO_STATUS_FEATURES_OK |
                           VIRTIO_STATUS_DRIVER_OK;
    struct virtio_state *v = vgpu->virtio;

    *effect = (struct csr_effect){.job = JOB_CTRL, .engine = VIRTIO_ENGINE};
    if (!value) {
        effect->deferred = true;
        effect->value = VIRTIO_STOP;
        return true;
    }
    if (value & ~(known | VIRTIO_STATUS_NEEDS_RESET) ||
        (v->status & known & ~value))
        return false;
    if (!(v->status & VIRTIO_STATUS_FEATURES_OK) && !features_ok(vgpu))
        value &= ~VIRTIO_STATUS_FEATURES_OK;
    if (!(value & VIRTIO_STATUS_FEATURES_OK))
        value &= ~VIRTIO_STATUS_DRIVER_OK;
    v->status |= value & known;
    if (virtio_start_is_due(vgpu)) {
        effect->deferred = true;
        effect->value = VIRTIO_START;
    }
    return true;
}

static bool write_queue(struct vgpu *vgpu, const struct field *f,
                        uint64_t offset, unsigned int size, uint64_t value)
{
    struct virtio_state *v = vgpu->virtio;
    struct virtio_queue *q;
    struct link_queue next;
    uint64_t *address;

    if (v->queue_select >= LINK_QUEUES)
        return false;
    q = &v->queue[v->queue_select];
    if (f->offset == QUEUE_MSIX_VECTOR) {
        q->vector = vector(value);
        return true;
    }
    /* What the engine has been given stays as it is until the reset. */
    if (q->q.enabled || v->status & VIRTIO_STATUS_DRIVER_OK)
        return false;
    next = q->q;
    switch (f->offset) {
    case QUEUE_SIZE:
        next.size = (uint32_t)value;
        if (!value || value & (value - 1) || value > LINK_QUEUE_SIZE_MAX)
            return false;
        break;
    case QUEUE_ENABLE:
        next.enabled = 1;
        if (value != 1 || !(v->status & VIRTIO_STATUS_FEATURES_OK) ||
            !virtio_queue_sound(&next))
            return false;
        break;
    default:
        address = f->offset == QUEUE_DESC     ? &next.desc
                  : f->offset == QUEUE_DRIVER ? &next.driver
                                              : &next.device;
        if (size == 8)
            *address = value;
        else
            set_half(address, (unsigned int)(offset - f->offset) / 4,
                     (uint32_t)value);
        break;
    }
    q->q = next;
    return true;
}

static bool write_field(struct vgpu *vgpu, const struct field *f,
                        uint64_t value, struct csr_effect *effect)
{
    struct virtio_state *v = vgpu->virtio;

    switch (f->offset) {
    case DEVICE_FEATURE_SELECT:
        v->feature_select = (uint32_t)value;
        return true;
    case DRIVER_FEATURE_SELECT:
        v->driver_feature_select = (uint32_t)value;
        return true;
    case DRIVER_FEATURE:
        if (v->status & VIRTIO_STATUS_FEATURES_OK)
            return false;
        if (v->driver_feature_select < 2)
            set_half(&v->driver_features, v->driver_feature_select,
                     (uint32_t)value);
        /* None beyond is offered. */
        return v->driver_feature_select < 2 || !(uint32_t)value;
    case CONFIG_MSIX_VECTOR:
        v->config_vector = vector(value);
        return true;
    case DEVICE_STATUS:
        return write_status(vgpu, (uint32_t)value, effect);
    case QUEUE_SELECT:
        v->queue_select = (uint32_t)value;
        return true;
    default: /* EVENTS_CLEAR */
        v->events &= ~(uint32_t)value;
        return true;
    }
}

/* Which queue is meant needs not be known: the engine looks at both. */
static bool notify(struct vgpu *vgpu)
{
    struct engine *e = &vgpu->engines[VIRTIO_ENGINE];
    int rc;

    vgpu->virtio->kicks++;
    if (!e->st->enabled)
        return true; /* not yet, or no more */
    rc = link_kick(e->kick);
    if (rc)
        log_limited(&vgpu->limit, LOG_ERROR,
                    "vGPU %u: a notification was lost: %s", vgpu->index,
                    strerror(-rc));
    return true;
}

bool virtio_write(struct vgpu *vgpu, uint64_t offset, unsigned int size,
                  uint64_t value, struct csr_effect *effect)
{
    const struct field *f;

    effect->deferred = false;
    if (offset >= VIRTIO_NOTIFY &&
        offset < VIRTIO_NOTIFY + LINK_QUEUES * VIRTIO_NOTIFY_MULTIPLIER)
        return offset % VIRTIO_NOTIFY_MULTIPLIER == 0 && size <= 4 &&
               notify(vgpu);
    f = find(offset, size);
    if (!f || f->access == RO)
        return false;
    if (size < 8)
        value &= (1ull << (8 * size)) - 1;
    return f->of_queue ? write_queue(vgpu, f, offset, size, value)
                       : write_field(vgpu, f, value, effect);
}

/* ---- From the guest ---------------------------------------------------- */

static void count(struct vgpu *vgpu, const struct ioreq_access *a,
                  uint64_t offset, const char *where)
{
    vgpu->virtio->bad_access++;
    log_limited(&vgpu->limit, LOG_WARNING,
                "vGPU %u: %s of %u bytes at %s offset 0x%llx makes no sense",
                vgpu->index, a->write ? "write" : "read", a->size, where,
                (unsigned long long)offset);
}

/* The lock is held. */
static enum ioreq_verdict access_bar(struct vgpu *vgpu, uint64_t offset,
                                     struct ioreq_access *a)
{
    struct csr_effect effect = {.deferred = false};
    bool sense;

    if (a->write)
        sense = virtio_write(vgpu, offset, a->size, a->data, &effect);
    else
        sense = virtio_read(vgpu, offset, a->size, &a->data);
    if (!sense)
        count(vgpu, a, offset, "BAR 4");
    PROBE_TRAP(vgpu->dev->domid, vgpu->index, offset, a->size, a->write,
               a->data);
    if (!effect.deferred)
        return IOREQ_DONE;
    worker_queue(vgpu->dev, (struct job){.type = effect.job,
                                         .vgpu = vgpu,
                                         .engine = effect.engine,
                                         .value = effect.value,
                                         .vcpu = a->vcpu});
    return IOREQ_DEFER;
}

enum ioreq_verdict virtio_on_bar(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;
    enum ioreq_verdict verdict;

    pthread_mutex_lock(&vgpu->dev->lock);
    verdict = access_bar(vgpu, access->offset, access);
    pthread_mutex_unlock(&vgpu->dev->lock);
    return verdict;
}

enum ioreq_verdict virtio_on_msix(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;

    pthread_mutex_lock(&vgpu->dev->lock);
    if (!function_msix(vgpu, access))
        count(vgpu, access, access->offset, "MSI-X");
    pthread_mutex_unlock(&vgpu->dev->lock);
    return IOREQ_DONE;
}

/* The window into the BARs for firmware (4.1.4.9). What it says makes sense or
 * the access reads as ones, as one to a BAR would. */
static enum ioreq_verdict access_window(struct vgpu *vgpu, unsigned int cap,
                                        struct ioreq_access *a)
{
    const struct pci_function *fn = &vgpu->st->pci;
    const uint32_t offset = pci_get32(fn, cap + VIRTIO_PCI_CAP_OFFSET);
    const uint32_t length = pci_get32(fn, cap + VIRTIO_PCI_CAP_LENGTH);

    if ((pci_get32(fn, cap + VIRTIO_PCI_CAP_BAR) & 0xff) != VIRTIO_BAR ||
        a->size != length || offset % 4 + length > 4 ||
        a->offset != cap + sizeof(struct virtio_pci_cap)) {
        a->data = a->write ? a->data : ~0ull;
        count(vgpu, a, a->offset, "config space");
        return IOREQ_DONE;
    }
    return access_bar(vgpu, offset, a);
}

enum ioreq_verdict virtio_on_config(void *opaque, struct ioreq_access *access)
{
    const unsigned int data =
        VIRTIO_CAP_WINDOW + (unsigned int)sizeof(struct virtio_pci_cap);
    struct vgpu *vgpu = opaque;
    enum ioreq_verdict verdict;

    if (access->offset < data || access->offset >= data + 4) {
        verdict = function_config(opaque, access);
        /* MSI-X may be on or off now. */
        pthread_mutex_lock(&vgpu->dev->lock);
        virtio_update_level(vgpu);
        pthread_mutex_unlock(&vgpu->dev->lock);
        return verdict;
    }
    pthread_mutex_lock(&vgpu->dev->lock);
    verdict = access_window(vgpu, VIRTIO_CAP_WINDOW, access);
    pthread_mutex_unlock(&vgpu->dev->lock);
    return verdict;
}

void virtio_dump(struct vgpu *vgpu, struct answer *to)
{
    static const char *const queues[LINK_QUEUES] = {"CONTROL.", "CURSOR."};
    unsigned int i, n;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct field *f = &fields[i];

        for (n = 0; n < (f->of_queue ? LINK_QUEUES : 1); n++)
            answer_text(to, "0x%04x %u %s%s 0x%0*llx\n", f->offset, f->width,
                        f->of_queue ? queues[n] : "", f->name, f->width * 2,
                        (unsigned long long)value_of(vgpu, f, n));
    }
}
