/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies, fills, clears, barriers. Those that can be long go in parts; the
 * position counts them.
 */
#include "dm/engine/gfx/gfx.h"

#include <string.h>

/* Bytes of one part. */
#define PART (1u << 20)

/* Strides in buffers, texels and lines. */
#define STRIDE_MAX (1u << 20)

static enum step fault(struct engine *e, uint32_t code)
{
    return engine_fault(e, code, 0);
}

static int fail(struct gfx *g, uint32_t code)
{
    engine_fault(g->e, code, 0);
    return -1;
}

/* Whether to stop between two parts of one packet. */
static bool stop_here(struct gfx *g)
{
    return !g->open && engine_boundary(g->e);
}

/* No transfer runs within a rendering. */
static VkCommandBuffer command(struct gfx *g)
{
    if (!g->state.rendering)
        return gfx_cmd(g);
    fail(g, XVGPU_FAULT_STATE);
    return VK_NULL_HANDLE;
}

/* ---- Buffers --------------------------------------------------------------- */

static struct buffer *find_buffer(struct gfx *g, uint32_t id, uint64_t offset,
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
    uint64_t done = (uint64_t)g->at.first * PART, n = job->bytes - done;
    VkBufferCopy copy;
    VkCommandBuffer cmd = command(g);

    if (!cmd || gfx_buffer_ready(g, job->dst) < 0 ||
        (job->src && gfx_buffer_ready(g, job->src) < 0))
        return -1;
    n = n < PART ? n : PART;
    if (job->src) {
        copy = (VkBufferCopy){job->src_offset + done, job->dst_offset + done, n};
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
    uint32_t parts = (uint32_t)((job->bytes + PART - 1) / PART);

    while (g->at.first < parts) {
        if (buffer_part(g, job) < 0)
            return STEP_FAULT;
        if (g->at.first < parts && stop_here(g))
            return STEP_PREEMPTED;
    }
    g->at.first = 0;
    return STEP_DONE;
}

static bool overlap(uint64_t a, uint64_t b, uint64_t bytes)
{
    return a < b ? b - a < bytes : a - b < bytes;
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
    job.src = find_buffer(g, pkt->src, pkt->src_offset, pkt->bytes);
    job.dst = job.src ? find_buffer(g, pkt->dst, pkt->dst_offset, pkt->bytes)
                      : NULL;
    if (!job.dst)
        return STEP_FAULT;
    if (job.src == job.dst &&
        overlap(pkt->src_offset, pkt->dst_offset, pkt->bytes))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    return run_buffer_job(g, &job);
}

enum step gfx_pkt_fill_buffer(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_fill_buffer *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct buffer_job job = {.dst_offset = pkt->offset,
                             .bytes = pkt->bytes,
                             .value = pkt->value};

    (void)n;
    if (!pkt->bytes || pkt->bytes % 4 || pkt->offset % 4)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    job.dst = find_buffer(g, pkt->dst, pkt->offset, pkt->bytes);
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
    b = find_buffer(g, pkt->dst, pkt->offset, pkt->bytes);
    cmd = b ? command(g) : VK_NULL_HANDLE;
    if (!cmd || gfx_buffer_ready(g, b) < 0)
        return STEP_FAULT;
    vkCmdUpdateBuffer(cmd, b->vk, pkt->offset, pkt->bytes, GFX_TAIL(pkt));
    return gfx_step(gfx_charge(g, NULL, pkt->bytes));
}

/* ---- Images ---------------------------------------------------------------- */

static uint32_t aspects(const struct format *f)
{
    uint32_t mask = 0;

    if (f->features & XVGPU_GFX_FORMAT_DEPTH)
        mask |= VK_IMAGE_ASPECT_DEPTH_BIT;
    if (f->features & XVGPU_GFX_FORMAT_STENCIL)
        mask |= VK_IMAGE_ASPECT_STENCIL_BIT;
    return mask ? mask : VK_IMAGE_ASPECT_COLOR_BIT;
}

/* Bytes of a texel in a buffer. */
static uint32_t texel(const struct format *f, uint32_t aspect)
{
    if (aspect == VK_IMAGE_ASPECT_STENCIL_BIT)
        return 1;
    return f->format == VK_FORMAT_D32_SFLOAT_S8_UINT ? 4 : f->bytes;
}

static uint32_t level(uint32_t size, uint32_t mip)
{
    return size >> mip ? size >> mip : 1;
}

static struct image *find_image(struct gfx *g, uint32_t id, uint32_t usage)
{
    struct image *image = (struct image *)gfx_find(g, XVGPU_GFX_IMAGE, id);

    if (image && !(image->usage & usage)) {
        fail(g, XVGPU_FAULT_STATE);
        return NULL;
    }
    return image;
}

/* One level of some layers. */
static bool subresource_ok(const struct image *i,
                           const struct xvgpu_gfx_subresource *s)
{
    return s->aspect && !(s->aspect & ~aspects(i->format)) &&
           s->mip < i->mips && s->layers && s->layer < i->layers &&
           s->layers <= i->layers - s->layer;
}

static bool span_ok(uint32_t at, uint32_t n, uint32_t size)
{
    return n && at < size && n <= size - at;
}

static bool one_bit(uint32_t mask)
{
    return mask && !(mask & (mask - 1));
}

static bool box_ok(const struct image *i, const struct xvgpu_gfx_subresource *s,
                   const struct xvgpu_gfx_box *b)
{
    return subresource_ok(i, s) && one_bit(s->aspect) &&
           span_ok(b->x, b->width, level(i->width, s->mip)) &&
           span_ok(b->y, b->height, level(i->height, s->mip)) &&
           span_ok(b->z, b->depth, level(i->depth, s->mip));
}

static VkImageSubresourceLayers layers_of(const struct xvgpu_gfx_subresource *s,
                                          uint32_t layer, uint32_t layers)
{
    return (VkImageSubresourceLayers){s->aspect, s->mip, layer, layers};
}

/* ---- Copies of images, by bands of lines ----------------------------------- */

/* A slice is a layer, or a plane of a 3D image. */
struct bands {
    uint32_t slices, lines, band; /* lines of a band */
};

static struct bands bands_of(const struct xvgpu_gfx_subresource *s,
                             const struct xvgpu_gfx_box *b, uint32_t bytes)
{
    uint64_t line = (uint64_t)b->width * bytes, band = PART / line;

    band = band ? band : 1;
    return (struct bands){
        .slices = s->layers * b->depth, /* one of the two is 1 */
        .lines = b->height,
        .band = band < b->height ? (uint32_t)band : b->height,
    };
}

/* Slice and line of a part; position: z slice, y line. */
static uint32_t band_lines(const struct gfx *g, const struct bands *bands)
{
    uint32_t left = bands->lines - g->at.y;

    return left < bands->band ? left : bands->band;
}

static bool next_band(struct gfx *g, const struct bands *bands, uint32_t lines)
{
    g->at.y += lines;
    if (g->at.y >= bands->lines) {
        g->at.y = 0;
        g->at.z++;
    }
    return g->at.z < bands->slices;
}

typedef int band_fn(struct gfx *g, const void *job, uint32_t slice,
                    uint32_t line, uint32_t lines);

static enum step run_bands(struct gfx *g, const struct bands *bands,
                           band_fn *fn, const void *job)
{
    uint32_t lines;

    /* A restored position is only as good as the image. */
    if (g->at.y >= bands->lines || g->at.z >= bands->slices)
        g->at.y = g->at.z = 0;
    do {
        lines = band_lines(g, bands);
        if (fn(g, job, g->at.z, g->at.y, lines) < 0)
            return STEP_FAULT;
        if (!next_band(g, bands, lines))
            break;
        if (stop_here(g))
            return STEP_PREEMPTED;
    } while (true);
    g->at.y = g->at.z = 0;
    return STEP_DONE;
}

struct buffer_image_job {
    struct buffer *buffer;
    struct image *image;
    bool to_image;
    uint64_t offset, row, slice; /* bytes */
    uint32_t row_length, texel;
    const struct xvgpu_gfx_subresource *sub;
    const struct xvgpu_gfx_box *box;
};

static int buffer_image_band(struct gfx *g, const void *p, uint32_t slice,
                             uint32_t line, uint32_t lines)
{
    const struct buffer_image_job *job = p;
    const struct xvgpu_gfx_box *box = job->box;
    bool volume = job->image->type == VK_IMAGE_TYPE_3D;
    VkBufferImageCopy copy = {
        .bufferOffset = job->offset + slice * job->slice + line * job->row,
        .bufferRowLength = job->row_length,
        .imageSubresource =
            layers_of(job->sub, job->sub->layer + (volume ? 0 : slice), 1),
        .imageOffset = {(int32_t)box->x, (int32_t)(box->y + line),
                        (int32_t)(box->z + (volume ? slice : 0))},
        .imageExtent = {box->width, lines, 1},
    };
    VkCommandBuffer cmd = command(g);

    if (!cmd || gfx_buffer_ready(g, job->buffer) < 0)
        return -1;
    if (job->to_image)
        vkCmdCopyBufferToImage(cmd, job->buffer->vk, job->image->vk,
                               VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    else
        vkCmdCopyImageToBuffer(cmd, job->image->vk, VK_IMAGE_LAYOUT_GENERAL,
                               job->buffer->vk, 1, &copy);
    return gfx_charge(g, NULL, (double)lines * box->width * job->texel);
}

enum step gfx_pkt_copy_buffer_image(struct engine *e, const uint32_t *dw,
                                    uint32_t n)
{
    const struct xvgpu_gfx_copy_buffer_image *pkt = (const void *)dw;
    const struct xvgpu_gfx_subresource *sub = GFX_TAIL(pkt);
    const struct xvgpu_gfx_box *box = GFX_TAIL(sub);
    struct gfx *g = gfx_of(e);
    struct buffer_image_job job = {.to_image = pkt->to_image,
                                   .offset = pkt->offset,
                                   .sub = sub,
                                   .box = box};
    struct bands bands;
    uint64_t height, slices;

    if (gfx_length(e, n, sizeof(*pkt), sizeof(*sub) + sizeof(*box)) < 0)
        return STEP_FAULT;
    if (pkt->to_image > 1 || pkt->reserved || pkt->row_length > STRIDE_MAX ||
        pkt->image_height > STRIDE_MAX)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    job.image =
        find_image(g, pkt->image,
                   pkt->to_image ? VK_IMAGE_USAGE_TRANSFER_DST_BIT
                                 : VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
    if (!job.image)
        return STEP_FAULT;
    if (!box_ok(job.image, sub, box) || job.image->samples != 1 ||
        (pkt->row_length && pkt->row_length < box->width) ||
        (pkt->image_height && pkt->image_height < box->height))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    job.texel = texel(job.image->format, sub->aspect);
    if (pkt->offset % job.texel || pkt->offset % 4)
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    job.row_length = pkt->row_length ? pkt->row_length : box->width;
    height = pkt->image_height ? pkt->image_height : box->height;
    job.row = (uint64_t)job.row_length * job.texel;
    job.slice = job.row * height;
    bands = bands_of(sub, box, job.texel);
    /* Depth and stencil need parts of the buffer that begin at multiples of
     * 4: one band and one slice at a time may not do. */
    if ((job.row % 4 || job.slice % 4) && sub->aspect != 1) {
        bands.band = bands.lines;
        if (bands.slices > 1)
            return fault(e, XVGPU_FAULT_PACKET_FIELD);
    }
    slices = bands.slices;
    job.buffer = find_buffer(g, pkt->buffer, pkt->offset,
                             (slices - 1) * job.slice +
                                 (box->height - 1) * job.row +
                                 (uint64_t)box->width * job.texel);
    return job.buffer ? run_bands(g, &bands, buffer_image_band, &job)
                      : STEP_FAULT;
}

struct image_job {
    struct image *src, *dst;
    const struct xvgpu_gfx_subresource *src_sub, *dst_sub;
    const struct xvgpu_gfx_box *from, *to;
    bool resolve;
};

/* Of a copy or resolve with this packet: images, parts and boxes. */
static int take_images(struct gfx *g, uint32_t src, uint32_t dst,
                       const void *tail, struct image_job *job)
{
    job->src_sub = tail;
    job->from = GFX_TAIL(job->src_sub);
    job->dst_sub = GFX_TAIL(job->from);
    job->to = GFX_TAIL(job->dst_sub);
    job->src = find_image(g, src, VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
    job->dst = job->src ? find_image(g, dst, VK_IMAGE_USAGE_TRANSFER_DST_BIT)
                        : NULL;
    if (!job->dst)
        return -1;
    if (!box_ok(job->src, job->src_sub, job->from) ||
        !box_ok(job->dst, job->dst_sub, job->to) ||
        job->from->width != job->to->width ||
        job->from->height != job->to->height ||
        job->from->depth != job->to->depth ||
        job->src_sub->layers != job->dst_sub->layers ||
        job->src_sub->aspect != job->dst_sub->aspect ||
        job->src->type != job->dst->type)
        return fail(g, XVGPU_FAULT_PACKET_FIELD);
    return 0;
}

/* Parts of one image that have texels in common. */
static bool boxes_overlap(const struct image_job *job)
{
    const struct xvgpu_gfx_box *a = job->from, *b = job->to;

    return job->src == job->dst && job->src_sub->mip == job->dst_sub->mip &&
           overlap(job->src_sub->layer, job->dst_sub->layer,
                   job->src_sub->layers) &&
           overlap(a->x, b->x, a->width) && overlap(a->y, b->y, a->height) &&
           overlap(a->z, b->z, a->depth);
}

static int image_band(struct gfx *g, const void *p, uint32_t slice,
                      uint32_t line, uint32_t lines)
{
    const struct image_job *job = p;
    bool volume = job->src->type == VK_IMAGE_TYPE_3D;
    uint32_t layer = volume ? 0 : slice, plane = volume ? slice : 0;
    const VkImageSubresourceLayers src =
        layers_of(job->src_sub, job->src_sub->layer + layer, 1);
    const VkImageSubresourceLayers dst =
        layers_of(job->dst_sub, job->dst_sub->layer + layer, 1);
    const VkOffset3D from = {(int32_t)job->from->x,
                             (int32_t)(job->from->y + line),
                             (int32_t)(job->from->z + plane)};
    const VkOffset3D to = {(int32_t)job->to->x, (int32_t)(job->to->y + line),
                           (int32_t)(job->to->z + plane)};
    const VkExtent3D extent = {job->from->width, lines, 1};
    const VkImageCopy copy = {src, from, dst, to, extent};
    const VkImageResolve resolve = {src, from, dst, to, extent};
    VkCommandBuffer cmd = command(g);

    if (!cmd)
        return -1;
    if (job->resolve)
        vkCmdResolveImage(cmd, job->src->vk, VK_IMAGE_LAYOUT_GENERAL,
                          job->dst->vk, VK_IMAGE_LAYOUT_GENERAL, 1, &resolve);
    else
        vkCmdCopyImage(cmd, job->src->vk, VK_IMAGE_LAYOUT_GENERAL, job->dst->vk,
                       VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    return gfx_charge(g, NULL,
                      (double)lines * extent.width * job->src->format->bytes *
                          job->src->samples);
}

#define TWO_BOXES                                                              \
    (2 * (sizeof(struct xvgpu_gfx_subresource) + sizeof(struct xvgpu_gfx_box)))

enum step gfx_pkt_copy_image(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_copy_image *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct image_job job = {0};
    struct bands bands;

    if (gfx_length(e, n, sizeof(*pkt), TWO_BOXES) < 0 ||
        take_images(g, pkt->src, pkt->dst, GFX_TAIL(pkt), &job) < 0)
        return STEP_FAULT;
    if (job.src->samples != job.dst->samples ||
        job.src->format->bytes != job.dst->format->bytes ||
        (job.src_sub->aspect != VK_IMAGE_ASPECT_COLOR_BIT &&
         job.src->format != job.dst->format) ||
        boxes_overlap(&job))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    bands = bands_of(job.src_sub, job.from, job.src->format->bytes);
    return run_bands(g, &bands, image_band, &job);
}

enum step gfx_pkt_resolve_image(struct engine *e, const uint32_t *dw,
                                uint32_t n)
{
    const struct xvgpu_gfx_resolve_image *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    struct image_job job = {.resolve = true};
    struct bands bands;

    if (gfx_length(e, n, sizeof(*pkt), TWO_BOXES) < 0 ||
        take_images(g, pkt->src, pkt->dst, GFX_TAIL(pkt), &job) < 0)
        return STEP_FAULT;
    if (job.src->samples == 1 || job.dst->samples != 1 ||
        job.src->format != job.dst->format ||
        !(job.src->format->features & XVGPU_GFX_FORMAT_COLOR))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    bands = bands_of(job.src_sub, job.from, job.src->format->bytes * 4);
    return run_bands(g, &bands, image_band, &job);
}

/* ---- Blits ------------------------------------------------------------------ */

static bool corner_ok(uint32_t a, uint32_t b, uint32_t size)
{
    return a <= size && b <= size && a != b;
}

static bool corners_ok(const struct image *i,
                       const struct xvgpu_gfx_subresource *s,
                       const struct xvgpu_gfx_corners *c)
{
    return subresource_ok(i, s) && s->aspect == VK_IMAGE_ASPECT_COLOR_BIT &&
           i->samples == 1 && corner_ok(c->x0, c->x1, level(i->width, s->mip)) &&
           corner_ok(c->y0, c->y1, level(i->height, s->mip)) &&
           corner_ok(c->z0, c->z1, level(i->depth, s->mip)) &&
           (i->type != VK_IMAGE_TYPE_1D || (c->y0 == 0 && c->y1 == 1)) &&
           (i->type == VK_IMAGE_TYPE_3D || (c->z0 == 0 && c->z1 == 1));
}

static VkOffset3D corner(uint32_t x, uint32_t y, uint32_t z)
{
    return (VkOffset3D){(int32_t)x, (int32_t)y, (int32_t)z};
}

enum step gfx_pkt_blit_image(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_blit_image *pkt = (const void *)dw;
    const struct xvgpu_gfx_subresource *src_sub = GFX_TAIL(pkt);
    const struct xvgpu_gfx_corners *from = GFX_TAIL(src_sub);
    const struct xvgpu_gfx_subresource *dst_sub = GFX_TAIL(from);
    const struct xvgpu_gfx_corners *to = GFX_TAIL(dst_sub);
    struct gfx *g = gfx_of(e);
    struct image *src, *dst;
    VkCommandBuffer cmd;
    VkImageBlit blit;

    if (gfx_length(e, n, sizeof(*pkt),
                   2 * (sizeof(*src_sub) + sizeof(*from))) < 0)
        return STEP_FAULT;
    src = find_image(g, pkt->src, VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
    dst = src ? find_image(g, pkt->dst, VK_IMAGE_USAGE_TRANSFER_DST_BIT) : NULL;
    if (!dst)
        return STEP_FAULT;
    if (pkt->filter > VK_FILTER_LINEAR || !corners_ok(src, src_sub, from) ||
        !corners_ok(dst, dst_sub, to) || src->type != dst->type ||
        src_sub->layers != dst_sub->layers ||
        src->format->kind != dst->format->kind ||
        !(dst->format->features & XVGPU_GFX_FORMAT_COLOR) ||
        (pkt->filter &&
         !(src->format->features & XVGPU_GFX_FORMAT_FILTER)) ||
        (src == dst && src_sub->mip == dst_sub->mip &&
         overlap(src_sub->layer, dst_sub->layer, src_sub->layers)))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    cmd = command(g);
    if (!cmd)
        return STEP_FAULT;
    blit = (VkImageBlit){
        .srcSubresource = layers_of(src_sub, src_sub->layer, src_sub->layers),
        .srcOffsets = {corner(from->x0, from->y0, from->z0),
                       corner(from->x1, from->y1, from->z1)},
        .dstSubresource = layers_of(dst_sub, dst_sub->layer, dst_sub->layers),
        .dstOffsets = {corner(to->x0, to->y0, to->z0),
                       corner(to->x1, to->y1, to->z1)},
    };
    vkCmdBlitImage(cmd, src->vk, VK_IMAGE_LAYOUT_GENERAL, dst->vk,
                   VK_IMAGE_LAYOUT_GENERAL, 1, &blit, (VkFilter)pkt->filter);
    return gfx_step(gfx_charge(
        g, NULL, (double)dst->bytes / (dst->mips * dst->layers) * 16));
}

/* ---- Clears ----------------------------------------------------------------- */

static bool depth_ok(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v >= 0 && v <= 1;
}

static VkClearDepthStencilValue depth_stencil(const uint32_t *value)
{
    VkClearDepthStencilValue v = {.stencil = value[1]};

    memcpy(&v.depth, value, sizeof(v.depth));
    return v;
}

enum step gfx_pkt_clear_image(struct engine *e, const uint32_t *dw, uint32_t n)
{
    const struct xvgpu_gfx_clear_image *pkt = (const void *)dw;
    const struct xvgpu_gfx_subresource *sub = GFX_TAIL(pkt);
    struct gfx *g = gfx_of(e);
    VkClearDepthStencilValue depth;
    VkImageSubresourceRange range;
    VkClearColorValue color;
    struct image *image;
    VkCommandBuffer cmd;

    if (gfx_length(e, n, sizeof(*pkt), sizeof(*sub)) < 0)
        return STEP_FAULT;
    image = find_image(g, pkt->image, VK_IMAGE_USAGE_TRANSFER_DST_BIT);
    if (!image)
        return STEP_FAULT;
    if (!subresource_ok(image, sub) || !pkt->mips ||
        pkt->mips > image->mips - sub->mip ||
        ((sub->aspect & VK_IMAGE_ASPECT_DEPTH_BIT) && !depth_ok(pkt->value0)))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    cmd = command(g);
    if (!cmd)
        return STEP_FAULT;
    range = (VkImageSubresourceRange){sub->aspect, sub->mip, pkt->mips,
                                      sub->layer, sub->layers};
    memcpy(&color, &pkt->value0, sizeof(color));
    if (sub->aspect == VK_IMAGE_ASPECT_COLOR_BIT) {
        vkCmdClearColorImage(cmd, image->vk, VK_IMAGE_LAYOUT_GENERAL, &color, 1,
                             &range);
    } else {
        depth = depth_stencil(&pkt->value0);
        vkCmdClearDepthStencilImage(cmd, image->vk, VK_IMAGE_LAYOUT_GENERAL,
                                    &depth, 1, &range);
    }
    return gfx_step(gfx_charge(g, NULL, (double)image->bytes));
}

enum step gfx_pkt_clear_attachment(struct engine *e, const uint32_t *dw,
                                   uint32_t n)
{
    const struct xvgpu_gfx_clear_attachment *pkt = (const void *)dw;
    struct gfx *g = gfx_of(e);
    const struct gfx_state *s = &g->state;
    const bool color = pkt->aspect == VK_IMAGE_ASPECT_COLOR_BIT;
    VkClearAttachment clear = {.aspectMask = pkt->aspect,
                               .colorAttachment = pkt->color};
    VkClearRect rect;
    VkCommandBuffer cmd;

    (void)n;
    if (!s->rendering)
        return fault(e, XVGPU_FAULT_STATE);
    if ((!color && pkt->aspect & ~6u) || !pkt->aspect ||
        (color ? pkt->color >= s->nr_color : pkt->color) ||
        ((pkt->aspect & VK_IMAGE_ASPECT_DEPTH_BIT) &&
         (!s->has_depth || !depth_ok(pkt->value0))) ||
        ((pkt->aspect & VK_IMAGE_ASPECT_STENCIL_BIT) && !s->has_stencil) ||
        pkt->x < (uint32_t)s->area.offset.x ||
        pkt->y < (uint32_t)s->area.offset.y ||
        !span_ok(pkt->x - (uint32_t)s->area.offset.x, pkt->width,
                 s->area.extent.width) ||
        !span_ok(pkt->y - (uint32_t)s->area.offset.y, pkt->height,
                 s->area.extent.height) ||
        !span_ok(pkt->layer, pkt->layers, s->layers))
        return fault(e, XVGPU_FAULT_PACKET_FIELD);
    if (gfx_segment_room(g) < 0)
        return STEP_FAULT;
    cmd = gfx_cmd_rendering(g);
    if (!cmd)
        return STEP_FAULT;
    if (color)
        memcpy(&clear.clearValue.color, &pkt->value0,
               sizeof(clear.clearValue.color));
    else
        clear.clearValue.depthStencil = depth_stencil(&pkt->value0);
    rect = (VkClearRect){
        {{(int32_t)pkt->x, (int32_t)pkt->y}, {pkt->width, pkt->height}},
        pkt->layer,
        pkt->layers};
    vkCmdClearAttachments(cmd, 1, &clear, 1, &rect);
    return gfx_step(
        gfx_charge(g, NULL, 16.0 * pkt->width * pkt->height * pkt->layers));
}

/* ---- Barriers ----------------------------------------------------------------- */

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
    cmd = command(gfx_of(e));
    if (!cmd)
        return STEP_FAULT;
    barrier.srcStageMask = pkt->src_stages;
    barrier.srcAccessMask = access_allowed(pkt->src_stages, pkt->src_access);
    barrier.dstStageMask = pkt->dst_stages;
    barrier.dstAccessMask = access_allowed(pkt->dst_stages, pkt->dst_access);
    vkCmdPipelineBarrier2(cmd, &dependency);
    return gfx_step(gfx_charge(gfx_of(e), NULL, 0));
}
