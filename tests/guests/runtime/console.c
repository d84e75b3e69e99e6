/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output goes to Xen's log by the debug port 0xe9 (only to be seen with
 * guest_loglvl=all) and to the PV console, which xenconsoled logs.
 */
#include "runtime.h"

#include <xen/io/console.h>

#define DEBUG_PORT 0xe9

/* A dead xenconsoled must not stop a guest: about a second each. */
#define PATIENCE_TSC 2000000000UL

static struct xencons_interface *ring;
static evtchn_port_t ring_port;

static uint64_t tsc(void)
{
    return __builtin_ia32_rdtsc();
}

/* True when at least one byte was taken before patience ended. */
static bool wait_for_space(uint32_t prod, uint32_t used)
{
    uint64_t start = tsc();

    hypercall_evtchn_send(ring_port);
    while (prod - ACCESS_ONCE(ring->out_cons) > used) {
        if (tsc() - start > PATIENCE_TSC)
            return false;
        hypercall_yield();
    }
    return true;
}

static void pv_write(const char *buf, size_t len)
{
    uint32_t prod = ring->out_prod;

    for (size_t i = 0; i < len; i++) {
        if (prod - ACCESS_ONCE(ring->out_cons) == sizeof(ring->out) &&
            !wait_for_space(prod, sizeof(ring->out) - 1))
            break;
        smp_mb();
        ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = buf[i];
        smp_wmb();
        ACCESS_ONCE(ring->out_prod) = prod;
    }
    hypercall_evtchn_send(ring_port);
}

void console_flush(void)
{
    if (ring)
        wait_for_space(ring->out_prod, 0);
}

void console_init_pv(void)
{
    uint64_t pfn, port;

    if (hvm_get_param(HVM_PARAM_CONSOLE_PFN, &pfn) ||
        hvm_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port) || !pfn)
        return;
    ring_port = port;
    ring = gfn_to_virt(pfn);
}

static void write(const char *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        outb(buf[i], DEBUG_PORT);
    if (ring)
        pv_write(buf, len);
}

void vprintk(const char *fmt, va_list args)
{
    char buf[1024], *line = buf, *end;
    int len = vsnprintf(buf, sizeof(buf), fmt, args);

    end = buf + min((size_t)len, sizeof(buf) - 1);
    while (line < end) {
        char *stop = line;

        while (stop < end && *stop != '\n')
            stop++;
        write(line, stop - line);
        if (stop < end)
            write("\r\n", 2);
        line = stop + 1;
    }
}

void printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
}
