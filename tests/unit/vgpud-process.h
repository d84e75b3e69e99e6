/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real xen-vgpud in the harness' folder of sockets. */
#ifndef UNIT_VGPUD_PROCESS_H
#define UNIT_VGPUD_PROCESS_H

#include "harness.h"

/* Options up to NULL. Returns when it answers. */
void vgpud_start(const char *const *options);
/* SIGKILL. */
void vgpud_kill(void);
/* SIGTERM: it must end well. */
void vgpud_stop(void);

/* One request on its administrator's socket: what it returned, the caller's.
 * NULL: an error, or nobody answers. */
json_t *vgpud_ask(const char *request);

/* Until so many vGPUs are registered. */
void vgpud_wait(size_t vgpus);

/* A number of an engine of a vGPU in `status`. -1: there is none. */
json_int_t vgpud_number(const char *queue, int domid, const char *name);

/* Is it in quarantine? */
bool vgpud_quarantined(int domid);

#endif
