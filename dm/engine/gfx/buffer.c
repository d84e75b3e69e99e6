/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers. Those in guest memory are mapped and imported when a packet first
 * needs them. Where the driver can't, it gets a copy (copy.c).
 */
#include "dm/engine/gfx/gfx.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PAGE 4096ull

#define BUFFER_USAGE                                                           \
    (VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |     \
     VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | \
     VK_BUFFER_USAGE_INDEX_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT |    \
     VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT)

int gfx_buffer_new_vk(struct gfx *g, uint64_t size, VkBufferUsageFlags usage,
                      bool imported, VkBuffer *out)
{
    const VkExternalMemoryBufferCreateInfo external = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
    };
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .pNext = imported ? &external : NULL,
        .size = size,
        .usage = usage,
    };
    VkResult res = vkCreateBuffer(g->vk.device, &info, NULL, out);

    if (res == VK_SUCCESS)
        return 0;
    *out = VK_NULL_HANDLE;
    return gfx_vk_failed(g, res, "buffer");
}

int gfx_buffer_range(struct gfx *g, const struct buffer *b, uint64_t offset,
                     uint64_t bytes)
{
    if (offset <= b->size && bytes <= b->size - offset)
        return 0;
    return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
}

/* ---- Guest memory -------------------------------------------------------- */

static void unmap(struct gfx *g, struct buffer *b)
{
    if (!b->pages)
        return;
    vkDestroyBuffer(g->vk.device, b->vk, NULL);
    vk_memory_free(&g->vk, b->memory);
    b->vk = VK_NULL_HANDLE;
    b->memory = VK_NULL_HANDLE;
    gfx_copy_free(g, b);
    guestmap_drop_range(g->e->map, b->pages, b->nr_pages);
    b->pages = b->map = NULL;
    g->mapped -= b->charged;
    DL_DELETE2(g->mapped_buffers, b, mapped_prev, mapped_next);
}

/* The memory type that the driver has for these pages, or -1. */
static int import_type(const struct gfx *g, const struct buffer *b,
                       uint32_t allowed)
{
    VkMemoryHostPointerPropertiesEXT props = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
    VkResult res = g->vk.host_pointer_props(
        g->vk.device, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
        b->pages, &props);
    uint32_t i;

    if (res < 0)
        return -1;
    for (i = 0; i < g->vk.memory.memoryTypeCount; i++) {
        if ((allowed & props.memoryTypeBits & 1u << i) &&
            (g->vk.memory.memoryTypes[i].propertyFlags &
             VK_MEMORY_PROPERTY_HOST_COHERENT_BIT))
            return (int)i;
    }
    return -1;
}

/* False, with nothing left behind: the driver does not take these pages. */
static bool import(struct gfx *g, struct buffer *b)
{
    const VkImportMemoryHostPointerInfoEXT pointer = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
        .pHostPointer = b->pages,
    };
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = &pointer,
        .allocationSize = b->bytes,
    };
    VkMemoryRequirements req;
    int type;

    if (!g->vk.import ||
        gfx_buffer_new_vk(g, b->size, BUFFER_USAGE, true, &b->vk) < 0)
        return false;
    vkGetBufferMemoryRequirements(g->vk.device, b->vk, &req);
    if (b->bind % req.alignment || req.size > b->bytes - b->bind)
        goto out;
    type = import_type(g, b, req.memoryTypeBits);
    if (type < 0)
        goto out;
    info.memoryTypeIndex = (uint32_t)type;
    if (vk_memory(&g->vk, &info, &b->memory) < 0)
        goto out;
    if (vkBindBufferMemory(g->vk.device, b->vk, b->memory, b->bind) >= 0)
        return true;
out:
    vkDestroyBuffer(g->vk.device, b->vk, NULL);
    vk_memory_free(&g->vk, b->memory);
    b->vk = VK_NULL_HANDLE;
    b->memory = VK_NULL_HANDLE;
    return false;
}

static uint64_t pages_of(const struct buffer *b)
{
    return (b->address % PAGE + b->size + PAGE - 1) / PAGE;
}

static int map_guest(struct gfx *g, struct buffer *b)
{
    uint64_t pages = pages_of(b), bad;
    int rc;

    /* Copies are another two. */
    b->charged = pages * PAGE * (g->vk.import ? 1 : 3);
    if (b->charged > g->mapped_max || g->mapped > g->mapped_max - b->charged)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, b->address);
    rc = guestmap_map_range(g->e->map, b->address / PAGE * PAGE, pages,
                            &b->pages, &bad);
    if (rc < 0)
        return mem_failed(g->e, rc, bad);
    b->nr_pages = pages;
    b->bytes = pages * PAGE;
    b->bind = b->address % PAGE;
    b->map = (unsigned char *)b->pages + b->bind;
    g->mapped += b->charged;
    DL_APPEND2(g->mapped_buffers, b, mapped_prev, mapped_next);
    if (import(g, b))
        return 0;
    if (gfx_buffer_new_vk(g, b->size, BUFFER_USAGE, false, &b->vk) == 0 &&
        gfx_copy_new(g, b) == 0)
        return 0;
    unmap(g, b);
    return -1;
}

int gfx_buffer_ready(struct gfx *g, struct buffer *b)
{
    b->used_chunk = g->chunk_number;
    return b->vk ? 0 : map_guest(g, b);
}

void gfx_buffers_unmap(struct gfx *g)
{
    while (g->mapped_buffers)
        unmap(g, g->mapped_buffers);
    g->map_epoch++;
}

/* ---- Local heap ---------------------------------------------------------- */

/* The CPU clears it: no chunk knows it yet. */
static int make_local(struct gfx *g, struct buffer *b)
{
    VkMemoryRequirements req;
    VkResult res;

    if (gfx_buffer_new_vk(g, b->size, BUFFER_USAGE, false, &b->vk) < 0)
        return -1;
    vkGetBufferMemoryRequirements(g->vk.device, b->vk, &req);
    if (gfx_alloc(g, &req, true, &b->memory, &b->map) < 0)
        return -1;
    b->bytes = req.size;
    res = vkBindBufferMemory(g->vk.device, b->vk, b->memory, 0);
    if (res < 0)
        return gfx_vk_failed(g, res, "memory of a buffer");
    memset(b->map, 0, b->size);
    return 0;
}

/* ---- The class ----------------------------------------------------------- */

void gfx_drop_buffer(struct gfx *g, struct object *o)
{
    struct buffer *b = (struct buffer *)o;

    if (!b->local) {
        unmap(g, b);
        return;
    }
    vkDestroyBuffer(g->vk.device, b->vk, NULL);
    vk_free(g, b->memory, b->bytes);
}

static int check(struct gfx *g, const struct xvgpu_gfx_create_buffer *p)
{
    if (p->heap > 1 || p->size < 4 || p->size > XVGPU_GFX_MAX_BUFFER ||
        p->size % 4 || (p->heap == 1 && p->address))
        return gfx_fault(g, XVGPU_FAULT_PACKET_FIELD, 0);
    if (p->address % XVGPU_GFX_BUFFER_ALIGN)
        return gfx_fault(g, XVGPU_FAULT_ALIGNMENT, p->address);
    if (p->address > GPA_END - p->size)
        return gfx_fault(g, XVGPU_FAULT_ADDRESS, p->address);
    return 0;
}

/* Mappings that are not used any more make room before a new buffer needs it:
 * once packets use it, others that they use are not to go. */
static int make_room(struct gfx *g, const struct buffer *b)
{
    uint64_t bytes = pages_of(b) * PAGE;

    if (!g->mapped_buffers || g->mapped + bytes <= g->mapped_max)
        return 0;
    if (gfx_drain(g) < 0)
        return -1;
    gfx_buffers_unmap(g);
    return 0;
}

int gfx_make_buffer(struct gfx *g, const uint32_t *dw, uint32_t n,
                    const uint32_t *data, struct object **out)
{
    const struct xvgpu_gfx_create_buffer *p = (const void *)dw;
    struct buffer *b;
    int rc;

    (void)data;
    if (gfx_length(g->e, n, sizeof(*p), 0) < 0 || check(g, p) < 0)
        return -1;
    b = calloc(1, sizeof(*b));
    if (!b)
        return gfx_fault(g, XVGPU_FAULT_LIMIT, 0);
    b->local = p->heap == 1;
    b->address = p->address;
    b->size = p->size;
    rc = b->local ? make_local(g, b) : make_room(g, b);
    if (rc < 0) {
        gfx_drop_buffer(g, &b->o);
        free(b);
        return rc;
    }
    *out = &b->o;
    return 0;
}

void gfx_buffer_written(struct gfx *g, struct buffer *b)
{
    if (b->local)
        b->written_chunk = g->chunk_number;
    else
        g->guest_written = g->chunk_number;
}

bool gfx_buffer_settled(const struct gfx *g, const struct buffer *b)
{
    return (b->local ? b->written_chunk : g->guest_written) <= g->done_number;
}
