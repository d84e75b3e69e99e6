/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings: a container for what a vGPU was fed, to be fed again.
 *
 * A file, or a pipe, is a struct trace_header and then records of
 * header.record_size bytes to the end, all fields little-endian. The header
 * names the kind of the records; a reader refuses kinds and versions that it
 * does not know. A new version may lengthen the header and the records, and
 * has the fields of the older one at their places.
 *
 * Kind TRACE_IOREQ: what one domain's ioreq server was asked, an element of a
 * string instruction each, in the order of the answers. It begins with
 * records that are marked TRACE_STATE: writes that bring a new vGPU into the
 * state in which the recording began, as far as writes can.
 *
 * Kind TRACE_COMMANDS: what an engine was given to run, and the memory that it
 * looked at. A record is a struct trace_block, with data behind it where its
 * type has some, filled up to a multiple of 8 bytes. Blocks count in their
 * order: memory is as the last one that covers it says when a ring's packets
 * run. Of the header only vgpus[0] means something: the engine, and where VRAM
 * stands.
 *
 * Whoever reads one treats it as hostile: trace_header_check(),
 * trace_record_check(), trace_next_block().
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/proto.h"

#define TRACE_MAGIC "XVGPUTRC"
#define TRACE_VERSION 1u

enum trace_kind {
    TRACE_IOREQ = 1,
    TRACE_COMMANDS = 2, /* an engine's command stream */
};

struct trace_vgpu {
    uint32_t devfn;     /* on bus 0 */
    uint32_t engines;   /* bit mask, XVGPU_ENGINE_* */
    uint64_t vram_size; /* bytes */
    uint64_t vram_gfn;  /* where it stood when the recording began */
};

struct trace_header {
    char magic[8]; /* TRACE_MAGIC, no zero behind it */
    uint32_t version;
    uint32_t kind; /* enum trace_kind */
    uint32_t header_size, record_size;
    uint32_t domid, nr_vcpus, nr_vgpus;
    uint32_t pvh;     /* 1: the PCI bus is ours, too */
    uint64_t unix_ns; /* when it began */
    struct trace_vgpu vgpus[PROTO_MAX_VGPUS];
};

enum trace_space {
    TRACE_MMIO = 0, /* addr: guest-physical; these three as ioreq.h's */
    TRACE_PIO = 1,  /* addr: port */
    TRACE_CFG = 2,  /* addr: devfn << 32 | offset */
    TRACE_INVALIDATE = 3,
};

#define TRACE_WRITE 0x01u
#define TRACE_SLOW 0x02u   /* the answer came later, from the worker */
#define TRACE_NOBODY 0x04u /* within nothing that was claimed */
#define TRACE_STATE 0x08u  /* not the guest's, see above */

struct trace_record {
    uint64_t time_ns; /* since the recording began */
    uint64_t addr;
    uint64_t data; /* written, or the answer, size bytes */
    uint8_t space; /* enum trace_space */
    uint8_t flags; /* TRACE_* */
    uint8_t size;  /* bytes: 1, 2, 4, 8 */
    uint8_t vcpu;
    uint32_t lost; /* records left out before this one: the pipe was full */
};

enum trace_block_type {
    TRACE_MEMORY = 1, /* data: what `size` bytes at `addr` hold */
    TRACE_ZEROES = 2, /* `size` bytes at `addr` are 0 */
    TRACE_RING = 3,   /* data: `size` bytes of packets, run now; addr 0 */
    TRACE_SHOWN = 4,  /* the picture in `size` bytes at `addr`, by now */
};

struct trace_block {
    uint32_t type;   /* enum trace_block_type */
    uint32_t engine; /* TRACE_RING: XVGPU_ENGINE_*; others: 0 */
    uint64_t addr;   /* bus address; a multiple of 4 */
    uint64_t size;
    uint32_t width, height; /* TRACE_SHOWN: pixels, XRGB8888; others: 0 */
};

_Static_assert(sizeof(struct trace_header) == 144, "part of the format");
_Static_assert(sizeof(struct trace_record) == 32, "part of the format");
_Static_assert(sizeof(struct trace_block) == 32, "part of the format");

/* NULL, or what is wrong with it, for a person. */
const char *trace_header_check(const struct trace_header *h, uint32_t kind);

/* Whether a record of a TRACE_IOREQ makes sense beside its header. */
bool trace_record_check(const struct trace_header *h,
                        const struct trace_record *r);

/* A recording of kind TRACE_COMMANDS in memory. */
struct trace_reader {
    const uint8_t *at, *end;
};

/* NULL, or what is wrong with the header. `data` stays the caller's. */
const char *trace_reader_init(struct trace_reader *r, struct trace_header *h,
                              const void *data, size_t len);
/* 1: a block, checked; *data are block->size bytes, aligned to 8 if the whole
 * is, or NULL. 0: the end. -EINVAL: what follows makes no sense. */
int trace_next_block(struct trace_reader *r, struct trace_block *block,
                     const void **data);

#endif
