/* SPDX-License-Identifier: MIT */
/* The native vGPU: registers, interrupts, engines with their rings. */
#ifndef VGPU_VGPU_H
#define VGPU_VGPU_H

#include "evtchn.h"
#include "packets.h"
#include "pci.h"

#include <xen-vgpu/csr.h>
#include <xen-vgpu/pci.h>

/* How an interrupt gets to the guest; the numbers are INTR_ROUTE's. */
enum vgpu_route {
    VGPU_ROUTE_NONE,
    VGPU_ROUTE_INTX,
    VGPU_ROUTE_MSI,
    VGPU_ROUTE_MSIX,
};

struct vgpu;

struct vgpu_engine {
    struct vgpu *vgpu;
    unsigned int nr; /* XVGPU_ENGINE_* */

    uint32_t *ring;
    uint32_t size, wptr; /* bytes */
    uint64_t fence;      /* the last one submitted */

    /* Written by the engine, on a page of their own. */
    struct vgpu_writeback {
        volatile uint64_t fence;
        volatile uint32_t rptr;
        volatile uint32_t wptr; /* read by it: event-channel doorbell */
    } * wb;

    uint32_t doorbell_port, completion_port; /* 0: none */

    /* Counted by the handlers. */
    volatile uint32_t events; /* on the completion port */
    volatile uint32_t irqs;   /* INTR_STATUS bits of this engine */
};

struct vgpu {
    struct pci_dev pci;
    volatile char *csr;
    volatile char *vram;
    uint64_t vram_size;
    enum vgpu_route route;
    unsigned int vector;        /* of all three kinds of interrupt, or 0 */
    volatile uint32_t irqs;     /* interrupts taken */
    volatile uint32_t spurious; /* those that found INTR_STATUS empty */
    struct vgpu_engine engine[XVGPU_NR_ENGINES];
};

/* --- device.c --- */
/*
 * Finds the @nth vGPU and makes it ready: BARs (BAR2 above RAM if
 * @high_vram), decoding, bus mastering.  False without one, or when its ABI
 * is another one.
 */
bool vgpu_open(struct vgpu *v, unsigned int nth, bool high_vram);

/* After a move of BARs: looks anew where registers and VRAM are. */
void vgpu_remap(struct vgpu *v);

/* Which interrupt all engines use that have no completion port. */
bool vgpu_set_route(struct vgpu *v, enum vgpu_route route);

/* The bus address of a place in VRAM. */
static inline uint64_t vgpu_vram_addr(const struct vgpu *v, uint64_t offset)
{
    return v->pci.bar[XVGPU_BAR_VRAM].addr + offset;
}

static inline uint32_t vgpu_read(const struct vgpu *v, unsigned int reg)
{
    return *(volatile uint32_t *)(v->csr + reg);
}

static inline uint64_t vgpu_read64(const struct vgpu *v, unsigned int reg)
{
    return *(volatile uint64_t *)(v->csr + reg);
}

static inline void vgpu_write(const struct vgpu *v, unsigned int reg,
                              uint32_t val)
{
    *(volatile uint32_t *)(v->csr + reg) = val;
}

static inline void vgpu_write64(const struct vgpu *v, unsigned int reg,
                                uint64_t val)
{
    *(volatile uint64_t *)(v->csr + reg) = val;
}

/* --- engine.c --- */
static inline uint32_t engine_read(const struct vgpu_engine *e,
                                   unsigned int reg)
{
    return vgpu_read(e->vgpu, XVGPU_ENGINE_BASE(e->nr) + reg);
}

static inline uint64_t engine_read64(const struct vgpu_engine *e,
                                     unsigned int reg)
{
    return vgpu_read64(e->vgpu, XVGPU_ENGINE_BASE(e->nr) + reg);
}

static inline void engine_write(const struct vgpu_engine *e, unsigned int reg,
                                uint32_t val)
{
    vgpu_write(e->vgpu, XVGPU_ENGINE_BASE(e->nr) + reg, val);
}

static inline void engine_write64(const struct vgpu_engine *e, unsigned int reg,
                                  uint64_t val)
{
    vgpu_write64(e->vgpu, XVGPU_ENGINE_BASE(e->nr) + reg, val);
}

struct engine_config {
    uint32_t ring_size;     /* bytes; 0: 64 KiB */
    bool doorbell_evtchn;   /* ring by event channel, not by CSR */
    bool completion_evtchn; /* else by the vGPU's interrupt */
    uint32_t msix_vector;
};

/*
 * Gives the engine a ring and starts it.  The memory of the first start
 * serves all later ones, so @ring_size must not grow.  True when it runs.
 */
bool engine_start(struct vgpu_engine *e, const struct engine_config *config);
/* Waits until it stands. */
void engine_stop(struct vgpu_engine *e);

/* The first half of engine_start(): all registers but CTRL. */
void engine_program(struct vgpu_engine *e, const struct engine_config *config);

/*
 * Puts packets into the ring without telling the engine; waits a while for
 * room.  False when there is none because the engine does not go on.
 */
bool engine_put(struct vgpu_engine *e, const uint32_t *dwords, unsigned int n);
void engine_ring(struct vgpu_engine *e);

/* Puts a fence and rings; returns its value.  0 without room. */
uint64_t engine_submit(struct vgpu_engine *e, bool signal);

enum engine_result {
    ENGINE_DONE,
    ENGINE_FAULT,
    ENGINE_TIMEOUT,
};

/*
 * Waits for a fence.  With @poll_ns 0 nothing but a signal ends the wait
 * before the time-out, so the fence must have been submitted with one.
 */
enum engine_result engine_wait(struct vgpu_engine *e, uint64_t fence,
                               uint64_t timeout_ns, uint64_t poll_ns);

/* What most callers want: the packets, a fence, and its end. */
enum engine_result engine_run(struct vgpu_engine *e, const uint32_t *dwords,
                              unsigned int n);

/* Skips the packet at fault and goes on. */
void engine_resume(struct vgpu_engine *e);

const char *engine_fault_name(uint32_t code);
/* Prints the registers that describe the last fault. */
void engine_print_fault(const struct vgpu_engine *e);

#endif
