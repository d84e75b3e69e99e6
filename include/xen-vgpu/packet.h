/* SPDX-License-Identifier: MIT */
/*
 * Packets of the rings and indirect buffers.
 *
 * All fields are little-endian dwords; a 64-bit field is two of them, the
 * low one first. The first dword of each packet:
 *
 *   bits  7:0   type, XVGPU_PKT_*
 *   bits 11:8   flags, per type; the others must be 0
 *   bits 15:12  VMID, must be 0
 *   bits 31:16  length in dwords, this one included
 *
 * A packet in a ring may wrap around the ring's end. One in an indirect
 * buffer must end within it. What does not fit its description stops the
 * ring: see FAULT_CODE. Addresses are bus addresses: guest RAM or VRAM.
 * Unless a packet says otherwise addresses need no alignment.
 *
 * Packets run in order; the memory effects of one are visible to the next
 * and, before a fence's value is, to the guest.
 */
#ifndef XEN_VGPU_PACKET_H
#define XEN_VGPU_PACKET_H

#define XVGPU_PKT_HEADER(type, flags, dwords)                                  \
    ((unsigned)(type) | ((unsigned)(flags) << 8) | ((unsigned)(dwords) << 16))
#define XVGPU_PKT_TYPE(header) ((header)&0xffu)
#define XVGPU_PKT_FLAGS(header) (((header) >> 8) & 0xfu)
#define XVGPU_PKT_VMID(header) (((header) >> 12) & 0xfu)
#define XVGPU_PKT_DWORDS(header) ((header) >> 16)

/* Common to all engines */

/* NOP: 1 to 4096 dwords; what follows the header is not looked at. */
#define XVGPU_PKT_NOP 0x00u

/* IB, 4 dwords: run an indirect buffer, then go on behind this packet.
 *   1-2 address, a multiple of 4
 *   3   size in dwords, 1 to XVGPU_IB_MAX_DWORDS
 * Nested at most XVGPU_IB_MAX_DEPTH deep, at most XVGPU_IB_MAX_COUNT of them
 * for one packet of the ring. It is read once, when it starts. */
#define XVGPU_PKT_IB 0x01u
#define XVGPU_IB_MAX_DWORDS 0x40000u
#define XVGPU_IB_MAX_DEPTH 4u
#define XVGPU_IB_MAX_COUNT 4096u

/* FENCE, 5 dwords: write a 64-bit value to memory and to the CSR FENCE.
 *   1-2 address, a multiple of 8, or 0: the CSR only
 *   3-4 value
 * flag 0: signal completion */
#define XVGPU_PKT_FENCE 0x02u
#define XVGPU_FENCE_SIGNAL 0x1u

/* WAIT_MEM, 7 dwords: wait until (*address & mask) FUNC (reference & mask).
 *   1-2 address of 4 bytes, a multiple of 4
 *   3   reference
 *   4   mask
 *   5   function, XVGPU_WAIT_*; unsigned comparison
 *   6   time-out in us, 1 to the CSR WAIT_LIMIT; then the ring stops
 * It holds up its own ring only: other rings and other vGPUs go on, so that two
 * engines may wait for each other's writes. The time-out is a lower bound; what
 * an engine that is waited for loses to other vGPUs counts. */
#define XVGPU_PKT_WAIT_MEM 0x03u
#define XVGPU_WAIT_EQ 0u
#define XVGPU_WAIT_NE 1u
#define XVGPU_WAIT_GE 2u
#define XVGPU_WAIT_LE 3u
#define XVGPU_WAIT_LIMIT_US 1000000u

/* TIMESTAMP, 3 dwords: write ns since the vGPU's reset (8 bytes).
 *   1-2 address, a multiple of 8 */
#define XVGPU_PKT_TIMESTAMP 0x04u

/* WRITE, 4 to 4096 dwords: write the dwords from 3 on to memory.
 *   1-2 address, a multiple of 4 */
#define XVGPU_PKT_WRITE 0x05u

/* SDMA */

/* COPY_LINEAR, 7 dwords. Overlapping source and destination give the result
 * of a copy through a buffer of 64 KiB at a time, in ascending order; use
 * separate ranges.
 *   1-2 source
 *   3-4 destination
 *   5-6 bytes, 1 to 2^40 */
#define XVGPU_PKT_COPY_LINEAR 0x10u

/* COPY_RECT, 9 dwords: lines of bytes.
 *   1-2 source: first byte
 *   3   source stride, bytes
 *   4-5 destination: first byte
 *   6   destination stride, bytes
 *   7   bytes a line, 1 to 2^24
 *   8   lines, 1 to 2^20
 * Strides must be at least the bytes a line. */
#define XVGPU_PKT_COPY_RECT 0x11u

/* FILL, 6 dwords: the four bytes of a value, again and again.
 *   1-2 destination, a multiple of 4
 *   3   value
 *   4-5 bytes, 4 to 2^40, a multiple of 4 */
#define XVGPU_PKT_FILL 0x12u

/* FILL_RECT, 7 dwords: lines of a value.
 *   1-2 destination, a multiple of 4
 *   3   stride, bytes, a multiple of 4, at least that of 5
 *   4   value
 *   5   bytes a line, 4 to 2^24, a multiple of 4
 *   6   lines, 1 to 2^20 */
#define XVGPU_PKT_FILL_RECT 0x13u

#define XVGPU_PKT_MAX_DWORDS 4096u
#define XVGPU_COPY_MAX_BYTES (1ull << 40)
#define XVGPU_RECT_MAX_LINE (1u << 24)
#define XVGPU_RECT_MAX_LINES (1u << 20)

#endif
