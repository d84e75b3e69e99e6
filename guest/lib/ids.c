/* SPDX-License-Identifier: MIT */
#include "ids.h"

void xvgpu_ids_init(struct xvgpu_ids *ids, uint32_t max)
{
    uint32_t i;

    ids->max = max < XVGPU_IDS_MAX ? max : XVGPU_IDS_MAX;
    ids->from = 1;
    for (i = 0; i < XVGPU_IDS_MAX / 64; i++)
        ids->used[i] = 0;
}

/* Number n is bit n - 1. */
static uint64_t *word(struct xvgpu_ids *ids, uint32_t id)
{
    return &ids->used[(id - 1) / 64];
}

static uint64_t bit(uint32_t id)
{
    return 1ull << ((id - 1) % 64);
}

uint32_t xvgpu_ids_get(struct xvgpu_ids *ids)
{
    uint32_t id = ids->from;

    while (id <= ids->max && (*word(ids, id) & bit(id)))
        id++;
    ids->from = id;
    if (id > ids->max)
        return 0;
    *word(ids, id) |= bit(id);
    ids->from++;
    return id;
}

int xvgpu_ids_put(struct xvgpu_ids *ids, uint32_t id)
{
    if (!id || id > ids->max || !(*word(ids, id) & bit(id)))
        return -1;
    *word(ids, id) &= ~bit(id);
    if (id < ids->from)
        ids->from = id;
    return 0;
}
