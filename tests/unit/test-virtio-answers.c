/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a virtio-gpu's commands are answered: behind what the renderer does, in
 * order, once, and by a successor if need be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "virgl-guest.h"

static struct guest g;

/* ---- A renderer whose fences don't come -----------------------------------
 */

static unsigned int held;  /* looks at it that see nothing */
static useconds_t slow_us; /* that the next look takes */
static uint32_t most;      /* parts that were under way at a look */
static struct {
    bool looked, second_done;
    uint16_t used;
    struct saved_head saved;
} meanwhile;

void __real_virgl_renderer_poll(void);
void __wrap_virgl_renderer_poll(void);

static struct vring_used *used_ring(void)
{
    return guest_ptr(&g, GUEST_USED(CONTROL), 6 + 8 * GUEST_QUEUE);
}

static uint32_t under_way(void)
{
    const struct virgl *v = vgpu_of(g.rig.e)->virgl;

    return v ? v->fence - v->fence_done : 0;
}

void __wrap_virgl_renderer_poll(void)
{
    if (slow_us)
        usleep(slow_us);
    slow_us = 0;
    most = under_way() > most ? under_way() : most;
    if (!held) {
        __real_virgl_renderer_poll();
        return;
    }
    if (--held)
        return;
    meanwhile.looked = true;
    meanwhile.used = used_ring()->idx;
    meanwhile.saved = *vgpu_of(g.rig.e)->store.head;
    meanwhile.second_done = resource_find(vgpu_of(g.rig.e), 9);
}

/* ---- Commands -------------------------------------------------------------
 */

static int begin_2d(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES);
}

static int begin_3d(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES_3D);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

/* A chain of two descriptors from 2 * i on. */
static void offer(uint32_t i, const void *request, uint32_t len)
{
    uint64_t from = GUEST_REQUEST + 0x10000 * i;
    uint64_t to = GUEST_RESPONSE + 0x1000 * i;

    memcpy(guest_ptr(&g, from, len), request, len);
    memset(guest_ptr(&g, to, HDR), 0, HDR);
    guest_desc(&g, CONTROL, 2 * i, from, len, VRING_DESC_F_NEXT,
               (uint16_t)(2 * i + 1));
    guest_desc(&g, CONTROL, 2 * i + 1, to, HDR, VRING_DESC_F_WRITE, 0);
    guest_offer(&g, CONTROL, (uint16_t)(2 * i));
}

static const struct virtio_gpu_ctrl_hdr *answer(uint32_t i)
{
    return guest_ptr(&g, GUEST_RESPONSE + 0x1000 * i, HDR);
}

/* The chain at a position of the used ring. */
static uint32_t chain_at(uint16_t at)
{
    return used_ring()->ring[at % GUEST_QUEUE].id;
}

static struct virtio_gpu_resource_create_2d creation(uint32_t id)
{
    return (struct virtio_gpu_resource_create_2d){
        .hdr = {.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
                .flags = VIRTIO_GPU_FLAG_FENCE,
                .fence_id = id},
        .resource_id = id,
        .format = BGRX,
        .width = 16,
        .height = 16,
    };
}

static void offer_creation(uint32_t i, uint32_t id, uint32_t flags)
{
    struct virtio_gpu_resource_create_2d c = creation(id);

    c.hdr.flags = flags;
    offer(i, &c, sizeof(c));
}

/* A context that may draw to resource 1, and has done so. */
static void prepare(void)
{
    uint32_t dw[STREAM_TARGET + STREAM_CLEAR];
    const uint32_t n = stream_target(dw, 1);

    guest_target(&g, 1);
    stream_clear(dw + n, 0, 0, 0);
    assert_int_equal(guest_submit(&g, 1, dw, sizeof(dw) / 4, sizeof(dw)), OK);
}

/* A stream of n times the same. */
static void offer_clears(uint32_t i, uint32_t n)
{
    static struct {
        struct virtio_gpu_cmd_submit c;
        uint32_t dw[300][STREAM_CLEAR];
    } s;
    uint32_t k;

    assert_true(n <= 300);
    s.c = (struct virtio_gpu_cmd_submit){
        .hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D,
                .ctx_id = 1,
                .flags = VIRTIO_GPU_FLAG_FENCE,
                .fence_id = 77},
        .size = n * sizeof(s.dw[0]),
    };
    for (k = 0; k < n; k++)
        stream_clear(s.dw[k], 0, 0, 0);
    offer(i, &s, sizeof(s.c) + s.c.size);
}

/* ---- Tests ----------------------------------------------------------------
 */

/* A fenced command waits, the queue goes on, and who comes later is answered
 * later. */
static void waits_in_order(void **state)
{
    uint16_t before;

    (void)state;
    prepare();
    before = g.used[CONTROL];
    held = 20;
    offer_clears(0, 1);
    offer_creation(1, 9, 0);
    guest_turn(&g);
    assert_true(meanwhile.looked);
    assert_int_equal(meanwhile.used, before);
    assert_true(meanwhile.second_done);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 2);
    assert_int_equal(chain_at(before), 0);
    assert_int_equal(chain_at((uint16_t)(before + 1)), 2);
    assert_int_equal(answer(0)->type, OK);
    assert_int_equal(answer(0)->fence_id, 77);
    assert_int_equal(answer(1)->type, OK);
    assert_int_equal(g.rig.link->eng.fence, 77);
}

/* One part of a stream is drawn while the next is prepared, no more; and who
 * gives the engine back has waited for all. */
static void two_under_way(void **state)
{
    struct virgl *v = vgpu_of(g.rig.e)->virgl;
    uint32_t before;

    (void)state;
    prepare();
    offer_clears(0, 300);
    virtio_front.look(g.rig.e);
    v->draws = 4;
    before = v->fence;
    most = 0;
    rig_grant(&g.rig, GRANT_NONE);
    virtio_front.run(g.rig.e); /* as if it were taken away just then */
    assert_true(vgpu_of(g.rig.e)->request.busy);
    assert_true(v->fence != before);
    assert_int_equal(under_way(), 0);
    rig_grant(&g.rig, GRANT_RUN);
    before = v->fence;
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(answer(0)->type, OK);
    assert_true(v->fence - before >= 3);
    assert_in_range(most, 1, 2);
    assert_int_equal(under_way(), 0);
}

/* A stream of few draws that take long is cut, too. */
static void few_that_take_long(void **state)
{
    struct virgl *v = vgpu_of(g.rig.e)->virgl;

    (void)state;
    prepare();
    v->draws = 16;
    slow_us = 20000;
    offer_clears(0, 6);
    guest_turn(&g);
    assert_int_equal(slow_us, 0);
    offer_clears(1, 6);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 2);
    assert_in_range(v->draws, 1, 6);
}

/* Nowhere to answer to. */
static void offer_mute(uint32_t i, uint32_t id)
{
    struct virtio_gpu_resource_create_2d c = creation(id);
    uint64_t from = GUEST_REQUEST + 0x1000 * i;

    memcpy(guest_ptr(&g, from, sizeof(c)), &c, sizeof(c));
    guest_desc(&g, CONTROL, i, from, sizeof(c), 0, 0);
    guest_offer(&g, CONTROL, (uint16_t)i);
}

/* More than can wait, behind one that does. The ring's position before. */
static uint16_t wait_in_a_full_line(void)
{
    uint16_t before;
    uint32_t i;

    prepare();
    before = g.used[CONTROL];
    held = 500;
    offer_clears(0, 1);
    for (i = 2; i < GUEST_QUEUE; i++)
        offer_mute(i, 100 + i);
    guest_turn(&g);
    held = 0;
    return before;
}

static void many_wait(void **state)
{
    const uint16_t before = wait_in_a_full_line();
    uint32_t i;

    (void)state;
    assert_int_equal(guest_returned(&g, CONTROL, NULL), GUEST_QUEUE - 1);
    assert_int_equal(chain_at(before), 0);
    assert_int_equal(answer(0)->type, OK);
    for (i = 2; i < GUEST_QUEUE; i++) {
        assert_int_equal(chain_at((uint16_t)(before + i - 1)), i);
        assert_non_null(resource_find(vgpu_of(g.rig.e), 100 + i));
    }
}

/* Where it waits for the renderer, with as many in line as there may be and one
 * more under way, it dies: all of them are answered. */
static void dies_with_a_full_line(void **state)
{
    const uint16_t before = wait_in_a_full_line();
    uint32_t i;

    (void)state;
    assert_int_equal(meanwhile.used, before);
    assert_int_equal(meanwhile.saved.busy, 1);
    *vgpu_of(g.rig.e)->store.head = meanwhile.saved;
    used_ring()->idx = before;
    guest_respawn(&g);
    assert_int_equal(g.rig.link->eng.state, LINK_RUNNING);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), GUEST_QUEUE - 1);
    assert_int_equal(chain_at(before), 0);
    assert_int_equal(answer(0)->type, UNSPEC);
    for (i = 2; i < GUEST_QUEUE; i++)
        assert_int_equal(chain_at((uint16_t)(before + i - 1)), i);
}

/* A queue that can't be gone on with leaves nothing in the renderer. */
static void fault_while_it_draws(void **state)
{
    struct vring_avail *avail =
        guest_ptr(&g, GUEST_AVAIL(CONTROL), sizeof(*avail));

    (void)state;
    prepare();
    offer_clears(0, 1);
    assert_true(virtio_front.look(g.rig.e));
    avail->idx = (uint16_t)(avail->idx + GUEST_QUEUE + 1);
    held = 20;
    most = 0;
    virtio_front.run(g.rig.e);
    assert_int_equal(g.rig.link->eng.state, LINK_STOPPED);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
    assert_int_equal(held, 0);
    assert_int_equal(under_way(), 0);
}

/* A stream that ends in nonsense has drawn before that: it counts. */
static void refused_streams_count(void **state)
{
    struct virgl *v = vgpu_of(g.rig.e)->virgl;
    uint32_t dw[STREAM_CLEAR + 1], i, before;

    (void)state;
    prepare();
    stream_clear(dw, 0, 0, 0);
    dw[STREAM_CLEAR] = 0xff; /* nobody's command */
    for (i = 0; i < 4; i++) {
        before = v->part;
        assert_int_equal(guest_submit(&g, 1, dw, sizeof(dw) / 4, sizeof(dw)),
                         BAD_PARAMETER);
        assert_true(v->part != before);
        assert_true(v->chunk.heavy > 0);
        assert_int_equal(under_way(), 0);
    }
}

/* An answer that is too long to wait lets those before it go first. */
static void long_answer(void **state)
{
    const struct virtio_gpu_ctrl_hdr c = {.type =
                                              VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
    const struct virtio_gpu_resp_display_info *info;
    uint16_t before;

    (void)state;
    prepare();
    before = g.used[CONTROL];
    held = 20;
    offer_clears(0, 1);
    offer(1, &c, sizeof(c));
    guest_desc(&g, CONTROL, 3, GUEST_RESPONSE + 0x1000, sizeof(*info),
               VRING_DESC_F_WRITE, 0);
    guest_turn(&g);
    assert_int_equal(meanwhile.used, before);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 2);
    assert_int_equal(chain_at(before), 0);
    assert_int_equal(chain_at((uint16_t)(before + 1)), 2);
    info = guest_ptr(&g, GUEST_RESPONSE + 0x1000, sizeof(*info));
    assert_int_equal(info->hdr.type, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    assert_int_equal(info->pmodes[0].r.width, 1280);
}

/* As if the process had died when two answers waited; `given`: the first one
 * was in the used ring, which was not noted any more. */
static void die_waiting(bool given)
{
    struct saved_queue *s = &vgpu_of(g.rig.e)->store.head->queue[CONTROL];
    struct vring_used *used = used_ring();
    uint16_t at = s->used, before = g.used[CONTROL];

    offer_creation(0, 1, VIRTIO_GPU_FLAG_FENCE);
    offer_creation(1, 2, 0);
    s->last_avail += 2;
    s->head[at % VGPU_WAITING] = 0;
    s->head[(at + 1u) % VGPU_WAITING] = 2;
    s->end = (uint16_t)(at + 2);
    if (given) {
        used->ring[before % GUEST_QUEUE] = (struct vring_used_elem){0, HDR};
        used->idx++;
    }
    guest_respawn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 2);
    assert_int_equal(chain_at(before), 0);
    assert_int_equal(chain_at((uint16_t)(before + 1)), 2);
    assert_int_equal(answer(0)->type, given ? 0 : UNSPEC);
    assert_int_equal(answer(1)->type, UNSPEC);
    /* And the queue goes on behind them. */
    offer_creation(3, 9, VIRTIO_GPU_FLAG_FENCE);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(answer(3)->type, OK);
}

static void successor_answers(void **state)
{
    (void)state;
    die_waiting(false);
}

static void successor_answers_once(void **state)
{
    (void)state;
    die_waiting(true);
}

/* It stood in line already, and was noted as under way still. */
static void busy_and_waiting(void **state)
{
    struct saved_head *saved = vgpu_of(g.rig.e)->store.head;
    struct saved_queue *s = &saved->queue[CONTROL];

    (void)state;
    offer_creation(0, 1, VIRTIO_GPU_FLAG_FENCE);
    saved->busy = 1;
    saved->busy_queue = CONTROL;
    saved->busy_head = 0;
    saved->busy_next = 1;
    s->last_avail = 1;
    s->head[0] = 0;
    s->end = 1;
    guest_respawn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(answer(0)->type, UNSPEC);
}

/* A driver with more to do is told of what is done, but not each time. */
static void told_when_late(void **state)
{
    struct vgpu *v = vgpu_of(g.rig.e);
    const uint32_t *done = &g.rig.link->eng.queue_done[CONTROL];
    uint32_t before = *done;

    (void)state;
    offer_creation(0, 1, 0);
    offer_creation(1, 2, 0);
    assert_true(virtio_front.look(g.rig.e));
    assert_int_equal(vgpu_step(v), STEP_DONE);
    assert_true(v->due[CONTROL] && v->due_ns);
    v->due_ns = UINT64_MAX; /* just now */
    vgpu_interrupt_late(v);
    assert_int_equal(*done, before);
    v->due_ns = 1; /* long ago */
    vgpu_interrupt_late(v);
    assert_int_equal(*done, before + 1);
    vgpu_interrupt_late(v);
    assert_int_equal(*done, before + 1);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(told_when_late, begin_2d, end),
        cmocka_unit_test_setup_teardown(successor_answers, begin_2d, end),
        cmocka_unit_test_setup_teardown(successor_answers_once, begin_2d, end),
        cmocka_unit_test_setup_teardown(busy_and_waiting, begin_2d, end),
        cmocka_unit_test_setup_teardown(waits_in_order, begin_3d, end),
        cmocka_unit_test_setup_teardown(many_wait, begin_3d, end),
        cmocka_unit_test_setup_teardown(dies_with_a_full_line, begin_3d, end),
        cmocka_unit_test_setup_teardown(fault_while_it_draws, begin_3d, end),
        cmocka_unit_test_setup_teardown(refused_streams_count, begin_3d, end),
        cmocka_unit_test_setup_teardown(two_under_way, begin_3d, end),
        cmocka_unit_test_setup_teardown(few_that_take_long, begin_3d, end),
        cmocka_unit_test_setup_teardown(long_answer, begin_3d, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
