/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How other processes join the fake: they connect, get the descriptors in one
 * message, and keep the connection as their sign of life.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

#define NR_FDS (3 + FX_MAX_QUEUES)

/* The layout of the shared state is its size; another build will not fit. */
struct hello {
    uint64_t state_size;
    uint32_t client;
};

static struct {
    int listener, stop;
    int client[FX_MAX_CLIENTS]; /* 0 is the host */
    pthread_t thread;
    bool running;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    _Atomic unsigned int clients;
} broker;

/* ---- The host's side ------------------------------------------------- */

static int send_hello(int fd, unsigned int client)
{
    struct hello h = {.state_size = sizeof(struct fx_shared), .client = client};
    int fds[NR_FDS] = {fx.shared_fd, fx.memory_fd, fx.hole_fd};
    struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(fds))];
    } control;
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buf,
                         .msg_controllen = sizeof(control.buf)};
    struct cmsghdr *c;

    memset(&control, 0, sizeof(control));
    memcpy(fds + 3, fx.efd, sizeof(fx.efd));
    c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(c), fds, sizeof(fds));
    return sendmsg(fd, &msg, MSG_NOSIGNAL) == sizeof(h) ? 0 : -errno;
}

/* What the kernel does when a process dies. */
static void drop(unsigned int client)
{
    close(broker.client[client]);
    broker.client[client] = -1;
    fx_store_drop_client(client);
    fx_event_drop_client(client);
    fx_memory_drop_client(client);
    atomic_store(&fx.shared->handles[client], 0);
    atomic_fetch_sub(&broker.clients, 1);
}

static void welcome(void)
{
    int fd = accept4(broker.listener, NULL, NULL, SOCK_CLOEXEC);
    unsigned int client = 1;

    if (fd < 0)
        return;
    while (client < FX_MAX_CLIENTS && broker.client[client] >= 0)
        client++;
    if (client == FX_MAX_CLIENTS || send_hello(fd, client)) {
        close(fd);
        return;
    }
    broker.client[client] = fd;
    atomic_fetch_add(&broker.clients, 1);
}

static void *serve(void *unused)
{
    struct pollfd p[FX_MAX_CLIENTS + 1];

    (void)unused;
    for (;;) {
        p[0] = (struct pollfd){.fd = broker.stop, .events = POLLIN};
        p[1] = (struct pollfd){.fd = broker.listener, .events = POLLIN};
        for (unsigned int i = 1; i < FX_MAX_CLIENTS; i++)
            p[i + 1] =
                (struct pollfd){.fd = broker.client[i], .events = POLLIN};
        if (poll(p, FX_MAX_CLIENTS + 1, -1) < 0)
            continue;
        if (p[0].revents)
            return NULL;
        /* Clients never send: readable means gone. */
        for (unsigned int i = 1; i < FX_MAX_CLIENTS; i++) {
            if (p[i + 1].revents)
                drop(i);
        }
        if (p[1].revents)
            welcome();
    }
}

int fx_broker_listen(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int rc;

    fx_init();
    if (broker.running)
        return -EBUSY;
    if (strlen(path) >= sizeof(addr.sun_path))
        return -ENAMETOOLONG;
    strcpy(addr.sun_path, path);
    strcpy(broker.path, path);
    unlink(path);
    for (unsigned int i = 0; i < FX_MAX_CLIENTS; i++)
        broker.client[i] = -1;
    broker.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    broker.stop = eventfd(0, EFD_CLOEXEC);
    rc = -errno;
    if (broker.listener < 0 || broker.stop < 0)
        goto fail;
    if (bind(broker.listener, (struct sockaddr *)&addr, sizeof(addr)) ||
        listen(broker.listener, FX_MAX_CLIENTS)) {
        rc = -errno;
        goto fail;
    }
    rc = -pthread_create(&broker.thread, NULL, serve, NULL);
    if (rc)
        goto fail;
    broker.running = true;
    return 0;
fail:
    close(broker.listener);
    close(broker.stop);
    return rc;
}

void fx_broker_stop(void)
{
    uint64_t one = 1;

    if (!broker.running)
        return;
    if (write(broker.stop, &one, sizeof(one)) < 0)
        abort();
    pthread_join(broker.thread, NULL);
    for (unsigned int i = 1; i < FX_MAX_CLIENTS; i++) {
        if (broker.client[i] >= 0)
            drop(i);
    }
    close(broker.listener);
    close(broker.stop);
    unlink(broker.path);
    broker.running = false;
}

unsigned int fx_broker_clients(void)
{
    return atomic_load(&broker.clients);
}

/* ---- The client's side ----------------------------------------------- */

static void fatal(const char *path, const char *what)
{
    fprintf(stderr, "fakexen: %s: %s: %s\n", path, what, strerror(errno));
    abort();
}

void fx_broker_join(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct hello h;
    int fds[NR_FDS];
    struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(fds))];
    } control;
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buf,
                         .msg_controllen = sizeof(control.buf)};
    struct cmsghdr *c;

    if (strlen(path) >= sizeof(addr.sun_path))
        fatal(path, "name too long");
    strcpy(addr.sun_path, path);
    fx.socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fx.socket < 0 ||
        connect(fx.socket, (struct sockaddr *)&addr, sizeof(addr)))
        fatal(path, "connect");
    if (recvmsg(fx.socket, &msg, MSG_CMSG_CLOEXEC) != sizeof(h))
        fatal(path, "no answer");
    c = CMSG_FIRSTHDR(&msg);
    if (h.state_size != sizeof(struct fx_shared) || !c ||
        c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fds)))
        fatal(path, "another version of the fake, or too few descriptors");
    memcpy(fds, CMSG_DATA(c), sizeof(fds));
    fx.client = h.client;
    fx.shared_fd = fds[0];
    fx.memory_fd = fds[1];
    fx.hole_fd = fds[2];
    memcpy(fx.efd, fds + 3, sizeof(fx.efd));
}
