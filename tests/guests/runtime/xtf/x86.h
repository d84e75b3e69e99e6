/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor access: ports, registers, descriptors, LAPIC and I/O APIC. */
#ifndef XTF_X86_H
#define XTF_X86_H

#include <xtf/base.h>

static inline void cpuid_count(uint32_t leaf, uint32_t subleaf, uint32_t *eax,
                               uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
    __asm__ __volatile__("cpuid"
                         : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx)
                         : "0"(leaf), "2"(subleaf));
}

static inline void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *ebx,
                         uint32_t *ecx, uint32_t *edx)
{
    cpuid_count(leaf, 0, eax, ebx, ecx, edx);
}

#define XTF_PORT_IO(suffix, type, reg)                                         \
    static inline type in##suffix(uint16_t port)                               \
    {                                                                          \
        type val;                                                              \
                                                                               \
        __asm__ __volatile__("in" #suffix " %w1, %" reg "0"                    \
                             : "=a"(val)                                       \
                             : "Nd"(port));                                    \
        return val;                                                            \
    }                                                                          \
    static inline void out##suffix(type val, uint16_t port)                    \
    {                                                                          \
        __asm__ __volatile__("out" #suffix " %" reg "0, %w1"                   \
                             :                                                 \
                             : "a"(val), "Nd"(port));                          \
    }
XTF_PORT_IO(b, uint8_t, "b")
XTF_PORT_IO(w, uint16_t, "w")
XTF_PORT_IO(l, uint32_t, "k")
#undef XTF_PORT_IO

static inline uint64_t rdmsr(uint32_t idx)
{
    uint32_t lo, hi;

    __asm__ __volatile__("rdmsr" : "=a"(lo), "=d"(hi) : "c"(idx));
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t idx, uint64_t val)
{
    __asm__ __volatile__("wrmsr"
                         :
                         : "c"(idx), "a"((uint32_t)val),
                           "d"((uint32_t)(val >> 32))
                         : "memory");
}

#define XTF_READ_CR(n)                                                         \
    static inline unsigned long read_cr##n(void)                               \
    {                                                                          \
        unsigned long val;                                                     \
                                                                               \
        __asm__ __volatile__("mov %%cr" #n ", %0" : "=r"(val));                \
        return val;                                                            \
    }
XTF_READ_CR(0)
XTF_READ_CR(2)
XTF_READ_CR(3)
XTF_READ_CR(4)
#undef XTF_READ_CR

static inline void write_cr3(unsigned long val)
{
    __asm__ __volatile__("mov %0, %%cr3" : : "r"(val) : "memory");
}

static inline unsigned int read_cs(void)
{
    unsigned int cs;

    __asm__ __volatile__("mov %%cs, %0" : "=rm"(cs));
    return cs;
}

static inline unsigned long read_flags(void)
{
    unsigned long flags;

    __asm__ __volatile__("pushf; pop %0" : "=rm"(flags));
    return flags;
}

static inline void write_flags(unsigned long flags)
{
    __asm__ __volatile__("push %0; popf" : : "rme"(flags) : "memory");
}

static inline void invlpg(const void *va)
{
    __asm__ __volatile__("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void flush_tlb(void)
{
    write_cr3(read_cr3());
}

/* Registers at an exception; the order is that of entry.S. */
struct cpu_regs {
    uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
    uint64_t ax, cx, dx, si, di;
    uint32_t error_code, entry_vector;
    uint64_t ip;
    uint16_t cs, pad1[3];
    uint64_t flags, _sp;
    uint16_t _ss, pad2[3];
};

/* A test may define it: true means that execution goes on with @regs. */
bool do_unhandled_exception(struct cpu_regs *regs);

/* Vectors from here on are the test's. */
#define X86_VEC_AVAIL 0x21

struct xtf_idte {
    unsigned long addr;
    unsigned int cs, dpl;
};

int xtf_set_idte(unsigned int vector, const struct xtf_idte *idte);

/* Memory is mapped one to one, up to 4 GiB. */
static inline unsigned long virt_to_gfn(const void *va)
{
    return _u(va) >> PAGE_SHIFT;
}

static inline void *gfn_to_virt(unsigned long gfn)
{
    return _p(gfn << PAGE_SHIFT);
}

/* The LAPIC, in xAPIC mode only: Intel SDM volume 3, "APIC". */
#define APIC_DEFAULT_BASE      0xfee00000UL
#define APIC_ID                0x020
#define APIC_SPIV              0x0f0
#define APIC_SPIV_APIC_ENABLED 0x100
#define APIC_ICR               0x300
#define APIC_ICR2              0x310

enum apic_mode {
    APIC_MODE_UNKNOWN,
    APIC_MODE_NONE,
    APIC_MODE_DISABLED,
    APIC_MODE_XAPIC,
};

/* 0, or a negative errno if the mode is not to be had. */
int apic_init(enum apic_mode mode);

static inline uint32_t apic_read(unsigned int reg)
{
    return *(volatile uint32_t *)_p(APIC_DEFAULT_BASE + reg);
}

static inline void apic_write(unsigned int reg, uint32_t val)
{
    *(volatile uint32_t *)_p(APIC_DEFAULT_BASE + reg) = val;
}

/* The I/O APIC: Intel 82093AA data sheet, section 3. */
#define IOAPIC_DEFAULT_BASE   0xfec00000UL
#define IOAPIC_REGSEL         0x00
#define IOAPIC_IOWIN          0x10
#define IOAPIC_VERSION        0x01
#define IOAPIC_REDIR_ENTRY(e) (0x10 + (e)*2)

int ioapic_init(void);

static inline uint32_t ioapic_read32(unsigned int reg)
{
    *(volatile uint32_t *)_p(IOAPIC_DEFAULT_BASE + IOAPIC_REGSEL) = reg;
    return *(volatile uint32_t *)_p(IOAPIC_DEFAULT_BASE + IOAPIC_IOWIN);
}

static inline void ioapic_write32(unsigned int reg, uint32_t val)
{
    *(volatile uint32_t *)_p(IOAPIC_DEFAULT_BASE + IOAPIC_REGSEL) = reg;
    *(volatile uint32_t *)_p(IOAPIC_DEFAULT_BASE + IOAPIC_IOWIN) = val;
}

#endif
