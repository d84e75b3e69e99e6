/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two vGPUs in one domain work at once, each with VRAM, rings and interrupts
 * of its own; a reset of one is not seen by the other.  Argument: jobs= (200)
 */
#include "check.h"

const char test_title[] = "vgpu-two: two vGPUs at once";

#define TIMEOUT (60 * PLAT_S)
#define BYTES   KB(64)

static struct vgpu vgpus[2];
static const struct engine_config config;

static struct vgpu_engine *sdma_of(unsigned int i)
{
    return &vgpus[i].engine[XVGPU_ENGINE_SDMA];
}

static uint32_t pattern(unsigned int i, uint64_t job)
{
    return (i + 1) << 24 | job;
}

static bool start(unsigned int i)
{
    bool ok = engine_start(sdma_of(i), &config);

    if (!CHECK(ok, "vGPU %u: sdma does not start", i))
        engine_print_fault(sdma_of(i));
    return ok;
}

static uint64_t submit(unsigned int i, uint64_t job, uint32_t *ram)
{
    uint64_t vram = vgpu_vram_addr(&vgpus[i], MB(1));
    uint32_t dw[8];

    engine_put(sdma_of(i), dw, pkt_fill(dw, vram, pattern(i, job), BYTES));
    engine_put(sdma_of(i), dw, pkt_copy(dw, vram, plat_gpa(ram), BYTES));
    return engine_submit(sdma_of(i), true);
}

static bool finish(unsigned int i, uint64_t job, uint64_t fence,
                   const uint32_t *ram)
{
    enum engine_result result = engine_wait(sdma_of(i), fence, TIMEOUT, 0);
    unsigned int bad = 0;

    if (!CHECK(fence && result == ENGINE_DONE, "vGPU %u, job %lu: result %u", i,
               job, result)) {
        engine_print_fault(sdma_of(i));
        return false;
    }
    for (unsigned int k = 0; k < BYTES / 4; k += 64)
        bad += ACCESS_ONCE(ram[k]) != pattern(i, job);
    return CHECK(!bad, "vGPU %u, job %lu: %u words differ", i, job, bad);
}

static bool work(uint64_t from, uint64_t jobs, uint32_t *ram[2])
{
    uint64_t fence[2];

    for (uint64_t job = from; job < from + jobs; job++) {
        for (unsigned int i = 0; i < 2; i++)
            fence[i] = submit(i, job, ram[i]);
        for (unsigned int i = 0; i < 2; i++)
            if (!finish(i, job, fence[i], ram[i]))
                return false;
    }
    return true;
}

void test_main(void)
{
    uint64_t jobs;
    uint32_t *ram[2], count;

    plat_init();
    jobs = plat_arg("jobs", 200);
    for (unsigned int i = 0; i < 2; i++) {
        if (!vgpu_open(&vgpus[i], i, false))
            return xtf_skip("Skip: there are not two vGPUs\n");
        ram[i] = plat_alloc(BYTES, 0);
        if (!vgpu_set_route(&vgpus[i], i ? VGPU_ROUTE_MSI : VGPU_ROUTE_MSIX) ||
            !start(i))
            return;
    }
    CHECK(vgpus[0].vram != vgpus[1].vram, "both have one VRAM");
    if (!work(0, jobs, ram))
        return;

    count = vgpu_read(&vgpus[1], XVGPU_RESET_COUNT);
    vgpu_write(&vgpus[0], XVGPU_RESET, 1);
    CHECK(vgpu_read(&vgpus[1], XVGPU_RESET_COUNT) == count,
          "the reset of one vGPU reset the other");
    CHECK(ACCESS_ONCE(*(uint32_t *)(vgpus[1].vram + MB(1))) ==
              pattern(1, jobs - 1),
          "the reset of one emptied the other's VRAM");
    CHECK(!*(volatile uint32_t *)(vgpus[0].vram + MB(1)),
          "the reset left VRAM as it was");
    if (vgpu_set_route(&vgpus[0], VGPU_ROUTE_MSIX) && start(0) &&
        work(jobs, jobs, ram))
        for (unsigned int i = 0; i < 2; i++)
            stats_print(i ? "vgpu-two-1" : "vgpu-two-0", sdma_of(i), NULL);
    xtf_success(NULL);
}
