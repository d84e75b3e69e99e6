/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/irq.h"

#include <string.h>

#define MSI_ENABLE 0x0001u
#define MSIX_ENABLE 0x8000u
#define MSIX_FUNCTION_MASK 0x4000u
#define MSIX_VECTOR_MASK 0x1u

/* What can be set of an entry: address, data, control. */
static const uint32_t msix_bits[4] = {~3u, ~0u, ~0u, MSIX_VECTOR_MASK};

static void point_to(struct irq *irq, struct pci_function *fn,
                     xendevicemodel_handle *dmod, uint32_t domid,
                     unsigned int devfn)
{
    irq->fn = fn;
    irq->dmod = dmod;
    irq->domid = domid;
    irq->devfn = devfn;
}

void irq_init(struct irq *irq, struct pci_function *fn,
              xendevicemodel_handle *dmod, uint32_t domid, unsigned int devfn)
{
    memset(irq, 0, sizeof(*irq));
    point_to(irq, fn, dmod, domid, devfn);
    irq_reset(irq);
}

static unsigned int nr_vectors(const struct irq *irq)
{
    return irq->fn->desc.msix_vectors < IRQ_MAX_VECTORS
               ? irq->fn->desc.msix_vectors
               : IRQ_MAX_VECTORS;
}

enum irq_route irq_route(const struct irq *irq)
{
    if (pci_get16(irq->fn, PCI_CAP_MSIX + 2) & MSIX_ENABLE)
        return IRQ_MSIX;
    if (pci_get16(irq->fn, PCI_CAP_MSI + 2) & MSI_ENABLE)
        return IRQ_MSI;
    if ((pci_command(irq->fn) & PCI_COMMAND_INTX_DISABLE) ||
        irq->fn->desc.no_intx)
        return IRQ_NONE;
    return IRQ_INTX;
}

static void inject(struct irq *irq, enum irq_route route, uint64_t address,
                   uint32_t data)
{
    if (xendevicemodel_inject_msi(irq->dmod, (domid_t)irq->domid, address,
                                  data))
        irq->failed++;
    else
        irq->sent[route]++;
}

/* Vector 0 is no vector: Xen takes such a message's destination for a pirq
 * (PHYSDEVOP_get_free_pirq in xen/include/public/physdev.h), which the guest
 * masks as an event channel. Linux leaves the MSI-X vector's mask bit as it is
 * after a reset, set. */
static bool is_pirq(uint32_t address, uint32_t data)
{
    /* An entry that has an address only is still being programmed. */
    return address >> 20 == 0xfee && data && !(data & 0xff);
}

/* A message is a write to memory: it needs bus mastering. */
static bool may_send(const struct irq *irq, enum irq_route route,
                     unsigned int vector)
{
    if (!pci_is_master(irq->fn))
        return false;
    if (route == IRQ_MSI)
        return !(pci_get32(irq->fn, PCI_CAP_MSI + 16) & 1);
    if (is_pirq(irq->table[vector][0], irq->table[vector][2]))
        return true;
    return !(pci_get16(irq->fn, PCI_CAP_MSIX + 2) & MSIX_FUNCTION_MASK) &&
           !(irq->table[vector][3] & MSIX_VECTOR_MASK);
}

static void send(struct irq *irq, enum irq_route route, unsigned int vector)
{
    if (route == IRQ_MSI)
        inject(irq, route,
               pci_get32(irq->fn, PCI_CAP_MSI + 4) |
                   (uint64_t)pci_get32(irq->fn, PCI_CAP_MSI + 8) << 32,
               pci_get16(irq->fn, PCI_CAP_MSI + 12));
    else
        inject(irq, route,
               irq->table[vector][0] | (uint64_t)irq->table[vector][1] << 32,
               irq->table[vector][2]);
}

static void set_pending(struct irq *irq, uint32_t pending)
{
    irq->pending = pending;
    pci_set32(irq->fn, PCI_CAP_MSI + 20,
              irq_route(irq) == IRQ_MSI ? pending & 1 : 0);
}

void irq_signal(struct irq *irq, unsigned int vector)
{
    const enum irq_route route = irq_route(irq);

    if (route != IRQ_MSI && route != IRQ_MSIX)
        return;
    if (route == IRQ_MSI)
        vector = 0;
    if (vector >= nr_vectors(irq))
        return;
    if (may_send(irq, route, vector))
        send(irq, route, vector);
    else
        set_pending(irq, irq->pending | 1u << vector);
}

static bool intx_wanted(const struct irq *irq)
{
    return irq->asserted && irq_route(irq) == IRQ_INTX && pci_in_d0(irq->fn);
}

static void update_intx(struct irq *irq)
{
    const bool level = intx_wanted(irq);
    uint16_t status = pci_get16(irq->fn, PCI_STATUS);

    status = irq->asserted ? status | PCI_STATUS_INTX
                           : status & (uint16_t)~PCI_STATUS_INTX;
    pci_set16(irq->fn, PCI_STATUS, status);
    if (level == irq->intx_level)
        return;
    if (xendevicemodel_set_pci_intx_level(irq->dmod, (domid_t)irq->domid, 0, 0,
                                          (uint8_t)(irq->devfn >> 3), 0,
                                          level)) {
        irq->failed++;
        return;
    }
    irq->intx_level = level;
    if (level)
        irq->sent[IRQ_INTX]++;
}

void irq_set_level(struct irq *irq, bool asserted)
{
    irq->asserted = asserted;
    update_intx(irq);
}

void irq_take_over(struct irq *irq, struct pci_function *fn,
                   xendevicemodel_handle *dmod, uint32_t domid,
                   unsigned int devfn)
{
    unsigned int v, at;

    point_to(irq, fn, dmod, domid, devfn);
    for (v = 0; v < IRQ_MAX_VECTORS; v++)
        for (at = 0; at < 4; at++)
            irq->table[v][at] &= msix_bits[at];
    irq->asserted = irq->asserted != 0;
    /* It may have died between telling Xen and noting so. */
    irq->intx_level = !intx_wanted(irq);
    set_pending(irq, irq->pending);
    irq_config_changed(irq);
}

void irq_config_changed(struct irq *irq)
{
    const enum irq_route route = irq_route(irq);
    unsigned int v;

    update_intx(irq);
    for (v = 0; v < nr_vectors(irq) && irq->pending; v++) {
        if (!(irq->pending & 1u << v))
            continue;
        if (route != IRQ_MSI && route != IRQ_MSIX)
            break;
        if (!may_send(irq, route, v))
            continue;
        set_pending(irq, irq->pending & ~(1u << v));
        send(irq, route, v);
    }
}

void irq_quiet(struct irq *irq)
{
    set_pending(irq, 0);
    irq_set_level(irq, false);
}

void irq_reset(struct irq *irq)
{
    unsigned int v;

    memset(irq->table, 0, sizeof(irq->table));
    for (v = 0; v < IRQ_MAX_VECTORS; v++)
        irq->table[v][3] = MSIX_VECTOR_MASK;
    irq_quiet(irq);
}

/* The dword of the table or the pending bits at an offset, or NULL. */
static const uint32_t *msix_dword(const struct irq *irq, uint64_t offset,
                                  unsigned int *vector)
{
    static const uint32_t zero; /* the pending bits are a qword */
    const struct pci_desc *desc = &irq->fn->desc;

    *vector = IRQ_MAX_VECTORS;
    if (offset >= desc->msix_table &&
        offset - desc->msix_table < 16ull * nr_vectors(irq)) {
        *vector = (unsigned int)(offset - desc->msix_table) / 16;
        return &irq->table[*vector][(offset / 4) & 3];
    }
    if (offset == desc->msix_pba)
        return &irq->pending;
    if (offset == desc->msix_pba + 4ull)
        return &zero;
    return NULL;
}

bool irq_msix_read(const struct irq *irq, uint64_t offset, unsigned int size,
                   uint64_t *value)
{
    const uint32_t *dword;
    unsigned int vector, i;

    *value = ~0ull;
    if ((size != 4 && size != 8) || (offset & (size - 1)))
        return false;
    for (i = 0; i < size / 4; i++) {
        dword = msix_dword(irq, offset + 4 * i, &vector);
        if (!dword) {
            *value = ~0ull;
            return false;
        }
        *value &= ~(0xffffffffull << (32 * i));
        *value |= (uint64_t)*dword << (32 * i);
    }
    return true;
}

bool irq_msix_write(struct irq *irq, uint64_t offset, unsigned int size,
                    uint64_t value)
{
    unsigned int vector, i, at;

    if ((size != 4 && size != 8) || (offset & (size - 1)))
        return false;
    for (i = 0; i < size / 4; i++) {
        if (!msix_dword(irq, offset + 4 * i, &vector) ||
            vector == IRQ_MAX_VECTORS)
            return false;
        at = (unsigned int)((offset + 4 * i) / 4) & 3;
        irq->table[vector][at] = (uint32_t)(value >> (32 * i)) & msix_bits[at];
    }
    irq_config_changed(irq);
    return true;
}
