/* SPDX-License-Identifier: MIT */
/* Event channels, two-level ABI: Xen's public/event_channel.h. */
#ifndef VGPU_EVTCHN_H
#define VGPU_EVTCHN_H

#include "plat.h"

/*
 * A port that domain @remote may bind; @fn runs on each event, with
 * interrupts off.  Masked until evtchn_unmask().  Fails by panic().
 */
uint32_t evtchn_alloc(uint16_t remote, plat_irq_fn *fn, void *arg);
void evtchn_free(uint32_t port);

/* An event that comes while a port is masked is kept: one, not a number. */
void evtchn_mask(uint32_t port);
void evtchn_unmask(uint32_t port);
bool evtchn_pending(uint32_t port);

static inline void evtchn_send(uint32_t port)
{
    hypercall_evtchn_send(port);
}

#endif
