/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to a monitor on /run/xen-vgpu/DOMID.sock, and to xen-vgpud on
 * xen-vgpud.sock beside it.
 */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, as xen-vgpu(1) promises. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_VGPU = 3,
    EXIT_NO_DAEMON = 4,
};

struct target {
    uint32_t domid;
    uint32_t vgpu;
    uint32_t scanout; /* of a screenshot */
};

/* The folder of the sockets: XVGPU_RUN_DIR, for tests, or /run/xen-vgpu. */
const char *client_dir(void);

/* Ask a monitor and wait, at most 10 s. EXIT_OK and what stands in "return" in
 * *reply (the caller's), or an exit code, with the reason said on stderr. *fd,
 * if fd is not NULL, gets the descriptor that came with it or -1. */
int client_ask(const struct target *t, const char *command, json_t **reply,
               int *fd);

/* The same of xen-vgpud; request is taken. what: what is attempted, which
 * begins the message of a failure. */
int client_ask_daemon(const char *what, json_t *request, json_t **reply,
                      int *fd);

#define CLIENT_WHY 256

/* The same two, but the reason goes to why, not cleaned, and it takes
 * timeout_ns at most. */
int client_try(const struct target *t, const char *command, uint64_t timeout_ns,
               json_t **reply, int *fd, char why[CLIENT_WHY]);
int client_try_daemon(json_t *request, uint64_t timeout_ns, json_t **reply,
                      int *fd, char why[CLIENT_WHY]);

#endif
