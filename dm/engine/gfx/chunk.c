/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chunks: what is recorded, cut, submitted, waited for and measured.
 *
 * A pipeline's cost is learnt: chunks say how long they took, and those that
 * took part in one share the difference from what was expected.
 */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/proto.h"

#define NS_PER_MS 1000000ull

/* One wait for the GPU; between two of them it is looked whether the monitor
 * is still there. */
#define WAIT_NS 20000000ull

/*
 * Until a pipeline has been measured, and the bounds of what is believed. The
 * first chunk behind the one that compiles measures: few draws, and of these
 * no more than so many units at once, since a unit may take a thousand times
 * what is supposed here.
 */
#define UNIT_NS 2000.0
#define PROBE_UNITS 64.0
#define PROBE_LESS 8.0 /* no less than this part of UNIT_NS at first */
#define UNIT_NS_MIN 1.0
#define UNIT_NS_MAX 1e10

/* No draw is cut where chunks are counted by draws. */
#define UNITS_MAX 1e12

/*
 * What a chunk costs whatever is in it is measured once, with empty ones, and
 * chunks are so much longer at least, up to a bound: on a slow host cuts would
 * be most of the work. What attachments cost to load and store is not known;
 * so a few draws go together even if they seem to take longer.
 */
#define FIXED_TRIES 4u
#define FIXED_SHARE 20.0
#define AIM_MAX 50e6 /* ns */
#define FEW_DRAWS 4u

/* While nothing runs the GPU waits for the first chunk: it is so much shorter.
 * Who is taken away every few ms would lose as much each time. */
#define FIRST_SHARE 0.25

/* More never do: what a pipeline has learnt from small triangles says little
 * of large ones. */
#define DRAWS_MAX 1024u

/* What a dispatch may take without being cut: a scheduler's slice. */
#define SLICE_NS 5e6

/* Weights of a new measurement, and the most that is believed of one: a chunk
 * may take long for what else the host does. */
#define LEARN_LESS 0.4
#define LEARN_MORE 0.2
#define RATIO_MAX 4.0

/* Cost of an engine packet that is no draw, for each byte moved. */
#define BYTE_NS 0.25

/* ---- Loss ---------------------------------------------------------------- */

/*
 * The GPU hangs: nothing but the end of this process ends its work (a device
 * whose queue hangs can't be destroyed). The monitor starts another one, the
 * device tells the guest. Guilty is who runs; a device that was lost by itself
 * was lost by somebody else's doing.
 */
static void die_hung(struct gfx *g, const struct chunk *c)
{
    log_error("gfx: chunk %llu did not end within %u ms: engine reset",
              (unsigned long long)c->number,
              g->watchdog_ms + (c->cold ? g->compile_ms : 0));
    _exit(PROTO_EXIT_HUNG);
}

static void die_lost(const char *what, VkResult rc)
{
    log_error("gfx: %s: Vulkan error %d: engine reset", what, rc);
    _exit(PROTO_EXIT_LOST);
}

/* ---- Completion ---------------------------------------------------------- */

static bool is_measured(const struct pipeline *p)
{
    return p->ns_per_unit > 0;
}

/* Pipelines learn from what their chunk has taken. */
static void learn(const struct gfx *g, struct chunk *c, double ns)
{
    double ratio, believed;
    uint32_t i;

    if (!c->nr_pipelines || c->cold || c->estimate <= 0)
        return;
    ratio = (ns > g->fixed_ns ? ns - g->fixed_ns : 0) / c->estimate;
    believed = ratio < RATIO_MAX ? ratio : RATIO_MAX;
    for (i = 0; i < c->nr_pipelines; i++) {
        struct pipeline *p = c->pipeline[i];
        double v = p->ns_per_unit *
                   (1 + (ratio < 1 ? LEARN_LESS : LEARN_MORE) * (believed - 1));

        if (!is_measured(p))
            v = UNIT_NS * (ratio * PROBE_LESS > 1 ? ratio : 1 / PROBE_LESS);
        p->ns_per_unit = v < UNIT_NS_MIN   ? UNIT_NS_MIN
                         : v > UNIT_NS_MAX ? UNIT_NS_MAX
                                           : v;
    }
}

static void forget_pipelines(struct gfx *g, struct chunk *c)
{
    uint32_t i;

    for (i = 0; i < c->nr_pipelines; i++)
        gfx_unref(g, &c->pipeline[i]->o);
    c->nr_pipelines = 0;
}

static void wait_for(struct gfx *g, struct chunk *c)
{
    uint64_t limit = g->watchdog_ms + (c->cold ? g->compile_ms : 0);
    VkResult res;

    for (;;) {
        res = vkWaitForFences(g->vk.device, 1, &c->fence, VK_TRUE, WAIT_NS);
        if (res == VK_SUCCESS)
            break;
        if (res != VK_TIMEOUT)
            die_lost("waiting for the GPU", res);
        if (engine_since(g->e, c->submit_ns) > limit * NS_PER_MS)
            die_hung(g, c);
        engine_nap(g->e, 0); /* sees the end of the monitor */
        if (g->e->gone)
            die_lost("the monitor is gone", VK_SUCCESS);
    }
}

/* A chunk that was submitted. */
static void finish(struct gfx *g, struct chunk *c)
{
    /* It runs when the one before it has ended. */
    const uint64_t from =
        g->last_done_ns > c->submit_ns ? g->last_done_ns : c->submit_ns;

    wait_for(g, c);
    learn(g, c, (double)engine_since(g->e, from));
    g->last_done_ns = engine_clock(g->e);
    g->done_number = c->number;
    engine_progress(g->e, c->packets);
    gfx_queries_collect(g, c);
    gfx_buffers_written_back(g, c->number);
    forget_pipelines(g, c);
    c->submit_ns = 0;
    memcpy(c->to_reset, c->nr_segments, sizeof(c->to_reset));
    memset(c->nr_segments, 0, sizeof(c->nr_segments));
    gfx_bury(g);
}

/* The older one first. */
static void finish_all_but(struct gfx *g, const struct chunk *keep)
{
    struct chunk *c = &g->chunk[g->chunk_number % NR_CHUNKS];
    uint32_t i;

    for (i = 0; i < NR_CHUNKS; i++) {
        if (c != keep && c->submit_ns)
            finish(g, c);
        c = &g->chunk[(g->chunk_number + 1 + i) % NR_CHUNKS];
    }
}

/* ---- Recording ----------------------------------------------------------- */

static bool under_way(const struct gfx *g)
{
    uint32_t i;

    for (i = 0; i < NR_CHUNKS; i++) {
        if (g->chunk[i].submit_ns)
            return true;
    }
    return false;
}

static int open_chunk(struct gfx *g)
{
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    struct chunk *c = &g->chunk[g->chunk_number % NR_CHUNKS];
    VkResult res;
    uint32_t i;

    if (c->submit_ns)
        finish(g, c);
    res = vkBeginCommandBuffer(c->cmd, &begin);
    if (res < 0) {
        log_limited(&g->e->host_log, LOG_ERROR,
                    "gfx: command buffer: Vulkan error %d", res);
        engine_fault(g->e, XVGPU_FAULT_LIMIT, 0);
        return -1;
    }
    c->number = g->chunk_number;
    c->aim_ns = g->chunk_ns * (under_way(g) || g->copies ? 1 : FIRST_SHARE);
    c->estimate = 0;
    c->draws = 0;
    c->cold = c->probe = false;
    for (i = 0; i < 3; i++) {
        if (c->to_reset[i])
            vkCmdResetQueryPool(c->cmd, c->queries[i], 0, c->to_reset[i]);
        c->to_reset[i] = 0;
    }
    g->open = c;
    g->e->async = true;
    g->dirty[POINT_GRAPHICS] = g->dirty[POINT_COMPUTE] = DIRTY_ALL;
    return 0;
}

VkCommandBuffer gfx_cmd(struct gfx *g)
{
    if (!g->open && open_chunk(g) < 0)
        return VK_NULL_HANDLE;
    if (g->vk_rendering)
        gfx_rendering_end_part(g);
    return g->open->cmd;
}

VkCommandBuffer gfx_cmd_rendering(struct gfx *g)
{
    if (!g->open && open_chunk(g) < 0)
        return VK_NULL_HANDLE;
    if (!g->vk_rendering)
        gfx_rendering_begin_part(g);
    return g->open->cmd;
}

static double unit_ns(const struct pipeline *p)
{
    return is_measured(p) ? p->ns_per_unit : UNIT_NS;
}

double gfx_room(const struct gfx *g, const struct pipeline *p)
{
    double left = g->open ? g->open->aim_ns - g->open->estimate : g->chunk_ns;
    double room = left / unit_ns(p);

    if (g->chunk_draws)
        return UNITS_MAX;
    if (!is_measured(p) && room > PROBE_UNITS)
        room = PROBE_UNITS;
    return room < 1 ? 1 : room;
}

bool gfx_fits_slice(const struct gfx *g, const struct pipeline *p, double units)
{
    return !g->chunk_draws && is_measured(p) && units * unit_ns(p) <= SLICE_NS;
}

static void take_part(struct chunk *c, struct pipeline *p)
{
    uint32_t i;

    for (i = 0; i < c->nr_pipelines; i++) {
        if (c->pipeline[i] == p)
            return;
    }
    if (c->nr_pipelines == CHUNK_PIPELINES)
        return;
    gfx_ref(&p->o);
    c->pipeline[c->nr_pipelines++] = p;
}

static bool full(const struct gfx *g, const struct chunk *c)
{
    if (g->chunk_draws)
        return c->draws >= g->chunk_draws;
    return c->cold || c->estimate >= FEW_DRAWS * g->chunk_ns ||
           c->draws >= DRAWS_MAX ||
           ((c->probe || c->estimate >= c->aim_ns) && c->draws >= FEW_DRAWS);
}

int gfx_charge(struct gfx *g, struct pipeline *p, double units)
{
    struct chunk *c = g->open;

    if (p) {
        p->warm = true;
        c->probe |= !is_measured(p);
        c->estimate += units * unit_ns(p);
        take_part(c, p);
    } else {
        c->estimate += units * BYTE_NS;
    }
    c->draws++;
    return full(g, c) ? gfx_cut(g) : 0;
}

int gfx_warm(struct gfx *g, struct pipeline *p)
{
    if (gfx_segment_room(g) < 0)
        return -1;
    if (p->warm)
        return 0;
    if (gfx_cut(g) < 0 || !engine_compile(g->e))
        return -1;
    if (!g->open && open_chunk(g) < 0)
        return -1;
    g->open->cold = true;
    g->open->estimate = g->chunk_ns; /* cut behind the draw */
    return 0;
}

int gfx_segment_room(struct gfx *g)
{
    uint32_t i;

    for (i = 0; g->open && i < 3; i++) {
        if (g->open->nr_segments[i] + 1 >= CHUNK_QUERIES)
            return gfx_cut(g);
    }
    return 0;
}

/* ---- Submission ---------------------------------------------------------- */

int gfx_cut(struct gfx *g)
{
    const VkMemoryBarrier2 all = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask =
            VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT |
                         VK_ACCESS_2_MEMORY_WRITE_BIT |
                         VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT,
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &all,
    };
    struct chunk *c = g->open;
    VkCommandBufferSubmitInfo buffer = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &buffer,
    };
    VkResult res;

    if (!c)
        return 0;
    if (g->vk_rendering)
        gfx_rendering_end_part(g);
    /* What comes next may be recorded in any chunk, or be the CPU's. */
    vkCmdPipelineBarrier2(c->cmd, &dependency);
    g->open = NULL;
    g->chunk_number++;
    res = vkEndCommandBuffer(c->cmd);
    if (res < 0)
        die_lost("recording", res); /* out of memory: half a chunk is none */
    /* Copies of guest memory are fresh only if nothing runs. */
    if (g->copies)
        finish_all_but(g, c);
    gfx_buffers_copied_in(g, c->number);
    vkResetFences(g->vk.device, 1, &c->fence);
    buffer.commandBuffer = c->cmd;
    c->packets = g->e->stats.packets;
    c->submit_ns = engine_clock(g->e);
    res = vkQueueSubmit2(g->vk.queue, 1, &submit, c->fence);
    if (res < 0)
        die_lost("submitting", res);
    g->chunks_submitted++;
    return 0;
}

int gfx_drain(struct gfx *g)
{
    int rc = gfx_cut(g);

    finish_all_but(g, NULL);
    gfx_bury(g);
    g->e->async = false;
    g->e->grant.stopped_ns = clock_ns();
    gfx_context_commit(g);
    return rc;
}

/* ---- Life ---------------------------------------------------------------- */

static void measure_fixed(struct gfx *g)
{
    uint64_t start, ns;
    uint32_t i;

    g->fixed_ns = 0;
    for (i = 0; i < FIXED_TRIES; i++) {
        start = clock_ns();
        if (!gfx_cmd(g) || gfx_drain(g) < 0)
            return;
        ns = clock_ns() - start;
        if (!i || (double)ns < g->fixed_ns)
            g->fixed_ns = (double)ns;
    }
    if (g->chunk_ns < FIXED_SHARE * g->fixed_ns)
        g->chunk_ns = FIXED_SHARE * g->fixed_ns;
    if (g->chunk_ns > AIM_MAX)
        g->chunk_ns = AIM_MAX;
    log_info("gfx: an empty chunk takes %.0f us, chunks %.0f us",
             g->fixed_ns / 1000, g->chunk_ns / 1000);
}

int gfx_chunks_open(struct gfx *g)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = g->vk.family,
    };
    const VkFenceCreateInfo fence = {.sType =
                                         VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    static const VkQueryType types[3] = {VK_QUERY_TYPE_OCCLUSION,
                                         VK_QUERY_TYPE_PIPELINE_STATISTICS,
                                         VK_QUERY_TYPE_TIMESTAMP};
    VkCommandBufferAllocateInfo cmd = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    VkQueryPoolCreateInfo query = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryCount = CHUNK_QUERIES,
    };
    uint32_t i, k;

    if (vkCreateCommandPool(g->vk.device, &pool, NULL, &g->command_pool) < 0)
        return -ENOMEM;
    cmd.commandPool = g->command_pool;
    for (i = 0; i < NR_CHUNKS; i++) {
        struct chunk *c = &g->chunk[i];

        if (vkAllocateCommandBuffers(g->vk.device, &cmd, &c->cmd) < 0 ||
            vkCreateFence(g->vk.device, &fence, NULL, &c->fence) < 0)
            return -ENOMEM;
        for (k = 0; k < 3; k++) {
            query.queryType = types[k];
            query.pipelineStatistics =
                types[k] == VK_QUERY_TYPE_PIPELINE_STATISTICS ? 0x7ffu : 0;
            if (vkCreateQueryPool(g->vk.device, &query, NULL, &c->queries[k]) <
                0)
                return -ENOMEM;
            c->to_reset[k] = CHUNK_QUERIES;
        }
    }
    g->chunk_number = 1;
    g->done_number = 0;
    measure_fixed(g);
    return 0;
}

void gfx_chunks_close(struct gfx *g)
{
    uint32_t i, k;

    for (i = 0; i < NR_CHUNKS; i++) {
        struct chunk *c = &g->chunk[i];

        for (k = 0; k < 3; k++)
            vkDestroyQueryPool(g->vk.device, c->queries[k], NULL);
        vkDestroyFence(g->vk.device, c->fence, NULL);
    }
    vkDestroyCommandPool(g->vk.device, g->command_pool, NULL);
}
