/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

struct vgpu vgpu;

bool check_open(void)
{
    plat_init();
    if (!vgpu_open(&vgpu, 0, plat_arg("high", 0))) {
        xtf_skip("Skip: there is no vGPU with an ABI that we know\n");
        return false;
    }
    printk("vGPU at devfn %#x: CSRs at %#lx, VRAM at %#lx, %lu MiB\n",
           vgpu.pci.devfn, vgpu.pci.bar[XVGPU_BAR_CSR].addr,
           vgpu.pci.bar[XVGPU_BAR_VRAM].addr, vgpu.vram_size >> 20);
    return true;
}

bool check_start_sdma(const struct engine_config *config)
{
    bool ok = engine_start(sdma(), config);

    if (!CHECK(ok, "sdma does not start"))
        engine_print_fault(sdma());
    return ok;
}

bool check_run(const uint32_t *dwords, unsigned int n, const char *what)
{
    enum engine_result result = engine_run(sdma(), dwords, n);

    if (!CHECK(result == ENGINE_DONE, "%s: %s", what,
               result == ENGINE_FAULT ? "fault" : "time-out"))
        engine_print_fault(sdma());
    return result == ENGINE_DONE;
}

bool check_works(const char *when)
{
    static uint32_t *buf, value = 0xc0de0000;
    const unsigned int words = 1024;
    uint32_t dw[8];
    unsigned int n, bad = 0;

    if (!buf)
        buf = plat_alloc(words * 4, 0);
    n = pkt_fill(dw, plat_gpa(buf), ++value, words * 4);
    if (!check_run(dw, n, when))
        return false;
    for (unsigned int i = 0; i < words; i++)
        bad += ACCESS_ONCE(buf[i]) != value;
    return CHECK(!bad, "%s: %u of %u dwords not filled", when, bad, words);
}

uint64_t check_turn(void)
{
    const char *text = xenstore_read("data/turn");
    uint64_t turn = 0;

    for (; text && *text >= '0' && *text <= '9'; text++)
        turn = turn * 10 + *text - '0';
    return turn;
}

void check_wait_turn(uint64_t turn)
{
    while (check_turn() < turn)
        plat_sleep(200 * PLAT_MS);
}
