/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/trace.h"

#include <errno.h>
#include <string.h>

#define MAX_VCPUS 128u
#define VRAM_MAX (4ull << 30)
#define VRAM_GFN_MAX (1ull << 40)
#define BLOCK_MAX (1ull << 32)
#define SHOWN_MAX 8192u

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

const char *trace_reader_init(struct trace_reader *r, struct trace_header *h,
                              const void *data, size_t len)
{
    const char *why;

    if (len < sizeof(*h))
        return "it is too short";
    memcpy(h, data, sizeof(*h));
    why = trace_header_check(h, TRACE_COMMANDS);
    if (why)
        return why;
    r->at = (const uint8_t *)data + sizeof(*h);
    r->end = (const uint8_t *)data + len;
    return NULL;
}

static bool block_check(const struct trace_block *b)
{
    /* No sum of two of these wraps. */
    if (!b->size || b->size > BLOCK_MAX || b->size % 4 || b->addr % 4 ||
        b->addr > VRAM_GFN_MAX << 12)
        return false;
    switch (b->type) {
    case TRACE_RING:
        return b->engine < XVGPU_NR_ENGINES && !b->addr && !b->width &&
               !b->height;
    case TRACE_MEMORY:
    case TRACE_ZEROES:
        return !b->engine && !b->width && !b->height;
    case TRACE_SHOWN:
        return !b->engine && b->width && b->width <= SHOWN_MAX && b->height &&
               b->height <= SHOWN_MAX && b->size % b->height == 0 &&
               b->size / b->height >= b->width * 4u;
    }
    return false;
}

int trace_next_block(struct trace_reader *r, struct trace_block *block,
                     const void **data)
{
    size_t left = (size_t)(r->end - r->at);
    uint64_t padded;

    if (!left)
        return 0;
    if (left < sizeof(*block))
        return -EINVAL;
    memcpy(block, r->at, sizeof(*block));
    if (!block_check(block))
        return -EINVAL;
    r->at += sizeof(*block);
    left -= sizeof(*block);
    *data = NULL;
    if (block->type != TRACE_MEMORY && block->type != TRACE_RING)
        return 1;
    padded = (block->size + 7) & ~7ull;
    if (padded > left)
        return -EINVAL;
    *data = r->at;
    r->at += padded;
    return 1;
}
