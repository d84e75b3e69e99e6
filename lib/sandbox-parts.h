/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of sandbox.c that have files of their own. Each returns 0, or a
 * negative errno that it has said. */
#ifndef LIB_SANDBOX_PARTS_H
#define LIB_SANDBOX_PARTS_H

#include <grp.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/sandbox.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Sanitizers and gcov open files as long as the process lives. */
#ifdef XVGPU_INSTRUMENTED
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif

/* Say which step failed, and why: errno. Returns it negative. */
int sandbox_failed(const char *step);

/* sandbox-files.c */
/* In a mount namespace of its own: a root folder with nothing in it, or what
 * a Vulkan driver needs. */
int sandbox_root(const struct sandbox *sb);
/* Landlock, for what the root folder lets through. */
int sandbox_files(const struct sandbox *sb);
/* The groups that the host's GPUs are open to; returns their number. */
size_t sandbox_groups(const struct sandbox *sb, gid_t *gids, size_t max);

/* sandbox-calls.c */
int sandbox_calls(const struct sandbox *sb);

#endif
