/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The round trip of one trapped register read, in TSC ticks, on our vGPU or,
 * where there is none, on QEMU's edu device: the same kernel compares both.
 * Arguments: n= reads.
 */
#include "check.h"

const char test_title[] = "mmio-latency: round trip of a register read";

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

#define WARM_UP 100

static const char *find(struct pci_dev *dev)
{
    if (pci_find(dev, XVGPU_PCI_VENDOR, XVGPU_PCI_DEVICE, 0))
        return "xen-vgpu";
    if (pci_find(dev, EDU_VENDOR, EDU_DEVICE, 0))
        return "edu";
    return NULL;
}

void test_main(void)
{
    static struct pci_dev dev;
    volatile uint32_t *reg;
    struct stats ticks;
    const char *name;
    uint32_t first;
    uint64_t n;

    plat_init();
    name = find(&dev);
    if (!name)
        return xtf_skip("Skip: neither a vGPU nor edu\n");
    pci_assign(&dev, false);
    reg = pci_bar_map(&dev, 0);
    stats_init(&ticks);

    n = plat_arg("n", 2000);
    first = *reg;
    for (uint64_t i = 0; i < WARM_UP + n; i++) {
        uint64_t start = plat_tsc();

        if (*reg != first)
            return xtf_failure("Fail: the register does not keep its value\n");
        if (i >= WARM_UP)
            stats_add(&ticks, plat_tsc() - start);
    }
    stats_sort(&ticks);
    printk("STATS test=mmio-latency device=%s value=%#x n=%u tsc_khz=%lu "
           "min=%lu p50=%lu p90=%lu p99=%lu max=%lu\n",
           name, first, ticks.n, plat_tsc_khz(), stats_at(&ticks, 0),
           stats_at(&ticks, 500), stats_at(&ticks, 900),
           stats_at(&ticks, 990), stats_at(&ticks, 1000));
    xtf_success(NULL);
}
