/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands. Each returns an exit code; what is wrong has been said.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include <stdbool.h>

#include "tools/client.h"

/* A vGPU as `show` gives it, with its statistics parsed. */
int command_fetch(const struct target *t, json_t **vgpu);

/* Attach vGPUs: words up to NULL are xen-vgpu-dm's. Returns on failure only. */
int command_attach(const struct target *t, char *const words[]);

/* Print a captured stream of commands. */
int command_disasm(const char *file);

/* Run one. picture: a PNG file to write, or NULL. Returns on failure only. */
int command_replay(const char *file, const char *picture);

/* Policies in virtual time; argv[0] is "sim". */
int command_sim(int argc, char **argv, bool json);

/* A command, as it was called: on which vGPU, if it takes one, and the words
 * that follow. */
struct call {
    struct target target;
    char *const *words;
    int nr;
    bool json;
};

/* These ask xen-vgpud. */
int command_sched(const struct call *c); /* also changes a queue */
int command_set_queue(const struct call *c);
int command_set(const struct call *c);
int command_reset(const struct call *c);
int command_quarantine(const struct call *c);
int command_release(const struct call *c);
int command_metrics(const struct call *c);

/* World switches to a file; words: FILE [SECONDS]. */
int command_trace(const struct call *c);

/* words: its options. */
int command_top(const struct call *c);

int command_list(bool json);
int command_show(const struct target *t, bool json);
int command_regs(const struct target *t, bool json);
int command_record(const struct target *t, const char *file, bool json);
int command_screenshot(const struct target *t, const char *file, bool json);

#endif
