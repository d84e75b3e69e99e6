/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a life once without a fault, counts the points in it, then fails each
 * in turn, each time in a process of its own, and prints what came of it.
 */
#ifndef TESTS_FAULTS_REPORT_H
#define TESTS_FAULTS_REPORT_H

#include "points.h"

#define PHASES_MAX 24u

/* What a step of the guest or the toolstack came to. NULL: as it should be.
 * Otherwise it was refused, which the same step once more must make good;
 * with a '!' in front of the text nothing can. */
struct act {
    const char *name;
    const char *(*run)(void);
};

struct outcome {
    const char *left;         /* what is left, if that call was the fault */
    const char *phase;        /* the present one */
    const char *failed;       /* what must not be; NULL: survived */
    const char *refused_step; /* refused and then made good */
    bool refused;             /* it did not start */
    bool ended;               /* it ended later, and said why */
    bool finished;            /* the life came to its end */
    unsigned int nr_phases;
    struct {
        const char *name;
        uint32_t uses[POINTS_WHO][POINTS_MAX]; /* when it began */
    } phases[PHASES_MAX];
};

typedef void life_fn(struct outcome *o);

/* A phase begins. */
void phase(struct outcome *o, const char *name);
/* Take the steps, again where they are refused, until one fails. */
void take_steps(struct outcome *o, const struct act *steps, size_t nr);
/* This life has failed for good: it ends here. */
void report_fatal(const char *why) __attribute__((noreturn));
/* Descriptors that this process has. */
int count_fds(void);

/* The whole run; `share` points of those that there are, evenly spread, unless
 * XVGPU_LONG is set (0: all). The exit code. */
int report_run(const char *title, life_fn *life, unsigned int share);

#endif
