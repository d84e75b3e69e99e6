/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of xen-vgpud that need no process: configuration, histograms,
 * records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dm/sched/conf.h"
#include "dm/sched/histogram.h"
#include "dm/sched/records.h"
#include "dm/sched/vgpud.h"

#define MS UINT64_C(1000000)

static int read_config(struct config *c, const char *text, const char *option)
{
    char path[] = "/tmp/xvgpu-conf-XXXXXX", file[64];
    char *args[] = {"xen-vgpud", file, (char *)(uintptr_t)option, NULL};
    int rc, fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    snprintf(file, sizeof(file), "--config=%s", path);
    rc = config_read(c, option ? 3 : 2, args);
    unlink(path);
    return rc;
}

static void test_config(void **state)
{
    struct config c;

    (void)state;
    assert_int_equal(read_config(&c, "", NULL), 0);
    assert_string_equal(c.queues[0].policy->name, "fair");
    assert_int_equal(c.queues[1].slice_ns, 5 * MS);
    assert_int_equal(c.queues[0].deadline_ns, 100 * MS);
    assert_int_equal(c.queues[0].compile_ns, 10000 * MS);
    assert_int_equal(c.resets_to_flr, 3);
    assert_false(c.gang);
    /* Sections go before what is for both, wherever they stand. */
    assert_int_equal(read_config(&c,
                                 "; comment\n"
                                 "gang = yes\n"
                                 "guard-window = 90s\n"
                                 "run-dir = /tmp/x\n"
                                 "[gfx]\nslice = 8ms\npolicy = rr\n"
                                 "[sdma]\ndeadline = 1.5s\n",
                                 NULL),
                     0);
    assert_true(c.gang);
    assert_int_equal(c.guard_window_ns, 90000 * MS);
    assert_string_equal(c.run_dir, "/tmp/x");
    assert_int_equal(c.queues[0].slice_ns, 8 * MS);
    assert_int_equal(c.queues[1].slice_ns, 5 * MS);
    assert_string_equal(c.queues[0].policy->name, "rr");
    assert_string_equal(c.queues[1].policy->name, "fair");
    assert_int_equal(c.queues[0].deadline_ns, 100 * MS);
    assert_int_equal(c.queues[1].deadline_ns, 1500 * MS);
    /* Options go before the file. */
    assert_int_equal(read_config(&c, "slice = 7ms\n", "--slice=9ms"), 0);
    assert_int_equal(c.queues[0].slice_ns, 9 * MS);
    assert_int_equal(read_config(&c, "slice = 7ms\n", "--policy=fixed"), 0);
    assert_int_equal(c.queues[0].slice_ns, 7 * MS);
    assert_string_equal(c.queues[1].policy->name, "fixed");
}

static void test_wrong_config(void **state)
{
    static const char *const files[] = {
        "slice = 5\n",         "slice = -5ms\n",       "slice = 2h\n",
        "slice = 1ns\n",       "policy = lottery\n",   "gang = maybe\n",
        "resets-to-flr = 0\n", "resets-to-flr = 17\n", "resets-to-flr = 3x\n",
        "sliced = 5ms\n",      "[mm]\nslice = 5ms\n",  "[gfx]\ngang = yes\n",
        "run-dir =\n",         "nonsense\n",
    };
    static const char *const options[] = {"--slice=x", "--nonsense",
                                          "--policy=", "nonsense"};
    struct config c;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        assert_true(read_config(&c, files[i], NULL) < 0);
    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        assert_true(read_config(&c, "", options[i]) < 0);
    assert_int_equal(read_config(&c, "", "--help"), 1);
}

static void test_no_file(void **state)
{
    char *args[] = {"xen-vgpud", "--config=/nonexistent", NULL};
    struct config c;

    (void)state;
    assert_true(config_read(&c, 2, args) < 0);
}

static void test_histogram(void **state)
{
    static struct histogram h;
    uint64_t ns;

    (void)state;
    assert_int_equal(histogram_quantile(&h, 500), 0);
    for (ns = 1; ns <= 100000; ns++)
        histogram_add(&h, ns * 100);
    assert_int_equal(h.count, 100000);
    assert_int_equal(h.max_ns, 10000000);
    assert_in_range(histogram_quantile(&h, 500), 4700000, 5300000);
    assert_in_range(histogram_quantile(&h, 990), 9300000, 10000000);
    assert_int_equal(histogram_quantile(&h, 1000), 10000000);
    memset(&h, 0, sizeof(h));
    histogram_add(&h, 7);
    assert_int_equal(histogram_quantile(&h, 500), 7);
    histogram_add(&h, UINT64_MAX);
    assert_int_equal(histogram_quantile(&h, 500), 7);
    assert_true(histogram_quantile(&h, 990) > UINT64_C(1) << 42);
    /* A full bucket: what was before counts half. */
    h.buckets[7] = UINT32_MAX;
    h.in_buckets = UINT32_MAX + UINT64_C(1);
    histogram_add(&h, 7);
    assert_int_equal(h.buckets[7], UINT32_MAX / 2 + 1);
    assert_int_equal(histogram_quantile(&h, 500), 7);
}

static void check_export(const struct records *r, uint64_t since,
                         uint64_t first, uint64_t want, uint64_t want_lost)
{
    struct sched_record record;
    uint64_t count, lost;
    int fd;

    assert_int_equal(records_export(r, since, &fd, &count, &lost), 0);
    assert_int_equal(count, want);
    assert_int_equal(lost, want_lost);
    assert_int_equal(lseek(fd, 0, SEEK_END), want * sizeof(record));
    lseek(fd, 0, SEEK_SET);
    for (; want; want--) {
        assert_int_equal(read(fd, &record, sizeof(record)), sizeof(record));
        assert_int_equal(record.value, first++);
    }
    assert_int_equal(write(fd, "x", 1), -1);
    close(fd);
}

static void test_records(void **state)
{
    struct sched_record record = {.event = SCHED_EVENT_GRANT};
    struct records r;

    (void)state;
    assert_int_equal(records_init(&r), 0);
    check_export(&r, 0, 0, 0, 0);
    check_export(&r, 7, 0, 0, 0);
    for (; record.value < 10; record.value++)
        records_add(&r, &record);
    check_export(&r, 0, 0, 10, 0);
    check_export(&r, 4, 4, 6, 0);
    check_export(&r, 10, 0, 0, 0);
    for (; record.value < SCHED_RECORDS + 10; record.value++)
        records_add(&r, &record);
    check_export(&r, 0, 10, SCHED_RECORDS, 10);
    check_export(&r, 4, 10, SCHED_RECORDS, 6);
    check_export(&r, SCHED_RECORDS + 3, SCHED_RECORDS + 3, 7, 0);
    check_export(&r, SCHED_RECORDS - 3, SCHED_RECORDS - 3, 13, 0);
    records_fini(&r);
}

/* --- the recovery ladder, by a clock of ours --------------------------------
 */

static uint64_t now_ns;

uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_ns(void)
{
    return now_ns;
}

static void hang_at(struct vgpu *v, uint64_t s)
{
    now_ns = s * NS_PER_S;
    ladder_hang(v);
}

static void test_ladder(void **state)
{
    static struct vgpud d;
    static struct vgpu v;
    uint64_t s = 1000;
    unsigned int i;

    (void)state;
    d.config.guard_window_ns = 60 * NS_PER_S;
    d.config.resets_to_flr = 3;
    d.config.flrs_to_quarantine = 2;
    v.d = &d;
    assert_int_equal(records_init(&d.records), 0);
    /* Two in each window, for ever. */
    for (i = 0; i < 100; i++) {
        hang_at(&v, s);
        s += 30;
    }
    assert_int_equal(v.ladder.hangs, 100);
    assert_int_equal(v.ladder.flrs, 0);
    /* Three; they don't count twice. */
    hang_at(&v, s += 100);
    hang_at(&v, s += 1);
    hang_at(&v, s += 58);
    assert_int_equal(v.ladder.flrs, 1);
    hang_at(&v, s += 1);
    hang_at(&v, s += 1);
    assert_int_equal(v.ladder.flrs, 1);
    /* The second one only after ten windows. */
    hang_at(&v, s += 600);
    hang_at(&v, s += 1);
    hang_at(&v, s += 1);
    assert_int_equal(v.ladder.flrs, 2);
    assert_false(v.ladder.quarantined);
    /* And one before they are over. */
    hang_at(&v, s += 590);
    hang_at(&v, s += 1);
    hang_at(&v, s += 1);
    assert_int_equal(v.ladder.flrs, 3);
    assert_true(v.ladder.quarantined);
    /* In quarantine nothing counts, and behind it all begins anew. */
    hang_at(&v, s);
    assert_int_equal(v.ladder.hangs, 111);
    ladder_quarantine(&v, false, XVGPU_RESET_ADMIN);
    assert_false(v.ladder.quarantined);
    for (i = 0; i < 3; i++)
        hang_at(&v, s);
    assert_int_equal(v.ladder.flrs, 4);
    assert_false(v.ladder.quarantined);
    records_fini(&d.records);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_config),  cmocka_unit_test(test_wrong_config),
    cmocka_unit_test(test_no_file), cmocka_unit_test(test_histogram),
    cmocka_unit_test(test_records), cmocka_unit_test(test_ladder),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
