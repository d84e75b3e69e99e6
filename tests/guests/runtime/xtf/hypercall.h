/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls, through the page that Xen fills; structures are Xen's own. */
#ifndef XTF_HYPERCALL_H
#define XTF_HYPERCALL_H

#include <xtf/base.h>

/* Without it the headers give the interface of Xen 3. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00

#include <xen/errno.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/version.h>
#include <xen/vcpu.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

extern uint8_t hypercall_page[PAGE_SIZE];
extern shared_info_t shared_info;

/* Unused arguments are clobbered by debug builds of Xen: all are outputs. */
static inline long xtf_hypercall(unsigned int nr, unsigned long a1,
                                 unsigned long a2, unsigned long a3)
{
    long rc;

    __asm__ __volatile__("call *%[entry]"
                         : "=a"(rc), "+D"(a1), "+S"(a2), "+d"(a3)
                         : [entry] "rm"(&hypercall_page[nr * 32])
                         : "memory", "r8", "r10");
    return rc;
}

#define XTF_HYPERCALL(name)                                                    \
    static inline long hypercall_##name(unsigned int cmd, void *arg)           \
    {                                                                          \
        return xtf_hypercall(__HYPERVISOR_##name, cmd, _u(arg), 0);            \
    }
XTF_HYPERCALL(memory_op)
XTF_HYPERCALL(xen_version)
XTF_HYPERCALL(sched_op)
XTF_HYPERCALL(event_channel_op)
XTF_HYPERCALL(hvm_op)
#undef XTF_HYPERCALL

static inline long hypercall_vcpu_op(unsigned int cmd, unsigned int vcpu,
                                     void *extra)
{
    return xtf_hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, _u(extra));
}

static inline long hypercall_shutdown(unsigned int reason)
{
    return hypercall_sched_op(SCHEDOP_shutdown, &reason);
}

static inline void hypercall_yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}

static inline long hypercall_poll(evtchn_port_t port)
{
    struct sched_poll poll = { .nr_ports = 1 };

    set_xen_guest_handle(poll.ports, &port);
    return hypercall_sched_op(SCHEDOP_poll, &poll);
}

static inline int hypercall_evtchn_close(evtchn_port_t port)
{
    return hypercall_event_channel_op(EVTCHNOP_close, &port);
}

static inline int hypercall_evtchn_send(evtchn_port_t port)
{
    return hypercall_event_channel_op(EVTCHNOP_send, &port);
}

static inline int hypercall_evtchn_status(struct evtchn_status *status)
{
    return hypercall_event_channel_op(EVTCHNOP_status, status);
}

static inline int
hypercall_evtchn_alloc_unbound(struct evtchn_alloc_unbound *alloc)
{
    return hypercall_event_channel_op(EVTCHNOP_alloc_unbound, alloc);
}

static inline int hvm_set_param(unsigned int idx, uint64_t value)
{
    struct xen_hvm_param p = {
        .domid = DOMID_SELF,
        .index = idx,
        .value = value,
    };

    return hypercall_hvm_op(HVMOP_set_param, &p);
}

static inline int hvm_get_param(unsigned int idx, uint64_t *value)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = idx };
    int rc = hypercall_hvm_op(HVMOP_get_param, &p);

    if (!rc)
        *value = p.value;
    return rc;
}

/*
 * Reads a node, relative to the domain's own folder; NULL if there is none.
 * The text is good until the next call.
 */
int xenstore_init(void);
const char *xenstore_read(const char *path);

#endif
