/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's share of the context image (docs/design.md, "The context
 * image"): the position in the ring, in the packet and in the stack of
 * indirect buffers. Those have been read once and may be gone from guest
 * memory: what is left of them travels with the image.
 *
 *   struct image_head, the ring packet, for each indirect buffer its dwords
 *   from `pos` on, the back end's state
 *
 * Native byte order: x86 hosts only.
 */
#include "dm/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAGIC 0x49455658u /* "XVEI" */
#define IMAGE_VERSION 1u

struct image_head {
    uint32_t magic, version, size;
    uint32_t checksum; /* of all with this field 0 */
    uint32_t engine;
    uint32_t state; /* LINK_RUNNING or LINK_STOPPED */
    uint32_t rptr, wptr;
    uint32_t skip;   /* of RESUME, when stopped */
    uint32_t packet; /* bytes of the ring packet that runs, or 0 */
    uint32_t depth, ib_count;
    uint32_t backend; /* bytes */
    uint32_t pad;
    uint64_t fence, wait_ns;
    struct {
        uint64_t addr;
        uint32_t n, pos;
    } ib[XVGPU_IB_MAX_DEPTH];
    uint64_t jobs, packets, bytes;
};

/* FNV-1a: against damage, not against malice. */
static uint32_t checksum(const unsigned char *p, size_t len)
{
    uint32_t sum = 2166136261u;

    while (len--)
        sum = (sum ^ *p++) * 16777619u;
    return sum;
}

static uint32_t image_checksum(const struct image_head *head,
                               const unsigned char *body, size_t len)
{
    struct image_head h = *head;

    h.checksum = 0;
    return checksum((const unsigned char *)&h, sizeof(h)) ^ checksum(body, len);
}

static void fill_head(const struct engine *e, struct image_head *h)
{
    const struct ring *r = &e->ring;
    uint32_t i;

    *h = (struct image_head){
        .magic = IMAGE_MAGIC,
        .version = IMAGE_VERSION,
        .engine = e->ops->engine,
        .state = e->state,
        .rptr = r->rptr,
        .wptr = r->wptr,
        .fence = e->fence,
        .wait_ns = e->wait_ns,
        .jobs = e->stats.jobs,
        .packets = e->stats.packets,
        .bytes = e->stats.bytes,
    };
    if (e->state == LINK_STOPPED) {
        h->skip = e->fault.skip;
        return; /* RESUME drops the packet anyway */
    }
    h->packet = r->packet;
    h->depth = r->depth;
    h->ib_count = r->ib_count;
    for (i = 0; i < r->depth; i++) {
        h->ib[i].addr = r->ib[i].addr;
        h->ib[i].n = r->ib[i].n;
        h->ib[i].pos = r->ib[i].pos;
    }
}

int engine_save(const struct engine *e, void **image, size_t *len)
{
    const struct ring *r = &e->ring;
    struct image_head h;
    unsigned char *buf, *p;
    size_t max, part;
    uint32_t i;

    fill_head(e, &h);
    max = sizeof(h) + h.packet + e->ops->save_max;
    for (i = 0; i < h.depth; i++)
        max += (h.ib[i].n - h.ib[i].pos) * sizeof(uint32_t);
    buf = malloc(max);
    if (!buf)
        return -ENOMEM;
    p = buf + sizeof(h);
    memcpy(p, r->buf + r->head / 4, h.packet);
    p += h.packet;
    for (i = 0; i < h.depth; i++) {
        part = (h.ib[i].n - h.ib[i].pos) * sizeof(uint32_t);
        memcpy(p, r->ib[i].dw + h.ib[i].pos, part);
        p += part;
    }
    h.backend = (uint32_t)e->ops->save(e, p);
    p += h.backend;
    h.size = (uint32_t)(p - buf);
    h.checksum = image_checksum(&h, buf + sizeof(h), h.size - sizeof(h));
    memcpy(buf, &h, sizeof(h));
    *image = buf;
    *len = h.size;
    return 0;
}

/* A dword of the image, which need not be aligned. */
static uint32_t dword_at(const unsigned char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static bool is_ib(const unsigned char *p)
{
    return XVGPU_PKT_TYPE(dword_at(p)) == XVGPU_PKT_IB &&
           XVGPU_PKT_DWORDS(dword_at(p)) == 4;
}

/* Everything that the decoder takes for granted about an open packet; the
 * packets themselves it checks anew. */
static bool body_valid(const struct image_head *h, const unsigned char *p,
                       size_t left)
{
    size_t part;
    uint32_t i;

    if (h->packet > left)
        return false;
    if (h->packet && (h->packet % 4 || h->packet > RING_BUF / 2 ||
                      XVGPU_PKT_DWORDS(dword_at(p)) * 4 != h->packet))
        return false;
    if (h->depth && (!h->packet || !is_ib(p)))
        return false;
    p += h->packet;
    left -= h->packet;
    for (i = 0; i < h->depth; i++) {
        if (h->ib[i].n > XVGPU_IB_MAX_DWORDS || h->ib[i].pos >= h->ib[i].n ||
            h->ib[i].addr % 4)
            return false;
        part = (h->ib[i].n - h->ib[i].pos) * sizeof(uint32_t);
        if (part > left)
            return false;
        if (i + 1 < h->depth && (h->ib[i].n - h->ib[i].pos < 4 || !is_ib(p)))
            return false;
        p += part;
        left -= part;
    }
    return h->backend == left;
}

static bool head_valid(const struct engine *e, const struct image_head *h,
                       size_t len)
{
    const struct ring *r = &e->ring;

    return h->magic == IMAGE_MAGIC && h->version == IMAGE_VERSION &&
           h->size == len && h->engine == e->ops->engine &&
           (h->state == LINK_RUNNING || h->state == LINK_STOPPED) &&
           h->rptr < r->size && h->rptr % 4 == 0 && h->wptr < r->size &&
           h->wptr % 4 == 0 && h->skip <= r->size && h->skip % 4 == 0 &&
           h->packet < r->size && h->depth <= XVGPU_IB_MAX_DEPTH &&
           h->ib_count <= XVGPU_IB_MAX_COUNT && h->ib_count >= h->depth &&
           h->wait_ns <= XVGPU_WAIT_LIMIT_US * 1000ull;
}

static int restore_ibs(struct ring *r, const struct image_head *h,
                       const unsigned char *p)
{
    uint32_t *dw[XVGPU_IB_MAX_DEPTH] = {NULL};
    size_t part;
    uint32_t i;

    for (i = 0; i < h->depth; i++) {
        dw[i] = calloc(h->ib[i].n, sizeof(uint32_t));
        if (!dw[i]) {
            while (i--)
                free(dw[i]);
            return -ENOMEM;
        }
    }
    for (i = 0; i < h->depth; i++) {
        part = (h->ib[i].n - h->ib[i].pos) * sizeof(uint32_t);
        memcpy(dw[i] + h->ib[i].pos, p, part);
        p += part;
        free(r->ib[i].dw);
        r->ib[i] = (struct ib){
            .dw = dw[i],
            .room = h->ib[i].n,
            .n = h->ib[i].n,
            .pos = h->ib[i].pos,
            .addr = h->ib[i].addr,
        };
    }
    return 0;
}

int engine_restore(struct engine *e, const void *image, size_t len)
{
    const unsigned char *body =
        (const unsigned char *)image + sizeof(struct image_head);
    struct ring *r = &e->ring;
    struct image_head h;
    int rc;

    if (e->state == LINK_IDLE || len < sizeof(h))
        return -EINVAL;
    memcpy(&h, image, sizeof(h));
    if (!head_valid(e, &h, len) ||
        h.checksum != image_checksum(&h, body, len - sizeof(h)) ||
        !body_valid(&h, body, len - sizeof(h)))
        return -EINVAL;
    if (e->ops->restore(e, (const unsigned char *)image + len - h.backend,
                        h.backend) < 0)
        return -EINVAL;
    rc = restore_ibs(r, &h, body + h.packet);
    if (rc < 0) {
        e->ops->reset(e);
        return rc;
    }
    memcpy(r->buf, body, h.packet);
    r->head = 0;
    r->len = r->packet = h.packet;
    r->depth = h.depth;
    r->ib_count = h.ib_count;
    r->rptr = h.rptr;
    r->wptr = h.wptr;
    r->signal = false;
    e->state = (enum link_state)h.state;
    e->fault = (struct fault){.skip = h.skip};
    e->fence = h.fence;
    e->wait_ns = h.wait_ns;
    e->stats.jobs = h.jobs;
    e->stats.packets = h.packets;
    e->stats.bytes = h.bytes;
    LINK_WRITE(e->link->eng.fence, e->fence);
    LINK_WRITE(e->link->eng.state, e->state);
    LINK_WRITE(e->link->eng.cur_offset, r->rptr);
    LINK_WRITE(e->link->eng.cur_header, r->packet ? r->buf[0] : 0);
    ring_write_rptr(e);
    engine_publish(e);
    return 0;
}
