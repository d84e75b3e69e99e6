/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vGPUs for a PVH domain, for which xl starts no device model: they are
 * attached by hand between xl create -p and xl unpause.
 */
#ifndef MONITOR_ATTACH_H
#define MONITOR_ATTACH_H

#include "dm/monitor/domain.h"
#include "dm/monitor/options.h"

/* Start the monitor as a daemon, wait until the vGPUs are there. Returns an
 * exit code; what the monitor has said until then is on stderr, later lines
 * go to its log file. */
int attach(const struct options *opt);

/* Whether vGPUs can be attached to this domain now; what an earlier one of its
 * id has left is gone then. 0 or a negative errno, said on stderr. */
int attach_check(uint32_t domid, const struct domain_info *info);

#endif
