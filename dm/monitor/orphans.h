/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What monitors that were killed have left: the socket of each stands in the
 * folder of sockets, and nobody listens on it. Whoever starts next removes
 * their processes, control groups, ioreq servers and nodes.
 */
#ifndef MONITOR_ORPHANS_H
#define MONITOR_ORPHANS_H

#include "dm/monitor/monitor.h"

/* Of other domains than m's, in the folder `dir`. */
void orphans_remove(struct monitor *m, const char *dir);

#endif
