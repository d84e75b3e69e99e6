/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/sched/histogram.h"

#define SUB_BITS 4u
#define SUBS (1u << SUB_BITS)

static unsigned int bucket_of(uint64_t ns)
{
    unsigned int high, i;

    if (ns < SUBS)
        return (unsigned int)ns;
    high = 63u - (unsigned int)__builtin_clzll(ns);
    i = (high - SUB_BITS + 1) * SUBS +
        (unsigned int)(ns >> (high - SUB_BITS) & (SUBS - 1));
    return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

static uint64_t middle_of(unsigned int i)
{
    unsigned int shift;

    if (i < SUBS)
        return i;
    shift = i / SUBS - 1;
    return ((uint64_t)(SUBS + i % SUBS) << shift) +
           ((UINT64_C(1) << shift) >> 1);
}

static void fade(struct histogram *h)
{
    unsigned int i;

    h->in_buckets = 0;
    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        h->buckets[i] /= 2;
        h->in_buckets += h->buckets[i];
    }
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    unsigned int i = bucket_of(ns);

    if (h->buckets[i] == UINT32_MAX)
        fade(h);
    h->buckets[i]++;
    h->in_buckets++;
    h->count++;
    h->sum_ns += ns;
    if (h->max_ns < ns)
        h->max_ns = ns;
}

uint64_t histogram_quantile(const struct histogram *h, unsigned int permille)
{
    uint64_t rank = (h->in_buckets * permille + 999) / 1000, seen = 0, ns;
    unsigned int i;

    if (!h->in_buckets)
        return 0;
    for (i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        seen += h->buckets[i];
        if (seen && seen >= rank)
            break;
    }
    ns = middle_of(i);
    return ns < h->max_ns ? ns : h->max_ns;
}
