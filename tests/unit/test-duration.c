/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "lib/duration.h"

static const struct {
    const char *text;
    uint64_t ns;
    const char *back; /* NULL: the same */
} sound[] = {
    {"0", 0, NULL},
    {"0ms", 0, "0"},
    {"5ms", 5000000, NULL},
    {"1.5s", 1500000000, NULL},
    {"0.25ms", 250000, "250us"},
    {"250us", 250000, NULL},
    {"1.001s", 1001000000, NULL},
    {"1.01ms", 1010000, NULL},
    {"100ns", 100, NULL},
    {"1234567ns", 1234567, "1234.567us"},
    {"60s", UINT64_C(60000000000), NULL},
    {"86400s", UINT64_C(86400000000000), NULL},
    {"0.000000001s", 1, "1ns"},
};

static void what_people_write(void **state)
{
    uint64_t ns;
    char buf[32];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
        ns = 77;
        if (duration_parse(sound[i].text, &ns) || ns != sound[i].ns)
            fail_msg("%s: %llu", sound[i].text, (unsigned long long)ns);
        assert_string_equal(duration_text(buf, sizeof(buf), ns),
                            sound[i].back ? sound[i].back : sound[i].text);
    }
}

static void what_makes_no_sense(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        {"", -EINVAL},
        {"5", -EINVAL},
        {"ms", -EINVAL},
        {"-5ms", -EINVAL},
        {"+5ms", -EINVAL},
        {" 5ms", -EINVAL},
        {"5 ms", -EINVAL},
        {"5m", -EINVAL},
        {"5msx", -EINVAL},
        {"5.ms", -EINVAL},
        {".5ms", -EINVAL},
        {"1.5ns", -EINVAL},
        {"0.0000000001s", -EINVAL},
        {"1e3ms", -EINVAL},
        {"86401s", -ERANGE},
        {"86400001ms", -ERANGE},
        {"18446744073709551617ns", -ERANGE},
    };
    uint64_t ns = 77;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (duration_parse(rows[i].text, &ns) != rows[i].rc)
            fail_msg("\"%s\"", rows[i].text);
        assert_int_equal(ns, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_write),
        cmocka_unit_test(what_makes_no_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
