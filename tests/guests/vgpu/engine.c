/* SPDX-License-Identifier: MIT */
/* One engine: its ring, doorbell, fences and faults. */
#include "vgpu.h"

#define DEFAULT_RING_SIZE KB(64)
#define ROOM_TIMEOUT      (10 * PLAT_S)
#define RUN_TIMEOUT       (60 * PLAT_S)
#define POLL              (200 * PLAT_US)

static void completion_event(void *arg)
{
    struct vgpu_engine *e = arg;

    e->events++;
}

/* Rung by us, so events on it come from the engine's side only if it closes. */
static void doorbell_event(void *arg __maybe_unused)
{
}

static void close_ports(struct vgpu_engine *e)
{
    if (e->doorbell_port)
        evtchn_free(e->doorbell_port);
    if (e->completion_port)
        evtchn_free(e->completion_port);
    e->doorbell_port = e->completion_port = 0;
}

void engine_program(struct vgpu_engine *e, const struct engine_config *config)
{
    uint32_t size = config->ring_size ? config->ring_size : DEFAULT_RING_SIZE;
    uint16_t backend = vgpu_read(e->vgpu, XVGPU_BACKEND_DOMID);

    if (!e->ring) {
        e->ring = plat_alloc(size, 0);
        e->wb = plat_alloc(PAGE_SIZE, 0);
    }
    close_ports(e);
    e->size = size;
    e->wptr = 0;
    e->wb->rptr = e->wb->wptr = 0;
    if (config->doorbell_evtchn)
        e->doorbell_port = evtchn_alloc(backend, doorbell_event, e);
    if (config->completion_evtchn) {
        e->completion_port = evtchn_alloc(backend, completion_event, e);
        evtchn_unmask(e->completion_port);
    }

    engine_write64(e, XVGPU_RING_BASE, plat_gpa(e->ring));
    engine_write(e, XVGPU_RING_SIZE, size);
    engine_write64(e, XVGPU_RPTR_ADDR, plat_gpa(&e->wb->rptr));
    engine_write64(e, XVGPU_WPTR_ADDR, plat_gpa(&e->wb->wptr));
    engine_write(e, XVGPU_DOORBELL_PORT, e->doorbell_port);
    engine_write(e, XVGPU_COMPLETION_PORT, e->completion_port);
    engine_write(e, XVGPU_VECTOR, config->msix_vector);
}

bool engine_start(struct vgpu_engine *e, const struct engine_config *config)
{
    engine_program(e, config);
    engine_write(e, XVGPU_CTRL, XVGPU_CTRL_ENABLE);
    return engine_read(e, XVGPU_STATUS) == XVGPU_STATUS_RUNNING;
}

static bool is_disabled(void *arg)
{
    struct vgpu_engine *e = arg;

    return engine_read(e, XVGPU_STATUS) == XVGPU_STATUS_DISABLED;
}

void engine_stop(struct vgpu_engine *e)
{
    engine_write(e, XVGPU_CTRL, 0);
    if (!plat_wait(is_disabled, e, ROOM_TIMEOUT, POLL))
        printk("The engine does not stop\n");
    close_ports(e);
}

struct room {
    struct vgpu_engine *e;
    uint32_t bytes;
};

/* A full ring would look like an empty one, so a dword stays free. */
static bool has_room(void *arg)
{
    struct room *r = arg;
    uint32_t used = (r->e->wptr - r->e->wb->rptr) & (r->e->size - 1);

    return r->bytes < r->e->size - used;
}

bool engine_put(struct vgpu_engine *e, const uint32_t *dwords, unsigned int n)
{
    struct room room = { e, n * 4 };

    if (!has_room(&room)) {
        engine_ring(e);
        if (!plat_wait(has_room, &room, ROOM_TIMEOUT, POLL))
            return false;
    }
    for (unsigned int i = 0; i < n; i++) {
        e->ring[e->wptr / 4] = dwords[i];
        e->wptr = (e->wptr + 4) & (e->size - 1);
    }
    return true;
}

void engine_ring(struct vgpu_engine *e)
{
    /* The packets must be visible before the pointer to their end is. */
    smp_wmb();
    e->wb->wptr = e->wptr;
    if (e->doorbell_port) {
        smp_mb();
        evtchn_send(e->doorbell_port);
    } else {
        engine_write(e, XVGPU_WPTR, e->wptr);
    }
}

uint64_t engine_submit(struct vgpu_engine *e, bool signal)
{
    uint32_t dw[8];
    unsigned int n =
        pkt_fence(dw, plat_gpa(&e->wb->fence), e->fence + 1, signal);

    if (!engine_put(e, dw, n))
        return 0;
    engine_ring(e);
    return ++e->fence;
}

struct wait {
    struct vgpu_engine *e;
    uint64_t fence;
    uint32_t seen; /* signals when STATUS was read */
    bool polling, fault;
};

static bool fence_or_fault(void *arg)
{
    struct wait *w = arg;
    struct vgpu_engine *e = w->e;
    uint32_t signals;

    if (e->wb->fence >= w->fence)
        return true;

    /* STATUS costs an exit: look only when something may have happened. */
    signals = e->events + e->irqs;
    if (!w->polling && signals == w->seen)
        return false;
    w->seen = signals;
    w->fault = engine_read(e, XVGPU_STATUS) != XVGPU_STATUS_RUNNING;
    return w->fault;
}

enum engine_result engine_wait(struct vgpu_engine *e, uint64_t fence,
                               uint64_t timeout_ns, uint64_t poll_ns)
{
    /* STATUS is read once at first: the signal may have come before. */
    struct wait w = { e, fence, e->events + e->irqs - 1, poll_ns, false };

    if (!plat_wait(fence_or_fault, &w, timeout_ns, poll_ns))
        return ENGINE_TIMEOUT;
    return w.fault ? ENGINE_FAULT : ENGINE_DONE;
}

enum engine_result engine_run(struct vgpu_engine *e, const uint32_t *dwords,
                              unsigned int n)
{
    uint64_t fence;

    if (n && !engine_put(e, dwords, n))
        return ENGINE_TIMEOUT;
    fence = engine_submit(e, true);
    return fence ? engine_wait(e, fence, RUN_TIMEOUT, POLL) : ENGINE_TIMEOUT;
}

void engine_resume(struct vgpu_engine *e)
{
    engine_write(e, XVGPU_CTRL, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
}

const char *engine_fault_name(uint32_t code)
{
#define FAULT_TEXT(name, number, text) [number] = text,
    static const char *const texts[] = { XVGPU_FAULT_CODES(FAULT_TEXT) };
#undef FAULT_TEXT

    return code < ARRAY_SIZE(texts) && texts[code] ? texts[code] : "?";
}

void engine_print_fault(const struct vgpu_engine *e)
{
    uint32_t code = engine_read(e, XVGPU_FAULT_CODE);

    printk("Engine %u: status %u, fault %u (%s), ring offset %#x, "
           "header %#x, address %#lx, IB %#lx, rptr %#x, wptr %#x\n",
           e->nr, engine_read(e, XVGPU_STATUS), code, engine_fault_name(code),
           engine_read(e, XVGPU_FAULT_OFFSET),
           engine_read(e, XVGPU_FAULT_HEADER),
           engine_read64(e, XVGPU_FAULT_ADDR), engine_read64(e, XVGPU_FAULT_IB),
           engine_read(e, XVGPU_RPTR), engine_read(e, XVGPU_WPTR));
}
