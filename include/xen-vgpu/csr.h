/* SPDX-License-Identifier: MIT */
/*
 * Control and status registers (CSRs) of the native vGPU, in BAR0.
 *
 * Two tables of rows:
 *
 *   X(name, offset, width, count, access, reset, saved, text)
 *
 *   name    without prefix; XVGPU_<name> is the offset
 *   offset  bytes; XVGPU_CSRS from the start of BAR0, XVGPU_ENGINE_CSRS from
 *           the start of an engine's block, XVGPU_ENGINE_BASE(engine)
 *   width   4 or 8 bytes. An 8-byte register may be accessed whole or in
 *           its two 4-byte halves, the low one first.
 *   count   number of such registers that follow each other
 *   access  RO   writes are dropped and counted
 *           RW   storage; 1- and 2-byte and unaligned writes merge
 *           CFG  as RW, but only while the engine's ring is disabled;
 *                dropped and counted otherwise
 *           W1C  a written 1 clears the bit
 *           CMD  a write is a command; only whole, aligned writes count.
 *                Reads give what the text says.
 *   reset   value after a vGPU reset
 *   saved   1: part of the save/restore list
 *   text    one line for the reference and the register dump
 *
 * Reads of any size and alignment have no side effect. What lies between the
 * registers reads as ones; writes to it are dropped and counted.
 */
#ifndef XEN_VGPU_CSR_H
#define XEN_VGPU_CSR_H

#define XVGPU_MAGIC_VALUE 0x50475658u /* "XVGP" */
#define XVGPU_ABI_MAJOR 1u
#define XVGPU_ABI_MINOR 2u

/* Engines: the bit in ENGINES and the number of the block of registers. */
#define XVGPU_ENGINE_GFX 0u
#define XVGPU_ENGINE_SDMA 1u
#define XVGPU_ENGINE_MM 2u
#define XVGPU_NR_ENGINES 3u
#define XVGPU_ENGINE_BASE(engine) (0x1000u * (1u + (engine)))

/* clang-format off */
#define XVGPU_CSRS(X)                                                         \
    X(MAGIC,        0x000, 4, 1, RO,  XVGPU_MAGIC_VALUE, 0,                   \
      "\"XVGP\": this is a native vGPU")                                      \
    X(ABI_VERSION,  0x004, 4, 1, RO,                                          \
      (XVGPU_ABI_MAJOR << 16) | XVGPU_ABI_MINOR, 0,                           \
      "ABI version, major << 16 | minor; a new minor only adds")              \
    X(FEATURES,     0x008, 4, 1, RO,  0, 0,                                   \
      "XVGPU_FEATURE_* bits")                                                 \
    X(ENGINES,      0x00c, 4, 1, RO,  0, 0,                                   \
      "one bit per engine that this vGPU has: 0 gfx, 1 sdma, 2 mm")           \
    X(BACKEND_DOMID, 0x010, 4, 1, RO, 0, 0,                                   \
      "domain to allocate unbound event channels for")                        \
    X(VGPU_INDEX,   0x014, 4, 1, RO,  0, 0,                                   \
      "number of this vGPU among the domain's, from 0")                       \
    X(VRAM_SIZE,    0x018, 8, 1, RO,  0, 0,                                   \
      "bytes of the VRAM aperture (BAR2)")                                    \
    X(TIMESTAMP,    0x020, 8, 1, RO,  0, 0,                                   \
      "ns since the vGPU's reset; read it whole, or high, low, high")         \
    X(RESET,        0x028, 4, 1, CMD, 0, 0,                                   \
      "write 1: reset engines, CSRs, VRAM, not PCI config, MSI-X; reads 0")   \
    X(RESET_COUNT,  0x02c, 4, 1, RO,  0, 1,                                   \
      "vGPU resets since its creation")                                       \
    X(RESET_REASON, 0x030, 4, 1, RO,  0, 1,                                   \
      "XVGPU_RESET_*: what the last one was")                                 \
    X(INTR_STATUS,  0x040, 4, 1, W1C, 0, 1,                                   \
      "bit e: completion, bit 8+e: fault, of engine e")                       \
    X(INTR_ENABLE,  0x044, 4, 1, RW,  0, 1,                                   \
      "INTR_STATUS bits that raise an interrupt")                             \
    X(INTR_ROUTE,   0x048, 4, 1, RO,  0, 0,                                   \
      "route in force now: 0 none, 1 INTx, 2 MSI, 3 MSI-X")                   \
    X(VRAM_BASE,    0x050, 8, 1, RO,  0, 0,                                   \
      "guest-physical address where VRAM stands now")                         \
    X(BAR_REFUSED,  0x058, 4, 1, RO,  0, 1,                                   \
      "times that a BAR was not mapped: something else was there")            \
    X(BAD_ACCESS,   0x05c, 4, 1, RO,  0, 1,                                   \
      "accesses that made no sense: dropped, or read as ones")                \
    X(LOCAL_SIZE,   0x060, 8, 1, RO,  0, 0,                                   \
      "bytes of gfx's local heap")                                            \
    X(SCRATCH,      0x100, 4, 64, RW, 0, 1,                                   \
      "storage without effect, for the driver's own use")                     \
    X(SCANOUT_CTRL, 0x800, 4, 1, RW,  0, 1,                                   \
      "bit 0: the surface below is shown")                                    \
    X(SCANOUT_FORMAT, 0x804, 4, 1, RW, 0, 1,                                  \
      "XVGPU_FORMAT_*")                                                       \
    X(SCANOUT_WIDTH, 0x808, 4, 1, RW, 0, 1,                                   \
      "pixels, 1 to 8192")                                                    \
    X(SCANOUT_HEIGHT, 0x80c, 4, 1, RW, 0, 1,                                  \
      "pixels, 1 to 8192")                                                    \
    X(SCANOUT_STRIDE, 0x810, 4, 1, RW, 0, 1,                                  \
      "bytes from one line to the next, a multiple of 4")                     \
    X(SCANOUT_BASE, 0x818, 8, 1, RW,  0, 1,                                   \
      "offset of the first pixel in the VRAM aperture, a multiple of 4")

#define XVGPU_ENGINE_CSRS(X)                                                  \
    X(CTRL,         0x00, 4, 1, CMD,  0, 1,                                   \
      "XVGPU_CTRL_*; reads the ENABLE bit")                                   \
    X(STATUS,       0x04, 4, 1, RO,   0, 0,                                   \
      "XVGPU_STATUS_*")                                                       \
    X(RING_BASE,    0x08, 8, 1, CFG,  0, 1,                                   \
      "bus address of the ring, a multiple of 4096")                          \
    X(RING_SIZE,    0x10, 4, 1, CFG,  0, 1,                                   \
      "bytes, a power of two from 4096 to 16 MiB")                            \
    X(WPTR,         0x14, 4, 1, CMD,  0, 1,                                   \
      "doorbell: byte offset behind the last packet; reads the last one")     \
    X(RPTR,         0x18, 4, 1, RO,   0, 1,                                   \
      "byte offset of the next packet to run; equal to WPTR: idle")           \
    X(RPTR_ADDR,    0x20, 8, 1, CFG,  0, 1,                                   \
      "bus address where RPTR is also written (4 bytes); 0: nowhere")         \
    X(WPTR_ADDR,    0x28, 8, 1, CFG,  0, 1,                                   \
      "bus address of WPTR (4 bytes) for the event-channel doorbell")         \
    X(FENCE,        0x30, 8, 1, RO,   0, 1,                                   \
      "value of the last fence that completed")                               \
    X(DOORBELL_PORT, 0x38, 4, 1, CFG, 0, 1,                                   \
      "guest's unbound event-channel port to ring with; 0: none")             \
    X(COMPLETION_PORT, 0x3c, 4, 1, CFG, 0, 1,                                 \
      "guest's unbound port for completions and faults; 0: interrupt")        \
    X(VECTOR,       0x40, 4, 1, RW,   0, 1,                                   \
      "MSI-X vector for this engine's interrupts")                            \
    X(FAULT_CODE,   0x44, 4, 1, RO,   0, 1,                                   \
      "XVGPU_FAULT_*: why the ring stopped")                                  \
    X(FAULT_OFFSET, 0x48, 4, 1, RO,   0, 1,                                   \
      "byte offset in the ring of the packet at fault")                       \
    X(FAULT_HEADER, 0x4c, 4, 1, RO,   0, 1,                                   \
      "header of the innermost packet at fault")                              \
    X(FAULT_ADDR,   0x50, 8, 1, RO,   0, 1,                                   \
      "bus address at fault, if the fault has one")                           \
    X(FAULT_IB,     0x58, 8, 1, RO,   0, 1,                                   \
      "bus address of the packet at fault in an indirect buffer, or ~0")      \
    X(RESETS,       0x60, 4, 1, RO,   0, 1,                                   \
      "times that this engine was reset under the guest")                     \
    X(WAIT_LIMIT,   0x64, 4, 1, RO,   0, 0,                                   \
      "longest time-out of a WAIT_MEM packet, us")                            \
    X(JOBS,         0x80, 8, 1, RO,   0, 1,                                   \
      "fences completed")                                                     \
    X(PACKETS,      0x88, 8, 1, RO,   0, 1,                                   \
      "packets completed")                                                    \
    X(BYTES,        0x90, 8, 1, RO,   0, 1,                                   \
      "bytes written by copies, fills and writes")                            \
    X(MAPS,         0x98, 8, 1, RO,   0, 0,                                   \
      "buckets of guest frames mapped")                                       \
    X(MAP_HITS,     0xa0, 8, 1, RO,   0, 0,                                   \
      "lookups that found their bucket mapped")                               \
    X(FAULTS,       0xa8, 8, 1, RO,   0, 1,                                   \
      "faults reported")
/* clang-format on */

#define XVGPU_CSR_ENUM_(name, offset, width, count, access, reset, saved,      \
                        text)                                                  \
    XVGPU_##name = (offset),
enum { XVGPU_CSRS(XVGPU_CSR_ENUM_) XVGPU_ENGINE_CSRS(XVGPU_CSR_ENUM_) };
#undef XVGPU_CSR_ENUM_

/* FEATURES */
#define XVGPU_FEATURE_EVTCHN 0x1u /* event-channel doorbell and completion */
#define XVGPU_FEATURE_SCANOUT 0x2u

/* RESET_REASON */
#define XVGPU_RESET_POWER_ON 0u
#define XVGPU_RESET_FLR 1u
#define XVGPU_RESET_CSR 2u
#define XVGPU_RESET_HOST 3u  /* the host restarted the device */
#define XVGPU_RESET_GUARD 4u /* the host: this vGPU has hung too often */
#define XVGPU_RESET_ADMIN 5u /* the host: its administrator wanted it */

/* A reset by the host comes at any time. It leaves config space, the MSI-X
 * table, INTR_ENABLE and the VECTORs as they are, so that the guest hears of
 * it: of each engine whose ring was enabled the fault bit of INTR_STATUS is
 * set, STATUS is DISABLED, FAULT_CODE is ENGINE_RESET, GUARD if RESET_REASON
 * says that, too, or QUARANTINE while the host lets none of this vGPU's engines
 * start; and it signals once, by interrupt and by the COMPLETION_PORT that it
 * had. All else is as after any other reset: rings, registers and VRAM have to
 * be set up anew. A start in quarantine is answered with the fault QUARANTINE;
 * when the quarantine ends, which is another reset, engines that were so
 * refused signal as above. */

/* INTR_STATUS, INTR_ENABLE */
#define XVGPU_INTR_DONE(engine) (1u << (engine))
#define XVGPU_INTR_FAULT(engine) (1u << (8 + (engine)))

/* CTRL. A write of ENABLE to a disabled ring starts it with RPTR = WPTR = 0;
 * the write completes when the engine runs or has failed (see STATUS). A
 * write without ENABLE stops at the next boundary and drops what is left. */
#define XVGPU_CTRL_ENABLE 0x1u
#define XVGPU_CTRL_RESUME                                                      \
    0x2u /* with ENABLE: skip the packet at fault, go on */

/* A start that fails leaves STATUS at STOPPED with a FAULT_CODE, CTRL at 0,
 * the fault bit of INTR_STATUS set, and CFG registers writable. Writes of CTRL
 * complete when what they ask for is done. FENCE and JOBS go on across stops
 * and starts. At least 4 bytes of a ring stay free: WPTR = RPTR is idle. The
 * ring may be in VRAM.
 *
 * INTx is asserted while INTR_STATUS & INTR_ENABLE is not 0; MSI and MSI-X
 * send a message each time that something is signalled or enabled. Of an
 * engine with a COMPLETION_PORT completions set no bit and send nothing. */

/* A driver that sets DOORBELL_PORT keeps the dword at WPTR_ADDR up to date,
 * also when it rings by the CSR: after a reset of the engine that is where
 * the write pointer is taken from. Writing WPTR the value that it has is no
 * doorbell. */

/* ENABLE | RESUME when there is nothing to resume is answered by the fault
 * NO_ENGINE; the ring is started again by ENABLE alone. NO_ENGINE also means
 * that engines were started too often lately: try again in some seconds. After
 * the faults WPTR and BUS_MASTER, RESUME drops the packet that was open.
 * VECTOR beyond the MSI-X table signals nobody. */

/* STATUS */
#define XVGPU_STATUS_DISABLED 0u
#define XVGPU_STATUS_RUNNING 1u
#define XVGPU_STATUS_STOPPED 2u /* by a fault; see FAULT_CODE */

/* FAULT_CODE */
#define XVGPU_FAULT_CODES(X)                                                   \
    X(NONE, 0, "none")                                                         \
    X(RING_BASE, 1, "ring base or size not allowed")                           \
    X(RING_ACCESS, 2, "the ring's memory can't be read")                       \
    X(WPTR, 3, "write pointer outside of the ring or not a multiple of 4")     \
    X(PACKET_TYPE, 4, "unknown packet type")                                   \
    X(PACKET_LENGTH, 5, "packet length not allowed, or beyond the buffer")     \
    X(PACKET_FIELD, 6, "reserved bits set or a field out of range")            \
    X(VMID, 7, "VMID is not 0")                                                \
    X(ADDRESS, 8, "address is neither guest RAM nor VRAM")                     \
    X(ALIGNMENT, 9, "address not aligned as the packet requires")              \
    X(IB_DEPTH, 10, "indirect buffers nested too deep")                        \
    X(IB_SIZE, 11, "indirect buffer too large, or too many in one packet")     \
    X(WAIT_TIMEOUT, 12, "WAIT_MEM timed out")                                  \
    X(BUS_MASTER, 13, "bus mastering is off in PCI command")                   \
    X(EVTCHN, 14, "event-channel port can't be bound")                         \
    X(ENGINE_RESET, 15, "the engine was reset; not this ring's fault")         \
    X(ENGINE_HUNG, 16, "the engine was reset: this packet did not end")        \
    X(NO_ENGINE, 17, "the host could not start the engine")                    \
    X(OBJECT, 18, "no object of that number, or there is one already")         \
    X(SHADER, 19,                                                              \
      "not a shader that this engine accepts, or not for this use")            \
    X(STATE, 20, "not allowed here, or something that it needs is not bound")  \
    X(LIMIT, 21, "more memory or objects than this vGPU may have")             \
    X(QUARANTINE, 22, "the host lets none of this vGPU's engines run")         \
    X(GUARD, 23, "the host has reset this vGPU: it has hung too often")

#define XVGPU_FAULT_ENUM_(name, code, text) XVGPU_FAULT_##name = (code),
enum { XVGPU_FAULT_CODES(XVGPU_FAULT_ENUM_) };
#undef XVGPU_FAULT_ENUM_

/* SCANOUT_FORMAT: the byte order in memory is B, G, R, X */
#define XVGPU_FORMAT_XRGB8888 1u
#define XVGPU_SCANOUT_MAX 8192u

#define XVGPU_RING_SIZE_MIN 0x1000u
#define XVGPU_RING_SIZE_MAX 0x1000000u

#endif
