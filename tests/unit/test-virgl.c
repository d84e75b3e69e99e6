/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 3D commands of a virtio-gpu, on virglrenderer and Mesa's llvmpipe: good ones,
 * and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

/* What is uploaded comes back, and is shown the right way up. */
static void there_and_back(void **state)
{
    unsigned char *p = guest_ptr(&g, GUEST_DATA, BYTES), *copy = malloc(BYTES);

    (void)state;
    guest_target(&g, 7);
    guest_paint(&g, GUEST_DATA, SIDE, SIDE, 0);
    memcpy(copy, p, BYTES);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 7, 0), OK);
    memset(p, 0, BYTES);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, 1, 7, 0),
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
    guest_target(&g, 7);
    n = stream_target(dw, 7);
    for (i = 0; i < 100; i++)
        n += stream_clear(dw + n, 0, (float)i / 99, 1);
    assert_int_equal(guest_submit(&g, 1, dw, n, n * 4), OK);
    assert_true(g.rig.link->eng.fence == 5);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_shown(&g, 0, 3, 3) & 0xffffff, 0x00ffff);
    assert_int_equal(guest_shown(&g, 0, SIDE - 1, SIDE - 1) & 0xffffff,
                     0x00ffff);
}

/* After the death of the process resources are there, from their backing, and
 * contexts, though empty. */
static void goes_on_after_death(void **state)
{
    static uint32_t dw[64];
    unsigned char *p, *copy = malloc(BYTES);
    uint32_t n;

    (void)state;
    guest_target(&g, 7);
    guest_paint(&g, GUEST_DATA, SIDE, SIDE, 0);
    p = guest_ptr(&g, GUEST_DATA, BYTES);
    memcpy(copy, p, BYTES);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 7, 0), OK);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, SIDE, SIDE), OK);
    guest_respawn(&g);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_memory_equal(scanout_pixels(vgpu_of(g.rig.e)->scanouts, 0), copy,
                        BYTES);
    free(copy);
    assert_int_equal(guest_context(&g, 1, 0), BAD_CONTEXT);
    n = stream_target(dw, 7);
    n += stream_clear(dw + n, 0, 1, 0);
    assert_int_equal(guest_submit(&g, 1, dw, n, n * 4), OK);
    assert_int_equal(guest_flush(&g, 7, 0, 0, SIDE, SIDE), OK);
    assert_int_equal(guest_shown(&g, 0, 9, 9) & 0xffffff, 0x00ff00);
}

/* The driver's reset frees everything. */
static void begins_anew(void **state)
{
    (void)state;
    guest_target(&g, 7);
    guest_renew(&g);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    guest_target(&g, 7);
}

/* ---- Hostile ones -------------------------------------------------------- */

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

static void bad_contexts(void **state)
{
    uint32_t i;

    (void)state;
    assert_int_equal(guest_context(&g, 0, 0), BAD_CONTEXT);
    assert_int_equal(guest_context(&g, 1, 3), BAD_PARAMETER);
    assert_int_equal(guest_context(&g, 1, 2), OK);
    assert_int_equal(guest_context(&g, 1, 0), BAD_CONTEXT);
    assert_int_equal(
        guest_on_context(&g, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 9), BAD_ID);
    assert_int_equal(
        guest_on_context(&g, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 2, 9),
        BAD_CONTEXT);
    assert_int_equal(guest_on_context(&g, VIRTIO_GPU_CMD_CTX_DESTROY, 2, 0),
                     BAD_CONTEXT);
    for (i = 2; i <= VGPU_CONTEXTS; i++)
        assert_int_equal(guest_context(&g, i * 0x1000001, 0), OK);
    assert_int_equal(guest_context(&g, i, 0), NO_MEMORY);
    assert_int_equal(guest_on_context(&g, VIRTIO_GPU_CMD_CTX_DESTROY, 1, 0),
                     OK);
    assert_int_equal(guest_context(&g, i, 0), OK);
}

static void bad_resources(void **state)
{
    (void)state;
    assert_int_equal(guest_create_3d(&g, 0, SIDE, SIDE), BAD_ID);
    assert_int_equal(guest_create_3d(&g, 1, 0, SIDE), BAD_PARAMETER);
    assert_int_equal(guest_create_3d(&g, 1, ~0u, ~0u), BAD_PARAMETER);
    assert_int_equal(guest_create_3d(&g, 1, VGPU_SIDE_MAX, VGPU_SIDE_MAX),
                     NO_MEMORY);
    assert_int_equal(guest_create_3d(&g, 1, SIDE, SIDE), OK);
    assert_int_equal(guest_create_3d(&g, 1, SIDE, SIDE), BAD_ID);
    assert_int_equal(create_fence(2, 2), BAD_PARAMETER);
    assert_int_equal(create_fence(2, 0), OK);
    assert_int_equal(guest_create(&g, 1, BGRA, 8, 8), BAD_ID);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, 0),
        UNSPEC);
    assert_int_equal(guest_attach(&g, 1, 0xf0000000, BYTES), UNSPEC);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA + 4, BYTES), OK);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, 4),
        BAD_PARAMETER);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, ~0ull),
        BAD_PARAMETER);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 8, 1, 0),
        BAD_CONTEXT);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 3, 0),
        BAD_ID);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 8, 8), BAD_PARAMETER);
    assert_int_equal(
        guest_transfer_3d(&g, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, 0, 1, 0), OK);
}

static void bad_streams(void **state)
{
    static uint32_t dw[64];
    const uint32_t nonsense[] = {STREAM_CMD(250u, 0, 1), 0};
    uint32_t cut[STREAM_CLEAR];
    uint32_t n;

    (void)state;
    guest_target(&g, 7);
    n = stream_target(dw, 7);
    assert_int_equal(guest_submit(&g, 2, dw, n, n * 4), BAD_CONTEXT);
    assert_int_equal(guest_submit(&g, 1, dw, n, n * 4 + 4), BAD_PARAMETER);
    assert_int_equal(guest_submit(&g, 1, dw, n, n * 4 - 2), BAD_PARAMETER);
    assert_int_equal(guest_submit(&g, 1, dw, n, ~0u), BAD_PARAMETER);
    assert_int_equal(guest_submit(&g, 1, dw, n, 0), OK);
    assert_int_equal(guest_submit(&g, 1, nonsense, 2, 8), BAD_PARAMETER);
    stream_clear(cut, 1, 0, 0);
    /* Others are none the worse for it. */
    assert_int_equal(guest_context(&g, 2, 0), OK);
    assert_int_equal(guest_submit(&g, 2, cut, 2, 8), BAD_PARAMETER);
    assert_int_equal(guest_context(&g, 3, 0), OK);
    assert_int_equal(
        guest_on_context(&g, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 3, 7), OK);
    n += stream_clear(dw + n, 1, 1, 0);
    assert_int_equal(guest_submit(&g, 3, dw, n, n * 4), OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(capsets),       TEST(there_and_back),
        TEST(draws),         TEST(goes_on_after_death),
        TEST(begins_anew),   TEST(bad_contexts),
        TEST(bad_resources), TEST(bad_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
