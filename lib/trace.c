/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/trace.h"

#include <string.h>

#define MAX_VCPUS 128u
#define VRAM_MAX (4ull << 30)
#define VRAM_GFN_MAX (1ull << 40)

const char *trace_header_check(const struct trace_header *h, uint32_t kind)
{
    uint32_t i;

    if (memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)))
        return "it is no recording of xen-vgpu";
    if (h->version != TRACE_VERSION ||
        h->header_size != sizeof(struct trace_header) ||
        h->record_size != sizeof(struct trace_record))
        return "it is of another version";
    if (h->kind != kind)
        return "it is of another kind";
    if (!h->nr_vcpus || h->nr_vcpus > MAX_VCPUS || !h->nr_vgpus ||
        h->nr_vgpus > PROTO_MAX_VGPUS || h->pvh > 1)
        return "its domain makes no sense";
    for (i = 0; i < h->nr_vgpus; i++) {
        const struct trace_vgpu *v = &h->vgpus[i];

        if (v->devfn > 0xff || v->engines >> XVGPU_NR_ENGINES ||
            v->vram_size < 2u << 20 || v->vram_size > VRAM_MAX ||
            (v->vram_size & (v->vram_size - 1)) || v->vram_gfn > VRAM_GFN_MAX)
            return "its vGPUs make no sense";
    }
    return NULL;
}

bool trace_record_check(const struct trace_header *h,
                        const struct trace_record *r)
{
    if (r->vcpu >= h->nr_vcpus || r->flags > 0x0f)
        return false;
    if (r->space == TRACE_INVALIDATE)
        return true;
    return r->space <= TRACE_CFG &&
           (r->size == 1 || r->size == 2 || r->size == 4 || r->size == 8);
}
