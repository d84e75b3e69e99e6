/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/device/device.h"

#include <errno.h>
#include <string.h>

int native_init(struct vgpu *vgpu, uint32_t engines)
{
    struct device *dev = vgpu->dev;
    const struct pci_desc desc = {
        .vendor = XVGPU_PCI_VENDOR,
        .device = XVGPU_PCI_DEVICE,
        .class_code = XVGPU_PCI_CLASS,
        .revision = XVGPU_PCI_REVISION,
        .bars = {[XVGPU_BAR_CSR] = {.size = XVGPU_CSR_BAR_SIZE},
                 [XVGPU_BAR_VRAM] = {.size = vgpu->vram_size,
                                     .is_64 = true,
                                     .prefetch = true},
                 [XVGPU_BAR_MSIX] = {.size = XVGPU_MSIX_BAR_SIZE}},
        .msix_vectors = XVGPU_MSIX_VECTORS,
        .msix_bar = XVGPU_BAR_MSIX,
        .msix_table = XVGPU_MSIX_TABLE,
        .msix_pba = XVGPU_MSIX_PBA,
    };
    unsigned int e;
    int rc;

    rc = pci_function_init(&vgpu->pci, &desc);
    if (rc)
        return rc;
    irq_init(&vgpu->irq, &vgpu->pci, dev->dmod, dev->domid, vgpu->devfn);
    vgpu->csr_at = vgpu->msix_at = PCI_BAR_UNMAPPED;
    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        vgpu->engines[e].present = engines & 1u << e;
    csr_reset(vgpu, true);
    native_reset(vgpu, XVGPU_RESET_POWER_ON);
    return 0;
}

/* CSRs and interrupts as after power-on; engines are stopped already. */
void native_reset(struct vgpu *vgpu, uint32_t reason)
{
    const uint32_t count = csr_get32(vgpu, XVGPU_RESET_COUNT);
    uint32_t engines = 0;
    unsigned int e;

    csr_reset(vgpu, false);
    vgpu->time_base_ns = clock_ns();
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        struct engine *eng = &vgpu->engines[e];

        if (!eng->present)
            continue;
        engines |= 1u << e;
        eng->enabled = false;
        eng->status = XVGPU_STATUS_DISABLED;
        eng->resume_at_start = false;
        memset(eng->totals, 0, sizeof(eng->totals));
        memset(&eng->link->eng, 0, sizeof(eng->link->eng));
        eng->done_seen = eng->fault_seen = 0;
        LINK_WRITE(eng->link->dev.version, LINK_VERSION);
        LINK_WRITE(eng->link->dev.time_base_ns, vgpu->time_base_ns);
    }
    csr_set32(vgpu, XVGPU_FEATURES,
              XVGPU_FEATURE_EVTCHN | XVGPU_FEATURE_SCANOUT);
    csr_set32(vgpu, XVGPU_ENGINES, engines);
    csr_set32(vgpu, XVGPU_BACKEND_DOMID, vgpu->dev->own_domid);
    csr_set32(vgpu, XVGPU_VGPU_INDEX, vgpu->index);
    csr_set64(vgpu, XVGPU_VRAM_SIZE, vgpu->vram_size);
    if (reason != XVGPU_RESET_POWER_ON)
        csr_set32(vgpu, XVGPU_RESET_COUNT, count + 1);
    csr_set32(vgpu, XVGPU_RESET_REASON, reason);
    if (reason == XVGPU_RESET_FLR)
        pci_function_reset(&vgpu->pci);
    irq_reset(&vgpu->irq);
    engines_bus_master(vgpu);
}

static void bad_access(struct vgpu *vgpu)
{
    csr_set32(vgpu, XVGPU_BAD_ACCESS, csr_get32(vgpu, XVGPU_BAD_ACCESS) + 1);
}

void native_update_level(struct vgpu *vgpu)
{
    irq_set_level(&vgpu->irq, csr_get32(vgpu, XVGPU_INTR_STATUS) &
                                  csr_get32(vgpu, XVGPU_INTR_ENABLE));
}

void native_interrupt(struct vgpu *vgpu, uint32_t bits, unsigned int vector)
{
    csr_set32(vgpu, XVGPU_INTR_STATUS,
              csr_get32(vgpu, XVGPU_INTR_STATUS) | bits);
    if (csr_get32(vgpu, XVGPU_INTR_ENABLE) & bits)
        irq_signal(&vgpu->irq, vector);
    native_update_level(vgpu);
}

void native_enabled(struct vgpu *vgpu, uint32_t bits)
{
    const uint32_t due = csr_get32(vgpu, XVGPU_INTR_STATUS) & bits;
    unsigned int e;

    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        if (due & (XVGPU_INTR_DONE(e) | XVGPU_INTR_FAULT(e)))
            irq_signal(&vgpu->irq,
                       csr_get32(vgpu, engine_csr(e, XVGPU_VECTOR)));
    native_update_level(vgpu);
}

enum ioreq_verdict native_cfg(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;
    struct device *dev = vgpu->dev;
    enum ioreq_verdict verdict = IOREQ_DONE;
    unsigned int changed;

    pthread_mutex_lock(&dev->lock);
    if (!access->write) {
        access->data =
            pci_read(&vgpu->pci, (unsigned int)access->offset, access->size);
        goto out;
    }
    changed = pci_write(&vgpu->pci, (unsigned int)access->offset, access->size,
                        (uint32_t)access->data);
    if (changed & PCI_CHANGED_IRQ) {
        irq_config_changed(&vgpu->irq);
        engines_bus_master(vgpu);
    }
    if (changed & PCI_CHANGED_FLR) {
        worker_queue(dev, (struct job){.type = JOB_RESET,
                                       .vgpu = vgpu,
                                       .value = XVGPU_RESET_FLR,
                                       .vcpu = access->vcpu});
        verdict = IOREQ_DEFER;
    } else if (changed & PCI_CHANGED_DECODE) {
        worker_queue(dev, (struct job){.type = JOB_REMAP,
                                       .vgpu = vgpu,
                                       .vcpu = access->vcpu});
        verdict = IOREQ_DEFER;
    }
out:
    pthread_mutex_unlock(&dev->lock);
    return verdict;
}

enum ioreq_verdict native_csr(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;
    struct device *dev = vgpu->dev;
    struct csr_effect effect = {.deferred = false};
    bool sense;

    pthread_mutex_lock(&dev->lock);
    if (access->write)
        sense = csr_write(vgpu, (unsigned int)access->offset, access->size,
                          access->data, &effect);
    else
        sense = csr_read(vgpu, (unsigned int)access->offset, access->size,
                         &access->data);
    if (!sense) {
        bad_access(vgpu);
        log_limited(&vgpu->limit, LOG_WARNING,
                    "vGPU %u: %s of %u bytes at CSR offset 0x%llx makes no "
                    "sense",
                    vgpu->index, access->write ? "write" : "read", access->size,
                    (unsigned long long)access->offset);
    }
    if (effect.deferred)
        worker_queue(dev, (struct job){.type = effect.job,
                                       .vgpu = vgpu,
                                       .engine = effect.engine,
                                       .value = effect.value,
                                       .vcpu = access->vcpu});
    pthread_mutex_unlock(&dev->lock);
    return effect.deferred ? IOREQ_DEFER : IOREQ_DONE;
}

enum ioreq_verdict native_msix(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;
    bool sense;

    pthread_mutex_lock(&vgpu->dev->lock);
    if (access->write)
        sense = irq_msix_write(&vgpu->irq, access->offset, access->size,
                               access->data);
    else
        sense = irq_msix_read(&vgpu->irq, access->offset, access->size,
                              &access->data);
    if (!sense)
        bad_access(vgpu);
    pthread_mutex_unlock(&vgpu->dev->lock);
    return IOREQ_DONE;
}

static void refused(struct vgpu *vgpu, unsigned int bar, uint64_t at, int rc)
{
    struct device *dev = vgpu->dev;

    pthread_mutex_lock(&dev->lock);
    csr_set32(vgpu, XVGPU_BAR_REFUSED, csr_get32(vgpu, XVGPU_BAR_REFUSED) + 1);
    log_limited(&vgpu->limit, LOG_WARNING,
                "vGPU %u: mapping BAR %u at 0x%llx was refused: %s",
                vgpu->index, bar, (unsigned long long)at, strerror(-rc));
    pthread_mutex_unlock(&dev->lock);
}

static void remap_range(struct vgpu *vgpu, unsigned int bar,
                        ioreq_handler handler, struct ioreq_range **range,
                        uint64_t *at, uint64_t want)
{
    int rc;

    if (*at == want)
        return;
    ioreq_release(vgpu->dev->ioreq, *range);
    *range = NULL;
    *at = want;
    if (want == PCI_BAR_UNMAPPED)
        return;
    rc = ioreq_claim(vgpu->dev->ioreq, IOREQ_MMIO, want,
                     vgpu->pci.desc.bars[bar].size, handler, vgpu, range);
    if (rc)
        refused(vgpu, bar, want, rc);
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* Where VRAM must not go: our trapped BARs, and the interrupt controllers
 * below 4 GiB (Xen, public/arch-x86/hvm: I/O APIC, HPET, local APIC). */
static bool vram_window_taken(const struct vgpu *vgpu, uint64_t at)
{
    const struct device *dev = vgpu->dev;
    unsigned int i;

    if (overlaps(at, vgpu->vram_size, 0xfec00000, 0x01400000))
        return true;
    for (i = 0; i < dev->nr_vgpus; i++) {
        const struct vgpu *v = &dev->vgpus[i];

        if (v->csr_range &&
            overlaps(at, vgpu->vram_size, v->csr_at, XVGPU_CSR_BAR_SIZE))
            return true;
        if (v->msix_range &&
            overlaps(at, vgpu->vram_size, v->msix_at, XVGPU_MSIX_BAR_SIZE))
            return true;
        if (v != vgpu &&
            overlaps(at, vgpu->vram_size, v->vram_gfn << 12, v->vram_size))
            return true;
    }
    return false;
}

void native_remap(struct vgpu *vgpu)
{
    struct device *dev = vgpu->dev;
    uint64_t csr, vram, msix;
    int rc;

    pthread_mutex_lock(&dev->lock);
    csr = pci_bar_address(&vgpu->pci, XVGPU_BAR_CSR);
    vram = pci_bar_address(&vgpu->pci, XVGPU_BAR_VRAM);
    msix = pci_bar_address(&vgpu->pci, XVGPU_BAR_MSIX);
    pthread_mutex_unlock(&dev->lock);

    remap_range(vgpu, XVGPU_BAR_CSR, native_csr, &vgpu->csr_range,
                &vgpu->csr_at, csr);
    remap_range(vgpu, XVGPU_BAR_MSIX, native_msix, &vgpu->msix_range,
                &vgpu->msix_at, msix);
    /* With decoding off VRAM stays where it is: moving costs much, and
     * Linux toggles decoding seven times in a scan. */
    if (vram == PCI_BAR_UNMAPPED || vram >> 12 == vgpu->vram_gfn)
        return;
    rc = vram_window_taken(vgpu, vram) ? -EBUSY : vram_move(vgpu, vram >> 12);
    if (rc)
        refused(vgpu, XVGPU_BAR_VRAM, vram, rc);
}
