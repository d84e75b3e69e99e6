/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last SCHED_RECORDS decisions, in a ring. */
#ifndef SCHED_RECORDS_H
#define SCHED_RECORDS_H

#include <stdint.h>

#include "lib/sched-record.h"

struct records {
    struct sched_record *ring;
    uint64_t next; /* how many there have been */
};

int records_init(struct records *r);
void records_fini(struct records *r);
void records_add(struct records *r, const struct sched_record *record);

/* Those from number `since` on, in a sealed memfd: *fd is the caller's.
 * *count of them; *lost are not there any more. 0 or a negative errno. */
int records_export(const struct records *r, uint64_t since, int *fd,
                   uint64_t *count, uint64_t *lost);

#endif
