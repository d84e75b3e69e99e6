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
int command_sim(int argc, char **argv);

int command_list(bool json);
int command_show(const struct target *t, bool json);
int command_regs(const struct target *t, bool json);
int command_record(const struct target *t, const char *file, bool json);
int command_screenshot(const struct target *t, const char *file, bool json);

#endif
