/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guard: how often a guest may cause a thing that costs dom0. A burst, then
 * a rate; beyond it the guest's own answer is delayed, never refused.
 */
#ifndef LIB_GUARD_H
#define LIB_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct guard {
    uint64_t interval_ns; /* of one event at the rate; 0: no limit */
    uint64_t burst_ns;    /* the burst, at the rate */
    uint64_t due_ns;      /* when all events so far would have been due */
    uint64_t delayed;     /* times that somebody had to wait */
    uint64_t delayed_ns;
    uint64_t storm_ns; /* guard_storm() */
};

/* A storm that rests so long is over. */
#define GUARD_STORM_NS (60 * UINT64_C(1000000000))

/* `rate` events a second after a burst of `burst`; rate 0: no limit. */
void guard_init(struct guard *g, uint32_t rate, uint32_t burst);

/* Count `n` events at `now_ns`: the ns that the guest must wait, 0 mostly.
 * Not for concurrent use. */
uint64_t guard_charge(struct guard *g, uint32_t n, uint64_t now_ns);

/* Call it when somebody has to wait. True: for the first time in this storm,
 * so it is worth a line; not for each time that it goes on. */
bool guard_storm(struct guard *g, uint64_t now_ns);

/* Sleep so long; a signal ends it early. */
void guard_sleep(uint64_t ns);

#endif
