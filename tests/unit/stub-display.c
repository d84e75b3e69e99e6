/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-display, or what XVGPU_STUB_DISPLAY says, for tests of the monitor:
 * die (before it is ready), fail, type, index, scanout, size (messages that
 * make no sense, after it is ready).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/proto.h"

/* Of dm/display/main.c, under another name. */
int main_of_display(int argc, char **argv);

static struct proto_in in;

static void send_msg(struct proto_msg *msg, uint32_t type)
{
    msg->version = PROTO_VERSION;
    msg->type = type;
    if (proto_send(PROTO_FD, msg, NULL, 0, NULL, 0))
        exit(4);
}

int main(int argc, char **argv)
{
    const char *mode = getenv("XVGPU_STUB_DISPLAY");
    struct proto_msg msg = {.u.ready.status = 0};

    if (!mode || !*mode)
        return main_of_display(argc, argv);
    if (proto_recv(PROTO_FD, &in) || !strcmp(mode, "die"))
        return 3;
    if (!strcmp(mode, "fail"))
        msg.u.ready.status = -ENOMEM;
    send_msg(&msg, PROTO_DISPLAY_READY);
    if (!strcmp(mode, "type"))
        send_msg(&msg, PROTO_ENGINE_RUN);
    msg.u.display_size.index = !strcmp(mode, "index");
    msg.u.display_size.scanout = !strcmp(mode, "scanout");
    msg.u.display_size.width = 800;
    msg.u.display_size.height = strcmp(mode, "size") ? 600 : 0;
    send_msg(&msg, PROTO_DISPLAY_RESIZE);
    while (!proto_recv(PROTO_FD, &in))
        proto_close_fds(&in);
    return 0;
}
