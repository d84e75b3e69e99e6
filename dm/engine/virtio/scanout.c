/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest shows, in the memfd that the device and viewers read. */
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

/* From one boundary to the next: the engine's chunk at usual widths. */
#define LINES 16u

bool rect_within(const struct virtio_gpu_rect *r, uint32_t width,
                 uint32_t height)
{
    return r->width && r->height && r->x < width && r->y < height &&
           r->width <= width - r->x && r->height <= height - r->y;
}

/* ---- Formats ------------------------------------------------------------ */

const uint8_t *scanout_order(uint32_t format)
{
    static const uint8_t bgra[] = {0, 1, 2, 3}, rgba[] = {2, 1, 0, 3},
                         argb[] = {3, 2, 1, 0}, abgr[] = {1, 2, 3, 0};

    switch (format) {
    case VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM:
    case VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM:
        return bgra;
    case VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM:
    case VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM:
        return rgba;
    case VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM:
    case VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM:
        return argb;
    case VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM:
    case VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM:
        return abgr;
    default:
        return NULL;
    }
}

static void convert(uint32_t *to, const uint32_t *from, uint32_t n,
                    const uint8_t *order)
{
    uint32_t i, p;

    if (order[0] == 0) {
        memcpy(to, from, n * sizeof(*to));
        return;
    }
    for (i = 0; i < n; i++) {
        p = from[i];
        to[i] = (p >> 8 * order[0] & 0xff) | (p >> 8 * order[1] & 0xff) << 8 |
                (p >> 8 * order[2] & 0xff) << 16 |
                (p >> 8 * order[3] & 0xff) << 24;
    }
}

/* ---- Scanouts ------------------------------------------------------------ */

/* What scanout i shows from now on: that part of a resource, or nothing. */
static void set_picture(struct vgpu *g, uint32_t i, const struct resource *r,
                        const struct saved_scanout *s)
{
    struct scanout *head;

    if (!g->scanouts)
        return;
    head = scanout_head(g->scanouts, i);
    scanout_begin(head);
    head->width = r ? s->width : 0;
    head->height = r ? s->height : 0;
    head->frame = r ? r->frame : 0;
    head->at = head->frame ? s->y * r->s->width + s->x : 0;
    head->line = head->frame ? r->s->width : 0;
    head->flushes++;
    if (!r)
        head->cursor.visible = 0;
    scanout_end(head);
}

static void disable(struct vgpu *g, uint32_t i)
{
    LINK_WRITE_REL(g->store.head->scanout[i].resource, 0);
    set_picture(g, i, NULL, NULL);
}

void scanouts_forget(struct vgpu *g, uint32_t id)
{
    uint32_t i;

    for (i = 0; i < SCANOUT_MAX; i++) {
        if (g->store.head->scanout[i].resource == id)
            disable(g, i);
    }
}

void scanouts_clear(struct vgpu *g)
{
    uint32_t i;

    for (i = 0; i < SCANOUT_MAX; i++)
        disable(g, i);
}

#define TARGET_2D 2u /* of the renderer's (PIPE_TEXTURE_2D) */

static bool can_be_shown(const struct resource *r)
{
    return scanout_order(r->s->format) &&
           (!r->s->is_3d || (r->s->target == TARGET_2D && !r->s->nr_samples));
}

/* Whether what it says can be shown. 0 or an error of virtio_gpu_ctrl_type. */
static uint32_t check(struct vgpu *g, const struct saved_scanout *s)
{
    struct resource *r = resource_find(g, s->resource);
    struct virtio_gpu_rect rect = {s->x, s->y, s->width, s->height};
    uint32_t width, height;

    if (!r)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    width = r->s->blob_mem ? s->surface.width : r->s->width;
    height = r->s->blob_mem ? s->surface.height : r->s->height;
    return rect_within(&rect, width, height) && s->width <= SCANOUT_WIDTH_MAX &&
                   s->height <= SCANOUT_HEIGHT_MAX &&
                   (r->s->blob_mem ? blob_has_surface(r, &s->surface)
                                   : can_be_shown(r))
               ? 0
               : VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
}

uint32_t scanout_set(struct vgpu *g, uint32_t i,
                     const struct saved_scanout *want)
{
    struct saved_scanout *s;
    uint32_t error;

    if (i >= SCANOUT_MAX || i >= LINK_READ(g->e->link->dev.nr_scanouts))
        return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
    if (!want->resource) {
        disable(g, i);
        return 0;
    }
    error = check(g, want);
    if (error)
        return error;
    s = &g->store.head->scanout[i];
    /* A flip changes but one word: who dies then leaves something shown. */
    if (s->x != want->x || s->y != want->y || s->width != want->width ||
        s->height != want->height ||
        memcmp(&s->surface, &want->surface, sizeof(s->surface)))
        LINK_WRITE_REL(s->resource, 0);
    s->x = want->x;
    s->y = want->y;
    s->width = want->width;
    s->height = want->height;
    s->surface = want->surface;
    LINK_WRITE_REL(s->resource, want->resource);
    set_picture(g, i, resource_find(g, want->resource), s);
    return 0;
}

enum step vgpu_set_scanout(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_set_scanout *c = (const void *)rq->buf;
    const struct saved_scanout want = {c->resource_id, c->r.x,      c->r.y,
                                       c->r.width,     c->r.height, {0}};

    return vgpu_refuse_if(rq, scanout_set(g, c->scanout_id, &want));
}

void scanouts_recover(struct vgpu *g)
{
    const struct resource *r;
    struct saved_scanout *s;
    uint32_t i;

    for (i = 0; i < SCANOUT_MAX; i++) {
        s = &g->store.head->scanout[i];
        r = check(g, s) ? NULL : resource_find(g, s->resource);
        /* One that was just being changed, or whose resource is gone with the
         * host's part of it, keeps what is in its own frame. */
        if (!r && g->scanouts && !scanout_head(g->scanouts, i)->frame)
            s->resource = 0;
        else if (!r)
            disable(g, i);
        else if (r->frame)
            set_picture(g, i, r, s);
    }
}

/* Pixels of a rectangle that lies within, and how many are in a line: where
 * they are, or a copy that holds until the next call. NULL: can't be read. */
static const uint32_t *pixels_of(struct vgpu *g, struct resource *r,
                                 const struct saved_surface *surface,
                                 const struct virtio_gpu_rect *rect,
                                 uint32_t *line)
{
    static uint32_t copy[SCANOUT_WIDTH_MAX * LINES];

    if (!r->s->is_3d && !r->s->blob_mem) {
        *line = r->s->width;
        return r->pixels + (uint64_t)rect->y * r->s->width + rect->x;
    }
    *line = rect->width;
    if (resource_in_guest(r))
        return blob_read(g, r, surface, rect, copy) ? copy : NULL;
    return virgl_read(g, r, rect, copy) == 0 ? copy : NULL;
}

/* From line *y on, to a boundary or the end. */
static enum step show(struct vgpu *g, uint32_t i, struct resource *r,
                      const struct virtio_gpu_rect *rect, uint64_t *y)
{
    const struct saved_scanout *s = &g->store.head->scanout[i];
    const uint8_t *order =
        scanout_order(r->s->blob_mem ? s->surface.format : r->s->format);
    uint32_t x0 = rect->x > s->x ? rect->x : s->x;
    uint32_t y0 = rect->y > s->y ? rect->y : s->y;
    uint32_t x1 = rect->x + rect->width, y1 = rect->y + rect->height;
    uint32_t *to = scanout_pixels(g->scanouts, i), line, k;
    struct virtio_gpu_rect part;
    const uint32_t *from;

    if (x1 > s->x + s->width)
        x1 = s->x + s->width;
    if (y1 > s->y + s->height)
        y1 = s->y + s->height;
    if (x0 >= x1)
        return STEP_DONE;
    while (y0 + *y < y1) {
        if (*y && engine_boundary(g->e))
            return STEP_PREEMPTED;
        part = (struct virtio_gpu_rect){x0, y0 + (uint32_t)*y, x1 - x0, LINES};
        if (part.height > y1 - part.y)
            part.height = y1 - part.y;
        from = pixels_of(g, r, &s->surface, &part, &line);
        if (!from)
            return STEP_FAULT;
        for (k = 0; k < part.height; k++)
            convert(to + (part.y + k - s->y) * s->width + (x0 - s->x),
                    from + (uint64_t)k * line, part.width, order);
        *y += part.height;
    }
    return STEP_DONE;
}

/* rq->pos: the scanout in the upper half, its line in the lower one. */
enum step vgpu_flush(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_resource_flush *c = (const void *)rq->buf;
    struct resource *r = resource_find(g, c->resource_id);
    const struct saved_scanout *s;
    struct scanout *head;
    enum step step;
    uint64_t y;
    uint32_t i;

    if (!r) {
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
        return STEP_DONE;
    }
    if (!r->s->blob_mem && !rect_within(&c->r, r->s->width, r->s->height)) {
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
        return STEP_DONE;
    }
    for (i = (uint32_t)(rq->pos >> 32); g->scanouts && i < SCANOUT_MAX; i++) {
        s = &g->store.head->scanout[i];
        if (s->resource != r->id)
            continue;
        if (r->s->blob_mem &&
            !rect_within(&c->r, s->surface.width, s->surface.height)) {
            vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
            continue;
        }
        y = rq->pos >> 32 == i ? (uint32_t)rq->pos : 0;
        step = r->frame ? STEP_DONE : show(g, i, r, &c->r, &y);
        if (step == STEP_PREEMPTED) {
            rq->pos = (uint64_t)i << 32 | y;
            return STEP_PREEMPTED;
        }
        if (step == STEP_FAULT)
            vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
        head = scanout_head(g->scanouts, i);
        scanout_begin(head);
        head->flushes++;
        scanout_end(head);
    }
    return STEP_DONE;
}

/* ---- Cursor -------------------------------------------------------------- */

static bool is_cursor(const struct resource *r,
                      const struct saved_surface *usual)
{
    if (r->s->blob_mem)
        return blob_has_surface(r, usual);
    return can_be_shown(r) && r->s->width == SCANOUT_CURSOR &&
           r->s->height == SCANOUT_CURSOR;
}

static enum step cursor(struct vgpu *g, struct request *rq, bool image)
{
    const struct virtio_gpu_update_cursor *c = (const void *)rq->buf;
    struct resource *r = NULL;
    static const struct virtio_gpu_rect all = {0, 0, SCANOUT_CURSOR,
                                               SCANOUT_CURSOR};
    /* Of a blob nobody says how pixels lie in it: as in any cursor. */
    static const struct saved_surface usual = {VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM,
                                               SCANOUT_CURSOR, SCANOUT_CURSOR,
                                               4 * SCANOUT_CURSOR, 0};
    const uint32_t *from = NULL;
    struct scanout *head;
    uint32_t line;

    if (c->pos.scanout_id >= SCANOUT_MAX ||
        c->pos.scanout_id >= LINK_READ(g->e->link->dev.nr_scanouts)) {
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
        return STEP_DONE;
    }
    if (image && c->resource_id) {
        r = resource_find(g, c->resource_id);
        if (!r || !is_cursor(r, &usual)) {
            vgpu_refuse(rq, r ? VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
                              : VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
            return STEP_DONE;
        }
    }
    if (!g->scanouts)
        return STEP_DONE;
    if (r)
        from = pixels_of(g, r, &usual, &all, &line);
    head = scanout_head(g->scanouts, c->pos.scanout_id);
    scanout_begin(head);
    head->cursor.x = (int32_t)c->pos.x;
    head->cursor.y = (int32_t)c->pos.y;
    if (image) {
        head->cursor.hot_x = c->hot_x;
        head->cursor.hot_y = c->hot_y;
        head->cursor.visible = from != NULL;
        head->cursor.changes++;
    }
    if (from)
        convert(head->cursor.pixels, from, SCANOUT_CURSOR * SCANOUT_CURSOR,
                scanout_order(r->s->blob_mem ? usual.format : r->s->format));
    scanout_end(head);
    return STEP_DONE;
}

enum step vgpu_update_cursor(struct vgpu *g, struct request *rq)
{
    return cursor(g, rq, true);
}

enum step vgpu_move_cursor(struct vgpu *g, struct request *rq)
{
    return cursor(g, rq, false);
}
