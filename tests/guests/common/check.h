/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the vGPU share. */
#ifndef CHECK_H
#define CHECK_H

#include <xtf.h>

#include "plat.h"
#include "vgpu.h"

/* Reports a failure with a text of printk()'s kind; the test goes on. */
#define CHECK(cond, ...)                                                       \
    ({                                                                         \
        bool check_ok = (cond);                                                \
                                                                               \
        if (!check_ok) {                                                       \
            xtf_failure("Fail: %s: ", #cond);                                  \
            printk(__VA_ARGS__);                                               \
            printk("\n");                                                      \
        }                                                                      \
        check_ok;                                                              \
    })

/* The one vGPU of the test. */
extern struct vgpu vgpu;

/*
 * Starts the platform and opens the vGPU; argument high=1 puts VRAM above
 * RAM.  False, with the result reported, when there is none.
 */
bool check_open(void);

/* Starts sdma; false, with a failure reported, when it does not run. */
bool check_start_sdma(const struct engine_config *config);

static inline struct vgpu_engine *sdma(void)
{
    return &vgpu.engine[XVGPU_ENGINE_SDMA];
}

/* Runs packets; a fault or time-out is a failure.  @what is for people. */
bool check_run(const uint32_t *dwords, unsigned int n, const char *what);

/* The engine is still able to do work: a fill, checked. */
bool check_works(const char *when);

/* The number in xenstore's data/turn, which dom0 writes; 0 without one. */
uint64_t check_turn(void);
/* Waits until it is @turn or more. */
void check_wait_turn(uint64_t turn);

/* --- random.c --- */
/* Numbers that depend on the argument seed= only. */
uint64_t random_next(void);
/* 0 to @n - 1. */
uint64_t random_below(uint64_t n);
void random_fill(void *buf, uint64_t bytes);

/*
 * The offset of the first byte that differs, or @bytes.  By 8 bytes where it
 * can: the emulated machine is slow.
 */
uint64_t first_difference(const void *a, const void *b, uint64_t bytes);

/* --- stats.c --- */
#define STATS_MAX 65536

/* Latencies, or whatever else is to be shown as percentiles. */
struct stats {
    uint64_t *val;
    unsigned int n;
};

void stats_init(struct stats *s);
void stats_add(struct stats *s, uint64_t val);
void stats_sort(struct stats *s);
/* After stats_sort(): the value that @per_mille of 1000 do not exceed. */
uint64_t stats_at(const struct stats *s, unsigned int per_mille);

/*
 * One line for the lab: "STATS test=NAME key=value ...", with the engine's
 * counters, and the percentiles of @latency in ns unless it is NULL.
 */
void stats_print(const char *test, struct vgpu_engine *e,
                 struct stats *latency);

#endif
