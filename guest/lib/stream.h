/* SPDX-License-Identifier: MIT */
/*
 * Builds streams of packets for a ring or an indirect buffer.
 *
 * Needs no C library (but what compilers ask for: memcpy(), memset()) and
 * allocates nothing: the caller gives the memory. What goes wrong is kept: a
 * driver puts all its packets and looks once, at the end
 * (xvgpu_stream_dwords()). A packet that has no room is left out, and all that
 * come after it.
 *
 * Nothing here looks at what a packet says: the engine does.
 */
#ifndef XEN_VGPU_STREAM_H
#define XEN_VGPU_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <xen-vgpu/packet.h>

enum xvgpu_stream_error {
    XVGPU_STREAM_OK,
    XVGPU_STREAM_FULL, /* the memory */
    XVGPU_STREAM_LONG, /* a packet beyond XVGPU_PKT_MAX_DWORDS */
    XVGPU_STREAM_ODD,  /* data that are no dwords, or belong to no packet */
};

struct xvgpu_stream {
    uint32_t *dw;
    uint32_t room, n; /* dwords that dw has, and that are used */
    uint32_t last;    /* where the last packet begins */
    enum xvgpu_stream_error error;
};

void xvgpu_stream_init(struct xvgpu_stream *s, void *memory, uint32_t bytes);

/* What has been put, or 0 after an error. */
static inline uint32_t xvgpu_stream_dwords(const struct xvgpu_stream *s)
{
    return s->error ? 0 : s->n;
}

/* A packet of `bytes` bytes; its first dword becomes the header. */
void xvgpu_stream_put(struct xvgpu_stream *s, uint32_t type, uint32_t flags,
                      const void *packet, uint32_t bytes);

/* More of the last packet: what follows its fields. */
void xvgpu_stream_add(struct xvgpu_stream *s, const void *data, uint32_t bytes);

/* The packets that all engines have (packet.h). A NOP of `dwords` dwords, the
 * header included. */
void xvgpu_put_nop(struct xvgpu_stream *s, uint32_t dwords);
void xvgpu_put_ib(struct xvgpu_stream *s, uint64_t address, uint32_t dwords);
void xvgpu_put_fence(struct xvgpu_stream *s, uint64_t address, uint64_t value,
                     bool signal);
void xvgpu_put_wait_mem(struct xvgpu_stream *s, uint64_t address,
                        uint32_t function, uint32_t reference, uint32_t mask,
                        uint32_t timeout_us);
void xvgpu_put_timestamp(struct xvgpu_stream *s, uint64_t address);
void xvgpu_put_write(struct xvgpu_stream *s, uint64_t address, const void *data,
                     uint32_t bytes);
/* The SDMA engine's: between separate ranges. */
void xvgpu_put_copy(struct xvgpu_stream *s, uint64_t from, uint64_t to,
                    uint64_t bytes);

#endif
