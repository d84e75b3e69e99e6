/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu and who it talks to: a scripted xen-vgpud and monitors, served by a
 * thread of the test.
 */
#ifndef UNIT_TOOL_HOST_H
#define UNIT_TOOL_HOST_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#define HOST_SOCKETS 4u

/* What is answered: the line without its end (freed by the host), and a
 * descriptor that goes with it, or -1 (closed by the host). NULL: the
 * connection is closed. */
typedef char *host_answer(const char *socket, const json_t *request, int *fd);

/* Once a test: sockets NAME.sock up to NULL in a new XVGPU_RUN_DIR. */
void host_start(host_answer *answer, const char *const *names);
void host_stop(void);

/* The folder of the sockets; the test may keep its files there. */
const char *host_dir(void);

/* The last request other than "status" and "show", as it came; "" without
 * any. */
const char *host_asked(void);

/* What the tool has said. */
struct said {
    int code; /* its exit code, or -1 */
    char out[1 << 18], err[4096];
};

/* Run xen-vgpu with the words up to NULL, to its end. */
void tool_run(struct said *said, ...) __attribute__((sentinel));

/* The program. */
const char *tool_path(void);

#endif
