/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/domain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xendevicemodel.h>

#include "lib/ioreq.h"
#include "lib/log.h"

#define PRIVCMD "/dev/xen/privcmd"
#define MAX_SERVERS 8u /* of a domain, in Xen */

int domain_open(struct domain *d, uint32_t domid)
{
    int rc;

    d->domid = domid;
    d->xch = xc_interface_open(NULL, NULL, 0);
    if (d->xch)
        return 0;
    rc = errno ? -errno : -EIO;
    log_error("open Xen's control interface: %s%s", strerror(-rc),
              access(PRIVCMD, F_OK) ? " (there is no " PRIVCMD
                                      ": is this dom0 of a Xen host?)"
                                    : "");
    return rc;
}

void domain_close(struct domain *d)
{
    if (d->xch)
        xc_interface_close(d->xch);
    d->xch = NULL;
}

/* 1 found, 0 no such domain, or a negative errno. */
static int get_info(const struct domain *d, xc_dominfo_t *info)
{
    int n = xc_domain_getinfo(d->xch, d->domid, 1, info);

    if (n < 0)
        return errno == ESRCH ? 0 : -errno;
    return n == 1 && info->domid == d->domid;
}

enum domain_life domain_life(const struct domain *d)
{
    xc_dominfo_t info;
    int rc = get_info(d, &info);

    if (rc < 0) {
        log_warning("ask Xen for the domain: %s", strerror(-rc));
        return DOMAIN_ALIVE;
    }
    if (!rc)
        return DOMAIN_GONE;
    return info.dying ? DOMAIN_DYING : DOMAIN_ALIVE;
}

int domain_info(const struct domain *d, struct domain_info *out)
{
    xc_dominfo_t info;
    int rc = get_info(d, &info);

    if (rc < 0)
        return rc;
    if (!rc)
        return -ESRCH;
    out->pv = !info.hvm;
    out->pvh =
        info.hvm && !(info.arch_config.emulation_flags & XEN_X86_EMU_IOAPIC);
    out->started = !info.paused || info.cpu_time;
    out->nr_vcpus = info.max_vcpu_id + 1;
    out->pages = info.nr_pages;
    out->max_pages = (uint64_t)info.max_memkb / 4;
    return 0;
}

int domain_host_free(const struct domain *d, uint64_t *pages)
{
    xc_physinfo_t info = {0};
    uint64_t have;

    if (xc_physinfo(d->xch, &info))
        return errno ? -errno : -EIO;
    have = info.free_pages + info.scrub_pages;
    *pages = have > info.outstanding_pages ? have - info.outstanding_pages : 0;
    return 0;
}

/* A pool as large as xl makes it for a domain of that much memory: taking a
 * page out of a 2 MiB one, or moving it, costs a page of it. With none left
 * Xen fails half way, and what it has taken out of the one place and could
 * not put in the other is lost to the domain. */
static int grow_pool(const struct domain *d, const xc_dominfo_t *info,
                     uint64_t max_kb)
{
    const uint64_t each_mib = info->hap ? 1 : 2;
    const uint64_t pages =
        UINT64_C(256) * (info->max_vcpu_id + 1) + each_mib * (max_kb >> 10);
    uint64_t size;

    if (xc_get_paging_mempool_size(d->xch, d->domid, &size) ||
        (size < pages << XC_PAGE_SHIFT &&
         xc_set_paging_mempool_size(d->xch, d->domid, pages << XC_PAGE_SHIFT)))
        return errno ? -errno : -EIO;
    return 0;
}

int domain_add_room(const struct domain *d, int64_t bytes)
{
    xc_dominfo_t info;
    uint64_t max_kb;
    int rc = get_info(d, &info);

    if (rc <= 0)
        return rc ? rc : -ESRCH;
    max_kb = (uint64_t)((int64_t)info.max_memkb + bytes / 1024);
    rc = bytes > 0 ? grow_pool(d, &info, max_kb) : 0;
    if (rc)
        return rc;
    if (xc_domain_setmaxmem(d->xch, d->domid, max_kb))
        return errno ? -errno : -EIO;
    return 0;
}

static int destroy_range(const struct domain *d, uint32_t first, uint32_t end)
{
    xendevicemodel_handle *dmod = xendevicemodel_open(NULL, 0);
    uint32_t id;
    int rc = 0;

    if (!dmod)
        return errno ? -errno : -EIO;
    for (id = first; id < end; id++) {
        rc = xendevicemodel_destroy_ioreq_server(dmod, (domid_t)d->domid,
                                                 (ioservid_t)id);
        rc = rc ? -errno : 0;
    }
    xendevicemodel_close(dmod);
    return rc;
}

int domain_rescue_server(const struct domain *d, uint32_t ioservid,
                         uint32_t nr_vcpus)
{
    struct ioreq_config cfg = {.domid = d->domid,
                               .nr_vcpus = nr_vcpus,
                               .takeover = true,
                               .id = ioservid};
    struct ioreq_service *svc = NULL;
    int rc = 0;

    cfg.dmod = xendevicemodel_open(NULL, 0);
    cfg.fmem = xenforeignmemory_open(NULL, 0);
    cfg.xce = xenevtchn_open(NULL, 0);
    if (!cfg.dmod || !cfg.fmem || !cfg.xce ||
        xendevicemodel_get_ioreq_server_info(cfg.dmod, (domid_t)d->domid,
                                             (ioservid_t)ioservid, NULL, NULL,
                                             NULL))
        rc = errno ? -errno : -EIO;
    if (!rc)
        rc = ioreq_new(&cfg, &svc);
    if (!rc)
        rc = ioreq_enable(svc);
    ioreq_free(svc);
    if (cfg.xce)
        xenevtchn_close(cfg.xce);
    if (cfg.fmem)
        xenforeignmemory_close(cfg.fmem);
    if (cfg.dmod)
        xendevicemodel_close(cfg.dmod);
    return rc;
}

int domain_destroy_server(const struct domain *d, uint32_t ioservid)
{
    return destroy_range(d, ioservid, ioservid + 1);
}

void domain_destroy_servers(const struct domain *d)
{
    destroy_range(d, 0, MAX_SERVERS);
}
