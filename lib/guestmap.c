/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guestmap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
/* Adding without memory marks the element instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES (1ull << PAGE_SHIFT)
#define BUCKET_PAGES ((unsigned int)(GUESTMAP_BUCKET >> PAGE_SHIFT))
#define NR_HINTS 64u
#define NO_BUCKET (~0ull)
#define MIN_BUCKETS 4u
#define CACHE_LINE 64u

/* What a lookup touches comes first, in one cache line: after each chunk
 * copied nothing of it is in the nearest cache any more. */
struct guestmap_bucket {
    uint64_t number; /* gpa / GUESTMAP_BUCKET */
    unsigned char *va;
    unsigned int pins;
    bool full;  /* all pages are valid */
    bool stale; /* serves no lookup any more; goes with its last pin */
    struct guestmap_bucket *prev, *next; /* in `lru` or `stale` */
    uint64_t valid[BUCKET_PAGES / 64];
    UT_hash_handle hh;
} __attribute__((aligned(CACHE_LINE)));

/* A short cut to a bucket. */
struct recent {
    uint64_t number; /* NO_BUCKET: none */
    struct guestmap_bucket *bucket;
};

struct guestmap {
    /* A copy goes back and forth between two buckets: these, which are the
     * first two of `lru`. */
    struct recent recent[2];
    struct guestmap_stats stats;
    struct guestmap_bucket *lru; /* most recently used first */
    struct guestmap_bucket *stale;
    struct guestmap_bucket *table;
    xenforeignmemory_handle *fmem;
    uint32_t domid;
    unsigned int max_buckets;
    /* Buckets by the low bits of their number: the lookup's short cut. */
    struct guestmap_bucket *hint[NR_HINTS];
} __attribute__((aligned(CACHE_LINE)));

static void *zalloc(size_t size)
{
    void *p = aligned_alloc(CACHE_LINE, size);

    return p ? memset(p, 0, size) : NULL;
}

int guestmap_new(xenforeignmemory_handle *fmem, uint32_t domid,
                 unsigned int max_buckets, struct guestmap **out)
{
    struct guestmap *map = zalloc(sizeof(*map));

    if (!map)
        return -ENOMEM;
    map->recent[0].number = map->recent[1].number = NO_BUCKET;
    map->fmem = fmem;
    map->domid = domid;
    map->max_buckets = max_buckets < MIN_BUCKETS ? MIN_BUCKETS : max_buckets;
    *out = map;
    return 0;
}

static void bucket_destroy(struct guestmap *map, struct guestmap_bucket *b)
{
    xenforeignmemory_unmap(map->fmem, b->va, BUCKET_PAGES);
    map->stats.live--;
    free(b);
}

/* Take a bucket out of the cache; it goes now or with its last pin. */
static void bucket_drop(struct guestmap *map, struct guestmap_bucket *b)
{
    struct guestmap_bucket **hint = &map->hint[b->number % NR_HINTS];
    unsigned int i;

    if (*hint == b)
        *hint = NULL;
    for (i = 0; i < 2; i++) {
        if (map->recent[i].bucket == b)
            map->recent[i] = (struct recent){NO_BUCKET, NULL};
    }
    HASH_DEL(map->table, b);
    DL_DELETE(map->lru, b);
    if (b->pins) {
        b->stale = true;
        DL_APPEND(map->stale, b);
    } else {
        bucket_destroy(map, b);
    }
}

void guestmap_free(struct guestmap *map)
{
    struct guestmap_bucket *b, *next;

    if (!map)
        return;
    guestmap_invalidate(map);
    DL_FOREACH_SAFE(map->stale, b, next)
    bucket_destroy(map, b);
    free(map);
}

/* Make room for one more: the least recently used bucket without a pin. */
static int evict(struct guestmap *map)
{
    struct guestmap_bucket *b;

    if (!map->lru)
        return -ENOMEM;
    for (b = map->lru->prev; b->pins; b = b->prev) {
        if (b == map->lru)
            return -ENOMEM;
    }
    bucket_drop(map, b);
    return 0;
}

static void note_recent(struct guestmap *map, struct guestmap_bucket *b)
{
    map->recent[1] = map->recent[0];
    map->recent[0] = (struct recent){b->number, b};
}

static int bucket_map(struct guestmap *map, uint64_t number,
                      struct guestmap_bucket **out)
{
    xen_pfn_t gfns[BUCKET_PAGES];
    int errs[BUCKET_PAGES];
    struct guestmap_bucket *b;
    unsigned int i, populated = 0;
    int rc;

    if (map->stats.live >= map->max_buckets) {
        rc = evict(map);
        if (rc < 0)
            return rc;
    }
    b = zalloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    for (i = 0; i < BUCKET_PAGES; i++) {
        gfns[i] = (xen_pfn_t)(number * BUCKET_PAGES + i);
        errs[i] = 0;
    }
    errno = 0;
    b->va = xenforeignmemory_map(map->fmem, map->domid, PROT_READ | PROT_WRITE,
                                 BUCKET_PAGES, gfns, errs);
    if (!b->va) {
        rc = errno ? -errno : -EIO;
        free(b);
        return rc;
    }
    b->number = number;
    map->stats.maps++;
    map->stats.live++;
    for (i = 0; i < BUCKET_PAGES; i++) {
        if (errs[i])
            continue;
        b->valid[i / 64] |= 1ull << (i % 64);
        populated++;
    }
    if (!populated) {
        /* Not kept: the guest may populate it later. */
        bucket_destroy(map, b);
        return -EFAULT;
    }
    b->full = populated == BUCKET_PAGES;
    HASH_ADD(hh, map->table, number, sizeof(b->number), b);
    if (!b->hh.tbl) {
        bucket_destroy(map, b);
        return -ENOMEM;
    }
    DL_PREPEND(map->lru, b);
    map->hint[number % NR_HINTS] = b;
    note_recent(map, b);
    *out = b;
    return 0;
}

static struct guestmap_bucket *bucket_find(struct guestmap *map,
                                           uint64_t number)
{
    struct guestmap_bucket *b;

    if (map->recent[0].number == number)
        return map->recent[0].bucket;
    if (map->recent[1].number == number)
        return map->recent[1].bucket;
    b = map->hint[number % NR_HINTS];
    if (!b || b->number != number) {
        HASH_FIND(hh, map->table, &number, sizeof(number), b);
        if (!b)
            return NULL;
        map->hint[number % NR_HINTS] = b;
    }
    DL_DELETE(map->lru, b);
    DL_PREPEND(map->lru, b);
    note_recent(map, b);
    return b;
}

static bool page_valid(const struct guestmap_bucket *b, unsigned int page)
{
    return b->full || (b->valid[page / 64] >> (page % 64) & 1);
}

/* Number of valid pages from `page` on. */
static unsigned int valid_run(const struct guestmap_bucket *b,
                              unsigned int page)
{
    unsigned int n = 0, here;
    uint64_t holes;

    if (b->full)
        return BUCKET_PAGES - page;
    while (page + n < BUCKET_PAGES) {
        here = (page + n) % 64;
        holes = ~b->valid[(page + n) / 64] >> here;
        if (holes)
            return n + (unsigned int)__builtin_ctzll(holes);
        n += 64 - here;
    }
    return n;
}

int guestmap_pin(struct guestmap *map, uint64_t gpa, uint64_t len, void **va,
                 uint64_t *avail, struct guestmap_bucket **pin)
{
    struct guestmap_bucket *b;
    uint64_t offset, contiguous;
    unsigned int page;
    int rc;

    if (gpa >= GPA_END || !len)
        return -EFAULT;
    offset = gpa % GUESTMAP_BUCKET;
    page = (unsigned int)(offset >> PAGE_SHIFT);
    b = bucket_find(map, gpa / GUESTMAP_BUCKET);
    /* A hole may have been filled since its bucket was mapped. */
    if (b && !page_valid(b, page)) {
        bucket_drop(map, b);
        b = NULL;
    }
    if (b) {
        map->stats.hits++;
    } else {
        map->stats.misses++;
        rc = bucket_map(map, gpa / GUESTMAP_BUCKET, &b);
        if (rc < 0)
            return rc;
        if (!page_valid(b, page))
            return -EFAULT;
    }
    contiguous = b->full
                     ? GUESTMAP_BUCKET - offset
                     : valid_run(b, page) * PAGE_BYTES - offset % PAGE_BYTES;
    b->pins++;
    *va = b->va + offset;
    *avail = len < contiguous ? len : contiguous;
    *pin = b;
    return 0;
}

void guestmap_unpin(struct guestmap *map, struct guestmap_bucket *pin)
{
    if (--pin->pins || !pin->stale)
        return;
    DL_DELETE(map->stale, pin);
    bucket_destroy(map, pin);
}

/* Copy in either direction, piece by piece. */
static int transfer(struct guestmap *map, uint64_t gpa, void *to_buf,
                    const void *from_buf, size_t len, uint64_t *bad)
{
    struct guestmap_bucket *pin;
    size_t done = 0;
    uint64_t n;
    void *va;
    int rc;

    while (done < len) {
        rc = guestmap_pin(map, gpa + done, len - done, &va, &n, &pin);
        if (rc < 0) {
            if (bad)
                *bad = gpa + done;
            return rc;
        }
        if (to_buf)
            memcpy((unsigned char *)to_buf + done, va, n);
        else
            memcpy(va, (const unsigned char *)from_buf + done, n);
        guestmap_unpin(map, pin);
        done += n;
    }
    return 0;
}

int guestmap_read(struct guestmap *map, uint64_t gpa, void *buf, size_t len,
                  uint64_t *bad)
{
    return transfer(map, gpa, buf, NULL, len, bad);
}

int guestmap_write(struct guestmap *map, uint64_t gpa, const void *buf,
                   size_t len, uint64_t *bad)
{
    return transfer(map, gpa, NULL, buf, len, bad);
}

/* The first page that did not map, or `pages`. */
static size_t first_hole(size_t pages, const int *errs)
{
    size_t i;

    for (i = 0; i < pages && !errs[i]; i++)
        ;
    return i;
}

/* Frames' numbers are those of Xen, and checked. */
static int map_pages(struct guestmap *map, const xen_pfn_t *gfns, size_t pages,
                     void **va, uint64_t *bad)
{
    int *errs = calloc(pages, sizeof(*errs)), rc;
    size_t hole;

    *va = NULL;
    if (!errs)
        return -ENOMEM;
    errno = 0;
    *va = xenforeignmemory_map(map->fmem, map->domid, PROT_READ | PROT_WRITE,
                               pages, gfns, errs);
    rc = *va ? 0 : errno ? -errno : -EIO;
    hole = rc ? pages : first_hole(pages, errs);
    if (hole < pages) {
        *bad = (uint64_t)gfns[hole] << PAGE_SHIFT;
        guestmap_drop_range(map, *va, pages);
        *va = NULL;
        rc = -EFAULT;
    }
    free(errs);
    return rc;
}

int guestmap_map_range(struct guestmap *map, uint64_t gpa, size_t pages,
                       void **va, uint64_t *bad)
{
    xen_pfn_t *gfns;
    size_t i;
    int rc;

    *bad = gpa;
    if (!pages || gpa % PAGE_BYTES || gpa >= GPA_END ||
        pages > (GPA_END - gpa) / PAGE_BYTES)
        return -EFAULT;
    gfns = malloc(pages * sizeof(*gfns));
    if (!gfns)
        return -ENOMEM;
    for (i = 0; i < pages; i++)
        gfns[i] = (xen_pfn_t)((gpa >> PAGE_SHIFT) + i);
    rc = map_pages(map, gfns, pages, va, bad);
    free(gfns);
    return rc;
}

_Static_assert(sizeof(xen_pfn_t) == sizeof(uint64_t), "lists are passed on");

int guestmap_map_pages(struct guestmap *map, const uint64_t *gfns, size_t pages,
                       void **va, uint64_t *bad)
{
    size_t i;

    for (i = 0; i < pages; i++) {
        if (gfns[i] >= GPA_END >> PAGE_SHIFT) {
            *bad = gfns[i] << PAGE_SHIFT;
            return -EFAULT;
        }
    }
    *bad = 0;
    return pages ? map_pages(map, (const xen_pfn_t *)gfns, pages, va, bad)
                 : -EFAULT;
}

void guestmap_drop_range(struct guestmap *map, void *va, size_t pages)
{
    xenforeignmemory_unmap(map->fmem, va, pages);
}

void guestmap_invalidate(struct guestmap *map)
{
    while (map->lru)
        bucket_drop(map, map->lru);
}

const struct guestmap_stats *guestmap_stats(const struct guestmap *map)
{
    return &map->stats;
}
