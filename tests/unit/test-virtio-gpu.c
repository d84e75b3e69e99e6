/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a virtio-gpu, in 2D. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/edid.h"
#include "virtio-guest.h"

#define CURSOR LINK_QUEUE_CURSOR

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

static void *scanouts(void)
{
    return vgpu_of(g.rig.e)->scanouts;
}

/* ---- What is asked of the device ------------------------------------------
 */

static void display_info(void **state)
{
    struct virtio_gpu_ctrl_hdr hdr = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
    struct virtio_gpu_resp_display_info info;

    (void)state;
    assert_int_equal(guest_command(&g, CONTROL, &hdr, HDR, &info, sizeof(info)),
                     VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    assert_int_equal(info.pmodes[0].enabled, 1);
    assert_int_equal(info.pmodes[0].r.width, 1280);
    assert_int_equal(info.pmodes[0].r.height, 800);
    assert_int_equal(info.pmodes[1].r.x, 1280);
    assert_int_equal(info.pmodes[1].r.width, 640);
    assert_int_equal(info.pmodes[2].enabled, 0);
    /* Half of an answer for who has no room for more. */
    assert_int_equal(guest_send(&g, &hdr, HDR),
                     VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

static void edid(void **state)
{
    struct virtio_gpu_cmd_get_edid c = {.hdr.type = VIRTIO_GPU_CMD_GET_EDID,
                                        .scanout = 1};
    struct virtio_gpu_resp_edid to;
    uint32_t i, sum = 0;

    (void)state;
    assert_int_equal(guest_command(&g, CONTROL, &c, sizeof(c), &to, sizeof(to)),
                     VIRTIO_GPU_RESP_OK_EDID);
    assert_int_equal(to.size, EDID_SIZE);
    for (i = 0; i < EDID_SIZE; i++)
        sum += to.edid[i];
    assert_int_equal(sum & 0xff, 0);
    /* The first detailed timing is what the display wants. */
    assert_int_equal(to.edid[56] | (to.edid[58] >> 4) << 8, 640);
    assert_int_equal(to.edid[59] | (to.edid[61] >> 4) << 8, 480);
    c.scanout = 2;
    assert_int_equal(guest_command(&g, CONTROL, &c, sizeof(c), &to, sizeof(to)),
                     BAD_PARAMETER);
    c.scanout = ~0u;
    assert_int_equal(guest_command(&g, CONTROL, &c, sizeof(c), &to, sizeof(to)),
                     BAD_PARAMETER);
}

static void fences(void **state)
{
    struct virtio_gpu_resource_unref c = {
        .hdr = {.type = VIRTIO_GPU_CMD_RESOURCE_UNREF,
                .flags = VIRTIO_GPU_FLAG_FENCE,
                .fence_id = 0x123456789ull,
                .ctx_id = 5},
        .resource_id = 9};
    struct virtio_gpu_ctrl_hdr to;

    (void)state;
    assert_int_equal(guest_command(&g, CONTROL, &c, sizeof(c), &to, sizeof(to)),
                     BAD_ID);
    assert_int_equal(to.flags, VIRTIO_GPU_FLAG_FENCE);
    assert_true(to.fence_id == 0x123456789ull);
    assert_int_equal(to.ctx_id, 5);
    assert_true(g.rig.link->eng.fence == 0x123456789ull);
    assert_int_equal(g.rig.link->eng.jobs, 1);
}

/* ---- From a surface to the screen ------------------------------------------
 */

static void shows_what_is_drawn(void **state)
{
    /* No frame for it: what is shown is a copy. */
    const uint32_t width = 319, height = 800;
    struct scanout_view view;
    uint32_t before;

    (void)state;
    guest_paint(&g, GUEST_DATA, width, height, 1);
    assert_int_equal(guest_create(&g, 7, BGRX, width, height), OK);
    assert_int_equal(guest_attach(&g, 7, GUEST_DATA, 4 * width * height), OK);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, width, height), OK);
    assert_int_equal(scanout_look(scanouts(), 0, &view), 0);
    assert_int_equal(view.width, width);
    before = view.flushes;
    assert_int_equal(guest_transfer(&g, 7, 0, 0, 0, width, height), OK);
    assert_int_equal(guest_shown(&g, 0, 5, 5), 0); /* until it is flushed */
    assert_int_equal(guest_flush(&g, 7, 0, 0, width, height), OK);
    scanout_look(scanouts(), 0, &view);
    assert_int_equal(view.flushes, before + 1);
    assert_memory_equal(scanout_pixels(scanouts(), 0),
                        guest_ptr(&g, GUEST_DATA, 4 * width * height),
                        4 * width * height);
    /* A part: what is outside stays. */
    guest_paint(&g, GUEST_DATA, width, height, 2);
    assert_int_equal(guest_transfer(&g, 7, 4 * (20 * width + 10), 10, 20, 5, 6),
                     OK);
    assert_int_equal(guest_flush(&g, 7, 10, 20, 5, 6), OK);
    assert_int_equal(guest_shown(&g, 0, 10, 20),
                     guest_painted(width, 10, 20, 2));
    assert_int_equal(guest_shown(&g, 0, 14, 25),
                     guest_painted(width, 14, 25, 2));
    assert_int_equal(guest_shown(&g, 0, 15, 25),
                     guest_painted(width, 15, 25, 1));
    assert_int_equal(guest_shown(&g, 0, 10, 26),
                     guest_painted(width, 10, 26, 1));
    assert_int_equal(guest_shown(&g, 0, 9, 20), guest_painted(width, 9, 20, 1));
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 7),
                     OK);
    assert_true(scanout_look(scanouts(), 0, &view) < 0);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, 0);
}

/* Two displays on one surface, as a driver lays them side by side. */
static void part_of_a_surface(void **state)
{
    (void)state;
    guest_paint(&g, GUEST_DATA, 200, 100, 3);
    assert_int_equal(guest_create(&g, 1, BGRX, 200, 100), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 80000), OK);
    assert_int_equal(guest_scanout(&g, 0, 1, 0, 0, 100, 100), OK);
    assert_int_equal(guest_scanout(&g, 1, 1, 100, 50, 100, 50), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 200, 100), OK);
    assert_int_equal(guest_flush(&g, 1, 90, 40, 60, 30), OK);
    assert_int_equal(guest_shown(&g, 0, 90, 40), guest_painted(200, 90, 40, 3));
    assert_int_equal(guest_shown(&g, 0, 99, 69), guest_painted(200, 99, 69, 3));
    assert_int_equal(guest_shown(&g, 0, 89, 40), 0);
    assert_int_equal(guest_shown(&g, 1, 0, 0), guest_painted(200, 100, 50, 3));
    assert_int_equal(guest_shown(&g, 1, 49, 19),
                     guest_painted(200, 149, 69, 3));
    assert_int_equal(guest_shown(&g, 1, 49, 20), 0);
    /* Nothing of it is shown any more. */
    assert_int_equal(guest_scanout(&g, 1, 0, 0, 0, 0, 0), OK);
    assert_int_equal(guest_flush(&g, 1, 0, 0, 200, 100), OK);
}

/* Backing of many pieces, none a page, in any order. */
static void scattered_backing(void **state)
{
    struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry entry[400];
    } a = {.c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
                 .resource_id = 1,
                 .nr_entries = 400}};
    uint32_t i, x, y;

    (void)state;
    g.indirect = true;
    g.piece = 512;
    assert_int_equal(guest_create(&g, 1, BGRX, 100, 100), OK);
    for (i = 0; i < 400; i++) {
        a.entry[i].addr = GUEST_DATA + ((i * 177) % 400) * 100;
        a.entry[i].length = 100;
        for (x = 0; x < 25; x++) {
            y = guest_painted(100, i % 4 * 25 + x, i / 4, 4);
            memcpy(guest_ptr(&g, a.entry[i].addr + 4 * x, 4), &y, 4);
        }
    }
    assert_int_equal(guest_send(&g, &a, sizeof(a)), OK);
    assert_int_equal(guest_scanout(&g, 0, 1, 0, 0, 100, 100), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 100, 100), OK);
    /* Backwards, too. */
    assert_int_equal(guest_transfer(&g, 1, 4 * 5 * 100, 0, 5, 100, 10), OK);
    assert_int_equal(guest_flush(&g, 1, 0, 0, 100, 100), OK);
    for (y = 0; y < 100; y++) {
        for (x = 0; x < 100; x++)
            assert_int_equal(guest_shown(&g, 0, x, y),
                             guest_painted(100, x, y, 4));
    }
}

static void formats(void **state)
{
    static const struct {
        uint32_t format, pixel; /* of red 0x11, green 0x22, blue 0x33 */
    } rows[] = {
        {VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 0x44112233},
        {VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 0x44112233},
        {VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, 0x33221144},
        {VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, 0x33221144},
        {VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, 0x44332211},
        {VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, 0x44332211},
        {VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, 0x11223344},
        {VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, 0x11223344},
    };
    uint32_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memcpy(guest_ptr(&g, GUEST_DATA, 4), &rows[i].pixel, 4);
        assert_int_equal(guest_create(&g, 10 + i, rows[i].format, 1, 1), OK);
        assert_int_equal(guest_attach(&g, 10 + i, GUEST_DATA, 4), OK);
        assert_int_equal(guest_scanout(&g, 0, 10 + i, 0, 0, 1, 1), OK);
        assert_int_equal(guest_transfer(&g, 10 + i, 0, 0, 0, 1, 1), OK);
        assert_int_equal(guest_flush(&g, 10 + i, 0, 0, 1, 1), OK);
        assert_int_equal(guest_shown(&g, 0, 0, 0) & 0xffffff, 0x112233);
    }
}

static uint32_t cursor(uint32_t type, uint32_t scanout, uint32_t id, uint32_t x,
                       uint32_t y)
{
    struct virtio_gpu_update_cursor c = {
        .hdr.type = type,
        .pos = {.scanout_id = scanout, .x = x, .y = y},
        .resource_id = id,
        .hot_x = 3,
        .hot_y = 4,
    };

    return guest_command(&g, CURSOR, &c, sizeof(c), NULL, HDR);
}

static void cursors(void **state)
{
    struct scanout_cursor c;

    (void)state;
    guest_paint(&g, GUEST_DATA, 64, 64, 5);
    assert_int_equal(
        guest_create(&g, 1, VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 64, 64), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 16384), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 64, 64), OK);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_UPDATE_CURSOR, 1, 1, 100, 200), OK);
    assert_int_equal(scanout_look_cursor(scanouts(), 1, &c), 0);
    assert_int_equal(c.visible, 1);
    assert_int_equal(c.x, 100);
    assert_int_equal(c.hot_y, 4);
    assert_memory_equal(c.pixels, guest_ptr(&g, GUEST_DATA, 16384), 16384);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_MOVE_CURSOR, 1, 0, 101, ~0u), OK);
    scanout_look_cursor(scanouts(), 1, &c);
    assert_int_equal(c.x, 101);
    assert_int_equal(c.y, -1);
    assert_int_equal(c.visible, 1);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_UPDATE_CURSOR, 1, 0, 0, 0), OK);
    scanout_look_cursor(scanouts(), 1, &c);
    assert_int_equal(c.visible, 0);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_UPDATE_CURSOR, 4, 1, 0, 0),
                     VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_MOVE_CURSOR, 2, 0, 0, 0),
                     VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 2, 0, 0), BAD_ID);
    assert_int_equal(guest_create(&g, 2, BGRX, 32, 64), OK);
    assert_int_equal(cursor(VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 2, 0, 0),
                     BAD_PARAMETER);
    /* Of the other queue. */
    assert_int_equal(cursor(VIRTIO_GPU_CMD_GET_DISPLAY_INFO, 0, 2, 0, 0),
                     UNSPEC);
}

/* ---- Hostile ones -------------------------------------------------------- */

static void bad_commands(void **state)
{
    static const uint32_t types[] = {0, 0xff, 0x10b, 0x200, 0x1100, ~0u};
    struct virtio_gpu_resource_create_2d c = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D};
    uint32_t i;

    (void)state;
    for (i = 0; i < 6; i++) {
        c.hdr.type = types[i];
        assert_int_equal(guest_send(&g, &c, sizeof(c)), UNSPEC);
    }
    c.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D;
    for (i = 1; i < sizeof(c); i++)
        assert_int_equal(guest_send(&g, &c, i), UNSPEC);
    /* Nobody listens to the answer. */
    assert_int_equal(guest_command(&g, CONTROL, &c, sizeof(c), NULL, 0), 0);
    assert_int_equal(guest_command(&g, CONTROL, &c, sizeof(c), NULL, 7), 0);
    assert_int_equal(g.rig.link->eng.state, LINK_RUNNING);
}

static void bad_resources(void **state)
{
    (void)state;
    assert_int_equal(guest_create(&g, 0, BGRX, 8, 8), BAD_ID);
    assert_int_equal(guest_create(&g, 1, BGRX, 0, 8), BAD_PARAMETER);
    assert_int_equal(guest_create(&g, 1, BGRX, 8, 0), BAD_PARAMETER);
    assert_int_equal(guest_create(&g, 1, 5, 8, 8), BAD_PARAMETER);
    assert_int_equal(guest_create(&g, 1, BGRX, ~0u, ~0u), BAD_PARAMETER);
    assert_int_equal(guest_create(&g, 1, BGRX, VGPU_SIDE_MAX, VGPU_SIDE_MAX),
                     NO_MEMORY);
    assert_int_equal(guest_create(&g, 1, BGRX, 8, 8), OK);
    assert_int_equal(guest_create(&g, 1, BGRX, 8, 8), BAD_ID);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 8, 8), UNSPEC);
    assert_int_equal(guest_attach(&g, 2, GUEST_DATA, 256), BAD_ID);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 0), BAD_PARAMETER);
    assert_int_equal(guest_attach(&g, 1, ~0ull, 256), BAD_PARAMETER);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 255), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 255), UNSPEC);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 8, 8), UNSPEC);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 8, 7), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 9, 7), BAD_PARAMETER);
    assert_int_equal(guest_transfer(&g, 1, 0, ~0u, 0, 2, 7), BAD_PARAMETER);
    assert_int_equal(guest_transfer(&g, 1, 0, 1, 0, ~0u, 7), BAD_PARAMETER);
    assert_int_equal(guest_transfer(&g, 1, ~0ull, 0, 0, 8, 2), UNSPEC);
    assert_int_equal(guest_transfer(&g, 1, ~0ull - 16, 0, 0, 8, 2), UNSPEC);
    assert_int_equal(guest_transfer(&g, 2, 0, 0, 0, 8, 8), BAD_ID);
    assert_int_equal(guest_flush(&g, 1, 0, 0, 8, 9), BAD_PARAMETER);
    assert_int_equal(guest_flush(&g, 2, 0, 0, 8, 8), BAD_ID);
    assert_int_equal(guest_scanout(&g, 2, 1, 0, 0, 8, 8),
                     VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
    assert_int_equal(guest_scanout(&g, 0, 1, 1, 0, 8, 8), BAD_PARAMETER);
    assert_int_equal(guest_scanout(&g, 0, 3, 0, 0, 8, 8), BAD_ID);
    assert_int_equal(
        guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, 1), OK);
    assert_int_equal(
        guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, 1),
        UNSPEC);
    /* Backing where there is no memory is found out by using it. */
    assert_int_equal(guest_attach(&g, 1, 0xf0000000, 256), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 8, 8), UNSPEC);
    /* More than a screen has. */
    assert_int_equal(guest_create(&g, 4, BGRX, SCANOUT_WIDTH_MAX + 1, 1), OK);
    assert_int_equal(guest_scanout(&g, 0, 4, 0, 0, SCANOUT_WIDTH_MAX + 1, 1),
                     BAD_PARAMETER);
}

static void bad_entries(void **state)
{
    struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry entry[2];
    } a = {.c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
                 .resource_id = 1},
           .entry = {{.addr = GUEST_DATA, .length = ~0u},
                     {.addr = GUEST_DATA, .length = ~0u}}};
    static const uint32_t counts[] = {0, 3, 0x10000001, ~0u};
    uint32_t i;

    (void)state;
    assert_int_equal(guest_create(&g, 1, BGRX, 8, 8), OK);
    for (i = 0; i < 4; i++) {
        a.c.nr_entries = counts[i];
        assert_int_equal(guest_send(&g, &a, sizeof(a)), BAD_PARAMETER);
    }
    a.c.nr_entries = 2; /* 8 GiB */
    assert_int_equal(guest_send(&g, &a, sizeof(a)), NO_MEMORY);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, 0);
}

/* Each costs as much as a page. */
static void too_many_crumbs(void **state)
{
    static struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry entry[VGPU_CRUMBS_MAX + 2];
    } a = {.c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
                 .resource_id = 1}};
    struct saved_block *block;
    uint32_t i;

    (void)state;
    assert_int_equal(guest_create(&g, 1, BGRX, 8, 8), OK);
    for (i = 0; i < VGPU_CRUMBS_MAX + 1; i++)
        a.entry[i] = (struct virtio_gpu_mem_entry){GUEST_DATA + 8192 * i,
                                                   VGPU_CRUMB - 1, 0};
    a.entry[i] = (struct virtio_gpu_mem_entry){GUEST_DATA, VGPU_CRUMB, 0};
    a.c.nr_entries = VGPU_CRUMBS_MAX + 2;
    assert_int_equal(guest_send(&g, &a, sizeof(a)), BAD_PARAMETER);
    a.entry[7].length = VGPU_CRUMB;
    assert_int_equal(guest_send(&g, &a, sizeof(a)), OK);
    /* Nor does a successor take such a list. */
    block = &vgpu_of(g.rig.e)->store.block[0];
    block->entry[7].len = 1;
    guest_respawn(&g);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, 0);
}

/* As many resources as there may be, and one more; then all are free again. */
static void too_many(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 1; i <= VGPU_RESOURCES; i++)
        assert_int_equal(guest_create(&g, i, BGRX, 1, 1), OK);
    assert_int_equal(guest_create(&g, i, BGRX, 1, 1), NO_MEMORY);
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 77),
                     OK);
    assert_int_equal(guest_create(&g, i, BGRX, 1, 1), OK);
    guest_renew(&g);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    assert_int_equal(guest_create(&g, 1, BGRX, 1, 1), OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(display_info),
        TEST(edid),
        TEST(fences),
        TEST(shows_what_is_drawn),
        TEST(part_of_a_surface),
        TEST(scattered_backing),
        TEST(formats),
        TEST(cursors),
        TEST(bad_commands),
        TEST(bad_resources),
        TEST(bad_entries),
        TEST(too_many_crumbs),
        TEST(too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
