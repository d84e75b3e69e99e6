/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets as text, from the tables of lib/packets.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/packets.h"
#include "tools/disasm.h"

#define A_LINE 8u /* dwords of data */

static uint64_t wide(const uint32_t *dw)
{
    return dw[0] | (uint64_t)dw[1] << 32;
}

static void print_field(FILE *out, const struct packet_field *f,
                        const uint32_t *dw)
{
    char name[256];
    float real;

    if (!dw[0] && (f->kind != FIELD_U64 || !dw[1]))
        return;
    fprintf(out, " %s=", f->name);
    switch (f->kind) {
    case FIELD_I32:
        fprintf(out, "%" PRId32, (int32_t)dw[0]);
        return;
    case FIELD_F32:
        memcpy(&real, dw, sizeof(real));
        fprintf(out, "%g", (double)real);
        return;
    case FIELD_U64:
        fprintf(out, "0x%" PRIx64, wide(dw));
        return;
    case FIELD_OBJECT:
        fprintf(out, "#%" PRIu32, dw[0]);
        return;
    }
    packet_value_name(f, dw[0], name, sizeof(name));
    if (dw[0] > 0xffff)
        fprintf(out, "0x%" PRIx32, dw[0]);
    else
        fprintf(out, "%" PRIu32, dw[0]);
    if (*name)
        fprintf(out, "(%s)", name);
}

static void print_fields(FILE *out, const struct packet_struct *s,
                         const uint32_t *dw)
{
    uint32_t i;

    for (i = 0; i < s->nr_fields; i++) {
        print_field(out, &s->fields[i], dw);
        dw += s->fields[i].kind == FIELD_U64 ? 2 : 1;
    }
}

static void print_data(FILE *out, const uint32_t *dw, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        fprintf(out, "%s %08" PRIx32 "%s", i % A_LINE ? "" : "            ",
                dw[i], i % A_LINE == A_LINE - 1 || i == n - 1 ? "\n" : "");
}

/* What follows the fields: true if that is what they say. */
static bool print_tail(FILE *out, const struct packet_desc *desc,
                       const uint32_t *dw, size_t n)
{
    const struct packet_struct *s;
    size_t at = desc->dwords;
    uint64_t count = 0;
    unsigned int i;

    for (i = 0; (s = packet_tail(desc, dw, i, &count)); i++) {
        if (s->nr_fields == 1) { /* bare dwords */
            if (count > n - at)
                break;
            print_data(out, dw + at, (size_t)count);
            at += (size_t)count;
            continue;
        }
        for (; count && n - at >= s->dwords; count--, at += s->dwords) {
            fprintf(out, "             %s", s->name);
            print_fields(out, s, dw + at);
            fputc('\n', out);
        }
        if (count)
            break;
    }
    if (at == n && !s)
        return true;
    print_data(out, dw + at, n - at);
    return false;
}

/* True: it has the shape that it should have. */
static bool print_packet(struct disasm *d, const uint32_t *dw, size_t n)
{
    const struct packet_desc *desc =
        packet_find(XVGPU_PKT_TYPE(dw[0]), d->engines);
    bool ok = !XVGPU_PKT_VMID(dw[0]);

    if (!desc || n < desc->dwords) {
        fprintf(d->out, "%s, type 0x%02x, %zu dwords\n",
                desc ? desc->name : "unknown", XVGPU_PKT_TYPE(dw[0]), n);
        print_data(d->out, dw + 1, n - 1);
        return false;
    }
    fputs(desc->name, d->out);
    if (XVGPU_PKT_FLAGS(dw[0]))
        fprintf(d->out, " flags=0x%x", XVGPU_PKT_FLAGS(dw[0]));
    print_fields(d->out, &desc->fields, dw + 1);
    fputc('\n', d->out);
    if (desc->type == XVGPU_PKT_IB && d->ib)
        d->ib(d->arg, wide(dw + 1), dw[3]);
    if (desc->longer == 1)
        return print_tail(d->out, desc, dw, n) && ok;
    if (desc->type == XVGPU_PKT_NOP) /* nobody looks at the rest */
        return ok;
    print_data(d->out, dw + desc->dwords, n - desc->dwords);
    return ok && (desc->longer || n == desc->dwords);
}

void disasm_packets(struct disasm *d, const uint32_t *dw, size_t n,
                    uint64_t addr)
{
    size_t at = 0, len;

    while (at < n) {
        fprintf(d->out, "%10" PRIx64 ": ", addr + at * 4);
        len = XVGPU_PKT_DWORDS(dw[at]);
        d->counts.packets++;
        if (!len || len > n - at) {
            fprintf(d->out, "no packet: header 0x%08" PRIx32 "\n", dw[at]);
            d->counts.wrong++;
            return;
        }
        if (!print_packet(d, dw + at, len)) {
            fprintf(d->out, "             !! malformed\n");
            d->counts.wrong++;
        }
        at += len;
    }
}
