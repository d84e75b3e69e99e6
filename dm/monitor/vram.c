/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/vram.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/log.h"

#define FRAMES_4G UINT64_C(0x100000)
#define FRAMES_1G UINT64_C(0x40000)
#define PAGE_SHIFT 12
#define BATCH 512u /* extents a hypercall */

uint64_t vram_parking(uint64_t max_gfn)
{
    uint64_t end = max_gfn + 1;

    /* Special pages stand just below 4 GiB whatever the RAM's size. */
    if (end < FRAMES_4G)
        end = FRAMES_4G;
    end += FRAMES_1G;
    return (end + VRAM_FRAMES_2M - 1) & ~(uint64_t)(VRAM_FRAMES_2M - 1);
}

/* Populate as many of nr extents from gfn on as there are. Returns their
 * number, *rc then says why not all. */
static uint64_t populate(const struct domain *d, uint64_t gfn, uint64_t nr,
                         unsigned int order, int *rc)
{
    xen_pfn_t list[BATCH];
    uint64_t done = 0, i, n;
    int got;

    *rc = 0;
    while (done < nr) {
        n = nr - done < BATCH ? nr - done : BATCH;
        for (i = 0; i < n; i++)
            list[i] = gfn + ((done + i) << order);
        got = xc_domain_populate_physmap(d->xch, d->domid, n, order, 0, list);
        if (got < 0) {
            *rc = errno ? -errno : -EIO;
            break;
        }
        done += (uint64_t)got;
        if ((uint64_t)got < n) {
            *rc = -ENOMEM;
            break;
        }
    }
    return done;
}

static int populate_area(const struct domain *d, struct vram *v)
{
    uint64_t frames = v->size >> PAGE_SHIFT;
    int rc;

    v->populated = populate(d, v->gfn, frames >> VRAM_ORDER, VRAM_ORDER, &rc)
                   << VRAM_ORDER;
    if (v->populated == frames)
        return 0;
    /* The host's memory may be fragmented: single pages do as well. */
    v->small_pages =
        populate(d, v->gfn + v->populated, frames - v->populated, 0, &rc);
    v->populated += v->small_pages;
    if (v->populated != frames)
        return rc;
    log_info("%" PRIu64 " of %" PRIu64 " VRAM pages are single ones: the "
             "host's memory is fragmented",
             v->small_pages, frames);
    return 0;
}

void vram_release(const struct domain *d, struct vram *v, unsigned int nr)
{
    xen_pfn_t list[BATCH];
    uint64_t done, n, i, kept;
    int error = 0;

    for (; nr; nr--, v++) {
        kept = 0;
        for (done = 0; done < v->populated; done += n) {
            n = v->populated - done < BATCH ? v->populated - done : BATCH;
            for (i = 0; i < n; i++)
                list[i] = v->gfn + done + i;
            /* All else can still be given back. */
            if (xc_domain_decrease_reservation_exact(d->xch, d->domid, n, 0,
                                                     list)) {
                error = errno;
                kept += n;
            }
        }
        if (kept)
            log_error("give %" PRIu64 " VRAM pages at frame 0x%" PRIx64
                      " back: failed for %" PRIu64 " of them or fewer: %s",
                      v->populated, v->gfn, kept, strerror(error));
        v->populated = 0;
    }
}

static uint64_t total_of(const struct vram *v, unsigned int nr)
{
    uint64_t total = 0;

    while (nr--)
        total += v[nr].size;
    return total;
}

int vram_check(const struct domain *d, const struct vram *v, unsigned int nr,
               bool videoram)
{
    const uint64_t mib = total_of(v, nr) >> 20;
    struct domain_info info;
    uint64_t room = 0, host_free = 0;
    int rc;

    rc = domain_info(d, &info);
    if (!rc)
        rc = domain_host_free(d, &host_free);
    if (rc) {
        log_error("ask Xen for memory for VRAM: %s", strerror(-rc));
        return rc;
    }
    if (info.max_pages > info.pages)
        room = (info.max_pages - info.pages) >> (20 - PAGE_SHIFT);
    host_free >>= 20 - PAGE_SHIFT;
    if (room < mib && videoram)
        log_error("populate %" PRIu64 " MiB of VRAM: the domain has room for "
                  "%" PRIu64 " MiB: set videoram=%" PRIu64
                  " in its configuration",
                  mib, room, mib);
    else if (room < mib)
        log_error("populate %" PRIu64 " MiB of VRAM: the domain has room for "
                  "%" PRIu64 " MiB",
                  mib, room);
    else if (host_free < mib)
        log_error("populate %" PRIu64 " MiB of VRAM: the host has %" PRIu64
                  " MiB of free memory (see xl info)",
                  mib, host_free);
    else
        return 0;
    return -ENOMEM;
}

int vram_populate(const struct domain *d, struct vram *v, unsigned int nr)
{
    xen_pfn_t max_gfn = 0;
    uint64_t gfn;
    unsigned int i;
    int rc;

    if (xc_domain_maximum_gpfn(d->xch, d->domid, &max_gfn) < 0) {
        rc = errno ? -errno : -EIO;
        log_error("ask Xen for the end of the guest's memory: %s",
                  strerror(-rc));
        return rc;
    }
    gfn = vram_parking(max_gfn);
    for (i = 0; i < nr; i++) {
        v[i].gfn = gfn;
        v[i].populated = 0;
        v[i].small_pages = 0;
        gfn += v[i].size >> PAGE_SHIFT;
    }
    for (i = 0; i < nr; i++) {
        rc = populate_area(d, &v[i]);
        if (rc) {
            vram_release(d, v, i + 1);
            log_error("populate %" PRIu64 " MiB of VRAM: %s",
                      total_of(v, nr) >> 20, strerror(-rc));
            return rc;
        }
    }
    log_debug("%" PRIu64 " MiB of VRAM at frame 0x%" PRIx64,
              total_of(v, nr) >> 20, v[0].gfn);
    return 0;
}
