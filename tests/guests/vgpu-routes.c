/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way for a completion to reach the guest, with both doorbells, and
 * what masks do.  No wait polls: a lost signal is a time-out.
 * Arguments: jobs= for each combination.
 */
#include "check.h"

const char test_title[] = "vgpu-routes: doorbells, completions, masks";

#define TIMEOUT (30 * PLAT_S)
/* Long enough to say that nothing came. */
#define SILENCE (300 * PLAT_MS)

static const char *const route_names[] = { "none", "INTx", "MSI", "MSI-X" };

static uint32_t signals(void)
{
    return sdma()->events + sdma()->irqs;
}

static bool signal_came(void *arg)
{
    return signals() != *(uint32_t *)arg;
}

/* The fence may be seen before its signal, which must come all the same. */
static bool run_job(const char *name, uint64_t number, struct stats *latency)
{
    uint64_t start = plat_now(), fence;
    uint32_t before = signals();
    enum engine_result result;

    fence = engine_submit(sdma(), true);
    result = engine_wait(sdma(), fence, TIMEOUT, 0);
    if (!CHECK(result == ENGINE_DONE, "%s: job %lu: result %u, %u signals",
               name, number, result, signals() - before)) {
        engine_print_fault(sdma());
        return false;
    }
    if (!CHECK(plat_wait(signal_came, &before, TIMEOUT, 0),
               "%s: job %lu: its signal was lost", name, number))
        return false;
    stats_add(latency, plat_now() - start);
    return CHECK(signals() - before == 1, "%s: job %lu: %u signals", name,
                 number, signals() - before);
}

static bool run_jobs(const char *name, uint64_t jobs)
{
    static struct stats latency;

    if (!latency.val)
        stats_init(&latency);
    latency.n = 0;
    for (uint64_t i = 0; i < jobs; i++)
        if (!run_job(name, i, &latency))
            return false;
    stats_print(name, sdma(), &latency);
    return true;
}

static bool check_combination(enum vgpu_route route, bool doorbell_evtchn,
                              bool completion_evtchn, uint64_t jobs)
{
    struct engine_config config = {
        .doorbell_evtchn = doorbell_evtchn,
        .completion_evtchn = completion_evtchn,
    };
    uint32_t irqs = vgpu.irqs, seen;
    char name[48];
    bool ok;

    snprintf(name, sizeof(name), "%s-doorbell/%s",
             doorbell_evtchn ? "evtchn" : "csr",
             completion_evtchn ? "evtchn" : route_names[route]);
    if (!CHECK(vgpu_set_route(&vgpu, route), "%s: not to be had", name))
        return false;
    seen = vgpu_read(&vgpu, XVGPU_INTR_ROUTE);
    CHECK(seen == route, "%s: INTR_ROUTE says %u", name, seen);
    if (!check_start_sdma(&config))
        return false;
    ok = run_jobs(name, jobs);
    CHECK(completion_evtchn == (vgpu.irqs == irqs), "%s: %u interrupts", name,
          vgpu.irqs - irqs);
    engine_stop(sdma());
    return ok;
}

static bool irq_came(void *arg)
{
    uint32_t *before = arg;

    return vgpu.irqs != *before;
}

/*
 * A masked entry keeps its message in the pending bit until it is unmasked;
 * the same for the function's mask.
 */
static void check_msix_mask(bool whole_function)
{
    struct engine_config config = { .msix_vector = 3 };
    const char *what = whole_function ? "function" : "entry";
    struct pci_dev *d = &vgpu.pci;
    uint32_t before = vgpu.irqs;
    uint64_t fence;

    vgpu_set_route(&vgpu, VGPU_ROUTE_MSIX);
    if (!check_start_sdma(&config))
        return;
    if (whole_function)
        pci_msix_mask_all(d, true);
    else
        pci_msix_mask(d, 3, true);
    fence = engine_submit(sdma(), true);
    CHECK(engine_wait(sdma(), fence, TIMEOUT, PLAT_MS) == ENGINE_DONE,
          "masked %s: no fence", what);
    plat_sleep(SILENCE);
    CHECK(vgpu.irqs == before, "masked %s: an interrupt came", what);
    CHECK(pci_msix_pending(d, 3), "masked %s: entry is not pending", what);

    if (whole_function)
        pci_msix_mask_all(d, false);
    else
        pci_msix_mask(d, 3, false);
    CHECK(plat_wait(irq_came, &before, TIMEOUT, 0), "unmasked %s: no interrupt",
          what);
    CHECK(!pci_msix_pending(d, 3), "unmasked %s: still pending", what);
    engine_stop(sdma());
}

/* INTR_ENABLE holds back what INTR_STATUS keeps. */
static void check_intr_enable(enum vgpu_route route)
{
    struct engine_config config = { 0 };
    uint32_t bit = XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA), enable, before, status;
    uint64_t fence;

    vgpu_set_route(&vgpu, route);
    if (!check_start_sdma(&config))
        return;
    enable = vgpu_read(&vgpu, XVGPU_INTR_ENABLE);
    vgpu_write(&vgpu, XVGPU_INTR_ENABLE, 0);
    before = vgpu.irqs;
    fence = engine_submit(sdma(), true);
    CHECK(engine_wait(sdma(), fence, TIMEOUT, PLAT_MS) == ENGINE_DONE,
          "%s: no fence", route_names[route]);
    plat_sleep(SILENCE);
    status = vgpu_read(&vgpu, XVGPU_INTR_STATUS);
    CHECK(vgpu.irqs == before, "%s: disabled, an interrupt came",
          route_names[route]);
    CHECK(status & bit, "%s: INTR_STATUS is %#x", route_names[route], status);
    vgpu_write(&vgpu, XVGPU_INTR_ENABLE, enable);
    CHECK(plat_wait(irq_came, &before, TIMEOUT, 0), "%s: enabled, no interrupt",
          route_names[route]);
    engine_stop(sdma());
}

/* Many completions while the port is masked are one event. */
static void check_evtchn_mask(void)
{
    struct engine_config config = { .completion_evtchn = true };
    struct vgpu_engine *e = sdma();
    uint64_t fence = 0;
    uint32_t before;

    if (!check_start_sdma(&config))
        return;
    evtchn_mask(e->completion_port);
    before = e->events;
    for (unsigned int i = 0; i < 10; i++)
        fence = engine_submit(e, true);
    CHECK(engine_wait(e, fence, TIMEOUT, PLAT_MS) == ENGINE_DONE,
          "masked port: no fence");
    plat_sleep(SILENCE);
    CHECK(e->events == before, "masked port: an event came");
    CHECK(evtchn_pending(e->completion_port), "masked port: not pending");
    evtchn_unmask(e->completion_port);
    plat_sleep(SILENCE);
    CHECK(e->events == before + 1, "unmasked port: %u events",
          e->events - before);
    engine_stop(e);
}

void test_main(void)
{
    uint64_t jobs;

    if (!check_open())
        return;
    jobs = plat_arg("jobs", 50);
    for (unsigned int doorbell = 0; doorbell < 2; doorbell++) {
        for (enum vgpu_route r = VGPU_ROUTE_INTX; r <= VGPU_ROUTE_MSIX; r++)
            check_combination(r, doorbell, false, jobs);
        check_combination(VGPU_ROUTE_NONE, doorbell, true, jobs);
    }
    check_msix_mask(false);
    check_msix_mask(true);
    check_intr_enable(VGPU_ROUTE_INTX);
    check_intr_enable(VGPU_ROUTE_MSI);
    check_intr_enable(VGPU_ROUTE_MSIX);
    check_evtchn_mask();
    printk("%u interrupts, %u of them spurious\n", vgpu.irqs, vgpu.spurious);
    xtf_success(NULL);
}
