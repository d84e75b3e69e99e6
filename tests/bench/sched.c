/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xen-vgpud costs, with engines that only pass time (sched-engine.h):
 * world switches and their steps, the throughput of many vGPUs together
 * against one alone, shares in windows of a second, the daemon's own time.
 *
 *     tests/bench/sched [SECONDS]    of each measurement, 3 by default
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define ROUNDS 3u
#define JOB_US 200u

static uint64_t seconds = 3;

static uint64_t jobs_done(const struct rig *rig)
{
    uint64_t sum = 0;
    unsigned int i;

    for (i = 0; i < rig->nr_vgpus; i++)
        sum += __atomic_load_n(&rig->vgpu[i].engine[0].shared->done,
                               __ATOMIC_SEQ_CST);
    return sum;
}

static uint64_t daemon_cpu_ns(const struct rig *rig)
{
    struct timespec ts;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(rig->daemon, &clock), 0);
    assert_int_equal(clock_gettime(clock, &ts), 0);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void start(struct rig *rig, unsigned int nr, const uint32_t *weights)
{
    unsigned int i;

    rig_start(rig, NULL);
    for (i = 0; i < nr; i++) {
        rig_add(rig, GFX, weights ? weights[i] : 100);
        rig->vgpu[i].engine[0].shared->job_us = JOB_US;
        rig_engine_start(rig, &rig->vgpu[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                         UINT64_MAX);
    }
    for (i = 0; i < nr; i++)
        rig_until(rig, rig_number(rig, &rig->vgpu[i], 0, "switches") > 0);
}

static void pass(struct rig *rig, uint64_t ns)
{
    const uint64_t end = clock_ns() + ns;

    while (clock_ns() < end)
        rig_turn(rig);
}

/* Jobs a second. */
static double throughput(unsigned int nr, double *cpu)
{
    struct rig rig;
    uint64_t from, jobs, used;
    double elapsed;

    start(&rig, nr, NULL);
    from = clock_ns();
    jobs = jobs_done(&rig);
    used = daemon_cpu_ns(&rig);
    pass(&rig, seconds * 1000000000u);
    elapsed = (double)(clock_ns() - from) / 1e9;
    jobs = jobs_done(&rig) - jobs;
    *cpu = (double)(daemon_cpu_ns(&rig) - used) / 1e9 / elapsed;
    assert_int_equal(rig.room->overlaps, 0);
    rig_stop(&rig);
    return (double)jobs / elapsed;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_value);
    return v[n / 2];
}

/* In turn, so that what else the machine does hits all alike. */
static void together(void)
{
    static const unsigned int many[] = {4, 16};
    double alone, ratio[2][ROUNDS], cpu, cpus[2][ROUNDS];
    unsigned int i, k;

    for (i = 0; i < ROUNDS; i++) {
        alone = throughput(1, &cpu);
        for (k = 0; k < 2; k++)
            ratio[k][i] = throughput(many[k], &cpus[k][i]) / alone;
    }
    for (k = 0; k < 2; k++) {
        printf("%u vGPUs together / one alone: %.4f\n", many[k],
               median(ratio[k], ROUNDS));
        printf("daemon's CPU at %u busy vGPUs: %.3f %%\n", many[k],
               100 * median(cpus[k], ROUNDS));
    }
}

static void print_times(const char *name, const json_t *json)
{
    printf("%s: median %.1f us, p99 %.1f us, max %.1f us, %lld times\n", name,
           json_real_value(json_object_get(json, "p50")),
           json_real_value(json_object_get(json, "p99")),
           json_real_value(json_object_get(json, "max")),
           (long long)json_integer_value(json_object_get(json, "count")));
}

#define NR 3u

static void read_granted(const struct rig *rig, double granted[NR])
{
    json_t *status = rig_ask(rig, "{\"command\":\"status\"}", NULL);
    json_t *list = json_object_get(
        json_array_get(json_object_get(status, "queues"), 0), "vgpus");
    unsigned int i;

    for (i = 0; i < NR; i++)
        granted[i] = (double)json_integer_value(
            json_object_get(json_array_get(list, i), "granted_ns"));
    json_decref(status);
}

static void shares_and_steps(void)
{
    static const uint32_t weights[NR] = {400, 200, 100};
    static const char *const steps[] = {"stop", "save", "switch", "load",
                                        "run"};
    double before[NR], after[NR], sum, off, worst = 0, errors[64];
    json_t *status, *queue, *all;
    unsigned int i, w, windows = (unsigned int)(seconds * 3);
    struct rig rig;

    windows = windows > 64 ? 64 : windows;
    start(&rig, NR, weights);
    read_granted(&rig, before);
    for (w = 0; w < windows; w++) {
        pass(&rig, 1000000000u);
        read_granted(&rig, after);
        for (sum = 0, i = 0; i < NR; i++)
            sum += after[i] - before[i];
        for (errors[w] = 0, i = 0; i < NR; i++) {
            off = (after[i] - before[i]) / sum - weights[i] / 700.;
            off = off < 0 ? -off : off;
            errors[w] = errors[w] < off ? off : errors[w];
        }
        worst = worst < errors[w] ? errors[w] : worst;
        memcpy(before, after, sizeof(before));
    }
    printf("share error over 1 s, weights 4:2:1, %u windows: median %.3f %%, "
           "worst %.3f %%\n",
           windows, 100 * median(errors, windows), 100 * worst);
    status = rig_ask(&rig, "{\"command\":\"status\"}", NULL);
    queue = json_array_get(json_object_get(status, "queues"), 0);
    print_times("world switch", json_object_get(queue, "switch_us"));
    all = json_object_get(queue, "steps_us");
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        print_times(steps[i], json_object_get(all, steps[i]));
    json_decref(status);
    rig_stop(&rig);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seconds = strtoul(argv[1], NULL, 10);
    if (!seconds || argc > 2) {
        fprintf(stderr, "usage: tests/bench/sched [SECONDS]\n");
        return 2;
    }
    shares_and_steps();
    together();
    return 0;
}
