/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies and resolves of images, in bands of lines. */
#include "dm/engine/gfx/transfer.h"

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

/* ---- Images ----------------------------------------------------------------
 */

static uint32_t aspects(const struct format *f)
{
    uint32_t mask = 0;

    if (f->features & XVGPU_GFX_FORMAT_DEPTH)
        mask |= VK_IMAGE_ASPECT_DEPTH_BIT;
    if (f->features & XVGPU_GFX_FORMAT_STENCIL)
        mask |= VK_IMAGE_ASPECT_STENCIL_BIT;
    return mask ? mask : VK_IMAGE_ASPECT_COLOR_BIT;
}

struct image *transfer_image(struct gfx *g, uint32_t id, uint32_t usage)
{
    struct image *image = (struct image *)gfx_find(g, XVGPU_GFX_IMAGE, id);

    if (image && !(image->usage & usage)) {
        engine_fault(g->e, XVGPU_FAULT_STATE, 0);
        return NULL;
    }
    return image;
}

/* Bytes of a texel in a buffer. */
static uint32_t texel(const struct format *f, uint32_t aspect)
{
    if (aspect == VK_IMAGE_ASPECT_STENCIL_BIT)
        return 1;
    return f->format == VK_FORMAT_D32_SFLOAT_S8_UINT ? 4 : f->bytes;
}

bool transfer_subresource_ok(const struct image *i,
                             const struct xvgpu_gfx_subresource *s)
{
    return s->aspect && !(s->aspect & ~aspects(i->format)) &&
           s->mip < i->mips && s->layers && s->layer < i->layers &&
           s->layers <= i->layers - s->layer;
}

static bool one_bit(uint32_t mask)
{
    return mask && !(mask & (mask - 1));
}

static bool box_ok(const struct image *i, const struct xvgpu_gfx_subresource *s,
                   const struct xvgpu_gfx_box *b)
{
    return transfer_subresource_ok(i, s) && one_bit(s->aspect) &&
           span_ok(b->x, b->width, level_size(i->width, s->mip)) &&
           span_ok(b->y, b->height, level_size(i->height, s->mip)) &&
           span_ok(b->z, b->depth, level_size(i->depth, s->mip));
}

/* ---- Copies of images, by bands of lines -----------------------------------
 */

/* A slice is a layer, or a plane of a 3D image. */
struct bands {
    uint32_t slices, lines, band; /* lines of a band */
};

static struct bands bands_of(const struct xvgpu_gfx_subresource *s,
                             const struct xvgpu_gfx_box *b, uint32_t bytes)
{
    uint64_t line = (uint64_t)b->width * bytes, band = TRANSFER_PART / line;

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
        if (transfer_stop(g))
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
    VkCommandBuffer cmd;

    /* First, so that no chunk is opened for a packet at fault. */
    if (gfx_buffer_ready(g, job->buffer) < 0)
        return -1;
    cmd = transfer_cmd(g);
    if (!cmd)
        return -1;
    if (!job->to_image)
        gfx_buffer_written(g, job->buffer);
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
    job.image = transfer_image(g, pkt->image,
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
    job.buffer =
        transfer_buffer(g, pkt->buffer, pkt->offset,
                        (slices - 1) * job.slice + (box->height - 1) * job.row +
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
    job->src = transfer_image(g, src, VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
    job->dst = job->src
                   ? transfer_image(g, dst, VK_IMAGE_USAGE_TRANSFER_DST_BIT)
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
           spans_overlap(job->src_sub->layer, job->dst_sub->layer,
                         job->src_sub->layers) &&
           spans_overlap(a->x, b->x, a->width) &&
           spans_overlap(a->y, b->y, a->height) &&
           spans_overlap(a->z, b->z, a->depth);
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
    VkCommandBuffer cmd = transfer_cmd(g);

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
