/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target is one file with the function below, which runs one input to
 * its end and leaves nothing behind: two runs of an input do the same, but
 * for what threads race for. libFuzzer calls it, or runner.c for `make check`.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input says. */
#define FUZZ_CHECK(cond)                                                       \
    do {                                                                       \
        if (!(cond)) {                                                         \
            dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", __FILE__,     \
                    __LINE__, #cond);                                          \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* The input, from its start on; what is beyond the end is 0. */
struct bytes {
    const uint8_t *at, *end;
};

static inline uint64_t take(struct bytes *b, unsigned int n)
{
    uint64_t value = 0;
    unsigned int i;

    for (i = 0; i < n && b->at < b->end; i++)
        value |= (uint64_t)*b->at++ << (8 * i);
    return value;
}

static inline size_t bytes_left(const struct bytes *b)
{
    return (size_t)(b->end - b->at);
}

#endif
