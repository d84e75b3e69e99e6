/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

void stats_init(struct stats *s)
{
    s->val = plat_alloc(STATS_MAX * sizeof(*s->val), 0);
    s->n = 0;
}

void stats_add(struct stats *s, uint64_t val)
{
    if (s->n < STATS_MAX)
        s->val[s->n++] = val;
}

/* Heap sort: no recursion, no second array. */
static void sift(uint64_t *v, unsigned int root, unsigned int n)
{
    for (;;) {
        unsigned int child = 2 * root + 1;
        uint64_t tmp;

        if (child >= n)
            return;
        if (child + 1 < n && v[child + 1] > v[child])
            child++;
        if (v[root] >= v[child])
            return;
        tmp = v[root];
        v[root] = v[child];
        v[child] = tmp;
        root = child;
    }
}

void stats_sort(struct stats *s)
{
    for (unsigned int i = s->n / 2; i-- > 0;)
        sift(s->val, i, s->n);
    for (unsigned int n = s->n; n-- > 1;) {
        uint64_t tmp = s->val[0];

        s->val[0] = s->val[n];
        s->val[n] = tmp;
        sift(s->val, 0, n);
    }
}

uint64_t stats_at(const struct stats *s, unsigned int per_mille)
{
    unsigned int i = (uint64_t)s->n * per_mille / 1000;

    return s->n ? s->val[i < s->n ? i : s->n - 1] : 0;
}

void stats_print(const char *test, struct vgpu_engine *e, struct stats *latency)
{
    printk("STATS test=%s jobs=%lu packets=%lu bytes=%lu maps=%lu "
           "map_hits=%lu faults=%lu events=%u irqs=%u route=%u",
           test, engine_read64(e, XVGPU_JOBS), engine_read64(e, XVGPU_PACKETS),
           engine_read64(e, XVGPU_BYTES), engine_read64(e, XVGPU_MAPS),
           engine_read64(e, XVGPU_MAP_HITS), engine_read64(e, XVGPU_FAULTS),
           e->events, e->irqs, vgpu_read(e->vgpu, XVGPU_INTR_ROUTE));
    if (latency) {
        stats_sort(latency);
        printk(" n=%u min_ns=%lu p50_ns=%lu p90_ns=%lu p99_ns=%lu max_ns=%lu",
               latency->n, stats_at(latency, 0), stats_at(latency, 500),
               stats_at(latency, 900), stats_at(latency, 990),
               stats_at(latency, 1000));
    }
    printk("\n");
}
