/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory that the renderer is lent, and transfers from and to it: what is
 * long is cut. */
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

/* A query's results are in memory that guest and renderer both write to: what
 * the guest wrote while it was not lent is not undone. */
static void results_stay(void **state)
{
    const struct virtio_gpu_resource_create_3d c = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = 8,
        .format = 64, /* R8_UNORM */
        .bind = VIRGL_RES_BIND_CUSTOM,
        .width = 64,
        .height = 1,
        .depth = 1,
        .array_size = 1,
    };
    struct virtio_gpu_transfer_host_3d c7 = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D,
        .box = {0, 0, 0, SIDE, SIDE, 1},
        .resource_id = 7,
    };
    unsigned char *p = guest_ptr(&g, GUEST_DATA + BYTES + 100, 64);

    (void)state;
    assert_int_equal(guest_create_3d(&g, 7, SIDE, SIDE), OK);
    assert_int_equal(guest_attach(&g, 7, GUEST_DATA, BYTES), OK);
    assert_int_equal(guest_send(&g, &c, sizeof(c)), OK);
    assert_int_equal(guest_attach(&g, 8, GUEST_DATA + BYTES + 100, 64), OK);
    memset(p, 1, 64);
    g.rig.link->dev.map_generation++;
    engine_turn(g.rig.e, 0);
    assert_null(resource_find(vgpu_of(g.rig.e), 8)->iov);
    memset(p, 2, 64);
    assert_int_equal(guest_send(&g, &c7, sizeof(c7)), OK);
    assert_non_null(resource_find(vgpu_of(g.rig.e), 8)->iov);
    assert_int_equal(p[0], 2);
    assert_int_equal(p[63], 2);
    memset(p, 3, 64);
    guest_respawn(&g);
    assert_non_null(resource_find(vgpu_of(g.rig.e), 8)->iov);
    assert_int_equal(p[0], 3);
    assert_int_equal(p[63], 3);
}

/* Entries of 3 MiB and a bit that begin in the midst of a page, at an offset
 * of their own in the memory that there is. */
#define ENTRIES 8u
#define ENTRY_BYTES (3 * GUEST_MIB + 1234)
#define ENTRY_AT(i) (GUEST_DATA + (i) * (GUEST_MIB / 2 + 100))
#define ALL_BYTES (2048u * 2048u * 4u)

static void put_attach(uint32_t id)
{
    struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry e[ENTRIES];
    } c = {.c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
                 .resource_id = id,
                 .nr_entries = ENTRIES}};
    uint32_t i;

    for (i = 0; i < ENTRIES; i++)
        c.e[i] = (struct virtio_gpu_mem_entry){ENTRY_AT(i), ENTRY_BYTES, 0};
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
}

static uint32_t bytes_mapped(void)
{
    return (uint32_t)vgpu_of(g.rig.e)->virgl->mapped;
}

/* A boundary behind each step. */
static uint32_t steps_of_command(void)
{
    struct vgpu *v = vgpu_of(g.rig.e);
    uint32_t steps;

    for (steps = 1; steps < 100; steps++) {
        rig_grant(&g.rig, GRANT_RUN);
        guest_preempt(&g);
        if (!v->request.busy)
            break;
    }
    rig_grant(&g.rig, GRANT_RUN);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    return steps;
}

/* Whole, by whatever way it comes. */
static void there_and_back_in(uint32_t steps_there, uint32_t steps_back,
                              struct virtio_gpu_transfer_host_3d c)
{
    struct virtio_gpu_ctrl_hdr *hdr = guest_ptr(&g, GUEST_RESPONSE, HDR);
    const uint32_t bytes = 8 * GUEST_MIB;
    uint32_t *p = guest_ptr(&g, GUEST_DATA, bytes), i;

    for (i = 0; i < bytes / 4; i++)
        p[i] = i * 2654435761u;
    c.hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D;
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    assert_int_equal(steps_of_command(), steps_there);
    assert_int_equal(hdr->type, OK);
    memset(p, 0, bytes);
    c.hdr.type = VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D;
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    assert_int_equal(steps_of_command(), steps_back);
    assert_int_equal(hdr->type, OK);
    for (i = 0; i < bytes / 4; i++)
        if (p[i] != i * 2654435761u)
            fail_msg("dword %u", i);
}

static void cuts_transfers(void **state)
{
    struct virtio_gpu_resource_create_3d layers = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = 10,
        .target = 7, /* 2D array */
        .format = BGRA,
        .bind = VIRGL_RES_BIND_SAMPLER_VIEW,
        .width = 512,
        .height = 512,
        .depth = 1,
        .array_size = 8,
    };
    struct virtio_gpu_resource_create_3d buffer = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = 11,
        .format = 64, /* R8_UNORM */
        .bind = VIRGL_RES_BIND_VERTEX_BUFFER,
        .width = 8 * GUEST_MIB,
        .height = 1,
        .depth = 1,
        .array_size = 1,
    };
    struct virtio_gpu_transfer_host_3d c = {.resource_id = 9};

    (void)state;
    assert_int_equal(guest_create_3d(&g, 9, 2048, 1024), OK);
    assert_int_equal(guest_send(&g, &layers, sizeof(layers)), OK);
    assert_int_equal(guest_send(&g, &buffer, sizeof(buffer)), OK);
    assert_int_equal(guest_attach(&g, 9, GUEST_DATA, 8 * GUEST_MIB), OK);
    assert_int_equal(guest_attach(&g, 10, GUEST_DATA, 8 * GUEST_MIB), OK);
    assert_int_equal(guest_attach(&g, 11, GUEST_DATA, 8 * GUEST_MIB), OK);
    c.box = (struct virtio_gpu_box){0, 0, 0, 2048, 1024, 1};
    there_and_back_in(2, 2, c);
    c.stride = 4 * 2048;
    there_and_back_in(2, 2, c);
    c = (struct virtio_gpu_transfer_host_3d){.resource_id = 10};
    c.box = (struct virtio_gpu_box){0, 0, 0, 512, 512, 8};
    there_and_back_in(8, 8, c);
    c = (struct virtio_gpu_transfer_host_3d){.resource_id = 11};
    c.box = (struct virtio_gpu_box){0, 0, 0, 8 * GUEST_MIB, 1, 1};
    there_and_back_in(2, 2, c);
    /* A part that is not there is not there as a part either. */
    c.resource_id = 9;
    c.box = (struct virtio_gpu_box){0, 0, 0, 2048, 1025, 1};
    c.hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D;
    assert_int_equal(guest_send(&g, &c, sizeof(c)), BAD_PARAMETER);
    c.box = (struct virtio_gpu_box){0, 0, 0, 2048, 1024, 1};
    c.offset = ~0ull - 4096;
    assert_int_equal(guest_send(&g, &c, sizeof(c)), BAD_PARAMETER);
}

/* Much memory is lent in steps, and taken back in steps. */
static void lends_in_pieces(void **state)
{
    struct virtio_gpu_transfer_host_3d c = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D,
        .box = {0, 0, 0, 2048, 2048, 1},
        .resource_id = 9,
    };
    struct vgpu *v = vgpu_of(g.rig.e);
    uint32_t *p = guest_ptr(&g, GUEST_DATA, 8 * GUEST_MIB), i, steps, before;
    const unsigned char *bytes = (const unsigned char *)p;
    uint32_t *shown;

    (void)state;
    for (i = 0; i < 8 * GUEST_MIB / 4; i++)
        p[i] = i * 2654435761u;
    assert_int_equal(guest_create_3d(&g, 9, 2048, 2048), OK);
    put_attach(9);
    steps = steps_of_command();
    assert_true(steps > ENTRIES * ENTRY_BYTES / (4 * GUEST_MIB));
    assert_true(steps < 100);
    /* Without a grant. */
    g.rig.link->dev.map_generation++;
    engine_turn(g.rig.e, 0);
    assert_true(g.rig.e->untidy);
    before = (uint32_t)fx_foreign_mappings(g.rig.domid);
    assert_true(before > 0 && bytes_mapped() > 0);
    for (steps = 0; steps < 100 && g.rig.e->untidy; steps++)
        engine_turn(g.rig.e, 0);
    assert_int_equal(bytes_mapped(), 0);
    rig_grant(&g.rig, GRANT_RUN);
    /* What is there is what the list says, across pieces. */
    assert_int_equal(guest_send(&g, &c, sizeof(c)), OK);
    assert_int_equal(guest_scanout(&g, 0, 9, 0, 0, 2048, 2048), OK);
    assert_int_equal(guest_flush(&g, 9, 0, 0, 2048, 2048), OK);
    shown = scanout_pixels(v->scanouts, 0);
    for (i = 0; i < ALL_BYTES; i++) {
        uint32_t entry = i / (uint32_t)ENTRY_BYTES,
                 at = i % (uint32_t)ENTRY_BYTES;

        if (((unsigned char *)shown)[i] !=
            bytes[ENTRY_AT(entry) - GUEST_DATA + at])
            fail_msg("byte %u", i);
    }
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 9),
                     OK);
    for (steps = 0; steps < 100 && g.rig.e->untidy; steps++)
        engine_turn(g.rig.e, 0);
    assert_int_equal(bytes_mapped(), 0);
}

/* Where all of it is not there any more, finding that out takes steps, too; and
 * what was not there once is not looked for again. */
static void failing_in_steps(void **state)
{
    const uint32_t page = GUEST_MIB / 4096;
    struct virtio_gpu_transfer_host_3d c = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D,
        .box = {0, 0, 0, SIDE, SIDE, 1},
        .resource_id = 7,
    };
    uint32_t i;

    (void)state;
    assert_int_equal(guest_create_3d(&g, 7, SIDE, SIDE), OK);
    assert_int_equal(guest_attach(&g, 7, GUEST_DATA, BYTES), OK);
    for (i = 20; i < 30; i++) {
        assert_int_equal(guest_create_3d(&g, i, 256, 256), OK);
        assert_int_equal(guest_attach(&g, i, GUEST_DATA + GUEST_MIB, 1 << 18),
                         OK);
    }
    assert_int_equal(
        fx_balloon_out(g.rig.domid, 0, GUEST_DATA / 4096 + page + 3, 1), 0);
    g.rig.link->dev.map_generation++;
    engine_turn(g.rig.e, 0);
    while (g.rig.e->untidy)
        engine_turn(g.rig.e, 0);
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    assert_in_range(steps_of_command(), 11, 13);
    assert_non_null(resource_find(vgpu_of(g.rig.e), 7)->iov);
    for (i = 20; i < 30; i++)
        assert_null(resource_find(vgpu_of(g.rig.e), i)->iov);
    guest_put(&g, CONTROL, &c, sizeof(c), HDR);
    assert_int_equal(steps_of_command(), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(results_stay),
        TEST(cuts_transfers),
        TEST(lends_in_pieces),
        TEST(failing_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
