/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Needs no device: does what all other tests rest on work? */
#include <xtf.h>

#include "evtchn.h"

const char test_title[] = "hello: console, memory, time, interrupts, events";

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
    printk("TSC at %lu kHz; slept 20 ms: %lu us, %lu ticks\n", plat_tsc_khz(),
           slept / PLAT_US, plat_tsc() - tsc);
    if (slept < 20 * PLAT_MS)
        xtf_failure("Fail: woke up too early\n");
}

static void count(void *arg)
{
    ++*(volatile uint32_t *)arg;
}

static bool counted(void *arg)
{
    return *(volatile uint32_t *)arg;
}

/* Public/event_channel.h; XTF's copy lacks it. */
#define OP_BIND_INTERDOMAIN 0

/* A channel from the domain to itself: upcall, mask, pending. */
static void check_event_channels(void)
{
    static uint32_t events;
    uint32_t port = evtchn_alloc(DOMID_SELF, count, &events);
    struct {
        uint16_t remote_dom;
        uint32_t remote_port, local_port;
    } bind = { DOMID_SELF, port, 0 };

    if (hypercall_event_channel_op(OP_BIND_INTERDOMAIN, &bind))
        return xtf_failure("Fail: can't bind port %u\n", port);
    evtchn_send(bind.local_port);
    plat_sleep(PLAT_MS);
    if (events || !evtchn_pending(port))
        xtf_failure("Fail: masked port: %u events, pending %u\n", events,
                    evtchn_pending(port));
    evtchn_unmask(port);
    if (!plat_wait(counted, &events, PLAT_S, 0) || evtchn_pending(port))
        xtf_failure("Fail: unmasked port: no event\n");
    evtchn_send(bind.local_port);
    plat_sleep(PLAT_MS);
    if (events != 2)
        xtf_failure("Fail: %u events, not 2\n", events);
    evtchn_free(port);
}

void test_main(void)
{
    uint64_t fault;

    plat_init();
    printk("Domain %d, argument number=%lu\n", xtf_get_domid(),
           plat_arg("number", 0));
    check_memory();
    check_time();
    check_event_channels();

    /* The lab looks that a fault is reported and ends the domain. */
    fault = plat_arg("fault", 0);
    if (fault)
        *(volatile int *)_p(fault) = 0;
    xtf_success(NULL);
}
