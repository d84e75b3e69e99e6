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
    SANDBOX_DEVICE,  /* ioctls of privcmd and evtchn, device-model operations */
    SANDBOX_ENGINE,  /* the same without device-model operations */
    SANDBOX_GFX,     /* and what a Vulkan driver needs: threads, code made at
                        run time, its files until the filter */
    SANDBOX_DISPLAY, /* connections on sockets that listen already; no file, no
                        thread more, no Xen handle */
};

/* The most that an engine writes into one file of its cache. */
#define SANDBOX_CACHE_FILE (UINT64_C(128) << 20)

struct sandbox {
    enum sandbox_profile profile;
    uint32_t domid;
    uint32_t uid, gid; /* 0: keep */
    uint32_t enabled;  /* 0: only the restriction of Xen handles */
    /* SANDBOX_GFX: a folder that it may write, and a driver's manifest besides
     * the system's. NULL: none. Seen inside at the same paths. */
    const char *cache, *icd;
};

/*
 * In this order: restrict all open Xen handles to the domain
 * (xentoolcore_restrict_all), empty root folder, namespaces (mount, network,
 * IPC), uid and gid, for engines death of the parent as own death (and a look
 * at whether it still lives), rlimits, Landlock (no file access), seccomp.
 *
 * All handles must be open, no second thread may run. 0 or a negative errno;
 * on failure the process must end: it is half locked in. What the kernel
 * lacks (Landlock) is a warning, what must not fail is an error.
 *
 * A Vulkan driver opens files and starts threads when it is initialized. With
 * SANDBOX_GFX its libraries, the devices of GPUs and the cache folder are in
 * the root folder and allowed by Landlock; it is initialized between
 * sandbox_begin(), which does all but seccomp, and sandbox_close(), which
 * filters the system calls of all threads. After that no file can be opened.
 * SANDBOX_DISPLAY starts its threads between the two.
 */
int sandbox_begin(const struct sandbox *sb);
int sandbox_close(const struct sandbox *sb);
/* Both. */
int sandbox_enter(const struct sandbox *sb);

#endif
