/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenforeignmemory: guest frames are mapped straight from the machine's
 * memory file. Frames that follow each other there need one mmap together;
 * holes are mappings of an empty file, where any touch is SIGBUS.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>
#include <xenforeignmemory.h>

#include "internal.h"

#define BUCKETS 4096

/* The ioreq page and the buffered one; up to 128 vCPUs fit into one page. */
#define SERVER_FRAMES 2

struct xenforeignmemory_handle {
    struct fx_restrictable restrictable;
    domid_t domid;
};

struct xenforeignmemory_resource_handle {
    void *addr;
    size_t pages;
};

/* What this process has mapped: by address, as the kernel knows it. */
struct mapping {
    struct mapping *next;
    uintptr_t addr;
    size_t pages;
    unsigned int slot;
    uint32_t frame[]; /* 0: a hole, or gone already */
};

static struct mapping *table[BUCKETS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static struct mapping **bucket(uintptr_t addr)
{
    uintptr_t h = addr >> FX_PAGE_SHIFT;

    return &table[(h ^ h >> 12 ^ h >> 24) % BUCKETS];
}

/* ---- Records --------------------------------------------------------- */

static void drop_frames(struct mapping *m, size_t from, size_t to)
{
    struct fx_domain *d = &fx.shared->domain[m->slot];

    fx_lock(&d->lock);
    for (size_t i = from; i < to; i++) {
        if (m->frame[i])
            fx_frame_unmap(d, m->frame[i], fx.client);
        m->frame[i] = 0;
    }
    fx_domain_put(d);
}

static void record(struct mapping *m)
{
    struct mapping **b = bucket(m->addr);

    pthread_mutex_lock(&table_lock);
    m->next = *b;
    *b = m;
    pthread_mutex_unlock(&table_lock);
}

/* Takes out the record that is exactly this range, or NULL. */
static struct mapping *take_exact(uintptr_t addr, size_t pages)
{
    struct mapping *found = NULL;

    pthread_mutex_lock(&table_lock);
    for (struct mapping **m = bucket(addr); *m; m = &(*m)->next) {
        if ((*m)->addr == addr && (*m)->pages == pages) {
            found = *m;
            *m = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&table_lock);
    return found;
}

/*
 * The kernel forgets whatever lies in a range that is unmapped or mapped
 * over, be it part of a mapping or several. Rare, hence the search.
 */
static void forget_range(uintptr_t addr, size_t pages)
{
    uintptr_t end = addr + (pages << FX_PAGE_SHIFT);

    pthread_mutex_lock(&table_lock);
    for (unsigned int b = 0; b < BUCKETS; b++) {
        struct mapping **p = &table[b];

        while (*p) {
            struct mapping *m = *p;
            uintptr_t m_end = m->addr + (m->pages << FX_PAGE_SHIFT);
            uintptr_t from = addr > m->addr ? addr : m->addr;
            uintptr_t to = end < m_end ? end : m_end;

            if (from < to)
                drop_frames(m, (from - m->addr) >> FX_PAGE_SHIFT,
                            (to - m->addr) >> FX_PAGE_SHIFT);
            if (from == m->addr && to == m_end) {
                *p = m->next;
                free(m);
            } else {
                p = &m->next;
            }
        }
    }
    pthread_mutex_unlock(&table_lock);
}

/* ---- Mapping --------------------------------------------------------- */

static size_t run_length(const struct mapping *m, size_t i)
{
    size_t n = 1;

    while (i + n < m->pages && (m->frame[i] ? m->frame[i + n] == m->frame[i] + n
                                            : !m->frame[i + n]))
        n++;
    return n;
}

static void *map_run(const struct mapping *m, size_t i, size_t n, void *addr,
                     int prot, int flags)
{
    int fd = m->frame[i] ? fx.memory_fd : fx.hole_fd;
    off_t at = m->frame[i] ? (off_t)(m->frame[i] - 1) << FX_PAGE_SHIFT : 0;

    return mmap(addr, n << FX_PAGE_SHIFT, prot, flags | MAP_SHARED, fd, at);
}

/* Maps what M lists and records it. NULL with errno; M is freed then. */
static void *establish(struct mapping *m, void *addr, int prot, int flags)
{
    size_t first = run_length(m, 0);
    uint8_t *base;

    flags &= ~MAP_PRIVATE;
    if (first == m->pages)
        base = map_run(m, 0, first, addr, prot, flags);
    else
        base = mmap(addr, m->pages << FX_PAGE_SHIFT, prot, flags | MAP_SHARED,
                    fx.hole_fd, 0);
    if (base == MAP_FAILED)
        goto fail;
    for (size_t i = 0, n; first != m->pages && i < m->pages; i += n) {
        n = run_length(m, i);
        if (m->frame[i] && map_run(m, i, n, base + (i << FX_PAGE_SHIFT), prot,
                                   flags | MAP_FIXED) == MAP_FAILED) {
            int err = errno;

            munmap(base, m->pages << FX_PAGE_SHIFT);
            errno = err;
            goto fail;
        }
    }
    if (addr && (flags & MAP_FIXED))
        forget_range((uintptr_t)base, m->pages);
    m->addr = (uintptr_t)base;
    record(m);
    return base;
fail : {
    int err = errno;

    drop_frames(m, 0, m->pages);
    free(m);
    errno = err;
    return NULL;
}
}

static struct mapping *mapping_new(size_t pages)
{
    struct mapping *m;

    if (!pages || pages > FX_NR_GFNS) {
        errno = EINVAL;
        return NULL;
    }
    m = calloc(1, sizeof(*m) + pages * sizeof(m->frame[0]));
    if (m)
        m->pages = pages;
    return m;
}

static int unmap(void *addr, size_t pages)
{
    struct mapping *m = take_exact((uintptr_t)addr, pages);

    /* The pages must be out of reach before somebody else gets them. */
    if (munmap(addr, pages << FX_PAGE_SHIFT)) {
        if (m)
            record(m);
        return -1;
    }
    if (m) {
        drop_frames(m, 0, m->pages);
        free(m);
    } else {
        forget_range((uintptr_t)addr, pages);
    }
    return 0;
}

/* ---- Handles --------------------------------------------------------- */

static int restrict_to(struct fx_restrictable *r, domid_t domid)
{
    xenforeignmemory_handle *fmem = (xenforeignmemory_handle *)r;

    if (fmem->domid != FX_UNRESTRICTED && fmem->domid != domid)
        return -EINVAL;
    fmem->domid = domid;
    return 0;
}

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned int open_flags)
{
    xenforeignmemory_handle *fmem;

    (void)logger;
    FX_ENTER(xenforeignmemory_open, NULL);
    if (open_flags) {
        errno = EINVAL;
        return NULL;
    }
    fmem = calloc(1, sizeof(*fmem));
    if (!fmem)
        return NULL;
    fmem->domid = FX_UNRESTRICTED;
    fx_handle_add(&fmem->restrictable, restrict_to);
    return fmem;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    FX_ENTER(xenforeignmemory_close, -1);
    if (!fmem)
        return 0;
    fx_handle_del(&fmem->restrictable);
    free(fmem);
    return 0;
}

int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid)
{
    FX_ENTER(xenforeignmemory_restrict, -1);
    return fx_result(restrict_to(&fmem->restrictable, domid));
}

static bool allowed(const xenforeignmemory_handle *fmem, uint32_t domid)
{
    if (fmem->domid == FX_UNRESTRICTED || fmem->domid == domid)
        return true;
    errno = EPERM;
    return false;
}

/* ---- Guest frames ---------------------------------------------------- */

/* Looks the frames up and holds them. Returns the first page's error. */
static int collect(struct mapping *m, uint32_t domid, const xen_pfn_t *arr,
                   int *err)
{
    struct fx_domain *d = fx_domain_get((domid_t)domid);
    int first = 0;

    if (d)
        m->slot = fx_domain_slot(d);
    for (size_t i = 0; i < m->pages; i++) {
        int rc = d ? 0 : -ESRCH;

        if (d && !d->dying)
            m->frame[i] = fx_p2m_get(d, arr[i]);
        if (m->frame[i])
            fx_frame_map(d, m->frame[i]);
        else if (!rc)
            rc = -EINVAL;
        if (err)
            err[i] = rc;
        if (!first)
            first = rc;
    }
    if (d)
        fx_domain_put(d);
    return first;
}

static void *map2(xenforeignmemory_handle *fmem, uint32_t dom, void *addr,
                  int prot, int flags, size_t pages, const xen_pfn_t *arr,
                  int *err)
{
    struct mapping *m;
    int rc;

    if (!allowed(fmem, dom))
        return NULL;
    m = mapping_new(pages);
    if (!m)
        return NULL;
    rc = collect(m, dom, arr, err);
    if (rc && !err) {
        /* Without per-page errors it is all or nothing. */
        drop_frames(m, 0, pages);
        free(m);
        errno = -rc;
        return NULL;
    }
    return establish(m, addr, prot, flags);
}

void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom,
                            void *addr, int prot, int flags, size_t pages,
                            const xen_pfn_t arr[/*pages*/], int err[/*pages*/])
{
    FX_ENTER(xenforeignmemory_map2, NULL);
    return map2(fmem, dom, addr, prot, flags, pages, arr, err);
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                           int prot, size_t pages,
                           const xen_pfn_t arr[/*pages*/], int err[/*pages*/])
{
    FX_ENTER(xenforeignmemory_map, NULL);
    return map2(fmem, dom, NULL, prot, 0, pages, arr, err);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
                           size_t pages)
{
    (void)fmem;
    FX_ENTER(xenforeignmemory_unmap, -1);
    return unmap(addr, pages);
}

/* ---- Resources ------------------------------------------------------- */

static int collect_resource(struct mapping *m, domid_t domid, unsigned int id,
                            unsigned long frame)
{
    struct fx_domain *d = fx_domain_get(domid);
    int rc = 0;

    if (!d)
        return -ESRCH;
    m->slot = fx_domain_slot(d);
    if (frame >= SERVER_FRAMES || m->pages > SERVER_FRAMES - frame)
        rc = -EINVAL;
    for (size_t i = 0; i < m->pages && !rc; i++)
        rc = fx_server_frame(d, id, frame + i, &m->frame[i]);
    for (size_t i = 0; i < m->pages && !rc; i++)
        fx_frame_map(d, m->frame[i]);
    fx_domain_put(d);
    return rc;
}

xenforeignmemory_resource_handle *
xenforeignmemory_map_resource(xenforeignmemory_handle *fmem, domid_t domid,
                              unsigned int type, unsigned int id,
                              unsigned long frame, unsigned long nr_frames,
                              void **paddr, int prot, int flags)
{
    xenforeignmemory_resource_handle *fres;
    struct mapping *m;
    int rc;

    FX_ENTER(xenforeignmemory_map_resource, NULL);
    if (!allowed(fmem, domid))
        return NULL;
    rc = type == XENMEM_resource_ioreq_server ? 0 : -EOPNOTSUPP;
    if (flags & ~(MAP_SHARED | MAP_PRIVATE))
        rc = -EINVAL;
    fres = calloc(1, sizeof(*fres));
    m = rc ? NULL : mapping_new(nr_frames);
    if (!fres || !m) {
        free(fres);
        free(m);
        if (rc)
            errno = -rc;
        return NULL;
    }
    rc = collect_resource(m, domid, id, frame);
    if (rc) {
        free(m);
        free(fres);
        errno = -rc;
        return NULL;
    }
    fres->pages = nr_frames;
    fres->addr = establish(m, *paddr, prot, flags);
    if (!fres->addr) {
        free(fres);
        return NULL;
    }
    *paddr = fres->addr;
    return fres;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
                                    xenforeignmemory_resource_handle *fres)
{
    int rc;

    (void)fmem;
    FX_ENTER(xenforeignmemory_unmap_resource, -1);
    rc = unmap(fres->addr, fres->pages);
    free(fres);
    return rc;
}

int xenforeignmemory_resource_size(xenforeignmemory_handle *fmem, domid_t domid,
                                   unsigned int type, unsigned int id,
                                   size_t *size)
{
    (void)id;
    FX_ENTER(xenforeignmemory_resource_size, -1);
    if (!allowed(fmem, domid))
        return -1;
    if (type != XENMEM_resource_ioreq_server)
        return fx_result(-EOPNOTSUPP);
    if (!fx_domain_exists(domid))
        return fx_result(-ESRCH);
    *size = (size_t)SERVER_FRAMES << FX_PAGE_SHIFT;
    return 0;
}
