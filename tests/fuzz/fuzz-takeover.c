/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device process that a guest has taken over can leave to its
 * successor: the memfd of CSRs and struct vgpu_state, and the link page.
 *
 * Input: a byte of modes, the number of patches, the patches, then records of
 * what happens afterwards (device-ops.h). The state is that of a device at
 * work but for the patches.
 */
#include "device-ops.h"
#include "dm/device/device.h"

#define MODE_THREADS 0x01u
#define MODE_RUNS 0x02u /* the engines' processes are still there */
#define MODE_TWO 0x04u  /* two vGPUs */
#define MODE_PVH 0x08u
#define MODE_VIRTIO 0x20u    /* the first is a virtio-gpu */
#define MODE_UNCLAIMED 0x10u /* it died before it had claimed anything */

#define PATCHES_MAX 32u
#define PATCH_BYTES 15u

#define PATCH_STATE 0x10u /* of struct vgpu_state; else of the CSRs */
#define PATCH_LINK 0x20u  /* of the link page */
#define PATCH_OTHER 0x40u /* of vGPU 1 */

#define VRAM (2ull << 20)
#define GFN(index) ((DRIG_BAR2 + (index)*DRIG_VRAM_STEP) >> 12)
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)

static struct drig_left at_work[2], left; /* native, with a virtio-gpu */

static void csr(uint32_t index, unsigned int reg, unsigned int size,
                uint64_t value)
{
    FUZZ_CHECK(fx_mmio_write(ops.rig.domid, 0,
                             DRIG_BAR0 + index * DRIG_STEP + reg, size,
                             value) == 0);
}

/* As a driver does it: 4.1.4.3 of virtio 1.2. */
static void drive(void)
{
    static const struct {
        uint16_t reg;
        uint8_t size;
        uint64_t value;
    } writes[] = {
        {0x14, 1, 0},      {0x14, 1, 3}, {0x08, 4, 0},      {0x0c, 4, 3},
        {0x08, 4, 1},      {0x0c, 4, 1}, {0x14, 1, 11},     {0x16, 2, 0},
        {0x18, 2, 64},     {0x1a, 2, 1}, {0x20, 4, 0x1000}, {0x28, 4, 0x2000},
        {0x30, 4, 0x3000}, {0x1c, 2, 1}, {0x14, 1, 15},     {0x3000, 2, 0},
    };
    unsigned int i;

    for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        csr(0, writes[i].reg, writes[i].size, writes[i].value);
}

/* BARs are placed, a ring is with the engine, MSI-X is on. */
static void put_to_work(const struct drig_config *c, struct drig_left *to)
{
    uint32_t i;

    drig_new(&ops.rig, c);
    for (i = 0; i < c->nr_vgpus; i++) {
        drig_program_bars(&ops.rig, i);
        FUZZ_CHECK(fx_pci_cfg_write(ops.rig.domid, 0,
                                    (uint16_t)c->vgpus[i].devfn,
                                    PCI_CAP_MSIX + 2, 2, 0x8000) == 0);
        if (c->vgpus[i].virtio) {
            drive();
        } else {
            csr(i, SDMA + XVGPU_RING_BASE, 8, 0x10000);
            csr(i, SDMA + XVGPU_RING_SIZE, 4, 0x1000);
            csr(i, SDMA + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
            csr(i, SDMA + XVGPU_WPTR, 4, 0x40);
            csr(i, XVGPU_INTR_ENABLE, 4, ~0u);
        }
        drig_leave(&ops.rig, i, to);
    }
    drig_free(&ops.rig);
}

/* A byte of kind and length, two of offset, then what to write there. */
static void patch(struct bytes *in)
{
    const unsigned int how = (unsigned int)take(in, 1);
    const unsigned int at = (unsigned int)take(in, 2);
    const unsigned int vgpu = how & PATCH_OTHER ? 1 : 0;
    unsigned int n = 1 + (how & 15), i, size;
    uint8_t *to;

    if (how & PATCH_LINK) {
        to = left.link[vgpu];
        size = LINK_SIZE;
    } else if (how & PATCH_STATE) {
        to = left.state[vgpu] + XVGPU_CSR_BAR_SIZE;
        size = sizeof(struct vgpu_state);
    } else {
        to = left.state[vgpu];
        size = XVGPU_CSR_BAR_SIZE;
    }
    for (i = 0; i < n; i++)
        to[(at + i) % size] = (uint8_t)take(in, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};
    const unsigned int mode = (unsigned int)take(&in, 1);
    const unsigned int patches = (unsigned int)take(&in, 1) % (PATCHES_MAX + 1);
    struct drig_left *work;
    unsigned int i;
    struct drig_config c = {
        .ram = OPS_RAM,
        .nr_vcpus = 2,
        .nr_vgpus = 2,
        .vgpus = {{0x80, VRAM, GFN(0)}, {0x88, VRAM, GFN(1)}},
    };

    if (mode & MODE_VIRTIO)
        c.vgpus[0] = (struct drig_vgpu){.devfn = 0x80, .virtio = true};
    work = &at_work[mode & MODE_VIRTIO ? 1 : 0];
    if (!work->claims)
        put_to_work(&c, work);
    left = *work;
    left.claims = !(mode & MODE_UNCLAIMED);
    left.running = mode & MODE_RUNS;
    c.left = &left;
    c.nr_vgpus = mode & MODE_TWO ? 2 : 1;
    c.pvh = mode & MODE_PVH;
    for (i = 0; i < patches; i++)
        patch(&in);
    ops_parse(&in, mode & MODE_TWO);
    ops.moved = true; /* a BAR may stand anywhere */
    drig_new(&ops.rig, &c);
    FUZZ_CHECK(ops.rig.up || patches);
    if (ops.rig.up)
        ops_run(mode & MODE_THREADS);
    ops.rig.pages -= ops.ballooned;
    drig_free(&ops.rig);
    return 0;
}
