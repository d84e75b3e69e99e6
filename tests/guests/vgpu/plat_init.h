/* SPDX-License-Identifier: MIT */
/* What plat_init() calls, in this order. */
#ifndef VGPU_PLAT_INIT_H
#define VGPU_PLAT_INIT_H

void plat_mem_init(void);
void plat_irq_init(void);
void plat_args_init(void);

#endif
