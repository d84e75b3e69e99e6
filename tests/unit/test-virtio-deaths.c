/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio-gpu's engine is preempted in 2D, dies, and is succeeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "virtio-guest.h"

static struct guest g;

static int begin(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

/* A large transfer stops where the grant ends, and goes on behind it. */
static void stops_in_a_transfer(void **state)
{
    struct virtio_gpu_transfer_to_host_2d c = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
        .r = {0, 0, 1024, 1024},
        .resource_id = 1,
    };

    (void)state;
    guest_paint(&g, GUEST_DATA, 1024, 1024, 6);
    assert_int_equal(guest_create(&g, 1, BGRX, 1024, 1024), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 4 << 20), OK);
    assert_int_equal(guest_scanout(&g, 0, 1, 0, 0, 1024, 1024), OK);
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    engine_turn(g.rig.e, 0); /* all of it, unless it is asked to stop */
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    guest_preempt(&g);
    assert_true(vgpu_of(g.rig.e)->request.busy);
    assert_true(vgpu_of(g.rig.e)->request.pos > 0);
    engine_turn(g.rig.e, 0);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
    rig_grant(&g.rig, GRANT_RUN);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
}

static void goes_on_after_death(void **state)
{
    struct virtio_gpu_transfer_to_host_2d c = {
        .hdr = {.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
                .flags = VIRTIO_GPU_FLAG_FENCE,
                .fence_id = 42},
        .r = {0, 0, 256, 256},
        .resource_id = 1,
    };
    struct virtio_gpu_ctrl_hdr *hdr = guest_ptr(&g, GUEST_RESPONSE, HDR);
    struct vring_used_elem last;
    uint32_t done;

    (void)state;
    guest_paint(&g, GUEST_DATA, 256, 256, 7);
    assert_int_equal(guest_create(&g, 1, BGRX, 256, 256), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 256 << 10), OK);
    assert_int_equal(guest_create(&g, 2, BGRX, 16, 16), OK);
    assert_int_equal(guest_scanout(&g, 0, 1, 0, 0, 256, 256), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 256, 256), OK);
    assert_int_equal(guest_flush(&g, 1, 0, 0, 256, 256), OK);
    /* It dies in the midst of a command, another one waits. */
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    guest_preempt(&g);
    assert_true(vgpu_of(g.rig.e)->request.busy);
    rig_grant(&g.rig, GRANT_RUN);
    guest_respawn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, &last), 1);
    assert_int_equal(last.len, HDR);
    assert_int_equal(hdr->type, UNSPEC);
    assert_int_equal(hdr->fence_id, 42);
    /* What was shown is shown, and resources are what they were. */
    assert_int_equal(guest_shown(&g, 0, 100, 100),
                     guest_painted(256, 100, 100, 7));
    assert_int_equal(guest_create(&g, 2, BGRX, 16, 16), BAD_ID);
    memset(scanout_pixels(vgpu_of(g.rig.e)->scanouts, 0), 0, 256 << 10);
    assert_int_equal(guest_shown(&g, 0, 100, 100), 0);
    assert_int_equal(guest_flush(&g, 1, 0, 0, 256, 256), OK);
    assert_int_equal(guest_shown(&g, 0, 100, 100),
                     guest_painted(256, 100, 100, 7));
    /* And another time, while idle: whether the driver was told of the last
     * answer nobody knows, so it is told again. */
    done = g.rig.link->eng.queue_done[CONTROL];
    guest_respawn(&g);
    assert_true(g.rig.link->eng.queue_done[CONTROL] > done);
    assert_int_equal(guest_returned(&g, CONTROL, &last), 0);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 256, 256), OK);
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
                     OK);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 4 * 16 * 16);
}

/* A process that is still to clear what another driver left dies: there is
 * nothing for its successor to go on with but the new driver's queues. */
static void dies_before_it_begins(void **state)
{
    (void)state;
    assert_int_equal(guest_create(&g, 1, BGRX, 16, 16), OK);
    assert_int_equal(guest_create(&g, 2, BGRX, 16, 16), OK);
    assert_int_equal(rig_command(&g.rig, LINK_CMD_STOP), 0);
    guest_empty_rings(&g);
    rig_grant(&g.rig, GRANT_NONE);
    assert_int_equal(guest_start(&g, 0), 0);
    assert_true(g.rig.e->preparing);
    rig_grant(&g.rig, GRANT_RUN);
    guest_respawn(&g);
    assert_int_equal(g.rig.link->eng.state, LINK_RUNNING);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    assert_int_equal(guest_create(&g, 1, BGRX, 16, 16), OK);
    /* It has begun: now there is. */
    guest_respawn(&g);
    assert_int_equal(guest_create(&g, 1, BGRX, 16, 16), BAD_ID);
}

/* Without the right to DMA its memory is not read, also not by a process that
 * goes on for another one. */
static void no_recovery_without_dma(void **state)
{
    uint32_t i;

    (void)state;
    assert_int_equal(guest_create(&g, 1, BGRX, 256, 256), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 256 << 10), OK);
    rig_respawn(&g.rig);
    g.rig.link->dev.bus_master = 0;
    assert_int_equal(guest_start(&g, 1), 0);
    for (i = 0; i < 3; i++)
        engine_turn(g.rig.e, 0);
    assert_int_equal(fx_foreign_mappings(g.rig.domid), 0);
    assert_null(resource_find(vgpu_of(g.rig.e), 1));
    assert_int_equal(g.rig.e->grant.want, GRANT_NONE);
    g.rig.link->dev.bus_master = 1;
    guest_turn(&g);
    assert_non_null(resource_find(vgpu_of(g.rig.e), 1));
}

/* The answer was given, but nobody wrote down that it was. */
static void no_answer_comes_twice(void **state)
{
    struct saved_head *saved = vgpu_of(g.rig.e)->store.head;
    struct saved_head before;

    (void)state;
    assert_int_equal(guest_create(&g, 1, BGRX, 16, 16), OK);
    before = *saved;
    assert_int_equal(guest_create(&g, 2, BGRX, 16, 16), OK);
    before.busy = 1;
    before.busy_queue = CONTROL;
    before.busy_head = 0;
    before.busy_next = 2;
    *saved = before;
    guest_respawn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
    assert_int_equal(guest_create(&g, 3, BGRX, 16, 16), OK);
    assert_int_equal(g.used[CONTROL], 3);
}

/* What a process left that was taken over: anything. */
static void hostile_context(void **state)
{
    struct store *store;
    uint32_t i, k, seed = 1;
    unsigned char *p;

    (void)state;
    for (i = 0; i < 200; i++) {
        guest_create(&g, 1, BGRX, 64, 64);
        guest_attach(&g, 1, GUEST_DATA, 16384);
        guest_create(&g, 2, BGRX, 64, 64);
        guest_attach(&g, 2, GUEST_DATA, 16384);
        store = &vgpu_of(g.rig.e)->store;
        for (k = 0; k < 1 + i % 7; k++) {
            seed = seed * 1664525 + 1013904223;
            p = (seed >> 8) % 3 == 0   ? (unsigned char *)store->head + 8
                : (seed >> 8) % 3 == 1 ? (unsigned char *)store->resource
                                       : (unsigned char *)store->block;
            seed = seed * 1664525 + 1013904223;
            p[(seed >> 8) % 128] = (unsigned char)(seed >> 24);
        }
        guest_respawn(&g);
        guest_renew(&g);
        assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
        assert_int_equal(guest_create(&g, 9, BGRX, 64, 64), OK);
    }
    /* A loop of blocks, and one that two resources share. */
    guest_create(&g, 1, BGRX, 64, 64);
    guest_attach(&g, 1, GUEST_DATA, 16384);
    guest_create(&g, 2, BGRX, 64, 64);
    guest_attach(&g, 2, GUEST_DATA, 16384);
    store = &vgpu_of(g.rig.e)->store;
    store->block[0].next = 1;
    store->resource[2].first = 1;
    guest_respawn(&g);
    assert_int_equal(guest_transfer(&g, 2, 0, 0, 0, 64, 64), UNSPEC);
    /* Nothing at all: the driver has to begin anew. */
    vgpu_of(g.rig.e)->store.head->magic = 0;
    guest_respawn(&g);
    assert_int_equal(g.rig.link->eng.state, LINK_STOPPED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(stops_in_a_transfer),   TEST(goes_on_after_death),
        TEST(dies_before_it_begins), TEST(no_recovery_without_dma),
        TEST(no_answer_comes_twice), TEST(hostile_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
