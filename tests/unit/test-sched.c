/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sched-load.h"

#define ROUNDS 60u

/* Printed with what fails; XVGPU_TEST_SEED repeats it. */
static uint64_t first_seed(void)
{
    const char *s = getenv("XVGPU_TEST_SEED");

    return s ? strtoull(s, NULL, 10) : 1;
}

static void one_load(const struct sched_policy *p, uint64_t seed)
{
    struct load l;

    load_start(&l, p, seed, 2 + (unsigned int)(seed % (LOAD_MAX - 1)));
    if (!load_run(&l, 5000 * LOAD_MS))
        fail();
    load_end(&l);
}

static void test_promises(void **state)
{
    uint64_t seed;
    size_t i;

    (void)state;
    for (i = 0; sched_policies[i]; i++) {
        for (seed = first_seed(); seed < first_seed() + ROUNDS; seed++)
            one_load(sched_policies[i], seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),
    };

    printf("seeds from %" PRIu64 "\n", first_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
