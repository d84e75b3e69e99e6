/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxendevicemodel: ioreq servers, interrupts, moving and tracking memory. */
#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1 /* HVM_IOREQSRV_* */
#endif

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>
#include <xendevicemodel.h>

#include "internal.h"

struct xendevicemodel_handle {
    struct fx_restrictable restrictable;
    domid_t domid;
};

/* ---- Servers; all with the domain locked ----------------------------- */

static struct fx_server *server(struct fx_domain *d, unsigned int id)
{
    if (id >= FX_MAX_SERVERS || !d->server[id].used)
        return NULL;
    return &d->server[id];
}

static void server_destroy(struct fx_domain *d, struct fx_server *s)
{
    uint32_t generation = s->generation + 1;

    for (unsigned int v = 0; v < d->vcpus; v++)
        fx_event_free(d, s->port[v]);
    if (s->bufport)
        fx_event_free(d, s->bufport);
    if (s->page)
        fx_frame_unplace(d, s->page);
    if (s->bufpage)
        fx_frame_unplace(d, s->bufpage);
    memset(s, 0, sizeof(*s));
    atomic_store(&s->generation, generation);
}

void fx_servers_destroy(struct fx_domain *d)
{
    for (unsigned int i = 0; i < FX_MAX_SERVERS; i++) {
        if (d->server[i].used)
            server_destroy(d, &d->server[i]);
    }
}

static int server_init(struct fx_domain *d, struct fx_server *s, int bufioreq)
{
    int port;

    s->used = true;
    s->bufioreq = (uint8_t)bufioreq;
    for (unsigned int v = 0; v < d->vcpus; v++) {
        port = fx_event_alloc_xen(d, v);
        if (port < 0)
            goto fail;
        s->port[v] = (evtchn_port_t)port;
    }
    if (bufioreq != HVM_IOREQSRV_BUFIOREQ_OFF) {
        port = fx_event_alloc_xen(d, 0);
        if (port < 0)
            goto fail;
        s->bufport = (evtchn_port_t)port;
    }
    return 0;
fail:
    server_destroy(d, s);
    return port;
}

/* Ioreq pages come into being when first mapped, both at once. */
int fx_server_frame(struct fx_domain *d, unsigned int id, unsigned long frame,
                    uint32_t *out)
{
    struct fx_server *s = server(d, id);

    if (!s)
        return -ENOENT;
    if (!s->page)
        s->page = fx_frame_alloc(d, 1, 1, false);
    if (s->bufioreq != HVM_IOREQSRV_BUFIOREQ_OFF && !s->bufpage)
        s->bufpage = fx_frame_alloc(d, 1, 1, false);
    if (frame == XENMEM_resource_ioreq_server_frame_bufioreq) {
        if (s->bufioreq == HVM_IOREQSRV_BUFIOREQ_OFF)
            return -ENOENT;
        *out = s->bufpage;
    } else if (frame == XENMEM_resource_ioreq_server_frame_ioreq(0)) {
        *out = s->page;
    } else {
        return -EINVAL;
    }
    return *out ? 0 : -ENOMEM;
}

/* The ports' numbers appear in the page only now, and only if it exists. */
static int publish_ports(struct fx_domain *d, struct fx_server *s)
{
    struct ioreq *slot;
    void *page;

    if (!s->page)
        return 0;
    page = mmap(NULL, FX_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                fx.memory_fd, (off_t)(s->page - 1) << FX_PAGE_SHIFT);
    if (page == MAP_FAILED)
        return -ENOMEM;
    slot = page;
    for (unsigned int v = 0; v < d->vcpus; v++)
        __atomic_store_n(&slot[v].vp_eport, s->port[v], __ATOMIC_RELEASE);
    munmap(page, FX_PAGE_SIZE);
    return 0;
}

/* ---- Handles --------------------------------------------------------- */

static int restrict_to(struct fx_restrictable *r, domid_t domid)
{
    xendevicemodel_handle *dmod = (xendevicemodel_handle *)r;

    if (dmod->domid != FX_UNRESTRICTED && dmod->domid != domid)
        return -EINVAL;
    dmod->domid = domid;
    return 0;
}

xendevicemodel_handle *xendevicemodel_open(struct xentoollog_logger *logger,
                                           unsigned int open_flags)
{
    xendevicemodel_handle *dmod;

    (void)logger;
    FX_ENTER(xendevicemodel_open, NULL);
    if (open_flags) {
        errno = EINVAL;
        return NULL;
    }
    dmod = calloc(1, sizeof(*dmod));
    if (!dmod)
        return NULL;
    dmod->domid = FX_UNRESTRICTED;
    fx_handle_add(&dmod->restrictable, restrict_to);
    return dmod;
}

int xendevicemodel_close(xendevicemodel_handle *dmod)
{
    FX_ENTER(xendevicemodel_close, -1);
    if (!dmod)
        return 0;
    fx_handle_del(&dmod->restrictable);
    free(dmod);
    return 0;
}

int xendevicemodel_restrict(xendevicemodel_handle *dmod, domid_t domid)
{
    FX_ENTER(xendevicemodel_restrict, -1);
    return fx_result(restrict_to(&dmod->restrictable, domid));
}

/* The domain locked if the handle may touch it. */
static struct fx_domain *target(xendevicemodel_handle *dmod, domid_t domid,
                                int *rc)
{
    struct fx_domain *d;

    if (dmod->domid != FX_UNRESTRICTED && dmod->domid != domid) {
        *rc = -EPERM;
        return NULL;
    }
    d = fx_domain_get(domid);
    *rc = d ? 0 : -ESRCH;
    return d;
}

/* ---- Ioreq servers --------------------------------------------------- */

int xendevicemodel_create_ioreq_server(xendevicemodel_handle *dmod,
                                       domid_t domid, int handle_bufioreq,
                                       ioservid_t *id)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_create_ioreq_server, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    rc = -ENOSPC;
    if (handle_bufioreq < 0 || handle_bufioreq > HVM_IOREQSRV_BUFIOREQ_ATOMIC)
        rc = -EINVAL;
    for (unsigned int i = 0; i < FX_MAX_SERVERS && rc == -ENOSPC; i++) {
        if (d->server[i].used)
            continue;
        rc = server_init(d, &d->server[i], handle_bufioreq);
        *id = (ioservid_t)i;
        break;
    }
    fx_domain_put(d);
    return fx_result(rc);
}

int xendevicemodel_get_ioreq_server_info(xendevicemodel_handle *dmod,
                                         domid_t domid, ioservid_t id,
                                         xen_pfn_t *ioreq_gfn,
                                         xen_pfn_t *bufioreq_gfn,
                                         evtchn_port_t *bufioreq_port)
{
    struct fx_domain *d;
    struct fx_server *s;
    int rc;

    FX_ENTER(xendevicemodel_get_ioreq_server_info, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    s = server(d, id);
    if (!s)
        rc = -ENOENT;
    else if (ioreq_gfn || bufioreq_gfn)
        rc = -EOPNOTSUPP; /* guest frames for ioreq pages: not in the fake */
    else if (bufioreq_port && s->bufport)
        *bufioreq_port = s->bufport;
    fx_domain_put(d);
    return fx_result(rc);
}

static int change_range(xendevicemodel_handle *dmod, domid_t domid,
                        ioservid_t id, unsigned int type, uint64_t start,
                        uint64_t end, bool add)
{
    struct fx_domain *d;
    struct fx_server *s;
    int rc;

    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    s = server(d, id);
    if (start > end)
        rc = -EINVAL;
    else if (!s)
        rc = -ENOENT;
    else if (add)
        rc = fx_rangeset_add(&s->range[type], start, end);
    else
        rc = fx_rangeset_remove(&s->range[type], start, end);
    fx_domain_put(d);
    return fx_result(rc);
}

int xendevicemodel_map_io_range_to_ioreq_server(xendevicemodel_handle *dmod,
                                                domid_t domid, ioservid_t id,
                                                int is_mmio, uint64_t start,
                                                uint64_t end)
{
    FX_ENTER(xendevicemodel_map_io_range_to_ioreq_server, -1);
    return change_range(dmod, domid, id,
                        is_mmio ? XEN_DMOP_IO_RANGE_MEMORY
                                : XEN_DMOP_IO_RANGE_PORT,
                        start, end, true);
}

int xendevicemodel_unmap_io_range_from_ioreq_server(xendevicemodel_handle *dmod,
                                                    domid_t domid,
                                                    ioservid_t id, int is_mmio,
                                                    uint64_t start,
                                                    uint64_t end)
{
    FX_ENTER(xendevicemodel_unmap_io_range_from_ioreq_server, -1);
    return change_range(dmod, domid, id,
                        is_mmio ? XEN_DMOP_IO_RANGE_MEMORY
                                : XEN_DMOP_IO_RANGE_PORT,
                        start, end, false);
}

static int change_pcidev(xendevicemodel_handle *dmod, domid_t domid,
                         ioservid_t id, uint16_t segment, uint8_t bus,
                         uint8_t device, uint8_t function, bool add)
{
    uint64_t sbdf;

    if (device > 0x1f || function > 0x7) {
        errno = EINVAL;
        return -1;
    }
    sbdf = XEN_DMOP_PCI_SBDF((uint32_t)segment, bus, device, function);
    return change_range(dmod, domid, id, XEN_DMOP_IO_RANGE_PCI, sbdf, sbdf,
                        add);
}

int xendevicemodel_map_pcidev_to_ioreq_server(xendevicemodel_handle *dmod,
                                              domid_t domid, ioservid_t id,
                                              uint16_t segment, uint8_t bus,
                                              uint8_t device, uint8_t function)
{
    FX_ENTER(xendevicemodel_map_pcidev_to_ioreq_server, -1);
    return change_pcidev(dmod, domid, id, segment, bus, device, function, true);
}

int xendevicemodel_unmap_pcidev_from_ioreq_server(xendevicemodel_handle *dmod,
                                                  domid_t domid, ioservid_t id,
                                                  uint16_t segment, uint8_t bus,
                                                  uint8_t device,
                                                  uint8_t function)
{
    FX_ENTER(xendevicemodel_unmap_pcidev_from_ioreq_server, -1);
    return change_pcidev(dmod, domid, id, segment, bus, device, function,
                         false);
}

int xendevicemodel_destroy_ioreq_server(xendevicemodel_handle *dmod,
                                        domid_t domid, ioservid_t id)
{
    struct fx_domain *d;
    struct fx_server *s;
    int rc;

    FX_ENTER(xendevicemodel_destroy_ioreq_server, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    s = server(d, id);
    if (s)
        server_destroy(d, s);
    else
        rc = -ENOENT;
    fx_domain_put(d);
    return fx_result(rc);
}

int xendevicemodel_set_ioreq_server_state(xendevicemodel_handle *dmod,
                                          domid_t domid, ioservid_t id,
                                          int enabled)
{
    struct fx_domain *d;
    struct fx_server *s;
    int rc;

    FX_ENTER(xendevicemodel_set_ioreq_server_state, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    s = server(d, id);
    if (!s) {
        rc = -ENOENT;
    } else {
        if (enabled && !s->enabled)
            rc = publish_ports(d, s);
        if (!rc)
            s->enabled = enabled;
    }
    fx_domain_put(d);
    return fx_result(rc);
}

int fx_servers(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);
    int n = 0;

    if (!d)
        return 0;
    for (unsigned int i = 0; i < FX_MAX_SERVERS; i++)
        n += d->server[i].used;
    fx_domain_put(d);
    return n;
}

int fx_ranges(domid_t domid, unsigned int id, unsigned int type)
{
    struct fx_domain *d = fx_domain_get(domid);
    struct fx_server *s;
    int n = -ENOENT;

    if (!d)
        return -ESRCH;
    s = server(d, id);
    if (s && type < 3)
        n = (int)s->range[type].n;
    fx_domain_put(d);
    return n;
}

/* ---- Interrupts ------------------------------------------------------ */

int xendevicemodel_set_pci_intx_level(xendevicemodel_handle *dmod,
                                      domid_t domid, uint16_t segment,
                                      uint8_t bus, uint8_t device, uint8_t intx,
                                      unsigned int level)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_set_pci_intx_level, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    if (segment || bus || device > 0x1f || intx > 3 || level > 1)
        rc = -EINVAL;
    else if (level)
        d->intx[device] |= (uint8_t)(1u << intx);
    else
        d->intx[device] &= (uint8_t) ~(1u << intx);
    fx_domain_put(d);
    return fx_result(rc);
}

int fx_intx_level(domid_t domid, unsigned int device, unsigned int intx)
{
    struct fx_domain *d = fx_domain_get(domid);
    int level;

    if (!d)
        return -ESRCH;
    level = device > 0x1f || intx > 3 ? -EINVAL : d->intx[device] >> intx & 1;
    fx_domain_put(d);
    return level;
}

int xendevicemodel_inject_msi(xendevicemodel_handle *dmod, domid_t domid,
                              uint64_t msi_addr, uint32_t msi_data)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_inject_msi, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    if (d->msi_tail - d->msi_head >= FX_MAX_MSI) {
        d->msi_lost++;
    } else {
        d->msi[d->msi_tail % FX_MAX_MSI].addr = msi_addr;
        d->msi[d->msi_tail % FX_MAX_MSI].data = msi_data;
        d->msi_tail++;
    }
    atomic_fetch_add(&d->msi_seq, 1);
    fx_futex_wake(&d->msi_seq);
    fx_domain_put(d);
    return 0;
}

int fx_msi_queued(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);
    int n;

    if (!d)
        return -ESRCH;
    n = (int)(d->msi_tail - d->msi_head);
    fx_domain_put(d);
    return n;
}

uint64_t fx_msi_lost(domid_t domid)
{
    struct fx_domain *d = fx_domain_get(domid);
    uint64_t n;

    if (!d)
        return 0;
    n = d->msi_lost;
    fx_domain_put(d);
    return n;
}

int fx_msi_wait(domid_t domid, uint64_t *addr, uint32_t *data,
                unsigned int timeout_ms)
{
    uint64_t deadline = fx_now_ns() + (uint64_t)timeout_ms * 1000000;
    struct fx_domain *d;
    int slept = 0;

    while ((d = fx_domain_get(domid)) && !d->dying) {
        uint32_t seq = atomic_load(&d->msi_seq);

        if (d->msi_head != d->msi_tail) {
            if (addr)
                *addr = d->msi[d->msi_head % FX_MAX_MSI].addr;
            if (data)
                *data = d->msi[d->msi_head % FX_MAX_MSI].data;
            d->msi_head++;
            fx_domain_put(d);
            return 0;
        }
        fx_domain_put(d);
        if (slept)
            return slept;
        slept = fx_futex_wait(&d->msi_seq, seq, deadline);
    }
    if (d)
        fx_domain_put(d);
    return d ? -ESHUTDOWN : -ESRCH;
}

/* ---- Memory ---------------------------------------------------------- */

int xendevicemodel_relocate_memory(xendevicemodel_handle *dmod, domid_t domid,
                                   uint32_t size, uint64_t src_gfn,
                                   uint64_t dst_gfn)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_relocate_memory, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    /* Page by page from below; a failure leaves the first ones moved. */
    for (uint32_t i = 0; i < size && !rc; i++) {
        uint32_t frame = fx_p2m_get(d, src_gfn + i);
        uint32_t old = fx_p2m_get(d, dst_gfn + i);

        if (!frame || d->dying)
            rc = -EINVAL;
        else if (frame != old)
            rc = fx_p2m_set(d, dst_gfn + i, frame);
        if (rc || frame == old)
            continue;
        fx_p2m_set(d, src_gfn + i, 0);
        /* What was there is freed without a word. */
        if (old)
            fx_frame_unplace(d, old);
    }
    fx_domain_put(d);
    return fx_result(rc);
}

static int pin(struct fx_domain *d, uint64_t start, uint64_t end, uint32_t type)
{
    if (end < start || (start | end) >> FX_GPA_BITS)
        return -EINVAL;
    for (unsigned int i = 0; i < d->pins; i++) {
        struct fx_pin *p = &d->pin[i];

        if (p->start == start && p->end == end) {
            if (type == XEN_DMOP_DELETE_MEM_CACHEATTR)
                *p = d->pin[--d->pins];
            else
                p->type = type;
            return 0;
        }
        if (type != XEN_DMOP_DELETE_MEM_CACHEATTR && p->start <= end &&
            start <= p->end)
            return -EBUSY;
    }
    if (type == XEN_DMOP_DELETE_MEM_CACHEATTR)
        return -ENOENT;
    if (d->pins == FX_MAX_PINS)
        return -ENOSPC;
    d->pin[d->pins++] = (struct fx_pin){start, end, type};
    return 0;
}

int xendevicemodel_pin_memory_cacheattr(xendevicemodel_handle *dmod,
                                        domid_t domid, uint64_t start,
                                        uint64_t end, uint32_t type)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_pin_memory_cacheattr, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    switch (type) {
    case XEN_DMOP_MEM_CACHEATTR_UC:
    case XEN_DMOP_MEM_CACHEATTR_WC:
    case XEN_DMOP_MEM_CACHEATTR_UCM:
        rc = -EPERM; /* only with an IOMMU, which the fake has not */
        break;
    case XEN_DMOP_MEM_CACHEATTR_WT:
    case XEN_DMOP_MEM_CACHEATTR_WP:
    case XEN_DMOP_MEM_CACHEATTR_WB:
    case XEN_DMOP_DELETE_MEM_CACHEATTR:
        rc = pin(d, start, end, type);
        break;
    default:
        rc = -EINVAL;
        break;
    }
    fx_domain_put(d);
    return fx_result(rc);
}

static int modified(struct fx_domain *d, uint64_t first, uint32_t nr)
{
    /* Xen looks at its arguments only while somebody is interested. */
    if (!d->log_dirty && !d->vram_tracked)
        return 0;
    if (!nr || first + nr < first || first + nr > d->maximum_gpfn)
        return -EINVAL;
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t frame = fx_p2m_get(d, first + i);

        if (frame)
            fx_frame_mark_dirty(frame);
    }
    return 0;
}

int xendevicemodel_modified_memory_bulk(
    xendevicemodel_handle *dmod, domid_t domid,
    struct xen_dm_op_modified_memory_extent extents[], uint32_t nr)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_modified_memory_bulk, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    while (nr-- && !rc)
        rc = modified(d, extents[nr].first_pfn, extents[nr].nr);
    fx_domain_put(d);
    return fx_result(rc);
}

int xendevicemodel_modified_memory(xendevicemodel_handle *dmod, domid_t domid,
                                   uint64_t first_pfn, uint32_t nr)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_modified_memory, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    rc = modified(d, first_pfn, nr);
    fx_domain_put(d);
    return fx_result(rc);
}

int xendevicemodel_track_dirty_vram(xendevicemodel_handle *dmod, domid_t domid,
                                    uint64_t first_pfn, uint32_t nr,
                                    unsigned long *dirty_bitmap)
{
    uint8_t *bits = (uint8_t *)dirty_bitmap;
    struct fx_domain *d;
    bool fresh;
    int rc;

    FX_ENTER(xendevicemodel_track_dirty_vram, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    if (nr > 1u << 18)
        rc = -EINVAL;
    else if (d->dying)
        rc = -ESRCH;
    if (rc) {
        fx_domain_put(d);
        return fx_result(rc);
    }
    /* A range that was not tracked before is all dirty. */
    fresh = !d->vram_tracked || d->vram_first != first_pfn || d->vram_nr != nr;
    d->vram_tracked = nr != 0;
    d->vram_first = first_pfn;
    d->vram_nr = nr;
    memset(bits, 0, (nr + 7) / 8);
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t frame = fx_p2m_get(d, first_pfn + i);
        bool dirty = frame && fx_frame_take_dirty(frame, FX_DIRTY_VRAM);

        if (dirty || fresh)
            bits[i / 8] |= (uint8_t)(1u << i % 8);
    }
    fx_domain_put(d);
    return 0;
}

/* ---- The rest -------------------------------------------------------- */

int xendevicemodel_nr_vcpus(xendevicemodel_handle *dmod, domid_t domid,
                            unsigned int *vcpus)
{
    struct fx_domain *d;
    int rc;

    FX_ENTER(xendevicemodel_nr_vcpus, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    *vcpus = d->vcpus;
    fx_domain_put(d);
    return 0;
}

int xendevicemodel_shutdown(xendevicemodel_handle *dmod, domid_t domid,
                            unsigned int reason)
{
    struct fx_domain *d;
    int rc;

    (void)reason;
    FX_ENTER(xendevicemodel_shutdown, -1);
    d = target(dmod, domid, &rc);
    if (!d)
        return fx_result(rc);
    fx_domain_crash(d, "shut down by the device model");
    fx_domain_put(d);
    fx_store_fire_special("@releaseDomain");
    return 0;
}
