/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start beside QEMU: the process that xl started becomes QEMU, so that xl
 * finds and signals QEMU under the id that it knows; the monitor is a process
 * of its own.
 */
#ifndef MONITOR_LAUNCH_H
#define MONITOR_LAUNCH_H

#include <stdbool.h>

#include "dm/monitor/options.h"

/* What ties the monitor to the process that started it. */
struct launch {
    int ready_fd; /* a byte written to it: go on, become QEMU */
    int pidfd;    /* of that process, QEMU later; -1: it has no QEMU */
    int lock_fd;  /* closed when the vGPUs are there; or -1 */
};

/* Start the monitor; when the vGPUs are there become QEMU. Returns an exit
 * code: the monitor's, in the monitor, or 1 in the process that xl started,
 * said on stderr. */
int launch(int argc, char *const argv[], const struct options *opt);

/* Two forks and a session: nothing that happens to the caller's processes,
 * groups and terminals reaches the monitor, and nobody has to reap it. In the
 * caller *monitor is false; 0 or a negative errno. */
int launch_fork(bool *monitor);

/* Whether the monitor has said that the vGPUs are there; false: it ended. */
bool launch_wait(int fd);

/* QEMU's command line: argv without our arguments, with the VRAM taken out of
 * the memory of QEMU's VGA. Zero-terminated; the caller frees it and nothing
 * in it. NULL without memory. */
char **launch_argv(int argc, char *const argv[], const struct options *opt);

#endif
