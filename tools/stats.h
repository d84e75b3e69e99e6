/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics and registers of a vGPU: text of its device process, which
 * is hostile, made JSON.
 */
#ifndef TOOLS_STATS_H
#define TOOLS_STATS_H

#include <jansson.h>

/* Lines "name value" to objects: "a.b 3" becomes {"a": {"b": 3}}, "a.hist.I n"
 * element I of the array "hist" in a, from which "service_time_us" with the
 * members p50, p90 and p99 is made: upper bounds, null beyond the last
 * bucket. What is not [a-z0-9_]+ and a number is left out. A new object, or
 * NULL without memory. */
json_t *stats_parse(const char *text);

/* Lines "offset width name value", numbers decimal or 0x…, to an array of
 * objects. */
json_t *regs_parse(const char *text);

/* The p-th percentile (1 to 99) of a histogram whose bucket i counts values
 * below 2^i: an upper bound. -1 without values, -2 in the last bucket, which
 * has none. */
json_int_t stats_percentile(const json_t *hist, unsigned int p);

#endif
