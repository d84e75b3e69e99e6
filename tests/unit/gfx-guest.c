/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gfx-guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "xen-vgpu/packet.h"

#define BDF 0x80 /* slot 0x10 */
#define BAR0 UINT64_C(0xf0000000)
#define RAM_MIB 96u
#define RING UINT64_C(0x100000)
#define RING_BYTES 4096u
#define IB UINT64_C(0x200000)
#define MEMORY UINT64_C(0x1000000)

static domid_t domid_of(const struct gfx_guest *g)
{
    return (domid_t)g->dm.domid;
}

uint64_t gfx_guest_csr(struct gfx_guest *g, uint32_t reg, unsigned int size)
{
    uint64_t value = 0;

    if (fx_mmio_read(domid_of(g), 0, BAR0 + reg, size, &value) < 0)
        g->broken = true;
    return value;
}

void gfx_guest_set_csr(struct gfx_guest *g, uint32_t reg, unsigned int size,
                       uint64_t value)
{
    if (fx_mmio_write(domid_of(g), 0, BAR0 + reg, size, value) < 0)
        g->broken = true;
}

void *gfx_guest_data(const struct gfx_guest *g, uint64_t gpa, size_t bytes)
{
    return fx_ptr(domid_of(g), gpa, bytes);
}

static void set_cfg(struct gfx_guest *g, unsigned int reg, uint32_t value)
{
    assert_int_equal(fx_pci_cfg_write(domid_of(g), 0, BDF, reg, 4, value), 0);
}

void gfx_guest_start(struct gfx_guest *g, const char *options)
{
    const struct fx_domain_config config = {
        .ram_bytes = (uint64_t)RAM_MIB << 20,
        .vcpus = 2, /* the second one is for tests */
        .extra_kb = HARNESS_VRAM_MIB << 10,
        .timeout_ms = GFX_GUEST_PATIENCE_MS,
    };
    const char *const words[] = {"-vgpu", options, NULL};
    const uint64_t room = ((uint64_t)RAM_MIB << 20) - MEMORY;
    int domid = fx_domain_create(&config);

    assert_true(domid > 0);
    memset(g, 0, sizeof(*g));
    dm_start_on(&g->dm, domid, words);
    assert_true(dm_wait_running(&g->dm));
    set_cfg(g, 0x10, (uint32_t)BAR0);
    set_cfg(g, 0x04, 0x6);
    gfx_guest_ring(g);
    g->memory = (struct scene_memory){
        .at = gfx_guest_data(g, MEMORY, room), .bus = MEMORY, .size = room};
    assert_non_null(g->memory.at);
}

void gfx_guest_ring(struct gfx_guest *g)
{
    g->wptr = 0;
    gfx_guest_set_csr(g, GFX + XVGPU_RING_BASE, 8, RING);
    gfx_guest_set_csr(g, GFX + XVGPU_RING_SIZE, 4, RING_BYTES);
    gfx_guest_set_csr(g, GFX + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_FAULT_CODE, 4),
                     XVGPU_FAULT_NONE);
    assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_STATUS, 4),
                     XVGPU_STATUS_RUNNING);
    assert_false(g->broken);
    xvgpu_stream_init(&g->s, g->packets, sizeof(g->packets));
}

bool gfx_guest_submit(struct gfx_guest *g)
{
    const uint32_t n = xvgpu_stream_dwords(&g->s);
    const uint64_t fence = ++g->fence;
    const uint32_t ring[] = {
        XVGPU_PKT_HEADER(XVGPU_PKT_IB, 0, 4),
        (uint32_t)IB,
        (uint32_t)(IB >> 32),
        n,
        XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5),
        0,
        0,
        (uint32_t)fence,
        (uint32_t)(fence >> 32),
    };
    uint32_t i;

    if (!n || fx_write(domid_of(g), IB, g->packets, n * 4ull) < 0)
        return false;
    for (i = 0; i < sizeof(ring) / 4; i++) {
        if (fx_write(domid_of(g), RING + g->wptr, &ring[i], 4) < 0)
            return false;
        g->wptr = (g->wptr + 4) % RING_BYTES;
    }
    gfx_guest_set_csr(g, GFX + XVGPU_WPTR, 4, g->wptr);
    xvgpu_stream_init(&g->s, g->packets, sizeof(g->packets));
    return !g->broken;
}

uint32_t gfx_guest_result(struct gfx_guest *g)
{
    int ms;

    for (ms = 0; ms < GFX_GUEST_PATIENCE_MS && !g->broken; ms++) {
        if (gfx_guest_csr(g, GFX + XVGPU_FENCE, 8) == g->fence)
            return XVGPU_FAULT_NONE;
        if (gfx_guest_csr(g, GFX + XVGPU_STATUS, 4) != XVGPU_STATUS_RUNNING)
            return (uint32_t)gfx_guest_csr(g, GFX + XVGPU_FAULT_CODE, 4);
        usleep(1000);
    }
    return GFX_GUEST_STUCK;
}

uint32_t gfx_guest_resume(struct gfx_guest *g)
{
    gfx_guest_set_csr(g, GFX + XVGPU_CTRL, 4,
                      XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
    return gfx_guest_result(g);
}
