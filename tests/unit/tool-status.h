/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a xen-vgpud says of two domains, "web" (3, weight 100) and "ca\x1b[2Jd"
 * (4, weight 300, capped to 37.5 %, quarantined), on queues gfx and sdma: at
 * `n` seconds 3.0 has had a quarter of gfx, 4.0 a half, with n * 10 and n * 20
 * switches; sdma was idle.
 */
#ifndef UNIT_TOOL_STATUS_H
#define UNIT_TOOL_STATUS_H

#include <jansson.h>

json_t *tool_status(unsigned int n, unsigned int pid);

/* {"return": …} as text, for host_answer. The status is taken. */
char *tool_return(json_t *value);
char *tool_error_answer(const char *text);

#endif
