/* SPDX-License-Identifier: MIT */
/* Xen's clock: struct vcpu_time_info in Xen's public/xen.h. */
#include "plat.h"

/* (ticks << shift) * mul / 2^32, in 128 bits so that nothing is lost. */
static uint64_t scale(uint64_t ticks, uint32_t mul, int shift)
{
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (unsigned __int128)ticks * mul >> 32;
}

uint64_t plat_now(void)
{
    volatile struct vcpu_time_info *t = &shared_info.vcpu_info[0].time;
    uint32_t version;
    uint64_t ns;

    do {
        version = t->version;
        smp_rmb();
        ns = t->system_time + scale(plat_tsc() - t->tsc_timestamp,
                                    t->tsc_to_system_mul, t->tsc_shift);
        smp_rmb();
    } while ((version & 1) || version != t->version);
    return ns;
}

uint64_t plat_tsc_khz(void)
{
    volatile struct vcpu_time_info *t = &shared_info.vcpu_info[0].time;
    uint64_t khz = (1000000ULL << 32) / t->tsc_to_system_mul;

    return t->tsc_shift < 0 ? khz << -t->tsc_shift : khz >> t->tsc_shift;
}
