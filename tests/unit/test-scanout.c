/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
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
                         : base + SCANOUT_SIZE));
        assert_int_equal((uintptr_t)scanout_pixels(base, n) % 4096, 0);
    }
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
        cmocka_unit_test(looks_at_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
