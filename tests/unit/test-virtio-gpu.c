/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a virtio-gpu, in 2D, and its engine's death. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/mman.h>

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

static uint32_t shown(uint32_t scanout, uint32_t x, uint32_t y)
{
    struct scanout_view view;

    assert_int_equal(scanout_look(scanouts(), scanout, &view), 0);
    assert_true(x < view.width && y < view.height);
    return view.pixels[y * view.line + x];
}

/* Each pixel of a surface in guest memory has another value. */
static void paint(uint64_t gpa, uint32_t width, uint32_t height, uint32_t salt)
{
    uint32_t *p = guest_ptr(&g, gpa, 4ull * width * height), i;

    for (i = 0; i < width * height; i++)
        p[i] = i * 2654435761u + salt;
}

static uint32_t painted(uint32_t width, uint32_t x, uint32_t y, uint32_t salt)
{
    return (y * width + x) * 2654435761u + salt;
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
    paint(GUEST_DATA, width, height, 1);
    assert_int_equal(guest_create(&g, 7, BGRX, width, height), OK);
    assert_int_equal(guest_attach(&g, 7, GUEST_DATA, 4 * width * height), OK);
    assert_int_equal(guest_scanout(&g, 0, 7, 0, 0, width, height), OK);
    assert_int_equal(scanout_look(scanouts(), 0, &view), 0);
    assert_int_equal(view.width, width);
    before = view.flushes;
    assert_int_equal(guest_transfer(&g, 7, 0, 0, 0, width, height), OK);
    assert_int_equal(shown(0, 5, 5), 0); /* until it is flushed */
    assert_int_equal(guest_flush(&g, 7, 0, 0, width, height), OK);
    scanout_look(scanouts(), 0, &view);
    assert_int_equal(view.flushes, before + 1);
    assert_memory_equal(scanout_pixels(scanouts(), 0),
                        guest_ptr(&g, GUEST_DATA, 4 * width * height),
                        4 * width * height);
    /* A part: what is outside stays. */
    paint(GUEST_DATA, width, height, 2);
    assert_int_equal(guest_transfer(&g, 7, 4 * (20 * width + 10), 10, 20, 5, 6),
                     OK);
    assert_int_equal(guest_flush(&g, 7, 10, 20, 5, 6), OK);
    assert_int_equal(shown(0, 10, 20), painted(width, 10, 20, 2));
    assert_int_equal(shown(0, 14, 25), painted(width, 14, 25, 2));
    assert_int_equal(shown(0, 15, 25), painted(width, 15, 25, 1));
    assert_int_equal(shown(0, 10, 26), painted(width, 10, 26, 1));
    assert_int_equal(shown(0, 9, 20), painted(width, 9, 20, 1));
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
    paint(GUEST_DATA, 200, 100, 3);
    assert_int_equal(guest_create(&g, 1, BGRX, 200, 100), OK);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, 80000), OK);
    assert_int_equal(guest_scanout(&g, 0, 1, 0, 0, 100, 100), OK);
    assert_int_equal(guest_scanout(&g, 1, 1, 100, 50, 100, 50), OK);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, 200, 100), OK);
    assert_int_equal(guest_flush(&g, 1, 90, 40, 60, 30), OK);
    assert_int_equal(shown(0, 90, 40), painted(200, 90, 40, 3));
    assert_int_equal(shown(0, 99, 69), painted(200, 99, 69, 3));
    assert_int_equal(shown(0, 89, 40), 0);
    assert_int_equal(shown(1, 0, 0), painted(200, 100, 50, 3));
    assert_int_equal(shown(1, 49, 19), painted(200, 149, 69, 3));
    assert_int_equal(shown(1, 49, 20), 0);
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
            y = painted(100, i % 4 * 25 + x, i / 4, 4);
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
            assert_int_equal(shown(0, x, y), painted(100, x, y, 4));
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
        assert_int_equal(shown(0, 0, 0) & 0xffffff, 0x112233);
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
    paint(GUEST_DATA, 64, 64, 5);
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

/* ---- Preemption and death ---------------------------------------------------
 */

/* A large transfer stops where the grant ends, and goes on behind it. */
static void stops_in_a_transfer(void **state)
{
    struct virtio_gpu_transfer_to_host_2d c = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
        .r = {0, 0, 1024, 1024},
        .resource_id = 1,
    };

    (void)state;
    paint(GUEST_DATA, 1024, 1024, 6);
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
    paint(GUEST_DATA, 256, 256, 7);
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
    assert_int_equal(shown(0, 100, 100), painted(256, 100, 100, 7));
    assert_int_equal(guest_create(&g, 2, BGRX, 16, 16), BAD_ID);
    memset(scanout_pixels(scanouts(), 0), 0, 256 << 10);
    assert_int_equal(shown(0, 100, 100), 0);
    assert_int_equal(guest_flush(&g, 1, 0, 0, 256, 256), OK);
    assert_int_equal(shown(0, 100, 100), painted(256, 100, 100, 7));
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
        TEST(too_many),
        TEST(stops_in_a_transfer),
        TEST(goes_on_after_death),
        TEST(no_recovery_without_dma),
        TEST(no_answer_comes_twice),
        TEST(hostile_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
