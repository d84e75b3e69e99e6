/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant pages (docs/design.md, "Grants"): the scheduler's permission to run,
 * two pages an engine.
 *
 * Page S, scheduler to engine. The engine is given a descriptor that can only
 * be read, of a memfd that is root's alone: it can't be opened anew for
 * writing. (Not a sealed one: a restarted xen-vgpud maps it again.)
 * Page E, engine to scheduler: hostile input, hints only.
 * An eventfd `wake` (scheduler to engine) says that S has changed, another one,
 * `notify` (engine to scheduler), that E has.
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
    GRANT_COMPILE = 2, /* the one step that compiles, then acknowledge */
};

/* grant_s.flags */
/* Kick `notify` also when the engine has become idle under GRANT_RUN, or busy
 * again: somebody waits for it, or its time is counted. */
#define GRANT_F_IDLE 0x1u
/* GRANT_RUN is good for compiling, too: there is no scheduler. */
#define GRANT_F_COMPILE 0x2u

struct grant_s {
    uint32_t epoch; /* raised with each change, after the others (release) */
    uint32_t kind;  /* enum grant_kind */
    uint32_t flags; /* GRANT_F_*; may change without a new epoch */
    uint32_t pad;
    /* How long the process was stopped by a signal in the midst of a packet,
     * in all; and since when it is (CLOCK_MONOTONIC; 0: it is not). */
    uint64_t frozen_ns;
    uint64_t frozen_at_ns;
};

/*
 * Written by the engine. It kicks `notify` after each change of ack_epoch, and
 * of `want`, but for those between NONE and RUN while it is granted RUN without
 * GRANT_F_IDLE. Whoever sets that flag then looks at `want`, a full fence in
 * between. Times are CLOCK_MONOTONIC, ns.
 */
struct grant_e {
    /* The last epoch whose GRANT_NONE was honoured, or whose GRANT_COMPILE was
     * used and given back (release). */
    uint32_t ack_epoch;
    uint32_t want;      /* enum grant_kind that the engine asks for */
    uint32_t run_epoch; /* the last epoch under which it began to run */
    uint32_t pad;
    /* The steps of the last world switch away from it (valid with ack_epoch)
     * and to it (valid with run_epoch). */
    uint64_t preempted_ns; /* at a boundary, the GPU is idle */
    uint64_t saved_ns;     /* the context is where a successor finds it */
    uint64_t loaded_ns;    /* the context can be used */
    uint64_t running_ns;   /* the first packet after it begins */
    uint64_t busy_ns;      /* time that it has run packets, in all */
};

/* Create S, granted with `kind` and `flags`, and an empty E.
 * Out: *s_fd for who writes S (s_fd may be NULL), *s_ro_fd for the engine, *s
 * mapped for writing, *e_fd. 0 or a negative errno; nothing is left open on
 * failure. */
int grant_create(enum grant_kind kind, uint32_t flags, int *s_fd, int *s_ro_fd,
                 struct grant_s **s, int *e_fd);

/* The scheduler's side: change the kind, raise the epoch; the caller kicks
 * `wake`. Returns the new epoch. */
uint32_t grant_set(struct grant_s *s, enum grant_kind kind);

/* The engine's side: map what it was sent (S read-only, E read-write). */
int grant_map(int s_fd, int e_fd, const struct grant_s **s, struct grant_e **e);

/* The scheduler's side: S for writing, E for reading only. Descriptors that
 * are no grant pages, or of another size, are refused with -EINVAL. */
int grant_map_scheduler(int s_fd, int e_fd, struct grant_s **s,
                        const struct grant_e **e);

static inline enum grant_kind grant_kind_now(const struct grant_s *s)
{
    return (enum grant_kind)__atomic_load_n(&s->kind, __ATOMIC_RELAXED);
}

static inline uint32_t grant_flags_now(const struct grant_s *s)
{
    return __atomic_load_n(&s->flags, __ATOMIC_RELAXED);
}

#endif
