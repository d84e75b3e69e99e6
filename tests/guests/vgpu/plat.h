/* SPDX-License-Identifier: MIT */
/*
 * What a driver needs of its kernel and neither XTF nor our runtime has:
 * time, memory, interrupts and waiting.  One vCPU, memory mapped one to one.
 */
#ifndef VGPU_PLAT_H
#define VGPU_PLAT_H

#include <xtf.h>

#define PLAT_US 1000UL
#define PLAT_MS 1000000UL
#define PLAT_S  1000000000UL

/* First of all: finds RAM, reads the arguments, enables interrupts. */
void plat_init(void);

/* --- time.c --- */
static inline uint64_t plat_tsc(void)
{
    return __builtin_ia32_rdtsc();
}

/* Nanoseconds since the host's start, by Xen's clock. */
uint64_t plat_now(void);
uint64_t plat_tsc_khz(void);

/* --- mem.c --- */
/*
 * Page-aligned, zeroed RAM, at least @align-aligned; never freed.  Fails the
 * test by panic() when there is none left, so needs no check.
 */
void *plat_alloc(uint64_t size, uint64_t align);
uint64_t plat_alloc_left(void);

/* The lowest address behind all RAM below 4 GiB, and behind all RAM. */
uint64_t plat_low_ram_end(void);
uint64_t plat_ram_end(void);

/*
 * The pointer to guest-physical [@addr, @addr + @size), which is the same
 * number; from 4 GiB to 512 GiB it is mapped here and stays so.
 */
void *plat_map(uint64_t addr, uint64_t size);

static inline uint64_t plat_gpa(const volatile void *va)
{
    return (unsigned long)va;
}

/* --- irq.c --- */
#define PLAT_NR_VECTORS 16

typedef void plat_irq_fn(void *arg);

/*
 * A vector that calls @fn, which runs with interrupts off.  With @eoi the
 * LAPIC gets its EOI after @fn.
 */
unsigned int plat_irq_alloc(plat_irq_fn *fn, void *arg, bool eoi);
unsigned int plat_apic_id(void);

static inline void plat_irq_on(void)
{
    __asm__ __volatile__("sti" ::: "memory");
}

static inline void plat_irq_off(void)
{
    __asm__ __volatile__("cli" ::: "memory");
}

typedef bool plat_cond_fn(void *arg);

/*
 * Sleeps until @cond is true, which an interrupt's handler brings about, or
 * @timeout ns are over (then false).  With @poll not 0 @cond is also looked
 * at every @poll ns.
 */
bool plat_wait(plat_cond_fn *cond, void *arg, uint64_t timeout, uint64_t poll);
void plat_sleep(uint64_t ns);

/* --- args.c --- */
/*
 * A test's arguments are what follows the first comma in the domain's name:
 * "copy-1,jobs=1000,seed=7".  XTF has no command line.
 */
uint64_t plat_arg(const char *key, uint64_t otherwise);

#endif
