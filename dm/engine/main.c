/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu-engine --domid N: started by xen-vgpu-dm, its socket at PROTO_FD. */
#include "config.h"
#include "dm/engine/engine.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/proto.h"
#include "lib/sandbox.h"

enum { FD_LINK, FD_KICK, FD_EVENT, FD_GRANT_S, FD_GRANT_E, FD_WAKE, NR_FDS };

/* Kept by reference in the log. */
static char object[32];

static int receive_start(struct proto_in *in)
{
    int rc;

    do
        rc = proto_recv(PROTO_FD, in);
    while (rc == -EINTR);
    if (rc < 0)
        return rc;
    if (in->msg.type == PROTO_ENGINE_START && in->nr_fds == NR_FDS)
        return 0;
    proto_close_fds(in);
    return -EPROTO;
}

static int open_engine(const struct proto_in *in, struct engine **e)
{
    struct engine_config config = {
        .domid = in->msg.u.engine.domid,
        .index = in->msg.u.engine.index,
        .ops = engine_program_ops,
        .max_buckets = in->msg.u.engine.max_buckets,
        .link = in->fds[FD_LINK],
        .kick = in->fds[FD_KICK],
        .event = in->fds[FD_EVENT],
        .grant_s = in->fds[FD_GRANT_S],
        .grant_e = in->fds[FD_GRANT_E],
        .wake = in->fds[FD_WAKE],
        .sock = PROTO_FD,
    };
    struct sandbox sb = {
        .profile = SANDBOX_ENGINE,
        .domid = in->msg.u.engine.domid,
        .uid = in->msg.u.engine.uid,
        .gid = in->msg.u.engine.gid,
        .enabled = in->msg.u.engine.sandbox,
    };
    int rc;

    config.fmem = xenforeignmemory_open(NULL, 0);
    config.xce = xenevtchn_open(NULL, 0);
    if (!config.fmem || !config.xce)
        return errno ? -errno : -EIO;
    rc = engine_new(&config, e);
    if (rc < 0)
        return rc;
    /* Mapped by now; what is left are the eventfds. */
    close(in->fds[FD_LINK]);
    close(in->fds[FD_GRANT_S]);
    close(in->fds[FD_GRANT_E]);
    return sandbox_enter(&sb);
}

static int say_ready(int status)
{
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_ENGINE_READY,
        .u.ready.status = status,
    };

    return proto_send(PROTO_FD, &msg, NULL, 0, NULL, 0);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"domid", required_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    static struct proto_in in;
    struct engine *e = NULL;
    int c, rc;

    log_init("xen-vgpu-engine", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'd')
            return 2;
    }
    rc = receive_start(&in);
    if (rc < 0) {
        log_error("no start message on descriptor %d: %s", PROTO_FD,
                  strerror(-rc));
        return 1;
    }
    snprintf(object, sizeof(object), "%u.%u", in.msg.u.engine.domid,
             in.msg.u.engine.index);
    log_set_object(object);
    log_set_level((enum log_level)in.msg.u.engine.log_level);
    rc = open_engine(&in, &e);
    if (rc < 0)
        log_error("start: %s", strerror(-rc));
    if (say_ready(rc) < 0 || rc < 0)
        return 1;
    while (rc == 0)
        rc = engine_turn(e, -1);
    /* The kernel gives back ports and mappings. */
    if (rc != -EPIPE)
        log_error("poll: %s", strerror(-rc));
    return rc == -EPIPE ? 0 : 1;
}
