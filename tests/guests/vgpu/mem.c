/* SPDX-License-Identifier: MIT */
/* RAM and page tables. */
#include "plat.h"

#include "plat_init.h"

/* Xen: public/memory.h.  XTF's copy lacks it. */
#define MEMORY_OP_MEMORY_MAP 9
#define E820_RAM             1

struct __packed e820_entry {
    uint64_t addr, size;
    uint32_t type;
};

/* Below stand the image and what libxc puts behind it. */
#define ALLOC_START MB(16)
#define LOW_LIMIT   GB(4)
#define MAP_LIMIT   GB(512)

#define PTE_PRESENT     0x001UL
#define PTE_RW          0x002UL
#define PTE_LARGE       0x080UL
#define PTE_ADDR        0x000ffffffffff000UL
#define CPUID_1GB_PAGES (1u << 26)

static uint64_t next, low_end, ram_end;

void plat_mem_init(void)
{
    static struct e820_entry map[32];
    struct {
        uint32_t nr;
        void *entries;
    } arg = { ARRAY_SIZE(map), map };

    if (hypercall_memory_op(MEMORY_OP_MEMORY_MAP, &arg))
        panic("No memory map\n");
    for (unsigned int i = 0; i < arg.nr; i++) {
        uint64_t end = map[i].addr + map[i].size;

        if (map[i].type != E820_RAM)
            continue;
        if (end <= LOW_LIMIT)
            low_end = max(low_end, end);
        ram_end = max(ram_end, end);
    }
    next = ALLOC_START;
}

uint64_t plat_low_ram_end(void)
{
    return low_end;
}

uint64_t plat_ram_end(void)
{
    return ram_end;
}

uint64_t plat_alloc_left(void)
{
    return low_end > next ? low_end - next : 0;
}

void *plat_alloc(uint64_t size, uint64_t align)
{
    uint64_t start = ROUNDUP(next, max(align, (uint64_t)PAGE_SIZE));

    size = ROUNDUP(size, (uint64_t)PAGE_SIZE);
    if (start > low_end || size > low_end - start)
        panic("Out of memory: %#lx bytes wanted\n", size);
    next = start + size;
    return memset(_p(start), 0, size);
}

/* The table that @entry points to; a new one if it points nowhere. */
static uint64_t *lower_table(uint64_t *entry)
{
    if (!(*entry & PTE_PRESENT))
        *entry = plat_gpa(plat_alloc(PAGE_SIZE, 0)) | PTE_PRESENT | PTE_RW;
    return _p(*entry & PTE_ADDR);
}

static bool have_1g_pages(void)
{
    uint32_t eax, ebx, ecx, edx;

    cpuid(0x80000001, &eax, &ebx, &ecx, &edx);
    return edx & CPUID_1GB_PAGES;
}

static void map_gigabyte(uint64_t addr)
{
    uint64_t *l4 = _p(read_cr3() & PTE_ADDR);
    uint64_t *entry = &lower_table(&l4[0])[addr >> 30];
    uint64_t *l2;

    if (*entry & PTE_PRESENT)
        return;
    if (have_1g_pages()) {
        *entry = addr | PTE_PRESENT | PTE_RW | PTE_LARGE;
        return;
    }
    l2 = lower_table(entry);
    for (unsigned int i = 0; i < 512; i++)
        l2[i] = (addr + i * MB(2)) | PTE_PRESENT | PTE_RW | PTE_LARGE;
}

void *plat_map(uint64_t addr, uint64_t size)
{
    if (addr + size > MAP_LIMIT || addr + size < addr)
        panic("Can't map %#lx\n", addr);
    if (addr + size > LOW_LIMIT)
        for (uint64_t a = addr & ~(GB(1) - 1); a < addr + size; a += GB(1))
            map_gigabyte(a);
    return _p(addr);
}
