/* SPDX-License-Identifier: MIT */
#include "evtchn.h"

#define OP_UNMASK       9 /* public/event_channel.h */
#define PARAM_CALLBACK  0 /* public/hvm/params.h */
#define CALLBACK_VECTOR (2ULL << 56)

#define MAX_PORTS 256
#define BITS      64

static struct {
    plat_irq_fn *fn;
    void *arg;
} ports[MAX_PORTS];

static void set_bit(unsigned long *bits, uint32_t n)
{
    __atomic_fetch_or(&bits[n / BITS], 1UL << (n % BITS), __ATOMIC_SEQ_CST);
}

/* Returns what the bit was. */
static bool clear_bit(unsigned long *bits, uint32_t n)
{
    unsigned long mask = 1UL << (n % BITS);

    return __atomic_fetch_and(&bits[n / BITS], ~mask, __ATOMIC_SEQ_CST) & mask;
}

/* Ports of others, such as xenstore's, are left pending for them. */
static void serve_word(unsigned int word)
{
    unsigned long pending =
        __atomic_load_n(&shared_info.evtchn_pending[word], __ATOMIC_SEQ_CST) &
        ~shared_info.evtchn_mask[word];

    while (pending) {
        uint32_t port = word * BITS + __builtin_ctzl(pending);

        pending &= pending - 1;
        if (port < MAX_PORTS && ports[port].fn &&
            clear_bit(shared_info.evtchn_pending, port))
            ports[port].fn(ports[port].arg);
    }
}

static void upcall(void *arg __maybe_unused)
{
    struct vcpu_info *v = &shared_info.vcpu_info[0];
    unsigned long words;

    /* The flag first: what comes after this line makes a new upcall. */
    __atomic_store_n(&v->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    while (words) {
        unsigned int word = __builtin_ctzl(words);

        words &= words - 1;
        serve_word(word);
    }
}

static void init(void)
{
    static bool done;

    if (done)
        return;
    done = true;

    /* The vector comes straight from Xen: the LAPIC knows of no EOI. */
    if (hvm_set_param(PARAM_CALLBACK,
                      CALLBACK_VECTOR | plat_irq_alloc(upcall, NULL, false)))
        panic("Xen refuses the event-channel vector\n");
}

uint32_t evtchn_alloc(uint16_t remote, plat_irq_fn *fn, void *arg)
{
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF,
        .remote_dom = remote,
    };

    init();
    if (hypercall_evtchn_alloc_unbound(&alloc) || alloc.port >= MAX_PORTS)
        panic("No event channel for domain %u\n", remote);
    evtchn_mask(alloc.port);
    ports[alloc.port].arg = arg;
    ports[alloc.port].fn = fn;
    return alloc.port;
}

void evtchn_free(uint32_t port)
{
    evtchn_mask(port);
    ports[port].fn = NULL;
    hypercall_evtchn_close(port);
}

void evtchn_mask(uint32_t port)
{
    set_bit(shared_info.evtchn_mask, port);
}

void evtchn_unmask(uint32_t port)
{
    uint32_t arg = port;

    hypercall_event_channel_op(OP_UNMASK, &arg);
}

bool evtchn_pending(uint32_t port)
{
    return shared_info.evtchn_pending[port / BITS] >> (port % BITS) & 1;
}
