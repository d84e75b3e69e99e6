/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The context memfd of a virtio-gpu: which resources there are, where their
 * backing is, which chain is under way, what is shown. Not the pixels: the
 * guest has them in the backing.
 *
 *   struct saved_head, padded to HEAD_BYTES
 *   struct saved_resource [VGPU_RESOURCES]
 *   struct saved_block []
 *
 * It is not a copy but the very list that the engine works with, so a process
 * that dies has nothing left to write. Of each change the field that makes it
 * count is written last. What has been left behind is hostile: it was written
 * by a process that has read the guest's commands. Native byte order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dm/engine/virtio/vgpu.h"

#define HEAD_BYTES 8192u
#define RESOURCES_AT HEAD_BYTES
#define BLOCKS_AT                                                              \
    (RESOURCES_AT + VGPU_RESOURCES * (uint32_t)sizeof(struct saved_resource))
#define NR_BLOCKS                                                              \
    ((LINK_CONTEXT_SIZE - BLOCKS_AT) / (uint32_t)sizeof(struct saved_block))

_Static_assert(sizeof(struct saved_head) <= HEAD_BYTES, "fits");
_Static_assert(BLOCKS_AT % sizeof(struct saved_block) == 0, "aligned");

int store_open(struct store *s, int fd)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    unsigned char *map;

    memset(s, 0, sizeof(*s));
    if (fd >= 0 && ftruncate(fd, LINK_CONTEXT_SIZE) < 0)
        return -errno;
    s->nr_blocks = NR_BLOCKS;
    s->free_block = calloc(NR_BLOCKS, sizeof(*s->free_block));
    s->free_resource = calloc(VGPU_RESOURCES, sizeof(*s->free_resource));
    s->claimed = calloc(NR_BLOCKS, 1);
    if (!s->free_block || !s->free_resource || !s->claimed) {
        store_close(s);
        return -ENOMEM;
    }
    map = mmap(NULL, LINK_CONTEXT_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (map == MAP_FAILED) {
        store_close(s);
        return errno ? -errno : -ENOMEM;
    }
    s->head = (struct saved_head *)map;
    s->resource = (struct saved_resource *)(map + RESOURCES_AT);
    s->block = (struct saved_block *)(map + BLOCKS_AT);
    return 0;
}

void store_close(struct store *s)
{
    free(s->free_block);
    free(s->free_resource);
    free(s->claimed);
    if (s->head)
        munmap(s->head, LINK_CONTEXT_SIZE);
    memset(s, 0, sizeof(*s));
}

void store_forget(struct store *s)
{
    __atomic_store_n(&s->head->magic, STORE_FRESH, __ATOMIC_SEQ_CST);
}

bool store_is_fresh(const struct store *s)
{
    return LINK_READ_ACQ(s->head->magic) == STORE_FRESH;
}

void store_clear(struct store *s)
{
    unsigned char *head = (unsigned char *)s->head;
    const size_t magic = sizeof(s->head->magic);
    uint32_t i;

    store_forget(s);
    /* For whoever comes next it is forgotten until all of it is clear. */
    memset(head + magic, 0, HEAD_BYTES - magic);
    /* Its memory isn't needed either. Private memory has no holes to punch. */
    if (madvise(head + HEAD_BYTES, LINK_CONTEXT_SIZE - HEAD_BYTES,
                MADV_REMOVE) < 0) {
        for (i = 0; i < VGPU_RESOURCES; i++)
            s->resource[i].id = 0;
    }
    memset(s->claimed, 0, s->nr_blocks);
    store_settle(s);
    s->head->version = STORE_VERSION;
    __atomic_store_n(&s->head->magic, STORE_MAGIC, __ATOMIC_RELEASE);
}

bool store_reopen(struct store *s)
{
    memset(s->claimed, 0, s->nr_blocks);
    s->nr_free_blocks = s->nr_free_resources = 0;
    return LINK_READ_ACQ(s->head->magic) == STORE_MAGIC &&
           LINK_READ(s->head->version) == STORE_VERSION;
}

bool store_claim_block(struct store *s, uint32_t block)
{
    if (block >= s->nr_blocks || s->claimed[block])
        return false;
    s->claimed[block] = 1;
    return true;
}

/* The lowest ones are used first: the memfd stays small. */
void store_settle(struct store *s)
{
    uint32_t i;

    s->nr_free_blocks = s->nr_free_resources = 0;
    for (i = s->nr_blocks; i-- > 0;) {
        if (!s->claimed[i])
            s->free_block[s->nr_free_blocks++] = i;
    }
    for (i = VGPU_RESOURCES; i-- > 0;) {
        if (!s->resource[i].id)
            s->free_resource[s->nr_free_resources++] = i;
    }
}

struct saved_resource *store_new_resource(struct store *s)
{
    struct saved_resource *r;

    if (!s->nr_free_resources)
        return NULL;
    r = &s->resource[s->free_resource[--s->nr_free_resources]];
    memset(r, 0, sizeof(*r));
    return r;
}

void store_free_resource(struct store *s, struct saved_resource *r)
{
    LINK_WRITE_REL(r->id, 0);
    s->free_resource[s->nr_free_resources++] = (uint32_t)(r - s->resource);
}

int store_new_list(struct store *s, const struct saved_entry *entries,
                   uint32_t n, uint32_t *first)
{
    uint32_t need = (n + STORE_BLOCK_ENTRIES - 1) / STORE_BLOCK_ENTRIES;
    uint32_t number, part, *link = first;
    struct saved_block *b;

    *first = 0;
    if (need > s->nr_free_blocks)
        return -ENOSPC;
    while (n) {
        part = n < STORE_BLOCK_ENTRIES ? n : STORE_BLOCK_ENTRIES;
        number = s->free_block[--s->nr_free_blocks];
        b = &s->block[number];
        b->next = 0;
        b->nr = part;
        memcpy(b->entry, entries, part * sizeof(*entries));
        *link = number + 1;
        link = &b->next;
        entries += part;
        n -= part;
    }
    return 0;
}

void store_free_list(struct store *s, uint32_t first)
{
    /* Ours, and whole: store_claim_block() has seen that it has no loop. */
    while (first) {
        s->free_block[s->nr_free_blocks++] = first - 1;
        first = s->block[first - 1].next;
    }
}
