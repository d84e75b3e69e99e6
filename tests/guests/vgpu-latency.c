/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an empty job costs, from the doorbell until its completion has
 * arrived, by the CSR and MSI-X and by event channels, beside a register
 * read; how long the engine's start takes; what a job adds whose memory the
 * engine has not mapped yet. The three take turns, a round each. Ticks of
 * the TSC throughout.
 * Arguments: rounds=, jobs= a round, buckets= of 1 MiB, hold= seconds before
 * the end.
 */
#include "check.h"

const char test_title[] = "vgpu-latency: doorbell to completion";

#define TIMEOUT (30 * PLAT_S)
#define BUCKET  MB(1)

static struct stats read_ticks, csr_ticks, evtchn_ticks;
static struct stats start_ticks, miss_ticks, hit_ticks;

/* And forgets them. */
static void print(const char *what, uint64_t round, struct stats *s)
{
    stats_sort(s);
    printk("STATS test=vgpu-latency what=%s round=%lu n=%u tsc_khz=%lu "
           "min=%lu p50=%lu p90=%lu p99=%lu max=%lu\n",
           what, round, s->n, plat_tsc_khz(), stats_at(s, 0), stats_at(s, 500),
           stats_at(s, 900), stats_at(s, 990), stats_at(s, 1000));
    s->n = 0;
}

/*
 * An interrupt's handler that knows whose it is: no need to read INTR_STATUS,
 * and it is cleared after the clock was read.
 */
static volatile uint64_t arrived;

static void interrupt(void *arg __maybe_unused)
{
    arrived = plat_tsc();
    vgpu_write(&vgpu, XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA));
}

/* Events are counted by the library: the clock is read right behind. */
static bool completed(void *arg)
{
    uint32_t *before = arg;

    if (!arrived && sdma()->events != *before)
        arrived = plat_tsc();
    return arrived;
}

/* From the doorbell on: the packet is in the ring already. */
static bool run_job(struct stats *ticks)
{
    uint32_t dw[8], before = sdma()->events;
    uint64_t start;

    engine_put(
        sdma(), dw,
        pkt_fence(dw, plat_gpa(&sdma()->wb->fence), ++sdma()->fence, true));
    arrived = 0;
    start = plat_tsc();
    engine_ring(sdma());
    if (!CHECK(plat_wait(completed, &before, TIMEOUT, 0), "no completion"))
        return false;
    stats_add(ticks, arrived - start);
    return CHECK(sdma()->wb->fence == sdma()->fence, "fence is %lu, not %lu",
                 sdma()->wb->fence, sdma()->fence);
}

static bool start(bool evtchn)
{
    struct engine_config config = {
        .doorbell_evtchn = evtchn,
        .completion_evtchn = evtchn,
    };
    uint64_t begin;

    engine_program(sdma(), &config);
    begin = plat_tsc();
    engine_write(sdma(), XVGPU_CTRL, XVGPU_CTRL_ENABLE);
    if (!CHECK(engine_read(sdma(), XVGPU_STATUS) == XVGPU_STATUS_RUNNING,
               "the engine does not start"))
        return false;
    stats_add(&start_ticks, plat_tsc() - begin);
    return true;
}

static bool run_jobs(uint64_t jobs, bool evtchn, struct stats *ticks)
{
    static struct stats warm_up;

    if (!warm_up.val)
        stats_init(&warm_up);
    warm_up.n = 0;
    if (!start(evtchn))
        return false;
    for (uint64_t i = 0; i < jobs + jobs / 4; i++)
        if (!run_job(i < jobs / 4 ? &warm_up : ticks))
            return false;
    engine_stop(sdma());
    return true;
}

static void read_registers(uint64_t n)
{
    for (uint64_t i = 0; i < n + n / 4; i++) {
        uint64_t begin = plat_tsc();

        vgpu_read(&vgpu, XVGPU_MAGIC);
        if (i >= n / 4)
            stats_add(&read_ticks, plat_tsc() - begin);
    }
}

/* Each job fills 4 bytes in one MiB: not mapped the first time. */
static void run_misses(uint64_t buckets)
{
    char *mem = plat_alloc(buckets * BUCKET, BUCKET);

    if (!start(true))
        return;
    for (unsigned int i = 0; i < 4; i++)
        run_job(&hit_ticks);
    hit_ticks.n = 0;
    for (unsigned int pass = 0; pass < 2; pass++)
        for (uint64_t i = 0; i < buckets; i++) {
            uint32_t dw[8];

            engine_put(sdma(), dw,
                       pkt_fill(dw, plat_gpa(mem + i * BUCKET), 1, 4));
            if (!run_job(pass ? &hit_ticks : &miss_ticks))
                return;
        }
    engine_stop(sdma());
}

void test_main(void)
{
    struct stats *all[] = { &read_ticks,  &csr_ticks,  &evtchn_ticks,
                            &start_ticks, &miss_ticks, &hit_ticks };
    uint64_t rounds, jobs;

    if (!check_open())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
        stats_init(all[i]);
    rounds = plat_arg("rounds", 5);
    jobs = plat_arg("jobs", 40);

    /* Ours takes the place of the library's handler. */
    vgpu.vector = plat_irq_alloc(interrupt, NULL, true);
    if (!CHECK(vgpu_set_route(&vgpu, VGPU_ROUTE_MSIX), "no MSI-X"))
        return;

    /* The first start is that of the engine's process, too. */
    if (!start(false))
        return;
    engine_stop(sdma());
    print("first-start", 0, &start_ticks);

    for (uint64_t i = 1; i <= rounds; i++) {
        read_registers(jobs);
        if (!run_jobs(jobs, false, &csr_ticks) ||
            !run_jobs(jobs, true, &evtchn_ticks))
            return;
        print("read", i, &read_ticks);
        print("csr-msix", i, &csr_ticks);
        print("evtchn", i, &evtchn_ticks);
        print("start", i, &start_ticks);
    }

    run_misses(plat_arg("buckets", 24));
    print("miss", 0, &miss_ticks);
    print("hit", 0, &hit_ticks);
    printk("STATS test=vgpu-latency what=engine maps=%lu map_hits=%lu\n",
           engine_read64(sdma(), XVGPU_MAPS),
           engine_read64(sdma(), XVGPU_MAP_HITS));
    plat_sleep(plat_arg("hold", 0) * PLAT_S);
    xtf_success(NULL);
}
