/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `xen-vgpu top`: what two answers of xen-vgpud differ in (top-interval.c), as
 * lines of text (top-text.c), printed one interval after the other (top.c) or
 * on a screen (top-screen.c).
 */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/client.h"

/* Ask the monitors for the faults of their guests' engines: to each vGPU of the
 * status "faults", an object by engine, if its monitor answers; one for half of
 * limit_ns at most, all of them for limit_ns and that. */
void top_add_faults(json_t *status, uint64_t limit_ns);

/* What happened between two statuses, as xen-vgpu(1) describes it. before may
 * be NULL or another xen-vgpud's: rates and shares are null then. A new
 * object. */
json_t *top_interval(const json_t *before, const json_t *now);

enum top_sort {
    TOP_BY_SHARE,
    TOP_BY_VGPU,
    TOP_BY_WAIT,
    TOP_BY_PREEMPT,
    TOP_BY_SWITCHES,
    TOP_BY_FAILURES,
    TOP_NR_SORTS
};

extern const char *const top_sort_names[TOP_NR_SORTS];

enum top_part { TOP_HEAD, TOP_QUEUE, TOP_TITLE, TOP_ROW };

typedef void top_line(void *arg, enum top_part part, const char *text);

/* Cleaned, without line feeds. */
void top_text(const json_t *interval, enum top_sort sort, bool reverse,
              top_line *line, void *arg);

struct top {
    double delay;         /* seconds */
    uint64_t left;        /* intervals, UINT64_MAX: no end */
    uint64_t patience_ns; /* for xen-vgpud's answer */
    enum top_sort sort;
    bool reverse;
    json_t *before;       /* the status that the interval is counted from */
    json_t *interval;     /* NULL: none yet */
    char why[CLIENT_WHY]; /* if it is not fresh, why not */
};

/* Ask xen-vgpud, make top->interval anew. An exit code, the reason in why. */
int top_sample(struct top *top);

/* The live one; an exit code. */
int top_screen(struct top *top);

#endif
