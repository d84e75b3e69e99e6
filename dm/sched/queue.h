/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run queue of one engine class (or of a gang of them), and the policies
 * that order it (docs/design.md, "Policies"). xen-vgpud and `xen-vgpu sim`
 * link the same objects.
 *
 * Pure: no input, output or clock of its own. Times are ns of one clock that
 * the caller reads and that never goes back. Not locked.
 *
 * The caller adds entities, says when they have work and when not, and picks.
 * It lets what was picked run until the time given, or until it has no work,
 * or until sched_queue_deadline(), asked again after each sched_queue_ready(),
 * says earlier. Then it charges, and picks again.
 */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/proto.h"

#define SCHED_NEVER UINT64_MAX

#define SCHED_WEIGHT 100u /* the usual one */
#define SCHED_WEIGHT_MAX 10000u
#define SCHED_CAP_MAX 1000u /* per mille */

/* Of a queue; can be changed while it runs. Values out of range (a slice from
 * 1 us to an hour, others up to an hour) are brought into it. */
struct sched_params {
    uint64_t slice_ns;      /* the longest turn while others wait */
    uint64_t residency_ns;  /* the shortest, when one wakes up that may go
                             * before (ondemand, fair) */
    uint64_t deadline_ns;   /* from the request to stop to the end of an
                             * engine's reset: what a turn can take longer */
    uint32_t skip_limit;    /* ondemand: how often a latency class can be passed
                             * over */
    uint64_t cap_period_ns; /* a cap's bucket holds its share of this */
};

extern const struct sched_params sched_params_default;

struct sched_heap_node {
    size_t at; /* 1 and up, 0: not in the heap */
    uint64_t key;
    uint64_t order; /* among equal keys: by rank, then as they came */
};

/* One vGPU's engine. All zero but what the caller sets. */
struct sched_entity {
    /* The caller's; once it is in the queue sched_queue_set() changes them. */
    uint32_t weight; /* 1 to SCHED_WEIGHT_MAX: of fair */
    uint32_t cap;    /* of the engine's time, per mille; 0: none */
    enum proto_latency latency;
    uint64_t slice_ns; /* 0: the queue's */

    /* For the caller to read. */
    bool ready;          /* has work */
    bool throttled;      /* its cap is used up */
    uint64_t charged_ns; /* in all */
    uint64_t wasted_ns;  /* of it, past the request to stop */

    /* queue.c's. */
    struct sched_entity *member_prev, *member_next;
    int64_t tokens; /* of the cap: 1,000 to a ns; below 0: owed */
    uint64_t tokens_at_ns;
    struct sched_heap_node release; /* while throttled */

    /* The policy's. */
    bool waiting;                     /* in its list, heap or class */
    bool woken;                       /* got work since its last turn */
    struct sched_entity *prev, *next; /* rr, ondemand */
    unsigned int class;               /* ondemand */
    uint64_t vtime;                   /* fair: where its next turn begins */
    struct sched_heap_node order;     /* fair */
};

/* A binary heap of entities, the least key first, of equal ones the least
 * rank, then the first that came.
 * Keys are compared by their difference: they may wrap around. */
struct sched_heap {
    struct sched_entity **nodes; /* from 1 */
    size_t count, room;
    size_t node_offset; /* of the struct sched_heap_node */
    uint64_t pushed;
};

struct sched_queue;

/*
 * A policy, one file each. An entity that is in the queue, has work and is not
 * throttled is either waiting, or it is the current one (queue->current).
 * Members are not waiting when they join, leave or are charged in their turn.
 */
struct sched_policy {
    const char *name;
    void (*join)(struct sched_queue *q, struct sched_entity *e, uint64_t now);
    void (*leave)(struct sched_queue *q, struct sched_entity *e, uint64_t now);
    /* It waits from now on: has work, or its turn is over and it has more. */
    void (*enqueue)(struct sched_queue *q, struct sched_entity *e,
                    uint64_t now);
    /* It does not wait any longer, and hasn't been picked. */
    void (*dequeue)(struct sched_queue *q, struct sched_entity *e,
                    uint64_t now);
    /* Take one out of those that wait. NULL: nobody may run now, ask again at
     * *until (SCHED_NEVER: when somebody has work). */
    struct sched_entity *(*pick)(struct sched_queue *q, uint64_t now,
                                 uint64_t *until);
    /* It has used the engine for `ran_ns`; mostly, but not always (compiling)
     * as the current one, in a turn that ends now. */
    void (*charge)(struct sched_queue *q, struct sched_entity *e,
                   uint64_t ran_ns, uint64_t now);
    /* Until when the current one, which runs since `since`, may go on, given
     * who waits now. */
    uint64_t (*deadline)(struct sched_queue *q, struct sched_entity *current,
                         uint64_t since, uint64_t now);
};

extern const struct sched_policy sched_fixed, sched_rr, sched_ondemand,
    sched_fair;
/* All of them, up to NULL; the first is the default. */
extern const struct sched_policy *const sched_policies[];
/* NULL: no such name. */
const struct sched_policy *sched_policy_find(const char *name);

#define SCHED_CLASSES 4u

struct sched_queue {
    const struct sched_policy *policy;
    struct sched_params params;
    struct sched_entity *members; /* in the order of their joining */
    size_t member_count;
    size_t runnable; /* have work and are not throttled; with the current one */
    size_t held;     /* have work, but are throttled */
    struct sched_entity *current; /* picked and not yet charged */
    uint64_t since_ns;            /* of the current one's turn */
    struct sched_heap throttled;  /* by the time of release */

    /* The policies'. */
    struct {
        struct sched_entity *slot; /* whose slot it is, NULL without members */
        uint64_t slot_end_ns;
    } fixed;
    struct {
        struct sched_entity *waiting;
    } rr;
    struct {
        struct sched_entity *waiting[SCHED_CLASSES];
        uint32_t passed[SCHED_CLASSES]; /* over, while somebody waited */
    } ondemand;
    struct {
        struct sched_heap waiting; /* by vtime */
        uint64_t vtime;            /* where the current turn began */
        uint64_t settled_ns;       /* of that turn, in vtime already */
    } fair;
};

/* 0 or a negative errno. */
int sched_queue_init(struct sched_queue *q, const struct sched_policy *p,
                     const struct sched_params *params, uint64_t now);
/* Forgets the members, which are the caller's. */
void sched_queue_free(struct sched_queue *q);

/* Members stay, a turn goes on, accounts start afresh (those of caps go on).
 * The caller asks for the deadline again. */
void sched_queue_set_policy(struct sched_queue *q, const struct sched_policy *p,
                            uint64_t now);
void sched_queue_set_params(struct sched_queue *q,
                            const struct sched_params *params, uint64_t now);

/* -ENOMEM, or -EINVAL for values out of range. It has no work yet. */
int sched_queue_add(struct sched_queue *q, struct sched_entity *e,
                    uint64_t now);
/* At any time; a turn of it ends uncharged. */
void sched_queue_remove(struct sched_queue *q, struct sched_entity *e,
                        uint64_t now);
/* -EINVAL for values out of range, without any change. */
int sched_queue_set(struct sched_queue *q, struct sched_entity *e,
                    uint32_t weight, uint32_t cap, enum proto_latency latency,
                    uint64_t slice_ns, uint64_t now);

/* It has work, or none (any longer). Both as often as the caller likes. */
void sched_queue_ready(struct sched_queue *q, struct sched_entity *e,
                       uint64_t now);
void sched_queue_idle(struct sched_queue *q, struct sched_entity *e,
                      uint64_t now);

struct sched_turn {
    struct sched_entity *entity; /* NULL: nobody may run before until_ns */
    uint64_t until_ns;           /* or SCHED_NEVER */
};

/* Begins a turn. One that has not been charged ends uncharged. */
struct sched_turn sched_queue_pick(struct sched_queue *q, uint64_t now);

/* A turn of `e`, which has work, is under way (xen-vgpud was restarted). */
void sched_queue_adopt(struct sched_queue *q, struct sched_entity *e,
                       uint64_t now);

/* When the current one must be asked to stop, `now` if it is due;
 * SCHED_NEVER while it is alone and uncapped. */
uint64_t sched_queue_deadline(struct sched_queue *q,
                              struct sched_entity *current, uint64_t since,
                              uint64_t now);

/* Must it be told at once when the current one has no more work? (Somebody
 * else has, or time is counted against a cap.) */
bool sched_queue_contended(const struct sched_queue *q,
                           const struct sched_entity *current);

/* `e` has held the engine for ran_ns, from the grant to the acknowledgement,
 * and waste_ns of it past the request to stop. All of it is its own: who is
 * late to stop pays. Ends its turn if it is the current one. */
void sched_queue_charge(struct sched_queue *q, struct sched_entity *e,
                        uint64_t ran_ns, uint64_t waste_ns, uint64_t now);

/* For the policies. */
uint64_t sched_slice(const struct sched_queue *q, const struct sched_entity *e);
/* a + b, or SCHED_NEVER if that is beyond. */
uint64_t sched_add(uint64_t a, uint64_t b);

/* Room for `count`; -ENOMEM changes nothing. */
int sched_heap_reserve(struct sched_heap *h, size_t count);
void sched_heap_push(struct sched_heap *h, struct sched_entity *e, uint64_t key,
                     unsigned int rank);
void sched_heap_remove(struct sched_heap *h, struct sched_entity *e);
/* NULL: empty. */
struct sched_entity *sched_heap_first(const struct sched_heap *h);

#endif
