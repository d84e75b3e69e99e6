/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest can do to the device process, and what a hostile engine can.
 *
 * Input: a byte of modes, then records (device-ops.h). With MODE_THREADS the
 * two vCPUs run theirs at the same time.
 */
#include "device-ops.h"

#define MODE_THREADS 0x01u
#define MODE_ENGINE 0x02u /* the production engine, not a hostile one */
#define MODE_TWO 0x04u    /* two vGPUs */
#define MODE_VIRTIO 0x08u /* the first is a virtio-gpu; no MODE_ENGINE */

#define VRAM (2ull << 20)
#define PARKED ((5ull << 30) >> 12)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};
    const unsigned int mode = (unsigned int)take(&in, 1);
    struct drig_config c = {
        .ram = OPS_RAM,
        .nr_vcpus = 2,
        .nr_vgpus = mode & MODE_TWO ? 2 : 1,
        .real_engine = mode & MODE_ENGINE,
        .vgpus = {{0x80, VRAM, PARKED}, {0x88, VRAM, PARKED + (VRAM >> 12)}},
    };
    uint32_t i;

    if (mode & MODE_VIRTIO) {
        c.real_engine = false;
        c.vgpus[0] = (struct drig_vgpu){.devfn = 0x80, .virtio = true};
    }
    ops_parse(&in, mode & MODE_TWO);
    drig_new(&ops.rig, &c);
    for (i = 0; i < c.nr_vgpus; i++)
        drig_program_bars(&ops.rig, i);
    ops_run(mode & MODE_THREADS);
    ops.rig.pages -= ops.ballooned;
    drig_free(&ops.rig);
    return 0;
}
