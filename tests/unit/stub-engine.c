/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine process that does what XVGPU_STUB_ENGINE says, for tests of the
 * monitor: fail, die (before it is ready), mute (never ready), type (a message
 * that makes no sense), suicide (after it is ready).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/proto.h"

static struct proto_in in;

int main(int argc, char **argv)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_ENGINE_READY};
    const char *mode = getenv("XVGPU_STUB_ENGINE");

    (void)argv;
    mode = mode ? mode : "";
    if (argc != 3 || proto_recv(PROTO_FD, &in) ||
        in.msg.type != PROTO_ENGINE_START || in.nr_fds != 6)
        return 4;
    if (!strcmp(mode, "die"))
        return 3;
    if (!strcmp(mode, "type"))
        msg.type = PROTO_ENGINE_RUN;
    if (!strcmp(mode, "fail"))
        msg.u.ready.status = -ENODEV;
    if (strcmp(mode, "mute") && proto_send(PROTO_FD, &msg, NULL, 0, NULL, 0))
        return 4;
    if (!strcmp(mode, "suicide"))
        return 0;
    while (!proto_recv(PROTO_FD, &in))
        proto_close_fds(&in);
    return 0;
}
