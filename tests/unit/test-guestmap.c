/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "fakexen.h"
#include "lib/guestmap.h"

#define MIB (1ull << 20)
#define RAM (16 * MIB)
#define MAX_BUCKETS 4u

struct fixture {
    domid_t domid;
    xenforeignmemory_handle *fmem;
    struct guestmap *map;
};

static int setup(void **state)
{
    static struct fixture f;

    fx_reset();
    f.domid = (domid_t)fx_domain_new(RAM, 1);
    f.fmem = xenforeignmemory_open(NULL, 0);
    assert_int_equal(guestmap_new(f.fmem, f.domid, MAX_BUCKETS, &f.map), 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    guestmap_free(f->map);
    assert_int_equal(fx_foreign_mappings(f->domid), 0);
    xenforeignmemory_close(f->fmem);
    return 0;
}

/* Pin and unpin; what the lookup returned and how much it found. */
static int look(struct fixture *f, uint64_t gpa, uint64_t len, uint64_t *avail)
{
    struct guestmap_bucket *pin;
    void *va;
    int rc = guestmap_pin(f->map, gpa, len, &va, avail, &pin);

    if (rc == 0)
        guestmap_unpin(f->map, pin);
    return rc;
}

static void test_same_memory(void **state)
{
    struct fixture *f = *state;
    struct guestmap_bucket *pin;
    uint64_t n;
    char *va;

    memcpy(fx_ptr(f->domid, 0x1ffe, 4), "abcd", 4);
    assert_int_equal(guestmap_pin(f->map, 0x1ffe, 4, (void **)&va, &n, &pin),
                     0);
    assert_int_equal(n, 4);
    assert_memory_equal(va, "abcd", 4);
    va[0] = 'x';
    assert_int_equal(*(char *)fx_ptr(f->domid, 0x1ffe, 1), 'x');
    guestmap_unpin(f->map, pin);
    /* A bucket's end ends the piece. */
    assert_int_equal(look(f, MIB - 3, 100, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(guestmap_stats(f->map)->maps, 1);
    assert_int_equal(guestmap_stats(f->map)->hits, 1);
    assert_int_equal(guestmap_stats(f->map)->misses, 1);
}

static void test_no_address(void **state)
{
    struct fixture *f = *state;
    static const uint64_t gpas[] = {
        RAM,
        0xf0000000ull,
        1ull << 40,
        (1ull << 52) - 1,
        1ull << 52,
        (1ull << 52) + 1,
        0x8000000000000000ull,
        ~0ull - 4095,
        ~0ull,
    };
    uint64_t n, bad;
    char buf[64];
    size_t i;

    for (i = 0; i < sizeof(gpas) / sizeof(gpas[0]); i++) {
        assert_int_equal(look(f, gpas[i], 64, &n), -EFAULT);
        bad = 1;
        assert_int_equal(guestmap_read(f->map, gpas[i], buf, 64, &bad),
                         -EFAULT);
        assert_true(bad == gpas[i]);
    }
    assert_int_equal(look(f, 0, 0, &n), -EFAULT);
    assert_int_equal(guestmap_stats(f->map)->live, 0);
    /* Valid at first, not to its end. */
    memset(buf, 7, sizeof(buf));
    assert_int_equal(guestmap_write(f->map, RAM - 16, buf, 64, &bad), -EFAULT);
    assert_true(bad == RAM);
    assert_int_equal(*(char *)fx_ptr(f->domid, RAM - 1, 1), 7);
    assert_int_equal(guestmap_write(f->map, RAM - 16, buf, 64, NULL), -EFAULT);
}

static void test_holes(void **state)
{
    struct fixture *f = *state;
    unsigned int page, expect;
    uint64_t n;

    /* Pages 3, 64 to 66 and 128 to 255 of the second bucket are missing. */
    assert_int_equal(fx_balloon_out(f->domid, 0, 256 + 3, 1), 0);
    assert_int_equal(fx_balloon_out(f->domid, 0, 256 + 64, 3), 0);
    assert_int_equal(fx_balloon_out(f->domid, 0, 256 + 128, 128), 0);
    for (page = 0; page < 256; page++) {
        expect = page < 3     ? 3 - page
                 : page == 3  ? 0
                 : page < 64  ? 64 - page
                 : page < 67  ? 0
                 : page < 128 ? 128 - page
                              : 0;
        if (!expect) {
            assert_int_equal(look(f, MIB + page * 4096 + 5, MIB, &n), -EFAULT);
            continue;
        }
        assert_int_equal(look(f, MIB + page * 4096 + 5, 2 * MIB, &n), 0);
        assert_int_equal(n, expect * 4096 - 5);
    }
}

static void test_hole_filled_later(void **state)
{
    struct fixture *f = *state;
    struct guestmap_bucket *pin;
    uint64_t n;
    void *va;

    fx_balloon_out(f->domid, 0, 256, 256);
    assert_int_equal(look(f, MIB, 1, &n), -EFAULT);
    assert_int_equal(guestmap_stats(f->map)->live, 0);
    assert_int_equal(fx_populate(f->domid, 256, 1), 0);
    assert_int_equal(look(f, MIB, 8192, &n), 0);
    assert_int_equal(n, 4096);
    /* The next page comes while the bucket is cached, and pinned. */
    assert_int_equal(look(f, MIB + 4096, 1, &n), -EFAULT);
    assert_int_equal(guestmap_pin(f->map, MIB, 1, &va, &n, &pin), 0);
    assert_int_equal(fx_populate(f->domid, 257, 1), 0);
    assert_int_equal(look(f, MIB + 4096, 1, &n), 0);
    *(volatile char *)va = 1;
    guestmap_unpin(f->map, pin);
    assert_int_equal(look(f, MIB, 8192, &n), 0);
    assert_int_equal(n, 8192);
    assert_int_equal(guestmap_stats(f->map)->live, 1);
}

static void test_lru(void **state)
{
    struct fixture *f = *state;
    const struct guestmap_stats *s = guestmap_stats(f->map);
    uint64_t i, n;

    for (i = 0; i < MAX_BUCKETS; i++)
        assert_int_equal(look(f, i * MIB, 1, &n), 0);
    look(f, 0, 1, &n);
    look(f, 4 * MIB, 1, &n); /* pushes out 1 */
    assert_int_equal(s->live, MAX_BUCKETS);
    assert_int_equal(fx_foreign_mappings(f->domid), MAX_BUCKETS * 256);
    assert_int_equal(s->misses, 5);
    look(f, 0, 1, &n);
    look(f, 2 * MIB, 1, &n);
    look(f, 3 * MIB, 1, &n);
    assert_int_equal(s->misses, 5);
    look(f, MIB, 1, &n);
    assert_int_equal(s->misses, 6);
}

static void test_pins_stay(void **state)
{
    struct fixture *f = *state;
    struct guestmap_bucket *pin[MAX_BUCKETS];
    void *va[MAX_BUCKETS];
    uint64_t i, n;

    for (i = 0; i < MAX_BUCKETS; i++)
        assert_int_equal(guestmap_pin(f->map, i * MIB, 1, &va[i], &n, &pin[i]),
                         0);
    assert_int_equal(look(f, 5 * MIB, 1, &n), -ENOMEM);
    guestmap_unpin(f->map, pin[2]);
    assert_int_equal(look(f, 5 * MIB, 1, &n), 0);
    assert_int_equal(guestmap_stats(f->map)->live, MAX_BUCKETS);
    guestmap_invalidate(f->map);
    assert_int_equal(guestmap_stats(f->map)->live, MAX_BUCKETS - 1);
    for (i = 0; i < MAX_BUCKETS; i++) {
        if (i == 2)
            continue;
        *(volatile char *)va[i] = 1; /* still there */
        guestmap_unpin(f->map, pin[i]);
    }
    assert_int_equal(guestmap_stats(f->map)->live, 0);
    assert_int_equal(fx_foreign_mappings(f->domid), 0);
    assert_int_equal(look(f, 5 * MIB, 1, &n), 0);
}

/* Pinned buckets that were invalidated count against the bound, too. */
static void test_stale_counts(void **state)
{
    struct fixture *f = *state;
    struct guestmap_bucket *pin[MAX_BUCKETS];
    uint64_t i, n;
    void *va;

    for (i = 0; i < MAX_BUCKETS; i++) {
        assert_int_equal(guestmap_pin(f->map, 0, 1, &va, &n, &pin[i]), 0);
        guestmap_invalidate(f->map);
    }
    assert_int_equal(look(f, 0, 1, &n), -ENOMEM);
    for (i = 0; i < MAX_BUCKETS; i++)
        guestmap_unpin(f->map, pin[i]);
    assert_int_equal(look(f, 0, 1, &n), 0);
}

static void test_copies(void **state)
{
    struct fixture *f = *state;
    const size_t len = 3 * MIB + 5;
    unsigned char *a = malloc(len), *b = malloc(len);
    size_t i;

    for (i = 0; i < len; i++)
        a[i] = (unsigned char)(i * 7 + (i >> 9));
    assert_int_equal(guestmap_write(f->map, MIB - 3, a, len, NULL), 0);
    assert_int_equal(fx_read(f->domid, MIB - 3, b, len), 0);
    assert_memory_equal(a, b, len);
    memset(b, 0, len);
    assert_int_equal(guestmap_read(f->map, MIB - 3, b, len, NULL), 0);
    assert_memory_equal(a, b, len);
    assert_int_equal(guestmap_read(f->map, MIB - 3, b, 0, NULL), 0);
    free(a);
    free(b);
}

static void test_map_fails(void **state)
{
    struct fixture *f = *state;
    uint64_t n;

    fx_fail_at("xenforeignmemory_map", 1, ENOMEM);
    assert_int_equal(look(f, 0, 1, &n), -ENOMEM);
    assert_int_equal(guestmap_stats(f->map)->live, 0);
    assert_int_equal(look(f, 0, 1, &n), 0);
    fx_fail_clear();
}

/* Mappings apart from the cache: all pages, or none. */
static void test_ranges(void **state)
{
    struct fixture *f = *state;
    uint64_t bad;
    void *a, *b;

    assert_int_equal(guestmap_map_range(f->map, MIB - 4096, 3, &a, &bad), 0);
    memset(a, 9, 3 * 4096);
    assert_int_equal(*(char *)fx_ptr(f->domid, MIB + 8191, 1), 9);
    assert_int_equal(guestmap_stats(f->map)->live, 0);
    fx_balloon_out(f->domid, 0, 300, 1);
    assert_int_equal(guestmap_map_range(f->map, MIB, 256, &b, &bad), -EFAULT);
    assert_true(bad == 300 * 4096);
    assert_int_equal(guestmap_map_range(f->map, RAM, 1, &b, &bad), -EFAULT);
    assert_int_equal(guestmap_map_range(f->map, 5, 1, &b, &bad), -EFAULT);
    assert_int_equal(guestmap_map_range(f->map, 0, 0, &b, &bad), -EFAULT);
    assert_int_equal(
        guestmap_map_range(f->map, (1ull << 52) - 4096, 2, &b, &bad), -EFAULT);
    fx_fail_at("xenforeignmemory_map", 1, ENOMEM);
    assert_int_equal(guestmap_map_range(f->map, 0, 1, &b, &bad), -ENOMEM);
    fx_fail_clear();
    guestmap_invalidate(f->map);
    *(volatile char *)a = 1;
    guestmap_drop_range(f->map, a, 3);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_same_memory),  TEST(test_no_address),
        TEST(test_holes),        TEST(test_hole_filled_later),
        TEST(test_lru),          TEST(test_pins_stay),
        TEST(test_stale_counts), TEST(test_copies),
        TEST(test_map_fails),    TEST(test_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
