/* SPDX-License-Identifier: MIT */
/* Interrupt vectors, LAPIC timer, and waiting for interrupts. */
#include "plat.h"

#include "plat_init.h"

#define FIRST_VECTOR 0x30
#define STUB_SIZE    16

/* Intel SDM volume 3, "APIC": what XTF's header lacks. */
#define LAPIC_TPR       0x080
#define LAPIC_EOI       0x0b0
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_TIMER_ICR 0x380
#define LAPIC_TIMER_DCR 0x3e0
#define LVT_MASKED      (1u << 16)
#define DIVIDE_BY_1     0xb

/* Xen's virtual LAPIC has a bus clock of 100 MHz (public/arch-x86 cpuid). */
#define LAPIC_TICK_NS 10
#define LAPIC_MAX_NS  (1000 * PLAT_MS)

static struct {
    plat_irq_fn *fn;
    void *arg;
    bool eoi;
} handlers[PLAT_NR_VECTORS];

static unsigned int used, timer_vector;

/*
 * The stubs save what a C function may change.  The processor aligns the
 * stack to 16 before it pushes 40 bytes; with ours that is 128 before the
 * call.
 *
 * After sti interrupts are off for one more instruction, so plat_irq_idle
 * loses no wake-up.  QEMU's emulation of SVM forgets that when the hypervisor
 * interrupts just there, and the handler may run before hlt: then hlt, which
 * has one byte, is skipped.
 */
__asm__(".text\n"
        ".balign 16\n"
        "plat_irq_stubs:\n"
        ".set plat_stub, 0\n"
        ".rept 16\n"
        ".balign 16\n"
        "    push $plat_stub\n"
        "    jmp plat_irq_common\n"
        ".set plat_stub, plat_stub + 1\n"
        ".endr\n"
        "plat_irq_common:\n"
        "    push %rax; push %rcx; push %rdx; push %rsi; push %rdi\n"
        "    push %r8; push %r9; push %r10; push %r11\n"
        "    mov 72(%rsp), %edi\n"
        "    lea plat_irq_hlt(%rip), %rax\n"
        "    cmp %rax, 80(%rsp)\n"
        "    jne 1f\n"
        "    incq 80(%rsp)\n"
        "1:\n"
        "    sub $8, %rsp\n"
        "    cld\n"
        "    call plat_irq_dispatch\n"
        "    add $8, %rsp\n"
        "    pop %r11; pop %r10; pop %r9; pop %r8\n"
        "    pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rax\n"
        "    add $8, %rsp\n"
        "    iretq\n"
        "plat_irq_idle:\n"
        "    sti\n"
        "plat_irq_hlt:\n"
        "    hlt\n"
        "    ret\n");

/* Sleeps until the next interrupt, with interrupts off before and on after. */
void plat_irq_idle(void);

void plat_irq_dispatch(unsigned int slot);
void __used plat_irq_dispatch(unsigned int slot)
{
    handlers[slot].fn(handlers[slot].arg);
    if (handlers[slot].eoi)
        apic_write(LAPIC_EOI, 0);
}

unsigned int plat_irq_alloc(plat_irq_fn *fn, void *arg, bool eoi)
{
    extern const char plat_irq_stubs[];
    unsigned int slot = used;
    struct xtf_idte idte = {
        .addr = _u(plat_irq_stubs) + slot * STUB_SIZE,
        .cs = read_cs(),
    };

    if (slot == PLAT_NR_VECTORS)
        panic("Out of interrupt vectors\n");
    used++;
    handlers[slot].fn = fn;
    handlers[slot].arg = arg;
    handlers[slot].eoi = eoi;
    xtf_set_idte(FIRST_VECTOR + slot, &idte);
    return FIRST_VECTOR + slot;
}

unsigned int plat_apic_id(void)
{
    return apic_read(APIC_ID) >> 24;
}

static void timer_fired(void *arg __maybe_unused)
{
}

void plat_irq_init(void)
{
    if (apic_init(APIC_MODE_XAPIC))
        panic("No LAPIC\n");
    apic_write(LAPIC_TPR, 0);
    apic_write(LAPIC_TIMER_DCR, DIVIDE_BY_1);
    timer_vector = plat_irq_alloc(timer_fired, NULL, true);

    /* The two old PICs (Intel 8259A) must stay silent. */
    outb(0xff, 0x21);
    outb(0xff, 0xa1);
    plat_irq_on();
}

static void arm_timer(uint64_t ns)
{
    ns = min(ns, LAPIC_MAX_NS);
    apic_write(LAPIC_LVT_TIMER, timer_vector);
    apic_write(LAPIC_TIMER_ICR, max(ns / LAPIC_TICK_NS, 1UL));
}

bool plat_wait(plat_cond_fn *cond, void *arg, uint64_t timeout, uint64_t poll)
{
    uint64_t end = plat_now() + timeout, now;
    bool met;

    for (;;) {
        plat_irq_off();
        met = cond(arg);
        now = plat_now();
        if (met || now >= end)
            break;
        arm_timer(poll ? min(poll, end - now) : end - now);
        plat_irq_idle();
    }
    apic_write(LAPIC_LVT_TIMER, LVT_MASKED | timer_vector);
    plat_irq_on();
    return met;
}

static bool never(void *arg __maybe_unused)
{
    return false;
}

void plat_sleep(uint64_t ns)
{
    plat_wait(never, NULL, ns, 0);
}
