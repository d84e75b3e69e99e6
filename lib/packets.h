/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets' tables as data: for what prints, documents or makes up packets
 * of all engines. Whoever runs them has tables of its own.
 *
 * Constant, and safe with whatever a guest wrote.
 */
#ifndef LIB_PACKETS_H
#define LIB_PACKETS_H

#include <stddef.h>
#include <stdint.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/gfx.h>

enum packet_field_kind {
    FIELD_U32,
    FIELD_I32,
    FIELD_F32,
    FIELD_U64,
    FIELD_OBJECT, /* number of an object of a class */
};

struct packet_field {
    const char *name, *text;
    uint8_t kind;   /* enum packet_field_kind */
    uint8_t class_; /* FIELD_OBJECT: XVGPU_GFX_<class> */
};

/* Fields in memory order; one of FIELD_U64 has two dwords, others one. */
struct packet_struct {
    const char *name; /* "VIEWPORT" */
    const struct packet_field *fields;
    uint32_t nr_fields, dwords; /* a packet's: the header is not in them */
};

/* For packets of all engines: packet_desc.engines. */
#define PACKET_ALL_ENGINES ((1u << XVGPU_NR_ENGINES) - 1)

struct packet_desc {
    const char *name; /* "DRAW" */
    const char *text;
    uint32_t type;
    uint32_t engines; /* bit mask, XVGPU_ENGINE_* */
    uint32_t dwords;  /* the least, header included */
    uint8_t longer;   /* 0 no; 1 structures (packet_tail()); 2 any dwords */
    struct packet_struct fields;
};

extern const struct packet_desc packets[];
extern const unsigned int nr_packets;

extern const struct packet_struct packet_structs[];
extern const unsigned int nr_packet_structs;

/* NULL: no engine of the mask has that type. */
const struct packet_desc *packet_find(uint32_t type, uint32_t engines);

/* The index-th structure that follows the packet's fields, and how many of it
 * the fields say; NULL: no more. dw[0] to dw[desc->dwords - 1] are there. */
const struct packet_struct *packet_tail(const struct packet_desc *desc,
                                        const uint32_t *dw, unsigned int index,
                                        uint64_t *count);

/* The same for documents: how the number is written. */
const struct packet_struct *packet_tail_text(const struct packet_desc *desc,
                                             unsigned int index,
                                             const char **count);

/* values.c: a name for a field's value: "uniform buffer", "vertex|fragment",
 * "BUFFER"; "" where there is none. */
void packet_value_name(const struct packet_field *f, uint32_t value, char *buf,
                       size_t len);

#endif
