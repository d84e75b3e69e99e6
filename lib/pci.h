/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI function: config space as a table of registers (PCI Local Bus
 * Specification 3.0, chapter 6; Power Management 1.2; Advanced Capabilities
 * ECN for conventional PCI).
 */
#ifndef LIB_PCI_H
#define LIB_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_CONFIG_SIZE 256u
#define PCI_NR_BARS 6u
#define PCI_BAR_UNMAPPED (~0ull)

/* Registers and bits, as far as they are looked at. */
#define PCI_COMMAND 0x04u
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_STATUS 0x06u
#define PCI_STATUS_INTX 0x0008u
#define PCI_STATUS_CAP_LIST 0x0010u
#define PCI_INTERRUPT_PIN 0x3du
#define PCI_BAR(n) (0x10u + 4u * (n))

/* Where the capabilities of pci_function_init() stand. */
#define PCI_CAP_PM 0x40u
#define PCI_CAP_MSI 0x50u
#define PCI_CAP_MSIX 0x70u
#define PCI_CAP_AF 0x80u
#define PCI_CAP_MORE 0x88u /* the description's, one behind the other */

/* What a write has changed. */
#define PCI_CHANGED_DECODE 0x1u /* BARs, memory decoding, power state */
#define PCI_CHANGED_IRQ 0x2u    /* MSI, MSI-X, INTx disable, bus master */
#define PCI_CHANGED_FLR 0x4u    /* function-level reset was asked for */

struct pci_bar {
    uint64_t size; /* a power of two, at least 16; 0: not there */
    bool is_64;    /* takes the next one too */
    bool prefetch;
};

/* A capability of this kind of function: its bytes, of which the second is
 * filled in, and those that software may set. */
#define PCI_CAP_BYTES 20u
struct pci_cap {
    unsigned int size; /* 2 to PCI_CAP_BYTES, a multiple of 4 */
    uint8_t bytes[PCI_CAP_BYTES], wmask[PCI_CAP_BYTES];
};

/* Identity and resources. `bars` of the second half of a 64-bit BAR is 0. */
struct pci_desc {
    uint16_t vendor, device;
    uint16_t subvendor, subdevice; /* 0: as the two above */
    uint32_t class_code;           /* 24 bits */
    uint8_t revision;
    bool no_intx; /* no interrupt pin: there is nothing that it could reach */
    bool no_msi;  /* MSI-X and INTx only */
    struct pci_bar bars[PCI_NR_BARS];
    unsigned int msix_vectors; /* 1 to 2048 */
    unsigned int msix_bar;
    uint32_t msix_table, msix_pba; /* offsets in that BAR */
    const struct pci_cap *caps;    /* borrowed; up to the end of the space */
    unsigned int nr_caps;
};

struct pci_function {
    struct pci_desc desc;
    uint8_t cfg[PCI_CONFIG_SIZE];
    uint8_t wmask[PCI_CONFIG_SIZE]; /* bits that a write sets */
};

/* All registers at their reset values. -EINVAL for a description that does
 * not fit the rules above. */
int pci_function_init(struct pci_function *fn, const struct pci_desc *desc);
void pci_function_reset(struct pci_function *fn);

/* After pci_function_init(): config space as it was, but for what the
 * description says. */
void pci_function_restore(struct pci_function *fn,
                          const uint8_t cfg[PCI_CONFIG_SIZE]);

/* Config accesses of 1, 2 or 4 bytes; a read beyond the space, or across a
 * dword, gives ones, such a write is dropped. pci_write() returns
 * PCI_CHANGED_* bits. */
uint32_t pci_read(const struct pci_function *fn, unsigned int offset,
                  unsigned int size);
unsigned int pci_write(struct pci_function *fn, unsigned int offset,
                       unsigned int size, uint32_t value);

/* Guest-physical address at which a BAR decodes now, or PCI_BAR_UNMAPPED:
 * decoding off, not in D0, not programmed, or at the end of the space as
 * while its size is being read. */
uint64_t pci_bar_address(const struct pci_function *fn, unsigned int bar);

/* Its power state; in D3hot it decodes nothing and sends no interrupt (PCI Bus
 * Power Management Interface 1.2, 5.4.1). */
bool pci_in_d0(const struct pci_function *fn);

/* Whether it may access memory: bus mastering is on, and it is in D0. */
bool pci_is_master(const struct pci_function *fn);

uint16_t pci_command(const struct pci_function *fn);
uint16_t pci_get16(const struct pci_function *fn, unsigned int offset);
uint32_t pci_get32(const struct pci_function *fn, unsigned int offset);
void pci_set16(struct pci_function *fn, unsigned int offset, uint16_t value);
void pci_set32(struct pci_function *fn, unsigned int offset, uint32_t value);

#endif
