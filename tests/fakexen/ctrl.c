/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenctrl, as much of it as the monitor calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

#include "internal.h"

struct xc_interface_core {
    struct fx_restrictable restrictable;
    bool cut; /* restricted: the descriptor leads to /dev/null */
};

/* libxencall cannot be restricted to a domain, so it is cut off. */
static int restrict_to(struct fx_restrictable *r, domid_t domid)
{
    (void)domid;
    ((struct xc_interface_core *)r)->cut = true;
    return 0;
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned int open_flags)
{
    xc_interface *xch;

    (void)logger;
    (void)dombuild_logger;
    (void)open_flags;
    FX_ENTER(xc_interface_open, NULL);
    xch = calloc(1, sizeof(*xch));
    if (xch)
        fx_handle_add(&xch->restrictable, restrict_to);
    return xch;
}

int xc_interface_close(xc_interface *xch)
{
    FX_ENTER(xc_interface_close, -1);
    if (!xch)
        return 0;
    fx_handle_del(&xch->restrictable);
    free(xch);
    return 0;
}

/* The domain locked, or NULL with errno. */
static struct fx_domain *target(const xc_interface *xch, uint32_t domid)
{
    struct fx_domain *d;

    if (xch->cut) {
        errno = ENOTTY;
        return NULL;
    }
    d = fx_domain_get((domid_t)domid);
    if (!d)
        errno = ESRCH;
    return d;
}

/* ---- Domains --------------------------------------------------------- */

static void fill_info(const struct fx_domain *d, xc_dominfo_t *info)
{
    memset(info, 0, sizeof(*info));
    if (!d) {
        info->domid = 0;
        info->running = 1;
        info->nr_online_vcpus = 1;
        return;
    }
    info->domid = d->domid;
    info->hvm = 1;
    info->hap = 1;
    info->dying = d->dying;
    info->shutdown = d->crashed || d->dying;
    info->crashed = d->crashed;
    info->shutdown_reason = d->crashed ? SHUTDOWN_crash : SHUTDOWN_poweroff;
    info->arch_config.emulation_flags =
        d->pvh ? XEN_X86_EMU_LAPIC : XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI;
    info->paused = d->paused;
    info->running = !d->paused && !d->crashed && !d->dying;
    info->nr_pages = d->pages;
    info->max_memkb = d->max_pages * (FX_PAGE_SIZE / 1024);
    info->nr_online_vcpus = d->vcpus;
    info->max_vcpu_id = d->vcpus - 1;
    info->gpaddr_bits = FX_GPA_BITS;
}

/* The existing domain with the lowest domid from FIRST on, or 0. */
static domid_t next_domain(uint32_t first)
{
    uint32_t best = 0;

    for (unsigned int i = 0; i < FX_MAX_DOMAINS; i++) {
        uint32_t id = atomic_load(&fx.shared->domain[i].domid);

        if (id && id >= first && (!best || id < best))
            best = id;
    }
    return (domid_t)best;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                      unsigned int max_doms, xc_dominfo_t *info)
{
    unsigned int n = 0;

    FX_ENTER(xc_domain_getinfo, -1);
    if (xch->cut)
        return fx_result(-ENOTTY);
    if (!first_domid && n < max_doms)
        fill_info(NULL, &info[n++]);
    while (n < max_doms) {
        domid_t id = next_domain(n ? info[n - 1].domid + 1 : first_domid);
        struct fx_domain *d = id ? fx_domain_get(id) : NULL;

        if (!id)
            break;
        if (!d)
            continue;
        fill_info(d, &info[n++]);
        fx_domain_put(d);
    }
    return n ? (int)n : fx_result(-ESRCH);
}

static int set_paused(xc_interface *xch, uint32_t domid, bool paused)
{
    struct fx_domain *d = target(xch, domid);

    if (!d)
        return -1;
    d->paused = paused;
    fx_domain_put(d);
    return 0;
}

int xc_domain_pause(xc_interface *xch, uint32_t domid)
{
    FX_ENTER(xc_domain_pause, -1);
    return set_paused(xch, domid, true);
}

int xc_domain_unpause(xc_interface *xch, uint32_t domid)
{
    FX_ENTER(xc_domain_unpause, -1);
    return set_paused(xch, domid, false);
}

int xc_domain_destroy(xc_interface *xch, uint32_t domid)
{
    int rc;

    FX_ENTER(xc_domain_destroy, -1);
    if (xch->cut)
        return fx_result(-ENOTTY);
    rc = fx_domain_die((domid_t)domid);
    return fx_result(rc == -ESHUTDOWN ? 0 : rc);
}

/* ---- Memory ---------------------------------------------------------- */

/* Extents done; the first one that fails ends it, as in the hypercall. */
static int populate(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                    unsigned int order, const xen_pfn_t *extent_start)
{
    struct fx_domain *d = target(xch, domid);
    unsigned long i = 0;

    if (!d)
        return -1;
    while (i < nr_extents && !d->dying && order <= FX_CHUNK_SHIFT * 2 &&
           !fx_populate_extent(d, extent_start[i], UINT64_C(1) << order,
                               UINT64_C(1) << order))
        i++;
    fx_domain_put(d);
    return (int)i;
}

int xc_domain_populate_physmap(xc_interface *xch, uint32_t domid,
                               unsigned long nr_extents,
                               unsigned int extent_order,
                               unsigned int mem_flags, xen_pfn_t *extent_start)
{
    (void)mem_flags;
    FX_ENTER(xc_domain_populate_physmap, -1);
    return populate(xch, domid, nr_extents, extent_order, extent_start);
}

int xc_domain_populate_physmap_exact(xc_interface *xch, uint32_t domid,
                                     unsigned long nr_extents,
                                     unsigned int extent_order,
                                     unsigned int mem_flags,
                                     xen_pfn_t *extent_start)
{
    int rc;

    (void)mem_flags;
    FX_ENTER(xc_domain_populate_physmap_exact, -1);
    rc = populate(xch, domid, nr_extents, extent_order, extent_start);
    if (rc < 0)
        return rc;
    return (unsigned long)rc == nr_extents ? 0 : fx_result(-EBUSY);
}

int xc_domain_decrease_reservation_exact(xc_interface *xch, uint32_t domid,
                                         unsigned long nr_extents,
                                         unsigned int extent_order,
                                         xen_pfn_t *extent_start)
{
    struct fx_domain *d;
    int rc = 0;

    FX_ENTER(xc_domain_decrease_reservation_exact, -1);
    if (extent_order > FX_CHUNK_SHIFT * 2)
        return fx_result(-EINVAL);
    d = target(xch, domid);
    if (!d)
        return -1;
    for (unsigned long i = 0; i < nr_extents && !rc; i++) {
        for (uint64_t p = 0; p < UINT64_C(1) << extent_order && !rc; p++)
            rc = fx_withdraw(d, extent_start[i] + p);
    }
    fx_domain_put(d);
    return fx_result(rc);
}

int xc_domain_maximum_gpfn(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns)
{
    struct fx_domain *d;

    FX_ENTER(xc_domain_maximum_gpfn, -1);
    d = target(xch, domid);
    if (!d)
        return -1;
    *gpfns = d->maximum_gpfn;
    fx_domain_put(d);
    return 0;
}

int xc_domain_setmaxmem(xc_interface *xch, uint32_t domid, uint64_t max_memkb)
{
    struct fx_domain *d;

    FX_ENTER(xc_domain_setmaxmem, -1);
    d = target(xch, domid);
    if (!d)
        return -1;
    d->max_pages = max_memkb / (FX_PAGE_SIZE / 1024);
    fx_domain_put(d);
    return 0;
}

static int mempool(xc_interface *xch, uint32_t domid, uint64_t *size, bool set)
{
    struct fx_domain *d = target(xch, domid);
    int rc = 0;

    if (!d)
        return -1;
    if (!set)
        *size = d->pool;
    else if (*size % FX_PAGE_SIZE)
        rc = -EINVAL;
    else
        d->pool = *size;
    fx_domain_put(d);
    return fx_result(rc);
}

int xc_get_paging_mempool_size(xc_interface *xch, uint32_t domid,
                               uint64_t *size)
{
    FX_ENTER(xc_get_paging_mempool_size, -1);
    return mempool(xch, domid, size, false);
}

int xc_set_paging_mempool_size(xc_interface *xch, uint32_t domid, uint64_t size)
{
    FX_ENTER(xc_set_paging_mempool_size, -1);
    return mempool(xch, domid, &size, true);
}

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
    FX_ENTER(xc_physinfo, -1);
    if (xch->cut)
        return fx_result(-ENOTTY);
    memset(info, 0, sizeof(*info));
    info->total_pages = FX_NR_FRAMES;
    info->free_pages = fx_frames_free();
    return 0;
}

/* ---- Parameters ------------------------------------------------------ */

static int param(xc_interface *xch, uint32_t dom, uint32_t index,
                 uint64_t *value, bool set)
{
    struct fx_domain *d;
    int rc = 0;

    d = target(xch, dom);
    if (!d)
        return -1;
    if (index >= FX_NR_PARAMS)
        rc = -EINVAL;
    else if (set)
        d->param[index] = *value;
    else
        *value = d->param[index];
    fx_domain_put(d);
    return fx_result(rc);
}

int xc_hvm_param_set(xc_interface *handle, uint32_t dom, uint32_t index,
                     uint64_t value)
{
    FX_ENTER(xc_hvm_param_set, -1);
    return param(handle, dom, index, &value, true);
}

int xc_hvm_param_get(xc_interface *handle, uint32_t dom, uint32_t index,
                     uint64_t *value)
{
    FX_ENTER(xc_hvm_param_get, -1);
    return param(handle, dom, index, value, false);
}

int xc_set_hvm_param(xc_interface *handle, uint32_t dom, int index,
                     unsigned long value)
{
    uint64_t v = value;

    FX_ENTER(xc_set_hvm_param, -1);
    return param(handle, dom, (uint32_t)index, &v, true);
}

int xc_get_hvm_param(xc_interface *handle, uint32_t dom, int index,
                     unsigned long *value)
{
    uint64_t v = 0;
    int rc;

    FX_ENTER(xc_get_hvm_param, -1);
    rc = param(handle, dom, (uint32_t)index, &v, false);
    if (!rc)
        *value = (unsigned long)v;
    return rc;
}
