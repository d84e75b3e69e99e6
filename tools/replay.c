/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu replay: another program does it, which has the engines in it. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/print.h"

int command_replay(const char *file, const char *picture)
{
    const char *program = getenv("XVGPU_REPLAY"), *argv[6];
    unsigned int n = 0;

    program = program ? program : PKGLIBEXECDIR "/xen-vgpu-replay";
    argv[n++] = "xen-vgpu-replay";
    if (picture) {
        argv[n++] = "--out";
        argv[n++] = picture;
    }
    argv[n++] = "--";
    argv[n++] = file;
    argv[n] = NULL;
    execv(program, (char **)(uintptr_t)argv);
    tool_error("run %s: %s", program, strerror(errno));
    return EXIT_FAILED;
}
