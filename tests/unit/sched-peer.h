/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A xen-vgpud that is a thread of the test: it lets all engines of one vGPU
 * run for good.
 */
#ifndef UNIT_SCHED_PEER_H
#define UNIT_SCHED_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* In XVGPU_RUN_DIR, which it makes. False: it could not. `begins` may be NULL:
 * the thread's first call. */
bool sched_peer_start(void (*begins)(void));
void sched_peer_stop(void);

/* Have the vGPU reset. False: it is not registered now. */
bool sched_peer_reset(uint32_t reason, bool quarantine);

#endif
