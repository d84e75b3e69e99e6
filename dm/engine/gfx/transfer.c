/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies and fills of buffers, barriers. Transfers that can be long go in
 * parts; the position counts them.
 */
#include "dm/engine/gfx/transfer.h"

static enum step fault(struct engine *e, uint32_t code)
{
    return engine_fault(e, code, 0);
}

bool transfer_stop(struct gfx *g)
{
    return !g->open && engine_boundary(g->e);
}

VkCommandBuffer transfer_cmd(struct gfx *g)
{
    if (!g->state.rendering)
        return gfx_cmd(g);
    engine_fault(g->e, XVGPU_FAULT_STATE, 0);
    return VK_NULL_HANDLE;
}

/* ---- Buffers ---------------------------------------------------------------
 */

struct buffer *transfer_buffer(struct gfx *g, uint32_t id, uint64_t offset,
                               uint64_t bytes)
{
    struct buffer *b = (struct buffer *)gfx_find(g, XVGPU_GFX_BUFFER, id);

    return b && gfx_buffer_range(g, b, offset, bytes) == 0 ? b : NULL;
}

struct buffer_job {
    struct buffer *src, *dst; /* src NULL: a fill */
    uint64_t src_offset, dst_offset, bytes;
    uint32_t value;
};

static int buffer_part(struct gfx *g, const struct buffer_job *job)
{
    uint64_t done = (uint64_t)g->at.first * TRANSFER_PART,
             n = job->bytes - done;
    VkBufferCopy copy;
    VkCommandBuffer cmd;

    /* First, so that no chunk is opened for a packet at fault. */
    if (gfx_buffer_ready(g, job->dst) < 0 ||
        (job->src && gfx_buffer_ready(g, job->src) < 0))
        return -1;
    cmd = transfer_cmd(g);
    if (!cmd)
        return -1;
    gfx_buffer_written(g, job->dst);
    n = n < TRANSFER_PART ? n : TRANSFER_PART;
    if (job->src) {
        copy =
            (VkBufferCopy){job->src_offset + done, job->dst_offset + done, n};
        vkCmdCopyBuffer(cmd, job->src->vk, job->dst->vk, 1, &copy);
    } else {
        vkCmdFillBuffer(cmd, job->dst->vk, job->dst_offset + done, n,
                        job->value);
    }
    g->at.first++;
    return gfx_charge(g, NULL, (double)n);
}

static enum step run_buffer_job(struct gfx *g, const struct buffer_job *job)
{
    uint32_t parts =
        (uint32_t)((job->bytes + TRANSFER_PART - 1) / TRANSFER_PART);

    while (g->at.first < parts) {
        if (buffer_part(g, job) < 0)
            return STEP_FAULT;
        if (g->at.first < parts && transfer_stop(g))
            return STEP_PREEMPTED;
    }
    g->at.first = 0;
    return STEP_DONE;
}

enum step gfx_pkt_copy_buffer(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_copy_buffer *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct buffer_job job = {.src_offset = pkt->src_offset,
                             .dst_offset = pkt->dst_offset,
                             .bytes = pkt->bytes};

    (void)n;
    if (!pkt->bytes)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    job.src = transfer_buffer(g, pkt->src, pkt->src_offset, pkt->bytes);
    job.dst = job.src
                  ? transfer_buffer(g, pkt->dst, pkt->dst_offset, pkt->bytes)
                  : NULL;
    if (!job.dst)
        return STEP_FAULT;
    if (job.src == job.dst &&
        spans_overlap(pkt->src_offset, pkt->dst_offset, pkt->bytes))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    return run_buffer_job(g, &job);
}

enum step gfx_pkt_fill_buffer(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_fill_buffer *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct buffer_job job = {
        .dst_offset = pkt->offset, .bytes = pkt->bytes, .value = pkt->value};

    (void)n;
    if (!pkt->bytes || pkt->bytes % 4 || pkt->offset % 4)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    job.dst = transfer_buffer(g, pkt->dst, pkt->offset, pkt->bytes);
    return job.dst ? run_buffer_job(g, &job) : STEP_FAULT;
}

enum step gfx_pkt_update_buffer(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    const struct xvgpu_gfx_update_buffer *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    VkCommandBuffer cmd;
    struct buffer *b;

    if (gfx_length(e, n, sizeof(*pkt), pkt->bytes) < 0)
        return STEP_FAULT;
    if (!pkt->bytes || pkt->bytes % 4 || pkt->offset % 4)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    b = transfer_buffer(g, pkt->dst, pkt->offset, pkt->bytes);
    if (!b || gfx_buffer_ready(g, b) < 0)
        return STEP_FAULT;
    cmd = transfer_cmd(g);
    if (!cmd)
        return STEP_FAULT;
    gfx_buffer_written(g, b);
    vkCmdUpdateBuffer(cmd, b->vk, pkt->offset, pkt->bytes, GFX_TAIL(pkt));
    return gfx_step(gfx_charge(g, NULL, pkt->bytes));
}

/* ---- Barriers
 * ----------------------------------------------------------------- */

#define STAGES 0x1ffffu
#define ACCESS 0x1ffffu

/* Vulkan 1.3, chapter 7, table "Supported access types": of stage bit i. */
static const uint32_t access_of_stage[17] = {
    0,                        /* top of pipe */
    0x1,                      /* draw indirect */
    0x2 | 0x4,                /* vertex input */
    0x8 | 0x20 | 0x40,        /* vertex shader */
    0x8 | 0x20 | 0x40,        /* tessellation control */
    0x8 | 0x20 | 0x40,        /* tessellation evaluation */
    0x8 | 0x20 | 0x40,        /* geometry */
    0x8 | 0x10 | 0x20 | 0x40, /* fragment */
    0x200 | 0x400,            /* early fragment tests */
    0x200 | 0x400,            /* late fragment tests */
    0x80 | 0x100,             /* colour attachment output */
    0x8 | 0x20 | 0x40,        /* compute */
    0x800 | 0x1000,           /* transfer */
    0,                        /* bottom of pipe */
    0x2000 | 0x4000,          /* host */
    0x1fff,                   /* all graphics, minus compute's: see below */
    0x1ffff,                  /* all commands */
};

/* What of `access` some of the stages can do; memory read and write any. */
static uint32_t access_allowed(uint32_t stages, uint32_t access)
{
    uint32_t mask = 0x8000 | 0x10000, i;

    for (i = 0; i < 17; i++) {
        if (stages & 1u << i)
            mask |= access_of_stage[i];
    }
    if (stages & VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT &&
        !(stages & (VK_PIPELINE_STAGE_TRANSFER_BIT |
                    VK_PIPELINE_STAGE_ALL_COMMANDS_BIT)))
        mask &= ~0x1800u;
    if (!(stages & VK_PIPELINE_STAGE_HOST_BIT))
        mask &= ~0x6000u;
    return access & mask;
}

enum step gfx_pkt_barrier(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_barrier *pkt = (const void *)dw;
    VkMemoryBarrier2 barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };
    VkCommandBuffer cmd;

    (void)n;
    if ((pkt->src_stages | pkt->dst_stages) & ~STAGES ||
        (pkt->src_access | pkt->dst_access) & ~ACCESS)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    cmd = transfer_cmd(gfx_of(e));
    if (!cmd)
        return STEP_FAULT;
    /* Copies of the same guest memory meet between chunks (copy.c). */
    if (gfx_of(e)->copies)
        return gfx_step(gfx_cut(gfx_of(e)));
    barrier.srcStageMask = pkt->src_stages;
    barrier.srcAccessMask = access_allowed(pkt->src_stages, pkt->src_access);
    barrier.dstStageMask = pkt->dst_stages;
    barrier.dstAccessMask = access_allowed(pkt->dst_stages, pkt->dst_access);
    vkCmdPipelineBarrier2(cmd, &dependency);
    return gfx_step(gfx_charge(gfx_of(e), NULL, 0));
}
