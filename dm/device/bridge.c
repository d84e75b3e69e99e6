/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a PCI bus where Xen and the toolstack give none, in a PVH domain:
 * a host bridge at 00:00.0, without which Linux does not believe in a bus, and
 * port 0xcf8 (PCI Local Bus Specification 3.0, 3.2.2.3.2). Xen looks at what
 * is written there to tell whose function port 0xcfc means, and passes it on;
 * reading it back is how a guest finds out that there is such a mechanism.
 */
#include "dm/device/device.h"

#include <string.h>

#define CF8_SIZE 4u
#define BRIDGE_DEVFN 0u
#define HEADER_DWORDS 16u

static const uint32_t header[HEADER_DWORDS] = {
    [0] = XVGPU_PCI_VENDOR | (uint32_t)XVGPU_PCI_BRIDGE << 16,
    [2] = (uint32_t)XVGPU_PCI_BRIDGE_CLASS << 8 | XVGPU_PCI_REVISION,
    [11] = XVGPU_PCI_VENDOR | (uint32_t)XVGPU_PCI_BRIDGE << 16,
};

/* Nothing in it can be written; behind the header it reads as zeros. */
static enum ioreq_verdict bridge_cfg(void *opaque, struct ioreq_access *access)
{
    const uint64_t dword = access->offset / 4;

    (void)opaque;
    if (access->write)
        return IOREQ_DONE;
    access->data = dword < HEADER_DWORDS ? header[dword] : 0;
    access->data >>= 8 * (access->offset & 3);
    return IOREQ_DONE;
}

static enum ioreq_verdict bridge_cf8(void *opaque, struct ioreq_access *access)
{
    struct device *dev = opaque;
    uint32_t *cf8 = &dev->vgpus[0].st->cf8;

    /* Only whole accesses are to the register. */
    if (access->offset || access->size != CF8_SIZE)
        access->data = ~0ull;
    else if (access->write)
        *cf8 = (uint32_t)access->data;
    else
        access->data = *cf8;
    return IOREQ_DONE;
}

int bridge_claim(struct device *dev)
{
    int rc;

    rc = ioreq_claim_pci(dev->ioreq, BRIDGE_DEVFN, bridge_cfg, dev,
                         &dev->bridge_range);
    if (!rc)
        rc = ioreq_claim(dev->ioreq, IOREQ_PIO, BRIDGE_CF8, CF8_SIZE,
                         bridge_cf8, dev, &dev->cf8_range);
    if (rc)
        log_error("claiming the host bridge and port 0x%x failed: %s",
                  BRIDGE_CF8, strerror(-rc));
    return rc;
}
