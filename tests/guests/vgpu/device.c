/* SPDX-License-Identifier: MIT */
/* Finding a vGPU, and its interrupts. */
#include "vgpu.h"

/*
 * INTx stays asserted while INTR_STATUS has an enabled bit; MSI and MSI-X
 * come again once a bit was cleared.  Clearing what was read serves all.
 */
static void interrupt(void *arg)
{
    struct vgpu *v = arg;
    uint32_t status = vgpu_read(v, XVGPU_INTR_STATUS);

    vgpu_write(v, XVGPU_INTR_STATUS, status);
    v->irqs++;
    if (!status)
        v->spurious++;
    for (unsigned int e = 0; e < XVGPU_NR_ENGINES; e++)
        if (status & (XVGPU_INTR_DONE(e) | XVGPU_INTR_FAULT(e)))
            v->engine[e].irqs++;
}

void vgpu_remap(struct vgpu *v)
{
    v->csr = pci_bar_map(&v->pci, XVGPU_BAR_CSR);
    v->vram = pci_bar_map(&v->pci, XVGPU_BAR_VRAM);
}

bool vgpu_open(struct vgpu *v, unsigned int nth, bool high_vram)
{
    memset(v, 0, sizeof(*v));
    if (!pci_find(&v->pci, XVGPU_PCI_VENDOR, XVGPU_PCI_DEVICE, nth))
        return false;
    pci_assign(&v->pci, high_vram);
    vgpu_remap(v);
    for (unsigned int e = 0; e < XVGPU_NR_ENGINES; e++) {
        v->engine[e].vgpu = v;
        v->engine[e].nr = e;
    }
    v->vram_size = vgpu_read64(v, XVGPU_VRAM_SIZE);
    return vgpu_read(v, XVGPU_MAGIC) == XVGPU_MAGIC_VALUE &&
           vgpu_read(v, XVGPU_ABI_VERSION) >> 16 == XVGPU_ABI_MAJOR;
}

bool vgpu_set_route(struct vgpu *v, enum vgpu_route route)
{
    uint32_t all = 0;

    if (!v->vector)
        v->vector = plat_irq_alloc(interrupt, v, true);
    vgpu_write(v, XVGPU_INTR_ENABLE, 0);
    vgpu_write(v, XVGPU_INTR_STATUS, ~0u);

    switch (route) {
    case VGPU_ROUTE_NONE:
        pci_irq_off(&v->pci);
        break;
    case VGPU_ROUTE_INTX:
        pci_intx_on(&v->pci, v->vector);
        break;
    case VGPU_ROUTE_MSI:
        if (!pci_msi_on(&v->pci, v->vector))
            return false;
        break;
    case VGPU_ROUTE_MSIX:
        if (!pci_msix_on(&v->pci))
            return false;
        for (unsigned int n = 0; n < v->pci.msix_vectors; n++)
            pci_msix_set(&v->pci, n, v->vector, false);
        break;
    }
    v->route = route;
    for (unsigned int e = 0; e < XVGPU_NR_ENGINES; e++)
        all |= XVGPU_INTR_DONE(e) | XVGPU_INTR_FAULT(e);
    if (route != VGPU_ROUTE_NONE)
        vgpu_write(v, XVGPU_INTR_ENABLE, all);
    return true;
}
