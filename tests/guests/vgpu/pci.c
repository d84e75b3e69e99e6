/* SPDX-License-Identifier: MIT */
/* Configuration space, BARs and function level reset. */
#include "pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

#define BAR_IO        0x1u
#define BAR_TYPE_MASK 0x6u
#define BAR_TYPE_64   0x4u
#define BAR_PREFETCH  0x8u

/*
 * An HVM domain's memory hole (Xen: public/arch-x86/hvm and libxl): RAM ends
 * below the first address, Xen's own pages begin behind the second.
 */
#define HOLE_START 0xf0000000UL
#define HOLE_END   0xfc000000UL

/* Clear of where a device model parks its VRAM, just above RAM. */
#define HIGH_GAP GB(8)

#define AF_CAPS     3
#define AF_CAPS_FLR 0x02
#define AF_CTRL     4
#define AF_CTRL_FLR 0x01
#define FLR_TIME    (100 * PLAT_MS)

static void select(const struct pci_dev *dev, unsigned int reg)
{
    outl(CONFIG_ENABLE | dev->devfn << 8 | (reg & ~3u), CONFIG_ADDRESS);
}

uint32_t pci_read(const struct pci_dev *dev, unsigned int reg,
                  unsigned int size)
{
    uint16_t port = CONFIG_DATA + (reg & 3);

    select(dev, reg);
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

void pci_write(const struct pci_dev *dev, unsigned int reg, unsigned int size,
               uint32_t val)
{
    uint16_t port = CONFIG_DATA + (reg & 3);

    select(dev, reg);
    if (size == 1)
        outb(val, port);
    else if (size == 2)
        outw(val, port);
    else
        outl(val, port);
}

void pci_command(const struct pci_dev *dev, uint16_t set, uint16_t clear)
{
    uint16_t cmd = pci_read(dev, PCI_COMMAND, 2);

    pci_write(dev, PCI_COMMAND, 2, (cmd | set) & ~clear);
}

unsigned int pci_find_cap(const struct pci_dev *dev, uint8_t id)
{
    unsigned int pos;

    if (!(pci_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAPS))
        return 0;
    pos = pci_read(dev, PCI_CAPS, 1) & ~3u;

    /* No more than fit: a looping list ends too. */
    for (unsigned int n = 0; pos && n < 48; n++) {
        if (pci_read(dev, pos, 1) == id)
            return pos;
        pos = pci_read(dev, pos + 1, 1) & ~3u;
    }
    return 0;
}

static void size_bar(struct pci_dev *dev, unsigned int n)
{
    struct pci_bar *bar = &dev->bar[n];
    uint32_t low = pci_read(dev, PCI_BAR(n), 4), high = 0, mask;
    uint64_t size;

    bar->is_io = low & BAR_IO;
    bar->is_64bit = !bar->is_io && (low & BAR_TYPE_MASK) == BAR_TYPE_64;
    bar->prefetchable = !bar->is_io && (low & BAR_PREFETCH);

    pci_write(dev, PCI_BAR(n), 4, ~0u);
    mask = pci_read(dev, PCI_BAR(n), 4) & (bar->is_io ? ~3u : ~15u);
    pci_write(dev, PCI_BAR(n), 4, low);
    if (bar->is_64bit) {
        high = pci_read(dev, PCI_BAR(n + 1), 4);
        pci_write(dev, PCI_BAR(n + 1), 4, ~0u);
        size = (uint64_t)pci_read(dev, PCI_BAR(n + 1), 4) << 32 | mask;
        pci_write(dev, PCI_BAR(n + 1), 4, high);
    } else {
        size = mask ? ~0ULL << 32 | mask : 0;
    }

    /* The lowest bit that can be set. */
    bar->size = size & -size;
    bar->addr = (uint64_t)high << 32 | (low & (bar->is_io ? ~3u : ~15u));
}

static void probe(struct pci_dev *dev)
{
    uint16_t cmd = pci_read(dev, PCI_COMMAND, 2);

    pci_command(dev, 0, PCI_COMMAND_MEMORY | 1);
    for (unsigned int n = 0; n < PCI_NR_BARS; n++) {
        size_bar(dev, n);
        if (dev->bar[n].is_64bit && n + 1 < PCI_NR_BARS)
            dev->bar[++n] = (struct pci_bar){ .size = 0 };
    }
    pci_write(dev, PCI_COMMAND, 2, cmd);

    dev->msi = pci_find_cap(dev, PCI_CAP_MSI);
    dev->msix = pci_find_cap(dev, PCI_CAP_MSIX);
    dev->af = pci_find_cap(dev, PCI_CAP_AF);
}

bool pci_find(struct pci_dev *dev, uint16_t vendor, uint16_t device,
              unsigned int nth)
{
    uint32_t id = (uint32_t)device << 16 | vendor;

    for (unsigned int devfn = 0; devfn < 256; devfn++) {
        *dev = (struct pci_dev){ .devfn = devfn };
        if (pci_read(dev, PCI_VENDOR_ID, 4) != id || nth--)
            continue;
        probe(dev);
        return true;
    }
    return false;
}

void pci_set_bar(struct pci_dev *dev, unsigned int bar, uint64_t addr)
{
    dev->bar[bar].addr = addr;
    pci_write(dev, PCI_BAR(bar), 4, addr);
    if (dev->bar[bar].is_64bit)
        pci_write(dev, PCI_BAR(bar + 1), 4, addr >> 32);
}

void pci_assign(struct pci_dev *dev, bool high)
{
    static uint64_t low_next = HOLE_START, high_next;

    if (!high_next)
        high_next = max((uint64_t)GB(4), plat_ram_end()) + HIGH_GAP;

    pci_command(dev, 0, PCI_COMMAND_MEMORY);
    for (unsigned int n = 0; n < PCI_NR_BARS; n++) {
        struct pci_bar *bar = &dev->bar[n];
        uint64_t size = max(bar->size, (uint64_t)PAGE_SIZE), low;

        if (!bar->size || bar->is_io)
            continue;
        low = ROUNDUP(low_next, size);
        if (bar->is_64bit && (high || low + size > HOLE_END)) {
            high_next = ROUNDUP(high_next, size);
            pci_set_bar(dev, n, high_next);
            high_next += size;
        } else if (low + size <= HOLE_END) {
            pci_set_bar(dev, n, low);
            low_next = low + size;
        } else {
            panic("No place for BAR%u\n", n);
        }
    }
    pci_command(dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

volatile void *pci_bar_map(const struct pci_dev *dev, unsigned int bar)
{
    return plat_map(dev->bar[bar].addr, dev->bar[bar].size);
}

bool pci_flr(struct pci_dev *dev)
{
    if (!dev->af || !(pci_read(dev, dev->af + AF_CAPS, 1) & AF_CAPS_FLR))
        return false;
    pci_command(dev, 0, PCI_COMMAND_MASTER);
    pci_write(dev, dev->af + AF_CTRL, 1, AF_CTRL_FLR);
    plat_sleep(FLR_TIME);
    return true;
}

void pci_restore(struct pci_dev *dev)
{
    pci_command(dev, 0, PCI_COMMAND_MEMORY);
    for (unsigned int n = 0; n < PCI_NR_BARS; n++)
        if (dev->bar[n].size)
            pci_set_bar(dev, n, dev->bar[n].addr);
    pci_command(dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}
