/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading from xenstore: Xen's docs/misc/xenstore.txt and io/xs_wire.h. */
#include "runtime.h"

#include <xen/io/xs_wire.h>

static struct xenstore_domain_interface *ring;
static evtchn_port_t ring_port;
static char payload[XENSTORE_PAYLOAD_MAX + 1];

void xenstore_connect(void)
{
    uint64_t pfn, port;

    if (hvm_get_param(HVM_PARAM_STORE_PFN, &pfn) ||
        hvm_get_param(HVM_PARAM_STORE_EVTCHN, &port) || !pfn)
        return;
    ring_port = port;
    ring = gfn_to_virt(pfn);
}

int xenstore_init(void)
{
    struct evtchn_status status = { .dom = DOMID_SELF, .port = ring_port };

    if (!ring || hypercall_evtchn_status(&status) ||
        status.status != EVTCHNSTAT_interdomain)
        return -XEN_ENODEV;
    return 0;
}

/*
 * Waits for the other side to move an index.  It can't be missed: our port
 * stays pending until it is polled.
 */
static void wait_for_peer(void)
{
    hypercall_evtchn_send(ring_port);
    hypercall_poll(ring_port);
    __asm__ __volatile__("lock; btrl %1, %0"
                         : "+m"(*(uint32_t *)shared_info.evtchn_pending)
                         : "r"(ring_port)
                         : "memory");
}

static void send(const char *data, size_t len)
{
    while (len) {
        uint32_t prod = ring->req_prod;

        if (prod - ACCESS_ONCE(ring->req_cons) == XENSTORE_RING_SIZE) {
            wait_for_peer();
            continue;
        }
        smp_mb();
        ring->req[MASK_XENSTORE_IDX(prod)] = *data++;
        len--;
        smp_wmb();
        ACCESS_ONCE(ring->req_prod) = prod + 1;
    }
}

/* @data may be NULL, then the bytes are dropped. */
static void receive(char *data, size_t len)
{
    while (len) {
        uint32_t cons = ring->rsp_cons;

        if (cons == ACCESS_ONCE(ring->rsp_prod)) {
            wait_for_peer();
            continue;
        }
        smp_rmb();
        if (data)
            *data++ = ring->rsp[MASK_XENSTORE_IDX(cons)];
        len--;
        smp_mb();
        ACCESS_ONCE(ring->rsp_cons) = cons + 1;
    }
}

const char *xenstore_read(const char *path)
{
    struct xsd_sockmsg msg = { .type = XS_READ, .len = strlen(path) + 1 };

    if (!ring)
        return NULL;
    send((char *)&msg, sizeof(msg));
    send(path, msg.len);
    hypercall_evtchn_send(ring_port);

    receive((char *)&msg, sizeof(msg));
    if (msg.len > XENSTORE_PAYLOAD_MAX) {
        receive(NULL, msg.len);
        return NULL;
    }
    receive(payload, msg.len);
    payload[msg.len] = '\0';
    hypercall_evtchn_send(ring_port);
    return msg.type == XS_READ ? payload : NULL;
}
