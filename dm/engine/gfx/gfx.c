/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gfx engine's row and table of packets. */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* A software driver frees what a chunk took when that chunk is done. Given back
 * to the kernel, it is page faults in the next one: a third of the time of a
 * stream of small draws. So much stays. */
#define KEEP_FREED (64 << 20)
#define KEEP_BLOCK (4 << 20) /* freed blocks up to this size do */

/* Of guest memory that is mapped in buffers, for one vGPU. */
#define MAPPED_MAX (2ull << 30)

/* A handler runs before those ahead of it are done. */
#define ROW_(NAME, name, number, more, text)                                   \
    {.type = (number),                                                         \
     .min = sizeof(struct xvgpu_gfx_##name) / 4,                               \
     .max =                                                                    \
         (more) ? XVGPU_PKT_MAX_DWORDS : sizeof(struct xvgpu_gfx_##name) / 4,  \
     .unordered = true,                                                        \
     .run = gfx_pkt_##name},
static const struct packet_type gfx_types[] = {XVGPU_GFX_PACKETS(ROW_)};
#undef ROW_

const struct packet_type *gfx_packet_type(uint32_t type)
{
    size_t i;

    for (i = 0; i < sizeof(gfx_types) / sizeof(gfx_types[0]); i++) {
        if (gfx_types[i].type == type)
            return &gfx_types[i];
    }
    return NULL;
}

static int gfx_open(struct engine *e)
{
    struct gfx *g = calloc(1, sizeof(*g));
    int rc;

    if (!g)
        return -ENOMEM;
    g->e = e;
    g->chunk_ns = CHUNK_NS;
    g->watchdog_ms = e->limits.watchdog_ms;
    g->compile_ms = e->limits.compile_ms;
    g->local_max = e->limits.local_size;
    g->mapped_max = MAPPED_MAX;
    g->map_epoch = 1;
    if (e->context >= 0) {
        rc = gfx_context_open(g, e->context);
        if (rc < 0) {
            free(g);
            return rc;
        }
    }
    e->backend = g;
    return 0;
}

static int gfx_init(struct engine *e)
{
    struct gfx *g = gfx_of(e);
    int rc;

    /* Hints: without them it is only slower. */
    mallopt(M_TRIM_THRESHOLD, KEEP_FREED);
    mallopt(M_MMAP_THRESHOLD, KEEP_BLOCK);
    rc = vk_open(&g->vk);
    if (rc == 0)
        rc = gfx_formats_check(&g->vk);
    return rc < 0 ? rc : gfx_chunks_open(g);
}

static void gfx_describe_op(const struct engine *e, struct engine_host *host)
{
    const struct gfx *g = e->backend;

    host->device = g->vk.props.deviceName;
    host->in_place = g->vk.import;
    host->processors = g->vk.props.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
}

static void gfx_forget(struct gfx *g)
{
    engine_drain(g->e);
    gfx_state_clear(g);
    gfx_objects_clear(g);
}

static void gfx_close(struct engine *e)
{
    struct gfx *g = gfx_of(e);

    if (g->vk.device) {
        gfx_forget(g);
        gfx_chunks_close(g);
        vk_close(&g->vk);
    }
    gfx_context_close(g);
    free(g);
    e->backend = NULL;
}

static int gfx_start(struct engine *e)
{
    gfx_forget(gfx_of(e));
    gfx_context_clear(gfx_of(e));
    return 0;
}

static int gfx_recover_op(struct engine *e)
{
    gfx_forget(gfx_of(e));
    return gfx_recover(gfx_of(e));
}

static void gfx_reset(struct engine *e)
{
    struct gfx *g = gfx_of(e);

    g->at = (struct gfx_position){0};
}

static int gfx_drain_op(struct engine *e)
{
    return gfx_drain(gfx_of(e));
}

static void gfx_invalidate(struct engine *e)
{
    gfx_buffers_unmap(gfx_of(e));
}

static bool gfx_compiles(uint32_t type)
{
    return type == XVGPU_PKT_GFX_CREATE_SHADER ||
           type == XVGPU_PKT_GFX_CREATE_GRAPHICS ||
           type == XVGPU_PKT_GFX_CREATE_COMPUTE;
}

const struct engine_ops gfx_ops = {
    .name = "gfx",
    .engine = XVGPU_ENGINE_GFX,
    .front = &ring_front,
    .types = gfx_types,
    .nr_types = sizeof(gfx_types) / sizeof(gfx_types[0]),
    .open = gfx_open,
    .init = gfx_init,
    .describe = gfx_describe_op,
    .close = gfx_close,
    .start = gfx_start,
    .recover = gfx_recover_op,
    .reset = gfx_reset,
    .drain = gfx_drain_op,
    .invalidate = gfx_invalidate,
    .compiles = gfx_compiles,
};
