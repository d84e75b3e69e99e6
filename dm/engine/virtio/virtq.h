/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A split virtqueue in guest memory (virtio 1.2, 2.7), the device's side of
 * it: with indirect descriptors (2.7.5.3) and the event index (2.7.7, 2.7.10).
 *
 * The guest may write to all of it at any time. Each descriptor is read once
 * and checked; what the caller gets is a private list of pieces of guest
 * memory of which nothing is known but that their number and their bytes are
 * bounded. A queue that makes no sense is an error of the whole queue: the
 * driver is broken, and only a reset of the device helps (2.1.2).
 *
 * Functions return -EPROTO for such a queue, -EFAULT where guest memory is not
 * there, or another negative errno of guestmap_pin(); q->bad_addr says where.
 */
#ifndef DM_ENGINE_VIRTIO_VIRTQ_H
#define DM_ENGINE_VIRTIO_VIRTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/guestmap.h"
#include "lib/link.h"

/* Descriptors of a chain. More than a queue has: drivers list each page of a
 * buffer in an indirect table (Linux does). */
#define VIRTQ_PIECES 1024u
/* Bytes of a chain, read and written ones apart. */
#define VIRTQ_BYTES (4u << 20)

struct virtq {
    uint64_t desc, driver, device;
    uint32_t size; /* 0: not enabled */
    bool indirect, event_idx;
    uint16_t avail;      /* the guest's index, when last seen */
    uint16_t last_avail; /* ours: the next chain to take */
    uint16_t used;       /* ours: the next place to give one back at */
    uint64_t bad_addr;
};

struct virtq_piece {
    uint64_t addr;
    uint32_t len;
};

struct virtq_chain {
    uint16_t head;
    uint32_t nr_out, nr_in;       /* that the device reads; that it writes */
    uint32_t out_bytes, in_bytes; /* up to VIRTQ_BYTES each */
    struct virtq_piece piece[VIRTQ_PIECES]; /* first all those to be read */
};

/* Take a description from the link page; indices begin at 0. 0, or -EINVAL:
 * the device has not said what it should have checked. */
int virtq_open(struct virtq *q, const struct link_queue *from,
               uint64_t features);

/* Look at the guest's index: 0 or a negative errno. */
int virtq_look(struct virtq *q, struct guestmap *map);
static inline bool virtq_pending(const struct virtq *q)
{
    return q->size && q->avail != q->last_avail;
}

/* Take the next chain, which is there (virtq_pending()). 0 or a negative
 * errno; then the queue is as before. */
int virtq_pop(struct virtq *q, struct guestmap *map, struct virtq_chain *chain);
/* The same for a chain that another process had taken. */
int virtq_read_chain(struct virtq *q, struct guestmap *map, uint16_t head,
                     struct virtq_chain *chain);
/* Give a chain back, `written` bytes of it written to. 1 if the guest wants to
 * be interrupted, 0, or a negative errno. */
int virtq_push(struct virtq *q, struct guestmap *map, uint16_t head,
               uint32_t written);
/* The index in guest memory, which another process has written last. */
int virtq_used(struct virtq *q, struct guestmap *map, uint16_t *idx);
/* Have the guest notify us of what it adds from now on. 1: it has added
 * something already; 0 or a negative errno. */
int virtq_listen(struct virtq *q, struct guestmap *map);

/* Copy bytes from `offset` on out of the pieces that are to be read, or into
 * those that are to be written. The range must lie in the chain. */
int virtq_read(struct guestmap *map, const struct virtq_chain *chain,
               uint32_t offset, void *buf, uint32_t len);
int virtq_write(struct guestmap *map, const struct virtq_chain *chain,
                uint32_t offset, const void *buf, uint32_t len);

#endif
