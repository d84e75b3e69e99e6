/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers that the driver can't import: it has a copy of the guest's memory,
 * made when a chunk is submitted. When the chunk is done, bytes that differ
 * from what they were then are the GPU's doing and go back; others may have
 * been changed by the guest in the meantime and stay.
 *
 * Two buffers that share guest memory are two copies: what is written to one
 * is not seen in the other before the next chunk. BARRIER ends a chunk where
 * there is any copy, so that it holds what it promises.
 */
#include "dm/engine/gfx/gfx.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Compared at a time. */
#define BLOCK 256u

int gfx_copy_new(struct gfx *g, struct buffer *b)
{
    VkMemoryRequirements req;
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .memoryTypeIndex = g->vk.host_type,
    };
    VkResult res;

    vkGetBufferMemoryRequirements(g->vk.device, b->vk, &req);
    info.allocationSize = req.size;
    if (!(req.memoryTypeBits & 1u << g->vk.host_type))
        return gfx_fault(g, XVGPU_FAULT_LIMIT, b->address);
    b->before = malloc(b->size);
    if (!b->before)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, b->address);
    b->bytes = req.size;
    b->bind = 0;
    g->copies++;
    res = vk_memory(&g->vk, &info, &b->memory);
    if (res >= 0)
        res = vkBindBufferMemory(g->vk.device, b->vk, b->memory, 0);
    if (res >= 0)
        res =
            vkMapMemory(g->vk.device, b->memory, 0, VK_WHOLE_SIZE, 0, &b->copy);
    return res < 0 ? gfx_vk_failed(g, res, "copy of a buffer") : 0;
}

void gfx_copy_free(struct gfx *g, struct buffer *b)
{
    if (!b->before)
        return;
    g->copies--;
    free(b->before);
    b->before = b->copy = NULL;
}

void gfx_buffers_copied_in(struct gfx *g, uint64_t chunk)
{
    struct buffer *b;

    if (!g->copies)
        return;
    DL_FOREACH2(g->mapped_buffers, b, mapped_next)
    {
        if (!b->before || b->used_chunk != chunk)
            continue;
        /* Each byte of the guest's is read once. */
        memcpy(b->before, b->map, b->size);
        memcpy(b->copy, b->before, b->size);
        b->copied_chunk = chunk;
    }
}

static void write_back(struct buffer *b)
{
    const unsigned char *now = b->copy, *before = b->before;
    unsigned char *to = b->map;
    uint64_t at, i, n;

    for (at = 0; at < b->size; at += n) {
        n = b->size - at < BLOCK ? b->size - at : BLOCK;
        if (!memcmp(now + at, before + at, n))
            continue;
        for (i = at; i < at + n; i++) {
            if (now[i] != before[i])
                to[i] = now[i];
        }
    }
}

void gfx_buffers_written_back(struct gfx *g, uint64_t chunk)
{
    struct buffer *b;

    if (!g->copies)
        return;
    DL_FOREACH2(g->mapped_buffers, b, mapped_next)
    {
        if (b->before && b->copied_chunk == chunk)
            write_back(b);
    }
}
