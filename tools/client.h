/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to a monitor on /run/xen-vgpu/DOMID.sock.
 */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include <jansson.h>
#include <stdint.h>

/* Exit codes, as xen-vgpu(1) promises. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_VGPU = 3 };

struct target {
    uint32_t domid;
    uint32_t vgpu;
};

/* The folder of the sockets: XVGPU_RUN_DIR, for tests, or /run/xen-vgpu. */
const char *client_dir(void);

/* Ask and wait, at most 10 s. EXIT_OK and what stands in "return" in *reply
 * (the caller's), or an exit code, with the reason said on stderr. *fd, if fd
 * is not NULL, gets the descriptor that came with it or -1. */
int client_ask(const struct target *t, const char *command, json_t **reply,
               int *fd);

#endif
