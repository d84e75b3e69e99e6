/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sched-peer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/grant.h"
#include "lib/link.h"
#include "lib/proto.h"

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener = -1, stop_fd = -1, conn = -1; /* conn: the lock's */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static void (*thread_begins)(void);
static struct proto_in in;

static void grant(const int fds[PROTO_SCHED_FDS])
{
    const struct grant_e *e;
    struct grant_s *s;

    if (grant_map_scheduler(fds[0], fds[1], &s, &e))
        return;
    s->flags = GRANT_F_COMPILE;
    grant_set(s, GRANT_RUN);
    link_kick(fds[2]);
    munmap(s, GRANT_SIZE);
    munmap((void *)(uintptr_t)e, GRANT_SIZE);
}

static void hang_up(void)
{
    if (conn >= 0)
        close(conn);
    conn = -1;
}

static void take_message(void)
{
    const struct proto_msg answer = {.version = PROTO_VERSION,
                                     .type = PROTO_SCHED_REGISTERED};
    unsigned int i;
    int rc = proto_recv(conn, &in);

    if (rc == -EINTR || rc == -EAGAIN)
        return;
    if (rc) {
        hang_up();
        return;
    }
    if (in.msg.type == PROTO_SCHED_REGISTER) {
        for (i = 0; i + PROTO_SCHED_FDS <= in.nr_fds; i += PROTO_SCHED_FDS)
            grant(&in.fds[i]);
        if (proto_send(conn, &answer, NULL, 0, NULL, 0))
            hang_up();
    }
    proto_close_fds(&in);
}

static void *peer_main(void *arg)
{
    struct pollfd fds[3];
    bool goes_on = true;
    int fd;

    (void)arg;
    if (thread_begins)
        thread_begins();
    while (goes_on) {
        fds[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = listener, .events = POLLIN};
        fds[2] = (struct pollfd){.fd = conn, .events = POLLIN};
        poll(fds, 3, -1);
        pthread_mutex_lock(&lock);
        goes_on = !fds[0].revents;
        if (fds[2].revents)
            take_message();
        fd = fds[1].revents ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            hang_up();
            conn = fd;
        }
        pthread_mutex_unlock(&lock);
    }
    hang_up();
    return NULL;
}

bool sched_peer_start(void (*begins)(void))
{
    const char *dir = getenv("XVGPU_RUN_DIR");

    thread_begins = begins;
    if (mkdir(dir, 0700) && errno != EEXIST)
        return false;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir,
             PROTO_SCHED_SOCKET);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    stop_fd = eventfd(0, EFD_CLOEXEC);
    return listener >= 0 && stop_fd >= 0 &&
           !bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
           !listen(listener, 8) &&
           !pthread_create(&thread, NULL, peer_main, NULL);
}

void sched_peer_stop(void)
{
    link_kick(stop_fd);
    pthread_join(thread, NULL);
    close(stop_fd);
    close(listener);
    unlink(address.sun_path);
}

bool sched_peer_reset(uint32_t reason, bool quarantine)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_SCHED_RESET,
        .u.reset = {.reason = reason, .quarantine = quarantine},
    };
    bool ok;

    pthread_mutex_lock(&lock);
    ok = conn >= 0 && !proto_send(conn, &msg, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return ok;
}
