/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lives of objects in this process, where what is left can be counted. */
#ifndef TESTS_FAULTS_IN_PROCESS_H
#define TESTS_FAULTS_IN_PROCESS_H

#include <stdint.h>
#include <xen/xen.h>

#include "report.h"

/* What is left of a domain's mappings and channels, and of memory; NULL. */
const char *left_in_process(domid_t domid);

/* report_run() with counts that this process shares with its forks only; it
 * plays everybody but what is tried, which says so by points_exempt(). */
int report_in_process(const char *title, life_fn *life, unsigned int share);

#endif
