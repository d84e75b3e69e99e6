/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu-engine, xen-vgpu-engine-gfx and xen-vgpu-engine-virtio --domid N:
 * started by xen-vgpu-dm, its socket at PROTO_FD. */
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

enum {
    FD_LINK,
    FD_KICK,
    FD_EVENT,
    FD_GRANT_S,
    FD_GRANT_E,
    FD_WAKE,
    FD_NOTIFY,
    FD_CONTEXT, /* gfx and virtio-gpu only */
    FD_SCANOUT, /* virtio-gpu only */
};
_Static_assert(FD_CONTEXT == PROTO_ENGINE_FDS, "as the monitor sends them");

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
    if (in->msg.type == PROTO_ENGINE_START && in->nr_fds >= PROTO_ENGINE_FDS &&
        in->nr_fds <= PROTO_ENGINE_FDS + 2)
        return 0;
    proto_close_fds(in);
    return -EPROTO;
}

/* What libraries are told by the environment, which is empty otherwise. */
static int set_environment(const char *cache, const char *icd, uint32_t threads)
{
    char number[12];

    snprintf(number, sizeof(number), "%u", threads);
    /* Mesa: a cache of two files that are opened once. What it takes for its
     * limit is the sandbox's: it can't write more into one. */
    if (setenv(*cache ? "MESA_SHADER_CACHE_DIR" : "MESA_SHADER_CACHE_DISABLE",
               *cache ? cache : "true", 1) < 0 ||
        setenv("MESA_DISK_CACHE_SINGLE_FILE", "true", 1) < 0 ||
        (*icd && setenv("VK_ICD_FILENAMES", icd, 1) < 0) ||
        (threads && setenv("LP_NUM_THREADS", number, 1) < 0))
        return -errno;
    return 0;
}

static int enter_sandbox(struct proto_in *in, struct engine *e)
{
    struct sandbox sb = {
        .profile = SANDBOX_ENGINE,
        .domid = in->msg.u.engine.domid,
        .uid = in->msg.u.engine.uid,
        .gid = in->msg.u.engine.gid,
        .enabled = in->msg.u.engine.sandbox,
    };
    char *cache = in->text, *icd = cache + strcspn(cache, "\n");
    int rc = 0;

    if (*icd)
        *icd++ = '\0';
    if (engine_program_ops->engine == XVGPU_ENGINE_GFX) {
        sb.profile = SANDBOX_GFX;
        sb.cache = *cache ? cache : NULL;
        sb.icd = *icd ? icd : NULL;
        rc = set_environment(cache, icd, in->msg.u.engine.threads);
    }
    if (rc == 0)
        rc = sandbox_begin(&sb);
    if (rc == 0)
        rc = engine_init(e);
    return rc < 0 ? rc : sandbox_close(&sb);
}

static int open_engine(struct proto_in *in, struct engine **e)
{
    struct engine_config config = {
        .domid = in->msg.u.engine.domid,
        .index = in->msg.u.engine.index,
        .ops = engine_program_ops,
        .max_buckets = in->msg.u.engine.max_buckets,
        .limits.local_size = in->msg.u.engine.local_size,
        .limits.watchdog_ms = in->msg.u.engine.watchdog_ms,
        .limits.compile_ms = in->msg.u.engine.compile_ms,
        .limits.plain = in->msg.u.engine.plain,
        .link = in->fds[FD_LINK],
        .kick = in->fds[FD_KICK],
        .event = in->fds[FD_EVENT],
        .grant_s = in->fds[FD_GRANT_S],
        .grant_e = in->fds[FD_GRANT_E],
        .wake = in->fds[FD_WAKE],
        .notify = in->fds[FD_NOTIFY],
        .sock = PROTO_FD,
        .context = in->nr_fds > FD_CONTEXT ? in->fds[FD_CONTEXT] : -1,
        .scanout = in->nr_fds > FD_SCANOUT ? in->fds[FD_SCANOUT] : -1,
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
    if (config.context >= 0)
        close(config.context);
    if (config.scanout >= 0)
        close(config.scanout);
    return enter_sandbox(in, *e);
}

static int say_ready(int status, const struct engine *e)
{
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_ENGINE_READY,
        .u.ready.status = status,
    };
    struct engine_host host = {.device = ""};

    if (status == 0 && engine_program_ops->describe) {
        engine_program_ops->describe(e, &host);
        msg.u.ready.memory =
            host.in_place ? PROTO_MEMORY_IN_PLACE : PROTO_MEMORY_COPIED;
        msg.u.ready.features = host.features;
        msg.u.ready.capsets = host.capsets;
        msg.u.ready.processors = host.processors;
    }
    return proto_send(PROTO_FD, &msg, NULL, 0, host.device,
                      strlen(host.device));
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
    if (say_ready(rc, e) < 0 || rc < 0)
        return 1;
    while (rc == 0)
        rc = engine_turn(e, -1);
    if (rc != -EPIPE)
        log_error("poll: %s", strerror(-rc));
    /* The kernel gives back ports and mappings; what libraries would tidy up is
     * not worth a grant. */
    _exit(rc == -EPIPE ? 0 : 1);
}
