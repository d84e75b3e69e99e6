/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vGPU goes away under load for good, since its monitor is killed: no
 * access hangs, registers read as ones, VRAM stays memory.  Prints "READY"
 * when it is at work.
 */
#include "check.h"

const char test_title[] = "vgpu-gone: the monitor dies under load";

#define TIMEOUT (90 * PLAT_S)
#define BYTES   KB(64)

static bool is_gone(void *arg __maybe_unused)
{
    return vgpu_read(&vgpu, XVGPU_MAGIC) == ~0u;
}

/* Without a time-out in between: nobody may have to wait for one. */
static uint64_t work_until_gone(uint64_t at)
{
    enum engine_result result = ENGINE_DONE;
    uint64_t jobs = 0, fence;
    uint32_t dw[8];

    while (result == ENGINE_DONE) {
        if (!engine_put(sdma(), dw, pkt_fill(dw, at, jobs, BYTES)))
            break;
        fence = engine_submit(sdma(), true);
        if (!fence)
            break;
        result = engine_wait(sdma(), fence, TIMEOUT, PLAT_MS);
        if (++jobs == 10)
            printk("READY\n");
    }
    return jobs;
}

void test_main(void)
{
    const struct engine_config config = { 0 };
    volatile uint32_t *mark;
    uint64_t jobs, bad = 0;

    if (!check_open() || !vgpu_set_route(&vgpu, VGPU_ROUTE_MSIX) ||
        !check_start_sdma(&config))
        return;
    mark = (volatile uint32_t *)(vgpu.vram + MB(1));
    *mark = 0x5eed;
    jobs = work_until_gone(vgpu_vram_addr(&vgpu, MB(2)));
    if (!CHECK(plat_wait(is_gone, NULL, TIMEOUT, PLAT_MS),
               "the vGPU stays without its engine"))
        return;
    printk("GONE after %lu jobs\n", jobs);

    for (unsigned int reg = 0; reg < KB(4); reg += 4)
        bad += vgpu_read(&vgpu, reg) != ~0u;
    CHECK(!bad, "%lu registers of no vGPU do not read as ones", bad);
    vgpu_write(&vgpu, XVGPU_RESET, 1);
    CHECK(pci_read(&vgpu.pci, PCI_VENDOR_ID, 4) == ~0u,
          "config space is still there");
    CHECK(*mark == 0x5eed, "VRAM reads %#x", *mark);
    xtf_success(NULL);
}
