/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu disasm: a captured stream of commands as text. */
#include "tools/disasm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/packets.h"
#include "lib/trace.h"
#include "tools/commands.h"
#include "tools/file.h"
#include "tools/print.h"

/* Indirect buffers that are printed: each once for a stretch of the ring,
 * however often it is run. */
#define MAX_IBS 1024u
/* What a small file may cost: dwords and blocks that are looked at. */
#define BUDGET_MIN (1u << 20)

struct ib {
    uint64_t addr;
    uint32_t dwords;
};

struct recording {
    struct trace_reader blocks; /* from the first on */
    struct ib ibs[MAX_IBS];
    unsigned int nr_ibs, printed;
    uint64_t budget; /* of all indirect buffers: dwords, and blocks looked at */
    bool left_out;
};

static void met(void *arg, uint64_t addr, uint32_t dwords)
{
    struct recording *r = arg;
    unsigned int i;

    for (i = 0; i < r->nr_ibs; i++)
        if (r->ibs[i].addr == addr && r->ibs[i].dwords == dwords)
            return;
    if (i == MAX_IBS)
        r->left_out = true;
    else
        r->ibs[r->nr_ibs++] = (struct ib){addr, dwords};
}

/* The memory that a buffer is in, all of it, as the last block up to `end`
 * that has it says; NULL: none. */
static const uint32_t *find(struct recording *r, const struct ib *ib,
                            const uint8_t *end)
{
    struct trace_reader blocks = r->blocks;
    struct trace_block b;
    const void *data;
    const uint32_t *found = NULL;
    uint64_t bytes = ib->dwords * 4ull;

    while (blocks.at < end && r->budget &&
           trace_next_block(&blocks, &b, &data) == 1) {
        r->budget--;
        if (b.type == TRACE_MEMORY && ib->addr % 4 == 0 && b.addr <= ib->addr &&
            ib->addr - b.addr <= b.size &&
            b.size - (ib->addr - b.addr) >= bytes)
            found = (const uint32_t *)data + (ib->addr - b.addr) / 4;
    }
    return found;
}

/* All that the ring's packets led to, also those that those led to. */
static void print_ibs(struct disasm *d, struct recording *r, const uint8_t *end)
{
    while (r->printed < r->nr_ibs && r->budget) {
        const struct ib ib = r->ibs[r->printed++];
        const uint32_t *dw = find(r, &ib, end);

        fprintf(d->out,
                "indirect buffer at 0x%" PRIx64 ", %" PRIu32 " dwords%s\n",
                ib.addr, ib.dwords, dw ? "" : ": not in the file");
        if (!dw)
            continue;
        if (ib.dwords > r->budget) {
            r->left_out = true;
            continue;
        }
        r->budget -= ib.dwords;
        disasm_packets(d, dw, ib.dwords, ib.addr);
    }
    r->left_out |= r->printed < r->nr_ibs;
    r->printed = r->nr_ibs = 0;
}

static const char *print_recording(struct disasm *d, const void *data,
                                   size_t len)
{
    struct recording *r = calloc(1, sizeof(*r));
    struct trace_reader blocks;
    struct trace_header header;
    struct trace_block b;
    const char *why;
    const void *bytes;
    int rc = 0;

    if (!r)
        return strerror(ENOMEM);
    why = trace_reader_init(&blocks, &header, data, len);
    if (why)
        goto out;
    r->blocks = blocks;
    r->budget = len + BUDGET_MIN;
    d->ib = met;
    d->arg = r;
    while ((rc = trace_next_block(&blocks, &b, &bytes)) == 1) {
        switch (b.type) {
        case TRACE_MEMORY:
        case TRACE_ZEROES:
            fprintf(d->out, "memory at 0x%" PRIx64 ", 0x%" PRIx64 " bytes%s\n",
                    b.addr, b.size, b.type == TRACE_ZEROES ? " of 0" : "");
            break;
        case TRACE_SHOWN:
            fprintf(d->out,
                    "picture at 0x%" PRIx64 ", %" PRIu32 " x %" PRIu32 "\n",
                    b.addr, b.width, b.height);
            break;
        case TRACE_RING:
            fprintf(d->out, "ring of engine %" PRIu32 "\n", b.engine);
            d->engines = 1u << b.engine;
            disasm_packets(d, bytes, (size_t)b.size / 4, 0);
            print_ibs(d, r, blocks.at);
            break;
        }
    }
    if (r->left_out)
        fputs("Some indirect buffers were left out: there are too many.\n",
              d->out);
    if (rc)
        why = "what is behind the last block makes no sense";

out:
    d->ib = NULL;
    free(r);
    return why;
}

const char *disasm_file(struct disasm *d, const void *data, size_t len)
{
    if (len >= sizeof(TRACE_MAGIC) - 1 &&
        !memcmp(data, TRACE_MAGIC, sizeof(TRACE_MAGIC) - 1))
        return print_recording(d, data, len);
    disasm_packets(d, data, len / 4, 0);
    return len % 4 ? "the last bytes are no whole dword" : NULL;
}

int command_disasm(const char *file)
{
    struct disasm d = {.out = stdout, .engines = PACKET_ALL_ENGINES};
    const char *why;
    size_t len;
    void *data = file_read(file, &len);

    if (!data) {
        tool_error("read %s: %s", file, strerror(errno));
        return EXIT_FAILED;
    }
    why = disasm_file(&d, data, len);
    free(data);
    if (why) {
        fflush(stdout);
        tool_error("%s: %s", file, why);
        return EXIT_FAILED;
    }
    printf("%" PRIu64 " packets, %" PRIu64 " malformed\n", d.counts.packets,
           d.counts.wrong);
    return EXIT_OK;
}
