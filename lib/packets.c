/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of packets and structures. The values' names: values.c. */
#include "lib/packets.h"

#include <stdbool.h>

/* ---- Tables of packet.h, which has them as prose ----------------------- */

/* clang-format off */
#define NOP_FIELDS(F)
#define IB_FIELDS(F)                                                           \
    F(U64, address, "bus address, a multiple of 4")                            \
    F(U32, dwords, "1 to XVGPU_IB_MAX_DWORDS")
#define FENCE_FIELDS(F)                                                        \
    F(U64, address, "bus address, a multiple of 8, or 0")                      \
    F(U64, value, "what is written")
#define WAIT_MEM_FIELDS(F)                                                     \
    F(U64, address, "bus address, a multiple of 4")                            \
    F(U32, reference, "compared with")                                         \
    F(U32, mask, "of both")                                                    \
    F(U32, function, "XVGPU_WAIT_*")                                           \
    F(U32, timeout, "us")
#define TIMESTAMP_FIELDS(F)                                                    \
    F(U64, address, "bus address, a multiple of 8")
#define WRITE_FIELDS(F)                                                        \
    F(U64, address, "bus address, a multiple of 4")                            \
    F(U32, data, "the first dword that is written")
#define COPY_LINEAR_FIELDS(F)                                                  \
    F(U64, source, "bus address")                                              \
    F(U64, destination, "bus address")                                         \
    F(U64, bytes, "1 to 2^40")
#define COPY_RECT_FIELDS(F)                                                    \
    F(U64, source, "bus address")                                              \
    F(U32, source_stride, "bytes")                                             \
    F(U64, destination, "bus address")                                         \
    F(U32, destination_stride, "bytes")                                        \
    F(U32, bytes, "a line, 1 to 2^24")                                         \
    F(U32, lines, "1 to 2^20")
#define FILL_FIELDS(F)                                                         \
    F(U64, destination, "bus address, a multiple of 4")                        \
    F(U32, value, "repeated")                                                  \
    F(U64, bytes, "4 to 2^40, a multiple of 4")
#define FILL_RECT_FIELDS(F)                                                    \
    F(U64, destination, "bus address, a multiple of 4")                        \
    F(U32, stride, "bytes")                                                    \
    F(U32, value, "repeated")                                                  \
    F(U32, bytes, "a line, 4 to 2^24, a multiple of 4")                        \
    F(U32, lines, "1 to 2^20")

/* P(name, engines, how it may be longer, text) */
#define PLAIN_PACKETS(P)                                                       \
    P(NOP, PACKET_ALL_ENGINES, 2, "nothing")                                   \
    P(IB, PACKET_ALL_ENGINES, 0, "indirect buffer")                            \
    P(FENCE, PACKET_ALL_ENGINES, 0, "64-bit value to memory and the CSR FENCE") \
    P(WAIT_MEM, PACKET_ALL_ENGINES, 0, "wait for a dword in memory")           \
    P(TIMESTAMP, PACKET_ALL_ENGINES, 0, "ns since the vGPU's reset to memory") \
    P(WRITE, PACKET_ALL_ENGINES, 2, "dwords to memory")                        \
    P(COPY_LINEAR, 1u << XVGPU_ENGINE_SDMA, 0, "memory to memory")             \
    P(COPY_RECT, 1u << XVGPU_ENGINE_SDMA, 0, "lines of memory to memory")      \
    P(FILL, 1u << XVGPU_ENGINE_SDMA, 0, "value to memory")                     \
    P(FILL_RECT, 1u << XVGPU_ENGINE_SDMA, 0, "value to lines of memory")
/* clang-format on */

/* ---- Fields ------------------------------------------------------------- */

#define KIND_U32 FIELD_U32, 0
#define KIND_I32 FIELD_I32, 0
#define KIND_F32 FIELD_F32, 0
#define KIND_U64 FIELD_U64, 0
#define KIND_H(class_name) FIELD_OBJECT, XVGPU_GFX_##class_name
#define ROW(type, name, text) {#name, text, KIND_##type},

#define STRUCT_ROWS(NAME, name)                                                \
    static const struct packet_field struct_##NAME[] = {                       \
        XVGPU_GFX_##NAME##_FIELDS(ROW)};
XVGPU_GFX_STRUCTS(STRUCT_ROWS)

#define PLAIN_ROWS(NAME, engines, longer, text)                                \
    static const struct packet_field fields_##NAME[] = {NAME##_FIELDS(ROW)};
PLAIN_PACKETS(PLAIN_ROWS)

#define GFX_ROWS(NAME, name, type, longer, text)                               \
    static const struct packet_field gfx_##NAME[] = {                          \
        XVGPU_GFX_##NAME##_FIELDS(ROW)};
XVGPU_GFX_PACKETS(GFX_ROWS)

/* ---- Structures and packets --------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DWORDS_U32 +1
#define DWORDS_I32 +1
#define DWORDS_F32 +1
#define DWORDS_U64 +2
#define DWORDS_H(class_name) +1
#define DWORDS(type, name, text) DWORDS_##type

enum { /* place in packet_structs */
#define STRUCT_NUMBER(NAME, name) NUMBER_##NAME,
       XVGPU_GFX_STRUCTS(STRUCT_NUMBER)
};

const struct packet_struct packet_structs[] = {
#define STRUCT(NAME, name)                                                     \
    {#NAME, struct_##NAME, COUNT(struct_##NAME),                               \
     sizeof(struct xvgpu_gfx_##name) / 4},
    XVGPU_GFX_STRUCTS(STRUCT)};
const unsigned int nr_packet_structs = COUNT(packet_structs);

const struct packet_desc packets[] = {
#define PLAIN(NAME, engines_, longer_, text_)                                  \
    {.name = #NAME,                                                            \
     .text = (text_),                                                          \
     .type = XVGPU_PKT_##NAME,                                                 \
     .engines = (engines_),                                                    \
     .dwords = 1 NAME##_FIELDS(DWORDS),                                        \
     .longer = (longer_),                                                      \
     .fields = {#NAME, fields_##NAME, COUNT(fields_##NAME),                    \
                0 NAME##_FIELDS(DWORDS)}},
    PLAIN_PACKETS(PLAIN)
#define GFX(NAME, name_, type_, longer_, text_)                                \
    {.name = #NAME,                                                            \
     .text = (text_),                                                          \
     .type = (type_),                                                          \
     .engines = 1u << XVGPU_ENGINE_GFX,                                        \
     .dwords = sizeof(struct xvgpu_gfx_##name_) / 4,                           \
     .longer = (longer_),                                                      \
     .fields = {#NAME, gfx_##NAME, COUNT(gfx_##NAME),                          \
                sizeof(struct xvgpu_gfx_##name_) / 4 - 1}},
        XVGPU_GFX_PACKETS(GFX)};
const unsigned int nr_packets = COUNT(packets);

const struct packet_desc *packet_find(uint32_t type, uint32_t engines)
{
    unsigned int i;

    for (i = 0; i < nr_packets; i++)
        if (packets[i].type == type && (packets[i].engines & engines))
            return &packets[i];
    return NULL;
}

static bool is_gfx(const struct packet_desc *desc)
{
    return desc->longer == 1;
}

const struct packet_struct *packet_tail(const struct packet_desc *desc,
                                        const uint32_t *dw, unsigned int index,
                                        uint64_t *count)
{
    if (!is_gfx(desc))
        return NULL;
#define TAIL(NAME, name, STRUCT_NAME, struct_name, how_many)                   \
    if (desc->type == XVGPU_PKT_GFX_##NAME && !index--) {                      \
        const struct xvgpu_gfx_##name *p = (const void *)dw;                   \
                                                                               \
        (void)p;                                                               \
        *count = (how_many);                                                   \
        return &packet_structs[NUMBER_##STRUCT_NAME];                          \
    }
    XVGPU_GFX_TAILS(TAIL)
    return NULL;
}

const struct packet_struct *packet_tail_text(const struct packet_desc *desc,
                                             unsigned int index,
                                             const char **count)
{
    if (!is_gfx(desc))
        return NULL;
#define TAIL_TEXT(NAME, name, STRUCT_NAME, struct_name, how_many)              \
    if (desc->type == XVGPU_PKT_GFX_##NAME && !index--) {                      \
        *count = #how_many;                                                    \
        return &packet_structs[NUMBER_##STRUCT_NAME];                          \
    }
    XVGPU_GFX_TAILS(TAIL_TEXT)
    return NULL;
}
