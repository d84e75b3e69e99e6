/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "engine-rig.h"

#define MIB (1ull << 20)
#define RAM (32 * MIB)
#define DATA (4 * MIB) /* from here on tests use memory as they like */
#define DATA_LEN (RAM - DATA)

static int setup(void **state)
{
    static struct rig rig;

    rig_new(&rig, RAM, 8);
    assert_int_equal(rig_start(&rig), 0);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    rig_free(rig);
    assert_int_equal(fx_foreign_mappings(rig->domid), 0);
    assert_int_equal(fx_dom0_ports(), 0);
    return 0;
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*seed >> 33);
}

static void noise(unsigned char *p, size_t len, uint64_t seed)
{
    size_t i;

    for (i = 0; i < len; i++)
        p[i] = (unsigned char)next_random(&seed);
}

/* What memory must look like in the end. */
static unsigned char *model_of(struct rig *rig)
{
    unsigned char *model = malloc(DATA_LEN);

    noise(rig_ptr(rig, DATA, DATA_LEN), DATA_LEN, 1);
    memcpy(model, rig_ptr(rig, DATA, DATA_LEN), DATA_LEN);
    return model;
}

static void check_model(struct rig *rig, unsigned char *model)
{
    assert_int_equal(rig->e->state, LINK_RUNNING);
    assert_int_equal(rig->link->eng.rptr, rig->wptr);
    assert_true(!memcmp(model, rig_ptr(rig, DATA, DATA_LEN), DATA_LEN));
    free(model);
}

static void model_copy(unsigned char *model, uint64_t src, uint64_t dst,
                       uint64_t len)
{
    unsigned char buf[ENGINE_CHUNK];
    uint64_t n;

    for (; len; src += n, dst += n, len -= n) {
        n = len < sizeof(buf) ? len : sizeof(buf);
        memcpy(buf, model + (src - DATA), n);
        memcpy(model + (dst - DATA), buf, n);
    }
}

static void test_copy_sizes(void **state)
{
    static const uint64_t sizes[] = {1,       2,    3,       7,           4095,
                                     4096,    4097, 65535,   65536,       65537,
                                     MIB - 1, MIB,  MIB + 1, 5 * MIB + 77};
    struct rig *rig = *state;
    unsigned char *model = model_of(rig);
    uint64_t seed = 5, src, dst, bytes = 0;
    size_t i, round;

    for (round = 0; round < 4; round++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            src = DATA + next_random(&seed) % (8 * MIB);
            dst = DATA + 16 * MIB + next_random(&seed) % (4 * MIB);
            rig_copy(rig, src, dst, sizes[i]);
            model_copy(model, src, dst, sizes[i]);
            bytes += sizes[i];
        }
    }
    rig_go(rig);
    assert_true(rig->link->eng.bytes == bytes);
    check_model(rig, model);
}

static void test_copy_overlapping(void **state)
{
    static const int64_t shifts[] = {-70000, -65536, -4096, -17,   -1,   0, 1,
                                     8,      4095,   65535, 65536, 70000};
    struct rig *rig = *state;
    unsigned char *model = model_of(rig);
    uint64_t src = DATA + 2 * MIB - 1234, dst;
    size_t i;

    for (i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        dst = src + (uint64_t)shifts[i];
        rig_copy(rig, src, dst, 300001);
        model_copy(model, src, dst, 300001);
    }
    rig_go(rig);
    check_model(rig, model);
}

static void test_copy_rect(void **state)
{
    static const struct {
        uint32_t src_stride, dst_stride, line, lines;
    } rows[] = {
        {1, 1, 1, 1},
        {100, 50, 50, 1000},
        {64, 64, 64, 5000},
        {7, 9, 5, 70000},
        {5000, 70000, 4097, 40},
        {300000, 300000, 299999, 9},
        {200000, 100000, 100000, 20},
    };
    struct rig *rig = *state;
    unsigned char *model = model_of(rig);
    const uint64_t src = DATA + 33, dst = DATA + 16 * MIB + 1;
    size_t i;
    uint32_t y;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        RIG_PUT(rig, PKT(COPY_RECT, 0, 9), LO(src), HI(src), rows[i].src_stride,
                LO(dst), HI(dst), rows[i].dst_stride, rows[i].line,
                rows[i].lines);
        for (y = 0; y < rows[i].lines; y++)
            model_copy(model, src + (uint64_t)y * rows[i].src_stride,
                       dst + (uint64_t)y * rows[i].dst_stride, rows[i].line);
    }
    rig_go(rig);
    check_model(rig, model);
}

static void model_fill(unsigned char *model, uint64_t dst, uint32_t value,
                       uint64_t len)
{
    for (; len; dst += 4, len -= 4)
        memcpy(model + (dst - DATA), &value, 4);
}

static void test_fill(void **state)
{
    struct rig *rig = *state;
    unsigned char *model = model_of(rig);
    const uint64_t at = DATA + 3 * MIB - 4;
    uint32_t y;

    rig_fill(rig, DATA + 4, 0x01020304, 4);
    rig_fill(rig, at, 0xdeadbeef, 2 * MIB + 8);
    rig_fill(rig, at + 4, 0, 4096 + 4);
    RIG_PUT(rig, PKT(FILL_RECT, 0, 7), LO(at), HI(at), 1024, 0x11223344, 516,
            3000);
    RIG_PUT(rig, PKT(FILL_RECT, 0, 7), LO(DATA), HI(DATA), 64, 0x55667788, 64,
            10000);
    model_fill(model, DATA + 4, 0x01020304, 4);
    model_fill(model, at, 0xdeadbeef, 2 * MIB + 8);
    model_fill(model, at + 4, 0, 4096 + 4);
    for (y = 0; y < 3000; y++)
        model_fill(model, at + y * 1024, 0x11223344, 516);
    model_fill(model, DATA, 0x55667788, 640000);
    rig_go(rig);
    check_model(rig, model);
}

/* Every second page of source and destination is a frame of its own. */
static void test_scattered(void **state)
{
    struct rig *rig = *state;
    unsigned char *buf = malloc(4 * MIB), *back = malloc(4 * MIB);
    uint64_t page;

    for (page = 0; page < 2048; page += 2) {
        assert_int_equal(fx_balloon_out(rig->domid, 0, (DATA >> 12) + page, 1),
                         0);
    }
    for (page = 2046; page < 2048; page -= 2)
        assert_int_equal(fx_populate(rig->domid, (DATA >> 12) + page, 1), 0);
    noise(buf, 4 * MIB, 3);
    assert_int_equal(fx_write(rig->domid, DATA, buf, 4 * MIB), 0);
    rig_copy(rig, DATA + 1, DATA + 4 * MIB + 3, 4 * MIB - 5);
    rig_go(rig);
    assert_int_equal(fx_read(rig->domid, DATA + 4 * MIB + 3, back, 4 * MIB - 5),
                     0);
    assert_memory_equal(back, buf + 1, 4 * MIB - 5);
    free(buf);
    free(back);
}

/* One chunk a call: the grant is away each time. */
static void run_preempted(struct rig *rig, bool respawn)
{
    unsigned int calls = 0;
    void *image;
    size_t len;

    grant_set(rig->grant, GRANT_NONE);
    rig_doorbell(rig);
    assert_int_equal(engine_turn(rig->e, 0), 0);
    assert_int_equal(rig->e->grant_e->ack_epoch, rig->grant->epoch);
    while (engine_has_work(rig->e)) {
        ring_run(rig->e);
        calls++;
        if (!respawn)
            continue;
        assert_int_equal(engine_save(rig->e, &image, &len), 0);
        rig->link->dev.start_fence = rig->e->fence;
        rig_respawn(rig);
        assert_int_equal(rig_command(rig, LINK_CMD_START), 0);
        assert_int_equal(engine_restore(rig->e, image, len), 0);
        free(image);
    }
    assert_true(calls > 60);
    grant_set(rig->grant, GRANT_RUN);
}

static void preempt_everywhere(struct rig *rig, bool respawn)
{
    unsigned char *model = model_of(rig);
    const uint64_t ib = MIB, rect = DATA + 9 * MIB;
    uint32_t ib_dw[] = {
        PKT(FILL, 0, 6),
        LO(DATA + 20 * MIB),
        0,
        0xabcdef01,
        MIB,
        0,
        PKT(NOP, 0, 1),
        PKT(COPY_RECT, 0, 9),
        LO(DATA),
        0,
        70000,
        LO(rect),
        0,
        80000,
        66000,
        20,
        PKT(FENCE, 0, 5),
        0,
        0,
        77,
        0,
    };
    uint32_t y;

    fx_write(rig->domid, ib, ib_dw, sizeof(ib_dw));
    rig_copy(rig, DATA + 5, DATA + 3 * MIB, 2 * MIB + 9);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(ib), 0, sizeof(ib_dw) / 4);
    rig_copy(rig, DATA + 2 * MIB, DATA + 2 * MIB + 100, 500000);
    rig_fence(rig, RAM - 8, 0, false);
    model_copy(model, DATA + 5, DATA + 3 * MIB, 2 * MIB + 9);
    model_fill(model, DATA + 20 * MIB, 0xabcdef01, MIB);
    for (y = 0; y < 20; y++)
        model_copy(model, DATA + y * 70000ull, rect + y * 80000ull, 66000);
    model_copy(model, DATA + 2 * MIB, DATA + 2 * MIB + 100, 500000);
    memset(model + DATA_LEN - 8, 0, 8);
    run_preempted(rig, respawn);
    assert_true(rig->link->eng.jobs == 2);
    assert_true(rig->link->eng.packets == 8);
    check_model(rig, model);
}

static void test_preempt(void **state)
{
    preempt_everywhere(*state, false);
}

static void test_save_restore(void **state)
{
    preempt_everywhere(*state, true);
}

/* Damaged images are refused; none of them breaks anything. */
static void test_bad_images(void **state)
{
    struct rig *rig = *state;
    unsigned char *image, *bad;
    void *saved;
    size_t len, i;

    RIG_PUT(rig, PKT(IB, 0, 4), LO(MIB), 0, 12);
    fx_write(rig->domid, MIB,
             (uint32_t[]){PKT(NOP, 0, 1), PKT(FILL, 0, 6), LO(DATA), 0, 1, MIB,
                          0, PKT(FENCE, 0, 5), 0, 0, 9, 0},
             48);
    grant_set(rig->grant, GRANT_NONE);
    rig_doorbell(rig);
    engine_turn(rig->e, 0);
    for (i = 0; i < 5; i++)
        ring_run(rig->e);
    assert_int_equal(rig->e->ring.depth, 1);
    assert_int_equal(engine_save(rig->e, &saved, &len), 0);
    image = saved;
    bad = malloc(len + 4);
    for (i = 0; i < len; i++) {
        memcpy(bad, image, len);
        bad[i] ^= 0x81;
        assert_true(engine_restore(rig->e, bad, len) < 0);
        assert_true(engine_restore(rig->e, image, i) < 0);
    }
    memcpy(bad, image, len);
    assert_true(engine_restore(rig->e, bad, len + 4) < 0);
    assert_int_equal(engine_restore(rig->e, image, len), 0);
    grant_set(rig->grant, GRANT_RUN);
    rig_go(rig);
    assert_true(rig->link->eng.fence == 9);
    rig_command(rig, LINK_CMD_STOP);
    assert_true(engine_restore(rig->e, image, len) < 0);
    free(image);
    free(bad);
}

static void test_write_and_stamp(void **state)
{
    struct rig *rig = *state;
    uint64_t at = DATA + 4096 - 8, before = clock_ns(), stamp;
    uint32_t *p = rig_ptr(rig, at, 16);

    RIG_PUT(rig, PKT(WRITE, 0, 6), LO(at), HI(at), 1, 2, 3);
    RIG_PUT(rig, PKT(TIMESTAMP, 0, 3), LO(DATA), HI(DATA));
    rig_go(rig);
    assert_int_equal(p[0], 1);
    assert_int_equal(p[1], 2);
    assert_int_equal(p[2], 3);
    stamp = *(uint64_t *)rig_ptr(rig, DATA, 8);
    assert_true(stamp >= before - rig->link->dev.time_base_ns);
    assert_true(stamp <= clock_ns() - rig->link->dev.time_base_ns);
}

static void test_wait(void **state)
{
    static const struct {
        uint32_t value, reference, mask, func;
    } rows[] = {
        {5, 5, ~0u, XVGPU_WAIT_EQ},   {0xf5, 0x05, 0x0f, XVGPU_WAIT_EQ},
        {5, 6, ~0u, XVGPU_WAIT_NE},   {7, 6, ~0u, XVGPU_WAIT_GE},
        {~0u, 1, ~0u, XVGPU_WAIT_GE}, {6, 6, ~0u, XVGPU_WAIT_GE},
        {6, 6, ~0u, XVGPU_WAIT_LE},   {1, ~0u, ~0u, XVGPU_WAIT_LE},
    };
    struct rig *rig = *state;
    uint32_t *p = rig_ptr(rig, DATA, 4);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        *p = rows[i].value;
        RIG_PUT(rig, PKT(WAIT_MEM, 0, 7), LO(DATA), 0, rows[i].reference,
                rows[i].mask, rows[i].func, 1000);
        rig_go(rig);
        assert_int_equal(rig->e->state, LINK_RUNNING);
    }
    *p = 4;
    RIG_PUT(rig, PKT(WAIT_MEM, 0, 7), LO(DATA), 0, 5, ~0u, XVGPU_WAIT_GE, 3000);
    rig_go(rig);
    assert_int_equal(rig->e->state, LINK_STOPPED);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_WAIT_TIMEOUT);
    assert_true(rig->link->eng.fault_addr == DATA);
}

/* STOP ends a wait long before its time is over; the preempted time does not
 * count. */
static void test_wait_interrupted(void **state)
{
    struct rig *rig = *state;
    uint64_t start;

    RIG_PUT(rig, PKT(WAIT_MEM, 0, 7), LO(DATA), 0, 1, ~0u, XVGPU_WAIT_EQ,
            30000);
    *(uint32_t *)rig_ptr(rig, DATA, 4) = 0;
    grant_set(rig->grant, GRANT_NONE);
    rig_doorbell(rig);
    engine_turn(rig->e, 0);
    ring_run(rig->e);
    usleep(40000);
    ring_run(rig->e);
    assert_int_equal(rig->e->state, LINK_RUNNING);
    assert_true(engine_has_work(rig->e));
    grant_set(rig->grant, GRANT_RUN);
    start = clock_ns();
    LINK_WRITE(rig->link->dev.cmd, LINK_CMD_STOP);
    LINK_WRITE_REL(rig->link->dev.cmd_seq, rig->link->dev.cmd_seq + 1);
    ring_run(rig->e);
    engine_turn(rig->e, 0);
    assert_int_equal(rig->link->eng.ack_seq, rig->link->dev.cmd_seq);
    assert_true(clock_ns() - start < 20000000ull);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_copy_sizes),       TEST(test_copy_overlapping),
        TEST(test_copy_rect),        TEST(test_fill),
        TEST(test_scattered),        TEST(test_preempt),
        TEST(test_save_restore),     TEST(test_bad_images),
        TEST(test_write_and_stamp),  TEST(test_wait),
        TEST(test_wait_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
