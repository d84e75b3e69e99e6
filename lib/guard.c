/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guard.h"

#include <time.h>

#define NS_PER_S 1000000000ull

void guard_init(struct guard *g, uint32_t rate, uint32_t burst)
{
    *g = (struct guard){.interval_ns = rate ? NS_PER_S / rate : 0};
    g->burst_ns = g->interval_ns * burst;
}

uint64_t guard_charge(struct guard *g, uint32_t n, uint64_t now_ns)
{
    uint64_t wait;

    if (!g->interval_ns)
        return 0;
    if (g->due_ns < now_ns)
        g->due_ns = now_ns;
    g->due_ns += n * g->interval_ns;
    if (g->due_ns - now_ns <= g->burst_ns)
        return 0;
    wait = g->due_ns - now_ns - g->burst_ns;
    __atomic_store_n(&g->delayed, g->delayed + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&g->delayed_ns, g->delayed_ns + wait, __ATOMIC_RELAXED);
    return wait;
}

bool guard_storm(struct guard *g, uint64_t now_ns)
{
    bool first = !g->storm_ns || now_ns - g->storm_ns >= GUARD_STORM_NS;

    g->storm_ns = now_ns;
    return first;
}

void guard_sleep(uint64_t ns)
{
    const struct timespec ts = {.tv_sec = (time_t)(ns / NS_PER_S),
                                .tv_nsec = (long)(ns % NS_PER_S)};

    nanosleep(&ts, NULL);
}
