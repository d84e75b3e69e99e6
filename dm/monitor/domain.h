/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain as Xen's control library sees it. Only the monitor links that
 * library: it has no stable ABI.
 */
#ifndef MONITOR_DOMAIN_H
#define MONITOR_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <xenctrl.h>

struct domain {
    xc_interface *xch;
    uint32_t domid;
};

enum domain_life {
    DOMAIN_ALIVE, /* also when it has shut down: that is not death */
    DOMAIN_DYING, /* destroyed, but pages of it are still mapped */
    DOMAIN_GONE,
};

struct domain_info {
    bool pv;
    bool pvh;     /* neither PV nor with the devices of a PC */
    bool started; /* vCPUs run, or have run */
    uint32_t nr_vcpus;
    uint64_t pages;     /* charged to it */
    uint64_t max_pages; /* that may be */
};

/* How much of the host's memory nobody has or has been promised. */
int domain_host_free(const struct domain *d, uint64_t *pages);

/* 0 or a negative errno, said on stderr. domain_close() after a failure is
 * harmless. */
int domain_open(struct domain *d, uint32_t domid);
void domain_close(struct domain *d);

/* What cannot be found out counts as alive. */
enum domain_life domain_life(const struct domain *d);

/* 0, -ESRCH without such a domain, or another negative errno. */
int domain_info(const struct domain *d, struct domain_info *info);

/* Let the domain have more memory than its configuration says, or, with a
 * negative number of bytes, less. 0 or a negative errno. With more memory the
 * pool grows that Xen takes the domain's page tables from; it keeps that. */
int domain_add_room(const struct domain *d, int64_t bytes);

/* Destroy an ioreq server that a dead process left, after what vCPUs are
 * waiting for has been answered with ones: nothing in Xen would do that, and
 * they would wait for ever. -ENOENT when there is none. */
int domain_rescue_server(const struct domain *d, uint32_t ioservid,
                         uint32_t nr_vcpus);

/* Destroy it without that. */
int domain_destroy_server(const struct domain *d, uint32_t ioservid);

/* The same for every server of the domain: only where no other device model
 * can own one. */
void domain_destroy_servers(const struct domain *d);

#endif
