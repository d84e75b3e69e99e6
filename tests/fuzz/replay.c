/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay FILE...: feeds recordings (lib/trace.h) to the device's production
 * objects on the fake Xen, one access after the other, and compares answers.
 * The engine behind it acknowledges everything and runs nothing: registers
 * that depend on it, on time or on the domain's past are not compared.
 */
#include <errno.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/pci.h>

#include "device-rig.h"
#include "fuzz.h"
#include "lib/pci.h"
#include "lib/trace.h"

#define RAM (16ull << 20)
#define DIFFERENCES_SHOWN 20u

struct row {
    unsigned int offset, width, count;
    bool rw;
};

#define RW 1
#define CFG 1
#define RO 0
#define W1C 0
#define CMD 0
#define ROW(name, offset, width, count, access, reset, saved, text)            \
    {offset, width, count, access},
static const struct row global_rows[] = {XVGPU_CSRS(ROW)};
static const struct row engine_rows[] = {XVGPU_ENGINE_CSRS(ROW)};
#undef RW
#undef CFG

/* Beside what the guest stored itself. */
static const struct {
    unsigned int offset, bytes;
} constants[] = {
    {XVGPU_MAGIC, 4},   {XVGPU_ABI_VERSION, 4}, {XVGPU_FEATURES, 4},
    {XVGPU_ENGINES, 4}, {XVGPU_VGPU_INDEX, 4},  {XVGPU_VRAM_SIZE, 8},
};

/* Whether a byte of BAR 0 has one possible value. */
static bool fixed[XVGPU_CSR_BAR_SIZE];

static struct drig rig;

struct replay {
    const char *file;
    uint64_t accesses, state, compared, differ, skipped;
};

static void fix_rows(unsigned int base, const struct row *rows, size_t nr)
{
    size_t i;

    for (i = 0; i < nr; i++) {
        if (rows[i].rw)
            memset(fixed + base + rows[i].offset, true,
                   rows[i].width * rows[i].count);
    }
}

static void find_fixed(void)
{
    size_t i;

    fix_rows(0, global_rows, sizeof(global_rows) / sizeof(*global_rows));
    fix_rows(XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA), engine_rows,
             sizeof(engine_rows) / sizeof(*engine_rows));
    for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
        memset(fixed + constants[i].offset, true, constants[i].bytes);
}

static uint64_t bar(uint32_t vgpu, unsigned int n)
{
    uint32_t value = 0;

    fx_pci_cfg_read(rig.domid, 0, (uint16_t)rig.config.vgpus[vgpu].devfn,
                    PCI_BAR(n), 4, &value);
    return value & ~15u;
}

/* The bits of an answer that can be compared. */
static uint64_t comparable(const struct trace_record *r)
{
    const uint64_t csr_end = XVGPU_CSR_BAR_SIZE;
    uint64_t mask = 0, at;
    uint32_t v;
    unsigned int i;

    if (r->space == TRACE_CFG) {
        /* All but the status register's interrupt bit. */
        mask = r->size == 8 ? ~0ull : (1ull << (8 * r->size)) - 1;
        return (r->addr & 0xfc) == PCI_COMMAND ? mask & 0xffff : mask;
    }
    if (r->space == TRACE_PIO)
        return r->size == 4 ? ~0u : 0;
    for (v = 0; v < rig.config.nr_vgpus; v++) {
        at = r->addr - bar(v, XVGPU_BAR_CSR);
        for (i = 0; at < csr_end && i < r->size && at + i < csr_end; i++) {
            if (fixed[at + i])
                mask |= 0xffull << (8 * i);
        }
        at = r->addr - bar(v, XVGPU_BAR_MSIX);
        if (at + r->size <= 16 * XVGPU_MSIX_VECTORS)
            return r->size == 8 ? ~0ull : (1ull << (8 * r->size)) - 1;
    }
    return mask;
}

static int run(const struct trace_record *r, uint64_t *value)
{
    const bool write = r->flags & TRACE_WRITE;
    const uint16_t bdf = (uint16_t)(r->addr >> 32);
    const unsigned int reg = r->addr & 0xff;
    uint32_t dword = 0;
    int rc;

    switch (r->space) {
    case TRACE_MMIO:
        return write
                   ? fx_mmio_write(rig.domid, r->vcpu, r->addr, r->size,
                                   r->data)
                   : fx_mmio_read(rig.domid, r->vcpu, r->addr, r->size, value);
    case TRACE_CFG:
        rc = write ? fx_pci_cfg_write(rig.domid, r->vcpu, bdf, reg, r->size,
                                      (uint32_t)r->data)
                   : fx_pci_cfg_read(rig.domid, r->vcpu, bdf, reg, r->size,
                                     &dword);
        *value = dword;
        return rc;
    case TRACE_PIO:
        rc = write ? fx_pio_write(rig.domid, r->vcpu, (uint16_t)r->addr,
                                  r->size, (uint32_t)r->data)
                   : fx_pio_read(rig.domid, r->vcpu, (uint16_t)r->addr, r->size,
                                 &dword);
        *value = dword;
        return rc;
    default:
        return -EINVAL;
    }
}

static int invalidate(const struct trace_record *r)
{
    struct ioreq req = {.type = IOREQ_TYPE_INVALIDATE};

    return fx_ioreq_raw(rig.domid, r->vcpu, rig.ioservid, &req);
}

static void compare(struct replay *p, const struct trace_record *r,
                    uint64_t value)
{
    const uint64_t mask = comparable(r);

    if (!mask)
        return;
    p->compared++;
    if (!((value ^ r->data) & mask))
        return;
    if (p->differ++ < DIFFERENCES_SHOWN)
        printf("%s: access %llu, %u bytes at %s 0x%llx: 0x%llx, recorded was "
               "0x%llx\n",
               p->file, (unsigned long long)p->accesses, r->size,
               r->space == TRACE_CFG ? "config" : "MMIO",
               (unsigned long long)r->addr, (unsigned long long)value,
               (unsigned long long)r->data);
}

static void replay_record(struct replay *p, const struct trace_record *r)
{
    uint64_t value = 0;
    int rc;

    if (r->flags & TRACE_STATE)
        p->state++;
    else
        p->accesses++;
    /* What nobody had claimed may be RAM here. */
    if (r->flags & TRACE_NOBODY) {
        p->skipped++;
        return;
    }
    rc = r->space == TRACE_INVALIDATE ? invalidate(r) : run(r, &value);
    FUZZ_CHECK(rc != -EIO && rc != -ETIMEDOUT);
    if (rc)
        p->skipped++;
    else if (!(r->flags & (TRACE_WRITE | TRACE_SLOW)) &&
             r->space != TRACE_INVALIDATE)
        compare(p, r, value);
}

static void make_rig(const struct trace_header *h)
{
    struct drig_config c = {.ram = RAM,
                            .nr_vcpus = h->nr_vcpus,
                            .nr_vgpus = h->nr_vgpus,
                            .pvh = h->pvh};
    uint32_t i;

    for (i = 0; i < h->nr_vgpus; i++)
        c.vgpus[i] = (struct drig_vgpu){.devfn = h->vgpus[i].devfn,
                                        .vram_size = h->vgpus[i].vram_size,
                                        .vram_gfn = h->vgpus[i].vram_gfn,
                                        .engines = h->vgpus[i].engines};
    drig_new(&rig, &c);
}

static int replay_file(const char *file)
{
    struct replay p = {.file = file};
    FILE *f = fopen(file, "rb");
    struct trace_header h;
    struct trace_record r;
    const char *why = NULL;

    if (!f || fread(&h, sizeof(h), 1, f) != 1)
        why = f ? "it is too short" : strerror(errno);
    else
        why = trace_header_check(&h, TRACE_IOREQ);
    if (why) {
        fprintf(stderr, "replay: %s: %s\n", file, why);
        if (f)
            fclose(f);
        return 1;
    }
    make_rig(&h);
    while (!why && fread(&r, sizeof(r), 1, f) == 1) {
        if (trace_record_check(&h, &r))
            replay_record(&p, &r);
        else
            why = "a record makes no sense";
    }
    fclose(f);
    drig_free(&rig);
    if (why)
        fprintf(stderr, "replay: %s: %s\n", file, why);
    printf("%s: %llu accesses after %llu of state, %llu not replayed, "
           "%llu answers compared, %llu differ\n",
           file, (unsigned long long)p.accesses, (unsigned long long)p.state,
           (unsigned long long)p.skipped, (unsigned long long)p.compared,
           (unsigned long long)p.differ);
    return why || p.differ || !p.accesses;
}

int main(int argc, char **argv)
{
    int i, rc = argc < 2;

    find_fixed();
    for (i = 1; i < argc; i++)
        rc |= replay_file(argv[i]);
    return rc;
}
