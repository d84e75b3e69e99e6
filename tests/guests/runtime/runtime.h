/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the runtime's files share; tests do not see it. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <xtf.h>

/* cpu.c */
void cpu_init_traps(void);
void cpu_init_hypercalls(void);

/* console.c: until console_init_pv() output goes to Xen's log only. */
void console_init_pv(void);
/* Waits, but not for ever, until xenconsoled has taken all output. */
void console_flush(void);

/* xenstore.c */
void xenstore_connect(void);

#endif
