/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times in buckets of a sixteenth of their power of two: quantiles to 6 % in a
 * fixed room.
 */
#ifndef SCHED_HISTOGRAM_H
#define SCHED_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS (16u * 40u) /* up to 2^43 ns, the last takes more */

struct histogram {
    uint64_t count, sum_ns, max_ns;
    uint32_t buckets[HISTOGRAM_BUCKETS]; /* of the last ones: see below */
    uint64_t in_buckets;
};

/* When a bucket is full all are halved: the past fades. */
void histogram_add(struct histogram *h, uint64_t ns);

/* The value that permille of them do not exceed, as the middle of its bucket;
 * 0 without any. */
uint64_t histogram_quantile(const struct histogram *h, unsigned int permille);

#endif
