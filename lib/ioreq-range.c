/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ioreq-private.h"

#include <errno.h>
#include <stdlib.h>

/* Tell Xen of a range, or take it back. 0 or a negative errno. */
static int range_op(struct ioreq_service *svc, const struct ioreq_range *r,
                    bool add)
{
    const domid_t domid = (domid_t)svc->cfg.domid;
    const unsigned int devfn = (unsigned int)(r->start >> 32);
    int rc;

    if (r->space == IOREQ_CFG)
        rc = (add ? xendevicemodel_map_pcidev_to_ioreq_server
                  : xendevicemodel_unmap_pcidev_from_ioreq_server)(
            svc->cfg.dmod, domid, svc->id, 0, 0, (uint8_t)(devfn >> 3),
            devfn & 7);
    else
        rc = (add ? xendevicemodel_map_io_range_to_ioreq_server
                  : xendevicemodel_unmap_io_range_from_ioreq_server)(
            svc->cfg.dmod, domid, svc->id, r->space == IOREQ_MMIO, r->start,
            r->start + r->length - 1);
    return rc ? -errno : 0;
}

static void drop_range(struct ioreq_service *svc, struct ioreq_range *range)
{
    unsigned int i;

    pthread_mutex_lock(&svc->lock);
    if (svc->last == range)
        svc->last = NULL;
    for (i = 0; i < svc->nr_ranges; i++)
        if (svc->ranges[i] == range)
            svc->ranges[i] = svc->ranges[--svc->nr_ranges];
    pthread_mutex_unlock(&svc->lock);
    free(range);
}

static int claim(struct ioreq_service *svc, struct ioreq_range range,
                 struct ioreq_range **out)
{
    struct ioreq_range *r = malloc(sizeof(*r));
    int rc = 0;

    if (!r)
        return -ENOMEM;
    *r = range;
    /* Ours first: from the hypercall on requests may come. */
    pthread_mutex_lock(&svc->lock);
    if (svc->nr_ranges < MAX_RANGES)
        svc->ranges[svc->nr_ranges++] = r;
    else
        rc = -ENOSPC;
    pthread_mutex_unlock(&svc->lock);
    if (rc) {
        free(r);
        return rc;
    }
    rc = range_op(svc, r, true);
    if (rc == -EEXIST && svc->cfg.takeover && !svc->threaded)
        rc = 0; /* the dead process has claimed it */
    if (rc) {
        drop_range(svc, r);
        return rc;
    }
    *out = r;
    return 0;
}

int ioreq_claim(struct ioreq_service *svc, enum ioreq_space space,
                uint64_t start, uint64_t length, ioreq_handler handler,
                void *opaque, struct ioreq_range **out)
{
    if (space >= IOREQ_CFG || !length || start + length - 1 < start)
        return -EINVAL;
    return claim(
        svc, (struct ioreq_range){space, start, length, handler, opaque}, out);
}

int ioreq_claim_pci(struct ioreq_service *svc, unsigned int devfn,
                    ioreq_handler handler, void *opaque,
                    struct ioreq_range **out)
{
    if (devfn > 0xff)
        return -EINVAL;
    return claim(svc,
                 (struct ioreq_range){IOREQ_CFG, (uint64_t)devfn << 32, 4096,
                                      handler, opaque},
                 out);
}

int ioreq_release(struct ioreq_service *svc, struct ioreq_range *range)
{
    int rc;

    if (!range)
        return 0;
    rc = range_op(svc, range, false);
    if (!rc)
        drop_range(svc, range);
    return rc;
}
