/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static probes (USDT) of provider xen_vgpu, for perf, bpftrace and SystemTap;
 * docs/tracing.md lists them. A probe is a nop and a note of where its
 * arguments are: it costs nothing while nobody looks, and does not exist where
 * sys/sdt.h was not found. Arguments are what is at hand anyway.
 */
#ifndef LIB_PROBES_H
#define LIB_PROBES_H

#include "config.h"

#ifdef XVGPU_PROBES
#include <sys/sdt.h>
#else
#define STAP_PROBE3(provider, name, a, b, c) ((void)0)
#define STAP_PROBE4(provider, name, a, b, c, d) ((void)0)
#define STAP_PROBE5(provider, name, a, b, c, d, e) ((void)0)
#define STAP_PROBE6(provider, name, a, b, c, d, e, f) ((void)0)
#endif

/* xen-vgpu-device: a guest's access to a CSR, done. */
#define PROBE_TRAP(domid, index, offset, size, write, data)                    \
    STAP_PROBE6(xen_vgpu, trap, domid, index, offset, size, write, data)

/* The engines: the guest has rung with this write pointer, bytes are to be
 * read. engine: its name. */
#define PROBE_SUBMIT(domid, index, engine, wptr, bytes)                        \
    STAP_PROBE5(xen_vgpu, submit, domid, index, engine, wptr, bytes)

/* It has stopped at a boundary and given its grant back; work: there is more.
 */
#define PROBE_PREEMPT(domid, index, engine, epoch, work)                       \
    STAP_PROBE5(xen_vgpu, preempt, domid, index, engine, epoch, work)

/* A fence, us after its job was fetched. */
#define PROBE_COMPLETE(domid, index, engine, fence, us)                        \
    STAP_PROBE5(xen_vgpu, complete, domid, index, engine, fence, us)

/* xen-vgpud: a turn begins after waited_ns with work. queue: its name. */
#define PROBE_GRANT(domid, index, queue, waited_ns)                            \
    STAP_PROBE4(xen_vgpu, grant, domid, index, queue, waited_ns)

/* A world switch to this vGPU is over: from the request to stop to the first
 * packet, and of it until the other one had stopped and was saved. */
#define PROBE_SWITCH(domid, index, queue, total_ns, stop_ns, save_ns)          \
    STAP_PROBE6(xen_vgpu, switch, domid, index, queue, total_ns, stop_ns,      \
                save_ns)

/* The vGPU is reset by the host; reason: XVGPU_RESET_*. */
#define PROBE_RESET(domid, index, reason)                                      \
    STAP_PROBE3(xen_vgpu, reset, domid, index, reason)

#endif
