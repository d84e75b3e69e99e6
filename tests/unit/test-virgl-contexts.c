/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts of a virtio-gpu by capset, and fences on their rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "virgl-guest.h"

#define ON_RING (VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX)

static struct guest g;

static int begin(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES_3D);
}

static int begin_of_old(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES | 1ull << VIRTIO_GPU_F_VIRGL);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

static struct virtio_gpu_ctrl_hdr submit(uint32_t ctx, uint32_t flags,
                                         uint8_t ring, uint64_t fence)
{
    struct {
        struct virtio_gpu_cmd_submit c;
        uint32_t dw[2];
    } s = {.c = {.hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D,
                         .flags = flags,
                         .fence_id = fence,
                         .ctx_id = ctx,
                         .ring_idx = ring},
                 .size = sizeof(s.dw)},
           .dw = {29 | 1u << 16, 1}}; /* CREATE_SUB_CTX */
    struct virtio_gpu_ctrl_hdr to = {0};

    guest_command(&g, CONTROL, &s, sizeof(s), &to, HDR);
    return to;
}

static void by_capset(void **state)
{
    (void)state;
    assert_int_equal(guest_context(&g, 1, 0), OK);
    assert_int_equal(guest_context(&g, 2, 1), OK);
    assert_int_equal(guest_context(&g, 3, 2), OK);
    assert_int_equal(guest_context(&g, 4, 3), BAD_PARAMETER);
    assert_int_equal(guest_context(&g, 4, 2 | 0x100), BAD_PARAMETER);
    assert_int_equal(guest_context(&g, 4, 2u | 1u << 31), BAD_PARAMETER);
    assert_int_equal(guest_context(&g, 4, 2), OK);
}

/* The timelines of two contexts, in turns: each answer says whose it is. */
static void rings(void **state)
{
    static const uint8_t ring[] = {0, 5, 63};
    struct virtio_gpu_ctrl_hdr to;
    uint64_t fence;
    uint32_t i;

    (void)state;
    assert_int_equal(guest_context(&g, 1, 2), OK);
    assert_int_equal(guest_context(&g, 2, 2), OK);
    for (i = 0; i < 12; i++) {
        fence = 0x100000001ull + i;
        to = submit(1 + i % 2, ON_RING, ring[i % 3], fence);
        assert_int_equal(to.type, OK);
        assert_int_equal(to.flags, ON_RING);
        assert_int_equal(to.ring_idx, ring[i % 3]);
        assert_int_equal(to.ctx_id, 1 + i % 2);
        assert_true(to.fence_id == fence);
        assert_true(g.rig.link->eng.fence == fence);
    }
    /* The device's own, between them. */
    to = submit(1, VIRTIO_GPU_FLAG_FENCE, 9, 7);
    assert_int_equal(to.flags, VIRTIO_GPU_FLAG_FENCE);
    assert_int_equal(submit(1, ON_RING, 64, 8).type, BAD_PARAMETER);
    assert_int_equal(submit(1, ON_RING, 255, 8).type, BAD_PARAMETER);
}

/* The answer that a process which died still owed. */
static void ring_of_the_dead(void **state)
{
    struct virtio_gpu_ctrl_hdr *to = guest_ptr(&g, GUEST_RESPONSE, HDR);
    struct virtio_gpu_resource_unref c = {
        .hdr = {.type = VIRTIO_GPU_CMD_RESOURCE_UNREF,
                .flags = ON_RING,
                .fence_id = 77,
                .ctx_id = 1,
                .ring_idx = 5},
        .resource_id = 9};
    struct saved_head *saved;

    (void)state;
    assert_int_equal(guest_context(&g, 1, 2), OK);
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    saved = vgpu_of(g.rig.e)->store.head;
    saved->busy_queue = CONTROL;
    saved->busy_head = 0;
    saved->busy_next = (uint16_t)(saved->queue[CONTROL].last_avail + 1);
    saved->busy = 1;
    guest_respawn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(to->type, UNSPEC);
    assert_int_equal(to->flags, ON_RING);
    assert_int_equal(to->ring_idx, 5);
    assert_true(to->fence_id == 77);
}

/* Who has not accepted context_init knows neither capsets nor rings. */
static void of_old(void **state)
{
    struct virtio_gpu_ctrl_hdr to;

    (void)state;
    assert_int_equal(guest_context(&g, 1, 77), OK);
    to = submit(1, ON_RING, 200, 3);
    assert_int_equal(to.type, OK);
    assert_int_equal(to.flags, VIRTIO_GPU_FLAG_FENCE);
    assert_true(to.fence_id == 3);
}

int main(void)
{
#define TEST(f, setup) cmocka_unit_test_setup_teardown(f, setup, end)
    const struct CMUnitTest tests[] = {
        TEST(by_capset, begin),
        TEST(rings, begin),
        TEST(ring_of_the_dead, begin),
        TEST(of_old, begin_of_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
