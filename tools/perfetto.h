/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * World switches in the JSON form of Chrome's trace events ("Trace Event
 * Format", JSON Object Format), which Perfetto's viewer opens: a track for each
 * queue with a slice for each turn, in it one from the stop request to the
 * acknowledgement; a track for compiling; instants for the rest; counters of
 * who waits.
 */
#ifndef TOOLS_PERFETTO_H
#define TOOLS_PERFETTO_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/sched-record.h"

struct perfetto;

/* Begin a file. status (xen-vgpud's) gives the queues' and domains' names; it
 * may lack any. NULL without memory. */
struct perfetto *perfetto_begin(FILE *out, const json_t *status);

/* Records in their order. What makes no sense is left out. 0 or -ENOMEM. */
int perfetto_put(struct perfetto *p, const struct sched_record *records,
                 size_t nr);

/* Close turns that still last, end the file, free p. Returns how many turns
 * were written. What the file could not take is told by ferror(). */
size_t perfetto_end(struct perfetto *p);

#endif
