/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources that are shown from where they are (dm/engine/virtio/frame.c). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "virtio-guest.h"

/* The smallest that is one. */
#define WIDTH 320u
#define HEIGHT 200u
#define BYTES (4 * WIDTH * HEIGHT)

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

static void paint(uint32_t salt)
{
    guest_paint(&g, GUEST_DATA, WIDTH, HEIGHT, salt);
}

static bool shows_nothing(uint32_t scanout)
{
    struct scanout_view view;

    return scanout_look(scanouts(), scanout, &view) == -ENODATA;
}

static void create_screen(uint32_t id, uint32_t format)
{
    assert_int_equal(guest_create(&g, id, format, WIDTH, HEIGHT), OK);
    assert_int_equal(guest_attach(&g, id, GUEST_DATA, BYTES), OK);
}

/* As a flip does. */
static void flip(uint32_t id, uint32_t salt)
{
    paint(salt);
    assert_int_equal(guest_transfer(&g, id, 0, 0, 0, WIDTH, HEIGHT), OK);
    assert_int_equal(guest_scanout(&g, 0, id, 0, 0, WIDTH, HEIGHT), OK);
    assert_int_equal(guest_flush(&g, id, 0, 0, WIDTH, HEIGHT), OK);
}

/* All of it, wherever it is. Returns that place. */
static const uint32_t *shows(uint32_t salt)
{
    struct scanout_view view;
    uint32_t x, y;

    assert_int_equal(scanout_look(scanouts(), 0, &view), 0);
    assert_int_equal(view.width, WIDTH);
    assert_int_equal(view.height, HEIGHT);
    for (y = 0; y < HEIGHT; y++) {
        for (x = 0; x < WIDTH; x++)
            assert_int_equal(view.pixels[y * view.line + x],
                             guest_painted(WIDTH, x, y, salt));
    }
    return view.pixels;
}

/* A screen is shown from where it is: until another one is, nothing changes. */
static void flips_without_a_copy(void **state)
{
    const uint32_t *first, *second;

    (void)state;
    create_screen(1, BGRX);
    create_screen(2, BGRX);
    flip(1, 1);
    first = shows(1);
    paint(2);
    assert_int_equal(guest_transfer(&g, 2, 0, 0, 0, WIDTH, HEIGHT), OK);
    assert_int_equal(guest_flush(&g, 2, 0, 0, WIDTH, HEIGHT), OK);
    assert_ptr_equal(shows(1), first);
    assert_int_equal(guest_scanout(&g, 0, 2, 0, 0, WIDTH, HEIGHT), OK);
    second = shows(2);
    assert_ptr_not_equal(second, first);
    assert_ptr_not_equal(second, scanout_pixels(scanouts(), 0));
    flip(1, 3);
    assert_ptr_equal(shows(3), first);
    /* Two displays on it, one of them on a part. */
    assert_int_equal(guest_scanout(&g, 1, 1, 100, 50, 220, 150), OK);
    assert_int_equal(guest_shown(&g, 1, 0, 0),
                     guest_painted(WIDTH, 100, 50, 3));
    assert_int_equal(guest_shown(&g, 1, 219, 149),
                     guest_painted(WIDTH, 319, 199, 3));
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
                     OK);
    assert_true(shows_nothing(0));
    assert_true(shows_nothing(1));
    /* Its frame is another's now, who has drawn nothing. */
    create_screen(3, BGRX);
    assert_int_equal(guest_scanout(&g, 0, 3, 0, 0, WIDTH, HEIGHT), OK);
    assert_int_equal(guest_shown(&g, 0, 5, 5), 0);
    assert_int_equal(guest_shown(&g, 0, 319, 199), 0);
    flip(3, 4);
    assert_ptr_equal(shows(4), first);
    flip(2, 5);
    assert_ptr_equal(shows(5), second);
}

/* What finds no frame is copied, and so is another order of bytes. */
static void more_than_frames(void **state)
{
    const uint32_t *own = scanout_pixels(scanouts(), 0), *at;
    uint32_t i, salt = 0;

    (void)state;
    assert_int_equal(
        guest_create(&g, 100, VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, WIDTH, HEIGHT),
        OK);
    assert_int_equal(guest_attach(&g, 100, GUEST_DATA, BYTES), OK);
    for (i = 1; i <= SCANOUT_FRAMES + 2; i++)
        create_screen(i, BGRX);
    for (i = 1; i <= SCANOUT_FRAMES + 2; i++) {
        flip(i, ++salt);
        at = shows(salt);
        if (i > SCANOUT_FRAMES)
            assert_ptr_equal(at, own);
        else
            assert_ptr_not_equal(at, own);
    }
    flip(100, 1);
    assert_int_equal(guest_shown(&g, 0, 7, 7) & 0xff,
                     guest_painted(WIDTH, 7, 7, 1) >> 16 & 0xff);
    /* One that is freed is there for the next. */
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 4),
                     OK);
    create_screen(4, BGRX);
    flip(4, 50);
    assert_ptr_not_equal(shows(50), own);
}

/* Frames are what they were; whatever the record says of them, no two
 * resources have the same one. */
static void frames_survive(void **state)
{
    struct saved_resource *saved;
    ptrdiff_t at;
    uint32_t i;

    (void)state;
    for (i = 1; i <= 3; i++)
        create_screen(i, BGRX);
    flip(2, 6);
    at = shows(6) - (const uint32_t *)scanouts();
    guest_respawn(&g);
    assert_true(shows(6) - (const uint32_t *)scanouts() == at);
    flip(3, 7);
    saved = vgpu_of(g.rig.e)->store.resource;
    for (i = 0; i < VGPU_RESOURCES; i++) {
        if (saved[i].id)
            saved[i].frame = saved[i].id == 1 ? 0xffffffff : 2;
    }
    guest_respawn(&g);
    shows(7);
    for (i = 1; i <= 3; i++) {
        flip(i, 10 + i);
        shows(10 + i);
    }
    assert_int_equal(__builtin_popcount(vgpu_of(g.rig.e)->frames), 3);
    /* The driver begins anew. */
    assert_int_equal(guest_start(&g, 0), 0);
    guest_turn(&g);
    assert_true(shows_nothing(0));
    assert_int_equal(vgpu_of(g.rig.e)->frames, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(flips_without_a_copy),
        TEST(more_than_frames),
        TEST(frames_survive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
