/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen's range sets, as far as ioreq servers use them. */
#include <errno.h>
#include <string.h>

#include "internal.h"

bool fx_rangeset_contains(const struct fx_rangeset *r, uint64_t start,
                          uint64_t end)
{
    unsigned int lo = 0, hi = r->n;

    while (lo < hi) {
        unsigned int mid = (lo + hi) / 2;

        if (r->r[mid].end < start)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n && r->r[lo].start <= start && end <= r->r[lo].end;
}

static void insert(struct fx_rangeset *r, unsigned int i, uint64_t start,
                   uint64_t end)
{
    memmove(&r->r[i + 1], &r->r[i], (r->n - i) * sizeof(r->r[0]));
    r->r[i].start = start;
    r->r[i].end = end;
    r->n++;
}

static void delete (struct fx_rangeset *r, unsigned int i)
{
    r->n--;
    memmove(&r->r[i], &r->r[i + 1], (r->n - i) * sizeof(r->r[0]));
}

/* Ranges that touch become one, so the limit counts gaps, as in Xen. */
int fx_rangeset_add(struct fx_rangeset *r, uint64_t start, uint64_t end)
{
    unsigned int i = 0;
    bool left, right;

    while (i < r->n && r->r[i].end < start)
        i++;
    if (i < r->n && r->r[i].start <= end)
        return -EEXIST;
    left = i > 0 && r->r[i - 1].end + 1 == start;
    right = i < r->n && end + 1 == r->r[i].start;
    if (left && right) {
        r->r[i - 1].end = r->r[i].end;
        delete (r, i);
    } else if (left) {
        r->r[i - 1].end = end;
    } else if (right) {
        r->r[i].start = start;
    } else if (r->n == FX_MAX_RANGES) {
        return -ENOMEM;
    } else {
        insert(r, i, start, end);
    }
    return 0;
}

int fx_rangeset_remove(struct fx_rangeset *r, uint64_t start, uint64_t end)
{
    unsigned int i = 0;
    struct fx_range old;

    if (!fx_rangeset_contains(r, start, end))
        return -ENOENT;
    while (r->r[i].end < start)
        i++;
    old = r->r[i];
    if (old.start < start && end < old.end) {
        if (r->n == FX_MAX_RANGES)
            return -ENOMEM;
        r->r[i].end = start - 1;
        insert(r, i + 1, end + 1, old.end);
    } else if (old.start < start) {
        r->r[i].end = start - 1;
    } else if (end < old.end) {
        r->r[i].start = end + 1;
    } else {
        delete (r, i);
    }
    return 0;
}
