/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sdma engine on the fake Xen, in this process: throughput of its copies
 * against memcpy on the same buffers, hit rate of the map cache, cost of a
 * miss. Pairs are interleaved, and their order alternates; what is printed is
 * the median of the pairs' ratios with its 95 % interval.
 *
 * The cost of a miss is that of the fake's mmap: on real Xen add the
 * hypervisor's share (the lab measures it).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine-rig.h"

#define MIB (1ull << 20)
#define RAM (80 * MIB)
#define SRC (16 * MIB + 64)
#define DST (48 * MIB + 128)
#define PAIRS 61
#define ROUND_BYTES (32 * MIB) /* moved in one measurement */
#define MAX_PACKETS 1024u

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Median, and the order statistics that enclose it with at least 95 %
 * (binomial distribution). */
static double median(double *v, unsigned int n, double *low, double *high)
{
    double p = 1, sum = 0;
    unsigned int i, k = 0;

    qsort(v, n, sizeof(*v), by_value);
    for (i = 0; i < n; i++)
        p /= 2;
    for (k = 0; k < n / 2; k++) {
        if (sum + p > 0.025)
            break;
        sum += p;
        p = p * (n - k) / (k + 1);
    }
    *low = v[k ? k - 1 : 0];
    *high = v[n - (k ? k : 1)];
    return v[n / 2];
}

static void check_running(const struct rig *rig)
{
    if (rig->link->eng.state == LINK_RUNNING)
        return;
    fprintf(stderr, "the engine stopped: fault %u\n",
            rig->link->eng.fault_code);
    exit(1);
}

/* ns for `count` copies of `bytes` by the engine: ring, packets, fence. Both
 * sides begin with a copy that does not count: what ran before has left its
 * own data in the caches. */
static double time_engine(struct rig *rig, uint64_t bytes, unsigned int count)
{
    uint64_t start;
    unsigned int i;

    rig_copy(rig, SRC, DST, bytes);
    LINK_WRITE_REL(rig->link->dev.wptr, rig->wptr);
    ring_run(rig->e);
    for (i = 0; i < count; i++)
        rig_copy(rig, SRC, DST, bytes);
    rig_fence(rig, DST - 64, i, true);
    LINK_WRITE_REL(rig->link->dev.wptr, rig->wptr);
    start = clock_ns();
    ring_run(rig->e);
    start = clock_ns() - start;
    rig_events(rig);
    check_running(rig);
    return (double)start;
}

static double time_memcpy(void *dst, const void *src, uint64_t bytes,
                          unsigned int count)
{
    uint64_t start;
    unsigned int i;

    memcpy(dst, src, bytes);
    start = clock_ns();
    for (i = 0; i < count; i++) {
        memcpy(dst, src, bytes);
        /* So that the compiler keeps each of them. */
        __asm__ volatile("" : : "r"(dst), "r"(src) : "memory");
    }
    return (double)(clock_ns() - start);
}

static void bench_size(struct rig *rig, uint64_t bytes)
{
    uint64_t want = ROUND_BYTES / bytes;
    unsigned int count = want > MAX_PACKETS ? MAX_PACKETS : (unsigned int)want;
    void *dst = rig_ptr(rig, DST, bytes);
    const void *src = rig_ptr(rig, SRC, bytes);
    double ratio[PAIRS], rate[PAIRS], engine, plain, low, high, mid, lo, hi;
    unsigned int i;

    time_engine(rig, bytes, count);
    time_memcpy(dst, src, bytes, count);
    for (i = 0; i < PAIRS; i++) {
        if (i % 2) {
            engine = time_engine(rig, bytes, count);
            plain = time_memcpy(dst, src, bytes, count);
        } else {
            plain = time_memcpy(dst, src, bytes, count);
            engine = time_engine(rig, bytes, count);
        }
        ratio[i] = plain / engine;
        rate[i] = (double)bytes * count / engine;
    }
    mid = median(ratio, PAIRS, &low, &high);
    printf("%9llu  %6.2f  %6.3f  %6.3f  %6.3f\n", (unsigned long long)bytes,
           median(rate, PAIRS, &lo, &hi), mid, low, high);
}

static void bench_misses(struct rig *rig)
{
    const unsigned int buckets = 32;
    double miss[PAIRS], hit[PAIRS], low, high, mid;
    struct guestmap_bucket *pin;
    struct guestmap *map = rig->e->map;
    unsigned int i, b;
    uint64_t start, n;
    void *va;

    for (i = 0; i < PAIRS; i++) {
        guestmap_invalidate(map);
        start = clock_ns();
        for (b = 0; b < buckets; b++) {
            if (guestmap_pin(map, b * MIB, 1, &va, &n, &pin) == 0)
                guestmap_unpin(map, pin);
        }
        miss[i] = (double)(clock_ns() - start) / buckets;
        start = clock_ns();
        for (b = 0; b < buckets * 1000; b++) {
            if (guestmap_pin(map, b % buckets * MIB, 1, &va, &n, &pin) == 0)
                guestmap_unpin(map, pin);
        }
        hit[i] = (double)(clock_ns() - start) / (buckets * 1000);
    }
    mid = median(miss, PAIRS, &low, &high);
    printf("cost of a miss (1 MiB, fake Xen): %.0f ns (%.0f to %.0f)\n", mid,
           low, high);
    mid = median(hit, PAIRS, &low, &high);
    printf("cost of a hit: %.1f ns (%.1f to %.1f)\n", mid, low, high);
}

/* An empty job: from the doorbell in the link page until the engine is idle
 * again, without the system calls around it. */
static void bench_empty(struct rig *rig)
{
    double t[PAIRS], low, high, mid;
    unsigned int i, k;
    uint64_t start;

    for (i = 0; i < PAIRS; i++) {
        for (k = 0, t[i] = 0; k < 200; k++) {
            rig_fence(rig, DST - 64, k, false);
            LINK_WRITE_REL(rig->link->dev.wptr, rig->wptr);
            start = clock_ns();
            ring_run(rig->e);
            t[i] += (double)(clock_ns() - start) / 200;
        }
    }
    mid = median(t, PAIRS, &low, &high);
    printf("an empty job, without its system calls: %.0f ns (%.0f to %.0f)\n",
           mid, low, high);
}

int main(void)
{
    static const uint64_t sizes[] = {4096, 16384,   65536,   262144,
                                     MIB,  4 * MIB, 16 * MIB};
    const struct link_eng *eng;
    static struct rig rig;
    size_t i;

    rig_new(&rig, RAM, 128);
    rig.link->dev.ring_size = 1u << 20;
    if (rig_start(&rig) != 0)
        return 1;
    eng = &rig.link->eng;
    memset(rig_ptr(&rig, SRC, 16 * MIB), 1, 16 * MIB);
    memset(rig_ptr(&rig, DST, 16 * MIB), 2, 16 * MIB);
    printf("sdma copies on the fake Xen; ratio to memcpy on the same buffers, "
           "median of %d pairs, 95 %% interval\n",
           PAIRS);
    printf("    bytes    GB/s   ratio    from      to\n");
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        bench_size(&rig, sizes[i]);
    printf("hit rate: %.4f %% of %llu lookups, %llu buckets mapped\n",
           100.0 * (double)eng->map_hits /
               (double)(eng->map_hits + eng->map_misses),
           (unsigned long long)(eng->map_hits + eng->map_misses),
           (unsigned long long)eng->maps_live);
    bench_empty(&rig);
    bench_misses(&rig);
    rig_free(&rig);
    return 0;
}
