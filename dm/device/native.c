/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "dm/device/model.h"
#include "lib/probes.h"

/* What the description says of the function, whatever the state says. */
static int describe(struct vgpu *vgpu, uint32_t engines)
{
    const struct pci_desc desc = {
        .vendor = XVGPU_PCI_VENDOR,
        .device = XVGPU_PCI_DEVICE,
        .class_code = XVGPU_PCI_CLASS,
        .revision = XVGPU_PCI_REVISION,
        .no_intx = vgpu->dev->pvh,
        .bars = {[XVGPU_BAR_CSR] = {.size = XVGPU_CSR_BAR_SIZE},
                 [XVGPU_BAR_VRAM] = {.size = vgpu->vram_size,
                                     .is_64 = true,
                                     .prefetch = true},
                 [XVGPU_BAR_MSIX] = {.size = XVGPU_MSIX_BAR_SIZE}},
        .msix_vectors = XVGPU_MSIX_VECTORS,
        .msix_bar = XVGPU_BAR_MSIX,
        .msix_table = XVGPU_MSIX_TABLE,
        .msix_pba = XVGPU_MSIX_PBA,
    };
    unsigned int e;

    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        vgpu->engines[e].present = engines & 1u << e;
        vgpu->engines[e].st = &vgpu->st->engines[e];
    }
    csr_init();
    return pci_function_init(&vgpu->st->pci, &desc);
}

static int init(struct vgpu *vgpu, const struct proto_msg *about)
{
    struct device *dev = vgpu->dev;
    int rc;

    rc = describe(vgpu, about->u.vgpu.engines);
    if (rc)
        return rc;
    vgpu->st->vram_gfn = vgpu->st->vram_to = about->u.vgpu.vram_gfn;
    vgpu->st->csr_at = vgpu->st->msix_at = PCI_BAR_UNMAPPED;
    irq_init(&vgpu->st->irq, &vgpu->st->pci, dev->dmod, dev->domid,
             vgpu->devfn);
    csr_reset(vgpu, true);
    native_reset(vgpu, XVGPU_RESET_POWER_ON);
    vgpu->st->version = STATE_VERSION;
    return 0;
}

/* No processor that Xen runs on has second-level tables for more. */
#define GPA_BITS 48

static bool vram_may_be_at(const struct vgpu *vgpu, uint64_t gfn)
{
    return gfn <= (UINT64_C(1) << (GPA_BITS - 12)) - (vgpu->vram_size >> 12);
}

/* The process that has left it may have been its guest's. What only the guest
 * sees may be anything that the guest can make of it; what would lead us
 * astray has to make sense. */
static int check_state(struct vgpu *vgpu)
{
    struct vgpu_state *st = vgpu->st;
    unsigned int e;

    if (!vram_may_be_at(vgpu, st->vram_gfn) ||
        !vram_may_be_at(vgpu, st->vram_to) ||
        st->vram_moved > vgpu->vram_size >> 12) {
        log_error("vGPU %u: what the dead process says of VRAM makes no sense",
                  vgpu->index);
        return -EBADMSG;
    }
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        if (st->engines[e].status > XVGPU_STATUS_STOPPED)
            st->engines[e].status = XVGPU_STATUS_STOPPED;
        if (st->engines[e].pending > LINK_CMD_RESUME)
            st->engines[e].pending = LINK_CMD_NONE;
    }
    return 0;
}

static int takeover(struct vgpu *vgpu, const struct proto_msg *about)
{
    struct device *dev = vgpu->dev;
    uint8_t cfg[PCI_CONFIG_SIZE];
    unsigned int e;
    int rc;

    if (vgpu->st->version != STATE_VERSION)
        return -ENODATA; /* it died before the guest could see anything */
    rc = check_state(vgpu);
    if (rc)
        return rc;
    memcpy(cfg, vgpu->st->pci.cfg, sizeof(cfg));
    rc = describe(vgpu, about->u.vgpu.engines);
    if (rc)
        return rc;
    pci_function_restore(&vgpu->st->pci, cfg);
    irq_take_over(&vgpu->st->irq, &vgpu->st->pci, dev->dmod, dev->domid,
                  vgpu->devfn);
    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        vgpu->engines[e].process = about->u.vgpu.running & 1u << e;
    return 0;
}

static void bad_access(struct vgpu *vgpu)
{
    csr_set32(vgpu, XVGPU_BAD_ACCESS, csr_get32(vgpu, XVGPU_BAD_ACCESS) + 1);
}

static enum ioreq_verdict on_csr(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;
    struct device *dev = vgpu->dev;
    struct csr_effect effect = {.deferred = false};
    bool sense;

    pthread_mutex_lock(&dev->lock);
    if (access->write)
        sense = csr_write(vgpu, (unsigned int)access->offset, access->size,
                          access->data, &effect);
    else
        sense = csr_read(vgpu, (unsigned int)access->offset, access->size,
                         &access->data);
    if (!sense) {
        bad_access(vgpu);
        log_limited(&vgpu->limit, LOG_WARNING,
                    "vGPU %u: %s of %u bytes at CSR offset 0x%llx makes no "
                    "sense",
                    vgpu->index, access->write ? "write" : "read", access->size,
                    (unsigned long long)access->offset);
    }
    PROBE_TRAP(dev->domid, vgpu->index, access->offset, access->size,
               access->write, access->data);
    if (effect.deferred)
        worker_queue(dev, (struct job){.type = effect.job,
                                       .vgpu = vgpu,
                                       .engine = effect.engine,
                                       .value = effect.value,
                                       .vcpu = access->vcpu});
    pthread_mutex_unlock(&dev->lock);
    return effect.deferred ? IOREQ_DEFER : IOREQ_DONE;
}

static enum ioreq_verdict on_msix(void *opaque, struct ioreq_access *access)
{
    struct vgpu *vgpu = opaque;

    pthread_mutex_lock(&vgpu->dev->lock);
    if (!function_msix(vgpu, access))
        bad_access(vgpu);
    pthread_mutex_unlock(&vgpu->dev->lock);
    return IOREQ_DONE;
}

static void catch_up(struct vgpu *vgpu)
{
    struct device *dev = vgpu->dev;
    unsigned int e;

    function_claim_again(vgpu, XVGPU_BAR_CSR, on_csr, &vgpu->csr_range,
                         vgpu->st->csr_at);
    function_claim_again(vgpu, XVGPU_BAR_MSIX, on_msix, &vgpu->msix_range,
                         vgpu->st->msix_at);
    vram_settle(vgpu);
    native_remap(vgpu);
    pthread_mutex_lock(&dev->lock);
    engines_bus_master(vgpu);
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        if (!vgpu->engines[e].present)
            continue;
        engine_event(vgpu, e);
        if (vgpu->engines[e].st->enabled &&
            (!vgpu->engines[e].process || vgpu->engines[e].st->reported)) {
            vgpu->engines[e].death_queued = true;
            worker_queue(dev, (struct job){.type = JOB_DEATH,
                                           .vgpu = vgpu,
                                           .engine = e,
                                           .vcpu = NO_VCPU});
        }
    }
    native_update_level(vgpu);
    pthread_mutex_unlock(&dev->lock);
}

/* CSRs and interrupts as after power-on; engines are stopped already. */
void native_reset(struct vgpu *vgpu, uint32_t reason)
{
    const uint32_t count = csr_get32(vgpu, XVGPU_RESET_COUNT);
    uint32_t engines = 0;
    unsigned int e;

    csr_reset(vgpu, false);
    vgpu->st->time_base_ns = clock_ns();
    for (e = 0; e < XVGPU_NR_ENGINES; e++) {
        struct engine *eng = &vgpu->engines[e];

        if (!eng->present)
            continue;
        engines |= 1u << e;
        eng->st->enabled = false;
        eng->st->status = XVGPU_STATUS_DISABLED;
        eng->st->pending = LINK_CMD_NONE;
        eng->st->reported = eng->st->stale = false;
        memset(eng->st->totals, 0, sizeof(eng->st->totals));
        memset(&eng->link->eng, 0, sizeof(eng->link->eng));
        eng->st->done_seen = eng->st->fault_seen = 0;
        LINK_WRITE(eng->link->dev.version, LINK_VERSION);
        LINK_WRITE(eng->link->dev.time_base_ns, vgpu->st->time_base_ns);
    }
    csr_set32(vgpu, XVGPU_FEATURES,
              XVGPU_FEATURE_EVTCHN | XVGPU_FEATURE_SCANOUT);
    csr_set32(vgpu, XVGPU_ENGINES, engines);
    csr_set32(vgpu, XVGPU_BACKEND_DOMID, vgpu->dev->own_domid);
    csr_set32(vgpu, XVGPU_VGPU_INDEX, vgpu->index);
    csr_set64(vgpu, XVGPU_VRAM_SIZE, vgpu->vram_size);
    csr_set64(vgpu, XVGPU_LOCAL_SIZE, vgpu->local_size);
    if (reason != XVGPU_RESET_POWER_ON)
        csr_set32(vgpu, XVGPU_RESET_COUNT, count + 1);
    csr_set32(vgpu, XVGPU_RESET_REASON, reason);
    if (reason == XVGPU_RESET_FLR)
        pci_function_reset(&vgpu->st->pci);
    /* Others leave config space alone, and the table with it. */
    if (reason == XVGPU_RESET_POWER_ON || reason == XVGPU_RESET_FLR)
        irq_reset(&vgpu->st->irq);
    else
        irq_quiet(&vgpu->st->irq);
    engines_bus_master(vgpu);
}

void native_update_level(struct vgpu *vgpu)
{
    irq_set_level(&vgpu->st->irq, csr_get32(vgpu, XVGPU_INTR_STATUS) &
                                      csr_get32(vgpu, XVGPU_INTR_ENABLE));
    function_check_irq(vgpu);
}

void native_interrupt(struct vgpu *vgpu, uint32_t bits, unsigned int vector)
{
    csr_set32(vgpu, XVGPU_INTR_STATUS,
              csr_get32(vgpu, XVGPU_INTR_STATUS) | bits);
    if (csr_get32(vgpu, XVGPU_INTR_ENABLE) & bits)
        irq_signal(&vgpu->st->irq, vector);
    native_update_level(vgpu);
}

void native_enabled(struct vgpu *vgpu, uint32_t bits)
{
    const uint32_t due = csr_get32(vgpu, XVGPU_INTR_STATUS) & bits;
    unsigned int e;

    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        if (due & (XVGPU_INTR_DONE(e) | XVGPU_INTR_FAULT(e)))
            irq_signal(&vgpu->st->irq,
                       csr_get32(vgpu, engine_csr(e, XVGPU_VECTOR)));
    native_update_level(vgpu);
}

static void count_refused(struct vgpu *vgpu)
{
    pthread_mutex_lock(&vgpu->dev->lock);
    csr_set32(vgpu, XVGPU_BAR_REFUSED, csr_get32(vgpu, XVGPU_BAR_REFUSED) + 1);
    pthread_mutex_unlock(&vgpu->dev->lock);
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* Where VRAM must not go: our trapped BARs, and the interrupt controllers
 * below 4 GiB (Xen, public/arch-x86/hvm: I/O APIC, HPET, local APIC). */
static bool vram_window_taken(const struct vgpu *vgpu, uint64_t at)
{
    const struct device *dev = vgpu->dev;
    unsigned int i;

    if (overlaps(at, vgpu->vram_size, 0xfec00000, 0x01400000) || at >> GPA_BITS)
        return true;
    for (i = 0; i < dev->nr_vgpus; i++) {
        const struct vgpu *v = &dev->vgpus[i];

        if (v->csr_range &&
            overlaps(at, vgpu->vram_size, v->st->csr_at, XVGPU_CSR_BAR_SIZE))
            return true;
        if (v->msix_range &&
            overlaps(at, vgpu->vram_size, v->st->msix_at, XVGPU_MSIX_BAR_SIZE))
            return true;
        if (v != vgpu &&
            overlaps(at, vgpu->vram_size, v->st->vram_gfn << 12, v->vram_size))
            return true;
    }
    return false;
}

void native_remap(struct vgpu *vgpu)
{
    struct device *dev = vgpu->dev;
    uint64_t csr, vram, msix;
    int rc;

    pthread_mutex_lock(&dev->lock);
    csr = pci_bar_address(&vgpu->st->pci, XVGPU_BAR_CSR);
    vram = pci_bar_address(&vgpu->st->pci, XVGPU_BAR_VRAM);
    msix = pci_bar_address(&vgpu->st->pci, XVGPU_BAR_MSIX);
    pthread_mutex_unlock(&dev->lock);

    if (function_claim(vgpu, XVGPU_BAR_CSR, on_csr, &vgpu->csr_range,
                       &vgpu->st->csr_at, csr))
        count_refused(vgpu);
    if (function_claim(vgpu, XVGPU_BAR_MSIX, on_msix, &vgpu->msix_range,
                       &vgpu->st->msix_at, msix))
        count_refused(vgpu);
    /* With decoding off VRAM stays where it is: moving costs much, and
     * Linux toggles decoding seven times in a scan. */
    if (vram == PCI_BAR_UNMAPPED || vram >> 12 == vgpu->st->vram_gfn)
        return;
    rc = vram_window_taken(vgpu, vram) ? -EBUSY : vram_move(vgpu, vram >> 12);
    if (!rc)
        return;
    count_refused(vgpu);
    function_refused(vgpu, XVGPU_BAR_VRAM, vram, rc);
}

const struct device_model native_model = {
    .init = init,
    .takeover = takeover,
    .catch_up = catch_up,
    .config = function_config,
    .engine_event = engine_event,
    .remap = native_remap,
    .control = engine_ctrl,
    .engine_died = engine_recover,
    .reset_by_guest = reset_by_guest,
    .reset_by_host = reset_by_host,
    .show = native_show,
    .regs = native_regs,
    .screenshot = native_screenshot,
};
