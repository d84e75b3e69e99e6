/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains: birth, death, and the test's view of their memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define LOW_END UINT64_C(0xf0000000)
#define HIGH_START UINT64_C(0x100000000)

unsigned int fx_domain_slot(const struct fx_domain *d)
{
    return (unsigned int)(d - fx.shared->domain);
}

struct fx_domain *fx_domain_get(domid_t domid)
{
    struct fx_shared *s = fx_attach();

    if (!domid)
        return NULL;
    for (unsigned int i = 0; i < FX_MAX_DOMAINS; i++) {
        struct fx_domain *d = &s->domain[i];

        if (atomic_load_explicit(&d->domid, memory_order_acquire) != domid)
            continue;
        fx_lock(&d->lock);
        if (d->domid == domid)
            return d;
        fx_unlock(&d->lock);
    }
    return NULL;
}

static void wake_vcpus(struct fx_domain *d)
{
    for (unsigned int i = 0; i < d->vcpus; i++) {
        atomic_fetch_add(&d->vcpu[i].wake, 1);
        fx_futex_wake(&d->vcpu[i].wake);
    }
    atomic_fetch_add(&d->msi_seq, 1);
    fx_futex_wake(&d->msi_seq);
}

/* A dying domain is held by its foreign mappings alone. */
void fx_domain_put(struct fx_domain *d)
{
    bool gone = d->dying && !d->maps && d->domid;

    if (gone)
        atomic_store(&d->domid, 0);
    fx_unlock(&d->lock);
    if (gone)
        fx_store_fire_special("@releaseDomain");
}

/*
 * With the domain locked. It stops for good but keeps its memory and ioreq
 * servers, as a domain does that Xen has crashed and nobody destroyed yet.
 */
void fx_domain_crash(struct fx_domain *d, const char *reason)
{
    if (d->crashed)
        return;
    snprintf(d->crash_reason, sizeof(d->crash_reason), "%s", reason);
    atomic_store(&d->crashed, true);
    wake_vcpus(d);
}

/* ---- Birth and death ------------------------------------------------- */

static void clear(struct fx_domain *d)
{
    size_t from = offsetof(struct fx_domain, paused);
    uint32_t gen[FX_MAX_SERVERS];

    /* Whoever still looks at an old server must see that it is not his. */
    for (unsigned int i = 0; i < FX_MAX_SERVERS; i++)
        gen[i] = d->server[i].generation;
    memset((uint8_t *)d + from, 0, offsetof(struct fx_domain, top) - from);
    for (unsigned int i = 0; i < FX_MAX_SERVERS; i++)
        d->server[i].generation = gen[i] + 1;
    d->dying = false;
    d->crashed = false;
}

static int populate_ram(struct fx_domain *d, uint64_t bytes, uint64_t low)
{
    uint64_t low_part = bytes < low ? bytes : low;
    int rc;

    rc = fx_populate_extent(d, 0, low_part >> FX_PAGE_SHIFT, 1);
    if (!rc && bytes > low_part)
        rc = fx_populate_extent(d, HIGH_START >> FX_PAGE_SHIFT,
                                (bytes - low_part) >> FX_PAGE_SHIFT, 1);
    return rc;
}

static int setup(struct fx_domain *d, const struct fx_domain_config *c)
{
    uint64_t low = c->low_bytes ? c->low_bytes : LOW_END;
    int rc;

    clear(d);
    d->vcpus = c->vcpus;
    d->pvh = c->pvh;
    d->paused = c->paused;
    d->timeout_ms = c->timeout_ms ? c->timeout_ms : FX_DEFAULT_TIMEOUT_MS;
    d->max_pages = (c->ram_bytes + c->extra_kb * 1024) >> FX_PAGE_SHIFT;
    d->pool = (256 * c->vcpus + (d->max_pages >> 8)) << FX_PAGE_SHIFT;
    rc = populate_ram(d, c->ram_bytes, low);
    if (rc) {
        fx_p2m_destroy(d);
        return rc;
    }
    return 0;
}

void fx_next_domid(domid_t domid)
{
    fx_init();
    fx_lock(&fx.shared->table_lock);
    fx.shared->next_domid = domid;
    fx_unlock(&fx.shared->table_lock);
}

int fx_domain_create(const struct fx_domain_config *c)
{
    struct fx_shared *s;
    int rc = -ENOSPC;

    fx_init();
    s = fx.shared;
    if (!c->vcpus || c->vcpus > FX_MAX_VCPUS || !c->ram_bytes ||
        c->ram_bytes % FX_PAGE_SIZE || c->low_bytes % FX_PAGE_SIZE ||
        c->low_bytes > HIGH_START || c->ram_bytes >> FX_GPA_BITS)
        return -EINVAL;
    fx_lock(&s->table_lock);
    for (unsigned int i = 0; i < FX_MAX_DOMAINS; i++) {
        struct fx_domain *d = &s->domain[i];

        fx_lock(&d->lock);
        if (d->domid) {
            fx_unlock(&d->lock);
            continue;
        }
        rc = setup(d, c);
        if (!rc) {
            rc = s->next_domid;
            s->next_domid = (domid_t)(rc + 1);
            if (s->next_domid >= DOMID_FIRST_RESERVED)
                s->next_domid = 1;
            atomic_store_explicit(&d->domid, (uint32_t)rc,
                                  memory_order_release);
        }
        fx_unlock(&d->lock);
        break;
    }
    fx_unlock(&s->table_lock);
    if (rc > 0)
        fx_store_home((domid_t)rc);
    return rc;
}

int fx_domain_new(uint64_t ram_bytes, unsigned int vcpus)
{
    struct fx_domain_config c = {.ram_bytes = ram_bytes, .vcpus = vcpus};

    return fx_domain_create(&c);
}

int fx_domain_die(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);

    if (!d)
        return -ESRCH;
    if (d->dying) {
        fx_domain_put(d);
        return -ESHUTDOWN;
    }
    atomic_store(&d->dying, true);
    fx_servers_destroy(d);
    fx_event_free_all(d);
    fx_p2m_destroy(d);
    wake_vcpus(d);
    fx_domain_put(d);
    fx_store_fire_special("@releaseDomain");
    return 0;
}

int fx_domain_kill(domid_t domid)
{
    return fx_domain_die(domid);
}

/* ---- Questions ------------------------------------------------------- */

bool fx_domain_exists(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);

    if (d)
        fx_domain_put(d);
    return d != NULL;
}

bool fx_domain_crashed(domid_t domid, const char **reason)
{
    struct fx_domain *d = fx_domain_get(domid);
    bool crashed = d && d->crashed;

    if (crashed && reason)
        *reason = d->crash_reason;
    if (d)
        fx_domain_put(d);
    return crashed;
}

int fx_domain_set_timeout(domid_t domid, unsigned int ms)
{
    struct fx_domain *d = fx_domain_get(domid);

    if (!d)
        return -ESRCH;
    d->timeout_ms = ms;
    fx_domain_put(d);
    return 0;
}

int fx_domain_set_spin(domid_t domid, unsigned int ns)
{
    struct fx_domain *d = fx_domain_get(domid);

    if (!d)
        return -ESRCH;
    d->spin_ns = ns;
    fx_domain_put(d);
    return 0;
}

long fx_domain_pages(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);
    long n = -ESRCH;

    if (d) {
        n = (long)d->pages;
        fx_domain_put(d);
    }
    return n;
}

long fx_foreign_mappings(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);
    long n = 0;

    if (d) {
        n = (long)d->maps;
        fx_domain_put(d);
    }
    return n;
}

int fx_cacheattr(domid_t domid, xen_pfn_t gfn)
{
    struct fx_domain *d = fx_domain_get(domid);
    int type = -ENOENT;

    if (!d)
        return -ESRCH;
    for (unsigned int i = 0; i < d->pins; i++) {
        if (d->pin[i].start <= gfn && gfn <= d->pin[i].end)
            type = (int)d->pin[i].type;
    }
    fx_domain_put(d);
    return type;
}

int fx_log_dirty(domid_t domid, bool on)
{
    struct fx_domain *d = fx_domain_get(domid);

    if (!d)
        return -ESRCH;
    d->log_dirty = on;
    fx_domain_put(d);
    return 0;
}

bool fx_dirty(domid_t domid, xen_pfn_t gfn)
{
    struct fx_domain *d = fx_domain_get(domid);
    uint32_t frame;
    bool dirty = false;

    if (!d)
        return false;
    frame = fx_p2m_get(d, gfn);
    if (frame)
        dirty = fx_frame_take_dirty(frame, FX_DIRTY_LOG);
    fx_domain_put(d);
    return dirty;
}

/* ---- Memory ---------------------------------------------------------- */

static int copy(domid_t domid, uint64_t gpa, void *buf, size_t len, bool write)
{
    struct fx_domain *d = fx_domain_get(domid);
    int rc = 0;

    if (!d)
        return -ESRCH;
    while (len) {
        size_t off = gpa % FX_PAGE_SIZE;
        size_t n = FX_PAGE_SIZE - off < len ? FX_PAGE_SIZE - off : len;
        uint32_t frame = fx_p2m_get(d, gpa >> FX_PAGE_SHIFT);

        if (!frame) {
            rc = -EFAULT;
            break;
        }
        if (write) {
            memcpy(fx_frame_ptr(frame) + off, buf, n);
            fx_frame_mark_dirty(frame);
        } else {
            memcpy(buf, fx_frame_ptr(frame) + off, n);
        }
        gpa += n;
        buf = (uint8_t *)buf + n;
        len -= n;
    }
    fx_domain_put(d);
    return rc;
}

int fx_read(domid_t domid, uint64_t gpa, void *buf, size_t len)
{
    return copy(domid, gpa, buf, len, false);
}

int fx_write(domid_t domid, uint64_t gpa, const void *buf, size_t len)
{
    return copy(domid, gpa, (void *)(uintptr_t)buf, len, true);
}

void *fx_ptr(domid_t domid, uint64_t gpa, size_t len)
{
    struct fx_domain *d = fx_domain_get(domid);
    uint64_t gfn = gpa >> FX_PAGE_SHIFT;
    uint64_t last = (gpa + (len ? len - 1 : 0)) >> FX_PAGE_SHIFT;
    uint8_t *p = NULL;
    uint32_t first;

    if (!d)
        return NULL;
    first = fx_p2m_get(d, gfn);
    if (first)
        p = fx_frame_ptr(first) + gpa % FX_PAGE_SIZE;
    for (uint64_t i = 1; p && gfn + i <= last; i++) {
        if (fx_p2m_get(d, gfn + i) != first + i)
            p = NULL;
    }
    fx_domain_put(d);
    return p;
}

bool fx_populated(domid_t domid, xen_pfn_t gfn)
{
    struct fx_domain *d = fx_domain_get(domid);
    bool yes;

    if (!d)
        return false;
    yes = fx_p2m_get(d, gfn) != 0;
    fx_domain_put(d);
    return yes;
}

int fx_populate(domid_t domid, xen_pfn_t gfn, unsigned int nr)
{
    struct fx_domain *d = fx_domain_get(domid);
    int rc;

    if (!d)
        return -ESRCH;
    rc = d->dying ? -ESHUTDOWN : fx_populate_extent(d, gfn, nr, 1);
    fx_domain_put(d);
    return rc;
}
