/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends itself in mid-job as xenstore's data/turn says: 1 by a reboot, 3 by a
 * crash, 4 in order.  Prints "READY" before; what the domain gets at its
 * start must be a fresh vGPU.
 */
#include "check.h"

const char test_title[] = "vgpu-end: reboot or crash in mid-job";

#define FILLS 256
#define BYTES MB(4)

static void check_fresh(void)
{
    volatile uint32_t *mark = (volatile uint32_t *)vgpu.vram;
    uint32_t val;

    CHECK(!*mark, "VRAM is not empty at the start: %#x", *mark);
    val = vgpu_read(&vgpu, XVGPU_RESET_COUNT);
    CHECK(!val, "RESET_COUNT is %u at the start", val);
    val = vgpu_read(&vgpu, XVGPU_SCRATCH);
    CHECK(!val, "SCRATCH is %#x at the start", val);
    *mark = 0x5eed;
    vgpu_write(&vgpu, XVGPU_SCRATCH, 0x5eed);
}

static void start_long_job(void)
{
    uint32_t *ib = plat_alloc(KB(16), 0), dw[8];
    unsigned int n = 0;

    for (unsigned int i = 0; i < FILLS; i++)
        n += pkt_fill(ib + n, vgpu_vram_addr(&vgpu, MB(4)), i, BYTES);
    engine_put(sdma(), dw, pkt_ib(dw, plat_gpa(ib), n));
    engine_submit(sdma(), true);
}

void test_main(void)
{
    const struct engine_config config = { 0 };
    uint64_t how;

    if (!check_open() || !check_start_sdma(&config))
        return;
    check_fresh();
    check_works("at the start");
    printk("READY\n");
    while (!(how = check_turn()))
        plat_sleep(100 * PLAT_MS);
    start_long_job();
    if (how == SHUTDOWN_reboot || how == SHUTDOWN_crash)
        hypercall_shutdown(how);
    xtf_success(NULL);
}
