/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/device/device.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xen-vgpu/packet.h>

enum access { RO, RW, CFG, W1C, CMD };

struct csr_row {
    const char *name;
    unsigned int offset, width, count;
    enum access access;
    uint64_t reset;
};

#define CSR_ROW(name, offset, width, count, access, reset, saved, text)        \
    {#name, offset, width, count, access, reset},
static const struct csr_row global_rows[] = {XVGPU_CSRS(CSR_ROW)};
static const struct csr_row engine_rows[] = {XVGPU_ENGINE_CSRS(CSR_ROW)};

#define NR(rows) (sizeof(rows) / sizeof((rows)[0]))

#define GLOBAL_SPAN 0x1000u
#define ENGINE_SPAN 0x1000u
#define NR_INDEX (GLOBAL_SPAN / 4)

/* Dword of a block to row + 1; 0: nothing there. Built by csr_init(). */
static uint8_t global_index[NR_INDEX], engine_index[NR_INDEX];

#define CSR_LAST(name, offset, width, count, access, reset, saved, text)       \
    _Static_assert((offset) + (width) * (count) <= 0x1000u, #name);
XVGPU_CSRS(CSR_LAST)
XVGPU_ENGINE_CSRS(CSR_LAST)

static void build_index(uint8_t *index, const struct csr_row *rows,
                        unsigned int nr)
{
    unsigned int i, d;

    for (i = 0; i < nr; i++)
        for (d = 0; d < rows[i].width * rows[i].count / 4; d++)
            index[rows[i].offset / 4 + d] = (uint8_t)(i + 1);
}

struct place {
    const struct csr_row *row;
    unsigned int start;  /* offset of this register in the BAR */
    unsigned int engine; /* XVGPU_NR_ENGINES: none */
    unsigned int reg;    /* offset in its block: XVGPU_* */
};

static bool find(const struct vgpu *vgpu, unsigned int offset, struct place *p)
{
    unsigned int in = offset % ENGINE_SPAN, row;

    if (offset < GLOBAL_SPAN) {
        row = global_index[in / 4];
        if (!row)
            return false;
        p->engine = XVGPU_NR_ENGINES;
        p->row = &global_rows[row - 1];
    } else {
        p->engine = (offset - GLOBAL_SPAN) / ENGINE_SPAN;
        if (p->engine >= XVGPU_NR_ENGINES || !vgpu->engines[p->engine].present)
            return false;
        row = engine_index[in / 4];
        if (!row)
            return false;
        p->row = &engine_rows[row - 1];
    }
    p->reg = in - (in - p->row->offset) % p->row->width;
    p->start = offset - in + p->reg;
    return true;
}

uint32_t csr_get32(const struct vgpu *vgpu, unsigned int offset)
{
    uint32_t value;

    memcpy(&value, vgpu->csr + offset, sizeof(value));
    return value;
}

uint64_t csr_get64(const struct vgpu *vgpu, unsigned int offset)
{
    uint64_t value;

    memcpy(&value, vgpu->csr + offset, sizeof(value));
    return value;
}

void csr_set32(struct vgpu *vgpu, unsigned int offset, uint32_t value)
{
    memcpy(vgpu->csr + offset, &value, sizeof(value));
}

void csr_set64(struct vgpu *vgpu, unsigned int offset, uint64_t value)
{
    memcpy(vgpu->csr + offset, &value, sizeof(value));
}

/* Registers that live elsewhere than in the file. */
static uint64_t global_value(const struct vgpu *vgpu, const struct place *p)
{
    switch (p->reg) {
    case XVGPU_TIMESTAMP:
        return clock_ns() - vgpu->st->time_base_ns;
    case XVGPU_INTR_ROUTE:
        return irq_route(&vgpu->st->irq);
    case XVGPU_VRAM_BASE:
        return vgpu->st->vram_gfn << 12;
    default:
        return p->row->width == 8 ? csr_get64(vgpu, p->start)
                                  : csr_get32(vgpu, p->start);
    }
}

static uint64_t engine_value(const struct vgpu *vgpu, const struct place *p)
{
    const struct engine *e = &vgpu->engines[p->engine];
    const struct link_eng *eng = &e->link->eng;

    switch (p->reg) {
    case XVGPU_CTRL:
        return e->st->enabled ? XVGPU_CTRL_ENABLE : 0;
    case XVGPU_STATUS:
        return e->st->status;
    case XVGPU_RPTR:
        return e->st->enabled ? LINK_READ(eng->rptr) : 0;
    case XVGPU_FENCE:
        return LINK_READ_ACQ(eng->fence);
    case XVGPU_WAIT_LIMIT:
        return XVGPU_WAIT_LIMIT_US;
    case XVGPU_JOBS:
        return e->st->totals[0] + LINK_READ(eng->jobs);
    case XVGPU_PACKETS:
        return e->st->totals[1] + LINK_READ(eng->packets);
    case XVGPU_BYTES:
        return e->st->totals[2] + LINK_READ(eng->bytes);
    case XVGPU_MAPS:
        return LINK_READ(eng->maps);
    case XVGPU_MAP_HITS:
        return LINK_READ(eng->map_hits);
    default:
        return p->row->width == 8 ? csr_get64(vgpu, p->start)
                                  : csr_get32(vgpu, p->start);
    }
}

static uint64_t value_of(const struct vgpu *vgpu, const struct place *p)
{
    return p->engine < XVGPU_NR_ENGINES ? engine_value(vgpu, p)
                                        : global_value(vgpu, p);
}

bool csr_read(struct vgpu *vgpu, unsigned int offset, unsigned int size,
              uint64_t *value)
{
    bool sense = true;
    unsigned int at = 0, n;
    struct place p;
    uint64_t v;

    *value = ~0ull;
    while (at < size) {
        const unsigned int off = offset + at;

        if (off >= XVGPU_CSR_BAR_SIZE || !find(vgpu, off, &p)) {
            sense = false;
            at += 4 - (off & 3);
            continue;
        }
        /* The bytes of this register that the access covers. */
        n = p.start + p.row->width - off;
        if (n > size - at)
            n = size - at;
        v = value_of(vgpu, &p) >> (8 * (off - p.start));
        memcpy((uint8_t *)value + at, &v, n);
        at += n;
    }
    return sense;
}

/* A whole register, or a whole half of one of 8 bytes. */
static bool is_whole(const struct place *p, unsigned int off, unsigned int n)
{
    return (off == p->start && n == p->row->width) ||
           (n == 4 && (off & 3) == 0);
}

static bool engine_command(struct vgpu *vgpu, const struct place *p,
                           uint32_t value, struct csr_effect *effect)
{
    struct engine *e = &vgpu->engines[p->engine];
    int rc;

    if (p->reg == XVGPU_WPTR) {
        csr_set32(vgpu, p->start, value);
        if (e->st->enabled) {
            LINK_WRITE_REL(e->link->dev.wptr, value);
            rc = link_kick(e->kick);
            if (rc)
                log_limited(&vgpu->limit, LOG_ERROR,
                            "vGPU %u: the doorbell of engine %u was lost: %s",
                            vgpu->index, p->engine, strerror(-rc));
        }
        return true;
    }
    /* CTRL */
    if (value & ~(XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME))
        return false;
    if (!(value & XVGPU_CTRL_ENABLE) && value)
        return false;
    effect->deferred = true;
    effect->job = JOB_CTRL;
    effect->engine = p->engine;
    effect->value = value;
    return true;
}

static bool command(struct vgpu *vgpu, const struct place *p, uint32_t value,
                    struct csr_effect *effect)
{
    if (p->engine < XVGPU_NR_ENGINES)
        return engine_command(vgpu, p, value, effect);
    /* RESET */
    if (value != 1)
        return false;
    effect->deferred = true;
    effect->job = JOB_RESET;
    effect->value = XVGPU_RESET_CSR;
    return true;
}

/* `n` bytes into one register, from its byte off - start on. */
static bool write_one(struct vgpu *vgpu, const struct place *p,
                      unsigned int off, unsigned int n, uint64_t value,
                      struct csr_effect *effect)
{
    uint32_t old;
    uint64_t shifted;

    switch (p->row->access) {
    case RO:
        return false;
    case CFG:
        if (vgpu->engines[p->engine].st->enabled)
            return false;
        memcpy(vgpu->csr + off, &value, n);
        return true;
    case RW:
        old = csr_get32(vgpu, XVGPU_INTR_ENABLE);
        memcpy(vgpu->csr + off, &value, n);
        if (p->start == XVGPU_INTR_ENABLE)
            native_enabled(vgpu, csr_get32(vgpu, XVGPU_INTR_ENABLE) & ~old);
        return true;
    case W1C:
        shifted = (n == 8 ? value : value & ((1ull << (8 * n)) - 1))
                  << (8 * (off - p->start));
        old = csr_get32(vgpu, p->start);
        csr_set32(vgpu, p->start, old & ~(uint32_t)shifted);
        native_update_level(vgpu);
        return true;
    case CMD:
        return is_whole(p, off, n) && command(vgpu, p, (uint32_t)value, effect);
    }
    return false;
}

bool csr_write(struct vgpu *vgpu, unsigned int offset, unsigned int size,
               uint64_t value, struct csr_effect *effect)
{
    bool sense = true;
    unsigned int at = 0, n;
    struct place p;

    effect->deferred = false;
    while (at < size) {
        const unsigned int off = offset + at;

        if (off >= XVGPU_CSR_BAR_SIZE || !find(vgpu, off, &p)) {
            sense = false;
            at += 4 - (off & 3);
            continue;
        }
        n = p.start + p.row->width - off;
        if (n > size - at)
            n = size - at;
        /* A second command in one access is dropped: one deferral each. */
        if (effect->deferred && p.row->access == CMD)
            sense = false;
        else
            sense &= write_one(vgpu, &p, off, n, value >> (8 * at), effect);
        at += n;
    }
    return sense;
}

static void reset_rows(struct vgpu *vgpu, unsigned int base,
                       const struct csr_row *rows, unsigned int nr,
                       bool power_on)
{
    unsigned int i, k;

    for (i = 0; i < nr; i++) {
        /* Counts of resets outlive them. */
        if (!power_on && base == 0 &&
            (rows[i].offset == XVGPU_RESET_COUNT ||
             rows[i].offset == XVGPU_RESET_REASON))
            continue;
        for (k = 0; k < rows[i].count; k++)
            memcpy(vgpu->csr + base + rows[i].offset + k * rows[i].width,
                   &rows[i].reset, rows[i].width);
    }
}

void csr_init(void)
{
    build_index(global_index, global_rows, NR(global_rows));
    build_index(engine_index, engine_rows, NR(engine_rows));
}

void csr_reset(struct vgpu *vgpu, bool power_on)
{
    unsigned int e;

    reset_rows(vgpu, 0, global_rows, NR(global_rows), power_on);
    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        if (vgpu->engines[e].present)
            reset_rows(vgpu, XVGPU_ENGINE_BASE(e), engine_rows, NR(engine_rows),
                       power_on);
}

static void each_set(const struct vgpu *vgpu, unsigned int base,
                     const struct csr_row *rows, unsigned int nr,
                     void (*fn)(void *opaque, unsigned int offset,
                                unsigned int size, uint64_t value),
                     void *opaque)
{
    unsigned int i, k, off;
    uint64_t value;

    for (i = 0; i < nr; i++)
        for (k = 0; k < rows[i].count; k++) {
            off = base + rows[i].offset + k * rows[i].width;
            value = rows[i].width == 8 ? csr_get64(vgpu, off)
                                       : csr_get32(vgpu, off);
            if ((rows[i].access == RW || rows[i].access == CFG) &&
                value != rows[i].reset)
                fn(opaque, off, rows[i].width, value);
        }
}

void csr_each_set(const struct vgpu *vgpu,
                  void (*fn)(void *opaque, unsigned int offset,
                             unsigned int size, uint64_t value),
                  void *opaque)
{
    unsigned int e;

    each_set(vgpu, 0, global_rows, NR(global_rows), fn, opaque);
    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        if (vgpu->engines[e].present)
            each_set(vgpu, XVGPU_ENGINE_BASE(e), engine_rows, NR(engine_rows),
                     fn, opaque);
}

static size_t dump_rows(struct vgpu *vgpu, unsigned int base,
                        const char *prefix, const struct csr_row *rows,
                        unsigned int nr, char *buf, size_t size)
{
    size_t len = 0;
    unsigned int i, k, off;
    uint64_t value;
    int n;

    for (i = 0; i < nr; i++)
        for (k = 0; k < rows[i].count && len < size; k++) {
            off = base + rows[i].offset + k * rows[i].width;
            csr_read(vgpu, off, rows[i].width, &value);
            if (rows[i].width == 4)
                value &= 0xffffffffu;
            if (rows[i].count > 1)
                n = snprintf(buf + len, size - len,
                             "0x%04x %u %s%s[%u] 0x%0*llx\n", off,
                             rows[i].width, prefix, rows[i].name, k,
                             (int)rows[i].width * 2, (unsigned long long)value);
            else
                n = snprintf(buf + len, size - len, "0x%04x %u %s%s 0x%0*llx\n",
                             off, rows[i].width, prefix, rows[i].name,
                             (int)rows[i].width * 2, (unsigned long long)value);
            if (n < 0 || (size_t)n >= size - len)
                return len;
            len += (size_t)n;
        }
    return len;
}

size_t csr_dump(struct vgpu *vgpu, char *buf, size_t size)
{
    static const char *const prefixes[XVGPU_NR_ENGINES] = {"GFX.", "SDMA.",
                                                           "MM."};
    size_t len;
    unsigned int e;

    len = dump_rows(vgpu, 0, "", global_rows, NR(global_rows), buf, size);
    for (e = 0; e < XVGPU_NR_ENGINES; e++)
        if (vgpu->engines[e].present)
            len +=
                dump_rows(vgpu, XVGPU_ENGINE_BASE(e), prefixes[e], engine_rows,
                          NR(engine_rows), buf + len, size - len);
    return len;
}
