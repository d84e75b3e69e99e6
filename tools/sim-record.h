/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xen-vgpud remembers as a load of the simulator (xen-vgpu(1),
 * "SIMULATOR"): each time that a vGPU has work, of the first queue, is a job of
 * the engine time that it then got.
 */
#ifndef TOOLS_SIM_RECORD_H
#define TOOLS_SIM_RECORD_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/sched-record.h"

struct sim_record;

/* To `out`, which stays the caller's. status: xen-vgpud's, or NULL; weights,
 * caps and latency classes are from there. NULL: out of memory. */
struct sim_record *sim_record_begin(FILE *out, const json_t *status);
/* In the order of their times. 0 or -ENOMEM. */
int sim_record_put(struct sim_record *r, const struct sched_record *records,
                   size_t count);
/* Writes all of it and frees r. *jobs: how many there are. 0 or -ENOMEM;
 * whether writing has failed is in ferror(). */
int sim_record_end(struct sim_record *r, size_t *jobs);

#endif
