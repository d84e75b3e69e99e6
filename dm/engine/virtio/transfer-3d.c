/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TRANSFER_TO_HOST_3D and TRANSFER_FROM_HOST_3D, cut where they are long:
 * between layers, then between lines; a buffer anywhere. Each part is a
 * transfer of its own, which the renderer checks against resource and backing,
 * and finishes, before the boundary behind it.
 *
 * A texture can be cut where its lines are known: formats whose texels have
 * whole bytes and no blocks. What is read may cost the renderer all of the
 * texture each time, but for formats that it can draw to.
 */
#include "dm/engine/virtio/virgl.h"

#define PART_BYTES (4u << 20)
#define LEVELS 16u
/* No backing has that much: sums behind it don't wrap. */
#define OFFSET_MAX (1ull << 40)

/* Of a texel; 0: not one of those. The renderer's numbers (virgl_hw.h). */
static uint32_t texel_bytes(uint32_t format)
{
    switch (format) {
    case 64: /* R8 */
        return 1;
    case 5: /* B5G5R5A1, B4G4R4A4, B5G6R5 */
    case 6:
    case 7:
    case 48: /* R16 */
    case 65: /* R8G8 */
    case 91: /* R16 float */
        return 2;
    case 1: /* BGRA, BGRX, ARGB, XRGB */
    case 2:
    case 3:
    case 4:
    case 8:  /* R10G10B10A2 */
    case 28: /* R32 float */
    case 49: /* R16G16 */
    case 67: /* RGBA, XBGR */
    case 68:
    case 92:  /* R16G16 float */
    case 100: /* BGRA, BGRX, RGBA in sRGB */
    case 101:
    case 104:
    case 121: /* ABGR, R11G11B10 float, RGBX */
    case 124:
    case 134:
        return 4;
    case 29: /* R32G32 float */
    case 51: /* R16G16B16A16 */
    case 94:
        return 8;
    case 31: /* R32G32B32A32 float */
        return 16;
    default:
        return 0;
    }
}

/* Parts, numbered: all of a layer, then the next one. */
struct cut {
    uint64_t parts;
    uint32_t columns, lines; /* of a part, but the last of a layer */
    uint32_t a_layer;        /* parts */
    uint64_t stride, layer_stride;
};

static uint32_t minified(uint32_t side, uint32_t level)
{
    return side >> level ? side >> level : 1;
}

/* Whole. */
static const struct cut uncut = {.parts = 1, .a_layer = 1};

static struct cut cut_buffer(const struct virtio_gpu_box *box)
{
    struct cut cut = uncut;

    if (box->w <= PART_BYTES || box->h != 1 || box->d != 1)
        return cut;
    cut.columns = PART_BYTES;
    cut.a_layer = (box->w - 1) / PART_BYTES + 1;
    cut.parts = cut.a_layer;
    return cut;
}

static struct cut cut_texture(const struct saved_resource *s,
                              const struct virtio_gpu_transfer_host_3d *c,
                              bool to_host)
{
    const struct virtio_gpu_box *box = &c->box;
    const uint32_t texel = texel_bytes(s->format);
    struct cut cut = uncut;

    if (!texel || !box->w || !box->h || !box->d || box->w > VGPU_SIDE_MAX ||
        box->h > VGPU_SIDE_MAX || c->level >= LEVELS)
        return cut;
    if (!to_host && !scanout_order(s->format))
        return cut;
    if ((uint64_t)box->w * box->h * texel * box->d <= PART_BYTES)
        return cut;
    cut.stride = c->stride ? c->stride : texel * minified(s->width, c->level);
    cut.layer_stride = c->layer_stride
                           ? c->layer_stride
                           : cut.stride * minified(s->height, c->level);
    cut.lines = PART_BYTES / (box->w * texel);
    cut.a_layer = (box->h - 1) / cut.lines + 1;
    cut.parts = (uint64_t)cut.a_layer * box->d;
    return cut;
}

static struct cut cut_of(const struct saved_resource *s,
                         const struct virtio_gpu_transfer_host_3d *c,
                         bool to_host)
{
    if (c->offset >= OFFSET_MAX)
        return uncut; /* and refused */
    return s->target ? cut_texture(s, c, to_host) : cut_buffer(&c->box);
}

/* Where a part is: its box, and its offset in the backing. */
static uint64_t part_of(const struct cut *cut, uint64_t n,
                        struct virtio_gpu_box *box)
{
    uint64_t layer = n / cut->a_layer, in_layer = n % cut->a_layer;
    uint64_t first = in_layer * cut->lines, left = in_layer * cut->columns;

    if (cut->columns) {
        box->x += (uint32_t)left;
        box->w -= (uint32_t)left;
        if (box->w > cut->columns)
            box->w = cut->columns;
    }
    if (cut->lines) {
        box->y += (uint32_t)first;
        box->h -= (uint32_t)first;
        if (box->h > cut->lines)
            box->h = cut->lines;
        box->z += (uint32_t)layer;
        box->d = 1;
    }
    return left + first * cut->stride + layer * cut->layer_stride;
}

static int run_part(const struct request *rq, const struct resource *r,
                    struct virtio_gpu_box *box, uint64_t offset, bool to_host)
{
    const struct virtio_gpu_transfer_host_3d *c = (const void *)rq->buf;

    if (to_host)
        return virgl_renderer_transfer_write_iov(
            r->id, rq->hdr.ctx_id, (int)c->level, c->stride, c->layer_stride,
            (struct virgl_box *)box, offset, NULL, 0);
    return virgl_renderer_transfer_read_iov(
        r->id, rq->hdr.ctx_id, c->level, c->stride, c->layer_stride,
        (struct virgl_box *)box, offset, NULL, 0);
}

/* rq->pos: parts done. */
enum step vgpu_transfer_3d(struct vgpu *g, struct request *rq,
                           struct resource *r, bool to_host)
{
    const struct virtio_gpu_transfer_host_3d *c = (const void *)rq->buf;
    const struct cut cut = cut_of(r->s, c, to_host);
    struct virtio_gpu_box box;
    uint64_t offset;
    int rc;

    for (;;) {
        if (!virgl_ready(g))
            return STEP_PREEMPTED;
        if (!r->iov) {
            vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
            return STEP_DONE;
        }
        box = c->box;
        offset = c->offset + part_of(&cut, rq->pos, &box);
        if (!to_host)
            virgl_wait(g, virgl_mark(g));
        virgl_enter(g);
        rc = run_part(rq, r, &box, offset, to_host);
        virgl_leave(g);
        virgl_go_on(g);
        if (rc) {
            vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
            return STEP_DONE;
        }
        if (++rq->pos >= cut.parts)
            return STEP_DONE;
        if (engine_boundary(g->e))
            return STEP_PREEMPTED;
    }
}
