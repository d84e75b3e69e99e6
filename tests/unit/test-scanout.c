/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/scanout.h"

static int make(off_t size, int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void maps_what_can_not_shrink(void **state)
{
    void *base;
    int fd;

    (void)state;
    fd = make((off_t)SCANOUT_SIZE, 0);
    assert_int_equal(scanout_map(fd, 0, &base), -EINVAL);
    close(fd);
    fd = make((off_t)SCANOUT_SIZE - 1, F_SEAL_SHRINK);
    assert_int_equal(scanout_map(fd, 0, &base), -EINVAL);
    close(fd);
    assert_int_equal(scanout_map(-1, 0, &base), -EBADF);
}

static void areas_are_apart(void **state)
{
    uint8_t *base = (uint8_t *)(uintptr_t)0x10000000;
    unsigned int n;

    (void)state;
    for (n = 0; n < SCANOUT_MAX; n++) {
        assert_true((uint8_t *)(scanout_head(base, n) + 1) <=
                    (uint8_t *)(n + 1 < SCANOUT_MAX
                                    ? (void *)scanout_head(base, n + 1)
                                    : (void *)scanout_pixels(base, 0)));
        assert_true((uint8_t *)scanout_pixels(base, n) + SCANOUT_PIXELS_SIZE <=
                    (n + 1 < SCANOUT_MAX
                         ? (uint8_t *)scanout_pixels(base, n + 1)
                         : base + SCANOUT_OWN_SIZE));
        assert_int_equal((uintptr_t)scanout_pixels(base, n) % 4096, 0);
    }
    for (n = 0; n < SCANOUT_FRAMES; n++)
        assert_true((uint8_t *)scanout_frame(base, n) ==
                    base + SCANOUT_OWN_SIZE + n * SCANOUT_PIXELS_SIZE);
    assert_true((uint8_t *)scanout_frame(base, SCANOUT_FRAMES) ==
                base + SCANOUT_SIZE);
}

/* A picture in a resource's frame is looked at where it is, or not at all. */
static void looks_into_frames(void **state)
{
    static const struct {
        uint32_t width, height, frame, at, line;
        bool fits;
    } heads[] = {
        {640, 480, 1, 0, 640, true},
        {640, 480, SCANOUT_FRAMES, 5, 1280, true},
        {640, 480, SCANOUT_FRAMES + 1, 0, 640, false},
        {640, 480, ~0u, 0, 640, false},
        {640, 480, 2, 0, 639, false},
        {1, 1, 2, SCANOUT_PIXELS - 1, 1, true},
        {1, 1, 2, SCANOUT_PIXELS, 1, false},
        {1, 1, 2, ~0u, 1, false},
        {4096, 2304, 3, 0, 4096, true},
        {4096, 2304, 3, 1, 4096, false},
        {4096, 2304, 3, 0, 4097, false},
        {1, 2304, 3, 0, ~0u, false},
        {4097, 1, 3, 0, 4097, false},
        {0, 1, 3, 0, 1, false},
    };
    struct scanout_view view;
    struct scanout *head;
    unsigned int i;
    void *base;
    int fd;

    (void)state;
    fd = make((off_t)SCANOUT_SIZE, F_SEAL_SHRINK);
    assert_int_equal(scanout_map(fd, 1, &base), 0);
    head = scanout_head(base, 1);
    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        scanout_begin(head);
        head->width = heads[i].width;
        head->height = heads[i].height;
        head->frame = heads[i].frame;
        head->at = heads[i].at;
        head->line = heads[i].line;
        scanout_end(head);
        assert_int_equal(scanout_look(base, 1, &view),
                         heads[i].fits ? 0 : -ENODATA);
        if (!heads[i].fits)
            continue;
        assert_int_equal(view.line, heads[i].line);
        assert_ptr_equal(view.pixels,
                         scanout_frame(base, heads[i].frame - 1) + heads[i].at);
        assert_true((uint8_t *)(view.pixels +
                                (size_t)view.line * (view.height - 1) +
                                view.width) <= (uint8_t *)base + SCANOUT_SIZE);
    }
    scanout_unmap(base);
    close(fd);
}

/* Whatever the engine's process writes, what is looked at fits. */
static void looks_at_nonsense(void **state)
{
    static const uint32_t sizes[][3] = {
        {0, 0, 0},
        {1, 1, 1},
        {640, 0, 0},
        {SCANOUT_WIDTH_MAX, SCANOUT_HEIGHT_MAX, 1},
        {SCANOUT_WIDTH_MAX + 1, 1, 0},
        {1, SCANOUT_HEIGHT_MAX + 1, 0},
        {~0u, ~0u, 0},
    };
    struct scanout_cursor cursor;
    struct scanout_view view;
    struct scanout *head;
    unsigned int i;
    void *rw, *ro;
    int fd;

    (void)state;
    fd = make((off_t)SCANOUT_SIZE, F_SEAL_SHRINK);
    assert_int_equal(scanout_map(fd, 1, &rw), 0);
    assert_int_equal(scanout_map(fd, 0, &ro), 0);
    head = scanout_head(rw, 3);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        scanout_begin(head);
        assert_int_equal(head->seq & 1, 1);
        head->width = sizes[i][0];
        head->height = sizes[i][1];
        head->flushes = i;
        if (i % 2) /* a writer that died is no obstacle */
            scanout_end(head);
        assert_int_equal(scanout_look(ro, 3, &view),
                         sizes[i][2] ? 0 : -ENODATA);
        if (sizes[i][2]) {
            assert_int_equal(view.width, sizes[i][0]);
            assert_int_equal(view.height, sizes[i][1]);
            assert_int_equal(view.flushes, i);
            assert_ptr_equal(view.pixels, scanout_pixels(ro, 3));
            assert_int_equal(view.line, view.width);
        }
    }
    scanout_end(head);
    assert_int_equal(head->seq & 1, 0);
    assert_int_equal(scanout_look(ro, SCANOUT_MAX, &view), -ENODATA);
    assert_int_equal(scanout_look(ro, 0, &view), -ENODATA);

    head->cursor.hot_x = SCANOUT_CURSOR;
    head->cursor.pixels[SCANOUT_CURSOR * SCANOUT_CURSOR - 1] = 5;
    assert_int_equal(scanout_look_cursor(ro, 3, &cursor), 0);
    assert_int_equal(cursor.hot_x, 0);
    assert_int_equal(cursor.pixels[SCANOUT_CURSOR * SCANOUT_CURSOR - 1], 5);
    assert_int_equal(scanout_look_cursor(ro, SCANOUT_MAX, &cursor), -ENODATA);
    scanout_unmap(rw);
    scanout_unmap(ro);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_what_can_not_shrink),
        cmocka_unit_test(areas_are_apart),
        cmocka_unit_test(looks_into_frames),
        cmocka_unit_test(looks_at_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
