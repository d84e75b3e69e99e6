/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant pages (docs/design.md, "Grants"): the scheduler's permission to run.
 *
 * Page S, scheduler to engine: a memfd that the scheduler's side maps, then
 * seals against future writes, then sends; the engine can only read it.
 * Page E, engine to scheduler: hostile input, hints only.
 * An eventfd `wake` (scheduler to engine) says that S changed.
 *
 * With sched=none the monitor makes S and leaves it at GRANT_RUN for good.
 */
#ifndef LIB_GRANT_H
#define LIB_GRANT_H

#include <stdint.h>

#define GRANT_SIZE 4096u

enum grant_kind {
    GRANT_NONE = 0,    /* stop at the next boundary, acknowledge, wait */
    GRANT_RUN = 1,     /* run packets */
    GRANT_COMPILE = 2, /* warm up and compile only */
};

struct grant_s {
    uint32_t epoch; /* raised with each change, after `kind` (release) */
    uint32_t kind;
};

struct grant_e {
    uint32_t ack_epoch; /* the last GRANT_NONE epoch that was honoured */
    uint32_t want;      /* enum grant_kind that the engine asks for */
};

/* Create S, granted with `kind`, and an empty E.
 * Out: *s_fd sealed for future writes, *s the only writable mapping, *e_fd.
 * 0 or a negative errno; nothing is left open on failure. */
int grant_create(enum grant_kind kind, int *s_fd, struct grant_s **s,
                 int *e_fd);

/* The scheduler's side: change the kind, raise the epoch; the caller kicks
 * `wake`. */
void grant_set(struct grant_s *s, enum grant_kind kind);

/* The engine's side: map what it was sent (S read-only, E read-write). */
int grant_map(int s_fd, int e_fd, const struct grant_s **s, struct grant_e **e);

static inline enum grant_kind grant_kind_now(const struct grant_s *s)
{
    return (enum grant_kind)__atomic_load_n(&s->kind, __ATOMIC_RELAXED);
}

#endif
