/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The round trip of one trapped register read, in TSC ticks, on our vGPU or,
 * where there is none, on QEMU's edu device: the same kernel compares both.
 * Arguments: n= reads a batch, turns= batches. With turns each batch waits
 * for its number, from 1 on, in the domain's xenstore node data/turn: so
 * guests that are there at the same time measure one after the other.
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

static bool measure(volatile uint32_t *reg, uint64_t n, const char *name,
                    uint64_t turn, struct stats *ticks)
{
    uint32_t first = *reg;

    ticks->n = 0;
    for (uint64_t i = 0; i < WARM_UP + n; i++) {
        uint64_t start = plat_tsc();

        if (*reg != first) {
            xtf_failure("Fail: the register does not keep its value\n");
            return false;
        }
        if (i >= WARM_UP)
            stats_add(ticks, plat_tsc() - start);
    }
    stats_sort(ticks);
    printk("STATS test=mmio-latency device=%s turn=%lu value=%#x n=%u "
           "tsc_khz=%lu min=%lu p50=%lu p90=%lu p99=%lu max=%lu\n",
           name, turn, first, ticks->n, plat_tsc_khz(), stats_at(ticks, 0),
           stats_at(ticks, 500), stats_at(ticks, 900), stats_at(ticks, 990),
           stats_at(ticks, 1000));
    return true;
}

void test_main(void)
{
    static struct pci_dev dev;
    static struct stats ticks;
    volatile uint32_t *reg;
    const char *name;
    uint64_t n, turns;

    plat_init();
    name = find(&dev);
    if (!name)
        return xtf_skip("Skip: neither a vGPU nor edu\n");
    pci_assign(&dev, false);
    reg = pci_bar_map(&dev, 0);
    stats_init(&ticks);

    n = plat_arg("n", 2000);
    turns = plat_arg("turns", 0);
    if (!turns && !measure(reg, n, name, 0, &ticks))
        return;
    for (uint64_t turn = 1; turn <= turns; turn++) {
        check_wait_turn(turn);
        if (!measure(reg, n, name, turn, &ticks))
            return;
    }
    xtf_success(NULL);
}
