/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Needs no device: does what all other tests rest on work? */
#include <xtf.h>

#include "plat.h"

const char test_title[] = "hello: console, memory, time, interrupts";

static void check_memory(void)
{
    volatile uint64_t *page = plat_alloc(KB(4), 0);
    uint64_t high = GB(32);

    printk("RAM ends at %#lx below 4 GiB, at %#lx; %lu KiB to allocate\n",
           plat_low_ram_end(), plat_ram_end(), plat_alloc_left() >> 10);
    *page = 0x1122334455667788;
    if (*page != 0x1122334455667788)
        xtf_failure("Fail: RAM does not keep its contents\n");

    /* Nothing is there; that it does not fault is the point. */
    printk("Reading %#lx gives %#x\n", high,
           *(volatile uint32_t *)plat_map(high, KB(4)));
}

static void check_time(void)
{
    uint64_t before = plat_now(), tsc = plat_tsc(), slept;

    plat_sleep(20 * PLAT_MS);
    slept = plat_now() - before;
    printk("TSC at %lu kHz; slept 20 ms: %lu us, %lu ticks\n",
           plat_tsc_khz(), slept / PLAT_US, plat_tsc() - tsc);
    if (slept < 20 * PLAT_MS)
        xtf_failure("Fail: woke up too early\n");
}

void test_main(void)
{
    uint64_t fault;

    plat_init();
    printk("Domain %d, argument number=%lu\n", xtf_get_domid(),
           plat_arg("number", 0));
    check_memory();
    check_time();

    /* The lab looks that a fault is reported and ends the domain. */
    fault = plat_arg("fault", 0);
    if (fault)
        *(volatile int *)_p(fault) = 0;
    xtf_success(NULL);
}
