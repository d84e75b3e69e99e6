/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that all engines have; the indirect buffer's is in ring.c. */
#include "dm/engine/engine.h"

#include "lib/probes.h"

#define NS_PER_US 1000ull

/* WAIT_MEM looks again and again for SPIN_NS, then from time to time, more and
 * more seldom. */
#define SPIN_NS 10000ull
#define NAP_MIN_NS 20000ull
#define NAP_MAX_NS 1000000ull

static enum step run_nop(struct engine *e, const uint32_t *dw, uint32_t n)
{
    (void)e;
    (void)dw;
    (void)n;
    return STEP_DONE;
}

/* Histogram bucket i counts times below 2^i us. */
void engine_job_done(struct engine *e)
{
    uint64_t us = (clock_ns() - e->job_start_ns) / NS_PER_US;
    unsigned int i = us ? 64u - (unsigned int)__builtin_clzll(us) : 0;

    PROBE_COMPLETE(e->domid, e->index, e->ops->name, e->fence, us);
    e->stats.hist[i < LINK_HIST ? i : LINK_HIST - 1]++;
    e->stats.jobs++;
    e->job_start_ns = 0;
}

static enum step run_fence(struct engine *e, const uint32_t *dw, uint32_t n)
{
    uint64_t addr = field64(dw + 1);

    (void)n;
    if (addr % 8)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, addr);
    if (addr && mem_store64(e, addr, field64(dw + 3)) < 0)
        return STEP_FAULT;
    e->fence = field64(dw + 3);
    engine_job_done(e);
    if (XVGPU_PKT_FLAGS(dw[0]) & XVGPU_FENCE_SIGNAL)
        e->ring.signal = true;
    LINK_WRITE_REL(e->link->eng.fence, e->fence);
    engine_publish(e);
    return STEP_DONE;
}

static bool wait_over(uint32_t func, uint32_t value, uint32_t reference)
{
    switch (func) {
    case XVGPU_WAIT_EQ:
        return value == reference;
    case XVGPU_WAIT_NE:
        return value != reference;
    case XVGPU_WAIT_GE:
        return value >= reference;
    default:
        return value <= reference;
    }
}

/* Not yet: the engine is free for others, and looks again later, with or
 * without a grant. */
static enum step wait_on(struct engine *e, uint64_t now, uint64_t limit)
{
    uint64_t nap = e->wait_ns;

    nap = nap < NAP_MIN_NS ? NAP_MIN_NS : nap < NAP_MAX_NS ? nap : NAP_MAX_NS;
    if (nap > limit - e->wait_ns)
        nap = limit - e->wait_ns;
    e->waiting = true;
    e->wait_last_ns = now;
    e->wait_at_ns = now + nap;
    return STEP_WAITING;
}

/* The position is the time waited. A look that comes late counts as if it were
 * in time, about: it is not the guest's fault. */
static enum step run_wait_mem(struct engine *e, const uint32_t *dw, uint32_t n)
{
    uint64_t addr = field64(dw + 1), limit = dw[6] * NS_PER_US;
    uint64_t now = clock_ns(), since = now, waited = 0;
    uint32_t value;

    (void)n;
    if (dw[5] > XVGPU_WAIT_LE || !dw[6] || dw[6] > XVGPU_WAIT_LIMIT_US)
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    if (addr % 4)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, addr);
    if (e->wait_last_ns)
        waited = now - e->wait_last_ns;
    waited = e->wait_ns + (waited < 2 * NAP_MAX_NS ? waited : 2 * NAP_MAX_NS);
    do {
        if (mem_load32(e, addr, &value) < 0)
            return STEP_FAULT;
        if (wait_over(dw[5], value & dw[4], dw[3] & dw[4])) {
            e->wait_ns = e->wait_last_ns = 0;
            return STEP_DONE;
        }
        now = clock_ns();
        e->wait_ns = waited + (now - since);
        if (e->wait_ns >= limit)
            return engine_fault(e, XVGPU_FAULT_WAIT_TIMEOUT, addr);
    } while (e->wait_ns < SPIN_NS && !engine_boundary(e));
    return wait_on(e, now, limit);
}

static enum step run_timestamp(struct engine *e, const uint32_t *dw, uint32_t n)
{
    uint64_t addr = field64(dw + 1);

    (void)n;
    if (addr % 8)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, addr);
    return mem_store64(e, addr, clock_ns() - e->time_base_ns) < 0 ? STEP_FAULT
                                                                  : STEP_DONE;
}

static enum step run_write(struct engine *e, const uint32_t *dw, uint32_t n)
{
    uint64_t addr = field64(dw + 1);

    if (addr % 4)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, addr);
    return mem_write(e, addr, dw + 3, (n - 3) * 4) < 0 ? STEP_FAULT : STEP_DONE;
}

const struct packet_type common_types[] = {
    {XVGPU_PKT_NOP, 0, 1, XVGPU_PKT_MAX_DWORDS, true, run_nop},
    {XVGPU_PKT_FENCE, XVGPU_FENCE_SIGNAL, 5, 5, false, run_fence},
    {XVGPU_PKT_WAIT_MEM, 0, 7, 7, false, run_wait_mem},
    {XVGPU_PKT_TIMESTAMP, 0, 3, 3, false, run_timestamp},
    {XVGPU_PKT_WRITE, 0, 4, XVGPU_PKT_MAX_DWORDS, false, run_write},
};
const unsigned int nr_common_types =
    sizeof(common_types) / sizeof(common_types[0]);
