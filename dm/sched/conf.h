/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud's configuration: a file, then the command line over it. */
#ifndef SCHED_CONF_H
#define SCHED_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "dm/sched/queue.h"

#define CONFIG_FILE "/etc/xen-vgpu/xen-vgpud.conf"
#define CONFIG_QUEUES 2u /* gfx, sdma */

struct config_queue {
    const struct sched_policy *policy;
    uint64_t slice_ns, residency_ns, deadline_ns, compile_ns, overrun_ns;
};

struct config {
    struct config_queue queues[CONFIG_QUEUES];
    uint64_t idle_cpu_ns; /* without a grant, in such a window */
    uint64_t idle_window_ns;
    bool gang;
    uint64_t settle_ns; /* after a restart no new grants for so long */
    uint64_t guard_window_ns;
    uint32_t resets_to_flr, flrs_to_quarantine;
    char run_dir[80];
};

/* Read the file and the options: 0; a negative errno, said on stderr; 1 if
 * the program should end with success (--help, --version). */
int config_read(struct config *c, int argc, char **argv);

#endif
