/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vGPU with one engine for benchmarks of xen-vgpud: the domain is the fake
 * Xen's, the engine a real process, the monitor and the device this one. No
 * trap is in the way: the ring's link page is looked at directly.
 *
 * What fails ends the program.
 */
#ifndef BENCH_SWITCH_VGPU_H
#define BENCH_SWITCH_VGPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/grant.h"
#include "lib/link.h"
#include "tests/gfx/scene-stream.h"

struct bench_config {
    const char *run_dir;       /* of xen-vgpud's socket */
    const char *engines;       /* folder of the engine programs */
    const char *cache;         /* folder of Mesa's cache */
    uint32_t engine;           /* XVGPU_ENGINE_* */
    const struct scene *scene; /* for gfx */
    uint32_t copy_bytes;       /* for sdma: a job */
    uint32_t threads;          /* of the driver, each */
};

struct bench_vgpu {
    int domid;
    pid_t pid;
    int sock, sched; /* to the engine, to xen-vgpud */
    int kick;
    struct link_page *link;
    struct grant_s *s;
    struct scene_memory memory;
    struct scene_guest guest;
    uint32_t wptr, ib_dwords;
    uint64_t fence; /* of the last job queued */
};

/* Registered with xen-vgpud, the ring on, and one job done. */
void bench_vgpu_start(struct bench_vgpu *v, const struct bench_config *config,
                      uint32_t weight);
void bench_vgpu_stop(struct bench_vgpu *v);

/* Have `jobs` of them queued that are not done. */
void bench_vgpu_feed(struct bench_vgpu *v, uint32_t jobs);
/* Jobs that are done. */
uint64_t bench_vgpu_done(const struct bench_vgpu *v);
/* CPU time of the process, ns. */
uint64_t bench_cpu_ns(pid_t pid);

void bench_die(const char *what) __attribute__((noreturn));

#endif
