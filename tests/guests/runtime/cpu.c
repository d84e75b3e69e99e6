/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions, hypercall page, shared info page, APICs. */
#include "runtime.h"

#include <xen/arch-x86/cpuid.h>

#define NR_EXCEPTIONS 32
#define STUB_SIZE     16

#define MSR_APICBASE    0x1b
#define APICBASE_EXTD   (1u << 10)
#define APICBASE_ENABLE (1u << 11)
#define MSR_MTRR_DEF    0x2ff
#define MTRR_ENABLE_WB  0x806

shared_info_t shared_info __page_aligned_bss;

static struct gate {
    uint16_t addr0, cs;
    uint8_t ist, type;
    uint16_t addr16;
    uint32_t addr32, zero;
} idt[256] __aligned(16);

static void set_gate(unsigned int vector, unsigned long addr, unsigned int cs,
                     unsigned int dpl, unsigned int ist)
{
    idt[vector] = (struct gate){
        .addr0 = addr,
        .addr16 = addr >> 16,
        .addr32 = addr >> 32,
        .cs = cs,
        .ist = ist,
        .type = 0x8e | dpl << 5, /* present, 64-bit interrupt gate */
    };
}

int xtf_set_idte(unsigned int vector, const struct xtf_idte *idte)
{
    set_gate(vector, idte->addr, idte->cs, idte->dpl, 0);
    return 0;
}

bool __weak do_unhandled_exception(struct cpu_regs *regs __maybe_unused)
{
    return false;
}

void do_exception(struct cpu_regs *regs);
void do_exception(struct cpu_regs *regs)
{
    if (do_unhandled_exception(regs))
        return;
    panic("Exception %u, error code %#x, at %#lx, CR2 %#lx\n"
          "ax %#lx bx %#lx cx %#lx dx %#lx si %#lx di %#lx sp %#lx\n",
          regs->entry_vector, regs->error_code, regs->ip, read_cr2(), regs->ax,
          regs->bx, regs->cx, regs->dx, regs->si, regs->di, regs->_sp);
}

void cpu_init_traps(void)
{
    extern const char exception_stubs[];
    struct __packed {
        uint16_t limit;
        uint64_t base;
    } idtr = { sizeof(idt) - 1, _u(idt) };

    for (unsigned int v = 0; v < NR_EXCEPTIONS; v++) {
        /* NMI, #DF and #MC on the stack of their own, see entry.S. */
        bool own_stack = v == 2 || v == 8 || v == 18;

        set_gate(v, _u(exception_stubs) + v * STUB_SIZE, read_cs(), 0,
                 own_stack);
    }
    __asm__ __volatile__("lidt %0" : : "m"(idtr));
}

/* Other interfaces may come before Xen's: one every 0x100 leaves. */
static uint32_t xen_leaves(void)
{
    static uint32_t found;
    uint32_t eax, ebx, ecx, edx;

    for (uint32_t base = XEN_CPUID_FIRST_LEAF;
         !found && base < XEN_CPUID_FIRST_LEAF + 0x10000; base += 0x100) {
        cpuid(base, &eax, &ebx, &ecx, &edx);
        if (ebx == XEN_CPUID_SIGNATURE_EBX && ecx == XEN_CPUID_SIGNATURE_ECX &&
            edx == XEN_CPUID_SIGNATURE_EDX)
            found = base;
    }
    return found;
}

void cpu_init_hypercalls(void)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_shared_info,
        .gpfn = virt_to_gfn(&shared_info),
    };
    uint32_t base = xen_leaves(), eax, msr, ecx, edx;

    if (!base)
        panic("Not running on Xen\n");
    cpuid(base + 2, &eax, &msr, &ecx, &edx);
    wrmsr(msr, _u(hypercall_page));
    barrier();

    if (hypercall_memory_op(XENMEM_add_to_physmap, &map))
        panic("Can't map the shared info page\n");

    /* There is no firmware before us that would have made RAM cacheable. */
    wrmsr(MSR_MTRR_DEF, MTRR_ENABLE_WB);
}

int xtf_get_domid(void)
{
    uint32_t eax, ebx, ecx, edx;

    cpuid_count(xen_leaves() + 4, 0, &eax, &ebx, &ecx, &edx);
    return eax & XEN_HVM_CPUID_DOMID_PRESENT ? (int)ecx : -1;
}

int apic_init(enum apic_mode mode)
{
    uint64_t base = rdmsr(MSR_APICBASE);

    if (mode != APIC_MODE_XAPIC || (base & APICBASE_EXTD))
        return -XEN_ENODEV;
    wrmsr(MSR_APICBASE,
          (base & (PAGE_SIZE - 1)) | APIC_DEFAULT_BASE | APICBASE_ENABLE);
    apic_write(APIC_SPIV, APIC_SPIV_APIC_ENABLED | 0xff);
    return 0;
}

int ioapic_init(void)
{
    return ioapic_read32(IOAPIC_VERSION) == ~0u ? -XEN_ENODEV : 0;
}
