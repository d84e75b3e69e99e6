/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resets of a vGPU: engines, CSRs and VRAM. The worker's.
 *
 * A guest that asks for one knows what follows. One by the host comes at any
 * time, so it leaves what the guest needs to hear of it: config space and the
 * MSI-X table (no memory decoding, no way to read RESET_REASON), INTR_ENABLE
 * and the vectors. When all is done each engine whose ring is lost signals a
 * fault, by interrupt and by its completion port.
 */
#include <errno.h>
#include <string.h>

#include "dm/device/model.h"

#define TELL_TRIES 50u
#define TELL_PAUSE_NS 20000000u

static void clear(struct vgpu *vgpu)
{
    unsigned int n;
    int rc;

    for (n = 0; n < XVGPU_NR_ENGINES; n++)
        if (vgpu->engines[n].present)
            engine_kill(vgpu, n);
    rc = vram_scrub(vgpu);
    if (rc)
        log_error("vGPU %u: scrubbing VRAM failed: %s", vgpu->index,
                  strerror(-rc));
}

void reset_by_guest(struct vgpu *vgpu, uint32_t reason)
{
    worker_charge(vgpu->dev, &vgpu->dev->slow_guard);
    clear(vgpu);
    pthread_mutex_lock(&vgpu->dev->lock);
    native_reset(vgpu, reason);
    pthread_mutex_unlock(&vgpu->dev->lock);
    native_remap(vgpu);
}

/* Engines whose rings the guest believes to have, or, when it comes out of
 * quarantine, that it was refused. */
static uint32_t to_be_told(const struct vgpu *vgpu, bool quarantine)
{
    uint32_t mask = 0;
    unsigned int n;

    for (n = 0; n < XVGPU_NR_ENGINES; n++) {
        if (!vgpu->engines[n].present)
            continue;
        if (vgpu->st->engines[n].enabled ||
            (!quarantine && csr_get32(vgpu, engine_csr(n, XVGPU_FAULT_CODE)) ==
                                XVGPU_FAULT_QUARANTINE))
            mask |= 1u << n;
    }
    return mask;
}

/* The engine's process had the port, and is gone. The event that we get for
 * binding it is the ioreq service's, which knows no such port. */
static void ring_port(struct vgpu *vgpu, uint32_t port)
{
    struct device *dev = vgpu->dev;
    xenevtchn_port_or_error_t local;

    local = xenevtchn_bind_interdomain(dev->xce, dev->domid, port);
    if (local < 0) {
        log_limited(&vgpu->limit, LOG_WARNING,
                    "vGPU %u: telling of a reset by port %u failed: %s",
                    vgpu->index, port, strerror(errno));
        return; /* of this guest's making: it has no such port */
    }
    if (xenevtchn_notify(dev->xce, (evtchn_port_t)local))
        log_limited(&vgpu->limit, LOG_WARNING,
                    "vGPU %u: telling of a reset by port %u failed: %s",
                    vgpu->index, port, strerror(errno));
    xenevtchn_unbind(dev->xce, (evtchn_port_t)local);
}

/* native_reset() with what the guest keeps, and its news. The lock is held.
 * The completion ports of the engines that are told. */
static void reset_and_tell(struct vgpu *vgpu, uint32_t reason,
                           uint32_t ports[XVGPU_NR_ENGINES])
{
    const uint32_t enable = csr_get32(vgpu, XVGPU_INTR_ENABLE);
    const uint32_t code = vgpu->st->quarantine ? XVGPU_FAULT_QUARANTINE
                          : reason == XVGPU_RESET_GUARD
                              ? XVGPU_FAULT_GUARD
                              : XVGPU_FAULT_ENGINE_RESET;
    uint32_t vectors[XVGPU_NR_ENGINES];
    unsigned int n;

    for (n = 0; n < XVGPU_NR_ENGINES; n++) {
        vectors[n] = csr_get32(vgpu, engine_csr(n, XVGPU_VECTOR));
        ports[n] = vgpu->engines[n].present && vgpu->st->reset_tell & 1u << n
                       ? csr_get32(vgpu, engine_csr(n, XVGPU_COMPLETION_PORT))
                       : 0;
    }
    native_reset(vgpu, reason);
    csr_set32(vgpu, XVGPU_INTR_ENABLE, enable);
    for (n = 0; n < XVGPU_NR_ENGINES; n++) {
        if (!vgpu->engines[n].present)
            continue;
        csr_set32(vgpu, engine_csr(n, XVGPU_VECTOR), vectors[n]);
        if (vgpu->st->reset_tell & 1u << n)
            engine_tell_reset(vgpu, n, code);
    }
    vgpu->st->reset_tell = 0;
}

/* It sends the next one when it knows that this one is done. */
void reset_done(const struct vgpu *vgpu)
{
    const struct proto_msg msg = {.version = PROTO_VERSION,
                                  .type = PROTO_RESET_DONE,
                                  .u.reset = {.index = vgpu->index}};
    unsigned int tries = 0;
    int rc;

    while ((rc = proto_send(vgpu->dev->sock, &msg, NULL, 0, NULL, 0)) &&
           rc != -EPIPE && ++tries < TELL_TRIES)
        guard_sleep(TELL_PAUSE_NS);
    if (rc && rc != -EPIPE)
        log_error("vGPU %u: telling the monitor of a reset failed: %s",
                  vgpu->index, strerror(-rc));
}

void reset_by_host(struct vgpu *vgpu, uint32_t reason, bool quarantine)
{
    struct device *dev = vgpu->dev;
    uint32_t ports[XVGPU_NR_ENGINES];
    unsigned int n;

    pthread_mutex_lock(&dev->lock);
    /* Kept for a successor, should this process die on the way. */
    vgpu->st->reset_tell |= to_be_told(vgpu, quarantine);
    pthread_mutex_unlock(&dev->lock);
    clear(vgpu);
    pthread_mutex_lock(&dev->lock);
    vgpu->st->quarantine = quarantine;
    reset_and_tell(vgpu, reason, ports);
    pthread_mutex_unlock(&dev->lock);
    for (n = 0; n < XVGPU_NR_ENGINES; n++)
        if (ports[n])
            ring_port(vgpu, ports[n]);
    log_limited(&vgpu->limit, LOG_WARNING, "vGPU %u: reset by the host%s",
                vgpu->index, quarantine ? ", in quarantine" : "");
    reset_done(vgpu);
}

void reset_queue(struct device *dev, const struct proto_msg *msg)
{
    struct vgpu *vgpu;

    if (msg->u.reset.index >= dev->nr_vgpus)
        return;
    vgpu = &dev->vgpus[msg->u.reset.index];
    pthread_mutex_lock(&dev->lock);
    /* At once: nothing is started behind its back. */
    if (msg->u.reset.quarantine)
        vgpu->st->quarantine = true;
    worker_queue(dev, (struct job){.type = JOB_HOST_RESET,
                                   .vgpu = vgpu,
                                   .value = msg->u.reset.reason,
                                   .quarantine = msg->u.reset.quarantine,
                                   .vcpu = NO_VCPU});
    pthread_mutex_unlock(&dev->lock);
}
