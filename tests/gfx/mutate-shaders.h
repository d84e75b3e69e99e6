/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_GFX_MUTATE_SHADERS_H
#define TESTS_GFX_MUTATE_SHADERS_H

#include <stdbool.h>
#include <stdint.h>

enum outcome {
    SAME,      /* the mutant is its seed */
    INVALID,   /* by the gate: -EINVAL */
    UNOFFERED, /* -ENOTSUP */
    TOO_BIG,   /* -E2BIG */
    NO_MEMORY,
    UNMATCHED, /* no match for the other stages */
    ACCEPTED,  /* and not run */
    RAN,
    REFUSED, /* by the driver */
    NO_FORMAT,
    SLOW, /* the driver did not end in time */
    GATE_DIED,
    DRIVER_DIED,
    OUTCOMES,
    /* Messages besides outcomes. */
    GATE_BEGINS,
    DRIVER_BEGINS,
};

/* From the child: an outcome, or where it is. */
struct message {
    uint32_t number;
    uint32_t what;
};

struct mutate_options {
    uint32_t seed, first, count, timeout;
    bool gate_only, validator_only, verbose, families;
    const char *save, *file; /* a folder for modules, a module */
};

extern struct mutate_options options;
extern const char *const outcome_names[OUTCOMES];

/* The child's life: messages to fd, the last one of mutant end - 1. */
void child(int fd, uint32_t first, uint32_t end);
/* The untouched ones, in this process; the exit status. */
int run_families(void);
/* A vertex or compute shader of a file, the same way. */
int run_file(const char *path);

#endif
