/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "tools/print.h"

#define TIMEOUT_NS (10 * UINT64_C(1000000000))
#define REPLY_MAX (1u << 20)

const char *client_dir(void)
{
    const char *dir = getenv("XVGPU_RUN_DIR");

    return dir ? dir : "/run/xen-vgpu";
}

/* Who is asked. */
struct peer {
    const char *name;    /* as it stands behind "ask" */
    const char *subject; /* as it stands before what is wrong with its reply */
    const char *none;    /* what it means that nobody is there */
    int none_rc;
    struct sockaddr_un sa;
};

static int set_path(struct peer *p, const char *file, char why[CLIENT_WHY])
{
    int n;

    p->sa.sun_family = AF_UNIX;
    n = snprintf(p->sa.sun_path, sizeof(p->sa.sun_path), "%s/%s.sock",
                 client_dir(), file);
    if (n >= 0 && (size_t)n < sizeof(p->sa.sun_path))
        return EXIT_OK;
    snprintf(why, CLIENT_WHY, "the path of %s is too long", client_dir());
    return EXIT_FAILED;
}

static int connect_to(const struct peer *p, int *out, char why[CLIENT_WHY])
{
    int fd, n;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        snprintf(why, CLIENT_WHY, "make a socket: %s", strerror(errno));
        return EXIT_FAILED;
    }
    if (!connect(fd, (const struct sockaddr *)&p->sa, sizeof(p->sa))) {
        *out = fd;
        return EXIT_OK;
    }
    n = errno;
    close(fd);
    if (n == ENOENT) {
        snprintf(why, CLIENT_WHY, "%s: %s does not exist", p->none,
                 p->sa.sun_path);
        return p->none_rc;
    }
    if (n == ECONNREFUSED) {
        snprintf(why, CLIENT_WHY, "%s: nobody listens on %s any more", p->none,
                 p->sa.sun_path);
        return p->none_rc;
    }
    snprintf(why, CLIENT_WHY, "connect to %s: %s%s", p->sa.sun_path,
             strerror(n), n == EACCES ? " (only root may)" : "");
    return EXIT_FAILED;
}

static bool wait_for(int sock, short events, uint64_t deadline)
{
    struct pollfd p = {.fd = sock, .events = events};
    uint64_t now = clock_ns();

    return now < deadline &&
           poll(&p, 1, (int)((deadline - now) / 1000000) + 1) == 1;
}

static int send_all(int sock, const char *data, size_t len, uint64_t deadline)
{
    ssize_t n;

    while (len) {
        if (!wait_for(sock, POLLOUT, deadline))
            return -ETIMEDOUT;
        n = send(sock, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* Keep the first descriptor, close all others. */
static void take_fds(struct msghdr *mh, int *keep)
{
    struct cmsghdr *cmsg;
    size_t n, i;
    int fd;

    for (cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < n; i++) {
            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
            if (*keep < 0)
                *keep = fd;
            else
                close(fd);
        }
    }
}

static ssize_t receive(int sock, char *buf, size_t size, int *fd)
{
    union {
        char buf[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = buf, .iov_len = size};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.buf,
                        .msg_controllen = sizeof(control.buf)};
    ssize_t n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    if (n >= 0)
        take_fds(&mh, fd);
    return n;
}

/* One line into buf, zero-terminated in place of its end. */
static int receive_line(int sock, char *buf, int *fd, uint64_t deadline)
{
    size_t len = 0;
    ssize_t n;
    char *end;

    while (len < REPLY_MAX) {
        if (!wait_for(sock, POLLIN, deadline))
            return -ETIMEDOUT;
        n = receive(sock, buf + len, REPLY_MAX - len, fd);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return n ? -errno : -EPIPE;
        end = memchr(buf + len, '\n', (size_t)n);
        if (end) {
            *end = '\0';
            return 0;
        }
        len += (size_t)n;
    }
    return -EMSGSIZE;
}

static int read_reply(const struct peer *p, const char *line, json_t **reply,
                      char why[CLIENT_WHY])
{
    json_error_t error;
    json_t *json = json_loads(line, 0, &error);
    json_t *value = json_object_get(json, "return");
    const char *text = json_string_value(json_object_get(json, "error"));
    int rc = EXIT_FAILED;

    if (json_is_object(value)) {
        *reply = json_incref(value);
        rc = EXIT_OK;
    } else {
        snprintf(why, CLIENT_WHY, "%s: %s", p->subject,
                 text ? text : "the answer makes no sense");
    }
    json_decref(json);
    return rc;
}

/* request is taken. */
static int talk(const struct peer *p, json_t *request, uint64_t timeout_ns,
                json_t **reply, int *fd, char why[CLIENT_WHY])
{
    uint64_t deadline = clock_ns() + timeout_ns;
    char *line = json_dumps(request, JSON_COMPACT);
    int sock = -1, got = -1, rc, err;
    char *buf = malloc(REPLY_MAX);

    json_decref(request);
    if (!buf || !line) {
        snprintf(why, CLIENT_WHY, "out of memory");
        rc = EXIT_FAILED;
        goto out;
    }
    rc = connect_to(p, &sock, why);
    if (rc)
        goto out;
    err = send_all(sock, line, strlen(line), deadline);
    if (!err)
        err = send_all(sock, "\n", 1, deadline);
    if (!err)
        err = receive_line(sock, buf, &got, deadline);
    if (err) {
        snprintf(why, CLIENT_WHY, "ask %s: %s", p->name,
                 err == -EPIPE ? "it has ended" : strerror(-err));
        rc = EXIT_FAILED;
        goto out;
    }
    rc = read_reply(p, buf, reply, why);

out:
    if (sock >= 0)
        close(sock);
    if (fd && !rc) {
        *fd = got;
        got = -1;
    }
    if (got >= 0)
        close(got);
    free(buf);
    free(line);
    return rc;
}

int client_try(const struct target *t, const char *command, uint64_t timeout_ns,
               json_t **reply, int *fd, char why[CLIENT_WHY])
{
    char file[16], name[48], subject[48], none[48];
    struct peer p = {.name = name,
                     .subject = subject,
                     .none = none,
                     .none_rc = EXIT_NO_VGPU};
    int rc;

    snprintf(file, sizeof(file), "%u", t->domid);
    snprintf(name, sizeof(name), "the monitor of domain %u", t->domid);
    snprintf(subject, sizeof(subject), "vGPU %u.%u", t->domid, t->vgpu);
    snprintf(none, sizeof(none), "no vGPU for domain %u", t->domid);
    rc = set_path(&p, file, why);
    if (!rc)
        rc = talk(&p,
                  json_pack("{s:s, s:I, s:I}", "command", command, "vgpu",
                            (json_int_t)t->vgpu, "scanout",
                            (json_int_t)t->scanout),
                  timeout_ns, reply, fd, why);
    return rc;
}

int client_ask(const struct target *t, const char *command, json_t **reply,
               int *fd)
{
    char why[CLIENT_WHY];
    int rc = client_try(t, command, TIMEOUT_NS, reply, fd, why);

    if (rc)
        tool_error("%s", why);
    return rc;
}

int client_try_daemon(json_t *request, uint64_t timeout_ns, json_t **reply,
                      int *fd, char why[CLIENT_WHY])
{
    struct peer p = {.name = "xen-vgpud",
                     .subject = "xen-vgpud",
                     .none = "xen-vgpud does not run",
                     .none_rc = EXIT_NO_DAEMON};
    int rc = set_path(&p, "xen-vgpud", why);

    if (rc)
        json_decref(request);
    return rc ? rc : talk(&p, request, timeout_ns, reply, fd, why);
}

int client_ask_daemon(const char *what, json_t *request, json_t **reply,
                      int *fd)
{
    char why[CLIENT_WHY];
    int rc = client_try_daemon(request, TIMEOUT_NS, reply, fd, why);

    if (rc)
        tool_error("%s: %s", what, why);
    return rc;
}
