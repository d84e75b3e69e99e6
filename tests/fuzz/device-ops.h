/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest, its engine's process and the monitor can do to a device, as
 * records of 16 bytes: struct op.
 */
#ifndef TESTS_FUZZ_DEVICE_OPS_H
#define TESTS_FUZZ_DEVICE_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "device-rig.h"
#include "fuzz.h"

#define OPS_MAX 96u
#define OPS_RAM (4ull << 20)

enum op_kind {
    OP_CSR_WRITE,
    OP_CSR_READ,
    OP_CFG_WRITE,
    OP_CFG_READ,
    OP_MSIX_WRITE,
    OP_MSIX_READ,
    OP_MMIO_WRITE, /* anywhere: offset * 4096 + more */
    OP_MMIO_READ,
    OP_REP, /* string instruction on CSRs */
    OP_RAW, /* an ioreq that no instruction makes */
    OP_RAM, /* the guest writes its memory: a ring */
    OP_BALLOON,
    OP_LINK, /* the engine writes the link page */
    OP_EVENT,
    OP_DIES,
    OP_REFUSE, /* the monitor starts no engine, or does again */
    OP_QUERY,
    OP_PORT,  /* the guest's event channels */
    OP_RESET, /* by the host: value's bit 0: quarantine */
    NR_OPS,
};

struct op {
    uint8_t kind;
    uint8_t size; /* bytes: 1 << bits 1:0 */
    bool vcpu, vgpu;
    uint16_t more;
    uint32_t offset;
    uint64_t value;
};

/* The device that ops_run() talks to, and what has become of it. */
struct ops {
    struct drig rig;
    struct op op[OPS_MAX];
    unsigned int nr;
    bool moved; /* BARs may stand elsewhere */
    long ballooned;
};

extern struct ops ops;

/* Two vGPUs: bit 3 of a record's second byte says which. */
void ops_parse(struct bytes *in, bool two);

/* One after the other, or those of the two vCPUs at the same time. */
void ops_run(bool threads);

#endif
