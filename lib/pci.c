/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/pci.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* One register: value after reset, and the bits that software may set. What
 * depends on the description is filled in by pci_function_reset(). */
struct pci_reg {
    uint8_t offset, size;
    uint32_t reset, wmask;
};

static const struct pci_reg pci_regs[] = {
    {PCI_COMMAND, 2, 0,
     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE},
    {PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0},
    {0x0c, 1, 0, 0xff}, /* cache line size: storage */
    {0x0d, 1, 0, 0xf8}, /* latency timer: storage */
    {0x34, 1, PCI_CAP_PM, 0},
    {0x3c, 1, 0, 0xff},           /* interrupt line: storage */
    {PCI_INTERRUPT_PIN, 1, 1, 0}, /* INTA# */
    /* Power management: id, next, capabilities (version 3; D0 and D3hot),
     * control: state, with No_Soft_Reset */
    {PCI_CAP_PM + 0, 2, 0x01 | PCI_CAP_MSI << 8, 0},
    {PCI_CAP_PM + 2, 2, 0x0003, 0},
    {PCI_CAP_PM + 4, 2, 0x0008, 0x0003},
    /* MSI: one vector, 64-bit address, per-vector mask */
    {PCI_CAP_MSI + 0, 2, 0x05 | PCI_CAP_MSIX << 8, 0},
    {PCI_CAP_MSI + 2, 2, 0x0180, 0x0001},
    {PCI_CAP_MSI + 4, 4, 0, 0xfffffffc},
    {PCI_CAP_MSI + 8, 4, 0, 0xffffffff},
    {PCI_CAP_MSI + 12, 2, 0, 0xffff},
    {PCI_CAP_MSI + 16, 4, 0, 0x00000001}, /* mask */
    {PCI_CAP_MSI + 20, 4, 0, 0},          /* pending */
    /* MSI-X: enable, function mask */
    {PCI_CAP_MSIX + 0, 2, 0x11 | PCI_CAP_AF << 8, 0},
    {PCI_CAP_MSIX + 2, 2, 0, 0xc000},
    /* Advanced Features: 6 bytes; transactions pending, FLR. Control's bit
     * starts a reset and reads 0. */
    {PCI_CAP_AF + 0, 2, 0x13, 0},
    {PCI_CAP_AF + 2, 2, 0x0306, 0},
    {PCI_CAP_AF + 4, 2, 0, 0},
};

static void put(uint8_t *to, unsigned int size, uint32_t value)
{
    unsigned int i;

    for (i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get(const uint8_t *from, unsigned int size)
{
    uint32_t value = 0;
    unsigned int i;

    for (i = 0; i < size; i++)
        value |= (uint32_t)from[i] << (8 * i);
    return value;
}

uint16_t pci_get16(const struct pci_function *fn, unsigned int offset)
{
    return (uint16_t)get(fn->cfg + offset, 2);
}

uint32_t pci_get32(const struct pci_function *fn, unsigned int offset)
{
    return get(fn->cfg + offset, 4);
}

void pci_set16(struct pci_function *fn, unsigned int offset, uint16_t value)
{
    put(fn->cfg + offset, 2, value);
}

void pci_set32(struct pci_function *fn, unsigned int offset, uint32_t value)
{
    put(fn->cfg + offset, 4, value);
}

uint16_t pci_command(const struct pci_function *fn)
{
    return pci_get16(fn, PCI_COMMAND);
}

static bool bar_ok(const struct pci_desc *desc, unsigned int n)
{
    const struct pci_bar *bar = &desc->bars[n];

    if (!bar->size)
        return true;
    if (bar->size < 16 || (bar->size & (bar->size - 1)))
        return false;
    if (!bar->is_64)
        return bar->size <= 0x80000000u;
    return n + 1 < PCI_NR_BARS && !desc->bars[n + 1].size;
}

static bool caps_ok(const struct pci_desc *desc)
{
    unsigned int at = PCI_CAP_MORE, i;

    for (i = 0; i < desc->nr_caps; i++) {
        const unsigned int size = desc->caps[i].size;

        if (size < 2 || size % 4 || size > PCI_CAP_BYTES ||
            size > PCI_CONFIG_SIZE - at)
            return false;
        at += size;
    }
    return true;
}

int pci_function_init(struct pci_function *fn, const struct pci_desc *desc)
{
    unsigned int n;

    for (n = 0; n < PCI_NR_BARS; n++)
        if (!bar_ok(desc, n))
            return -EINVAL;
    if (!desc->msix_vectors || desc->msix_vectors > 2048 ||
        desc->msix_bar >= PCI_NR_BARS || !caps_ok(desc))
        return -EINVAL;
    fn->desc = *desc;
    pci_function_reset(fn);
    return 0;
}

static void add_caps(struct pci_function *fn)
{
    unsigned int at = PCI_CAP_MORE, link = PCI_CAP_AF + 1, i;

    for (i = 0; i < fn->desc.nr_caps; i++) {
        const struct pci_cap *cap = &fn->desc.caps[i];

        memcpy(fn->cfg + at, cap->bytes, cap->size);
        memcpy(fn->wmask + at, cap->wmask, cap->size);
        fn->cfg[at + 1] = 0;
        fn->cfg[link] = (uint8_t)at;
        link = at + 1;
        at += cap->size;
    }
}

static void remove_msi(struct pci_function *fn)
{
    memset(fn->cfg + PCI_CAP_MSI, 0, PCI_CAP_MSIX - PCI_CAP_MSI);
    memset(fn->wmask + PCI_CAP_MSI, 0, PCI_CAP_MSIX - PCI_CAP_MSI);
    fn->cfg[PCI_CAP_PM + 1] = PCI_CAP_MSIX;
}

void pci_function_reset(struct pci_function *fn)
{
    const struct pci_desc *desc = &fn->desc;
    const struct pci_reg *reg;
    unsigned int n;

    memset(fn->cfg, 0, sizeof(fn->cfg));
    memset(fn->wmask, 0, sizeof(fn->wmask));
    for (reg = pci_regs; reg < pci_regs + sizeof(pci_regs) / sizeof(*reg);
         reg++) {
        put(fn->cfg + reg->offset, reg->size, reg->reset);
        put(fn->wmask + reg->offset, reg->size, reg->wmask);
    }
    pci_set16(fn, 0x00, desc->vendor);
    pci_set16(fn, 0x02, desc->device);
    pci_set32(fn, 0x08, desc->class_code << 8 | desc->revision);
    pci_set16(fn, 0x2c, desc->subvendor ? desc->subvendor : desc->vendor);
    pci_set16(fn, 0x2e, desc->subdevice ? desc->subdevice : desc->device);
    if (desc->no_intx)
        fn->cfg[PCI_INTERRUPT_PIN] = 0;
    if (desc->no_msi)
        remove_msi(fn);
    add_caps(fn);
    for (n = 0; n < PCI_NR_BARS; n++) {
        const struct pci_bar *bar = &desc->bars[n];

        if (!bar->size)
            continue;
        pci_set32(fn, PCI_BAR(n),
                  (bar->is_64 ? 4u : 0) | (bar->prefetch ? 8u : 0));
        put(fn->wmask + PCI_BAR(n), 4, (uint32_t) ~(bar->size - 1) & ~15u);
        if (bar->is_64)
            put(fn->wmask + PCI_BAR(n + 1), 4,
                (uint32_t)(~(bar->size - 1) >> 32));
    }
    pci_set16(fn, PCI_CAP_MSIX + 2, (uint16_t)(desc->msix_vectors - 1));
    pci_set32(fn, PCI_CAP_MSIX + 4, desc->msix_table | desc->msix_bar);
    pci_set32(fn, PCI_CAP_MSIX + 8, desc->msix_pba | desc->msix_bar);
}

void pci_function_restore(struct pci_function *fn,
                          const uint8_t cfg[PCI_CONFIG_SIZE])
{
    unsigned int i;

    for (i = 0; i < PCI_CONFIG_SIZE; i++)
        fn->cfg[i] =
            (uint8_t)((fn->cfg[i] & ~fn->wmask[i]) | (cfg[i] & fn->wmask[i]));
}

static bool valid(unsigned int offset, unsigned int size)
{
    return (size == 1 || size == 2 || size == 4) && offset < PCI_CONFIG_SIZE &&
           (offset & 3) + size <= 4;
}

uint32_t pci_read(const struct pci_function *fn, unsigned int offset,
                  unsigned int size)
{
    if (!valid(offset, size))
        return ~0u;
    return get(fn->cfg + offset, size);
}

static bool touches(unsigned int offset, unsigned int size, unsigned int from,
                    unsigned int length)
{
    return offset < from + length && from < offset + size;
}

unsigned int pci_write(struct pci_function *fn, unsigned int offset,
                       unsigned int size, uint32_t value)
{
    unsigned int changed = 0, i;

    if (!valid(offset, size))
        return 0;
    for (i = 0; i < size; i++) {
        const unsigned int at = offset + i;
        const uint8_t byte = (uint8_t)(value >> (8 * i));
        const uint8_t now =
            (uint8_t)((fn->cfg[at] & ~fn->wmask[at]) | (byte & fn->wmask[at]));

        if (at == PCI_CAP_AF + 4 && (byte & 1))
            changed |= PCI_CHANGED_FLR;
        if (now == fn->cfg[at])
            continue;
        fn->cfg[at] = now;
        if (touches(at, 1, PCI_COMMAND, 2))
            changed |= PCI_CHANGED_DECODE | PCI_CHANGED_IRQ;
        if (touches(at, 1, PCI_BAR(0), 4 * PCI_NR_BARS))
            changed |= PCI_CHANGED_DECODE;
        if (touches(at, 1, PCI_CAP_PM + 4, 2))
            changed |= PCI_CHANGED_DECODE | PCI_CHANGED_IRQ;
        if (touches(at, 1, PCI_CAP_MSI, 24) || touches(at, 1, PCI_CAP_MSIX, 12))
            changed |= PCI_CHANGED_IRQ;
    }
    return changed;
}

bool pci_in_d0(const struct pci_function *fn)
{
    return !(pci_get16(fn, PCI_CAP_PM + 4) & 3);
}

bool pci_is_master(const struct pci_function *fn)
{
    return pci_command(fn) & PCI_COMMAND_MASTER && pci_in_d0(fn);
}

uint64_t pci_bar_address(const struct pci_function *fn, unsigned int n)
{
    const struct pci_bar *bar;
    uint64_t address, end;

    if (n >= PCI_NR_BARS || !fn->desc.bars[n].size ||
        !(pci_command(fn) & PCI_COMMAND_MEMORY) || !pci_in_d0(fn))
        return PCI_BAR_UNMAPPED;
    bar = &fn->desc.bars[n];
    address = pci_get32(fn, PCI_BAR(n)) & ~15u;
    if (bar->is_64)
        address |= (uint64_t)pci_get32(fn, PCI_BAR(n + 1)) << 32;
    end = address + bar->size - 1;
    if (!address || end < address || end == ~0ull || end == 0xffffffffu)
        return PCI_BAR_UNMAPPED;
    return address;
}
