/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vGPU's PCI function: config space, and ranges where its BARs stand. */
#include <errno.h>
#include <string.h>

#include "dm/device/model.h"

/* What an interrupt came to; the guest can only miss it. */
void function_check_irq(struct vgpu *vgpu)
{
    if (vgpu->st->irq.failed == vgpu->irq_failed_seen)
        return;
    vgpu->irq_failed_seen = vgpu->st->irq.failed;
    log_limited(&vgpu->limit, LOG_ERROR,
                "vGPU %u: Xen refused an interrupt: %s", vgpu->index,
                strerror(errno));
}

enum ioreq_verdict function_config(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;
    struct device *dev = vgpu->dev;
    enum ioreq_verdict verdict = IOREQ_DONE;
    unsigned int changed;

    pthread_mutex_lock(&dev->lock);
    if (!access->write) {
        access->data = pci_read(&vgpu->st->pci, (unsigned int)access->offset,
                                access->size);
        goto out;
    }
    changed = pci_write(&vgpu->st->pci, (unsigned int)access->offset,
                        access->size, (uint32_t)access->data);
    if (changed & PCI_CHANGED_IRQ) {
        irq_config_changed(&vgpu->st->irq);
        function_check_irq(vgpu);
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

bool function_msix(struct vgpu *vgpu, struct ioreq_access *access)
{
    if (access->write)
        return irq_msix_write(&vgpu->st->irq, access->offset, access->size,
                              access->data);
    return irq_msix_read(&vgpu->st->irq, access->offset, access->size,
                         &access->data);
}

void function_claim_again(struct vgpu *vgpu, unsigned int bar,
                          ioreq_handler handler, struct ioreq_range **range,
                          uint64_t at)
{
    int rc;

    if (at == PCI_BAR_UNMAPPED)
        return;
    rc = ioreq_claim(vgpu->dev->ioreq, IOREQ_MMIO, at,
                     vgpu->st->pci.desc.bars[bar].size, handler, vgpu, range);
    if (rc)
        log_warning("vGPU %u: claiming BAR %u at 0x%llx again failed: %s",
                    vgpu->index, bar, (unsigned long long)at, strerror(-rc));
}

void function_refused(struct vgpu *vgpu, unsigned int bar, uint64_t at, int rc)
{
    pthread_mutex_lock(&vgpu->dev->lock);
    log_limited(&vgpu->limit, LOG_WARNING,
                "vGPU %u: mapping BAR %u at 0x%llx was refused: %s",
                vgpu->index, bar, (unsigned long long)at, strerror(-rc));
    pthread_mutex_unlock(&vgpu->dev->lock);
}

static void stays(struct vgpu *vgpu, unsigned int bar, uint64_t at, int rc)
{
    pthread_mutex_lock(&vgpu->dev->lock);
    log_limited(&vgpu->limit, LOG_ERROR,
                "vGPU %u: BAR %u can't be taken from 0x%llx: %s", vgpu->index,
                bar, (unsigned long long)at, strerror(-rc));
    pthread_mutex_unlock(&vgpu->dev->lock);
}

int function_claim(struct vgpu *vgpu, unsigned int bar, ioreq_handler handler,
                   struct ioreq_range **range, uint64_t *at, uint64_t want)
{
    int rc;

    if (*at == want && (*range || want == PCI_BAR_UNMAPPED))
        return 0;
    rc = ioreq_release(vgpu->dev->ioreq, *range);
    if (rc) {
        stays(vgpu, bar, *at, rc);
        return 0; /* the next change of the BARs tries again */
    }
    *range = NULL;
    *at = want; /* before Xen has it: a successor claims it again */
    if (want == PCI_BAR_UNMAPPED)
        return 0;
    rc = ioreq_claim(vgpu->dev->ioreq, IOREQ_MMIO, want,
                     vgpu->st->pci.desc.bars[bar].size, handler, vgpu, range);
    if (rc)
        function_refused(vgpu, bar, want, rc);
    return rc;
}
