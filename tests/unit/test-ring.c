/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "engine-rig.h"

#define MIB (1ull << 20)
#define RAM (8 * MIB)
#define DATA (2 * MIB)
#define IB MIB

static int setup(void **state)
{
    static struct rig rig;

    rig_new(&rig, RAM, 8);
    assert_int_equal(rig_start(&rig), 0);
    rig_events(&rig);
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

/* ---- Faults ---------------------------------------------------------- */

struct bad_packet {
    const char *what;
    uint32_t code;
    uint64_t addr;
    uint32_t n;
    uint32_t dw[9];
};

#define D LO(DATA), HI(DATA)
#define ADDR(a) LO(a), HI(a)

static const struct bad_packet bad_packets[] = {
    {"type", XVGPU_FAULT_PACKET_TYPE, 0, 1, {PKT(NOP, 0, 1) | 0x42}},
    {"type 255", XVGPU_FAULT_PACKET_TYPE, 0, 1, {0x100ff}},
    {"VMID", XVGPU_FAULT_VMID, 0, 1, {PKT(NOP, 0, 1) | 0x1000}},
    {"flags", XVGPU_FAULT_PACKET_FIELD, 0, 1, {PKT(NOP, 1, 1)}},
    {"fence flags", XVGPU_FAULT_PACKET_FIELD, 0, 5, {PKT(FENCE, 2, 5)}},
    {"length 0", XVGPU_FAULT_PACKET_LENGTH, 0, 1, {PKT(NOP, 0, 0)}},
    {"beyond wptr", XVGPU_FAULT_PACKET_LENGTH, 0, 2, {PKT(NOP, 0, 3)}},
    {"too long", XVGPU_FAULT_PACKET_LENGTH, 0, 8, {PKT(COPY_LINEAR, 0, 8)}},
    {"too short", XVGPU_FAULT_PACKET_LENGTH, 0, 6, {PKT(COPY_LINEAR, 0, 6)}},
    {"huge", XVGPU_FAULT_PACKET_LENGTH, 0, 1, {PKT(NOP, 0, 0xffff)}},
    {"empty write", XVGPU_FAULT_PACKET_LENGTH, 0, 3, {PKT(WRITE, 0, 3)}},
    {"no bytes",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     7,
     {PKT(COPY_LINEAR, 0, 7), D, D, 0, 0}},
    {"too many bytes",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     7,
     {PKT(COPY_LINEAR, 0, 7), D, D, 1, 0x100}},
    {"source past RAM",
     XVGPU_FAULT_ADDRESS,
     RAM,
     7,
     {PKT(COPY_LINEAR, 0, 7), ADDR(RAM - 8), D, 16, 0}},
    {"destination past RAM",
     XVGPU_FAULT_ADDRESS,
     RAM,
     7,
     {PKT(COPY_LINEAR, 0, 7), D, ADDR(RAM - 8), 16, 0}},
    {"into MMIO",
     XVGPU_FAULT_ADDRESS,
     0xf0000000,
     7,
     {PKT(COPY_LINEAR, 0, 7), D, ADDR(0xf0000000), 16, 0}},
    {"source wraps",
     XVGPU_FAULT_ADDRESS,
     ~0ull - 7,
     7,
     {PKT(COPY_LINEAR, 0, 7), ADDR(~0ull - 7), D, 16, 0}},
    {"2^52",
     XVGPU_FAULT_ADDRESS,
     1ull << 52,
     7,
     {PKT(COPY_LINEAR, 0, 7), ADDR(1ull << 52), D, 16, 0}},
    {"stride below line",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     9,
     {PKT(COPY_RECT, 0, 9), D, 15, D, 16, 16, 1}},
    {"no lines",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     9,
     {PKT(COPY_RECT, 0, 9), D, 16, D, 16, 16, 0}},
    {"too many lines",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     9,
     {PKT(COPY_RECT, 0, 9), D, 16, D, 16, 16, (1u << 20) + 1}},
    {"line too long",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     9,
     {PKT(COPY_RECT, 0, 9), D, ~0u, D, ~0u, (1u << 24) + 1, 1}},
    {"rectangle past RAM",
     XVGPU_FAULT_ADDRESS,
     DATA + (1ull << 32) - 4096,
     9,
     {PKT(COPY_RECT, 0, 9), D, 0xfffff000u, ADDR(DATA + MIB), 64, 16,
      1u << 20}},
    {"fill unaligned",
     XVGPU_FAULT_ALIGNMENT,
     DATA + 2,
     6,
     {PKT(FILL, 0, 6), ADDR(DATA + 2), 0, 4, 0}},
    {"fill of 6",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     6,
     {PKT(FILL, 0, 6), D, 0, 6, 0}},
    {"fill past RAM",
     XVGPU_FAULT_ADDRESS,
     RAM,
     6,
     {PKT(FILL, 0, 6), ADDR(RAM - 4), 0, 8, 0}},
    {"fill stride",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     7,
     {PKT(FILL_RECT, 0, 7), D, 10, 0, 8, 1}},
    {"fence unaligned",
     XVGPU_FAULT_ALIGNMENT,
     DATA + 4,
     5,
     {PKT(FENCE, 0, 5), ADDR(DATA + 4), 0, 0}},
    {"fence past RAM",
     XVGPU_FAULT_ADDRESS,
     RAM,
     5,
     {PKT(FENCE, 0, 5), ADDR(RAM), 0, 0}},
    {"timestamp unaligned",
     XVGPU_FAULT_ALIGNMENT,
     DATA + 1,
     3,
     {PKT(TIMESTAMP, 0, 3), ADDR(DATA + 1)}},
    {"write unaligned",
     XVGPU_FAULT_ALIGNMENT,
     DATA + 2,
     4,
     {PKT(WRITE, 0, 4), ADDR(DATA + 2), 0}},
    {"wait function",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     7,
     {PKT(WAIT_MEM, 0, 7), D, 0, 0, 4, 1}},
    {"wait for ever",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     7,
     {PKT(WAIT_MEM, 0, 7), D, 0, 0, 0, XVGPU_WAIT_LIMIT_US + 1}},
    {"wait no time",
     XVGPU_FAULT_PACKET_FIELD,
     0,
     7,
     {PKT(WAIT_MEM, 0, 7), D, 0, 0, 0, 0}},
    {"wait unaligned",
     XVGPU_FAULT_ALIGNMENT,
     DATA + 1,
     7,
     {PKT(WAIT_MEM, 0, 7), ADDR(DATA + 1), 0, 0, 0, 1}},
    {"IB unaligned",
     XVGPU_FAULT_ALIGNMENT,
     DATA + 1,
     4,
     {PKT(IB, 0, 4), ADDR(DATA + 1), 1}},
    {"IB empty", XVGPU_FAULT_PACKET_FIELD, DATA, 4, {PKT(IB, 0, 4), D, 0}},
    {"IB too large",
     XVGPU_FAULT_IB_SIZE,
     DATA,
     4,
     {PKT(IB, 0, 4), D, XVGPU_IB_MAX_DWORDS + 1}},
    {"IB past RAM",
     XVGPU_FAULT_ADDRESS,
     RAM,
     4,
     {PKT(IB, 0, 4), ADDR(RAM - 4), 2}},
};

/* What the device and the guest see of a fault, and that the ring goes on
 * behind the packet. */
static void check_fault(struct rig *rig, const struct bad_packet *bad,
                        uint32_t offset, uint64_t ib, uint32_t faults)
{
    const struct link_eng *eng = &rig->link->eng;

    assert_int_equal(eng->state, LINK_STOPPED);
    assert_int_equal(eng->fault_code, bad->code);
    assert_int_equal(eng->fault_offset, offset);
    assert_int_equal(eng->fault_header, bad->dw[0]);
    assert_true(eng->fault_addr == bad->addr);
    assert_true(eng->fault_ib == ib);
    assert_int_equal(eng->fault_count, faults);
    assert_int_equal(eng->rptr, offset);
    assert_true(rig_events(rig) > 0);
    assert_int_equal(rig_command(rig, LINK_CMD_RESUME), 0);
    rig_events(rig);
    rig_fence(rig, 0, 100 + faults, false);
    rig_go(rig);
    assert_int_equal(eng->state, LINK_RUNNING);
    assert_true(eng->fence == 100 + faults);
    assert_int_equal(eng->rptr, rig->wptr);
}

static void test_bad_packets(void **state)
{
    struct rig *rig = *state;
    const struct bad_packet *bad;
    uint32_t offset, faults = 0;
    size_t i;

    for (i = 0; i < sizeof(bad_packets) / sizeof(bad_packets[0]); i++) {
        bad = &bad_packets[i];
        print_message("%s\n", bad->what);
        rig_fence(rig, 0, i, false);
        offset = rig->wptr;
        rig_put(rig, bad->dw, bad->n);
        rig_go(rig);
        assert_true(rig->link->eng.fence == i);
        check_fault(rig, bad, offset, ~0ull, ++faults);
    }
}

static void test_bad_packets_in_ib(void **state)
{
    struct rig *rig = *state;
    const struct bad_packet *bad;
    uint32_t offset, faults = 0;
    size_t i;

    for (i = 0; i < sizeof(bad_packets) / sizeof(bad_packets[0]); i++) {
        bad = &bad_packets[i];
        fx_write(rig->domid, IB, (uint32_t[]){PKT(NOP, 0, 1)}, 4);
        fx_write(rig->domid, IB + 4, bad->dw, bad->n * 4);
        offset = rig->wptr;
        RIG_PUT(rig, PKT(IB, 0, 4), LO(IB), 0, 1 + bad->n);
        rig_go(rig);
        check_fault(rig, bad, offset, IB + 4, ++faults);
    }
}

/* ---- Indirect buffers ------------------------------------------------ */

static void test_ib_nested(void **state)
{
    struct rig *rig = *state;
    uint64_t at;
    uint32_t depth;

    /* Each runs the next one and then writes its number. */
    for (depth = 1; depth <= 5; depth++) {
        at = IB + depth * 64;
        fx_write(rig->domid, at,
                 (uint32_t[]){PKT(IB, 0, 4), LO(at + 64), 0, 8,
                              PKT(WRITE, 0, 4), LO(DATA + depth * 4), 0, depth},
                 32);
    }
    at = IB + XVGPU_IB_MAX_DEPTH * 64;
    fx_write(rig->domid, at, (uint32_t[]){PKT(NOP, 0, 4)}, 4);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(IB + 64), 0, 8);
    rig_go(rig);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
    for (depth = 1; depth <= XVGPU_IB_MAX_DEPTH; depth++)
        assert_int_equal(*(uint32_t *)rig_ptr(rig, DATA + depth * 4, 4), depth);
    assert_true(rig->link->eng.packets == 9);
    /* One deeper. */
    fx_write(rig->domid, at, (uint32_t[]){PKT(IB, 0, 4)}, 4);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(IB + 64), 0, 8);
    rig_go(rig);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_IB_DEPTH);
    assert_true(rig->link->eng.fault_ib == at);
}

static void test_ib_count(void **state)
{
    struct rig *rig = *state;
    const uint32_t n = XVGPU_IB_MAX_COUNT;
    uint32_t i, dw[4] = {PKT(IB, 0, 4), LO(DATA), 0, 1};

    fx_write(rig->domid, DATA, (uint32_t[]){PKT(NOP, 0, 1)}, 4);
    for (i = 0; i < n; i++)
        fx_write(rig->domid, IB + i * 16, dw, 16);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(IB), 0, (n - 1) * 4);
    rig_go(rig);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(IB), 0, n * 4);
    rig_go(rig);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_IB_SIZE);
}

/* An indirect buffer that calls itself ends. */
static void test_ib_endless(void **state)
{
    struct rig *rig = *state;

    fx_write(rig->domid, IB, (uint32_t[]){PKT(IB, 0, 4), LO(IB), 0, 4}, 16);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(IB), 0, 4);
    rig_go(rig);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_IB_DEPTH);
}

/* ---- The ring -------------------------------------------------------- */

static void test_wrap(void **state)
{
    struct rig *rig = *state;
    uint32_t i, n = 0;

    rig_command(rig, LINK_CMD_STOP);
    rig->link->dev.ring_size = 4096;
    rig->link->dev.rptr_addr = DATA + 8;
    assert_int_equal(rig_start(rig), 0);
    for (i = 0; i < 1000; i++) {
        RIG_PUT(rig, PKT(WRITE, 0, 7), LO(DATA + 16), 0, i, i + 1, i + 2,
                i + 3);
        rig_fence(rig, DATA, i, false);
        if (i % 7)
            continue;
        rig_go(rig);
        n++;
        assert_int_equal(rig->link->eng.state, LINK_RUNNING);
        assert_int_equal(*(uint32_t *)rig_ptr(rig, DATA + 8, 4), rig->wptr);
        assert_true(*(uint64_t *)rig_ptr(rig, DATA, 8) == i);
        assert_int_equal(*(uint32_t *)rig_ptr(rig, DATA + 28, 4), i + 3);
    }
    assert_true(n > 100);
    /* The longest packets there are. */
    rig_command(rig, LINK_CMD_STOP);
    rig->link->dev.ring_size = 65536;
    rig->link->dev.start_rptr = 65532;
    assert_int_equal(rig_start(rig), 0);
    for (i = 0; i < 12; i++) {
        RIG_PUT(rig, PKT(NOP, 0, XVGPU_PKT_MAX_DWORDS));
        rig->wptr = (rig->wptr + XVGPU_PKT_MAX_DWORDS * 4 - 4) % rig->size;
        if (i % 3 == 2)
            rig_go(rig);
    }
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
    assert_int_equal(rig->link->eng.rptr, rig->wptr);
}

static void test_start_checks(void **state)
{
    static const struct {
        uint64_t base;
        uint32_t size, start;
        uint64_t rptr_addr;
        int status;
    } rows[] = {
        {0x1800, 4096, 0, 0, XVGPU_FAULT_RING_BASE},
        {4096, 2048, 0, 0, XVGPU_FAULT_RING_BASE},
        {4096, 5000, 0, 0, XVGPU_FAULT_RING_BASE},
        {4096, 0, 0, 0, XVGPU_FAULT_RING_BASE},
        {4096, 1u << 25, 0, 0, XVGPU_FAULT_RING_BASE},
        {~0ull - 4095, 4096, 0, 0, XVGPU_FAULT_RING_BASE},
        {1ull << 52, 4096, 0, 0, XVGPU_FAULT_RING_BASE},
        {4096, 4096, 4096, 0, XVGPU_FAULT_RING_BASE},
        {4096, 4096, 2, 0, XVGPU_FAULT_RING_BASE},
        {4096, 4096, 0, 2, XVGPU_FAULT_ALIGNMENT},
        {4096, 4096, 0, RAM, XVGPU_FAULT_ADDRESS},
        {(1ull << 52) - 4096, 4096, 0, 0, 0},
        {0, 1u << 24, 0, 4, 0},
    };
    struct rig *rig = *state;
    struct link_dev *dev = &rig->link->dev;
    size_t i;

    rig_command(rig, LINK_CMD_STOP);
    assert_int_equal(rig->link->eng.state, LINK_IDLE);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dev->ring_base = rows[i].base;
        dev->ring_size = rows[i].size;
        dev->start_rptr = rows[i].start;
        dev->rptr_addr = rows[i].rptr_addr;
        assert_int_equal(rig_start(rig), rows[i].status);
        assert_int_equal(rig->link->eng.state,
                         rows[i].status ? LINK_IDLE : LINK_RUNNING);
    }
    dev->rptr_addr = 0;
    dev->completion_port = 77;
    assert_int_equal(rig_start(rig), XVGPU_FAULT_EVTCHN);
    assert_int_equal(fx_dom0_ports(), 0);
}

static void test_ring_unreadable(void **state)
{
    struct rig *rig = *state;

    rig->link->dev.ring_base = RAM - 4096;
    assert_int_equal(rig_start(rig), 0);
    /* The page behind the first one is missing: what is before it runs. */
    rig_fence(rig, 0, 3, false);
    rig->wptr = 8192;
    rig_go(rig);
    assert_true(rig->link->eng.fence == 3);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_PACKET_LENGTH);
    rig->link->dev.ring_base = RAM;
    assert_int_equal(rig_start(rig), 0);
    rig->wptr = 64;
    rig_go(rig);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_RING_ACCESS);
    assert_true(rig->link->eng.fault_addr == RAM);
    assert_int_equal(rig_command(rig, LINK_CMD_RESUME), 0);
    assert_int_equal(rig->link->eng.rptr, 64);
    assert_int_equal(rig->link->eng.state, LINK_RUNNING);
}

static void test_bad_wptr(void **state)
{
    static const uint32_t bad[] = {RIG_RING_SIZE, 2, ~0u, 0x80000000u};
    struct rig *rig = *state;
    uint32_t good;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        good = rig->wptr;
        rig->wptr = bad[i];
        rig_go(rig);
        assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_WPTR);
        assert_true(rig->link->eng.fault_addr == bad[i]);
        assert_int_equal(rig_command(rig, LINK_CMD_RESUME), 0);
        assert_int_equal(rig->link->eng.state, LINK_RUNNING);
        rig->wptr = good;
        rig_fence(rig, 0, 50 + i, false);
        rig_go(rig);
        assert_true(rig->link->eng.fence == 50 + i);
    }
}

static void test_bus_master(void **state)
{
    struct rig *rig = *state;

    rig->link->dev.bus_master = 0;
    rig_fence(rig, DATA, 5, false);
    rig_go(rig);
    assert_int_equal(rig->link->eng.fault_code, XVGPU_FAULT_BUS_MASTER);
    assert_int_equal(rig->link->eng.rptr, 0);
    rig->link->dev.bus_master = 1;
    assert_int_equal(rig_command(rig, LINK_CMD_RESUME), 0);
    rig_go(rig);
    assert_true(*(uint64_t *)rig_ptr(rig, DATA, 8) == 5);
}

static void test_stop(void **state)
{
    struct rig *rig = *state;

    rig_copy(rig, DATA, DATA + MIB, MIB);
    LINK_WRITE(rig->link->dev.wptr, rig->wptr);
    engine_turn(rig->e, 0);
    assert_true(rig->link->eng.maps_live > 0);
    assert_int_equal(rig_command(rig, LINK_CMD_STOP), 0);
    assert_int_equal(rig->link->eng.state, LINK_IDLE);
    assert_int_equal(rig->link->eng.maps_live, 0);
    assert_int_equal(fx_foreign_mappings(rig->domid), 0);
}

static void test_invalidate(void **state)
{
    struct rig *rig = *state;

    rig_fence(rig, DATA, 1, false);
    rig_go(rig);
    assert_true(fx_foreign_mappings(rig->domid) > 0);
    rig->link->dev.map_generation++;
    engine_turn(rig->e, 0);
    assert_int_equal(fx_foreign_mappings(rig->domid), 0);
    rig_fence(rig, DATA, 2, false);
    rig_go(rig);
    assert_true(*(uint64_t *)rig_ptr(rig, DATA, 8) == 2);
}

static void test_monitor_gone(void **state)
{
    struct rig *rig = *state;

    close(rig->socks[0]);
    rig->socks[0] = -1;
    while (engine_turn(rig->e, 0) == 0)
        ;
    assert_int_equal(engine_turn(rig->e, 0), -EPIPE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bad_packets),  TEST(test_bad_packets_in_ib),
        TEST(test_ib_nested),    TEST(test_ib_count),
        TEST(test_ib_endless),   TEST(test_wrap),
        TEST(test_start_checks), TEST(test_ring_unreadable),
        TEST(test_bad_wptr),     TEST(test_bus_master),
        TEST(test_stop),         TEST(test_invalidate),
        TEST(test_monitor_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
