/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers, from a finished command to the used ring.
 *
 * They are given back in the order of their commands, queue by queue. A fenced
 * one waits for what the renderer has not done yet, and so do those behind it,
 * while the queue goes on. Where they stand in line is in the context memfd:
 * head[] by positions of the used ring, up to `end`. So a successor knows which
 * chains are not answered, whatever it was that this process did last.
 */
#include <errno.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"

#define HDR sizeof(struct virtio_gpu_ctrl_hdr)

/* That a driver may wait for what is done already, while there is more to be
 * done: each interrupt costs several commands' time. */
#define LATE_NS 16000000ull

/* Without context_init there are no rings (virtio 1.2, 5.7.6.7). */
void vgpu_only_accepted(const struct vgpu *g, struct request *rq)
{
    if (!g->driver_init)
        rq->hdr.flags &= ~(uint32_t)VIRTIO_GPU_FLAG_INFO_RING_IDX;
}

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

enum step vgpu_refuse_if(struct request *rq, uint32_t error)
{
    if (error)
        vgpu_refuse(rq, error);
    return STEP_DONE;
}

/* ---- Giving back --------------------------------------------------------- */

static bool is_due(const struct vgpu *g)
{
    return g->due[LINK_QUEUE_CONTROL] || g->due[LINK_QUEUE_CURSOR];
}

static int give_back(struct vgpu *g, uint32_t queue, uint16_t head,
                     uint32_t written)
{
    int rc = virtq_push(&g->queue[queue], g->e->map, head, written);

    if (rc < 0)
        return rc;
    LINK_WRITE_REL(g->store.head->queue[queue].used, g->queue[queue].used);
    if (rc > 0 && !is_due(g))
        g->due_ns = clock_ns();
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

void vgpu_interrupt_late(struct vgpu *g)
{
    uint64_t now;

    if (!is_due(g))
        return;
    now = clock_ns();
    if (now > g->due_ns && now - g->due_ns > LATE_NS)
        vgpu_interrupt(g);
}

/* Who offers less room than the answer needs gets the beginning. */
static int give_answer(struct vgpu *g, struct request *rq)
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

static void job_done(struct vgpu *g, const struct virtio_gpu_ctrl_hdr *hdr)
{
    struct engine *e = g->e;

    if (!(hdr->flags & VIRTIO_GPU_FLAG_FENCE))
        return;
    e->fence = hdr->fence_id;
    LINK_WRITE_REL(e->link->eng.fence, e->fence);
    engine_job_done(e);
}

/* ---- Those that wait ----------------------------------------------------- */

static uint16_t waiting(const struct vgpu *g, uint32_t queue)
{
    return (uint16_t)(g->end[queue] - g->queue[queue].used);
}

bool vgpu_waits(const struct vgpu *g)
{
    return waiting(g, LINK_QUEUE_CONTROL);
}

int vgpu_release(struct vgpu *g)
{
    struct virtq *q = &g->queue[LINK_QUEUE_CONTROL];
    struct waiting_answer *a;
    int rc = 0;

    while (vgpu_waits(g)) {
        a = &g->waiting[q->used % VGPU_WAITING];
        if (a->mark && !virgl_passed(g, a->mark))
            return 0;
        if (a->len)
            rc = guestmap_write(g->e->map, a->addr, &a->hdr, a->len,
                                &q->bad_addr);
        if (rc == 0)
            rc = give_back(g, LINK_QUEUE_CONTROL, a->head, a->len);
        if (rc < 0)
            return rc;
        job_done(g, &a->hdr);
    }
    return 0;
}

int vgpu_settle(struct vgpu *g)
{
    if (g->virgl)
        virgl_wait(g, virgl_mark(g));
    return vgpu_release(g);
}

/* Only what is short, and goes to one place, is worth remembering. One place in
 * the line is for the chain under way, should this process end here. */
static int make_room(struct vgpu *g, const struct request *rq, bool *waits)
{
    if (!*waits || (rq->response_len == HDR && rq->chain.nr_in <= 1 &&
                    waiting(g, rq->queue) < VGPU_WAITING - 1))
        return 0;
    *waits = false;
    return vgpu_settle(g);
}

int vgpu_complete(struct vgpu *g, struct request *rq)
{
    struct saved_head *saved = g->store.head;
    struct saved_queue *s = &saved->queue[rq->queue];
    const struct virtq_chain *chain = &rq->chain;
    bool control = rq->queue == LINK_QUEUE_CONTROL, waits;
    struct waiting_answer *a;
    uint16_t at;
    uint32_t mark = 0;
    int rc;

    if (control && g->virgl && rq->hdr.flags & VIRTIO_GPU_FLAG_FENCE)
        mark = virgl_mark(g);
    waits = control && (vgpu_waits(g) || (mark && !virgl_passed(g, mark)));
    rc = make_room(g, rq, &waits);
    if (rc < 0)
        return rc;
    at = g->end[rq->queue]++;
    s->head[at % VGPU_WAITING] = chain->head;
    LINK_WRITE_REL(s->end, g->end[rq->queue]);
    LINK_WRITE_REL(saved->busy, 0);
    if (!waits) {
        rc = give_answer(g, rq);
        if (rc == 0)
            job_done(g, &rq->hdr);
        return rc;
    }
    a = &g->waiting[at % VGPU_WAITING];
    a->mark = mark;
    a->head = chain->head;
    a->len = chain->in_bytes < HDR ? chain->in_bytes : (uint32_t)HDR;
    if (a->len)
        a->addr = chain->piece[chain->nr_out].addr;
    memcpy(&a->hdr, rq->response, HDR);
    return 0;
}

/* ---- After another process ------------------------------------------------
 */

static int answer_dead(struct vgpu *g, uint32_t queue, uint16_t head)
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
    vgpu_only_accepted(g, rq);
    vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_UNSPEC);
    return give_answer(g, rq);
}

/* The chain under way stands behind those that wait, unless it does already. */
static void line_up(struct vgpu *g, uint32_t queue)
{
    struct saved_head *saved = g->store.head;
    struct saved_queue *s = &saved->queue[queue];

    if (!saved->busy || saved->busy_queue != queue)
        return;
    saved->busy = 0;
    s->last_avail = saved->busy_next;
    if (s->end == s->used ||
        s->head[(uint16_t)(s->end - 1) % VGPU_WAITING] != saved->busy_head)
        s->head[s->end++ % VGPU_WAITING] = saved->busy_head;
}

int vgpu_answer_all_dead(struct vgpu *g, uint32_t queue)
{
    struct saved_queue *s = &g->store.head->queue[queue];
    struct virtq *q = &g->queue[queue];
    uint16_t used;
    int rc;

    line_up(g, queue);
    q->last_avail = q->avail = s->last_avail;
    q->used = s->used;
    g->end[queue] = s->end;
    if (!q->size || !waiting(g, queue))
        return 0;
    if (waiting(g, queue) > VGPU_WAITING)
        return -EPROTO;
    rc = virtq_used(q, g->e->map, &used);
    if (rc < 0)
        return rc;
    /* One is in the used ring, and it was not noted any more. */
    if (used == (uint16_t)(q->used + 1))
        q->used = s->used = used;
    while (rc == 0 && waiting(g, queue))
        rc = answer_dead(g, queue, s->head[q->used % VGPU_WAITING]);
    return rc;
}
