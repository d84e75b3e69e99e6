/* SPDX-License-Identifier: MIT */
/*
 * Builders of packets, for rings and indirect buffers alike: each writes one
 * packet at @p and returns how many dwords it has.
 */
#ifndef VGPU_PACKETS_H
#define VGPU_PACKETS_H

#include <xtf.h>

#include <xen-vgpu/packet.h>

static inline void pkt_u64(uint32_t *p, uint64_t val)
{
    p[0] = val;
    p[1] = val >> 32;
}

static inline unsigned int pkt_start(uint32_t *p, unsigned int type,
                                     unsigned int flags, unsigned int dwords)
{
    p[0] = XVGPU_PKT_HEADER(type, flags, dwords);
    return dwords;
}

/* Of @dwords dwords; those behind the header stay as they are. */
static inline unsigned int pkt_nop(uint32_t *p, unsigned int dwords)
{
    return pkt_start(p, XVGPU_PKT_NOP, 0, dwords);
}

static inline unsigned int pkt_ib(uint32_t *p, uint64_t addr,
                                  unsigned int dwords)
{
    pkt_u64(p + 1, addr);
    p[3] = dwords;
    return pkt_start(p, XVGPU_PKT_IB, 0, 4);
}

static inline unsigned int pkt_fence(uint32_t *p, uint64_t addr, uint64_t value,
                                     bool signal)
{
    pkt_u64(p + 1, addr);
    pkt_u64(p + 3, value);
    return pkt_start(p, XVGPU_PKT_FENCE, signal ? XVGPU_FENCE_SIGNAL : 0, 5);
}

static inline unsigned int pkt_wait_mem(uint32_t *p, uint64_t addr,
                                        uint32_t func, uint32_t ref,
                                        uint32_t mask, uint32_t timeout_us)
{
    pkt_u64(p + 1, addr);
    p[3] = ref;
    p[4] = mask;
    p[5] = func;
    p[6] = timeout_us;
    return pkt_start(p, XVGPU_PKT_WAIT_MEM, 0, 7);
}

static inline unsigned int pkt_timestamp(uint32_t *p, uint64_t addr)
{
    pkt_u64(p + 1, addr);
    return pkt_start(p, XVGPU_PKT_TIMESTAMP, 0, 3);
}

static inline unsigned int pkt_write(uint32_t *p, uint64_t addr,
                                     const uint32_t *data, unsigned int n)
{
    pkt_u64(p + 1, addr);
    for (unsigned int i = 0; i < n; i++)
        p[3 + i] = data[i];
    return pkt_start(p, XVGPU_PKT_WRITE, 0, 3 + n);
}

static inline unsigned int pkt_copy(uint32_t *p, uint64_t src, uint64_t dst,
                                    uint64_t bytes)
{
    pkt_u64(p + 1, src);
    pkt_u64(p + 3, dst);
    pkt_u64(p + 5, bytes);
    return pkt_start(p, XVGPU_PKT_COPY_LINEAR, 0, 7);
}

static inline unsigned int pkt_copy_rect(uint32_t *p, uint64_t src,
                                         uint32_t src_stride, uint64_t dst,
                                         uint32_t dst_stride, uint32_t bytes,
                                         uint32_t lines)
{
    pkt_u64(p + 1, src);
    p[3] = src_stride;
    pkt_u64(p + 4, dst);
    p[6] = dst_stride;
    p[7] = bytes;
    p[8] = lines;
    return pkt_start(p, XVGPU_PKT_COPY_RECT, 0, 9);
}

static inline unsigned int pkt_fill(uint32_t *p, uint64_t dst, uint32_t value,
                                    uint64_t bytes)
{
    pkt_u64(p + 1, dst);
    p[3] = value;
    pkt_u64(p + 4, bytes);
    return pkt_start(p, XVGPU_PKT_FILL, 0, 6);
}

static inline unsigned int pkt_fill_rect(uint32_t *p, uint64_t dst,
                                         uint32_t stride, uint32_t value,
                                         uint32_t bytes, uint32_t lines)
{
    pkt_u64(p + 1, dst);
    p[3] = stride;
    p[4] = value;
    p[5] = bytes;
    p[6] = lines;
    return pkt_start(p, XVGPU_PKT_FILL_RECT, 0, 7);
}

#endif
