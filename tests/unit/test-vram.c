/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dm/monitor/vram.h"
#include "fakexen.h"

#define MIB (UINT64_C(1) << 20)
#define FRAMES(bytes) ((bytes) >> 12)

static int reset(void **state)
{
    (void)state;
    fx_fail_clear();
    fx_reset();
    return 0;
}

static struct domain make_domain(uint64_t ram, uint64_t extra)
{
    const struct fx_domain_config config = {
        .ram_bytes = ram, .vcpus = 1, .extra_kb = extra >> 10};
    int domid = fx_domain_create(&config);
    struct domain d = {0};

    assert_true(domid > 0);
    assert_int_equal(domain_open(&d, (uint32_t)domid), 0);
    return d;
}

static void parking(void **state)
{
    (void)state;
    /* Special pages below 4 GiB do not count, RAM above does. */
    assert_int_equal(vram_parking(0xffff), 0x140000);
    assert_int_equal(vram_parking(0xfefff), 0x140000);
    assert_int_equal(vram_parking(0xfffff), 0x140000);
    assert_int_equal(vram_parking(0x100000), 0x140200);
    assert_int_equal(vram_parking(0x1801ff), 0x1c0200);
    assert_int_equal(vram_parking(0x180200), 0x1c0400);
}

static void populates(void **state)
{
    struct domain d = make_domain(64 * MIB, 66 * MIB);
    struct vram v[2] = {{.size = 64 * MIB}, {.size = 2 * MIB}};
    domid_t id = (domid_t)d.domid;
    long before = fx_domain_pages(id);

    (void)state;
    assert_int_equal(vram_populate(&d, v, 2), 0);
    assert_int_equal(v[0].gfn, 0x140000);
    assert_int_equal(v[1].gfn, 0x140000 + FRAMES(64 * MIB));
    assert_int_equal(v[0].small_pages, 0);
    assert_true(fx_populated(id, v[0].gfn));
    assert_true(fx_populated(id, v[1].gfn + FRAMES(2 * MIB) - 1));
    assert_false(fx_populated(id, v[1].gfn + FRAMES(2 * MIB)));
    assert_int_equal(fx_domain_pages(id) - before, FRAMES(66 * MIB));
    vram_release(&d, v, 2);
    assert_int_equal(fx_domain_pages(id), before);
    domain_close(&d);
}

static void no_room(void **state)
{
    struct domain d = make_domain(64 * MIB, 64 * MIB);
    struct vram v[2] = {{.size = 64 * MIB}, {.size = 2 * MIB}};
    long before = fx_domain_pages((domid_t)d.domid);

    (void)state;
    assert_int_equal(vram_check(&d, v, 1, true), 0);
    assert_int_equal(vram_check(&d, v, 2, true), -ENOMEM);
    assert_int_equal(vram_populate(&d, v, 2), -ENOMEM);
    assert_int_equal(fx_domain_pages((domid_t)d.domid), before);
    domain_close(&d);
}

/* The domain may have it, but the host has not: 16 GiB less this RAM. */
static void no_memory(void **state)
{
    struct domain d = make_domain(64 * MIB, 16384 * MIB);
    struct vram v[4] = {{.size = 4096 * MIB},
                        {.size = 4096 * MIB},
                        {.size = 4096 * MIB},
                        {.size = 4096 * MIB}};

    (void)state;
    assert_int_equal(vram_check(&d, v, 3, false), 0);
    assert_int_equal(vram_check(&d, v, 4, false), -ENOMEM);
    fx_fail_at("xc_physinfo", 1, EPERM);
    assert_int_equal(vram_check(&d, v, 1, false), -EPERM);
    domain_close(&d);
}

/* A page of the pool for each MiB, once. */
static void grows_pool(void **state)
{
    struct domain d = make_domain(64 * MIB, 0);
    uint64_t before, after;

    (void)state;
    assert_int_equal(xc_get_paging_mempool_size(d.xch, d.domid, &before), 0);
    assert_int_equal(domain_add_room(&d, 100 * MIB), 0);
    assert_int_equal(xc_get_paging_mempool_size(d.xch, d.domid, &after), 0);
    assert_int_equal(after - before, 100 << XC_PAGE_SHIFT);
    assert_int_equal(domain_add_room(&d, -100 * (int64_t)MIB), 0);
    assert_int_equal(domain_add_room(&d, 100 * MIB), 0);
    assert_int_equal(xc_get_paging_mempool_size(d.xch, d.domid, &before), 0);
    assert_int_equal(after, before);
    fx_fail_at("xc_set_paging_mempool_size", 1, ENOMEM);
    assert_int_equal(domain_add_room(&d, 2 * MIB), -ENOMEM);
    domain_close(&d);
}

/* One batch stays: the others are given back all the same. */
static void release_fails(void **state)
{
    struct domain d = make_domain(64 * MIB, 8 * MIB);
    struct vram v = {.size = 8 * MIB};
    long before = fx_domain_pages((domid_t)d.domid);

    (void)state;
    assert_int_equal(vram_populate(&d, &v, 1), 0);
    fx_fail_at("xc_domain_decrease_reservation_exact", 2, EINVAL);
    vram_release(&d, &v, 1);
    assert_int_equal(fx_domain_pages((domid_t)d.domid) - before,
                     FRAMES(2 * MIB));
    domain_close(&d);
}

/* The host has no 2 MiB page left after the first call. */
static void fragmented(void **state)
{
    struct domain d = make_domain(64 * MIB, 64 * MIB);
    struct vram v = {.size = 4 * MIB};

    (void)state;
    assert_int_equal(fx_fail_at("xc_domain_populate_physmap", 1, ENOMEM), 0);
    assert_int_equal(vram_populate(&d, &v, 1), 0);
    assert_int_equal(v.small_pages, FRAMES(4 * MIB));
    assert_true(fx_populated((domid_t)d.domid, v.gfn + v.small_pages - 1));
    domain_close(&d);
}

static void fails_in_the_middle(void **state)
{
    struct domain d = make_domain(64 * MIB, 64 * MIB);
    struct vram v = {.size = 4 * MIB};
    long before = fx_domain_pages((domid_t)d.domid);

    (void)state;
    fx_fail_at("xc_domain_maximum_gpfn", 1, EPERM);
    assert_int_equal(vram_populate(&d, &v, 1), -EPERM);
    /* 512 single pages, then no more. */
    fx_fail_at("xc_domain_populate_physmap", 1, ENOMEM);
    assert_int_equal(vram_populate(&d, &v, 1), 0);
    vram_release(&d, &v, 1);
    assert_int_equal(fx_domain_pages((domid_t)d.domid), before);
    domain_close(&d);
}

static void life(void **state)
{
    struct domain d = make_domain(16 * MIB, 0);
    struct domain_info info;

    (void)state;
    assert_int_equal(domain_life(&d), DOMAIN_ALIVE);
    assert_int_equal(domain_info(&d, &info), 0);
    assert_int_equal(info.nr_vcpus, 1);
    assert_int_equal(fx_domain_kill((domid_t)d.domid), 0);
    assert_int_not_equal(domain_life(&d), DOMAIN_ALIVE);
    domain_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(parking, reset),
        cmocka_unit_test_setup(populates, reset),
        cmocka_unit_test_setup(no_room, reset),
        cmocka_unit_test_setup(no_memory, reset),
        cmocka_unit_test_setup(grows_pool, reset),
        cmocka_unit_test_setup(release_fails, reset),
        cmocka_unit_test_setup(fragmented, reset),
        cmocka_unit_test_setup(fails_in_the_middle, reset),
        cmocka_unit_test_setup(life, reset),
    };

    fx_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
