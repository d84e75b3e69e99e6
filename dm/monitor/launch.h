/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start beside QEMU: the process that xl started becomes QEMU, so that xl
 * finds and signals QEMU under the id that it knows; the monitor is a process
 * of its own.
 */
#ifndef MONITOR_LAUNCH_H
#define MONITOR_LAUNCH_H

#include "dm/monitor/options.h"

/* What ties the monitor to the process that xl started. */
struct launch {
    int ready_fd; /* a byte written to it: go on, become QEMU */
    int pidfd;    /* of that process, QEMU later */
};

/* Start the monitor; when the vGPUs are there become QEMU. Returns an exit
 * code: the monitor's, in the monitor, or 1 in the process that xl started,
 * said on stderr. */
int launch(int argc, char *const argv[], const struct options *opt);

/* QEMU's command line: argv without our arguments, with the VRAM taken out of
 * the memory of QEMU's VGA. Zero-terminated; the caller frees it and nothing
 * in it. NULL without memory. */
char **launch_argv(int argc, char *const argv[], const struct options *opt);

#endif
