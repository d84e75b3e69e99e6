/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine and its grant: what it runs under which, and what it tells. */
#include "engine-rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB 0x100000ull
#define RAM (16 * MIB)
#define DATA (4 * MIB)
#define WORD (DATA - 4096) /* that WAIT_MEM waits for */

static struct rig rigs[2];

static int setup(void **state)
{
    memset(rigs, 0, sizeof(rigs));
    rig_new(&rigs[0], RAM, 8);
    rig_new_beside(&rigs[1], &rigs[0], &sdma_ops, 8);
    *state = rigs;
    assert_int_equal(rig_start(&rigs[0]), 0);
    assert_int_equal(rig_start(&rigs[1]), 0);
    rigs[0].grant->flags = rigs[1].grant->flags = 0;
    rig_notified(&rigs[0]);
    rig_notified(&rigs[1]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(&rigs[0]);
    rig_free(&rigs[1]);
    return 0;
}

static void turn(struct rig *rig)
{
    assert_int_equal(engine_turn(rig->e, 0), 0);
}

static const struct grant_e *page_of(const struct rig *rig)
{
    return rig->e->grant_e;
}

static void put_wait(struct rig *rig, uint32_t value, uint32_t limit_us)
{
    RIG_PUT(rig, PKT(WAIT_MEM, 0, 7), LO(WORD), HI(WORD), value, ~0u,
            XVGPU_WAIT_EQ, limit_us);
}

/* Asked to stop, and stopped. */
static void take_away(struct rig *rig)
{
    uint32_t epoch = rig_grant(rig, GRANT_NONE);

    turn(rig);
    assert_int_equal(page_of(rig)->ack_epoch, epoch);
}

static void test_waits_for_it(void **state)
{
    struct rig *rig = *state;
    uint32_t *p = rig_ptr(rig, DATA, 4), epoch;
    int i;

    take_away(rig);
    assert_int_equal(rig_notified(rig), 1);
    rig_fill(rig, DATA, 7, MIB);
    rig_doorbell(rig);
    for (i = 0; i < 3; i++)
        turn(rig);
    assert_int_equal(*p, 0);
    assert_int_equal(page_of(rig)->want, GRANT_RUN);
    assert_int_equal(rig_notified(rig), 1);

    epoch = rig_grant(rig, GRANT_RUN);
    turn(rig);
    assert_int_equal(*p, 7);
    assert_int_equal(page_of(rig)->run_epoch, epoch);
    assert_true(page_of(rig)->loaded_ns >= page_of(rig)->saved_ns);
    assert_true(page_of(rig)->running_ns >= page_of(rig)->loaded_ns);
    assert_true(page_of(rig)->busy_ns > 0);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
    assert_int_equal(rig_notified(rig), 0);

    take_away(rig);
    assert_true(page_of(rig)->preempted_ns >= page_of(rig)->running_ns);
    assert_true(page_of(rig)->saved_ns >= page_of(rig)->preempted_ns);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
}

/* A stop in the midst of a packet; nobody moves the engine meanwhile. */
static void test_stops_in_packet(void **state)
{
    struct rig *rig = *state;
    uint32_t *p = rig_ptr(rig, DATA, 4 * MIB), epoch;
    unsigned int turns = 0;

    rig_fill(rig, DATA, 7, 4 * MIB);
    rig_doorbell(rig);
    epoch = grant_set(rig->grant, GRANT_NONE);
    ring_set_wptr(rig->e, rig->wptr);
    ring_run(rig->e);
    turn(rig);
    assert_int_equal(p[0], 7);
    assert_int_equal(p[MIB - 1], 0);
    assert_int_equal(page_of(rig)->ack_epoch, epoch);
    assert_int_equal(page_of(rig)->want, GRANT_RUN);
    assert_int_equal(rig->e->stats.preempted, 1);
    rig_grant(rig, GRANT_RUN);
    while (engine_has_work(rig->e) && ++turns < 1000)
        turn(rig);
    assert_int_equal(p[MIB - 1], 7);
    assert_int_equal(rig->link->eng.packets, 1);
}

/* Alone: no system call a job for the scheduler's sake. */
static void test_alone(void **state)
{
    struct rig *rig = *state;
    uint32_t epoch = page_of(rig)->run_epoch;
    int i;

    for (i = 0; i < 200; i++) {
        rig_fence(rig, 0, (uint64_t)i, false);
        rig_go(rig);
        assert_int_equal(page_of(rig)->want, GRANT_NONE);
    }
    assert_int_equal(rig->link->eng.jobs, 200);
    assert_int_equal(rig_notified(rig), 0);
    assert_int_not_equal(page_of(rig)->run_epoch, epoch);
}

/* Others wait: each time that it becomes idle, and busy again. */
static void test_tells_idle(void **state)
{
    struct rig *rig = *state;
    int i;

    rig->grant->flags = GRANT_F_IDLE;
    for (i = 0; i < 10; i++) {
        rig_fence(rig, 0, (uint64_t)i, false);
        rig_go(rig);
        assert_int_equal(page_of(rig)->want, GRANT_NONE);
        assert_int_equal(rig_notified(rig), 2);
    }
}

/* No compile grant is kept by who has no use for it, or twice used. */
static void test_compile_unasked(void **state)
{
    struct rig *rig = *state;
    uint32_t *p = rig_ptr(rig, DATA, 4), epoch;

    epoch = rig_grant(rig, GRANT_COMPILE);
    turn(rig);
    assert_int_equal(page_of(rig)->ack_epoch, epoch);
    assert_int_equal(rig_notified(rig), 1);
    rig_fill(rig, DATA, 7, 4);
    rig_doorbell(rig);
    turn(rig);
    turn(rig);
    assert_int_equal(*p, 0);
    assert_int_equal(page_of(rig)->want, GRANT_RUN);
    assert_int_equal(rig_notified(rig), 1);
    rig_grant(rig, GRANT_RUN);
    turn(rig);
    assert_int_equal(*p, 7);
}

/* Commands and invalidations need no grant. */
static void test_obeys_without(void **state)
{
    struct rig *rig = *state;

    rig_fill(rig, DATA, 1, 4);
    rig_go(rig);
    assert_true(rig->link->eng.maps_live > 0);
    take_away(rig);
    rig_fill(rig, DATA, 2, 4 * MIB);
    rig_doorbell(rig);
    turn(rig);
    LINK_WRITE_REL(rig->link->dev.map_generation, 5);
    turn(rig);
    engine_publish(rig->e);
    assert_int_equal(rig->link->eng.maps_live, 0);
    rig_notified(rig);
    assert_int_equal(rig_command(rig, LINK_CMD_STOP), 0);
    assert_int_equal(rig->link->eng.state, LINK_IDLE);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
    assert_int_equal(rig_notified(rig), 1);
    assert_int_equal(rig_start(rig), 0);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
    /* A fault on the way in, too. */
    RIG_PUT(rig, 0xffu);
    LINK_WRITE_REL(rig->link->dev.wptr, 2);
    turn(rig);
    assert_int_equal(rig->link->eng.state, LINK_STOPPED);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_WPTR);
    LINK_WRITE_REL(rig->link->dev.wptr, 0);
    assert_int_equal(rig_command(rig, LINK_CMD_RESUME), 0);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
}

/* Without a grant a storm of doorbells costs little, and loses no command. */
static void test_storm(void **state)
{
    struct rig *rig = *state;
    const int kick = rig->config.kick;
    unsigned int heard = 0, i;
    uint64_t n;

    take_away(rig);
    rig_fill(rig, DATA, 1, 4);
    turn(rig);
    for (i = 0; i < 20; i++) {
        rig_doorbell(rig);
        turn(rig);
        if (read(kick, &n, sizeof(n)) < 0)
            heard++;
    }
    assert_int_equal(heard, 10);
    LINK_WRITE(rig->link->dev.cmd, LINK_CMD_STOP);
    LINK_WRITE_REL(rig->link->dev.cmd_seq, rig->link->dev.cmd_seq + 1);
    link_kick(kick);
    for (i = 0; i < 2; i++)
        assert_int_equal(engine_turn(rig->e, -1), 0);
    turn(rig);
    assert_int_equal(rig->link->eng.ack_seq, rig->link->dev.cmd_seq);
    rig_grant(rig, GRANT_RUN);
    turn(rig);
    turn(rig);
    assert_int_equal(rig_start(rig), 0);
    for (i = 0; i < 20; i++) {
        rig_doorbell(rig);
        turn(rig);
        assert_true(read(kick, &n, sizeof(n)) < 0);
    }
}

/* Who waits for memory does not hold the engine, is not busy, and sees what it
 * waits for without a grant. */
static void test_wait_yields(void **state)
{
    struct rig *rig = *state;
    uint32_t *word = rig_ptr(rig, WORD, 4), *p = rig_ptr(rig, DATA, 4);
    uint64_t busy;

    rig->grant->flags = GRANT_F_IDLE;
    put_wait(rig, 1, XVGPU_WAIT_LIMIT_US);
    rig_fill(rig, DATA, 7, 4);
    rig_doorbell(rig);
    turn(rig);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
    assert_int_equal(rig_notified(rig), 2);
    take_away(rig);
    rig_notified(rig);
    busy = page_of(rig)->busy_ns;
    usleep(3000);
    engine_publish(rig->e);
    assert_true(page_of(rig)->busy_ns == busy);
    turn(rig);
    assert_int_equal(rig->e->state, LINK_RUNNING);
    assert_int_equal(rig_notified(rig), 0);
    *word = 1;
    while (page_of(rig)->want == GRANT_NONE)
        turn(rig);
    assert_int_equal(rig_notified(rig), 1);
    turn(rig);
    assert_int_equal(*p, 0);
    rig_grant(rig, GRANT_RUN);
    turn(rig);
    assert_int_equal(*p, 7);
}

/* The limit is there without a grant, too; so is STOP. */
static void test_wait_ends(void **state)
{
    struct rig *rig = *state;

    take_away(rig);
    put_wait(rig, 1, 3000);
    rig_doorbell(rig);
    turn(rig);
    rig_grant(rig, GRANT_RUN);
    turn(rig);
    take_away(rig);
    while (rig->link->eng.state == LINK_RUNNING)
        turn(rig);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_WAIT_TIMEOUT);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
    rig_command(rig, LINK_CMD_RESUME);
    put_wait(rig, 1, XVGPU_WAIT_LIMIT_US);
    rig_doorbell(rig);
    rig_grant(rig, GRANT_RUN);
    turn(rig);
    take_away(rig);
    assert_int_equal(rig_command(rig, LINK_CMD_STOP), 0);
    assert_int_equal(rig->e->waiting, false);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
}

/* One grant for two engines, each in turn when it wants it: the first one waits
 * for what the second one writes, and the other way round. */
static void test_wait_for_each_other(void **state)
{
    struct rig *r = *state;
    uint32_t *word = rig_ptr(r, WORD, 4), n;
    unsigned int turns = 0, i;

    for (i = 0; i < 2; i++) {
        r[i].grant->flags = GRANT_F_IDLE;
        take_away(&r[i]);
    }
    *word = 0;
    for (n = 0; n < 20; n += 2) {
        for (i = 0; i < 2; i++) {
            put_wait(&r[i], n + i, XVGPU_WAIT_LIMIT_US);
            RIG_PUT(&r[i], PKT(WRITE, 0, 4), LO(WORD), HI(WORD), n + i + 1);
        }
    }
    for (i = 0; i < 2; i++) {
        rig_doorbell(&r[i]);
        turn(&r[i]);
    }
    for (i = 0; *word < 20; i = !i) {
        assert_true(++turns < 10000);
        turn(&r[i]);
        if (page_of(&r[i])->want != GRANT_RUN) {
            usleep(100);
            continue;
        }
        rig_grant(&r[i], GRANT_RUN);
        turn(&r[i]);
        assert_int_equal(page_of(&r[i])->want, GRANT_NONE);
        take_away(&r[i]);
    }
    assert_int_equal(r[0].e->state, LINK_RUNNING);
    assert_int_equal(r[1].e->state, LINK_RUNNING);
}

/* The next process does not take over what the last one has said. */
static void test_next_process(void **state)
{
    struct rig *rig = *state;
    uint32_t epoch;
    uint64_t busy;

    rig_fill(rig, DATA, 1, MIB);
    rig_go(rig);
    busy = page_of(rig)->busy_ns;
    take_away(rig);
    rig_fill(rig, DATA, 2, MIB);
    rig_doorbell(rig);
    turn(rig);
    assert_int_equal(page_of(rig)->want, GRANT_RUN);
    epoch = grant_set(rig->grant, GRANT_NONE);
    rig_respawn(rig);
    assert_int_equal(page_of(rig)->want, GRANT_NONE);
    assert_true(page_of(rig)->busy_ns >= busy);
    rig_notified(rig);
    turn(rig);
    assert_int_equal(page_of(rig)->ack_epoch, epoch);
    assert_int_equal(rig_notified(rig), 1);
    rig->link->dev.start_rptr = rig->link->eng.rptr;
    assert_int_equal(rig_command(rig, LINK_CMD_START), 0);
    assert_int_equal(page_of(rig)->want, GRANT_RUN);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_storm),           TEST(test_waits_for_it),
        TEST(test_stops_in_packet), TEST(test_alone),
        TEST(test_tells_idle),      TEST(test_compile_unasked),
        TEST(test_obeys_without),   TEST(test_wait_yields),
        TEST(test_wait_ends),       TEST(test_wait_for_each_other),
        TEST(test_next_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
