/* SPDX-License-Identifier: MIT */
/* INTx through the I/O APIC, MSI and MSI-X. */
#include "pci.h"

/* Intel SDM volume 3, "Message Address Register Format". */
#define MSG_ADDR     0xfee00000u
#define MSG_DEST(id) ((uint32_t)(id) << 12)

#define MSI_CTRL     2
#define MSI_ENABLE   0x0001
#define MSI_MULTIPLE 0x0070
#define MSI_64BIT    0x0080
#define MSI_ADDR     4

#define MSIX_CTRL         2
#define MSIX_SIZE         0x07ff
#define MSIX_MASK_ALL     0x4000
#define MSIX_ENABLE       0x8000
#define MSIX_TABLE        4
#define MSIX_PBA          8
#define MSIX_BIR          0x7u
#define MSIX_ENTRY_DWORDS 4
#define ENTRY_MASKED      0x1u

#define RTE_LOW_ACTIVE (1u << 13)
#define RTE_LEVEL      (1u << 15)
#define RTE_MASKED     (1u << 16)

/* Which line of its I/O APIC Xen connects INTA# of a device with. */
static unsigned int intx_gsi(const struct pci_dev *dev)
{
    unsigned int slot = dev->devfn >> 3;

    return ((slot * 4 + slot / 8) & 31) + 16;
}

static void set_bits(struct pci_dev *dev, unsigned int reg, uint16_t set,
                     uint16_t clear)
{
    pci_write(dev, reg, 2, (pci_read(dev, reg, 2) & ~clear) | set);
}

void pci_irq_off(struct pci_dev *dev)
{
    pci_command(dev, PCI_COMMAND_INTX_OFF, 0);
    ioapic_write32(IOAPIC_REDIR_ENTRY(intx_gsi(dev)), RTE_MASKED);
    if (dev->msi)
        set_bits(dev, dev->msi + MSI_CTRL, 0, MSI_ENABLE);
    if (dev->msix)
        set_bits(dev, dev->msix + MSIX_CTRL, 0, MSIX_ENABLE);
}

void pci_intx_on(struct pci_dev *dev, unsigned int vector)
{
    unsigned int entry = IOAPIC_REDIR_ENTRY(intx_gsi(dev));

    pci_irq_off(dev);
    pci_write(dev, PCI_INT_LINE, 1, intx_gsi(dev));
    ioapic_write32(entry + 1, plat_apic_id() << 24);
    ioapic_write32(entry, vector | RTE_LEVEL | RTE_LOW_ACTIVE);
    pci_command(dev, 0, PCI_COMMAND_INTX_OFF);
}

bool pci_msi_on(struct pci_dev *dev, unsigned int vector)
{
    unsigned int data = MSI_ADDR + 4;

    if (!dev->msi)
        return false;
    pci_irq_off(dev);
    pci_write(dev, dev->msi + MSI_ADDR, 4, MSG_ADDR | MSG_DEST(plat_apic_id()));
    if (pci_read(dev, dev->msi + MSI_CTRL, 2) & MSI_64BIT) {
        pci_write(dev, dev->msi + data, 4, 0);
        data += 4;
    }
    pci_write(dev, dev->msi + data, 2, vector);
    set_bits(dev, dev->msi + MSI_CTRL, MSI_ENABLE, MSI_MULTIPLE);
    return true;
}

static volatile uint32_t *msix_area(struct pci_dev *dev, unsigned int reg)
{
    uint32_t val = pci_read(dev, dev->msix + reg, 4);

    return (
        volatile uint32_t *)((volatile char *)pci_bar_map(dev, val & MSIX_BIR) +
                             (val & ~MSIX_BIR));
}

bool pci_msix_on(struct pci_dev *dev)
{
    if (!dev->msix)
        return false;
    pci_irq_off(dev);
    dev->msix_vectors =
        (pci_read(dev, dev->msix + MSIX_CTRL, 2) & MSIX_SIZE) + 1;
    dev->msix_table = msix_area(dev, MSIX_TABLE);
    dev->msix_pba = msix_area(dev, MSIX_PBA);

    /* Masked as a whole first: entries may hold anything. */
    set_bits(dev, dev->msix + MSIX_CTRL, MSIX_ENABLE | MSIX_MASK_ALL, 0);
    for (unsigned int n = 0; n < dev->msix_vectors; n++)
        pci_msix_mask(dev, n, true);
    pci_msix_mask_all(dev, false);
    return true;
}

void pci_msix_set(struct pci_dev *dev, unsigned int entry, unsigned int vector,
                  bool masked)
{
    volatile uint32_t *e = &dev->msix_table[entry * MSIX_ENTRY_DWORDS];

    e[3] = ENTRY_MASKED;
    e[0] = MSG_ADDR | MSG_DEST(plat_apic_id());
    e[1] = 0;
    e[2] = vector;
    e[3] = masked ? ENTRY_MASKED : 0;
}

void pci_msix_mask(struct pci_dev *dev, unsigned int entry, bool masked)
{
    dev->msix_table[entry * MSIX_ENTRY_DWORDS + 3] = masked ? ENTRY_MASKED : 0;
}

void pci_msix_mask_all(struct pci_dev *dev, bool masked)
{
    set_bits(dev, dev->msix + MSIX_CTRL, masked ? MSIX_MASK_ALL : 0,
             masked ? 0 : MSIX_MASK_ALL);
}

bool pci_msix_pending(const struct pci_dev *dev, unsigned int entry)
{
    return dev->msix_pba[entry / 32] >> (entry % 32) & 1;
}
