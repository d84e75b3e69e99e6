/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sched-load.h"

/* How many seeds. */
static uint64_t rounds(void)
{
    return getenv("XVGPU_LONG") ? 3000 : 60;
}

/* Printed with what fails; XVGPU_TEST_SEED repeats it. */
static uint64_t first_seed(void)
{
    const char *s = getenv("XVGPU_TEST_SEED");

    return s ? strtoull(s, NULL, 10) : 1;
}

static const struct sched_policy *policy_of(size_t i)
{
    const struct sched_policy *p = sched_policies[i];

    assert_non_null(p);
    assert_ptr_equal(sched_policy_find(p->name), p);
    return p;
}

static void start(struct load *l, size_t policy, uint64_t seed)
{
    load_start(l, policy_of(policy), seed, 2 + (unsigned int)(seed % 11));
}

/* Shares (fair), stalls, work conservation (not fixed). */
static void test_promises(void **state)
{
    struct load l;
    uint64_t seed, turns = 0;
    unsigned int j;
    size_t i;

    (void)state;
    for (i = 0; sched_policies[i]; i++) {
        for (seed = first_seed(); seed < first_seed() + rounds(); seed++) {
            start(&l, i, seed);
            assert_true(load_run(&l, 5000 * LOAD_MS));
            for (j = 0; j < l.n; j++)
                turns += l.of[j].turns;
            load_end(&l);
        }
    }
    /* Something was checked. */
    assert_true(turns > 1000 * rounds());
}

static void test_caps(void **state)
{
    struct load l;
    uint64_t seed;
    unsigned int j;
    size_t i;

    (void)state;
    for (i = 0; sched_policies[i]; i++) {
        for (seed = first_seed(); seed < first_seed() + rounds(); seed++) {
            start(&l, i, seed);
            l.check_share = l.check_stall = false;
            for (j = 0; j < l.n; j++) {
                if (load_random(&l, 2))
                    load_set(&l, j, 1 + (uint32_t)load_random(&l, 1000));
            }
            assert_true(load_run(&l, 5000 * LOAD_MS));
            load_end(&l);
        }
    }
}

/* One that is always busy and alone gets what its cap allows, not less. */
static void test_cap_is_reached(void **state)
{
    static const uint32_t caps[] = {1, 7, 100, 333, 999, 1000};
    const uint64_t ns = 20000 * LOAD_MS;
    struct load l;
    uint64_t least;
    size_t i, j;

    (void)state;
    for (i = 0; sched_policies[i]; i++) {
        for (j = 0; j < 6; j++) {
            load_start(&l, policy_of(i), first_seed() + j, 1);
            l.check_stall = false;
            l.of[0].pause_ns = 0;
            l.of[0].wakes_ns = l.now;
            load_set(&l, 0, caps[j]);
            assert_true(load_run(&l, ns));
            least = ns / 1000 * caps[j];
            assert_true(l.of[0].served_ns + 1000 >= least);
            assert_int_equal(l.of[0].e.charged_ns +
                                 (l.now - l.since) * (l.runs != NULL),
                             l.of[0].served_ns);
            load_end(&l);
        }
    }
}

/* Policy, parameters, weights and members change at any time; promises hold
 * between the changes. */
static void test_changes(void **state)
{
    struct load l;
    uint64_t seed;
    unsigned int step, j;

    (void)state;
    for (seed = first_seed(); seed < first_seed() + rounds(); seed++) {
        start(&l, (size_t)(seed % 4), seed);
        for (step = 0; step < 200; step++) {
            assert_true(load_run(&l, load_random(&l, 100 * LOAD_MS)));
            j = (unsigned int)load_random(&l, l.n);
            switch (load_random(&l, 5)) {
            case 0:
                load_set_policy(&l, policy_of(load_random(&l, 4)));
                break;
            case 1:
                load_set_params(&l);
                break;
            case 2:
                assert_true(load_set(&l, j, 0));
                break;
            default:
                if (l.of[j].member)
                    load_leave(&l, j);
                else
                    load_join(&l, j);
            }
            load_bounds(&l);
        }
        load_end(&l);
    }
}

/* The same with caps that come and go. */
static void test_changes_of_caps(void **state)
{
    struct load l;
    uint64_t seed;
    unsigned int step, j;

    (void)state;
    for (seed = first_seed(); seed < first_seed() + rounds(); seed++) {
        start(&l, (size_t)(seed % 4), seed);
        for (step = 0; step < 200; step++) {
            assert_true(load_run(&l, load_random(&l, 100 * LOAD_MS)));
            j = (unsigned int)load_random(&l, l.n);
            if (load_random(&l, 4))
                assert_true(load_set(&l, j, (uint32_t)load_random(&l, 1001)));
            else
                load_set_policy(&l, policy_of(load_random(&l, 4)));
            l.check_share = l.check_stall = false;
            load_bounds(&l);
        }
        load_end(&l);
    }
}

/* --- what the policies are for
 * ------------------------------------------------ */

#define MS LOAD_MS

struct pair {
    struct sched_queue q;
    struct sched_entity a, b;
};

static void pair_start(struct pair *p, const struct sched_policy *policy)
{
    *p = (struct pair){.a.weight = 100, .b.weight = 100};
    assert_int_equal(sched_queue_init(&p->q, policy, &sched_params_default, 0),
                     0);
    assert_int_equal(sched_queue_add(&p->q, &p->a, 0), 0);
    assert_int_equal(sched_queue_add(&p->q, &p->b, 0), 0);
}

/* A runs, B wakes up after 100 us: when is A asked to stop? */
static uint64_t stopped_for(const struct sched_policy *policy,
                            enum proto_latency a, enum proto_latency b)
{
    struct pair p;
    struct sched_turn turn;
    uint64_t at;

    pair_start(&p, policy);
    sched_queue_set(&p.q, &p.a, 100, 0, a, 0, 0);
    sched_queue_set(&p.q, &p.b, 100, 0, b, 0, 0);
    sched_queue_ready(&p.q, &p.a, 0);
    turn = sched_queue_pick(&p.q, 0);
    assert_ptr_equal(turn.entity, &p.a);
    sched_queue_ready(&p.q, &p.b, MS / 10);
    at = sched_queue_deadline(&p.q, &p.a, 0, MS / 10);
    sched_queue_free(&p.q);
    return at;
}

static void test_who_stops_for_whom(void **state)
{
    const enum proto_latency low = PROTO_LATENCY_LOW,
                             batch = PROTO_LATENCY_BATCH;
    const enum proto_latency normal = PROTO_LATENCY_NORMAL;

    (void)state;
    assert_int_equal(stopped_for(&sched_rr, batch, low), 5 * MS);
    assert_int_equal(stopped_for(&sched_fixed, batch, low), 5 * MS);
    assert_int_equal(stopped_for(&sched_ondemand, normal, low), MS);
    assert_int_equal(stopped_for(&sched_ondemand, batch, normal), MS);
    assert_int_equal(stopped_for(&sched_ondemand, normal, normal), 5 * MS);
    assert_int_equal(stopped_for(&sched_ondemand, low, normal), 5 * MS);
    assert_int_equal(stopped_for(&sched_fair, normal, low), MS);
    assert_int_equal(stopped_for(&sched_fair, batch, normal), MS);
    assert_int_equal(stopped_for(&sched_fair, normal, normal), 5 * MS / 4);
    assert_int_equal(stopped_for(&sched_fair, low, normal), 5 * MS);
}

/* Under ondemand one that wakes up goes before those that had a turn, and they
 * are not kept waiting for ever by such. */
static void test_ondemand_wakes(void **state)
{
    struct pair p;
    struct sched_entity *e;
    unsigned int turns_of_a = 0, i;
    uint64_t now = 5 * MS;

    (void)state;
    pair_start(&p, &sched_ondemand);
    sched_queue_ready(&p.q, &p.a, 0);
    assert_ptr_equal(sched_queue_pick(&p.q, 0).entity, &p.a);
    sched_queue_charge(&p.q, &p.a, now, 0, now);
    assert_ptr_equal(sched_queue_pick(&p.q, now).entity, &p.a);
    sched_queue_ready(&p.q, &p.b, now);
    assert_int_equal(sched_queue_deadline(&p.q, &p.a, now, now), now + MS);
    for (i = 0; i < 60; i++) {
        now += MS;
        e = p.q.current;
        turns_of_a += e == &p.a;
        if (e == &p.b)
            sched_queue_idle(&p.q, e, now);
        sched_queue_charge(&p.q, e, MS, 0, now);
        if (e == &p.b)
            sched_queue_ready(&p.q, e, now);
        assert_non_null(sched_queue_pick(&p.q, now).entity);
    }
    /* One turn in five: the limit is four. */
    assert_int_equal(turns_of_a, 12);
    sched_queue_free(&p.q);
}

/* One that used more than its share is not picked before it has paid, and
 * does not interrupt. A pause forgives nothing. */
static void test_debt_stays(void **state)
{
    struct pair p;
    uint64_t now = 0, slept;

    (void)state;
    for (slept = 0; slept < 100000 * MS; slept = slept * 10 + MS) {
        pair_start(&p, &sched_fair);
        now = 0;
        sched_queue_ready(&p.q, &p.a, now);
        sched_queue_ready(&p.q, &p.b, now);
        /* 55 ms of a turn, being late to stop; then B, 5 ms at a time. */
        assert_ptr_equal(sched_queue_pick(&p.q, now).entity, &p.a);
        now += 55 * MS;
        sched_queue_charge(&p.q, &p.a, 55 * MS, 50 * MS, now);
        sched_queue_idle(&p.q, &p.a, now);
        sched_queue_idle(&p.q, &p.b, now);
        now += slept;
        sched_queue_ready(&p.q, &p.a, now);
        sched_queue_ready(&p.q, &p.b, now);
        assert_ptr_equal(sched_queue_pick(&p.q, now).entity, &p.b);
        /* Eleven turns in one, with nobody stopped in between. */
        assert_int_equal(sched_queue_deadline(&p.q, &p.b, now, now),
                         now + 55 * MS);
        now += 55 * MS;
        sched_queue_charge(&p.q, &p.b, 55 * MS, 0, now);
        assert_ptr_equal(sched_queue_pick(&p.q, now).entity, &p.a);
        sched_queue_free(&p.q);
    }
}

/* Who was alone owes nothing for that, however long it was. */
static void test_alone_is_free(void **state)
{
    struct pair p;
    struct sched_turn turn;

    (void)state;
    pair_start(&p, &sched_fair);
    sched_queue_ready(&p.q, &p.a, 0);
    turn = sched_queue_pick(&p.q, 0);
    assert_true(turn.until_ns == SCHED_NEVER);
    assert_false(sched_queue_contended(&p.q, &p.a));
    sched_queue_ready(&p.q, &p.b, 60000 * MS);
    assert_true(sched_queue_contended(&p.q, &p.a));
    assert_int_equal(sched_queue_deadline(&p.q, &p.a, 0, 60000 * MS),
                     60000 * MS);
    sched_queue_charge(&p.q, &p.a, 60000 * MS, 0, 60000 * MS);
    turn = sched_queue_pick(&p.q, 60000 * MS);
    assert_ptr_equal(turn.entity, &p.b);
    assert_int_equal(turn.until_ns, 60005 * MS);
    sched_queue_charge(&p.q, &p.b, 5 * MS, 0, 60005 * MS);
    assert_ptr_equal(sched_queue_pick(&p.q, 60005 * MS).entity, &p.a);
    sched_queue_free(&p.q);
}

/* A restarted xen-vgpud finds a turn; time of compiling is charged beside it.
 */
static void test_adopt_and_compile(void **state)
{
    struct pair p;
    size_t i;

    (void)state;
    for (i = 0; sched_policies[i]; i++) {
        pair_start(&p, sched_policies[i]);
        sched_queue_ready(&p.q, &p.b, 0);
        sched_queue_adopt(&p.q, &p.b, 0);
        sched_queue_ready(&p.q, &p.a, MS);
        sched_queue_charge(&p.q, &p.a, MS, 0, 2 * MS);
        assert_int_equal(p.a.charged_ns, MS);
        assert_true(sched_queue_deadline(&p.q, &p.b, 0, 2 * MS) <= 10 * MS);
        sched_queue_charge(&p.q, &p.b, 10 * MS, 5 * MS, 10 * MS);
        assert_int_equal(p.b.wasted_ns, 5 * MS);
        if (sched_policies[i] != &sched_fixed)
            assert_ptr_equal(sched_queue_pick(&p.q, 10 * MS).entity, &p.a);
        sched_queue_free(&p.q);
    }
}

/* Slots of those that have no work stay empty. */
/* However long the turn before it was: who waits does so for a slice. */
static void test_adopt_after_a_long_turn(void **state)
{
    const struct sched_policy *const *policy;
    const uint64_t hour = 3600000 * MS;
    struct pair p;

    (void)state;
    for (policy = sched_policies; *policy; policy++) {
        pair_start(&p, *policy);
        sched_queue_ready(&p.q, &p.a, 0);
        assert_ptr_equal(sched_queue_pick(&p.q, 0).entity, &p.a);
        sched_queue_ready(&p.q, &p.b, hour);
        sched_queue_charge(&p.q, &p.a, hour, 0, hour);
        sched_queue_adopt(&p.q, &p.b, hour);
        assert_true(sched_queue_deadline(&p.q, &p.b, hour, hour) <=
                    hour + 5 * MS);
        sched_queue_free(&p.q);
    }
}

static void test_fixed_keeps_slots(void **state)
{
    struct pair p;
    struct sched_turn turn;

    (void)state;
    pair_start(&p, &sched_fixed);
    sched_queue_ready(&p.q, &p.a, 0);
    turn = sched_queue_pick(&p.q, 0);
    assert_ptr_equal(turn.entity, &p.a);
    assert_int_equal(turn.until_ns, 5 * MS);
    sched_queue_charge(&p.q, &p.a, 5 * MS, 0, 5 * MS);
    turn = sched_queue_pick(&p.q, 5 * MS);
    assert_null(turn.entity);
    assert_int_equal(turn.until_ns, 10 * MS);
    assert_ptr_equal(sched_queue_pick(&p.q, 10 * MS).entity, &p.a);
    sched_queue_free(&p.q);
}

/* Who leaves in its turn, or while it waits, is not touched any more. */
static void test_remove(void **state)
{
    struct pair p;
    size_t i;

    (void)state;
    for (i = 0; sched_policies[i]; i++) {
        pair_start(&p, sched_policies[i]);
        sched_queue_ready(&p.q, &p.a, 0);
        sched_queue_ready(&p.q, &p.b, 0);
        assert_ptr_equal(sched_queue_pick(&p.q, 0).entity, &p.a);
        sched_queue_remove(&p.q, &p.a, MS);
        assert_null(p.q.current);
        memset(&p.a, 0xff, sizeof(p.a));
        assert_ptr_equal(sched_queue_pick(&p.q, 5 * MS).entity, &p.b);
        sched_queue_remove(&p.q, &p.b, 6 * MS);
        memset(&p.b, 0xff, sizeof(p.b));
        assert_null(sched_queue_pick(&p.q, 6 * MS).entity);
        assert_int_equal(p.q.runnable, 0);
        sched_queue_free(&p.q);
    }
}

#define HEAP 200u

/* What comes out is always the least key, of equal ones the least rank. */
static void test_heap(void **state)
{
    static struct sched_entity e[HEAP];
    struct load l = {.state = first_seed()};
    struct sched_heap h = {.node_offset = offsetof(struct sched_entity, order)};
    struct sched_entity *last, *next;
    unsigned int i, j;

    (void)state;
    memset(e, 0, sizeof(e));
    assert_int_equal(sched_heap_reserve(&h, HEAP), 0);
    for (i = 0; i < 20000; i++) {
        j = (unsigned int)load_random(&l, HEAP);
        if (e[j].order.at) {
            sched_heap_remove(&h, &e[j]);
            continue;
        }
        e[j].class = (unsigned int)load_random(&l, 3);
        /* Around where keys begin anew. */
        sched_heap_push(&h, &e[j], load_random(&l, 100) - 50, e[j].class);
        if (load_random(&l, 400))
            continue;
        for (last = NULL; (next = sched_heap_first(&h)); last = next) {
            sched_heap_remove(&h, next);
            if (!last)
                continue;
            assert_true((int64_t)(next->order.key - last->order.key) >= 0);
            assert_true(next->order.key != last->order.key ||
                        next->class >= last->class);
        }
    }
    free(h.nodes);
}

static void test_refused(void **state)
{
    struct pair p;
    struct sched_entity e = {0};

    (void)state;
    pair_start(&p, &sched_rr);
    assert_int_equal(sched_queue_add(&p.q, &e, 0), -EINVAL);
    e.weight = SCHED_WEIGHT_MAX + 1;
    assert_int_equal(sched_queue_add(&p.q, &e, 0), -EINVAL);
    assert_int_equal(
        sched_queue_set(&p.q, &p.a, 100, 1001, PROTO_LATENCY_LOW, 0, 0),
        -EINVAL);
    assert_int_equal(
        sched_queue_set(&p.q, &p.a, 100, 0, (enum proto_latency)3, 0, 0),
        -EINVAL);
    assert_int_equal(
        sched_queue_set(&p.q, &p.a, 100, 0, PROTO_LATENCY_LOW, 999, 0),
        -EINVAL);
    assert_int_equal(p.a.latency, PROTO_LATENCY_NORMAL);
    assert_null(sched_policy_find("none"));
    sched_queue_free(&p.q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_cap_is_reached),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_of_caps),
        cmocka_unit_test(test_who_stops_for_whom),
        cmocka_unit_test(test_ondemand_wakes),
        cmocka_unit_test(test_debt_stays),
        cmocka_unit_test(test_alone_is_free),
        cmocka_unit_test(test_adopt_and_compile),
        cmocka_unit_test(test_adopt_after_a_long_turn),
        cmocka_unit_test(test_fixed_keeps_slots),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_refused),
    };

    printf("seeds from %" PRIu64 "\n", first_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
