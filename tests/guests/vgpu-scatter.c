/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of whole areas, page by page in random order, RAM and VRAM in every
 * mix; every page is verified.  Argument: mib= (16).
 */
#include "check.h"

const char test_title[] = "vgpu-scatter: single pages in random order";

#define PACKET_DWORDS 7

struct area {
    const char *name;
    uint8_t *mem;
    uint64_t addr;
};

static uint64_t pages;
static uint32_t *order;

static void shuffle(void)
{
    for (uint64_t i = pages - 1; i > 0; i--) {
        uint64_t k = random_below(i + 1);
        uint32_t tmp = order[i];

        order[i] = order[k];
        order[k] = tmp;
    }
}

/* Each page says where it belongs and in which round. */
static void mark(const struct area *a, uint64_t round)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t *p = (uint64_t *)(a->mem + i * PAGE_SIZE);

        for (unsigned int k = 0; k < PAGE_SIZE / 8; k++)
            p[k] = round << 48 | i << 16 | k;
    }
}

/* Page i of the destination comes from page order[i] of the source. */
static bool verify(const struct area *src, const struct area *dst)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t at =
            first_difference(dst->mem + i * PAGE_SIZE,
                             src->mem + order[i] * PAGE_SIZE, PAGE_SIZE);

        if (!CHECK(at == PAGE_SIZE, "%s to %s: page %lu differs at %lu",
                   src->name, dst->name, i, at))
            return false;
    }
    return true;
}

static bool round_trip(const struct area *src, const struct area *dst,
                       uint32_t *ib, uint64_t round)
{
    uint64_t start, ns;
    uint32_t dw[8];
    unsigned int n = 0;

    mark(src, round);
    shuffle();
    for (uint64_t i = 0; i < pages; i++)
        n += pkt_copy(ib + n, src->addr + order[i] * PAGE_SIZE,
                      dst->addr + i * PAGE_SIZE, PAGE_SIZE);
    start = plat_now();
    if (!check_run(dw, pkt_ib(dw, plat_gpa(ib), n), "scattered copy"))
        return false;
    ns = plat_now() - start;
    printk("%s to %s: %lu pages in %lu us\n", src->name, dst->name, pages,
           ns / PLAT_US);
    return verify(src, dst);
}

void test_main(void)
{
    struct engine_config config = { 0 };
    struct area ram[2], vram[2];
    uint64_t bytes;
    uint32_t *ib;

    if (!check_open())
        return;
    bytes = min(plat_arg("mib", 16) << 20, vgpu.vram_size / 2);
    pages = bytes / PAGE_SIZE;
    if (plat_alloc_left() < 2 * bytes + MB(1))
        return xtf_skip("Skip: not enough RAM for two areas\n");

    ib = plat_alloc(pages * PACKET_DWORDS * 4, 0);
    order = plat_alloc(pages * sizeof(*order), 0);
    for (uint64_t i = 0; i < pages; i++)
        order[i] = i;
    for (unsigned int i = 0; i < 2; i++) {
        ram[i].name = "RAM";
        ram[i].mem = plat_alloc(bytes, 0);
        ram[i].addr = plat_gpa(ram[i].mem);
        vram[i].name = "VRAM";
        vram[i].mem = (uint8_t *)vgpu.vram + i * bytes;
        vram[i].addr = vgpu_vram_addr(&vgpu, i * bytes);
    }

    vgpu_set_route(&vgpu, VGPU_ROUTE_MSIX);
    if (!check_start_sdma(&config))
        return;
    if (round_trip(&ram[0], &ram[1], ib, 1) &&
        round_trip(&ram[0], &vram[0], ib, 2) &&
        round_trip(&vram[0], &ram[1], ib, 3) &&
        round_trip(&vram[0], &vram[1], ib, 4))
        stats_print("vgpu-scatter", sdma(), NULL);
    engine_stop(sdma());
    xtf_success(NULL);
}
