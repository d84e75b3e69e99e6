/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio-gpu device model: the function, features, interrupts and resets.
 * The engine's process is started before the guest can see anything, since what
 * the renderer has decides what is offered.
 */
#include "dm/device/virtio.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#define PCI_VENDOR 0x1af4
#define PCI_DEVICE (0x1040 + VIRTIO_ID_GPU)
#define PCI_SUBDEVICE 0x1100
#define PCI_CLASS 0x038000 /* display controller, neither VGA nor 3D */

#define ISR_QUEUE 1u
#define ISR_CONFIG 2u /* VIRTIO_PCI_ISR_CONFIG */

#define CAP_VENDOR 0x09 /* PCI_CAP_ID_VNDR */
#define LE32(v)                                                                \
    (uint8_t)(v), (uint8_t)((v) >> 8), (uint8_t)((v) >> 16),                   \
        (uint8_t)((v) >> 24)
#define CAP(len, type, bar, offset, length)                                    \
    CAP_VENDOR, 0, len, type, bar, 0, 0, 0, LE32(offset), LE32(length)

/* At VIRTIO_CAP_*, in this order. */
static const struct pci_cap caps[] = {
    {16,
     {CAP(16, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_BAR, VIRTIO_COMMON, 0x38)},
     {0}},
    {20,
     {CAP(20, VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_BAR, VIRTIO_NOTIFY,
          LINK_QUEUES *VIRTIO_NOTIFY_MULTIPLIER),
      LE32(VIRTIO_NOTIFY_MULTIPLIER)},
     {0}},
    {16, {CAP(16, VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_BAR, VIRTIO_ISR, 1)}, {0}},
    {16,
     {CAP(16, VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_BAR, VIRTIO_DEVICE, 0x10)},
     {0}},
    {20,
     {CAP(20, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0), LE32(0)},
     {[4] = 0xff, [8] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

#define OFFERED_ALWAYS                                                         \
    (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC |        \
     1ull << VIRTIO_RING_F_EVENT_IDX)
#define OF_RENDERER                                                            \
    (1u << VIRTIO_GPU_F_VIRGL | 1u << VIRTIO_GPU_F_EDID |                      \
     1u << VIRTIO_GPU_F_RESOURCE_BLOB | 1u << VIRTIO_GPU_F_CONTEXT_INIT)

uint64_t virtio_features(const struct vgpu *vgpu)
{
    return OFFERED_ALWAYS | vgpu->virtio->renderer;
}

bool virtio_queue_sound(const struct link_queue *q)
{
    return q->size && !(q->size & (q->size - 1)) &&
           q->size <= LINK_QUEUE_SIZE_MAX && !(q->desc & 15) &&
           !(q->driver & 1) && !(q->device & 3);
}

/* ---- Interrupts (4.1.5) ------------------------------------------------ */

void virtio_update_level(struct vgpu *vgpu)
{
    irq_set_level(&vgpu->st->irq,
                  vgpu->virtio->isr && irq_route(&vgpu->st->irq) != IRQ_MSIX);
    function_check_irq(vgpu);
}

/* The ISR has changes of the configuration in either case, used buffers only
 * without MSI-X (4.1.4.5.1). */
static void interrupt(struct vgpu *vgpu, uint32_t vector, uint32_t isr)
{
    if (irq_route(&vgpu->st->irq) == IRQ_MSIX) {
        vgpu->virtio->isr |= isr & ISR_CONFIG;
        if (vector != VIRTIO_NO_VECTOR)
            irq_signal(&vgpu->st->irq, vector);
        function_check_irq(vgpu);
        return;
    }
    vgpu->virtio->isr |= isr;
    virtio_update_level(vgpu);
}

void virtio_queue_interrupt(struct vgpu *vgpu, unsigned int q)
{
    vgpu->virtio->interrupts[q]++;
    interrupt(vgpu, vgpu->virtio->queue[q].vector, ISR_QUEUE);
}

static void config_interrupt(struct vgpu *vgpu)
{
    struct virtio_state *v = vgpu->virtio;

    v->generation = (v->generation + 1) & 0xff;
    if (v->status & VIRTIO_STATUS_DRIVER_OK)
        interrupt(vgpu, v->config_vector, ISR_CONFIG);
}

void virtio_broken(struct vgpu *vgpu, uint32_t code, uint64_t addr)
{
    struct virtio_state *v = vgpu->virtio;

    v->faults++;
    v->fault_code = code;
    v->fault_addr = addr;
    v->status |= VIRTIO_STATUS_NEEDS_RESET;
    config_interrupt(vgpu);
    log_limited(&vgpu->limit, LOG_WARNING,
                "vGPU %u: the driver has to reset it: fault %u at 0x%llx",
                vgpu->index, code, (unsigned long long)addr);
}

/* ---- Displays (5.7.4) ------------------------------------------------- */

static bool size_ok(uint32_t width, uint32_t height)
{
    return width && width <= SCANOUT_WIDTH_MAX && height &&
           height <= SCANOUT_HEIGHT_MAX;
}

static void resize(struct vgpu *vgpu, uint32_t scanout, uint32_t width,
                   uint32_t height)
{
    struct virtio_state *v = vgpu->virtio;

    if (!size_ok(width, height))
        return;
    pthread_mutex_lock(&vgpu->dev->lock);
    if (scanout < v->scanouts && (v->display[scanout].width != width ||
                                  v->display[scanout].height != height)) {
        v->display[scanout].width = width;
        v->display[scanout].height = height;
        v->display_seq++;
        virtio_publish_displays(vgpu);
        v->events |= VIRTIO_GPU_EVENT_DISPLAY;
        config_interrupt(vgpu);
    }
    pthread_mutex_unlock(&vgpu->dev->lock);
}

/* ---- Resets ------------------------------------------------------------ */

void virtio_forget(struct vgpu *vgpu)
{
    struct virtio_state *v = vgpu->virtio;
    struct engine *e = virtio_engine(vgpu);
    unsigned int q;

    e->st->enabled = false;
    e->st->status = XVGPU_STATUS_DISABLED;
    e->st->pending = LINK_CMD_NONE;
    e->st->reported = false;
    virtio_seen(vgpu);
    v->feature_select = v->driver_feature_select = 0;
    v->driver_features = 0;
    v->config_vector = VIRTIO_NO_VECTOR;
    v->queue_select = 0;
    v->taken = 0;
    v->generation = 0;
    v->events = 0;
    for (q = 0; q < LINK_QUEUES; q++) {
        v->queue[q].q = (struct link_queue){.size = LINK_QUEUE_SIZE_MAX};
        v->queue[q].vector = VIRTIO_NO_VECTOR;
    }
    v->isr = 0;
    v->status = 0;
    virtio_update_level(vgpu);
}

static void begin(struct vgpu *vgpu)
{
    struct link_page *link = virtio_engine(vgpu)->link;

    vgpu->st->time_base_ns = clock_ns();
    LINK_WRITE(link->dev.version, LINK_VERSION);
    LINK_WRITE(link->dev.time_base_ns, vgpu->st->time_base_ns);
    engines_bus_master(vgpu);
}

static void remap(struct vgpu *vgpu);

/* By FLR: the status register's reset is VIRTIO_STOP. */
static void reset(struct vgpu *vgpu, uint32_t reason)
{
    (void)reason;
    worker_charge(vgpu->dev, &vgpu->dev->slow_guard);
    pthread_mutex_lock(&vgpu->dev->lock);
    process_kill(vgpu, VIRTIO_ENGINE);
    pci_function_reset(&vgpu->st->pci);
    virtio_forget(vgpu);
    irq_reset(&vgpu->st->irq);
    begin(vgpu);
    vgpu->virtio->resets++;
    pthread_mutex_unlock(&vgpu->dev->lock);
    remap(vgpu);
}

/* A stock driver does not look at NEEDS_RESET: it goes on with a new process,
 * as after one that died, and has lost its 3D contexts. In quarantine there is
 * none, until the host's next reset. */
static void host_reset(struct vgpu *vgpu, uint32_t reason, bool quarantine)
{
    struct device *dev = vgpu->dev;

    (void)reason;
    pthread_mutex_lock(&dev->lock);
    process_kill(vgpu, VIRTIO_ENGINE);
    vgpu->st->quarantine = quarantine;
    vgpu->virtio->resets++;
    if (vgpu->virtio->status & VIRTIO_STATUS_DRIVER_OK) {
        vgpu->virtio->status &= ~VIRTIO_STATUS_NEEDS_RESET;
        virtio_replace(vgpu);
    }
    pthread_mutex_unlock(&dev->lock);
    log_limited(&vgpu->limit, LOG_WARNING, "vGPU %u: reset by the host%s",
                vgpu->index, quarantine ? ", in quarantine" : "");
    reset_done(vgpu);
}

/* ---- The function ------------------------------------------------------ */

static int describe(struct vgpu *vgpu, const struct proto_msg *about)
{
    const struct pci_desc desc = {
        .vendor = PCI_VENDOR,
        .device = PCI_DEVICE,
        .subdevice = PCI_SUBDEVICE,
        .class_code = PCI_CLASS,
        .revision = 1,
        .no_intx = vgpu->dev->pvh,
        .no_msi = true,
        .bars = {[VIRTIO_BAR_MSIX] = {.size = VIRTIO_MSIX_BAR_SIZE},
                 [VIRTIO_BAR] = {.size = VIRTIO_BAR_SIZE,
                                 .is_64 = true,
                                 .prefetch = true}},
        .msix_vectors = VIRTIO_MSIX_VECTORS,
        .msix_bar = VIRTIO_BAR_MSIX,
        .msix_pba = VIRTIO_MSIX_PBA,
        .caps = caps,
        .nr_caps = sizeof(caps) / sizeof(caps[0]),
    };
    struct virtio_state *v = vgpu->virtio = (struct virtio_state *)vgpu->csr;
    unsigned int e;

    if (about->u.vgpu.engines != 1u << VIRTIO_ENGINE ||
        !about->u.vgpu.scanouts || about->u.vgpu.scanouts > SCANOUT_MAX)
        return -EPROTO;
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        vgpu->engines[e].present = e == VIRTIO_ENGINE;
        vgpu->engines[e].st = &vgpu->st->engines[e];
    }
    v->scanouts = about->u.vgpu.scanouts;
    for (e = 0; e < SCANOUT_MAX; e++) {
        /* A viewer may have resized what a predecessor had. */
        if (!size_ok(v->display[e].width, v->display[e].height)) {
            v->display[e].width = about->u.vgpu.width;
            v->display[e].height = about->u.vgpu.height;
        }
        v->display[e].enabled = e < v->scanouts;
    }
    return pci_function_init(&vgpu->st->pci, &desc);
}

static int init(struct vgpu *vgpu, const struct proto_msg *about)
{
    int rc;

    rc = describe(vgpu, about);
    if (rc)
        return rc;
    vgpu->st->csr_at = vgpu->st->msix_at = PCI_BAR_UNMAPPED;
    irq_init(&vgpu->st->irq, &vgpu->st->pci, vgpu->dev->dmod, vgpu->dev->domid,
             vgpu->devfn);
    virtio_forget(vgpu);
    begin(vgpu);
    vgpu->st->version = STATE_VERSION;
    return 0;
}

/* The process that has left it may have been its guest's. */
static void make_sane(struct vgpu *vgpu)
{
    struct engine_state *st = &vgpu->st->engines[VIRTIO_ENGINE];
    struct virtio_state *v = vgpu->virtio;
    unsigned int q;

    st->enabled = st->enabled != 0;
    if (st->status > XVGPU_STATUS_STOPPED)
        st->status = XVGPU_STATUS_STOPPED;
    if (st->pending > LINK_CMD_START)
        st->pending = LINK_CMD_NONE;
    v->renderer &= OF_RENDERER;
    v->status &= 0xcf;
    v->isr &= 3;
    v->generation &= 0xff;
    for (q = 0; q < LINK_QUEUES; q++) {
        if (!virtio_queue_sound(&v->queue[q].q))
            v->queue[q].q = (struct link_queue){.size = LINK_QUEUE_SIZE_MAX};
        v->queue[q].q.enabled = v->queue[q].q.enabled != 0;
    }
}

static int takeover(struct vgpu *vgpu, const struct proto_msg *about)
{
    uint8_t cfg[PCI_CONFIG_SIZE];
    int rc;

    if (vgpu->st->version != STATE_VERSION)
        return -ENODATA; /* it died before the guest could see anything */
    memcpy(cfg, vgpu->st->pci.cfg, sizeof(cfg));
    rc = describe(vgpu, about);
    if (rc)
        return rc;
    make_sane(vgpu);
    pci_function_restore(&vgpu->st->pci, cfg);
    irq_take_over(&vgpu->st->irq, &vgpu->st->pci, vgpu->dev->dmod,
                  vgpu->dev->domid, vgpu->devfn);
    virtio_engine(vgpu)->process = about->u.vgpu.running & 1u << VIRTIO_ENGINE;
    return 0;
}

/* What is offered is for the vGPU's life: later processes are of the same
 * program on the same host. */
static int prepare(struct vgpu *vgpu)
{
    return vgpu->virtio->known ? 0 : process_begin_first(vgpu, VIRTIO_ENGINE);
}

static int prepared(struct vgpu *vgpu)
{
    struct virtio_state *v = vgpu->virtio;
    int rc;

    if (v->known)
        return 0;
    rc = process_wait_first(vgpu, VIRTIO_ENGINE);
    if (rc) {
        log_error("vGPU %u: starting its engine failed: %s", vgpu->index,
                  strerror(-rc));
        return rc;
    }
    v->renderer = virtio_engine(vgpu)->features & OF_RENDERER;
    v->capsets = v->renderer & 1u << VIRTIO_GPU_F_VIRGL
                     ? virtio_engine(vgpu)->capsets
                     : 0;
    v->known = true;
    return 0;
}

static void count_refused(struct vgpu *vgpu)
{
    pthread_mutex_lock(&vgpu->dev->lock);
    vgpu->virtio->bar_refused++;
    pthread_mutex_unlock(&vgpu->dev->lock);
}

static void remap(struct vgpu *vgpu)
{
    uint64_t regs, msix;

    pthread_mutex_lock(&vgpu->dev->lock);
    regs = pci_bar_address(&vgpu->st->pci, VIRTIO_BAR);
    msix = pci_bar_address(&vgpu->st->pci, VIRTIO_BAR_MSIX);
    pthread_mutex_unlock(&vgpu->dev->lock);
    if (function_claim(vgpu, VIRTIO_BAR, virtio_on_bar, &vgpu->csr_range,
                       &vgpu->st->csr_at, regs))
        count_refused(vgpu);
    if (function_claim(vgpu, VIRTIO_BAR_MSIX, virtio_on_msix, &vgpu->msix_range,
                       &vgpu->st->msix_at, msix))
        count_refused(vgpu);
}

static void catch_up(struct vgpu *vgpu)
{
    struct device *dev = vgpu->dev;
    struct engine *e = virtio_engine(vgpu);

    function_claim_again(vgpu, VIRTIO_BAR, virtio_on_bar, &vgpu->csr_range,
                         vgpu->st->csr_at);
    function_claim_again(vgpu, VIRTIO_BAR_MSIX, virtio_on_msix,
                         &vgpu->msix_range, vgpu->st->msix_at);
    remap(vgpu);
    pthread_mutex_lock(&dev->lock);
    engines_bus_master(vgpu);
    virtio_engine_event(vgpu, VIRTIO_ENGINE);
    /* A read of the ISR has cleared it, and its answer may have been lost. */
    if (irq_route(&vgpu->st->irq) == IRQ_INTX &&
        vgpu->virtio->status & VIRTIO_STATUS_DRIVER_OK)
        interrupt(vgpu, VIRTIO_NO_VECTOR, ISR_QUEUE | ISR_CONFIG);
    if (e->st->enabled && (!e->process || e->st->reported)) {
        e->death_queued = true;
        worker_queue(dev, (struct job){.type = JOB_DEATH,
                                       .vgpu = vgpu,
                                       .engine = VIRTIO_ENGINE,
                                       .vcpu = NO_VCPU});
    }
    virtio_update_level(vgpu);
    pthread_mutex_unlock(&dev->lock);
}

const struct device_model virtio_model = {
    .init = init,
    .takeover = takeover,
    .prepare = prepare,
    .prepared = prepared,
    .catch_up = catch_up,
    .config = virtio_on_config,
    .engine_event = virtio_engine_event,
    .remap = remap,
    .control = virtio_control,
    .engine_died = virtio_engine_died,
    .reset_by_guest = reset,
    .reset_by_host = host_reset,
    .show = virtio_show,
    .regs = virtio_dump,
    .resize = resize,
    .screenshot = virtio_screenshot,
};
