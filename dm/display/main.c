/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu-display --domid N: started by xen-vgpu-dm, its socket at PROTO_FD.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dm/display/display.h"
#include "lib/sandbox.h"

/* Kept by reference in the log. */
static char object[32];

static int receive_start(struct proto_in *in)
{
    int rc;

    do
        rc = proto_recv(PROTO_FD, in);
    while (rc == -EINTR);
    return rc;
}

static int start(struct proto_in *in, struct display **d)
{
    const struct sandbox sb = {
        .profile = SANDBOX_DISPLAY,
        .domid = in->msg.u.display.domid,
        .uid = in->msg.u.display.uid,
        .gid = in->msg.u.display.gid,
        .enabled = in->msg.u.display.sandbox,
    };
    int rc;

    /* Viewers' threads must not wait for the monitor. */
    if (fcntl(PROTO_FD, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    rc = display_new(in, PROTO_FD, d);
    if (!rc)
        rc = sandbox_begin(&sb);
    if (!rc)
        rc = display_start(*d);
    return rc ? rc : sandbox_close(&sb);
}

int main(int argc, char **argv)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DISPLAY_READY};
    static struct proto_in in;
    struct display *d = NULL;
    int rc;

    log_init("xen-vgpu-display", LOG_INFO);
    if (argc != 3 || strcmp(argv[1], "--domid")) {
        fprintf(stderr, "xen-vgpu-display is started by xen-vgpu-dm(8)\n");
        return 2;
    }
    rc = receive_start(&in);
    if (rc) {
        log_error("no start message on descriptor %d: %s", PROTO_FD,
                  strerror(-rc));
        return 1;
    }
    snprintf(object, sizeof(object), "%u.%u", in.msg.u.display.domid,
             in.msg.u.display.index);
    log_set_object(object);
    log_set_level((enum log_level)in.msg.u.display.log_level);
    rc = start(&in, &d);
    if (rc)
        log_error("start: %s", strerror(-rc));
    memset(in.text, 0, sizeof(in.text)); /* a password */
    msg.u.ready.status = rc;
    if (rc) {
        proto_send(PROTO_FD, &msg, NULL, 0, NULL, 0);
        return 1;
    }
    rc = proto_send(PROTO_FD, &msg, NULL, 0, NULL, 0);
    if (rc) {
        log_error("tell the monitor: %s", strerror(-rc));
        return 1;
    }
    display_loop(d);
    return 0;
}
