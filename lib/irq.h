/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt routes of a PCI function: MSI-X, MSI, INTx (PCI Local Bus
 * Specification 3.0, section 6.8). The one that the guest has enabled is in
 * force, MSI-X before MSI before INTx.
 */
#ifndef LIB_IRQ_H
#define LIB_IRQ_H

#include <stdbool.h>
#include <stdint.h>
#include <xendevicemodel.h>

#include "lib/pci.h"

#define IRQ_MAX_VECTORS 32u

enum irq_route { IRQ_NONE = 0, IRQ_INTX = 1, IRQ_MSI = 2, IRQ_MSIX = 3 };

struct irq {
    struct pci_function *fn; /* borrowed, as the handle */
    xendevicemodel_handle *dmod;
    uint32_t domid;
    unsigned int devfn;
    uint32_t table[IRQ_MAX_VECTORS][4]; /* address low, high, data, control */
    uint32_t pending;
    /* No bool where an ended process may have left what is none. */
    uint8_t asserted;   /* what the device wants of INTx */
    uint8_t intx_level; /* what Xen was told */
    uint64_t sent[4];   /* by enum irq_route */
    uint64_t failed;
};

/* The function's description must not have more than IRQ_MAX_VECTORS. */
void irq_init(struct irq *irq, struct pci_function *fn,
              xendevicemodel_handle *dmod, uint32_t domid, unsigned int devfn);

/* As irq_init(), but with the table, the pending bits and the level that an
 * ended process has left in *irq, whatever that is; Xen is told the level
 * again. */
void irq_take_over(struct irq *irq, struct pci_function *fn,
                   xendevicemodel_handle *dmod, uint32_t domid,
                   unsigned int devfn);

/* Nothing pending, INTx low; the table stays. */
void irq_quiet(struct irq *irq);

/* The table masked, nothing pending, INTx low. Call after the function's
 * reset. */
void irq_reset(struct irq *irq);

enum irq_route irq_route(const struct irq *irq);

/* An event: one message on `vector` (MSI: on its only one), pending while it
 * is masked. With INTx in force nothing: see irq_set_level(). */
void irq_signal(struct irq *irq, unsigned int vector);

/* Whether the device has something to say, for INTx. */
void irq_set_level(struct irq *irq, bool asserted);

/* After a write to config space: deliver what is no longer masked. */
void irq_config_changed(struct irq *irq);

/* MSI-X table and pending bits in their BAR; offsets from its start. Sizes 4
 * and 8, aligned: other reads give ones and other writes are dropped
 * (returns false). */
bool irq_msix_read(const struct irq *irq, uint64_t offset, unsigned int size,
                   uint64_t *value);
bool irq_msix_write(struct irq *irq, uint64_t offset, unsigned int size,
                    uint64_t value);

#endif
