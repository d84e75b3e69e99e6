/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the run queue costs: a turn (its charge and the next pick with its
 * deadline) while all vGPUs are busy, and one that gets work and loses it
 * again (with the deadline that is asked for then), by number of vGPUs. Median,
 * lowest and highest of 31 batches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dm/sched/queue.h"

#define BATCHES 31u
#define ROUNDS 20000u
#define SLICE_NS 5000000u

static struct sched_entity entities[1024];

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static uint64_t turns(struct sched_queue *q, uint64_t now)
{
    struct sched_turn turn = sched_queue_pick(q, now);
    unsigned int i;

    for (i = 0; i < ROUNDS; i++) {
        /* Nobody stops at the very end of its slice. */
        now += SLICE_NS + i % 7 * 50000;
        if (turn.entity)
            sched_queue_charge(q, turn.entity, SLICE_NS + i % 7 * 50000,
                               i % 7 * 50000, now);
        turn = sched_queue_pick(q, now);
    }
    return now;
}

static uint64_t wakes(struct sched_queue *q, unsigned int n, uint64_t now)
{
    unsigned int i;

    sched_queue_pick(q, now);
    for (i = 0; i < ROUNDS; i++) {
        struct sched_entity *e = &entities[i % n];

        now += 1000;
        if (e == q->current)
            continue;
        sched_queue_idle(q, e, now);
        sched_queue_ready(q, e, now);
        if (q->current)
            sched_queue_deadline(q, q->current, q->since_ns, now);
    }
    return now;
}

static void measure(const struct sched_policy *p, unsigned int n)
{
    double turn[BATCHES], wake[BATCHES], start;
    struct sched_queue q;
    uint64_t now = 0;
    unsigned int i;

    if (sched_queue_init(&q, p, &sched_params_default, now))
        exit(1);
    for (i = 0; i < n; i++) {
        entities[i] = (struct sched_entity){.weight = 100 + i % 5 * 100};
        if (sched_queue_add(&q, &entities[i], now))
            exit(1);
        sched_queue_ready(&q, &entities[i], now);
    }
    for (i = 0; i < BATCHES; i++) {
        start = seconds();
        now = turns(&q, now);
        turn[i] = (seconds() - start) * 1e9 / ROUNDS;
        start = seconds();
        now = wakes(&q, n, now);
        wake[i] = (seconds() - start) * 1e9 / ROUNDS;
    }
    qsort(turn, BATCHES, sizeof(turn[0]), by_value);
    qsort(wake, BATCHES, sizeof(wake[0]), by_value);
    printf("policy=%s vgpus=%u turn_ns=%.0f turn_low=%.0f turn_high=%.0f "
           "wake_ns=%.0f wake_low=%.0f wake_high=%.0f\n",
           p->name, n, turn[BATCHES / 2], turn[0], turn[BATCHES - 1],
           wake[BATCHES / 2], wake[0], wake[BATCHES - 1]);
    sched_queue_free(&q);
}

int main(void)
{
    static const unsigned int counts[] = {16, 128, 1024};
    size_t i, j;

    for (i = 0; sched_policies[i]; i++) {
        for (j = 0; j < 3; j++)
            measure(sched_policies[i], counts[j]);
    }
    return 0;
}
