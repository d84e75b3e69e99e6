/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a chain to a command, and from its answer to the used ring. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"
#include "lib/probes.h"

#define HDR sizeof(struct virtio_gpu_ctrl_hdr)

/* ---- Answers ------------------------------------------------------------ */

void *vgpu_answer(struct request *rq, uint32_t type, uint32_t len)
{
    struct virtio_gpu_ctrl_hdr *hdr = (void *)rq->response;

    memset(rq->response, 0, len);
    rq->response_len = len;
    hdr->type = type;
    if (rq->hdr.flags & VIRTIO_GPU_FLAG_FENCE) {
        hdr->flags = rq->hdr.flags &
                     (VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX);
        hdr->fence_id = rq->hdr.fence_id;
        hdr->ctx_id = rq->hdr.ctx_id;
        hdr->ring_idx = rq->hdr.ring_idx;
    }
    return hdr;
}

void vgpu_refuse(struct request *rq, uint32_t error)
{
    vgpu_answer(rq, error, HDR);
}

/* ---- The used ring ------------------------------------------------------- */

static int give_back(struct vgpu *g, uint32_t queue, uint16_t head,
                     uint32_t written)
{
    struct saved_head *saved = g->store.head;
    int rc = virtq_push(&g->queue[queue], g->e->map, head, written);

    if (rc < 0)
        return rc;
    LINK_WRITE(saved->queue[queue].used, g->queue[queue].used);
    LINK_WRITE_REL(saved->busy, 0);
    g->due[queue] |= rc > 0;
    return 0;
}

void vgpu_interrupt(struct vgpu *g)
{
    bool due = false;
    uint32_t i;

    for (i = 0; i < LINK_QUEUES; i++) {
        if (!g->due[i])
            continue;
        g->due[i] = false;
        due = true;
        LINK_WRITE_REL(g->e->link->eng.queue_done[i], ++g->queue_done[i]);
    }
    if (due)
        engine_kick_device(g->e);
}

/* Who offers less room than the answer needs gets the beginning. */
static int answer(struct vgpu *g, struct request *rq)
{
    const struct virtq_chain *chain = &rq->chain;
    uint32_t len = rq->response_len;
    int rc = 0;

    if (len > chain->in_bytes)
        len = chain->in_bytes;
    if (len)
        rc = virtq_write(g->e->map, chain, 0, rq->response, len);
    if (rc < 0) {
        g->queue[rq->queue].bad_addr = chain->piece[chain->nr_out].addr;
        return rc;
    }
    return give_back(g, rq->queue, chain->head, len);
}

/* Without context_init there are no rings (virtio 1.2, 5.7.6.7). */
static void only_what_is_accepted(const struct vgpu *g, struct request *rq)
{
    if (!g->driver_init)
        rq->hdr.flags &= ~(uint32_t)VIRTIO_GPU_FLAG_INFO_RING_IDX;
}

int vgpu_answer_dead(struct vgpu *g, uint32_t queue, uint16_t head)
{
    struct request *rq = &g->request;
    struct virtq *q = &g->queue[queue];
    int rc = virtq_read_chain(q, g->e->map, head, &rq->chain);

    if (rc < 0)
        return rc;
    rq->queue = queue;
    memset(&rq->hdr, 0, HDR);
    if (rq->chain.out_bytes >= HDR)
        virtq_read(g->e->map, &rq->chain, 0, &rq->hdr, HDR);
    only_what_is_accepted(g, rq);
    vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
    return answer(g, rq);
}

/* ---- Requests -------------------------------------------------------------
 */

static int take(struct vgpu *g, uint32_t queue)
{
    struct saved_head *saved = g->store.head;
    struct request *rq = &g->request;
    struct virtq *q = &g->queue[queue];
    int rc = virtq_pop(q, g->e->map, &rq->chain);

    if (rc < 0)
        return rc;
    rq->busy = true;
    rq->queue = queue;
    rq->pos = 0;
    rq->len = 0;
    rq->response_len = 0;
    memset(&rq->hdr, 0, HDR);
    saved->busy_queue = queue;
    saved->busy_head = rq->chain.head;
    saved->busy_next = q->last_avail;
    LINK_WRITE_REL(saved->busy, 1);
    LINK_WRITE(saved->queue[queue].last_avail, q->last_avail);
    return 0;
}

/* The request, once, into private memory: 0 or an error's type. */
static uint32_t copy_in(struct vgpu *g, struct request *rq)
{
    uint32_t len = rq->chain.out_bytes;
    unsigned char *room;

    if (len < HDR)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    if (len > rq->room) {
        room = realloc(rq->buf, len);
        if (!room)
            return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
        rq->buf = room;
        rq->room = len;
    }
    if (virtq_read(g->e->map, &rq->chain, 0, rq->buf, len) < 0)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    memcpy(&rq->hdr, rq->buf, HDR);
    only_what_is_accepted(g, rq);
    rq->len = len;
    return rq->hdr.flags & VIRTIO_GPU_FLAG_INFO_RING_IDX &&
                   rq->hdr.ring_idx >= VGPU_RINGS
               ? VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
               : 0;
}

static enum step run(struct vgpu *g, struct request *rq)
{
    const struct command *command;
    struct engine *e = g->e;
    uint32_t error = rq->len ? 0 : copy_in(g, rq);

    LINK_WRITE(e->link->eng.cur_offset, rq->queue);
    LINK_WRITE(e->link->eng.cur_header, rq->hdr.type);
    if (error) {
        vgpu_refuse(rq, error);
        return STEP_DONE;
    }
    command = vgpu_command(g, rq->queue, rq->hdr.type);
    if (!command || rq->len < command->min) {
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
        return STEP_DONE;
    }
    /* It may take long: what came before it is told first. */
    if (rq->queue == LINK_QUEUE_CONTROL &&
        rq->hdr.type >= VIRTIO_GPU_CMD_CTX_CREATE)
        vgpu_interrupt(g);
    return command->run(g, rq);
}

static void done(struct vgpu *g, struct request *rq)
{
    struct engine *e = g->e;

    rq->busy = false;
    e->stats.packets++;
    LINK_WRITE(e->link->eng.cur_header, 0);
    if (!(rq->hdr.flags & VIRTIO_GPU_FLAG_FENCE))
        return;
    e->fence = rq->hdr.fence_id;
    LINK_WRITE_REL(e->link->eng.fence, e->fence);
    engine_job_done(e);
}

enum step vgpu_step(struct vgpu *g)
{
    struct request *rq = &g->request;
    struct engine *e = g->e;
    enum step step;
    uint32_t i;
    int rc;

    e->cold = e->waiting = false;
    if (!rq->busy) {
        /* The cursor's are short, and seen at once. */
        for (i = LINK_QUEUES; i-- > 0 && !virtq_pending(&g->queue[i]);)
            ;
        if (i >= LINK_QUEUES)
            return STEP_IDLE;
        if (!e->job_start_ns)
            e->job_start_ns = clock_ns();
        rc = take(g, i);
        if (rc < 0) {
            vgpu_fault(g, rc, g->queue[i].bad_addr);
            return STEP_FAULT;
        }
    }
    step = run(g, rq);
    if (step != STEP_DONE)
        return step;
    if (!rq->response_len)
        vgpu_answer(rq, VIRTIO_GPU_RESP_OK_NODATA, HDR);
    rc = answer(g, rq);
    done(g, rq);
    if (rc == 0)
        return STEP_DONE;
    vgpu_fault(g, rc, g->queue[rq->queue].bad_addr);
    return STEP_FAULT;
}
