/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault points: every call of the production code that can fail, counted, and
 * made to fail once. The linker's --wrap leads the calls of points.def to
 * points.c. What the fake Xen does inside is not the production code's, nor
 * is what a thread does that said points_exempt().
 *
 * The counts and the plan are shared memory: of this process, or, where the
 * environment names a file in XVGPU_FAULT_POINTS, of all that map it.
 */
#ifndef TESTS_FAULTS_POINTS_H
#define TESTS_FAULTS_POINTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POINTS_ENV "XVGPU_FAULT_POINTS"
#define POINTS_MAX 160u

/* Whose call it is. */
enum points_who {
    POINTS_DM,
    POINTS_FORKED, /* a child of the monitor until its exec */
    POINTS_DEVICE,
    POINTS_ENGINE,
    POINTS_VGPUD,
    POINTS_DISPLAY,
    POINTS_WHO,
};

struct points {
    _Atomic uint32_t on; /* 0: nothing is counted */
    _Atomic uint32_t uses[POINTS_WHO][POINTS_MAX];
    /* The plan: the n-th use of a call by somebody, n of 0: none. */
    uint32_t who, point, n;
    uint32_t intr; /* with EINTR instead of its own error */
    _Atomic uint32_t fired;
    /* What the production code holds, in this process only. */
    _Atomic long memory, mappings;
};

/* NULL beyond the last. */
const char *points_name(unsigned int point);
/* It may be interrupted by a signal. */
bool points_can_intr(unsigned int point);
const char *points_who(unsigned int who);

/* The ones of this process. */
struct points *points_get(void);
/* Before the first use: ones that this process shares with its forks, or
 * through a new file with all that find it in their environment. */
void points_of_forks(void);
struct points *points_share(const char *path);

/* Forget counts and plan. */
void points_clear(struct points *p);
void points_plan(struct points *p, unsigned int who, unsigned int point,
                 uint32_t n, bool intr);

/* The plan is for a call of such a name, and has come true. */
bool points_fired(const char *part_of_name);

/* This thread plays somebody else from now on. */
void points_exempt(bool exempt);

#endif
