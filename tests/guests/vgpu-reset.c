/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody in dom0 resets the vGPU under load, four times: the guest is told
 * by MSI-X, by INTx, by the completion port, and by that again, then into
 * quarantine, and out of it.  Prints "READY n" when it works for the n-th
 * time, "QUARANTINED" when nothing starts any more.
 */
#include "check.h"

const char test_title[] = "vgpu-reset: the host resets the vGPU under load";

#define TIMEOUT (120 * PLAT_S)

static const struct round {
    const char *name;
    enum vgpu_route route;
    bool evtchn;
    uint32_t reason, code;
} rounds[] = {
    { "MSI-X", VGPU_ROUTE_MSIX, false, XVGPU_RESET_ADMIN,
      XVGPU_FAULT_ENGINE_RESET },
    { "INTx", VGPU_ROUTE_INTX, false, XVGPU_RESET_ADMIN,
      XVGPU_FAULT_ENGINE_RESET },
    { "port", VGPU_ROUTE_NONE, true, XVGPU_RESET_ADMIN,
      XVGPU_FAULT_ENGINE_RESET },
    { "quarantine", VGPU_ROUTE_MSIX, true, XVGPU_RESET_ADMIN,
      XVGPU_FAULT_QUARANTINE },
};

static uint32_t events, irqs;

static void note_signals(void)
{
    events = sdma()->events;
    irqs = sdma()->irqs;
}

struct word {
    const struct round *r;
    uint32_t count;
};

/* By the way that it has asked for: only after a signal it looks whether that
 * was for the reset, or late, for a job that it has seen the end of. */
static bool was_told(void *arg)
{
    const struct word *w = arg;

    if ((w->r->evtchn && sdma()->events == events) ||
        (w->r->route != VGPU_ROUTE_NONE && sdma()->irqs == irqs))
        return false;
    if (vgpu_read(&vgpu, XVGPU_RESET_COUNT) == w->count)
        return true;
    note_signals();
    return false;
}

/* It never ends: what it waits for is nowhere. */
static void start_endless_job(void)
{
    static uint32_t *never;
    uint32_t dw[8];

    if (!never)
        never = plat_alloc(PAGE_SIZE, 0);
    for (unsigned int i = 0; i < 1000; i++)
        engine_put(sdma(), dw,
                   pkt_wait_mem(dw, plat_gpa(never), XVGPU_WAIT_NE, 0, ~0u,
                                XVGPU_WAIT_LIMIT_US));
    engine_ring(sdma());
}

static bool check_told(const struct round *r, uint32_t count, uint32_t code)
{
    volatile uint32_t *mark = (volatile uint32_t *)vgpu.vram;
    struct word word = { r, count };
    uint32_t val;

    if (!CHECK(plat_wait(was_told, &word, TIMEOUT, 0),
               "%s: no word: %u events, %u interrupts, RESET_COUNT %u", r->name,
               sdma()->events - events, sdma()->irqs - irqs,
               vgpu_read(&vgpu, XVGPU_RESET_COUNT)))
        return false;
    val = vgpu_read(&vgpu, XVGPU_RESET_REASON);
    CHECK(val == r->reason, "%s: RESET_REASON is %u", r->name, val);
    val = engine_read(sdma(), XVGPU_STATUS);
    CHECK(val == XVGPU_STATUS_DISABLED, "%s: STATUS is %u", r->name, val);
    val = engine_read(sdma(), XVGPU_FAULT_CODE);
    CHECK(val == code, "%s: the fault is %u (%s)", r->name, val,
          engine_fault_name(val));
    CHECK(!*mark, "%s: VRAM is not empty: %#x", r->name, *mark);
    val = vgpu_read(&vgpu, XVGPU_SCRATCH);
    CHECK(!val, "%s: SCRATCH is %#x", r->name, val);
    return true;
}

static bool start(const struct round *r)
{
    const struct engine_config config = { .completion_evtchn = r->evtchn };

    return check_start_sdma(&config) && check_works(r->name);
}

/* Nothing starts; then the host lets it out, and says so. */
static void sit_out(const struct round *r, uint32_t count)
{
    const struct round out = { r->name, r->route, false, r->reason, 0 };
    const struct engine_config config = { 0 };
    uint32_t code;

    CHECK(!engine_start(sdma(), &config), "a ring starts in quarantine");
    code = engine_read(sdma(), XVGPU_FAULT_CODE);
    CHECK(code == XVGPU_FAULT_QUARANTINE, "its fault is %u (%s)", code,
          engine_fault_name(code));
    vgpu_write(&vgpu, XVGPU_INTR_STATUS, ~0u);
    note_signals();
    printk("QUARANTINED\n");
    if (check_told(&out, count, XVGPU_FAULT_ENGINE_RESET))
        start(r);
}

void test_main(void)
{
    if (!check_open())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(rounds); i++) {
        const struct round *r = &rounds[i];

        if (!CHECK(vgpu_set_route(&vgpu, r->route), "no %s", r->name) ||
            !start(r))
            return;
        *(volatile uint32_t *)vgpu.vram = 0x5eed;
        vgpu_write(&vgpu, XVGPU_SCRATCH, 0x5eed);
        start_endless_job();
        note_signals();
        printk("READY %u\n", i);
        if (!check_told(r, i + 1, r->code))
            return;
    }
    sit_out(&rounds[ARRAY_SIZE(rounds) - 1], ARRAY_SIZE(rounds) + 1);
    xtf_success(NULL);
}
