/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine process that does what XVGPU_STUB_ENGINE says, for tests of the
 * monitor: fail, die (before it is ready), mute (never ready), type (a message
 * that makes no sense), memory (a word that makes none), suicide, hung, lost
 * (after it is ready).
 *
 * As gfx it wants to be told what tests/unit/test-monitor.c has asked for, and
 * leaves a file in its cache folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/proto.h"

static struct proto_in in;

static bool is_gfx(const char *program)
{
    const char *end = strrchr(program, '-');

    return end && !strcmp(end, "-gfx");
}

static bool told_right(void)
{
    const char *first = strchr(in.text, '\n');
    char path[512];
    int fd;

    if (!first || strcmp(first, "\n/some/driver.json") ||
        in.msg.u.engine.engine != XVGPU_ENGINE_GFX ||
        in.msg.u.engine.local_size != 32u << 20 ||
        in.msg.u.engine.watchdog_ms != 300 ||
        in.msg.u.engine.compile_ms != 1500 || in.msg.u.engine.threads != 3)
        return false;
    snprintf(path, sizeof(path), "%.*s/sub", (int)(first - in.text), in.text);
    if (mkdir(path, 0700) && errno != EEXIST)
        return false;
    strcat(path, "/file");
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    close(fd);
    return fd >= 0;
}

/* Of itself, more than anyone wants to know. */
static int say_ready(const struct proto_msg *msg, bool gfx)
{
    char text[400] = "A GPU\x1b[2J\n";
    size_t n = strlen(text);

    memset(text + n, 'x', sizeof(text) - n);
    return proto_send(PROTO_FD, msg, NULL, 0, text, gfx ? sizeof(text) : 0);
}

int main(int argc, char **argv)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_ENGINE_READY};
    const char *mode = getenv("XVGPU_STUB_ENGINE");

    mode = mode ? mode : "";
    if (argc != 3 || proto_recv(PROTO_FD, &in) ||
        in.msg.type != PROTO_ENGINE_START ||
        in.nr_fds != PROTO_ENGINE_FDS + is_gfx(argv[0]))
        return 4;
    if (is_gfx(argv[0]) && !told_right())
        return 5;
    if (!strcmp(mode, "die"))
        return 3;
    if (!strcmp(mode, "type"))
        msg.type = PROTO_ENGINE_RUN;
    if (!strcmp(mode, "fail"))
        msg.u.ready.status = -ENODEV;
    if (is_gfx(argv[0]))
        msg.u.ready.memory = !strcmp(mode, "memory") ? 77 : PROTO_MEMORY_COPIED;
    if (strcmp(mode, "mute") && say_ready(&msg, is_gfx(argv[0])))
        return 4;
    if (!strcmp(mode, "suicide"))
        return 0;
    if (!strcmp(mode, "hung"))
        return PROTO_EXIT_HUNG;
    if (!strcmp(mode, "lost"))
        return PROTO_EXIT_LOST;
    while (!proto_recv(PROTO_FD, &in))
        proto_close_fds(&in);
    return 0;
}
