/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blob resources of a virtio-gpu in the guest's pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "blob-guest.h"

static struct guest g;
static struct blob_request blob;

static int begin(void **state)
{
    (void)state;
    return guest_begin(&g, BLOB_FEATURES);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

/* ---- In the guest's pages -------------------------------------------------
 */

/* Linux would wait for each picture (docs/BENCHMARKS.md). */
static void not_offered_alone(void **state)
{
    struct engine_host host = {0};

    (void)state;
    virtio_ops.describe(g.rig.e, &host);
    assert_false(host.features & 1u << VIRTIO_GPU_F_RESOURCE_BLOB);
    assert_false(host.features & 1u << VIRTIO_GPU_F_VIRGL);
}

static void shows_the_guests_pages(void **state)
{
    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    blob_paint(&g, 1);
    assert_int_equal(blob_show(&g, 1), OK);
    assert_int_equal(blob_shown(&g, 0, 5, 5), 0); /* until it is flushed */
    assert_int_equal(blob_flush(&g, 1), OK);
    assert_true(blob_is_shown(&g, 1));
    /* A part, without a transfer and with one. */
    blob_paint(&g, 2);
    assert_int_equal(guest_transfer(&g, 1, 0, 0, 0, WIDTH, HEIGHT), OK);
    assert_int_equal(blob_shown(&g, 0, 10, 20), blob_painted(10, 20, 1));
    assert_int_equal(guest_flush(&g, 1, 10, 20, 5, 6), OK);
    assert_int_equal(blob_shown(&g, 0, 10, 20), blob_painted(10, 20, 2));
    assert_int_equal(blob_shown(&g, 0, 14, 25), blob_painted(14, 25, 2));
    assert_int_equal(blob_shown(&g, 0, 15, 25), blob_painted(15, 25, 1));
    assert_int_equal(blob_shown(&g, 0, 14, 26), blob_painted(14, 26, 1));
    /* The host keeps none of it. */
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, PAGES * PAGE);
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
                     OK);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, 0);
    assert_int_equal(blob_flush(&g, 1), BAD_ID);
}

/* The right half on another display, whose bytes are in another order. */
static void two_surfaces_of_one_blob(void **state)
{
    struct virtio_gpu_set_scanout_blob c = blob_surface(1);

    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    blob_paint(&g, 3);
    assert_int_equal(blob_send_surface(&g, &c), OK);
    c.scanout_id = 1;
    c.r = (struct virtio_gpu_rect){WIDTH / 2, 10, WIDTH / 2, HEIGHT - 10};
    c.format = RGBA;
    assert_int_equal(blob_send_surface(&g, &c), OK);
    assert_int_equal(blob_flush(&g, 1), OK);
    assert_true(blob_is_shown(&g, 3));
    assert_int_equal(blob_shown(&g, 1, 0, 0),
                     __builtin_bswap32(blob_painted(WIDTH / 2, 10, 3)) >> 8);
    assert_int_equal(blob_shown(&g, 1, 49, 49),
                     __builtin_bswap32(blob_painted(99, 59, 3)) >> 8);
    /* Nothing is there. */
    c.resource_id = 0;
    assert_int_equal(blob_send_surface(&g, &c), OK);
    assert_int_equal(blob_flush(&g, 1), OK);
}

static uint32_t cursor(uint32_t id)
{
    struct virtio_gpu_update_cursor c = {
        .hdr.type = VIRTIO_GPU_CMD_UPDATE_CURSOR,
        .resource_id = id,
    };

    return guest_command(&g, LINK_QUEUE_CURSOR, &c, sizeof(c), NULL, HDR);
}

static void is_a_cursor(void **state)
{
    struct scanout_cursor c;
    uint32_t i;

    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    for (i = 0; i < SCANOUT_CURSOR * SCANOUT_CURSOR; i++)
        *blob_at(&g, 4 * i) = i * 7;
    assert_int_equal(cursor(1), OK);
    assert_int_equal(scanout_look_cursor(vgpu_of(g.rig.e)->scanouts, 0, &c), 0);
    assert_int_equal(c.visible, 1);
    for (i = 0; i < SCANOUT_CURSOR * SCANOUT_CURSOR; i++)
        assert_int_equal(c.pixels[i], i * 7);
    blob = blob_of(2, GUEST);
    blob.c.size = 4 * SCANOUT_CURSOR * SCANOUT_CURSOR - 1;
    assert_int_equal(blob_send(&g, &blob), OK);
    assert_int_equal(cursor(2), BAD_PARAMETER);
}

/* Drivers take backing away and give it back, when they move pages. */
static void moves(void **state)
{
    struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry entry[PAGES];
    } a = {.c = {.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
                 .resource_id = 1,
                 .nr_entries = PAGES - 1}};

    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    blob_paint(&g, 4);
    memcpy(a.entry, blob.entry, sizeof(a.entry));
    assert_int_equal(guest_send(&g, &a, sizeof(a)), UNSPEC);
    assert_int_equal(
        guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, 1), OK);
    assert_int_equal(blob_show(&g, 1), OK);
    assert_int_equal(blob_flush(&g, 1), UNSPEC);
    /* Less than it is. */
    assert_int_equal(guest_send(&g, &a, sizeof(a)), BAD_PARAMETER);
    a.c.nr_entries = PAGES;
    assert_int_equal(guest_send(&g, &a, sizeof(a)), OK);
    assert_int_equal(blob_flush(&g, 1), OK);
    assert_true(blob_is_shown(&g, 4));
}

static void a_page_is_gone(void **state)
{
    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    assert_int_equal(blob_show(&g, 1), OK);
    fx_balloon_out(g.rig.domid, 0, GUEST_DATA / PAGE, 1);
    g.rig.link->dev.map_generation++;
    guest_turn(&g);
    assert_int_equal(blob_flush(&g, 1), UNSPEC);
    assert_int_equal(guest_flush(&g, 1, 0, 0, WIDTH, 20), OK);
    assert_int_equal(g.rig.link->eng.state, LINK_RUNNING);
}

/* A large flush stops where the grant ends, and goes on behind it. */
static void stops_in_a_flush(void **state)
{
    struct virtio_gpu_set_scanout_blob c = blob_surface(1);
    struct virtio_gpu_resource_flush flush = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
        .r = {0, 0, 1024, 1024},
        .resource_id = 1,
    };

    (void)state;
    blob = blob_of(1, GUEST);
    blob.c.nr_entries = 1;
    blob.entry[0].addr = GUEST_DATA;
    blob.entry[0].length = blob.c.size = 4 << 20;
    assert_int_equal(blob_send(&g, &blob), OK);
    c.r = flush.r;
    c.width = c.height = 1024;
    c.strides[0] = 4096;
    c.offsets[0] = 0;
    assert_int_equal(blob_send_surface(&g, &c), OK);
    memset(guest_ptr(&g, GUEST_DATA, 4 << 20), 0x33, 4 << 20);
    guest_put(&g, CONTROL, &flush, sizeof(flush), HDR);
    guest_preempt(&g);
    assert_true(vgpu_of(g.rig.e)->request.pos > 0);
    assert_int_equal(blob_shown(&g, 0, 1023, 1023), 0);
    rig_grant(&g.rig, GRANT_RUN);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_int_equal(blob_shown(&g, 0, 1023, 1023), 0x333333);
}

static void goes_on_after_death(void **state)
{
    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    blob_paint(&g, 5);
    assert_int_equal(blob_show(&g, 1), OK);
    assert_int_equal(blob_flush(&g, 1), OK);
    guest_respawn(&g);
    assert_true(blob_is_shown(&g, 5));
    assert_int_equal(blob_create(&g, 1), BAD_ID);
    blob_paint(&g, 6);
    assert_int_equal(blob_flush(&g, 1), OK);
    assert_true(blob_is_shown(&g, 6));
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
                     OK);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, 0);
}

/* What a process left that was taken over. */
static void hostile_context(void **state)
{
    struct saved_scanout *scanout;
    struct saved_resource *r;
    uint32_t i;

    (void)state;
    for (i = 0; i < 6; i++) {
        assert_int_equal(blob_create(&g, 1), OK);
        assert_int_equal(blob_show(&g, 1), OK);
        scanout = vgpu_of(g.rig.e)->store.head->scanout;
        r = resource_find(vgpu_of(g.rig.e), 1)->s;
        if (i == 0)
            scanout->surface.offset = ~0u;
        else if (i == 1)
            scanout->surface.height = ~0u;
        else if (i == 2)
            scanout->surface.format = 0;
        else if (i == 3)
            r->size = SIZE - 17;
        else if (i == 4)
            r->blob_mem = HOST3D;
        else
            r->is_3d = 1;
        guest_respawn(&g);
        if (i < 4) {
            assert_int_equal(blob_flush(&g, 1), OK);
            assert_int_equal(blob_show(&g, 1), i == 3 ? BAD_PARAMETER : OK);
        }
        assert_int_equal(
            guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
            i < 4 ? OK : BAD_ID);
    }
    /* It says more than it has. */
    assert_int_equal(blob_create(&g, 1), OK);
    assert_int_equal(blob_show(&g, 1), OK);
    resource_find(vgpu_of(g.rig.e), 1)->s->size = 1 << 20;
    vgpu_of(g.rig.e)->store.head->scanout->surface.offset = 1 << 19;
    guest_respawn(&g);
    assert_int_equal(blob_flush(&g, 1), UNSPEC);
}

/* ---- Hostile ones -------------------------------------------------------- */

static void bad_blobs(void **state)
{
    static const uint32_t counts[] = {0, PAGES + 2, 0x10000001, ~0u};
    static const uint32_t mems[] = {0, HOST3D, HOST3D_GUEST, 4, ~0u};
    uint32_t i;

    (void)state;
    assert_int_equal(blob_create(&g, 0), BAD_ID);
    for (i = 0; i < 5; i++) {
        blob = blob_of(1, mems[i]);
        blob.c.nr_entries = mems[i] == HOST3D ? 0 : PAGES;
        assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    }
    for (i = 0; i < 4; i++) {
        blob = blob_of(1, GUEST);
        blob.c.nr_entries = counts[i];
        assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    }
    for (i = 0; i < 3; i++) {
        blob = blob_of(1, GUEST);
        blob.c.size = i == 0   ? 0
                      : i == 1 ? PAGES * PAGE + 1
                               : VGPU_BACKING_MAX + 1;
        assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    }
    blob = blob_of(1, GUEST);
    blob.c.blob_flags = VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE;
    assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    blob = blob_of(1, GUEST);
    blob.entry[3].addr = ~0ull;
    assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    /* 8 GiB */
    blob = blob_of(1, GUEST);
    blob.entry[0].length = blob.entry[1].length = ~0u;
    assert_int_equal(blob_send(&g, &blob), NO_MEMORY);
    assert_int_equal(vgpu_of(g.rig.e)->backing_bytes, 0);
    assert_int_equal(HASH_COUNT(vgpu_of(g.rig.e)->resources), 0);
    assert_int_equal(blob_create(&g, 1), OK);
    assert_int_equal(blob_create(&g, 1), BAD_ID);
    assert_int_equal(guest_create(&g, 1, BGRX, 8, 8), BAD_ID);
}

static void bad_surfaces(void **state)
{
    static const struct {
        size_t field;
        uint32_t value;
    } rows[] = {
#define ROW(field, value)                                                      \
    {offsetof(struct virtio_gpu_set_scanout_blob, field), value}
        ROW(format, 0),
        ROW(format, RGBA + 1000),
        ROW(width, 0),
        ROW(height, 0),
        ROW(width, ~0u),
        ROW(height, ~0u),
        ROW(width, WIDTH + 5), /* longer than its lines */
        ROW(strides, 0),
        ROW(strides, STRIDE + 1),
        ROW(strides, ~0u),
        ROW(offsets, OFFSET + 17),
        ROW(offsets, ~0u),
        ROW(r.x, 1),
        ROW(r.height, HEIGHT + 1),
#undef ROW
    };
    struct virtio_gpu_set_scanout_blob c;
    uint32_t i;

    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    assert_int_equal(guest_create(&g, 2, BGRX, WIDTH, HEIGHT), OK);
    assert_int_equal(blob_show(&g, 2), BAD_PARAMETER);
    assert_int_equal(blob_show(&g, 3), BAD_ID);
    /* Of a blob nobody knows the size in pixels. */
    assert_int_equal(guest_scanout(&g, 0, 1, 0, 0, 1, 1), BAD_PARAMETER);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        c = blob_surface(1);
        memcpy((char *)&c + rows[i].field, &rows[i].value, 4);
        assert_int_equal(blob_send_surface(&g, &c), BAD_PARAMETER);
    }
    c = blob_surface(1);
    c.scanout_id = 2;
    assert_int_equal(blob_send_surface(&g, &c),
                     VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
    /* The last line needn't be whole: 16 bytes of it are not there. */
    c = blob_surface(1);
    c.offsets[0] = OFFSET + STRIDE - 4 * WIDTH;
    assert_int_equal(blob_send_surface(&g, &c), OK);
    assert_int_equal(guest_flush(&g, 1, 0, 0, WIDTH, HEIGHT + 1),
                     BAD_PARAMETER);
    assert_int_equal(guest_flush(&g, 1, ~0u, 1, 2, 1), BAD_PARAMETER);
    assert_int_equal(guest_flush(&g, 1, 1, 0, ~0u, 1), BAD_PARAMETER);
    assert_int_equal(blob_flush(&g, 1), OK);
}

/* Without a region of shared memory nothing is mapped. */
static void no_mapping(void **state)
{
    struct virtio_gpu_resource_map_blob c = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, .resource_id = 1};

    (void)state;
    assert_int_equal(blob_create(&g, 1), OK);
    assert_int_equal(guest_send(&g, &c, sizeof(c)), UNSPEC);
    c.hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB;
    assert_int_equal(guest_send(&g, &c, sizeof(c)), UNSPEC);
}

/* To who has not accepted the feature these are commands that nobody knows. */
static void not_accepted(void **state)
{
    (void)state;
    guest_free(&g);
    guest_begin(&g, GUEST_FEATURES);
    assert_int_equal(blob_create(&g, 1), UNSPEC);
    assert_int_equal(blob_show(&g, 1), UNSPEC);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(not_offered_alone),
        TEST(shows_the_guests_pages),
        TEST(two_surfaces_of_one_blob),
        TEST(is_a_cursor),
        TEST(moves),
        TEST(a_page_is_gone),
        TEST(stops_in_a_flush),
        TEST(goes_on_after_death),
        TEST(hostile_context),
        TEST(bad_blobs),
        TEST(bad_surfaces),
        TEST(no_mapping),
        TEST(not_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
