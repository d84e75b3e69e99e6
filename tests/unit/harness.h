/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-dm on the fake Xen, started as libxl does it. The test program is
 * the hypervisor, the guest and the toolstack.
 */
#ifndef UNIT_HARNESS_H
#define UNIT_HARNESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "fakexen.h"

#define HARNESS_VRAM_MIB 16

/* Of a file, under dm_restrict=1. */
#define HARNESS_FILE_MAX (256u << 10)

struct dm {
    int domid;
    pid_t pid;
    char qmp[128]; /* libxl's socket */
    /* Under dm_restrict=1 only. */
    FILE *asked;      /* libxl's connection, from before the start */
    ino_t socket_ino; /* of the listening socket that the dm was given */
    int log;          /* what it says, behind HARNESS_FILE_MAX of zeros */
};

/* Once, first. children: "fake" (production code) or "stub". */
void harness_start(const char *children);

/* Wait for other programs with such tests, of other builds for one, to end:
 * harness_start() does, unless this process, or the one that forked it, has. */
void harness_lock(void);
/* Don't: the domains have numbers that no other program's have, and with them
 * uids and control groups. */
void harness_no_lock(void);
void harness_stop(void);

/* A domain with room for HARNESS_VRAM_MIB of VRAM and its dm; extra arguments
 * up to NULL. With none the options are one vGPU with all of that room. */
void dm_start(struct dm *dm, const char *const *extra);

/* The same on a domain that exists. */
void dm_start_on(struct dm *dm, int domid, const char *const *extra);

/* dm_start() as libxl does it under dm_restrict=1: the listening socket is a
 * descriptor, files may not grow beyond HARNESS_FILE_MAX, and by -runas,
 * -chroot, -xen-domid-restrict QEMU is asked to give up its rights. */
void dm_start_restricted(struct dm *dm, const char *const *extra);

/* True when that libxl would go on. Closes its connection. */
bool dm_wait_prelaunch(struct dm *dm);

/* Waits for the end of its connection: true when it read nothing at all. */
bool dm_wait_unanswered(struct dm *dm);

/* Does the process hold the socket that libxl listens on? */
bool dm_holds_socket(const struct dm *dm, pid_t pid);

/* Remove what is libxl's own, as it does in the end. */
void dm_forget_restricted(struct dm *dm);

/* The same with xen-vgpu attach, for a PVH domain; dm->pid is the tool's. The
 * log goes to XVGPU_LOG_DIR. */
void dm_attach(struct dm *dm, int domid, const char *const *words);

/* True when libxl would see "running" within 60 s; false when the dm ended
 * before. */
bool dm_wait_running(struct dm *dm);

/* Exit code, or -1 if it does not end within 60 s (it is then killed). */
int dm_wait_exit(struct dm *dm);

/* A node below the dm's in xenstore; the caller frees. NULL without one. */
char *dm_node(const struct dm *dm, const char *name);
/* As libxl does before it destroys the domain. */
void dm_remove_nodes(const struct dm *dm);

/* One QMP command on a new connection, negotiated. The caller's. */
json_t *dm_qmp(const struct dm *dm, const char *command);

/* The same; whether it was answered with a result. */
bool dm_qmp_try(const struct dm *dm, const char *command);

/* One request on the administrator's socket, NULL on failure. */
json_t *dm_admin(const struct dm *dm, const char *request);

/* The same request n times without reading, then the answers, as far as there
 * are any: how many were results. Reads nothing before the other end has
 * closed the connection if `until_closed`. */
unsigned int dm_admin_burst(const struct dm *dm, const char *request,
                            unsigned int n, bool until_closed);

/* A process of `show`, 0 without one. */
pid_t dm_process(const struct dm *dm, const char *name);

/* Nothing of it is left: processes, sockets, cgroups, nodes, servers. */
void dm_assert_nothing_left(const struct dm *dm);
/* The same: what is left, or NULL. */
const char *dm_left(const struct dm *dm);

/* A connection to a socket, whose reads give up after 20 s; NULL if nobody
 * listens. */
FILE *harness_connect(const char *path);

/* Reap what was orphaned until nothing is left; fails after 20 s. */
void harness_reap(void);

/* A test's teardown: ends what a test that failed has left. */
int harness_end_test(void **state);
#define harness_test(f) cmocka_unit_test_teardown(f, harness_end_test)

/* Remove what a dm that was killed could not: files and cgroups. */
void harness_sweep(const struct dm *dm);

/* Kill the guest; the dm ends, and nothing is left. */
void dm_kill_domain_and_check(struct dm *dm);

#endif
