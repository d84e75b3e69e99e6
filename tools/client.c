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

static int connect_to(const struct target *t, int *out)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd, n;

    n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%u.sock", client_dir(),
                 t->domid);
    if (n < 0 || (size_t)n >= sizeof(sa.sun_path)) {
        tool_error("the path of %s is too long", client_dir());
        return EXIT_FAILED;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        tool_error("make a socket: %s", strerror(errno));
        return EXIT_FAILED;
    }
    if (!connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
        *out = fd;
        return EXIT_OK;
    }
    n = errno;
    close(fd);
    if (n == ENOENT) {
        tool_error("no vGPU for domain %u: %s does not exist", t->domid,
                   sa.sun_path);
        return EXIT_NO_VGPU;
    }
    if (n == ECONNREFUSED) {
        tool_error("no vGPU for domain %u: nobody listens on %s any more",
                   t->domid, sa.sun_path);
        return EXIT_NO_VGPU;
    }
    tool_error("connect to %s: %s%s", sa.sun_path, strerror(n),
               n == EACCES ? " (only root may)" : "");
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

static int read_reply(const struct target *t, const char *line, json_t **reply)
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
        tool_error("vGPU %u.%u: %s", t->domid, t->vgpu,
                   text ? text : "its monitor's answer makes no sense");
    }
    json_decref(json);
    return rc;
}

int client_ask(const struct target *t, const char *command, json_t **reply,
               int *fd)
{
    uint64_t deadline = clock_ns() + TIMEOUT_NS;
    int sock = -1, got = -1, rc, err;
    char *buf = malloc(REPLY_MAX);
    char request[64];

    if (!buf) {
        tool_error("out of memory");
        return EXIT_FAILED;
    }
    rc = connect_to(t, &sock);
    if (rc)
        goto out;
    snprintf(request, sizeof(request), "{\"command\":\"%s\",\"vgpu\":%u}\n",
             command, t->vgpu);
    err = send_all(sock, request, strlen(request), deadline);
    if (!err)
        err = receive_line(sock, buf, &got, deadline);
    if (err) {
        tool_error("ask the monitor of domain %u: %s", t->domid,
                   err == -EPIPE ? "it has ended" : strerror(-err));
        rc = EXIT_FAILED;
        goto out;
    }
    rc = read_reply(t, buf, reply);

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
    return rc;
}
