/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/engine/virtio/virtq.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

#define HAS(features, bit) ((features) >> (bit)&1)

/* ---- Single fields ----------------------------------------------------- */

/* Aligned: the device has checked where the areas begin. */
static int load16(struct virtq *q, struct guestmap *map, uint64_t addr,
                  uint16_t *value)
{
    struct guestmap_bucket *pin;
    uint64_t n;
    void *va;
    int rc = guestmap_pin(map, addr, sizeof(*value), &va, &n, &pin);

    if (rc < 0) {
        q->bad_addr = addr;
        return rc;
    }
    *value = __atomic_load_n((uint16_t *)va, __ATOMIC_ACQUIRE);
    guestmap_unpin(map, pin);
    return 0;
}

static int store16(struct virtq *q, struct guestmap *map, uint64_t addr,
                   uint16_t value)
{
    struct guestmap_bucket *pin;
    uint64_t n;
    void *va;
    int rc = guestmap_pin(map, addr, sizeof(value), &va, &n, &pin);

    if (rc < 0) {
        q->bad_addr = addr;
        return rc;
    }
    __atomic_store_n((uint16_t *)va, value, __ATOMIC_RELEASE);
    guestmap_unpin(map, pin);
    return 0;
}

static uint64_t avail_at(const struct virtq *q, uint32_t i)
{
    return q->driver + offsetof(struct vring_avail, ring) + i * 2ull;
}

static uint64_t used_at(const struct virtq *q, uint32_t i)
{
    return q->device + offsetof(struct vring_used, ring) +
           i * (uint64_t)sizeof(struct vring_used_elem);
}

/* ---- Life -------------------------------------------------------------- */

int virtq_open(struct virtq *q, const struct link_queue *from,
               uint64_t features)
{
    memset(q, 0, sizeof(*q));
    if (!LINK_READ(from->enabled))
        return 0;
    q->desc = LINK_READ(from->desc);
    q->driver = LINK_READ(from->driver);
    q->device = LINK_READ(from->device);
    q->size = LINK_READ(from->size);
    q->indirect = HAS(features, VIRTIO_RING_F_INDIRECT_DESC);
    q->event_idx = HAS(features, VIRTIO_RING_F_EVENT_IDX);
    if (q->size && q->size <= LINK_QUEUE_SIZE_MAX &&
        !(q->size & (q->size - 1)) && q->desc % VRING_DESC_ALIGN_SIZE == 0 &&
        q->driver % VRING_AVAIL_ALIGN_SIZE == 0 &&
        q->device % VRING_USED_ALIGN_SIZE == 0 && q->desc < GPA_END &&
        q->driver < GPA_END && q->device < GPA_END)
        return 0;
    q->bad_addr = q->desc;
    q->size = 0;
    return -EINVAL;
}

int virtq_look(struct virtq *q, struct guestmap *map)
{
    uint16_t idx;
    int rc;

    if (!q->size)
        return 0;
    rc = load16(q, map, q->driver + offsetof(struct vring_avail, idx), &idx);
    if (rc < 0)
        return rc;
    if ((uint16_t)(idx - q->last_avail) > q->size) {
        q->bad_addr = q->driver;
        return -EPROTO;
    }
    q->avail = idx;
    return 0;
}

/* ---- Chains ------------------------------------------------------------ */

/* A table of descriptors, in guest memory or copied. */
struct table {
    uint64_t addr;
    uint32_t size;
    const struct vring_desc *copy; /* NULL: each is read when it is reached */
};

static int read_desc(struct virtq *q, struct guestmap *map,
                     const struct table *table, uint32_t i,
                     struct vring_desc *d)
{
    if (table->copy) {
        *d = table->copy[i];
        return 0;
    }
    return guestmap_read(map, table->addr + i * (uint64_t)sizeof(*d), d,
                         sizeof(*d), &q->bad_addr);
}

static int add_piece(struct virtq_chain *chain, const struct vring_desc *d)
{
    bool in = d->flags & VRING_DESC_F_WRITE;
    uint32_t *bytes = in ? &chain->in_bytes : &chain->out_bytes;
    uint32_t n = chain->nr_out + chain->nr_in;

    /* Those to be read come first (2.7.4.2), and sums don't wrap. */
    if (n == VIRTQ_PIECES || (!in && chain->nr_in) ||
        d->len > VIRTQ_BYTES - *bytes || d->addr >= GPA_END)
        return -EPROTO;
    chain->piece[n] = (struct virtq_piece){d->addr, d->len};
    *bytes += d->len;
    if (in)
        chain->nr_in++;
    else
        chain->nr_out++;
    return 0;
}

/* Follow a chain from descriptor i on. A loop has more descriptors than the
 * table. *end: the descriptor with VRING_DESC_F_INDIRECT that it leads to, if
 * there may be one. */
static int follow(struct virtq *q, struct guestmap *map,
                  const struct table *table, uint32_t i,
                  struct virtq_chain *chain, struct vring_desc *end)
{
    struct vring_desc d;
    uint32_t steps;
    int rc;

    for (steps = 0; steps < table->size; steps++) {
        if (i >= table->size)
            return -EPROTO;
        rc = read_desc(q, map, table, i, &d);
        if (rc < 0)
            return rc;
        if (d.flags & VRING_DESC_F_INDIRECT) {
            /* Neither nested nor chained on (2.7.5.3.1); a WRITE means
             * nothing (2.7.5.3.2). */
            if (!end || d.flags & VRING_DESC_F_NEXT)
                return -EPROTO;
            *end = d;
            return 0;
        }
        rc = add_piece(chain, &d);
        if (rc < 0 || !(d.flags & VRING_DESC_F_NEXT))
            return rc;
        i = d.next;
    }
    return -EPROTO;
}

static int follow_indirect(struct virtq *q, struct guestmap *map,
                           const struct vring_desc *from,
                           struct virtq_chain *chain)
{
    static struct vring_desc copy[VIRTQ_PIECES];
    struct table table = {.copy = copy};
    int rc;

    q->bad_addr = from->addr;
    if (!from->len || from->len % sizeof(copy[0]) || from->len > sizeof(copy))
        return -EPROTO;
    rc = guestmap_read(map, from->addr, copy, from->len, &q->bad_addr);
    if (rc < 0)
        return rc;
    table.size = from->len / (uint32_t)sizeof(copy[0]);
    return follow(q, map, &table, 0, chain, NULL);
}

int virtq_read_chain(struct virtq *q, struct guestmap *map, uint16_t head,
                     struct virtq_chain *chain)
{
    struct table table = {.addr = q->desc, .size = q->size};
    struct vring_desc end = {.flags = 0};
    int rc;

    chain->head = head;
    chain->nr_out = chain->nr_in = 0;
    chain->out_bytes = chain->in_bytes = 0;
    q->bad_addr = q->desc;
    rc = follow(q, map, &table, head, chain, q->indirect ? &end : NULL);
    if (rc == 0 && end.flags)
        rc = follow_indirect(q, map, &end, chain);
    return rc;
}

int virtq_pop(struct virtq *q, struct guestmap *map, struct virtq_chain *chain)
{
    uint16_t head;
    int rc = load16(q, map, avail_at(q, q->last_avail & (q->size - 1)), &head);

    if (rc == 0)
        rc = virtq_read_chain(q, map, head, chain);
    if (rc == 0)
        q->last_avail++;
    return rc;
}

/* ---- Used ring, notifications -------------------------------------------- */

int virtq_push(struct virtq *q, struct guestmap *map, uint16_t head,
               uint32_t written)
{
    struct vring_used_elem elem = {.id = head, .len = written};
    uint16_t event = 0;
    int rc;

    rc = guestmap_write(map, used_at(q, q->used & (q->size - 1)), &elem,
                        sizeof(elem), &q->bad_addr);
    if (rc == 0)
        rc = store16(q, map, q->device + offsetof(struct vring_used, idx),
                     (uint16_t)(q->used + 1));
    if (rc < 0)
        return rc;
    q->used++;
    /* Either the driver sees this index, or we see that it waits for it. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->event_idx) {
        rc = load16(q, map, q->driver + offsetof(struct vring_avail, flags),
                    &event);
        return rc < 0 ? rc : !(event & VRING_AVAIL_F_NO_INTERRUPT);
    }
    rc = load16(q, map, avail_at(q, q->size), &event);
    return rc < 0 ? rc
                  : vring_need_event(event, q->used, (uint16_t)(q->used - 1));
}

int virtq_used(struct virtq *q, struct guestmap *map, uint16_t *idx)
{
    return load16(q, map, q->device + offsetof(struct vring_used, idx), idx);
}

int virtq_listen(struct virtq *q, struct guestmap *map)
{
    int rc;

    if (!q->size)
        return 0;
    /* Without the index it always notifies: we never say otherwise. */
    if (q->event_idx) {
        rc = store16(q, map, used_at(q, q->size), q->last_avail);
        if (rc < 0)
            return rc;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    rc = virtq_look(q, map);
    return rc < 0 ? rc : virtq_pending(q);
}

/* ---- Bytes --------------------------------------------------------------- */

static int copy_pieces(struct guestmap *map, const struct virtq_piece *piece,
                       uint32_t n, uint32_t offset, void *to_buf,
                       const void *from_buf, uint32_t len)
{
    uint32_t i, part, done = 0;
    int rc = 0;

    for (i = 0; i < n && done < len && rc == 0; i++) {
        if (offset >= piece[i].len) {
            offset -= piece[i].len;
            continue;
        }
        part = piece[i].len - offset;
        if (part > len - done)
            part = len - done;
        if (to_buf)
            rc = guestmap_read(map, piece[i].addr + offset,
                               (unsigned char *)to_buf + done, part, NULL);
        else
            rc = guestmap_write(map, piece[i].addr + offset,
                                (const unsigned char *)from_buf + done, part,
                                NULL);
        done += part;
        offset = 0;
    }
    return rc < 0 ? rc : done < len ? -EINVAL : 0;
}

int virtq_read(struct guestmap *map, const struct virtq_chain *chain,
               uint32_t offset, void *buf, uint32_t len)
{
    return copy_pieces(map, chain->piece, chain->nr_out, offset, buf, NULL,
                       len);
}

int virtq_write(struct guestmap *map, const struct virtq_chain *chain,
                uint32_t offset, const void *buf, uint32_t len)
{
    return copy_pieces(map, chain->piece + chain->nr_out, chain->nr_in, offset,
                       NULL, buf, len);
}
