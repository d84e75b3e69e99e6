/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory map: a cache of foreign mappings of one domain's frames.
 *
 * Frames are mapped in buckets of GUESTMAP_BUCKET bytes, aligned to it in the
 * guest's physical address space, with holes where nothing is populated. A
 * bucket in use is pinned; an unpinned one is unmapped when the cache is
 * full (least recently used first), or by guestmap_invalidate().
 *
 * A page that did not map is SIGBUS when touched: every lookup checks the
 * range against the per-page errors first. Guest memory is never touched
 * outside of a range that a lookup returned.
 *
 * One map per process and thread: no locking.
 */
#ifndef LIB_GUESTMAP_H
#define LIB_GUESTMAP_H

#include <stddef.h>
#include <stdint.h>
#include <xenforeignmemory.h>

#define GUESTMAP_BUCKET (1ull << 20)

/* x86's physical addresses end here at the latest (AMD APM volume 2, 5.3.3);
 * sums below it can't wrap. */
#define GPA_END (1ull << 52)

struct guestmap;
struct guestmap_bucket;

struct guestmap_stats {
    uint64_t maps;   /* buckets mapped since the start */
    uint64_t hits;   /* lookups that found their bucket */
    uint64_t misses; /* lookups that mapped one */
    uint64_t live;   /* buckets mapped now */
};

/* `fmem` is borrowed. `max_buckets` bounds the mappings kept (each is one
 * VMA of this process). 0 or a negative errno. */
int guestmap_new(xenforeignmemory_handle *fmem, uint32_t domid,
                 unsigned int max_buckets, struct guestmap **out);
void guestmap_free(struct guestmap *map);

/* Look up `len` bytes at `gpa` and pin their bucket. On success *va is where
 * they are, *avail (1 to len) how many of them are contiguous and populated,
 * *pin what to give to guestmap_unpin(). -EFAULT when the first byte is not
 * populated; -ENOMEM, -EMFILE or what the mapping returned otherwise. */
int guestmap_pin(struct guestmap *map, uint64_t gpa, uint64_t len, void **va,
                 uint64_t *avail, struct guestmap_bucket **pin);
void guestmap_unpin(struct guestmap *map, struct guestmap_bucket *pin);

/* Copy from or to guest memory: every byte is read or written once.
 * -EFAULT at the first byte that is not populated (*bad, if not NULL, is its
 * address; what came before has been copied). */
int guestmap_read(struct guestmap *map, uint64_t gpa, void *buf, size_t len,
                  uint64_t *bad);
int guestmap_write(struct guestmap *map, uint64_t gpa, const void *buf,
                   size_t len, uint64_t *bad);

/* A mapping apart from the cache: `pages` whole ones from `gpa` (a multiple of
 * their size) on, all of them populated, at *va; for guestmap_drop_range(),
 * before guestmap_free(). An invalidation does not concern it. Errors as
 * above. */
int guestmap_map_range(struct guestmap *map, uint64_t gpa, size_t pages,
                       void **va, uint64_t *bad);
/* The same for pages that lie anywhere, by the numbers of their frames; *bad:
 * the address of the first one that is not there. */
int guestmap_map_pages(struct guestmap *map, const uint64_t *gfns, size_t pages,
                       void **va, uint64_t *bad);
void guestmap_drop_range(struct guestmap *map, void *va, size_t pages);

/* Forget all cached mappings: unpinned buckets are unmapped now, pinned ones
 * when their last pin goes; none of them serves another lookup. */
void guestmap_invalidate(struct guestmap *map);

const struct guestmap_stats *guestmap_stats(const struct guestmap *map);

#endif
