/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the simulator right? xen-vgpud with three busy engines of weights 4:2:1
 * and one that gets 1 ms of work each 1/60 s (doubles, sched-engine.h), while
 * `xen-vgpu trace` records it.
 *
 *     tests/bench/sched-record POLICY FILE.csv
 *     xen-vgpu sim --trace=FILE.csv --policy=POLICY --time=4s --chunk=200us
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define NR 4u
#define LIGHT 3u /* the last */
#define JOB_US 200u
#define FRAME_JOBS 5u
#define FRAME_NS 16666667u

static void start(struct rig *rig, const char *policy)
{
    static const uint32_t weights[NR] = {400, 200, 100, 100};
    char option[64];
    const char *extra[] = {option, NULL};
    unsigned int i;

    snprintf(option, sizeof(option), "--policy=%s", policy);
    rig_start(rig, extra);
    for (i = 0; i < NR; i++) {
        rig_add(rig, GFX, weights[i]);
        rig->vgpu[i].engine[0].shared->job_us = JOB_US;
        rig_engine_start(rig, &rig->vgpu[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                         i == LIGHT ? FRAME_JOBS : UINT64_MAX);
    }
    for (i = 0; i < NR; i++)
        rig_until(rig, rig_number(rig, &rig->vgpu[i], 0, "switches") > 0);
}

/* Frames, until the tool has recorded its four seconds. */
static int load(struct rig *rig, pid_t tool)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    uint64_t next = clock_ns();
    int status = -1;

    while (waitpid(tool, &status, WNOHANG) == 0) {
        for (; clock_ns() >= next; next += FRAME_NS)
            rig_more_jobs(&rig->vgpu[LIGHT].engine[0], FRAME_JOBS);
        nanosleep(&ms, NULL);
    }
    return status;
}

static void print(const struct rig *rig)
{
    json_t *status = rig_ask(rig, "{\"command\":\"status\"}", NULL);
    json_t *queue = json_array_get(json_object_get(status, "queues"), 0);
    json_t *v, *wait;
    size_t i;

    json_array_foreach(json_object_get(queue, "vgpus"), i, v)
    {
        wait = json_object_get(v, "wait_us");
        printf("%s, weight %lld: granted %.3f s, %lld turns, waits: median "
               "%.1f ms, p99 %.1f ms\n",
               json_string_value(json_object_get(v, "vgpu")),
               (long long)json_integer_value(json_object_get(v, "weight")),
               (double)json_integer_value(json_object_get(v, "granted_ns")) /
                   1e9,
               (long long)json_integer_value(json_object_get(v, "switches")),
               json_real_value(json_object_get(wait, "p50")) / 1e3,
               json_real_value(json_object_get(wait, "p99")) / 1e3);
    }
    json_decref(status);
}

int main(int argc, char **argv)
{
    struct rig rig;
    pid_t tool;
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: tests/bench/sched-record POLICY FILE.csv\n");
        return 2;
    }
    start(&rig, argv[1]);
    tool = fork();
    if (!tool) {
        setenv("XVGPU_RUN_DIR", rig.dir, 1);
        execl(XVGPU_TOOL, XVGPU_TOOL, "trace", argv[2], "4", (char *)NULL);
        _exit(127);
    }
    status = load(&rig, tool);
    print(&rig);
    rig_stop(&rig);
    return status ? 1 : 0;
}
