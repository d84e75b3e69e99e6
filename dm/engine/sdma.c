/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sdma engine: copies and fills. */
#include "dm/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a line of a rectangle counts at least towards the next
 * boundary: short lines cost time, too. */
#define LINE_COST 128u

/* The same for a bucket that had to be mapped. */
#define MISS_COST (ENGINE_CHUNK / 4)

/* Longer than any packet's line, also when those of a rectangle are one. */
#define LINE_MAX (1ull << 44)

struct position {
    uint64_t done; /* bytes, of the line in a rectangle */
    uint64_t line;
};

struct sdma {
    struct position at;
    uint32_t value; /* what `pattern` is made of */
    uint32_t pattern[PATTERN_BYTES / 4];
};

/* What a copy or fill works on; `line` bytes a line. */
struct job {
    uint64_t src, dst;
    uint64_t src_stride, dst_stride;
    uint64_t line, lines;
    const void *pattern; /* of a fill */
};

static void set_pattern(struct sdma *s, uint32_t value)
{
    size_t i;

    if (s->value == value)
        return;
    s->value = value;
    for (i = 0; i < PATTERN_BYTES / 4; i++)
        s->pattern[i] = value;
}

static int move(struct engine *e, const struct job *job, uint64_t dst_offset,
                uint64_t src_offset, uint32_t n)
{
    if (job->pattern)
        return mem_fill(e, job->dst + dst_offset, job->pattern, n);
    return mem_copy(e, job->dst + dst_offset, job->src + src_offset, n);
}

/* Strides, lines and bytes are bounded (packet.h): offsets stay below 2^53.
 * A sum that wraps is no address. */
static int check_extent(struct engine *e, uint64_t base, uint64_t stride,
                        const struct job *job)
{
    uint64_t last = stride * (job->lines - 1) + job->line - 1, end;

    if (__builtin_add_overflow(base, last, &end)) {
        engine_fault(e, XVGPU_FAULT_ADDRESS, base);
        return -1;
    }
    return 0;
}

static enum step run_job(struct engine *e, struct job *job)
{
    struct sdma *s = e->backend;
    const struct guestmap_stats *map = guestmap_stats(e->map);
    uint64_t since = 0, left, misses;
    uint32_t n;

    if (check_extent(e, job->dst, job->dst_stride, job) < 0 ||
        (!job->pattern && check_extent(e, job->src, job->src_stride, job) < 0))
        return STEP_FAULT;
    while (s->at.line < job->lines) {
        while (s->at.done < job->line) {
            if (since >= ENGINE_CHUNK) {
                if (engine_boundary(e))
                    return STEP_PREEMPTED;
                since = 0;
            }
            left = job->line - s->at.done;
            n = left < ENGINE_CHUNK ? (uint32_t)left : ENGINE_CHUNK;
            if (n > ENGINE_CHUNK - since && since)
                n = (uint32_t)(ENGINE_CHUNK - since);
            misses = map->misses;
            if (move(e, job, s->at.line * job->dst_stride + s->at.done,
                     s->at.line * job->src_stride + s->at.done, n) < 0)
                return STEP_FAULT;
            s->at.done += n;
            since += n < LINE_COST ? LINE_COST : n;
            since += (map->misses - misses) * MISS_COST;
        }
        s->at.done = 0;
        s->at.line++;
    }
    s->at.line = 0;
    return STEP_DONE;
}

static enum step run_copy_linear(struct engine *e, const uint32_t *dw,
                                 uint32_t n)
{
    struct job job = {
        .src = field64(dw + 1),
        .dst = field64(dw + 3),
        .line = field64(dw + 5),
        .lines = 1,
    };

    (void)n;
    if (!job.line || job.line > XVGPU_COPY_MAX_BYTES)
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    return run_job(e, &job);
}

/* Lines that follow each other without a gap are one. */
static enum step run_rect(struct engine *e, struct job *job)
{
    if (!job->line || job->line > XVGPU_RECT_MAX_LINE || !job->lines ||
        job->lines > XVGPU_RECT_MAX_LINES || job->dst_stride < job->line ||
        (!job->pattern && job->src_stride < job->line))
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    if (job->dst_stride == job->line &&
        (job->pattern || job->src_stride == job->line)) {
        job->line *= job->lines;
        job->lines = 1;
    }
    return run_job(e, job);
}

static enum step run_copy_rect(struct engine *e, const uint32_t *dw, uint32_t n)
{
    struct job job = {
        .src = field64(dw + 1),
        .src_stride = dw[3],
        .dst = field64(dw + 4),
        .dst_stride = dw[6],
        .line = dw[7],
        .lines = dw[8],
    };

    (void)n;
    return run_rect(e, &job);
}

static enum step run_fill(struct engine *e, const uint32_t *dw, uint32_t n)
{
    struct sdma *s = e->backend;
    struct job job = {
        .dst = field64(dw + 1),
        .line = field64(dw + 4),
        .lines = 1,
        .pattern = s->pattern,
    };

    (void)n;
    if (!job.line || job.line > XVGPU_COPY_MAX_BYTES || job.line % 4)
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    if (job.dst % 4)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, job.dst);
    set_pattern(s, dw[3]);
    return run_job(e, &job);
}

static enum step run_fill_rect(struct engine *e, const uint32_t *dw, uint32_t n)
{
    struct sdma *s = e->backend;
    struct job job = {
        .dst = field64(dw + 1),
        .dst_stride = dw[3],
        .line = dw[5],
        .lines = dw[6],
        .pattern = s->pattern,
    };

    (void)n;
    if (job.line % 4 || job.dst_stride % 4)
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    if (job.dst % 4)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, job.dst);
    set_pattern(s, dw[4]);
    return run_rect(e, &job);
}

static int sdma_open(struct engine *e)
{
    e->backend = calloc(1, sizeof(struct sdma));
    return e->backend ? 0 : -ENOMEM;
}

static void sdma_close(struct engine *e)
{
    free(e->backend);
    e->backend = NULL;
}

static void sdma_reset(struct engine *e)
{
    struct sdma *s = e->backend;

    s->at = (struct position){0};
}

static int sdma_start(struct engine *e)
{
    sdma_reset(e);
    return 0;
}

static size_t sdma_save(const struct engine *e, void *buf)
{
    const struct sdma *s = e->backend;

    memcpy(buf, &s->at, sizeof(s->at));
    return sizeof(s->at);
}

static int sdma_restore(struct engine *e, const void *buf, size_t len)
{
    struct sdma *s = e->backend;
    struct position at;

    if (len != sizeof(at))
        return -EINVAL;
    memcpy(&at, buf, sizeof(at));
    /* Not larger than any packet allows: sums in run_job() stay exact. */
    if (at.done > LINE_MAX || at.line > XVGPU_RECT_MAX_LINES)
        return -EINVAL;
    s->at = at;
    return 0;
}

static const struct packet_type sdma_types[] = {
    {XVGPU_PKT_COPY_LINEAR, 0, 7, 7, false, run_copy_linear},
    {XVGPU_PKT_COPY_RECT, 0, 9, 9, false, run_copy_rect},
    {XVGPU_PKT_FILL, 0, 6, 6, false, run_fill},
    {XVGPU_PKT_FILL_RECT, 0, 7, 7, false, run_fill_rect},
};

const struct engine_ops sdma_ops = {
    .name = "sdma",
    .engine = XVGPU_ENGINE_SDMA,
    .front = &ring_front,
    .types = sdma_types,
    .nr_types = sizeof(sdma_types) / sizeof(sdma_types[0]),
    .save_max = sizeof(struct position),
    .open = sdma_open,
    .close = sdma_close,
    .start = sdma_start,
    .save = sdma_save,
    .restore = sdma_restore,
    .reset = sdma_reset,
};
