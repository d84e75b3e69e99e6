/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a chain to a command. */
#include <stdlib.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

#define HDR sizeof(struct virtio_gpu_ctrl_hdr)

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
    vgpu_only_accepted(g, rq);
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
    vgpu_account_request(g, rq);
    LINK_WRITE(e->link->eng.cur_header, 0);
}

enum step vgpu_step(struct vgpu *g)
{
    struct request *rq = &g->request;
    struct engine *e = g->e;
    enum step step;
    uint32_t i;
    int rc;

    e->cold = e->waiting = false;
    rc = vgpu_release(g);
    if (rc < 0) {
        vgpu_fault(g, rc, g->queue[LINK_QUEUE_CONTROL].bad_addr);
        return STEP_FAULT;
    }
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
    rc = vgpu_complete(g, rq);
    done(g, rq);
    if (rc == 0)
        return STEP_DONE;
    vgpu_fault(g, rc, g->queue[rq->queue].bad_addr);
    return STEP_FAULT;
}
