/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams of a virtio-gpu give the engine back in their midst, and wait for a
 * grant to compile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "virgl-guest.h"

static struct guest g;

static int begin(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES_3D);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

#define TRANSFER3D 43u /* src/virgl_protocol.h */

/* A long stream gives way where it is asked to. */
static void stops_in_a_stream(void **state)
{
    static uint32_t dw[4096];
    struct vgpu *v = vgpu_of(g.rig.e);
    uint32_t n, i;

    (void)state;
    guest_target(&g, 7);
    n = stream_target(dw, 7);
    for (i = 0; i < 300; i++)
        n += stream_clear(dw + n, 1, 0, (float)i / 299);
    guest_put_stream(&g, dw, n);
    guest_preempt(&g);
    assert_true(v->request.busy);
    /* The memory that it works on is mapped anew meanwhile. */
    g.rig.link->dev.map_generation++;
    engine_turn(g.rig.e, 0);
    assert_int_equal(v->virgl->mapped, 0);
    rig_grant(&g.rig, GRANT_RUN);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_shown(&g, 0, 0, 0) & 0xffffff, 0xff00ff);
}

/* Copies in a stream may take as long as draws. */
static void stops_between_copies(void **state)
{
    static uint32_t dw[8192];
    const uint32_t copy[] = {STREAM_CMD(TRANSFER3D, 0, 13),
                             7,
                             0,
                             0,
                             0,
                             0,
                             0,
                             0,
                             0,
                             SIDE,
                             SIDE,
                             1,
                             0,
                             1 /* to the host */};
    struct vgpu *v = vgpu_of(g.rig.e);
    uint32_t n = 0, i;

    (void)state;
    guest_target(&g, 7);
    guest_paint(&g, GUEST_DATA, SIDE, SIDE, 0);
    for (i = 0; i < 300; i++, n += sizeof(copy) / 4)
        memcpy(dw + n, copy, sizeof(copy));
    guest_put_stream(&g, dw, n);
    guest_preempt(&g);
    assert_true(v->request.busy && v->request.pos);
    rig_grant(&g.rig, GRANT_RUN);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_memory_equal(scanout_pixels(v->scanouts, 0),
                        guest_ptr(&g, GUEST_DATA, BYTES), BYTES);
    /* Fewer, but large ones. */
    assert_int_equal(guest_create_3d(&g, 9, 1024, 1024), OK);
    assert_int_equal(guest_attach(&g, 9, GUEST_DATA, 4 * GUEST_MIB), OK);
    assert_int_equal(
        guest_on_context(&g, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 9), OK);
    for (i = 0; i < 28; i += 14) {
        dw[i + 1] = 9;
        dw[i + 9] = dw[i + 10] = 1024;
    }
    guest_put_stream(&g, dw, 28);
    guest_preempt(&g);
    assert_int_equal(v->request.pos, 14);
    rig_grant(&g.rig, GRANT_RUN);
    guest_turn(&g);
}

/* What is new waits for a grant for compiling, and each such grant is good for
 * one chunk. What has been drawn before asks for none. */
static void compiles_when_it_may(void **state)
{
    static uint32_t dw[4096];
    struct engine *e = g.rig.e;
    uint32_t n, i, turns, compiled;

    (void)state;
    guest_target(&g, 7);
    n = stream_target(dw, 7);
    for (i = 0; i < 20; i++)
        n += stream_clear(dw + n, 0, 1, 0);
    g.rig.grant->flags = 0;
    for (i = 0; i < 2; i++) {
        compiled = 0;
        guest_put_stream(&g, dw, n);
        for (turns = 0; turns < 200; turns++) {
            engine_turn(e, 0);
            if (guest_returned(&g, CONTROL, NULL))
                break;
            compiled += e->grant.want == GRANT_COMPILE;
            rig_grant(&g.rig, (enum grant_kind)e->grant.want);
        }
        assert_true(turns < 200);
        assert_int_equal(compiled > 0, i == 0);
        rig_grant(&g.rig, GRANT_RUN);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(stops_in_a_stream),
        TEST(stops_between_copies),
        TEST(compiles_when_it_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
