/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/domain.h"

#include <errno.h>
#include <string.h>
#include <xendevicemodel.h>

#include "lib/ioreq.h"
#include "lib/log.h"

#define MAX_SERVERS 8u /* of a domain, in Xen */

int domain_open(struct domain *d, uint32_t domid)
{
    int rc;

    d->domid = domid;
    d->xch = xc_interface_open(NULL, NULL, 0);
    if (d->xch)
        return 0;
    rc = errno ? -errno : -EIO;
    log_error("open Xen's control interface: %s", strerror(-rc));
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

int domain_add_room(const struct domain *d, int64_t bytes)
{
    xc_dominfo_t info;
    int rc = get_info(d, &info);

    if (rc <= 0)
        return rc ? rc : -ESRCH;
    if (xc_domain_setmaxmem(d->xch, d->domid,
                            (uint64_t)((int64_t)info.max_memkb + bytes / 1024)))
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
