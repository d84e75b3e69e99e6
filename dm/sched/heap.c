/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/sched/queue.h"

#include <errno.h>
#include <stdlib.h>

static struct sched_heap_node *node_of(const struct sched_heap *h,
                                       struct sched_entity *e)
{
    return (struct sched_heap_node *)((char *)e + h->node_offset);
}

int sched_heap_reserve(struct sched_heap *h, size_t count)
{
    struct sched_entity **nodes;
    size_t room = h->room ? h->room : 15;

    if (count <= h->room)
        return 0;
    while (room < count)
        room = room * 2 + 1;
    nodes = realloc(h->nodes, (room + 1) * sizeof(*nodes));
    if (!nodes)
        return -ENOMEM;
    h->nodes = nodes;
    h->room = room;
    return 0;
}

static bool before(const struct sched_heap *h, struct sched_entity *a,
                   struct sched_entity *b)
{
    const struct sched_heap_node *x = node_of(h, a), *y = node_of(h, b);
    int64_t d = (int64_t)(x->key - y->key);

    return d ? d < 0 : x->order < y->order;
}

static void place(struct sched_heap *h, struct sched_entity *e, size_t at)
{
    h->nodes[at] = e;
    node_of(h, e)->at = at;
}

static void up(struct sched_heap *h, struct sched_entity *e, size_t at)
{
    for (; at > 1 && before(h, e, h->nodes[at / 2]); at /= 2)
        place(h, h->nodes[at / 2], at);
    place(h, e, at);
}

static void down(struct sched_heap *h, struct sched_entity *e, size_t at)
{
    size_t child;

    for (; (child = 2 * at) <= h->count; at = child) {
        if (child < h->count && before(h, h->nodes[child + 1], h->nodes[child]))
            child++;
        if (!before(h, h->nodes[child], e))
            break;
        place(h, h->nodes[child], at);
    }
    place(h, e, at);
}

void sched_heap_push(struct sched_heap *h, struct sched_entity *e, uint64_t key,
                     unsigned int rank)
{
    struct sched_heap_node *n = node_of(h, e);

    if (n->at || h->count >= h->room)
        return;
    n->key = key;
    n->order = ((uint64_t)rank << 56) + h->pushed++;
    up(h, e, ++h->count);
}

void sched_heap_remove(struct sched_heap *h, struct sched_entity *e)
{
    struct sched_heap_node *n = node_of(h, e);
    struct sched_entity *last;
    size_t at = n->at;

    if (!at)
        return;
    n->at = 0;
    last = h->nodes[h->count--];
    if (last == e)
        return;
    if (at > 1 && before(h, last, h->nodes[at / 2]))
        up(h, last, at);
    else
        down(h, last, at);
}

struct sched_entity *sched_heap_first(const struct sched_heap *h)
{
    return h->count ? h->nodes[1] : NULL;
}
