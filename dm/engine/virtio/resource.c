/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources and their backing: what is made, found and bounded. */
#include <stdlib.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

struct resource *resource_find(struct vgpu *g, uint32_t id)
{
    struct resource *r;

    HASH_FIND(hh, g->resources, &id, sizeof(id), r);
    return r;
}

/* ---- Life -------------------------------------------------------------- */

/* What a 3D resource counts for: about what a renderer needs for it. The
 * process' cgroup is the wall behind that. */
static uint64_t bytes_3d(const struct saved_resource *s)
{
    uint64_t bytes = s->width;
    uint32_t i;
    const uint32_t factors[] = {s->height, s->depth, s->array_size,
                                s->nr_samples ? s->nr_samples : 1, 4};

    if (!s->target) /* a buffer */
        return bytes;
    for (i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
        bytes *= factors[i];
    return s->last_level ? bytes + bytes / 3 : bytes;
}

/* Nothing that bytes_3d() could wrap on, and no surprise for a renderer. */
static bool sizes_ok(const struct saved_resource *s)
{
    if (s->blob_mem)
        return s->size && s->size <= VGPU_BACKING_MAX;
    if (!s->width || !s->height)
        return false;
    if (!s->is_3d)
        return scanout_order(s->format) && s->width <= VGPU_SIDE_MAX &&
               s->height <= VGPU_SIDE_MAX;
    if (!s->target) /* Mesa's fences are buffers of 0 layers */
        return s->height == 1 && s->depth == 1 && s->array_size <= 1;
    return s->width <= VGPU_SIDE_MAX && s->height <= VGPU_SIDE_MAX &&
           s->depth && s->depth <= 2048 && s->array_size &&
           s->array_size <= 2048 && s->nr_samples <= 16 && s->last_level <= 15;
}

/* What the host holds of it. */
static uint64_t host_bytes(const struct saved_resource *s)
{
    if (s->blob_mem)
        return s->blob_mem == VIRTIO_GPU_BLOB_MEM_GUEST ? 0 : s->size;
    return s->is_3d ? bytes_3d(s) : 4ull * s->width * s->height;
}

static void unmake(struct vgpu *g, struct resource *r)
{
    g->bytes -= r->bytes;
    g->backing_bytes -= r->backing_bytes;
    virgl_destroy(g, r);
    HASH_DEL(g->resources, r);
    frame_release(g, r);
    free(r->pixels);
    free(r);
}

/* For a record that stays. */
static uint32_t make(struct vgpu *g, struct saved_resource *s, uint32_t id,
                     struct resource **out)
{
    struct resource *r;
    uint32_t error = VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    uint64_t bytes;

    if (!id || resource_find(g, id))
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    if (!sizes_ok(s))
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    bytes = host_bytes(s);
    if (bytes > g->e->limits.local_size ||
        g->bytes > g->e->limits.local_size - bytes)
        return error;
    r = calloc(1, sizeof(*r));
    if (!r)
        return error;
    r->id = id;
    r->s = s;
    r->bytes = bytes;
    HASH_ADD(hh, g->resources, id, sizeof(r->id), r);
    if (!r->hh.tbl) {
        free(r);
        return error;
    }
    g->bytes += bytes;
    if (s->is_3d) {
        error = virgl_create(g, r);
    } else {
        if (!s->blob_mem) {
            r->pixels = frame_take(g, r);
            if (!r->pixels)
                r->pixels = calloc(1, bytes);
        }
        error = r->pixels || s->blob_mem ? 0 : error;
    }
    if (error)
        unmake(g, r);
    *out = r;
    return error;
}

uint32_t resource_create(struct vgpu *g, const struct saved_resource *want)
{
    struct saved_resource *s = store_new_resource(&g->store);
    struct resource *r;
    uint32_t error;

    if (!s)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    *s = *want;
    s->id = s->first = s->frame = 0;
    s->contexts = 0;
    error = make(g, s, want->id, &r);
    if (error) {
        store_free_resource(&g->store, s);
        return error;
    }
    LINK_WRITE_REL(s->id, want->id);
    return 0;
}

void resource_destroy(struct vgpu *g, struct resource *r)
{
    struct saved_resource *s = r->s;

    scanouts_forget(g, r->id);
    resource_detach(g, r);
    unmake(g, r);
    store_free_resource(&g->store, s);
}

void resources_clear(struct vgpu *g)
{
    struct resource *r, *next;

    HASH_ITER (hh, g->resources, r, next) {
        virgl_take_back(g, r);
        unmake(g, r);
    }
}

/* ---- Backing ------------------------------------------------------------ */

/* Each entry costs as much as a page: a list with many that are shorter would
 * make long work of few bytes. Drivers have them at its ends, if at all. */
static uint32_t crumbs(const struct saved_entry *list, uint32_t n)
{
    uint32_t i, count = 0;

    for (i = 0; i < n; i++)
        count += list[i].len < VGPU_CRUMB;
    return count;
}

uint32_t resource_attach(struct vgpu *g, struct resource *r,
                         const struct virtio_gpu_mem_entry *entries, uint32_t n)
{
    struct saved_entry *list, *last = NULL;
    uint32_t i, count = 0, first;
    uint64_t bytes = 0;
    int rc;

    if (r->s->first || r->s->blob_mem == VIRTIO_GPU_BLOB_MEM_HOST3D)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    if (!n || n > VGPU_ENTRIES_MAX)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    list = calloc(n, sizeof(*list));
    if (!list)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    for (i = 0; i < n; i++) {
        if (entries[i].addr >= GPA_END || !entries[i].length)
            break;
        bytes += entries[i].length;
        /* Pages one behind the other are one piece. */
        if (last && last->addr + last->len == entries[i].addr &&
            last->len <= UINT32_MAX - entries[i].length) {
            last->len += entries[i].length;
            continue;
        }
        last = &list[count++];
        *last = (struct saved_entry){entries[i].addr, entries[i].length, 0};
    }
    if (i < n || crumbs(list, count) > VGPU_CRUMBS_MAX ||
        (r->s->blob_mem && bytes < r->s->size)) {
        free(list);
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    }
    rc = bytes > VGPU_BACKING_MAX - g->backing_bytes
             ? -1
             : store_new_list(&g->store, list, count, &first);
    free(list);
    if (rc < 0)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    g->backing_bytes += bytes;
    r->backing_bytes = bytes;
    r->block = first - 1;
    r->entry = 0;
    r->entry_offset = 0;
    LINK_WRITE_REL(r->s->first, first);
    return 0;
}

void resource_detach(struct vgpu *g, struct resource *r)
{
    uint32_t first = r->s->first;

    virgl_take_back(g, r);
    LINK_WRITE_REL(r->s->first, 0);
    store_free_list(&g->store, first);
    g->backing_bytes -= r->backing_bytes;
    r->backing_bytes = 0;
}

int resource_each(const struct vgpu *g, const struct resource *r,
                  int (*fn)(const struct saved_entry *entry, void *user),
                  void *user)
{
    uint32_t next = r->s->first, i;
    const struct saved_block *b;
    int rc = 0;

    while (next && rc == 0) {
        b = &g->store.block[next - 1];
        for (i = 0; i < b->nr && rc == 0; i++)
            rc = fn(&b->entry[i], user);
        next = b->next;
    }
    return rc;
}

/* The entry that holds `offset`, which is below backing_bytes. Lines come in
 * order: go on from the last one. */
static const struct saved_entry *seek(struct vgpu *g, struct resource *r,
                                      uint64_t offset)
{
    const struct saved_block *b;

    if (offset < r->entry_offset) {
        r->block = r->s->first - 1;
        r->entry = 0;
        r->entry_offset = 0;
    }
    b = &g->store.block[r->block];
    while (offset - r->entry_offset >= b->entry[r->entry].len) {
        r->entry_offset += b->entry[r->entry].len;
        if (++r->entry < b->nr)
            continue;
        r->block = b->next - 1;
        r->entry = 0;
        b = &g->store.block[r->block];
    }
    return &b->entry[r->entry];
}

bool resource_read(struct vgpu *g, struct resource *r, uint64_t offset,
                   void *buf, uint32_t len)
{
    const struct saved_entry *entry;
    uint32_t within, part;

    if (!r->s->first || len > r->backing_bytes ||
        offset > r->backing_bytes - len)
        return false;
    while (len) {
        entry = seek(g, r, offset);
        within = (uint32_t)(offset - r->entry_offset);
        part = entry->len - within < len ? entry->len - within : len;
        if (guestmap_read(g->e->map, entry->addr + within, buf, part, NULL) < 0)
            return false;
        g->e->stats.bytes += part;
        buf = (unsigned char *)buf + part;
        offset += part;
        len -= part;
    }
    return true;
}

/* ---- After another process ------------------------------------------------
 */

/* Walk a list that may be nonsense: its bytes, or 0. */
static uint64_t check_list(struct vgpu *g, uint32_t first)
{
    const struct saved_block *b;
    uint64_t bytes = 0;
    uint32_t i, small = 0;

    while (first) {
        if (!store_claim_block(&g->store, first - 1))
            return 0;
        b = &g->store.block[first - 1];
        if (!b->nr || b->nr > STORE_BLOCK_ENTRIES)
            return 0;
        for (i = 0; i < b->nr; i++) {
            if (b->entry[i].addr >= GPA_END || !b->entry[i].len)
                return 0;
            bytes += b->entry[i].len;
        }
        small += crumbs(b->entry, b->nr);
        if (bytes > VGPU_BACKING_MAX - g->backing_bytes ||
            small > VGPU_CRUMBS_MAX)
            return 0;
        first = b->next;
    }
    return bytes;
}

static void recover_backing(struct vgpu *g, struct resource *r)
{
    uint32_t y, line = 4 * r->s->width;

    if (!r->s->first)
        return;
    r->backing_bytes = check_list(g, r->s->first);
    g->backing_bytes += r->backing_bytes;
    if (!r->backing_bytes) {
        r->s->first = 0;
        return;
    }
    r->block = r->s->first - 1;
    if (r->s->blob_mem) {
        virgl_lend_again(g, r);
        return;
    }
    if (r->s->is_3d) {
        if (virgl_lend_again(g, r) == 0)
            virgl_fill(g, r);
        return;
    }
    /* Drivers draw into the backing: it has what was shown last, or newer. */
    for (y = 0; y < r->s->height; y++) {
        if (!resource_read(g, r, (uint64_t)y * line,
                           (unsigned char *)r->pixels + (uint64_t)y * line,
                           line))
            break;
    }
}

void resources_recover(struct vgpu *g)
{
    struct saved_resource *s;
    struct resource *r;
    uint32_t i;

    for (i = 0; i < VGPU_RESOURCES; i++) {
        s = &g->store.resource[i];
        if (!s->id)
            continue;
        /* What the host had of a blob was its context's, which is gone. */
        if (s->blob_mem > VIRTIO_GPU_BLOB_MEM_GUEST || make(g, s, s->id, &r)) {
            log_limited(&g->e->host_log, LOG_WARNING,
                        "virtio: resource %u can't be made again", s->id);
            s->id = 0;
            continue;
        }
        recover_backing(g, r);
    }
    store_settle(&g->store);
    frames_trim(g);
}
