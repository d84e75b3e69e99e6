/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-dm does the work, checks what it is given and says what is wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/print.h"

#define WORDS_MAX 64u

int command_attach(const struct target *t, char *const words[])
{
    const char *program = getenv("XVGPU_DM"), *argv[WORDS_MAX + 4];
    unsigned int n = 0;
    char domid[12];

    program = program ? program : SBINDIR "/xen-vgpu-dm";
    snprintf(domid, sizeof(domid), "%u", t->domid);
    argv[n++] = "xen-vgpu-dm";
    argv[n++] = "-vgpu-attach";
    argv[n++] = domid;
    for (; *words && n < WORDS_MAX + 3; words++)
        argv[n++] = *words;
    argv[n] = NULL;
    if (*words) {
        tool_error("more than %u arguments for xen-vgpu-dm", WORDS_MAX);
        return EXIT_USAGE;
    }
    execv(program, (char **)(uintptr_t)argv);
    tool_error("run %s: %s", program, strerror(errno));
    return EXIT_FAILED;
}
