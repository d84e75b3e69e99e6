/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 3D commands of a virtio-gpu, on virglrenderer and Mesa's llvmpipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dm/engine/virtio/virgl.h"
#include "virtio-guest.h"

#define SIDE 64u
#define BYTES (4 * SIDE * SIDE)
#define BGRA VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM
#define TARGET_2D 2u
#define RENDER_TARGET VIRGL_RES_BIND_RENDER_TARGET

/* Of the stream: src/virgl_protocol.h. */
#define CMD(command, object, n) ((command) | (object) << 8 | (n) << 16)
#define CREATE_OBJECT 1u
#define SET_FRAMEBUFFER 5u
#define CLEAR 7u
#define CREATE_SUB_CTX 29u
#define SET_SUB_CTX 28u
#define TRANSFER3D 43u
#define SURFACE 8u

static struct guest g;

static int begin(void **state)
{
    (void)state;
    return guest_begin(&g, GUEST_FEATURES | 1ull << VIRTIO_GPU_F_VIRGL |
                               1ull << VIRTIO_GPU_F_CONTEXT_INIT);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

static uint32_t create_context(uint32_t id, uint32_t init)
{
    struct virtio_gpu_ctx_create c = {
        .hdr = {.type = VIRTIO_GPU_CMD_CTX_CREATE, .ctx_id = id},
        .nlen = 4,
        .context_init = init,
        .debug_name = "test",
    };

    return guest_send(&g, &c, sizeof(c));
}

static uint32_t on_context(uint32_t type, uint32_t ctx, uint32_t resource)
{
    struct virtio_gpu_ctx_resource c = {.hdr = {.type = type, .ctx_id = ctx},
                                        .resource_id = resource};

    return guest_send(&g, &c, sizeof(c));
}

/* What Mesa has for a fence: without layers. */
static uint32_t create_fence(uint32_t id, uint32_t layers)
{
    struct virtio_gpu_resource_create_3d c = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = id,
        .format = 64, /* R8 */
        .bind = 1u << 17,
        .width = 8,
        .height = 1,
        .depth = 1,
        .array_size = layers,
    };

    return guest_send(&g, &c, sizeof(c));
}

static uint32_t create_3d(uint32_t id, uint32_t width, uint32_t height)
{
    struct virtio_gpu_resource_create_3d c = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = id,
        .target = TARGET_2D,
        .format = BGRA,
        .bind = RENDER_TARGET,
        .width = width,
        .height = height,
        .depth = 1,
        .array_size = 1,
        .flags = VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP,
    };

    return guest_send(&g, &c, sizeof(c));
}

static uint32_t transfer(uint32_t type, uint32_t ctx, uint32_t id,
                         uint64_t offset)
{
    struct virtio_gpu_transfer_host_3d c = {
        .hdr = {.type = type, .ctx_id = ctx},
        .box = {0, 0, 0, SIDE, SIDE, 1},
        .resource_id = id,
        .offset = offset,
    };

    return guest_send(&g, &c, sizeof(c));
}

static struct {
    struct virtio_gpu_cmd_submit c;
    uint32_t dw[8192];
} stream;

static uint32_t lay_out(uint32_t ctx, const uint32_t *dw, uint32_t n,
                        uint32_t size)
{
    stream.c = (struct virtio_gpu_cmd_submit){
        .hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D,
                .flags = VIRTIO_GPU_FLAG_FENCE,
                .fence_id = 5,
                .ctx_id = ctx},
        .size = size,
    };
    memcpy(stream.dw, dw, n * 4);
    return (uint32_t)sizeof(stream.c) + n * 4;
}

static uint32_t submit(uint32_t ctx, const uint32_t *dw, uint32_t n,
                       uint32_t size)
{
    return guest_send(&g, &stream, lay_out(ctx, dw, n, size));
}

/* In context 1, without running it. */
static void guest_put_submit(const uint32_t *dw, uint32_t n)
{
    guest_put(&g, CONTROL, &stream, lay_out(1, dw, n, n * 4), HDR);
}

static uint32_t bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

/* What makes the resource the one that is drawn to. */
static uint32_t put_target(uint32_t *dw, uint32_t resource)
{
    const uint32_t begin_[] = {
        CMD(CREATE_SUB_CTX, 0, 1),
        1,
        CMD(SET_SUB_CTX, 0, 1),
        1,
        CMD(CREATE_OBJECT, SURFACE, 5),
        1,
        resource,
        BGRA,
        0,
        0,
        CMD(SET_FRAMEBUFFER, 0, 3),
        1,
        0,
        1,
    };

    memcpy(dw, begin_, sizeof(begin_));
    return sizeof(begin_) / 4;
}

static uint32_t put_clear(uint32_t *dw, float r, float gr, float b)
{
    const uint32_t clear[] = {
        CMD(CLEAR, 0, 8),
        4 /* colour 0 */,
        bits(r),
        bits(gr),
        bits(b),
        bits(1),
        0,
        0,
        0,
    };

    memcpy(dw, clear, sizeof(clear));
    return sizeof(clear) / 4;
}

static void resource_and_context(uint32_t id)
{
    assert_int_equal(create_context(1, 0), OK);
    assert_int_equal(create_3d(id, SIDE, SIDE), OK);
    assert_int_equal(guest_attach(&g, id, GUEST_DATA, BYTES), OK);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, id), OK);
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
    struct scanout_view view;
    void *base = vgpu_of(g.rig.e)->scanouts;

    assert_int_equal(scanout_look(base, 0, &view), 0);
    return scanout_pixels(base, 0)[y * view.width + x];
}

/* ---- Good ones ----------------------------------------------------------- */

static void capsets(void **state)
{
    struct virtio_gpu_get_capset_info c = {.hdr.type =
                                               VIRTIO_GPU_CMD_GET_CAPSET_INFO};
    struct virtio_gpu_get_capset get = {.hdr.type = VIRTIO_GPU_CMD_GET_CAPSET,
                                        .capset_id = 2};
    struct virtio_gpu_resp_capset_info info;
    unsigned char caps[VGPU_RESPONSE];
    struct engine_host host = {0};
    uint32_t i, some = 0;

    (void)state;
    virtio_ops.describe(g.rig.e, &host);
    assert_int_equal(host.capsets, 2);
    assert_true(host.features & 1u << VIRTIO_GPU_F_VIRGL);
    for (i = 0; i < 2; i++) {
        c.capset_index = i;
        assert_int_equal(
            guest_command(&g, CONTROL, &c, sizeof(c), &info, sizeof(info)),
            VIRTIO_GPU_RESP_OK_CAPSET_INFO);
        assert_int_equal(info.capset_id, i + 1);
        assert_true(info.capset_max_size > 0);
    }
    assert_int_equal(guest_command(&g, CONTROL, &get, sizeof(get), caps,
                                   HDR + info.capset_max_size),
                     VIRTIO_GPU_RESP_OK_CAPSET);
    for (i = HDR; i < HDR + info.capset_max_size; i++)
        some |= caps[i];
    assert_true(some);
    c.capset_index = 2;
    assert_int_equal(guest_send(&g, &c, sizeof(c)), BAD_PARAMETER);
    get.capset_id = 0;
    assert_int_equal(guest_send(&g, &get, sizeof(get)), BAD_PARAMETER);
    get.capset_id = 1;
    get.capset_version = 77;
    assert_int_equal(guest_send(&g, &get, sizeof(get)), BAD_PARAMETER);
}

static void paint(void)
{
    uint32_t *p = guest_ptr(&g, GUEST_DATA, BYTES), i;

    for (i = 0; i < SIDE * SIDE; i++)
        p[i] = 0xff000000 | (i * 2654435761u >> 8);
}

/* What is uploaded comes back, and is shown the right way up. */
static void there_and_back(void **state)
{
    unsigned char *p = guest_ptr(&g, GUEST_DATA, BYTES), *copy = malloc(BYTES);

    (void)state;
    resource_and_context(7);
    paint();
    memcpy(copy, p, BYTES);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 7, 0), OK);
    memset(p, 0, BYTES);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, 1, 7, 0),
                     OK);
    assert_memory_equal(p, copy, BYTES);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_memory_equal(scanout_pixels(vgpu_of(g.rig.e)->scanouts, 0), copy,
                        BYTES);
    free(copy);
}

/* In more pieces than there are draws in a chunk. */
static void draws(void **state)
{
    static uint32_t dw[4096];
    uint32_t n, i;

    (void)state;
    resource_and_context(7);
    n = put_target(dw, 7);
    for (i = 0; i < 100; i++)
        n += put_clear(dw + n, 0, (float)i / 99, 1);
    assert_int_equal(submit(1, dw, n, n * 4), OK);
    assert_true(g.rig.link->eng.fence == 5);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(pixel(3, 3) & 0xffffff, 0x00ffff);
    assert_int_equal(pixel(SIDE - 1, SIDE - 1) & 0xffffff, 0x00ffff);
}

/* A long stream gives way where it is asked to. */
static void stops_in_a_stream(void **state)
{
    static uint32_t dw[4096];
    struct vgpu *v = vgpu_of(g.rig.e);
    uint32_t n, i;

    (void)state;
    resource_and_context(7);
    n = put_target(dw, 7);
    for (i = 0; i < 300; i++)
        n += put_clear(dw + n, 1, 0, (float)i / 299);
    guest_put_submit(dw, n);
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
    assert_int_equal(pixel(0, 0) & 0xffffff, 0xff00ff);
}

/* Copies in a stream may take as long as draws. */
static void stops_between_copies(void **state)
{
    static uint32_t dw[8192];
    const uint32_t copy[] = {CMD(TRANSFER3D, 0, 13),
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
    resource_and_context(7);
    paint();
    for (i = 0; i < 300; i++, n += sizeof(copy) / 4)
        memcpy(dw + n, copy, sizeof(copy));
    guest_put_submit(dw, n);
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
    assert_int_equal(create_3d(9, 1024, 1024), OK);
    assert_int_equal(guest_attach(&g, 9, GUEST_DATA, 4 * GUEST_MIB), OK);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 9), OK);
    for (i = 0; i < 28; i += 14) {
        dw[i + 1] = 9;
        dw[i + 9] = dw[i + 10] = 1024;
    }
    guest_put_submit(dw, 28);
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
    resource_and_context(7);
    n = put_target(dw, 7);
    for (i = 0; i < 20; i++)
        n += put_clear(dw + n, 0, 1, 0);
    g.rig.grant->flags = 0;
    for (i = 0; i < 2; i++) {
        compiled = 0;
        guest_put_submit(dw, n);
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

/* After the death of the process resources are there, from their backing, and
 * contexts, though empty. */
static void goes_on_after_death(void **state)
{
    static uint32_t dw[64];
    unsigned char *p, *copy = malloc(BYTES);
    uint32_t n;

    (void)state;
    resource_and_context(7);
    paint();
    p = guest_ptr(&g, GUEST_DATA, BYTES);
    memcpy(copy, p, BYTES);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 7, 0), OK);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    guest_respawn(&g);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_memory_equal(scanout_pixels(vgpu_of(g.rig.e)->scanouts, 0), copy,
                        BYTES);
    free(copy);
    assert_int_equal(create_context(1, 0), BAD_CONTEXT);
    n = put_target(dw, 7);
    n += put_clear(dw + n, 0, 1, 0);
    assert_int_equal(submit(1, dw, n, n * 4), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(pixel(9, 9) & 0xffffff, 0x00ff00);
}

/* The driver's reset frees everything. */
static void begins_anew(void **state)
{
    (void)state;
    resource_and_context(7);
    guest_renew(&g);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    resource_and_context(7);
}

/* ---- Hostile ones -------------------------------------------------------- */

static void bad_contexts(void **state)
{
    uint32_t i;

    (void)state;
    assert_int_equal(create_context(0, 0), BAD_CONTEXT);
    assert_int_equal(create_context(1, 3), BAD_PARAMETER);
    assert_int_equal(create_context(1, 2), OK);
    assert_int_equal(create_context(1, 0), BAD_CONTEXT);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 9),
                     BAD_ID);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 2, 9),
                     BAD_CONTEXT);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_DESTROY, 2, 0), BAD_CONTEXT);
    for (i = 2; i <= VGPU_CONTEXTS; i++)
        assert_int_equal(create_context(i * 0x1000001, 0), OK);
    assert_int_equal(create_context(i, 0), NO_MEMORY);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_DESTROY, 1, 0), OK);
    assert_int_equal(create_context(i, 0), OK);
}

static void bad_resources(void **state)
{
    (void)state;
    assert_int_equal(create_3d(0, SIDE, SIDE), BAD_ID);
    assert_int_equal(create_3d(1, 0, SIDE), BAD_PARAMETER);
    assert_int_equal(create_3d(1, ~0u, ~0u), BAD_PARAMETER);
    assert_int_equal(create_3d(1, VGPU_SIDE_MAX, VGPU_SIDE_MAX), NO_MEMORY);
    assert_int_equal(create_3d(1, SIDE, SIDE), OK);
    assert_int_equal(create_3d(1, SIDE, SIDE), BAD_ID);
    assert_int_equal(create_fence(2, 2), BAD_PARAMETER);
    assert_int_equal(create_fence(2, 0), OK);
    assert_int_equal(guest_create(&g, 1, BGRA, 8, 8), BAD_ID);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, 0),
                     UNSPEC);
    assert_int_equal(guest_attach(&g, 1, 0xf0000000, BYTES), UNSPEC);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA + 4, BYTES), OK);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, 4),
                     BAD_PARAMETER);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, ~0ull),
                     BAD_PARAMETER);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 8, 1, 0),
                     BAD_CONTEXT);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 3, 0),
                     BAD_ID);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 8, 8), BAD_PARAMETER);
    assert_int_equal(transfer(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, 0), OK);
}

static void bad_streams(void **state)
{
    static uint32_t dw[64];
    const uint32_t nonsense[] = {CMD(250u, 0, 1), 0};
    const uint32_t cut[] = {CMD(CLEAR, 0, 8), 4};
    uint32_t n;

    (void)state;
    resource_and_context(7);
    n = put_target(dw, 7);
    assert_int_equal(submit(2, dw, n, n * 4), BAD_CONTEXT);
    assert_int_equal(submit(1, dw, n, n * 4 + 4), BAD_PARAMETER);
    assert_int_equal(submit(1, dw, n, n * 4 - 2), BAD_PARAMETER);
    assert_int_equal(submit(1, dw, n, ~0u), BAD_PARAMETER);
    assert_int_equal(submit(1, dw, n, 0), OK);
    assert_int_equal(submit(1, nonsense, 2, 8), BAD_PARAMETER);
    /* Others are none the worse for it. */
    assert_int_equal(create_context(2, 0), OK);
    assert_int_equal(submit(2, cut, 2, 8), BAD_PARAMETER);
    assert_int_equal(create_context(3, 0), OK);
    assert_int_equal(on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 3, 7), OK);
    n += put_clear(dw + n, 1, 1, 0);
    assert_int_equal(submit(3, dw, n, n * 4), OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(capsets),
        TEST(there_and_back),
        TEST(draws),
        TEST(stops_in_a_stream),
        TEST(goes_on_after_death),
        TEST(begins_anew),
        TEST(compiles_when_it_may),
        TEST(stops_between_copies),
        TEST(bad_contexts),
        TEST(bad_resources),
        TEST(bad_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
