/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dropping privilege, once, before the first guest byte is read.
 */
#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/* Which system calls stay allowed, besides those that every process needs. */
enum sandbox_profile {
    SANDBOX_DEVICE, /* ioctls of privcmd and evtchn, device-model operations */
    SANDBOX_ENGINE, /* the same without device-model operations */
};

struct sandbox {
    enum sandbox_profile profile;
    uint32_t domid;
    uint32_t uid, gid;  /* 0: keep */
    uint32_t enabled;   /* 0: only the restriction of Xen handles */
};

/* In this order: restrict all open Xen handles to the domain
 * (xentoolcore_restrict_all), empty root folder, namespaces (mount, network,
 * IPC), uid and gid, for engines death of the parent as own death (and a look
 * at whether it still lives), rlimits, Landlock (no file access), seccomp.
 *
 * All handles must be open, no second thread may run. 0 or a negative errno;
 * on failure the process must end: it is half locked in. What the kernel
 * lacks (Landlock) is a warning, what must not fail is an error. */
int sandbox_enter(const struct sandbox *sb);

#endif
