/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-ops.h"

#include <pthread.h>
#include <unistd.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/pci.h>

#include "dm/device/virtio.h"
#include "lib/pci.h"

#define MAX_REPS 64u

struct ops ops;

static uint64_t bar(const struct op *op, unsigned int n, uint64_t fixed)
{
    const struct drig_vgpu *v = &ops.rig.config.vgpus[op->vgpu];
    const uint16_t bdf = (uint16_t)v->devfn;
    uint32_t value = 0;

    if (v->virtio)
        n = n == XVGPU_BAR_CSR ? VIRTIO_BAR : VIRTIO_BAR_MSIX;

    if (!__atomic_load_n(&ops.moved, __ATOMIC_RELAXED))
        return fixed + op->vgpu * DRIG_STEP;
    FUZZ_CHECK(fx_pci_cfg_read(ops.rig.domid, op->vcpu, bdf, PCI_BAR(n), 4,
                               &value) == 0);
    return value & ~15u;
}

static void mmio(const struct op *op, uint64_t gpa, bool write)
{
    uint64_t value;

    if (write)
        FUZZ_CHECK(fx_mmio_write(ops.rig.domid, op->vcpu, gpa, op->size,
                                 op->value) == 0);
    else
        FUZZ_CHECK(
            fx_mmio_read(ops.rig.domid, op->vcpu, gpa, op->size, &value) == 0);
}

static void config(const struct op *op, bool write)
{
    const uint16_t bdf = (uint16_t)ops.rig.config.vgpus[op->vgpu].devfn;
    const unsigned int size = op->size > 4 ? 4 : op->size;
    const unsigned int reg = (op->offset & 0xff) & ~(size - 1);
    uint32_t value;

    if (!write) {
        FUZZ_CHECK(fx_pci_cfg_read(ops.rig.domid, op->vcpu, bdf, reg, size,
                                   &value) == 0);
        return;
    }
    __atomic_store_n(&ops.moved, true, __ATOMIC_RELAXED);
    FUZZ_CHECK(fx_pci_cfg_write(ops.rig.domid, op->vcpu, bdf, reg, size,
                                (uint32_t)op->value) == 0);
}

static void rep(const struct op *op)
{
    const int dir = op->more & 1 ? IOREQ_WRITE : IOREQ_READ;

    fx_mmio_rep(ops.rig.domid, op->vcpu,
                bar(op, XVGPU_BAR_CSR, DRIG_BAR0) +
                    op->offset % XVGPU_CSR_BAR_SIZE,
                dir, op->size, 1 + (op->more >> 2) % MAX_REPS, op->more & 2,
                op->value % (2 * OPS_RAM));
}

static void raw(const struct op *op)
{
    static const uint8_t types[] = {IOREQ_TYPE_COPY,
                                    IOREQ_TYPE_PIO,
                                    IOREQ_TYPE_PCI_CONFIG,
                                    IOREQ_TYPE_INVALIDATE,
                                    3,
                                    255};
    const unsigned int more = op->more;
    struct ioreq req = {
        .addr = bar(op, XVGPU_BAR_CSR, DRIG_BAR0) + op->offset,
        .data = op->value,
        .count = more >> 10 == 63 ? ~0u : (more >> 10) + !(more & 0x200),
        .size = more & 0x100 ? op->offset >> 24 : op->size,
        .type = types[(more & 15) % sizeof(types)],
        .dir = more >> 4 & 1,
        .df = more >> 5 & 1,
        .data_is_ptr = more >> 6 & 1,
    };

    if (req.type == IOREQ_TYPE_PCI_CONFIG) {
        __atomic_store_n(&ops.moved, true, __ATOMIC_RELAXED);
        req.addr = (uint64_t)ops.rig.config.vgpus[op->vgpu].devfn << 32 |
                   (op->offset & 0xfff);
    }
    FUZZ_CHECK(fx_ioreq_raw(ops.rig.domid, op->vcpu, ops.rig.ioservid, &req) ==
               0);
}

static void ram(const struct op *op)
{
    fx_write(ops.rig.domid, op->offset % (OPS_RAM - 8), &op->value, op->size);
}

static void balloon(const struct op *op)
{
    const xen_pfn_t gfn = op->offset % (OPS_RAM >> 12);

    /* A page that is not there any more is no error of ours. */
    if (fx_populated(ops.rig.domid, gfn) &&
        fx_balloon_out(ops.rig.domid, op->vcpu, gfn, 1) == 0)
        __atomic_fetch_add(&ops.ballooned, 1, __ATOMIC_RELAXED);
}

/* The same for what it says of a scanout. */
static void scanout_write(const struct op *op)
{
    void *base = ops.rig.engines[op->vgpu].scanouts;

    if (base)
        __atomic_store_n((uint32_t *)(void *)scanout_head(base, op->more & 3) +
                             op->offset % 9,
                         (uint32_t)op->value, __ATOMIC_RELAXED);
}

/* The engine may write to all of its page. That it does not acknowledge
 * commands costs seconds, and test-device has it. */
static void link_write(const struct op *op)
{
    uint32_t *page = (uint32_t *)(void *)ops.rig.engines[op->vgpu].link;
    const unsigned int dw = op->offset / 4 % (LINK_SIZE / 4);

    if (ops.rig.config.real_engine ||
        dw == offsetof(struct link_dev, cmd_seq) / 4)
        return;
    __atomic_store_n(&page[dw], (uint32_t)op->value, __ATOMIC_RELAXED);
    if (op->size == 8 && dw + 1 < LINK_SIZE / 4 &&
        dw + 1 != offsetof(struct link_dev, cmd_seq) / 4)
        __atomic_store_n(&page[dw + 1], (uint32_t)(op->value >> 32),
                         __ATOMIC_RELAXED);
}

static void event(const struct op *op)
{
    const uint64_t one = 1;

    FUZZ_CHECK(write(ops.rig.engines[op->vgpu].event, &one, sizeof(one)) ==
               sizeof(one));
}

static void run(const struct op *op)
{
    const uint64_t csr = op->offset % XVGPU_CSR_BAR_SIZE;
    const uint64_t msix = op->offset % XVGPU_MSIX_BAR_SIZE;

    switch (op->kind) {
    case OP_CSR_WRITE:
    case OP_CSR_READ:
        mmio(op, bar(op, XVGPU_BAR_CSR, DRIG_BAR0) + csr,
             op->kind == OP_CSR_WRITE);
        break;
    case OP_CFG_WRITE:
    case OP_CFG_READ:
        config(op, op->kind == OP_CFG_WRITE);
        break;
    case OP_MSIX_WRITE:
    case OP_MSIX_READ:
        mmio(op, bar(op, XVGPU_BAR_MSIX, DRIG_BAR4) + msix,
             op->kind == OP_MSIX_WRITE);
        break;
    case OP_MMIO_WRITE:
    case OP_MMIO_READ:
        mmio(op,
             ((uint64_t)op->offset << 12 | (op->more & 0xfff)) & 0xffffffffff,
             op->kind == OP_MMIO_WRITE);
        break;
    case OP_REP:
        rep(op);
        break;
    case OP_RAW:
        raw(op);
        break;
    case OP_RAM:
        ram(op);
        break;
    case OP_BALLOON:
        balloon(op);
        break;
    case OP_LINK:
        link_write(op);
        break;
    case OP_EVENT:
        event(op);
        break;
    case OP_DIES:
        drig_engine_dies(&ops.rig, op->vgpu);
        break;
    case OP_REFUSE:
        __atomic_store_n(&ops.rig.refuse_start, op->value & 1,
                         __ATOMIC_RELAXED);
        break;
    case OP_QUERY:
        drig_query(&ops.rig, op->more & 7, op->offset & 7);
        break;
    case OP_RESET:
        drig_reset(&ops.rig, op->vgpu, op->more, op->value & 1);
        break;
    default:
        if (op->value & 1)
            fx_evtchn_alloc_unbound(ops.rig.domid);
        else if (op->value & 2)
            scanout_write(op);
        else
            fx_evtchn_notify(ops.rig.domid, op->offset & 0xff);
    }
}

static void *vcpu_main(void *arg)
{
    const bool vcpu = arg;
    unsigned int i;

    for (i = 0; i < ops.nr; i++) {
        if (ops.op[i].vcpu == vcpu)
            run(&ops.op[i]);
    }
    return NULL;
}

void ops_run(bool threads)
{
    pthread_t other;
    unsigned int i;

    if (threads) {
        FUZZ_CHECK(pthread_create(&other, NULL, vcpu_main, &ops) == 0);
        vcpu_main(NULL);
        pthread_join(other, NULL);
        return;
    }
    for (i = 0; i < ops.nr; i++)
        run(&ops.op[i]);
}

void ops_parse(struct bytes *in, bool two)
{
    struct op *op;
    uint8_t how;

    ops.moved = false;
    ops.ballooned = 0;
    for (ops.nr = 0; bytes_left(in) && ops.nr < OPS_MAX; ops.nr++) {
        op = &ops.op[ops.nr];
        op->kind = (uint8_t)take(in, 1) % NR_OPS;
        how = (uint8_t)take(in, 1);
        op->size = (uint8_t)(1u << (how & 3));
        op->vcpu = how & 4;
        op->vgpu = two && (how & 8);
        op->more = (uint16_t)take(in, 2);
        op->offset = (uint32_t)take(in, 4);
        op->value = take(in, 8);
    }
}
