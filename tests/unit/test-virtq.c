/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtqueues: what a good driver does, and what a hostile one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>

#include "virtio-guest.h"

#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT

static struct guest g;

static void begin(uint64_t features)
{
    guest_new(&g, features);
    assert_int_equal(guest_start(&g, 0), 0);
    rig_events(&g.rig);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

/* A command without effect, as header. */
static void put_header(uint64_t at, uint32_t type)
{
    struct virtio_gpu_ctrl_hdr hdr = {
        .type = type, .flags = VIRTIO_GPU_FLAG_FENCE, .fence_id = 77};

    memcpy(guest_ptr(&g, at, HDR), &hdr, HDR);
}

static uint32_t answered(void)
{
    return ((struct virtio_gpu_ctrl_hdr *)guest_ptr(&g, GUEST_RESPONSE, HDR))
        ->type;
}

static bool stopped(void)
{
    return g.rig.link->eng.state == LINK_STOPPED;
}

/* ---- Good ones ----------------------------------------------------------- */

static void chain_in_pieces(void **state)
{
    struct vring_used_elem last;
    uint32_t i;

    (void)state;
    begin(GUEST_FEATURES);
    put_header(GUEST_REQUEST, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
    /* The header in 24 pieces of a byte, backwards through the table, and the
     * answer in two; an empty piece is none. */
    for (i = 0; i < 24; i++)
        guest_desc(&g, CONTROL, 40 - i, GUEST_REQUEST + i, 1, N,
                   (uint16_t)(39 - i));
    guest_desc(&g, CONTROL, 16, GUEST_DATA, 0, N | W, 15);
    guest_desc(&g, CONTROL, 15, GUEST_RESPONSE, 10, N | W, 14);
    guest_desc(&g, CONTROL, 14, GUEST_RESPONSE + 10, 1000, W, 14);
    guest_offer(&g, CONTROL, 40);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, &last), 1);
    assert_int_equal(last.id, 40);
    assert_int_equal(last.len, sizeof(struct virtio_gpu_resp_display_info));
    assert_int_equal(answered(), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

static void indirect_table(void **state)
{
    struct virtio_gpu_ctrl_hdr hdr = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};

    (void)state;
    begin(GUEST_FEATURES);
    g.indirect = true;
    g.piece = 1;
    assert_int_equal(guest_command(&g, CONTROL, &hdr, HDR, NULL, 600),
                     VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

/* Of the descriptor of a table the write flag means nothing. */
static void indirect_table_with_write(void **state)
{
    const struct vring_desc table[] = {{GUEST_REQUEST, HDR, N, 1},
                                       {GUEST_RESPONSE, 600, W, 0}};

    (void)state;
    begin(GUEST_FEATURES);
    put_header(GUEST_REQUEST, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
    memcpy(guest_ptr(&g, GUEST_INDIRECT, sizeof(table)), table, sizeof(table));
    guest_desc(&g, CONTROL, 0, GUEST_INDIRECT, sizeof(table), I | W, 0);
    guest_offer(&g, CONTROL, 0);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(answered(), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

static void indices_wrap(void **state)
{
    uint32_t i;

    (void)state;
    begin(GUEST_FEATURES);
    for (i = 0; i < 0x10010; i++) {
        put_header(GUEST_REQUEST, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
        guest_desc(&g, CONTROL, 3, GUEST_REQUEST, HDR, N, 4);
        guest_desc(&g, CONTROL, 4, GUEST_RESPONSE, HDR, W, 0);
        guest_offer(&g, CONTROL, 3);
        engine_turn(g.rig.e, 0);
    }
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0x10);
    assert_int_equal(g.used[CONTROL], 0x10);
    assert_false(stopped());
}

/* A driver that polls asks for no interrupt, by either means. */
static void interrupts(void **state)
{
    const uint64_t features[] = {GUEST_FEATURES, 1ull << 32};
    struct vring_avail *avail;
    uint32_t i, before;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(features[i]);
        avail = guest_ptr(&g, GUEST_AVAIL(CONTROL), 6 + 2 * GUEST_QUEUE);
        put_header(GUEST_REQUEST, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
        guest_desc(&g, CONTROL, 0, GUEST_REQUEST, HDR, N, 1);
        guest_desc(&g, CONTROL, 1, GUEST_RESPONSE, HDR, W, 0);
        before = g.rig.link->eng.queue_done[CONTROL];
        guest_offer(&g, CONTROL, 0);
        guest_turn(&g);
        assert_int_equal(g.rig.link->eng.queue_done[CONTROL], before + 1);
        assert_true(rig_events(&g.rig) > 0);
        /* Not before the third one from here. */
        if (i == 0)
            avail->ring[GUEST_QUEUE] = 3;
        else
            avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
        guest_offer(&g, CONTROL, 0);
        guest_offer(&g, CONTROL, 0);
        guest_turn(&g);
        assert_int_equal(guest_returned(&g, CONTROL, NULL), 3);
        assert_int_equal(g.rig.link->eng.queue_done[CONTROL], before + 1);
        assert_int_equal(rig_events(&g.rig), 0);
        avail->flags = 0;
        guest_offer(&g, CONTROL, 0);
        guest_turn(&g);
        assert_int_equal(g.rig.link->eng.queue_done[CONTROL], before + 2);
        if (i == 0)
            guest_free(&g);
    }
}

/* What waits together is answered together: one interrupt. */
static void one_interrupt_for_several(void **state)
{
    uint32_t before, i;

    (void)state;
    begin(1ull << 32);
    put_header(GUEST_REQUEST, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
    guest_desc(&g, CONTROL, 0, GUEST_REQUEST, HDR, N, 1);
    guest_desc(&g, CONTROL, 1, GUEST_RESPONSE, HDR, W, 0);
    before = g.rig.link->eng.queue_done[CONTROL];
    for (i = 0; i < 10; i++)
        guest_offer(&g, CONTROL, 0);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 10);
    assert_int_equal(g.rig.link->eng.queue_done[CONTROL], before + 1);
}

/* The index of which the device wants to hear is the one that it waits for. */
static void asks_to_be_notified(void **state)
{
    struct vring_used *used;
    uint16_t event;

    (void)state;
    begin(GUEST_FEATURES);
    used = guest_ptr(&g, GUEST_USED(CONTROL), 6 + 8 * GUEST_QUEUE);
    put_header(GUEST_REQUEST, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
    guest_desc(&g, CONTROL, 0, GUEST_REQUEST, HDR, N, 1);
    guest_desc(&g, CONTROL, 1, GUEST_RESPONSE, HDR, W, 0);
    guest_offer(&g, CONTROL, 0);
    guest_offer(&g, CONTROL, 0);
    guest_turn(&g);
    memcpy(&event, &used->ring[GUEST_QUEUE], sizeof(event));
    assert_int_equal(event, 2);
}

/* ---- Hostile ones -------------------------------------------------------- */

struct chain {
    const char *what;
    struct vring_desc d[4], table[4];
    uint16_t head;
    bool no_indirect;
};

#define R GUEST_REQUEST
#define GAP 0xf0000000ull

static const struct chain bad_chains[] = {
    {"head beyond the table", .head = GUEST_QUEUE},
    {"head 65535", .head = 0xffff},
    {"loop of one", .d = {{R, 1, N, 0}}},
    {"loop of two", .d = {{R, 1, N, 1}, {R, 1, N, 0}}},
    {"next beyond the table", .d = {{R, 1, N, GUEST_QUEUE}}},
    {"read behind written", .d = {{R, 1, N | W, 1}, {R, 1, 0, 0}}},
    {"too many bytes", .d = {{R, VIRTQ_BYTES, N, 1}, {R, 1, 0, 0}}},
    {"bytes that wrap", .d = {{R, 2, N, 1}, {R, 0xffffffff, 0, 0}}},
    {"address beyond all", .d = {{1ull << 52, 1, 0, 0}}},
    {"address that wraps", .d = {{~0ull, 8, 0, 0}}},
    {"indirect, and not agreed on", .d = {{GUEST_INDIRECT, 16, I, 0}},
     .no_indirect = true},
    {"indirect with next", .d = {{GUEST_INDIRECT, 16, I | N, 1}}},
    {"empty table", .d = {{GUEST_INDIRECT, 0, I, 0}}},
    {"part of a descriptor", .d = {{GUEST_INDIRECT, 24, I, 0}}},
    {"huge table", .d = {{GUEST_INDIRECT, 16 * (VIRTQ_PIECES + 1), I, 0}}},
    {"table in no memory", .d = {{GAP, 16, I, 0}}},
    {"table in a table", .d = {{GUEST_INDIRECT, 16, I, 0}},
     .table = {{GUEST_INDIRECT, 16, I, 0}}},
    {"loop in a table", .d = {{GUEST_INDIRECT, 32, I, 0}},
     .table = {{R, 1, N, 1}, {R, 1, N, 0}}},
    {"next beyond a table", .d = {{GUEST_INDIRECT, 32, I, 0}},
     .table = {{R, 1, N, 2}}},
    {"answer in no memory", .d = {{R, HDR, N, 1}, {GAP, HDR, W, 0}}},
};

static void lay_out(const struct chain *c)
{
    uint32_t i;

    for (i = 0; i < 4; i++)
        guest_desc(&g, CONTROL, i, c->d[i].addr, c->d[i].len, c->d[i].flags,
                   c->d[i].next);
    memcpy(guest_ptr(&g, GUEST_INDIRECT, sizeof(c->table)), c->table,
           sizeof(c->table));
}

/* Each stops the queues, is reported, and is over after the driver's reset. */
static void bad_chain(void **state)
{
    const struct virtio_gpu_ctrl_hdr hdr = {
        .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
    const struct chain *c;
    uint32_t faults;
    size_t i;

    (void)state;
    begin(GUEST_FEATURES);
    for (i = 0; i < sizeof(bad_chains) / sizeof(bad_chains[0]); i++) {
        c = &bad_chains[i];
        if (c->no_indirect) {
            g.rig.link->dev.features = 1ull << 32;
            assert_int_equal(guest_start(&g, 0), 0);
        }
        put_header(R, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
        lay_out(c);
        faults = g.rig.link->eng.fault_count;
        guest_offer(&g, CONTROL, c->head);
        guest_turn(&g);
        if (!stopped())
            fail_msg("%s: goes on", c->what);
        assert_int_equal(g.rig.link->eng.fault_count, faults + 1);
        assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
        /* Nothing of it is left. */
        g.rig.link->dev.features = GUEST_FEATURES;
        guest_renew(&g);
        if (guest_command(&g, CONTROL, &hdr, HDR, NULL, 600) !=
            VIRTIO_GPU_RESP_OK_DISPLAY_INFO)
            fail_msg("%s: not over", c->what);
        guest_start(&g, 0);
        memset(guest_ptr(&g, GUEST_AVAIL(CONTROL), 0x1000), 0, 0x1000);
        memset(guest_ptr(&g, GUEST_USED(CONTROL), 0x1000), 0, 0x1000);
        g.avail[CONTROL] = g.used[CONTROL] = 0;
        guest_start(&g, 0);
        guest_turn(&g);
    }
}

static void index_too_far(void **state)
{
    struct vring_avail *avail;

    (void)state;
    begin(GUEST_FEATURES);
    avail = guest_ptr(&g, GUEST_AVAIL(CONTROL), 6);
    avail->idx = GUEST_QUEUE + 1;
    guest_turn(&g);
    assert_true(stopped());
    assert_int_equal(g.rig.link->eng.fault_code, XVGPU_FAULT_PACKET_FIELD);
}

static void areas_in_no_memory(void **state)
{
    struct link_dev *dev;
    uint32_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        guest_new(&g, GUEST_FEATURES);
        dev = &g.rig.link->dev;
        put_header(R, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
        guest_desc(&g, CONTROL, 0, R, HDR, N, 1);
        guest_desc(&g, CONTROL, 1, GUEST_RESPONSE, HDR, W, 0);
        if (i == 0)
            dev->queue[CONTROL].desc = GAP;
        else if (i == 1)
            dev->queue[CONTROL].driver = GAP;
        else
            dev->queue[CONTROL].device = GAP;
        assert_int_equal(guest_start(&g, 0), 0);
        guest_offer(&g, CONTROL, 0);
        guest_turn(&g);
        assert_true(stopped());
        assert_int_equal(g.rig.link->eng.fault_code, XVGPU_FAULT_ADDRESS);
        if (i < 2)
            guest_free(&g);
    }
}

/* What the device should have refused. */
static void bad_queues(void **state)
{
    static const struct link_queue bad[] = {
        {0x10000, 0x11000, 0x12000, 0, 1},
        {0x10000, 0x11000, 0x12000, 48, 1},
        {0x10000, 0x11000, 0x12000, LINK_QUEUE_SIZE_MAX * 2, 1},
        {0x10008, 0x11000, 0x12000, 64, 1},
        {0x10000, 0x11001, 0x12000, 64, 1},
        {0x10000, 0x11000, 0x12002, 64, 1},
        {1ull << 52, 0x11000, 0x12000, 64, 1},
        {0x10000, ~1ull, 0x12000, 64, 1},
        {0x10000, 0x11000, ~3ull, 64, 1},
    };
    size_t i;

    (void)state;
    guest_new(&g, GUEST_FEATURES);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        g.rig.link->dev.queue[CONTROL] = bad[i];
        assert_int_equal(guest_start(&g, 0), XVGPU_FAULT_RING_BASE);
        assert_int_equal(g.rig.link->eng.state, LINK_IDLE);
    }
    /* A queue that is not enabled may say anything. */
    g.rig.link->dev.queue[CONTROL].enabled = 0;
    assert_int_equal(guest_start(&g, 0), 0);
}

/* Without the right to DMA nothing is looked at; with it, everything. */
static void bus_master_off(void **state)
{
    const struct virtio_gpu_ctrl_hdr hdr = {
        .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};

    (void)state;
    begin(GUEST_FEATURES);
    g.rig.link->dev.bus_master = 0;
    guest_put(&g, CONTROL, &hdr, HDR, 600);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
    /* What has been seen already waits, too. */
    g.rig.link->dev.bus_master = 1;
    virtio_front.look(g.rig.e);
    g.rig.link->dev.bus_master = 0;
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
    assert_int_equal(g.rig.e->grant.want, GRANT_NONE);
    g.rig.link->dev.bus_master = 1;
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, end)
    const struct CMUnitTest tests[] = {
        TEST(chain_in_pieces),     TEST(indirect_table),
        TEST(indices_wrap),        TEST(interrupts),
        TEST(asks_to_be_notified), TEST(one_interrupt_for_several),
        TEST(bad_chain),           TEST(index_too_far),
        TEST(areas_in_no_memory),  TEST(bad_queues),
        TEST(bus_master_off),      TEST(indirect_table_with_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
