/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/display.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dm/monitor/monitor.h"

#define MEMORY_MAX (UINT64_C(64) << 20)
/* At the largest size (36 MiB) a copy of the picture, libvncserver's two
 * buffers for RRE, each as large, and ZRLE's, which stay until the viewer goes:
 * 137 MiB of noise that was asked for in both (measured). */
#define MEMORY_VIEWER (UINT64_C(144) << 20)
#define PIDS_MAX 16u
#define OOM_SCORE_ADJ 500
#define READY_TIMEOUT_S 30.0
/* After an early death, doubled each time. */
#define PAUSE_S 1.0
#define PAUSE_MAX_S 64.0
#define LIVED_NS (60 * UINT64_C(1000000000))
#define BACKLOG 16
#define SIZES_A_SECOND 5u

/* ---- Sockets ------------------------------------------------------------ */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

/* Of scanout n: PORT + n, or PATH, PATH.1, PATH.2. */
static socklen_t make_address(const struct vnc_options *vnc, unsigned int n,
                              union address *to)
{
    memset(to, 0, sizeof(*to));
    switch (vnc->kind) {
    case VNC_UNIX:
        to->un.sun_family = AF_UNIX;
        if (n)
            snprintf(to->un.sun_path, sizeof(to->un.sun_path), "%s.%u",
                     vnc->where, n);
        else
            snprintf(to->un.sun_path, sizeof(to->un.sun_path), "%s",
                     vnc->where);
        return sizeof(to->un);
    case VNC_TCP6:
        to->in6.sin6_family = AF_INET6;
        to->in6.sin6_port = htons((uint16_t)(vnc->port + n));
        inet_pton(AF_INET6, vnc->where, &to->in6.sin6_addr);
        return sizeof(to->in6);
    default:
        to->in.sin_family = AF_INET;
        to->in.sin_port = htons((uint16_t)(vnc->port + n));
        inet_pton(AF_INET, vnc->where, &to->in.sin_addr);
        return sizeof(to->in);
    }
}

/* One that a monitor has left that was killed. */
static bool is_left(const union address *at)
{
    struct stat st;
    bool left;
    int fd;

    if (lstat(at->un.sun_path, &st) || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    left = connect(fd, &at->any, sizeof(at->un)) && errno == ECONNREFUSED;
    close(fd);
    return left;
}

static int bind_unix(int fd, const union address *at)
{
    mode_t old;
    int rc;

    if (is_left(at) && unlink(at->un.sun_path))
        return -errno;
    old = umask(0077);
    rc = bind(fd, &at->any, sizeof(at->un)) ? -errno : 0;
    umask(old);
    return rc;
}

/* Connections have these from the socket that they come from: those whose
 * viewer's host is gone end after two minutes. */
static int set_options(int fd)
{
    static const struct {
        int level, name, value;
    } rows[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT, 6},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value,
                       sizeof(rows[i].value)))
            return -errno;
    }
    return 0;
}

/* The socket, or a negative errno. */
static int listen_at(const struct vnc_options *vnc, unsigned int n)
{
    const int only = 1;
    union address at;
    socklen_t len = make_address(vnc, n, &at);
    int fd, rc = 0;

    fd =
        socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (vnc->kind == VNC_UNIX)
        rc = bind_unix(fd, &at);
    else
        rc = set_options(fd);
    if (!rc && vnc->kind == VNC_TCP6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)))
        rc = -errno;
    if (!rc && vnc->kind != VNC_UNIX && bind(fd, &at.any, len))
        rc = -errno;
    if (!rc && listen(fd, BACKLOG))
        rc = -errno;
    if (!rc)
        return fd;
    close(fd);
    return rc;
}

static int open_listeners(struct vgpu *v)
{
    const struct vnc_options *vnc = &v->opt->vnc;
    struct display *d = &v->display;
    int fd;

    while (d->nr_listeners < v->opt->scanouts) {
        fd = listen_at(vnc, d->nr_listeners);
        if (fd < 0) {
            if (vnc->kind == VNC_UNIX)
                log_error("vGPU %u: vnc=unix:%s, scanout %u: %s", v->index,
                          vnc->where, d->nr_listeners, strerror(-fd));
            else
                log_error("vGPU %u: vnc=, scanout %u at %s port %u: %s",
                          v->index, d->nr_listeners, vnc->where,
                          vnc->port + d->nr_listeners, strerror(-fd));
            return fd;
        }
        d->listener[d->nr_listeners++] = fd;
    }
    return 0;
}

void display_fini(struct vgpu *v)
{
    struct display *d = &v->display;
    union address at;

    while (d->nr_listeners) {
        close(d->listener[--d->nr_listeners]);
        if (v->opt->vnc.kind != VNC_UNIX)
            continue;
        make_address(&v->opt->vnc, d->nr_listeners, &at);
        unlink(at.un.sun_path);
    }
}

/* ---- Password ------------------------------------------------------------ */

/* The first line of a file that is nobody else's. */
static int read_password(struct display *d, const char *path)
{
    char text[DISPLAY_PASSWORD_MAX + 3];
    struct stat st;
    ssize_t n = -1;
    size_t len;
    int fd, rc = 0;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) || (n = read(fd, text, sizeof(text) - 1)) < 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    if (rc) {
        log_error("vncpasswd=%s: %s", path, strerror(-rc));
        return rc;
    }
    text[n] = '\0';
    len = strcspn(text, "\r\n");
    if (!S_ISREG(st.st_mode) || st.st_mode & 077)
        log_error("vncpasswd=%s: must be a file that only its owner can use "
                  "(chmod 600)",
                  path);
    else if (!len || len > DISPLAY_PASSWORD_MAX)
        log_error("vncpasswd=%s: its first line must have 1 to %u characters",
                  path, DISPLAY_PASSWORD_MAX);
    else
        memcpy(d->password, text, len);
    memset(text, 0, sizeof(text));
    return *d->password ? 0 : -EINVAL;
}

/* ---- The process --------------------------------------------------------- */

static void send_size(struct vgpu *v, const struct proto_msg *asked)
{
    struct monitor *m = v->display.child.owner;
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DISPLAY_RESIZE};

    if (guard_charge(&v->display.sizes, 1, clock_ns()))
        return; /* its own limit is lower */
    msg.u.display_size.index = v->index;
    msg.u.display_size.scanout = asked->u.display_size.scanout;
    msg.u.display_size.width = asked->u.display_size.width;
    msg.u.display_size.height = asked->u.display_size.height;
    if (m->state == MONITOR_RUNNING)
        device_send(m, &msg);
}

static bool is_size(const struct vgpu *v, const struct proto_msg *msg)
{
    return msg->type == PROTO_DISPLAY_RESIZE && v->display.ready &&
           msg->u.display_size.index == v->index &&
           msg->u.display_size.scanout < v->opt->scanouts &&
           msg->u.display_size.width - 1 < SCANOUT_WIDTH_MAX &&
           msg->u.display_size.height - 1 < SCANOUT_HEIGHT_MAX;
}

static struct vgpu *vgpu_of(struct child *c)
{
    return (struct vgpu *)((char *)c - offsetof(struct vgpu, display.child));
}

static void on_message(struct child *c, struct proto_in *in)
{
    struct vgpu *v = vgpu_of(c);

    if (in->msg.type == PROTO_DISPLAY_READY && !v->display.ready &&
        !in->msg.u.ready.status) {
        v->display.ready = true;
        ev_timer_stop(c->loop, &v->display.timer);
    } else if (is_size(v, &in->msg)) {
        send_size(v, &in->msg);
    } else if (in->msg.type != PROTO_DISPLAY_READY) {
        log_error("%s sent a message of type %u that makes no sense: ended",
                  c->name, in->msg.type);
        child_kill(c);
    } /* it has said why it can't start, and ends */
}

static void on_exited(struct child *c)
{
    struct display *d = &vgpu_of(c)->display;
    struct monitor *m = c->owner;

    ev_timer_stop(c->loop, &d->timer);
    d->ready = false;
    if (m->state > MONITOR_RUNNING) {
        monitor_child_gone(m);
        return;
    }
    if (clock_ns() - d->start_ns > LIVED_NS || d->pause_s < PAUSE_S)
        d->pause_s = PAUSE_S;
    log_error("%s %s: viewers are disconnected, a new one starts in %g s",
              c->name, child_end(c), d->pause_s);
    ev_timer_set(&d->timer, d->pause_s, 0.);
    ev_timer_start(c->loop, &d->timer);
    if (d->pause_s < PAUSE_MAX_S)
        d->pause_s *= 2;
}

static const struct child_ops ops = {
    .message = on_message,
    .exited = on_exited,
};

/* To be read only: what the guest shows is not the viewers' to change. */
static int open_scanouts(const struct vgpu *v)
{
    char path[32];
    int fd;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", v->scanout_fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int send_start(struct monitor *m, struct vgpu *v)
{
    struct display *d = &v->display;
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_DISPLAY_START,
        .u.display = {.domid = m->opt->domid,
                      .index = v->index,
                      .uid = d->child.uid,
                      .gid = d->child.uid,
                      .sandbox = m->sandbox,
                      .log_level = m->opt->log_level,
                      .scanouts = d->nr_listeners,
                      .viewers = PROTO_DISPLAY_VIEWERS},
    };
    int fds[1 + SCANOUT_MAX], rc;

    fds[0] = open_scanouts(v);
    if (fds[0] < 0)
        return fds[0];
    memcpy(fds + 1, d->listener, d->nr_listeners * sizeof(fds[0]));
    rc = child_send(&d->child, &msg, fds, 1 + d->nr_listeners, d->password);
    close(fds[0]);
    return rc;
}

static int start(struct monitor *m, struct vgpu *v)
{
    struct display *d = &v->display;
    const struct child_spec spec = {
        .program = "xen-vgpu-display",
        .cgroup = d->cgroup,
        .domid = m->opt->domid,
        /* A virtio-gpu has no mm engine. */
        .number = 1 + v->index * XVGPU_NR_ENGINES + XVGPU_ENGINE_MM,
        .memory_max =
            MEMORY_MAX + SCANOUT_SIZE + PROTO_DISPLAY_VIEWERS * MEMORY_VIEWER,
        .pids_max = PIDS_MAX,
        .oom_score_adj = OOM_SCORE_ADJ,
    };
    int rc;

    d->start_ns = clock_ns();
    rc = child_start(&d->child, &m->cgroups, &spec);
    if (rc)
        return rc;
    rc = send_start(m, v);
    if (rc) {
        log_error("talk to %s: %s", d->name, strerror(-rc));
        child_kill(&d->child); /* another follows from its end */
    }
    ev_timer_set(&d->timer, READY_TIMEOUT_S, 0.);
    ev_timer_start(m->loop, &d->timer);
    return 0;
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct vgpu *v = w->data;
    struct display *d = &v->display;
    struct monitor *m = d->child.owner;

    (void)revents;
    if (child_runs(&d->child)) {
        log_error("%s is not ready after %g s: ended", d->name,
                  READY_TIMEOUT_S);
        child_kill(&d->child);
        return;
    }
    if (m->state > MONITOR_RUNNING || !start(m, v))
        return;
    ev_timer_set(&d->timer, PAUSE_MAX_S, 0.);
    ev_timer_start(loop, &d->timer);
}

int displays_open(struct monitor *m)
{
    struct display *d;
    struct vgpu *v;
    int rc;

    for (v = m->vgpus; v < m->vgpus + m->opt->nr_vgpus; v++) {
        d = &v->display;
        if (v->opt->vnc.kind == VNC_NONE || v->scanout_fd < 0)
            continue;
        snprintf(d->name, sizeof(d->name), "display %u", v->index);
        snprintf(d->cgroup, sizeof(d->cgroup), "display.%u", v->index);
        d->child.ops = &ops;
        d->child.owner = m;
        d->child.loop = m->loop;
        d->child.name = d->name;
        guard_init(&d->sizes, SIZES_A_SECOND, SIZES_A_SECOND);
        ev_timer_init(&d->timer, on_timer, 0., 0.);
        d->timer.data = v;
        rc = *v->opt->vnc.password ? read_password(d, v->opt->vnc.password) : 0;
        if (!rc)
            rc = open_listeners(v);
        if (rc)
            return rc;
    }
    return 0;
}

void displays_start(struct monitor *m)
{
    struct vgpu *v;

    for (v = m->vgpus; v < m->vgpus + m->opt->nr_vgpus; v++) {
        if (v->display.nr_listeners && start(m, v)) {
            ev_timer_set(&v->display.timer, PAUSE_MAX_S, 0.);
            ev_timer_start(m->loop, &v->display.timer);
        }
    }
}

void displays_kill(struct monitor *m)
{
    struct vgpu *v;

    for (v = m->vgpus; v < m->vgpus + m->opt->nr_vgpus; v++) {
        if (!v->display.nr_listeners)
            continue;
        ev_timer_stop(m->loop, &v->display.timer);
        child_kill(&v->display.child);
    }
}

bool displays_any(const struct monitor *m)
{
    unsigned int i;

    for (i = 0; i < m->opt->nr_vgpus; i++) {
        if (child_runs(&m->vgpus[i].display.child))
            return true;
    }
    return false;
}
