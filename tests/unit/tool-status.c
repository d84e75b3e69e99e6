/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool-status.h"

#include <stdbool.h>
#include <stdint.h>

#define S INT64_C(1000000000)
#define I(value) ((json_int_t)(value))

static json_t *times(double p50, double p99)
{
    return json_pack("{s:I, s:f, s:f, s:f}", "count", I(7), "p50", p50, "p99",
                     p99, "max", 2 * p99);
}

static json_t *vgpu(unsigned int domid, json_int_t granted, json_int_t switches)
{
    const bool four = domid == 4;

    return json_pack(
        "{s:s, s:i, s:i, s:s, s:s, s:i, s:i, s:s, s:i, s:I, s:I, s:I, s:I, "
        "s:I, s:o, s:o, s:i, s:i, s:i}",
        "vgpu", four ? "4.0" : "3.0", "domid", domid, "index", 0, "name",
        four ? "ca\x1b[2Jd" : "web", "state", four ? "waiting" : "running",
        "weight", four ? 300 : 100, "cap", four ? 375 : 0, "latency",
        four ? "batch" : "low", "slice_ns", 0, "granted_ns", granted,
        "compile_ns", I(0), "busy_ns", granted / 2, "switches", switches,
        "preempted", switches / 2, "wait_us", times(42, 4200), "preempt_us",
        four ? times(850, 99000) : json_object(), "missed", four ? 2 : 0,
        "resets", four ? 1 : 0, "innocent", 0);
}

static json_t *queue(const char *name, json_t *vgpus, unsigned int n,
                     json_int_t switches, json_int_t idle)
{
    const bool gfx = *name == 'g';

    return json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:n, s:s, s:I, s:o, "
        "s:{s:o, s:o}, s:I, s:o}",
        "name", name, "policy", "fair", "slice_ns", I(5000000), "residency_ns",
        I(1000000), "deadline_ns", I(100000000), "compile_ns", 10 * S,
        "current", gfx ? json_string("3.0") : json_null(), "compiling", "state",
        gfx ? "running" : "idle", "switches", switches * n, "switch_us",
        times(93, 410), "steps_us", "stop", times(12, 34), "save",
        times(5, 6000), "idle_ns", idle * n, "vgpus", vgpus);
}

json_t *tool_status(unsigned int n, unsigned int pid)
{
    json_t *gfx = json_pack("[o, o]", vgpu(3, n * S / 4, 10 * I(n)),
                            vgpu(4, n * S / 2, 20 * I(n)));
    json_t *sdma = json_pack("[o]", vgpu(3, 0, 0));

    return json_pack(
        "{s:s, s:i, s:I, s:b, s:[o, o], s:[{s:s, s:i, s:b, s:i, s:i}, "
        "{s:s, s:i, s:b, s:i, s:i}]}",
        "version", "0.1.0", "pid", pid, "uptime_ns", n * S, "gang", 0, "queues",
        queue("gfx", gfx, n, 30, S / 8), queue("sdma", sdma, n, 0, S), "vgpus",
        "vgpu", "3.0", "flrs", 0, "quarantined", 0, "hangs", 0, "pid", 100,
        "vgpu", "4.0", "flrs", 2, "quarantined", 1, "hangs", 3, "pid", 101);
}

char *tool_return(json_t *value)
{
    json_t *answer = json_pack("{s:o}", "return", value);
    char *text = json_dumps(answer, JSON_COMPACT);

    json_decref(answer);
    return text;
}

char *tool_error_answer(const char *why)
{
    json_t *answer = json_pack("{s:s}", "error", why);
    char *text = json_dumps(answer, JSON_COMPACT);

    json_decref(answer);
    return text;
}
