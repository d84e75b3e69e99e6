/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetch, decode and the stack of indirect buffers. */
#include "dm/engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/probes.h"

static uint32_t ring_pending(const struct ring *r)
{
    return (r->wptr - r->rptr) & (r->size - 1);
}

void ring_write_rptr(struct engine *e)
{
    struct ring *r = &e->ring;

    LINK_WRITE(e->link->eng.rptr, r->rptr);
    if (!r->rptr_addr || r->rptr_written == r->rptr ||
        !LINK_READ(e->link->dev.bus_master))
        return;
    r->rptr_written = r->rptr;
    /* A failure is no packet's fault and no reason to stop: the CSR has it. */
    mem_store32(e, r->rptr_addr, r->rptr);
}

/* ---- Faults ---------------------------------------------------------- */

/* The innermost packet at hand, or NULL. */
static const uint32_t *innermost(const struct ring *r, uint64_t *addr)
{
    const struct ib *ib;

    *addr = ~0ull;
    if (!r->packet)
        return NULL;
    if (!r->depth)
        return r->buf + r->head / 4;
    ib = &r->ib[r->depth - 1];
    *addr = ib->addr + ib->pos * 4ull;
    return ib->dw + ib->pos;
}

static const char *fault_name(uint32_t code)
{
#define FAULT_TEXT(name, number, text) [number] = text,
    static const char *const names[] = {XVGPU_FAULT_CODES(FAULT_TEXT)};
#undef FAULT_TEXT

    return code < sizeof(names) / sizeof(names[0]) && names[code] ? names[code]
                                                                  : "?";
}

void ring_fault(struct engine *e)
{
    struct link_eng *eng = &e->link->eng;
    struct fault *f = &e->fault;
    struct ring *r = &e->ring;
    const uint32_t *dw = innermost(r, &f->ib);

    f->offset = r->rptr;
    f->header = dw ? dw[0] : 0;
    if (!f->skip)
        f->skip = r->packet;
    e->state = LINK_STOPPED;
    e->wait_ns = 0;
    r->signal = false;
    log_limited(&e->fault_log, LOG_WARNING,
                "%s: %s: ring offset 0x%x, header 0x%x, address 0x%llx, "
                "indirect buffer 0x%llx",
                e->ops->name, fault_name(f->code), f->offset, f->header,
                (unsigned long long)f->addr, (unsigned long long)f->ib);
    LINK_WRITE(eng->fault_code, f->code);
    LINK_WRITE(eng->fault_offset, f->offset);
    LINK_WRITE(eng->fault_header, f->header);
    LINK_WRITE(eng->fault_addr, f->addr);
    LINK_WRITE(eng->fault_ib, f->ib);
    LINK_WRITE(eng->state, LINK_STOPPED);
    ring_write_rptr(e);
    engine_publish(e);
    LINK_WRITE_REL(eng->fault_count, ++e->fault_count);
    engine_signal_fault(e);
}

/* The one at hand will not be gone on with. */
static void forget_packet(struct engine *e)
{
    e->cold = e->waiting = false;
    e->wait_ns = e->wait_last_ns = 0;
    e->job_start_ns = 0;
    e->ops->reset(e);
}

void ring_skip(struct engine *e)
{
    struct ring *r = &e->ring;

    r->rptr = (r->rptr + e->fault.skip) & (r->size - 1);
    r->len = 0;
    r->packet = 0;
    r->depth = 0;
    forget_packet(e);
    ring_write_rptr(e);
}

/* ---- Start, stop, doorbell ------------------------------------------- */

static void ring_clear(struct ring *r)
{
    unsigned int i;

    r->head = r->len = r->packet = 0;
    r->depth = r->ib_count = 0;
    r->signal = false;
    for (i = 0; i < XVGPU_IB_MAX_DEPTH; i++) {
        free(r->ib[i].dw);
        r->ib[i] = (struct ib){0};
    }
}

void ring_start(struct engine *e, uint32_t wptr)
{
    ring_clear(&e->ring);
    e->ring.wptr = e->ring.rptr;
    e->ring.csr_wptr = wptr;
    e->ring.rptr_written = ~0u;
    ring_write_rptr(e);
    ring_set_wptr(e, wptr);
}

void ring_stop(struct engine *e)
{
    ring_clear(&e->ring);
    forget_packet(e);
}

void ring_set_wptr(struct engine *e, uint32_t wptr)
{
    struct ring *r = &e->ring;
    uint32_t keep;

    if (wptr >= r->size || wptr % 4) {
        engine_fault(e, XVGPU_FAULT_WPTR, wptr);
        ring_fault(e);
        return;
    }
    r->wptr = wptr;
    /* Taken back: what was read ahead may change before it is rung again. */
    keep = ring_pending(r) > r->packet ? ring_pending(r) : r->packet;
    if (r->len > keep)
        r->len = keep;
    PROBE_SUBMIT(e->domid, e->index, e->ops->name, wptr, ring_pending(r));
}

/* ---- Fetch ----------------------------------------------------------- */

/* Have `need` bytes at rptr (at most half of the buffer, all of them before
 * wptr) in the buffer. Reads ahead as much as there is: each byte is read
 * once. */
static int fetch(struct engine *e, uint32_t need)
{
    struct ring *r = &e->ring;
    uint32_t want, at, part;
    uint64_t bad = 0;
    int rc = 0;

    if (r->len >= need)
        return 0;
    ring_write_rptr(e);
    memmove(r->buf, r->buf + r->head / 4, r->len);
    r->head = 0;
    want = ring_pending(r);
    if (want > RING_BUF)
        want = RING_BUF;
    while (rc == 0 && r->len < want) {
        at = (r->rptr + r->len) & (r->size - 1);
        part = want - r->len;
        if (part > r->size - at)
            part = r->size - at;
        rc = guestmap_read(e->map, r->base + at, r->buf + r->len / 4, part,
                           &bad);
        r->len += rc < 0 ? (uint32_t)(bad - (r->base + at)) & ~3u : part;
    }
    if (r->len >= need)
        return 0;
    mem_failed(e, rc, bad);
    e->fault.code = XVGPU_FAULT_RING_ACCESS;
    return -1;
}

/* ---- Decode ---------------------------------------------------------- */

static enum step run_ib(struct engine *e, const uint32_t *dw, uint32_t n)
{
    uint64_t addr = field64(dw + 1), bad;
    struct ring *r = &e->ring;
    struct ib *ib;
    uint32_t *room;
    int rc;

    (void)n;
    if (!dw[3])
        return engine_fault(e, XVGPU_FAULT_PACKET_FIELD, addr);
    if (addr % 4)
        return engine_fault(e, XVGPU_FAULT_ALIGNMENT, addr);
    if (r->depth == XVGPU_IB_MAX_DEPTH)
        return engine_fault(e, XVGPU_FAULT_IB_DEPTH, addr);
    if (dw[3] > XVGPU_IB_MAX_DWORDS || r->ib_count == XVGPU_IB_MAX_COUNT)
        return engine_fault(e, XVGPU_FAULT_IB_SIZE, addr);
    ib = &r->ib[r->depth];
    if (ib->room < dw[3]) {
        room = realloc(ib->dw, dw[3] * sizeof(*room));
        if (!room)
            return engine_fault(e, XVGPU_FAULT_IB_SIZE, addr);
        ib->dw = room;
        ib->room = dw[3];
    }
    rc = guestmap_read(e->map, addr, ib->dw, dw[3] * sizeof(*room), &bad);
    if (rc < 0) {
        mem_failed(e, rc, bad);
        return STEP_FAULT;
    }
    ib->n = dw[3];
    ib->pos = 0;
    ib->addr = addr;
    r->ib_count++;
    r->depth++;
    return STEP_NESTED;
}

static const struct packet_type ib_type = {XVGPU_PKT_IB, 0, 4, 4, true, run_ib};

static const struct packet_type *find_type(const struct engine *e,
                                           uint32_t header)
{
    uint32_t type = XVGPU_PKT_TYPE(header);
    unsigned int i;

    for (i = 0; i < e->ops->nr_types; i++) {
        if (e->ops->types[i].type == type)
            return &e->ops->types[i];
    }
    for (i = 0; i < nr_common_types; i++) {
        if (common_types[i].type == type)
            return &common_types[i];
    }
    return type == ib_type.type ? &ib_type : NULL;
}

/* Check a header; `room` are the dwords that its packet may have. */
static const struct packet_type *decode(struct engine *e, uint32_t header,
                                        uint32_t room)
{
    const struct packet_type *type = find_type(e, header);
    uint32_t n = XVGPU_PKT_DWORDS(header);

    if (!type)
        engine_fault(e, XVGPU_FAULT_PACKET_TYPE, 0);
    else if (XVGPU_PKT_VMID(header))
        engine_fault(e, XVGPU_FAULT_VMID, 0);
    else if (XVGPU_PKT_FLAGS(header) & ~(uint32_t)type->flags)
        engine_fault(e, XVGPU_FAULT_PACKET_FIELD, 0);
    else if (n < type->min || n > type->max || n > room)
        engine_fault(e, XVGPU_FAULT_PACKET_LENGTH, 0);
    else
        return type;
    return NULL;
}

/* Open the ring packet at rptr. NULL: a fault. */
static const struct packet_type *open_packet(struct engine *e)
{
    const struct packet_type *type;
    struct ring *r = &e->ring;
    uint32_t pending = ring_pending(r), header, n;

    if (fetch(e, 4) < 0) {
        /* Nothing of it can be known: RESUME goes on at wptr. */
        r->packet = 0;
        e->fault.skip = pending;
        return NULL;
    }
    header = r->buf[r->head / 4];
    n = XVGPU_PKT_DWORDS(header);
    /* Of several under way the first one is named if the process dies. */
    if (!e->async) {
        LINK_WRITE(e->link->eng.cur_offset, r->rptr);
        LINK_WRITE(e->link->eng.cur_header, header);
    }
    /* What RESUME would skip. */
    r->packet = n && n * 4 <= pending ? n * 4 : pending;
    r->ib_count = 0;
    type = decode(e, header, pending / 4);
    return type && fetch(e, n * 4) == 0 ? type : NULL;
}

/* The packet to go on with, or the next one of an indirect buffer. */
static const struct packet_type *decode_innermost(struct engine *e)
{
    const struct ring *r = &e->ring;
    const struct ib *ib = r->depth ? &r->ib[r->depth - 1] : NULL;
    uint64_t addr;

    return decode(e, *innermost(r, &addr),
                  ib ? ib->n - ib->pos : r->packet / 4);
}

/* The innermost packet is complete. */
static void packet_done(struct engine *e)
{
    struct ring *r = &e->ring;
    struct ib *ib;

    e->stats.packets++;
    if (r->depth) {
        ib = &r->ib[r->depth - 1];
        ib->pos += XVGPU_PKT_DWORDS(ib->dw[ib->pos]);
    } else {
        r->rptr = (r->rptr + r->packet) & (r->size - 1);
        r->head += r->packet;
        r->len -= r->packet;
        r->packet = 0;
        LINK_WRITE(e->link->eng.rptr, r->rptr);
        if (!e->async)
            LINK_WRITE(e->link->eng.cur_header, 0);
    }
    if (r->signal) {
        r->signal = false;
        ring_write_rptr(e);
        engine_signal_done(e);
    }
}

/* Run the innermost packet. */
static enum step ring_step(struct engine *e)
{
    struct ring *r = &e->ring;
    const struct packet_type *type;
    const uint32_t *dw;
    enum step step;
    uint64_t addr;

    e->cold = e->waiting = false;
    if (!r->packet && r->rptr == r->wptr)
        return STEP_IDLE;
    type = r->packet ? decode_innermost(e) : open_packet(e);
    if (!type)
        return STEP_FAULT;
    if (!e->job_start_ns)
        e->job_start_ns = clock_ns();
    dw = innermost(r, &addr);
    if (!type->unordered && engine_drain(e) < 0)
        return STEP_FAULT;
    step = type->run(e, dw, XVGPU_PKT_DWORDS(dw[0]));
    if (step != STEP_DONE)
        return step;
    packet_done(e);
    /* The ends of indirect buffers are those of the packets that hold
     * them. */
    while (r->depth && r->ib[r->depth - 1].pos == r->ib[r->depth - 1].n) {
        r->depth--;
        packet_done(e);
    }
    return STEP_DONE;
}

/* Whether the packet to go on with is one of those that compile. */
static bool ring_compiles_next(const struct engine *e)
{
    uint64_t addr;
    const uint32_t *dw = innermost(&e->ring, &addr);

    return dw && e->ops->compiles && e->ops->compiles(XVGPU_PKT_TYPE(dw[0]));
}

/* A packet is at fault: what came before it has its effect first, unless that
 * fails, too. */
static void fault_behind(struct engine *e)
{
    struct fault fault = e->fault;

    if (engine_drain(e) == 0)
        e->fault = fault;
    ring_fault(e);
}

void ring_run(struct engine *e)
{
    struct ring *r = &e->ring;
    enum step step;
    uint32_t wptr;

    engine_begin(e);
    do {
        wptr = LINK_READ_ACQ(e->link->dev.wptr);
        if (wptr != r->csr_wptr) {
            r->csr_wptr = wptr;
            ring_set_wptr(e, wptr);
            if (e->state != LINK_RUNNING)
                break;
        }
        step = LINK_READ(e->link->dev.bus_master)
                   ? ring_step(e)
                   : engine_fault(e, XVGPU_FAULT_BUS_MASTER, 0);
        if (step == STEP_FAULT)
            fault_behind(e);
    } while (step != STEP_FAULT && step != STEP_IDLE && step != STEP_WAITING &&
             !engine_boundary(e));
    e->grant.stopped_ns = 0;
    if (engine_drain(e) < 0 && e->state == LINK_RUNNING)
        ring_fault(e);
    if (!e->grant.stopped_ns)
        e->grant.stopped_ns = clock_ns();
    e->cold |= ring_compiles_next(e);
    if (!r->packet)
        LINK_WRITE(e->link->eng.cur_header, 0);
    ring_write_rptr(e);
    engine_end(e);
}
