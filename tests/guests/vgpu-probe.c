/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config space and registers are what the ABI headers say. */
#include "check.h"

const char test_title[] = "vgpu-probe: config space and reset values";

struct reg {
    const char *name;
    unsigned int offset, width, count;
    uint64_t reset;
    bool storage;
};

#define REG(name, offset, width, count, access, reset, saved, text)            \
    { #name, offset, width, count, reset, IS_STORAGE_##access },
#define IS_STORAGE_RO  false
#define IS_STORAGE_RW  true
#define IS_STORAGE_CFG true
#define IS_STORAGE_W1C true
#define IS_STORAGE_CMD false

static const struct reg global_regs[] = { XVGPU_CSRS(REG) };
static const struct reg engine_regs[] = { XVGPU_ENGINE_CSRS(REG) };

static uint64_t read_reg(unsigned int offset, unsigned int width)
{
    return width == 8 ? vgpu_read64(&vgpu, offset) : vgpu_read(&vgpu, offset);
}

/* Only what the device may not choose has a reset value to compare with. */
static void check_regs(const struct reg *regs, unsigned int n,
                       unsigned int base)
{
    for (unsigned int i = 0; i < n; i++)
        for (unsigned int k = 0; regs[i].storage && k < regs[i].count; k++) {
            unsigned int offset = base + regs[i].offset + k * regs[i].width;
            uint64_t val = read_reg(offset, regs[i].width);

            CHECK(val == regs[i].reset, "%s at %#x is %#lx, not %#lx",
                  regs[i].name, offset, val, regs[i].reset);
        }
}

static void check_config(void)
{
    bool pvh = plat_arg("pvh", 0);
    struct pci_dev *d = &vgpu.pci;
    struct pci_bar *vram = &d->bar[XVGPU_BAR_VRAM];
    uint32_t class = pci_read(d, PCI_REVISION, 4);

    CHECK(class == (XVGPU_PCI_CLASS << 8 | XVGPU_PCI_REVISION),
          "class and revision are %#x", class);
    CHECK(d->bar[XVGPU_BAR_CSR].size == XVGPU_CSR_BAR_SIZE,
          "BAR0 has %#lx bytes", d->bar[XVGPU_BAR_CSR].size);
    CHECK(d->bar[XVGPU_BAR_MSIX].size == XVGPU_MSIX_BAR_SIZE,
          "BAR4 has %#lx bytes", d->bar[XVGPU_BAR_MSIX].size);
    CHECK(vram->is_64bit && vram->prefetchable, "BAR2 is of another kind");
    CHECK(vram->size == vgpu.vram_size, "BAR2 has %#lx bytes, VRAM %#lx",
          vram->size, vgpu.vram_size);
    CHECK(pci_find_cap(d, PCI_CAP_PM), "no power management");
    CHECK(d->msi && d->msix && d->af, "MSI at %#x, MSI-X at %#x, AF at %#x",
          d->msi, d->msix, d->af);
    /* A PVH domain has no interrupt controller that INTx could reach. */
    CHECK(pci_read(d, PCI_INT_PIN, 1) == !pvh, "the pin is %u",
          pci_read(d, PCI_INT_PIN, 1));
    CHECK(vgpu_read64(&vgpu, XVGPU_VRAM_BASE) == vram->addr,
          "VRAM stands at %#lx", vgpu_read64(&vgpu, XVGPU_VRAM_BASE));
}

static void check_vram(void)
{
    volatile uint64_t *first = (volatile uint64_t *)vgpu.vram;
    volatile uint64_t *last =
        (volatile uint64_t *)(vgpu.vram + vgpu.vram_size - 8);

    CHECK(*first == 0 && *last == 0, "VRAM is not empty: %#lx, %#lx", *first,
          *last);
    *first = 0x0123456789abcdef;
    *last = 0xfedcba9876543210;
    CHECK(*first == 0x0123456789abcdef && *last == 0xfedcba9876543210,
          "VRAM forgets: %#lx, %#lx", *first, *last);
}

static void check_timestamp(void)
{
    uint64_t first = vgpu_read64(&vgpu, XVGPU_TIMESTAMP), second;

    plat_sleep(10 * PLAT_MS);
    second = vgpu_read64(&vgpu, XVGPU_TIMESTAMP);
    CHECK(second - first >= 5 * PLAT_MS && second - first < 10 * PLAT_S,
          "the time went from %lu to %lu ns in 10 ms", first, second);
}

void test_main(void)
{
    if (!check_open())
        return;
    printk("ABI %#x, engines %#x, features %#x, backend domain %u\n",
           vgpu_read(&vgpu, XVGPU_ABI_VERSION), vgpu_read(&vgpu, XVGPU_ENGINES),
           vgpu_read(&vgpu, XVGPU_FEATURES),
           vgpu_read(&vgpu, XVGPU_BACKEND_DOMID));
    check_config();
    check_regs(global_regs, ARRAY_SIZE(global_regs), 0);
    for (unsigned int e = 0; e < XVGPU_NR_ENGINES; e++)
        if (vgpu_read(&vgpu, XVGPU_ENGINES) & (1u << e))
            check_regs(engine_regs, ARRAY_SIZE(engine_regs),
                       XVGPU_ENGINE_BASE(e));
    check_vram();
    check_timestamp();
    xtf_success(NULL);
}
