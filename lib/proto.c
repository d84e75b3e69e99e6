/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int proto_send(int sock, const struct proto_msg *msg, const int *fds,
               unsigned int nr_fds, const char *text, size_t text_len)
{
    union {
        char buf[CMSG_SPACE(PROTO_MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov[2] = {
        {.iov_base = (void *)(uintptr_t)msg, .iov_len = sizeof(*msg)},
        {.iov_base = (void *)(uintptr_t)text, .iov_len = text_len},
    };
    struct msghdr mh = {.msg_iov = iov, .msg_iovlen = text_len ? 2 : 1};
    struct cmsghdr *cmsg;

    if (nr_fds > PROTO_MAX_FDS || text_len > PROTO_TEXT)
        return -EMSGSIZE;
    if (nr_fds) {
        memset(&control, 0, sizeof(control));
        mh.msg_control = control.buf;
        mh.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
        cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
    }
    for (;;) {
        if (sendmsg(sock, &mh, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != EINTR)
            return errno == ECONNRESET ? -EPIPE : -errno;
    }
}

static void take_fds(struct msghdr *mh, struct proto_in *in)
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
            if (in->nr_fds < PROTO_MAX_FDS)
                in->fds[in->nr_fds++] = fd;
            else
                close(fd);
        }
    }
}

int proto_recv(int sock, struct proto_in *in)
{
    union {
        char buf[CMSG_SPACE(PROTO_MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov[2] = {
        {.iov_base = &in->msg, .iov_len = sizeof(in->msg)},
        {.iov_base = in->text, .iov_len = PROTO_TEXT},
    };
    struct msghdr mh = {.msg_iov = iov,
                        .msg_iovlen = 2,
                        .msg_control = control.buf,
                        .msg_controllen = sizeof(control.buf)};
    ssize_t n;

    in->nr_fds = 0;
    in->text_len = 0;
    n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    if (n == 0)
        return -EPIPE;
    take_fds(&mh, in);
    if ((size_t)n < sizeof(in->msg) ||
        (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
        in->msg.version != PROTO_VERSION) {
        proto_close_fds(in);
        return -EPROTO;
    }
    in->text_len = (size_t)n - sizeof(in->msg);
    in->text[in->text_len] = '\0';
    return 0;
}

void proto_close_fds(struct proto_in *in)
{
    while (in->nr_fds)
        close(in->fds[--in->nr_fds]);
}
