/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody in dom0 kills the engine under load: the guest is told, resumes,
 * and its next jobs work.  Argument: kills= (5), at most: none is waited for
 * once xenstore's data/turn says 1.  Prints "READY n" when the engine is
 * busy for the n-th time.
 */
#include "check.h"

const char test_title[] = "vgpu-kill: the engine dies under load";

#define TIMEOUT    (60 * PLAT_S)
#define FILLS      16
#define FILL_BYTES MB(1)

static uint64_t load_at;

/* One job of many fills; what the engine writes is only known at its end. */
static enum engine_result one_job(uint32_t value)
{
    uint32_t dw[8];
    uint64_t fence;

    for (unsigned int i = 0; i < FILLS; i++)
        if (!engine_put(sdma(), dw, pkt_fill(dw, load_at, value, FILL_BYTES)))
            return ENGINE_FAULT;
    fence = engine_submit(sdma(), true);
    if (!fence)
        return ENGINE_FAULT;
    return engine_wait(sdma(), fence, TIMEOUT, PLAT_MS);
}

static bool work_until_killed(uint64_t nr)
{
    enum engine_result result;
    uint64_t jobs = 0;
    uint32_t code;

    do
        result = one_job((uint32_t)jobs++);
    while (result == ENGINE_DONE);
    if (!CHECK(result == ENGINE_FAULT, "kill %lu: no word in time", nr))
        return false;
    code = engine_read(sdma(), XVGPU_FAULT_CODE);
    CHECK(code == XVGPU_FAULT_ENGINE_RESET, "kill %lu: the fault is %u (%s)",
          nr, code, engine_fault_name(code));
    printk("STATS test=kill nr=%lu jobs=%lu\n", nr, jobs);
    return true;
}

void test_main(void)
{
    const struct engine_config config = { 0 };
    uint64_t kills;
    uint32_t resets;

    if (!check_open() || !vgpu_set_route(&vgpu, VGPU_ROUTE_MSIX) ||
        !check_start_sdma(&config))
        return;
    kills = plat_arg("kills", 5);
    load_at = vgpu_vram_addr(&vgpu, MB(2));

    for (uint64_t i = 0; i < kills && !check_turn(); i++) {
        printk("READY %lu\n", i);
        if (!work_until_killed(i))
            return;
        engine_resume(sdma());
        if (!check_works("after the kill"))
            return;
        resets = engine_read(sdma(), XVGPU_RESETS);
        CHECK(resets == i + 1, "RESETS is %u after %lu kills", resets, i + 1);
    }
    xtf_success(NULL);
}
