/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets as text, for people. What is printed may be hostile. */
#ifndef TOOLS_DISASM_H
#define TOOLS_DISASM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct disasm_counts {
    uint64_t packets, wrong;
};

/* Indirect buffers that were met, to be looked at later. */
typedef void disasm_ib_fn(void *arg, uint64_t addr, uint32_t dwords);

struct disasm {
    FILE *out;
    uint32_t engines; /* bit mask */
    disasm_ib_fn *ib; /* or NULL */
    void *arg;
    struct disasm_counts counts;
};

/* n dwords, of which the first is at `addr`: a line a packet, and one a
 * structure. Fields that are 0 are left out, and so are reserved ones. */
void disasm_packets(struct disasm *d, const uint32_t *dw, size_t n,
                    uint64_t addr);

/* A file's contents, aligned as malloc() does: a recording, or bare dwords.
 * NULL, or what is wrong with it. */
const char *disasm_file(struct disasm *d, const void *data, size_t len);

#endif
