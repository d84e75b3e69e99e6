/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched.sock: one connection a vGPU, from its domain's monitor. Only root's
 * (in tests: our own user's). A message that makes no sense ends it; the
 * monitor comes again.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <utlist.h>

#define FIRST_RESERVED_DOMID 0x7ff0u
/* Messages of one monitor a second, and at once. */
#define MESSAGES 200u
#define MESSAGES_BURST 200u
#define HELLO_S 10.0 /* for the first message */

struct monitor_conn {
    struct vgpud *d;
    struct vgpu *vgpu; /* NULL: not registered yet */
    int fd;            /* -1: over, to be freed */
    pid_t pid;
    ev_io readable;
    ev_timer hello;
    struct guard messages;
    struct monitor_conn *prev, *next;
};

static void drop(struct monitor_conn *c, const char *why)
{
    if (c->fd < 0)
        return;
    if (why)
        log_limited(&c->d->limit, LOG_WARNING, "%s: monitor %d is dropped: %s",
                    c->vgpu ? c->vgpu->id : "?", (int)c->pid, why);
    ev_io_stop(c->d->loop, &c->readable);
    ev_timer_stop(c->d->loop, &c->hello);
    close(c->fd);
    c->fd = -1;
    c->d->reap = true;
    if (c->vgpu)
        vgpu_leave(c->vgpu);
    c->vgpu = NULL;
}

void monitors_reap(struct vgpud *d)
{
    struct monitor_conn *c, *next;

    DL_FOREACH_SAFE(d->conns, c, next)
    {
        if (c->fd >= 0)
            continue;
        DL_DELETE(d->conns, c);
        d->nr_conns--;
        free(c);
    }
}

static int send_to(struct monitor_conn *c, const struct proto_msg *msg)
{
    int rc = proto_send(c->fd, msg, NULL, 0, NULL, 0);

    if (rc == -EAGAIN)
        drop(c, "it does not read");
    else if (rc)
        drop(c, strerror(-rc));
    return rc;
}

int monitor_send(struct vgpu *v, const struct proto_msg *msg)
{
    return v->conn ? send_to(v->conn, msg) : -ENOTCONN;
}

/* --- messages ---------------------------------------------------------------
 */

static int check_register(const struct vgpud *d, const struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    uint32_t known = 0, engines = msg->u.sched_vgpu.engines;
    unsigned int i;

    for (i = 0; i < d->nr_queues; i++)
        known |= d->queues[i].engines;
    if (!engines || engines & ~known ||
        msg->u.sched_vgpu.domid >= FIRST_RESERVED_DOMID ||
        msg->u.sched_vgpu.index >= PROTO_MAX_VGPUS ||
        !msg->u.sched_vgpu.weight ||
        msg->u.sched_vgpu.weight > PROTO_WEIGHT_MAX ||
        msg->u.sched_vgpu.cap > SCHED_CAP_MAX ||
        msg->u.sched_vgpu.latency > PROTO_LATENCY_BATCH ||
        msg->u.sched_vgpu.quarantined > 1 ||
        in->nr_fds !=
            PROTO_SCHED_FDS * (unsigned int)__builtin_popcount(engines))
        return -EINVAL;
    return 0;
}

static int take_register(struct monitor_conn *c, struct proto_in *in)
{
    struct vgpud *d = c->d;
    struct vgpu *old;
    int rc = check_register(d, in);

    if (rc)
        return rc;
    old = vgpu_find(d, in->msg.u.sched_vgpu.domid, in->msg.u.sched_vgpu.index);
    if (old) /* or its engines are being stopped: soon it is not there */
        return old->conn ? -EEXIST : -EBUSY;
    if (d->nr_vgpus >= VGPUD_MAX_VGPUS)
        return -ENOSPC;
    return vgpu_add(d, in, c, c->pid);
}

static const char *on_register(struct monitor_conn *c, struct proto_in *in)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_SCHED_REGISTERED};
    uint32_t domid = in->msg.u.sched_vgpu.domid;
    uint32_t index = in->msg.u.sched_vgpu.index;
    int rc;

    if (c->vgpu)
        return "it registers twice";
    rc = take_register(c, in);
    if (!rc)
        c->vgpu = vgpu_find(c->d, domid, index);
    ev_timer_stop(c->d->loop, &c->hello);
    msg.u.sched_status.index = index;
    msg.u.sched_status.status = rc;
    if (rc)
        log_limited(&c->d->limit, LOG_WARNING,
                    "%u.%u, of monitor %d, is refused: %s", domid, index,
                    (int)c->pid, strerror(-rc));
    else
        log_info("%s: registered, by monitor %d", c->vgpu->id, (int)c->pid);
    if (send_to(c, &msg) || !rc)
        return NULL;
    drop(c, NULL);
    return NULL;
}

static const char *on_engine(struct monitor_conn *c, struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    struct engine *e;
    int rc;

    if (!c->vgpu || msg->u.sched_engine.index != c->vgpu->index ||
        msg->u.sched_engine.engine >= XVGPU_NR_ENGINES)
        return "it speaks of an engine that is not there";
    e = c->vgpu->engines[msg->u.sched_engine.engine];
    if (!e || msg->u.sched_engine.death > PROTO_DEATH_LOST ||
        msg->u.sched_engine.pid > INT32_MAX ||
        in->nr_fds != !!msg->u.sched_engine.pid)
        return "what it says of an engine makes no sense";
    if (!msg->u.sched_engine.pid) {
        engine_told_dead(e, (enum proto_death)msg->u.sched_engine.death);
        return NULL;
    }
    rc = engine_started(e, (pid_t)msg->u.sched_engine.pid, in->fds[0],
                        msg->u.sched_engine.processors);
    if (rc == -ESRCH)
        return NULL; /* its end is told next */
    if (rc)
        return "an engine's process is not the one that it says";
    in->nr_fds = 0; /* it is the engine's now */
    return NULL;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    static struct proto_in in;
    struct monitor_conn *c = w->data;
    const char *wrong = "a message of an unknown type";
    int rc = proto_recv(c->fd, &in);

    (void)loop;
    (void)revents;
    if (rc == -EAGAIN || rc == -EINTR)
        return;
    if (rc) {
        drop(c, rc == -EPIPE ? NULL : strerror(-rc));
        return;
    }
    if (guard_charge(&c->messages, 1, clock_ns()))
        wrong = "it talks too much";
    else if (in.msg.type == PROTO_SCHED_REGISTER)
        wrong = on_register(c, &in);
    else if (in.msg.type == PROTO_SCHED_ENGINE)
        wrong = on_engine(c, &in);
    proto_close_fds(&in);
    if (wrong)
        drop(c, wrong);
}

static void on_hello(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    drop(w->data, "it says nothing");
}

static void add_conn(struct vgpud *d, int fd, pid_t pid)
{
    struct monitor_conn *c = calloc(1, sizeof(*c));

    if (!c) {
        close(fd);
        return;
    }
    c->d = d;
    c->fd = fd;
    c->pid = pid;
    guard_init(&c->messages, MESSAGES, MESSAGES_BURST);
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    c->readable.data = c;
    ev_timer_init(&c->hello, on_hello, HELLO_S, 0.);
    c->hello.data = c;
    ev_io_start(d->loop, &c->readable);
    ev_timer_start(d->loop, &c->hello);
    DL_APPEND(d->conns, c);
    d->nr_conns++;
}

static void on_accept_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct vgpud *d = w->data;

    (void)revents;
    ev_io_start(loop, &d->accept);
}

/* Who waits to be accepted can't be refused: not to try again and again. */
static void wait_to_accept(struct vgpud *d)
{
    log_limited(&d->limit, LOG_ERROR, "accept a monitor: %s", strerror(errno));
    ev_io_stop(d->loop, &d->accept);
    ev_timer_set(&d->accept_again, 1., 0.);
    ev_timer_start(d->loop, &d->accept_again);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
    struct vgpud *d = w->data;
    struct ucred peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(d->sched_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)loop;
    (void)revents;
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            wait_to_accept(d);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ||
        (peer.uid && peer.uid != geteuid())) {
        log_limited(&d->limit, LOG_WARNING, "a connection that is not root's");
        close(fd);
        return;
    }
    if (d->nr_conns >= VGPUD_MAX_VGPUS) {
        log_limited(&d->limit, LOG_WARNING, "too many monitors");
        close(fd);
        return;
    }
    add_conn(d, fd, peer.pid);
}

/* As lib/server.c does: it has its name when it listens. */
static int listen_on(struct vgpud *d)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    mode_t old;
    int rc;

    snprintf(d->sched_path, sizeof(d->sched_path), "%s/%s", d->run_dir,
             PROTO_SCHED_SOCKET);
    if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.new", d->run_dir,
                 PROTO_SCHED_SOCKET) >= (int)sizeof(sa.sun_path))
        return -ENAMETOOLONG;
    d->sched_fd =
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->sched_fd < 0)
        return -errno;
    if (unlink(sa.sun_path) && errno != ENOENT)
        return -errno;
    old = umask(0077);
    rc = bind(d->sched_fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
    umask(old);
    /* It is still there: somebody may run by a grant of our predecessor's. */
    d->settling = d->config.settle_ns && !access(d->sched_path, F_OK);
    if (!rc && (listen(d->sched_fd, 64) || rename(sa.sun_path, d->sched_path)))
        rc = -errno;
    return rc;
}

int monitors_open(struct vgpud *d)
{
    int rc = listen_on(d);

    if (rc) {
        log_error("listen on %s: %s", d->sched_path, strerror(-rc));
        return rc;
    }
    ev_io_init(&d->accept, on_accept, d->sched_fd, EV_READ);
    d->accept.data = d;
    ev_io_start(d->loop, &d->accept);
    ev_init(&d->accept_again, on_accept_again);
    d->accept_again.data = d;
    return 0;
}

/* Pages stay as they are, and so does who runs. */
void monitors_close(struct vgpud *d)
{
    struct monitor_conn *c, *next;

    if (d->sched_fd >= 0) {
        ev_io_stop(d->loop, &d->accept);
        ev_timer_stop(d->loop, &d->accept_again);
        close(d->sched_fd);
        if (!d->vgpus)
            unlink(d->sched_path); /* else it tells our successor */
    }
    d->sched_fd = -1;
    DL_FOREACH_SAFE(d->conns, c, next)
    {
        ev_io_stop(d->loop, &c->readable);
        ev_timer_stop(d->loop, &c->hello);
        if (c->fd >= 0)
            close(c->fd);
        free(c);
    }
    d->conns = NULL;
}
