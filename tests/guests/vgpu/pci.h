/* SPDX-License-Identifier: MIT */
/*
 * PCI functions on bus 0, by ports 0xcf8 and 0xcfc: BARs, capabilities and
 * the three kinds of interrupt (PCI Local Bus Specification 3.0).
 */
#ifndef VGPU_PCI_H
#define VGPU_PCI_H

#include "plat.h"

#define PCI_VENDOR_ID        0x00
#define PCI_DEVICE_ID        0x02
#define PCI_COMMAND          0x04
#define PCI_COMMAND_MEMORY   0x0002
#define PCI_COMMAND_MASTER   0x0004
#define PCI_COMMAND_INTX_OFF 0x0400
#define PCI_STATUS           0x06
#define PCI_STATUS_INTX      0x0008
#define PCI_STATUS_CAPS      0x0010
#define PCI_REVISION         0x08
#define PCI_CLASS            0x09
#define PCI_BAR(n)           (0x10 + 4 * (n))
#define PCI_CAPS             0x34
#define PCI_INT_LINE         0x3c
#define PCI_INT_PIN          0x3d

#define PCI_CAP_PM   0x01
#define PCI_CAP_MSI  0x05
#define PCI_CAP_MSIX 0x11
#define PCI_CAP_AF   0x13

#define PCI_NR_BARS 6

struct pci_bar {
    uint64_t addr, size; /* size 0: there is no such BAR */
    bool is_64bit, prefetchable, is_io;
};

struct pci_dev {
    unsigned int devfn;
    struct pci_bar bar[PCI_NR_BARS];
    unsigned int msi, msix, af; /* offsets of capabilities, 0: none */
    volatile uint32_t *msix_table;
    volatile uint32_t *msix_pba;
    unsigned int msix_vectors;
};

/* @size is 1, 2 or 4; @reg is aligned to it. */
uint32_t pci_read(const struct pci_dev *dev, unsigned int reg,
                  unsigned int size);
void pci_write(const struct pci_dev *dev, unsigned int reg, unsigned int size,
               uint32_t val);

/*
 * The @nth function with these ids, from 0.  Fills @dev; the BARs are sized,
 * for which memory decoding was off for a moment, and have their present
 * address.
 */
bool pci_find(struct pci_dev *dev, uint16_t vendor, uint16_t device,
              unsigned int nth);
unsigned int pci_find_cap(const struct pci_dev *dev, uint8_t id);

/* Sets, then clears bits of the command register. */
void pci_command(const struct pci_dev *dev, uint16_t set, uint16_t clear);

/* Programs a BAR; says nothing about whether the device accepted it. */
void pci_set_bar(struct pci_dev *dev, unsigned int bar, uint64_t addr);

/*
 * Gives each memory BAR a place of its own: in the hole below 4 GiB, a
 * 64-bit one above all RAM if @high or if it does not fit below.  Then turns
 * decoding and bus mastering on.
 */
void pci_assign(struct pci_dev *dev, bool high);

/* The BAR's memory; mapped again after a move. */
volatile void *pci_bar_map(const struct pci_dev *dev, unsigned int bar);

/* One interrupt of each kind; each turns the other two off. */
void pci_intx_on(struct pci_dev *dev, unsigned int vector);
bool pci_msi_on(struct pci_dev *dev, unsigned int vector);
/* All entries are masked until pci_msix_set(). */
bool pci_msix_on(struct pci_dev *dev);
void pci_irq_off(struct pci_dev *dev);

void pci_msix_set(struct pci_dev *dev, unsigned int entry, unsigned int vector,
                  bool masked);
void pci_msix_mask(struct pci_dev *dev, unsigned int entry, bool masked);
/* The mask bit of the whole function. */
void pci_msix_mask_all(struct pci_dev *dev, bool masked);
bool pci_msix_pending(const struct pci_dev *dev, unsigned int entry);

/*
 * Function level reset by the Advanced Features capability (PCI-SIG ECN
 * "Advanced Capabilities for Conventional PCI"); false without one.  The
 * command register and BARs read 0 afterwards: pci_restore() puts them back.
 */
bool pci_flr(struct pci_dev *dev);
void pci_restore(struct pci_dev *dev);

#endif
