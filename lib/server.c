/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

#define ACCEPT_AGAIN_S 1.0

struct conn {
    struct server *srv;
    int fd; /* -1: free */
    bool paused;
    bool in_line; /* its line is being read: the buffer is in use */
    bool ending;  /* closes when all is sent */
    unsigned int word;
    ev_io r, w;
    char *in;
    size_t in_len;
    char *out;
    size_t out_len;
};

struct server {
    struct ev_loop *loop;
    const struct server_ops *ops;
    void *user;
    int fd;
    char path[108]; /* "": not ours to remove */
    ev_io accept;
    ev_timer accept_again; /* there were too many descriptors */
    unsigned int nr_conns;
    struct conn conns[];
};

static void conn_close(struct conn *c)
{
    struct server *s = c->srv;

    if (c->fd < 0)
        return;
    ev_io_stop(s->loop, &c->r);
    ev_io_stop(s->loop, &c->w);
    close(c->fd);
    c->fd = -1;
    free(c->in);
    free(c->out);
    c->in = c->out = NULL;
    c->in_len = c->out_len = 0;
    s->ops->closed(c);
}

/* Give whole lines to their reader. */
static void take_lines(struct conn *c)
{
    const struct server_ops *ops = c->srv->ops;
    char *end;
    size_t len;

    while (c->fd >= 0 && !c->paused && !c->ending) {
        end = memchr(c->in, '\n', c->in_len);
        if (!end) {
            if (c->in_len < SERVER_LINE_MAX)
                return;
            c->ending = true;
            ops->too_long(c);
            conn_drop(c);
            return;
        }
        len = (size_t)(end - c->in);
        *end = '\0';
        if (len && end[-1] == '\r')
            end[-1] = '\0';
        c->in_line = true;
        ops->line(c, c->in, strlen(c->in));
        c->in_line = false;
        if (c->fd < 0)
            return;
        c->in_len -= len + 1;
        memmove(c->in, end + 1, c->in_len);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct conn *c = w->data;
    ssize_t n;

    (void)loop;
    (void)revents;
    n = read(c->fd, c->in + c->in_len, SERVER_LINE_MAX - c->in_len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_close(c);
        return;
    }
    c->in_len += (size_t)n;
    take_lines(c);
    /* A paused client that goes on sending waits in the socket's buffer. */
    if (c->fd >= 0 && c->in_len == SERVER_LINE_MAX)
        ev_io_stop(c->srv->loop, &c->r);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct conn *c = w->data;
    ssize_t n;

    (void)revents;
    n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        conn_close(c);
        return;
    }
    c->out_len -= (size_t)n;
    memmove(c->out, c->out + n, c->out_len);
    if (c->out_len)
        return;
    ev_io_stop(loop, w);
    if (c->ending)
        conn_close(c);
}

static ssize_t send_some(int sock, const char *data, size_t len, int fd)
{
    union {
        char buf[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = (char *)(uintptr_t)data, .iov_len = len};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *cmsg;
    ssize_t n;

    if (fd >= 0) {
        memset(&control, 0, sizeof(control));
        mh.msg_control = control.buf;
        mh.msg_controllen = sizeof(control.buf);
        cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    }
    do
        n = sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n;
}

void conn_send(struct conn *c, const char *data, size_t len, int fd)
{
    ssize_t n = 0;
    char *out;

    if (c->fd < 0)
        return;
    if (!c->out_len) {
        n = send_some(c->fd, data, len, fd);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            n = 0;
        if (n < 0) {
            conn_close(c);
            return;
        }
        fd = n ? -1 : fd;
    }
    if ((size_t)n == len)
        return;
    /* A descriptor cannot wait here, and who does not read gets no more. */
    if (fd >= 0 || c->out_len + len - (size_t)n > SERVER_OUT_MAX) {
        conn_close(c);
        return;
    }
    out = realloc(c->out, c->out_len + len - (size_t)n);
    if (!out) {
        conn_close(c);
        return;
    }
    memcpy(out + c->out_len, data + n, len - (size_t)n);
    c->out = out;
    c->out_len += len - (size_t)n;
    ev_io_start(c->srv->loop, &c->w);
}

void conn_drop(struct conn *c)
{
    if (c->fd < 0)
        return;
    c->ending = true;
    ev_io_stop(c->srv->loop, &c->r);
    if (!c->out_len)
        conn_close(c);
}

void conn_pause(struct conn *c)
{
    c->paused = true;
}

void conn_resume(struct conn *c)
{
    c->paused = false;
    if (c->fd < 0 || c->in_line)
        return;
    take_lines(c);
    if (c->fd >= 0 && !c->ending)
        ev_io_start(c->srv->loop, &c->r);
}

void *conn_user(struct conn *c)
{
    return c->srv->user;
}

unsigned int *conn_word(struct conn *c)
{
    return &c->word;
}

static void on_accept_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct server *s = w->data;

    (void)revents;
    ev_io_start(loop, &s->accept);
}

/* Who waits to be accepted can't be refused: not to try again and again. */
static void wait_to_accept(struct server *s)
{
    static struct log_limit limit;

    log_limited(&limit, LOG_ERROR, "accept on %s: %s",
                s->path[0] ? s->path : "a socket of libxl's", strerror(errno));
    ev_io_stop(s->loop, &s->accept);
    ev_timer_set(&s->accept_again, ACCEPT_AGAIN_S, 0.);
    ev_timer_start(s->loop, &s->accept_again);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
    struct server *s = w->data;
    struct conn *c = NULL;
    unsigned int i;
    int fd;

    (void)revents;
    fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            wait_to_accept(s);
        return;
    }
    for (i = 0; i < s->nr_conns && !c; i++) {
        if (s->conns[i].fd < 0)
            c = &s->conns[i];
    }
    if (!c || !(c->in = malloc(SERVER_LINE_MAX))) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->paused = c->ending = false;
    c->word = 0;
    ev_io_init(&c->r, on_readable, fd, EV_READ);
    c->r.data = c;
    ev_io_init(&c->w, on_writable, fd, EV_WRITE);
    c->w.data = c;
    ev_io_start(loop, &c->r);
    s->ops->opened(c);
}

/* It has its name when it listens, not before: one where nobody does is a dead
 * server's for sure (orphans.c). */
static int listen_on(struct server *s, const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    mode_t old;
    int rc, len;

    len = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.new", path);
    if (len >= (int)sizeof(sa.sun_path))
        return -ENAMETOOLONG;
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return -errno;
    if (unlink(sa.sun_path) && errno != ENOENT)
        return -errno;
    old = umask(0077);
    rc = bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
    umask(old);
    if (rc)
        return rc;
    if (listen(s->fd, (int)s->nr_conns) || rename(sa.sun_path, path)) {
        rc = -errno;
        unlink(sa.sun_path);
        return rc;
    }
    strcpy(s->path, path);
    return 0;
}

int server_open(struct server **srv, struct ev_loop *loop, const char *path,
                int fd, const struct server_ops *ops, void *user)
{
    const unsigned int nr = ops->max_conns ? ops->max_conns : SERVER_CONNS;
    struct server *s = calloc(1, sizeof(*s) + nr * sizeof(s->conns[0]));
    unsigned int i;
    int rc = 0;

    if (!s)
        return -ENOMEM;
    s->loop = loop;
    s->ops = ops;
    s->user = user;
    s->fd = fd;
    s->nr_conns = nr;
    for (i = 0; i < s->nr_conns; i++) {
        s->conns[i].srv = s;
        s->conns[i].fd = -1;
    }
    if (path)
        rc = listen_on(s, path);
    else if (fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        rc = -errno;
    if (rc) {
        server_close(s);
        return rc;
    }
    ev_io_init(&s->accept, on_accept, s->fd, EV_READ);
    s->accept.data = s;
    ev_init(&s->accept_again, on_accept_again);
    s->accept_again.data = s;
    ev_io_start(loop, &s->accept);
    *srv = s;
    return 0;
}

void server_close(struct server *s)
{
    unsigned int i;

    if (!s)
        return;
    for (i = 0; i < s->nr_conns; i++)
        conn_close(&s->conns[i]);
    ev_io_stop(s->loop, &s->accept);
    ev_timer_stop(s->loop, &s->accept_again);
    if (s->fd >= 0)
        close(s->fd);
    if (s->path[0])
        unlink(s->path);
    free(s);
}
