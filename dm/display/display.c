/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/display/display.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Sizes that viewers ask for, of all of them. */
#define ASK_NS (UINT64_C(1000000000) / 5)

void display_log(struct display *d, enum log_level level, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&d->lock);
    log_limited(&d->limit, level, "%s", text);
    pthread_mutex_unlock(&d->lock);
}

bool display_ask_size(struct display *d, unsigned int scanout, uint32_t width,
                      uint32_t height)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_DISPLAY_RESIZE,
        .u.display_size = {.index = d->index,
                           .scanout = scanout,
                           .width = width,
                           .height = height},
    };
    uint64_t now = clock_ns();
    bool early;
    int rc;

    pthread_mutex_lock(&d->lock);
    early = d->asked_ns && now - d->asked_ns < ASK_NS;
    if (!early)
        d->asked_ns = now;
    pthread_mutex_unlock(&d->lock);
    if (early)
        return false;
    rc = proto_send(d->sock, &msg, NULL, 0, NULL, 0);
    if (rc)
        display_log(d, LOG_WARNING, "tell the monitor of a viewer's size: %s",
                    strerror(-rc));
    return !rc;
}

static int take_descriptors(struct display *d, struct proto_in *in)
{
    unsigned int i;
    int rc;

    if (in->nr_fds != 1 + d->nr_scanouts)
        return -EPROTO;
    rc = scanout_map(in->fds[0], 0, &d->base);
    close(in->fds[0]);
    for (i = 0; i < d->nr_scanouts; i++)
        d->listener[i] = in->fds[1 + i];
    in->nr_fds = 0;
    return rc;
}

static int make_viewers(struct display *d)
{
    unsigned int i;

    viewer_log_init();
    for (i = 0; i < d->nr_viewers; i++) {
        d->viewers[i] = viewer_new(d);
        if (!d->viewers[i])
            return -ENOMEM;
    }
    return viewer_rehearse(d->viewers[0]);
}

/* What has been made is the process' until its end, which follows from a
 * failure. */
int display_new(struct proto_in *in, int sock, struct display **out)
{
    struct display *d;
    int rc;

    if (in->msg.type != PROTO_DISPLAY_START ||
        in->msg.u.display.scanouts - 1u >= SCANOUT_MAX ||
        in->msg.u.display.viewers - 1u >= PROTO_DISPLAY_VIEWERS ||
        in->text_len > DISPLAY_PASSWORD)
        return -EPROTO;
    d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    *out = d;
    d->domid = in->msg.u.display.domid;
    d->index = in->msg.u.display.index;
    d->nr_scanouts = in->msg.u.display.scanouts;
    d->nr_viewers = in->msg.u.display.viewers;
    d->sock = sock;
    memcpy(d->password, in->text, in->text_len);
    pthread_mutex_init(&d->lock, NULL);
    rc = take_descriptors(d, in);
    return rc ? rc : make_viewers(d);
}

int display_start(struct display *d)
{
    unsigned int i;
    int rc = 0;

    for (i = 0; i < d->nr_viewers && !rc; i++)
        rc = viewer_start(d->viewers[i]);
    return rc;
}

/* For want of memory or descriptors, say: they come back. */
static void rest(void)
{
    const struct timespec pause = {.tv_nsec = 50000000};

    nanosleep(&pause, NULL);
}

static void take_connection(struct display *d, unsigned int scanout)
{
    unsigned int i;
    int fd;

    fd =
        accept4(d->listener[scanout], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            display_log(d, LOG_WARNING, "accept a viewer: %s", strerror(errno));
            rest();
        }
        return;
    }
    for (i = 0; i < d->nr_viewers; i++) {
        if (viewer_take(d->viewers[i], scanout, fd))
            return;
    }
    close(fd);
    display_log(d, LOG_WARNING,
                "a viewer of scanout %u was turned away: there are %u", scanout,
                d->nr_viewers);
}

void display_loop(struct display *d)
{
    struct pollfd fds[1 + SCANOUT_MAX];
    unsigned int i;

    fds[0].fd = d->sock;
    for (i = 0; i < d->nr_scanouts; i++)
        fds[1 + i].fd = d->listener[i];
    for (i = 0; i <= d->nr_scanouts; i++)
        fds[i].events = POLLIN;
    for (;;) {
        if (poll(fds, 1 + d->nr_scanouts, -1) < 0) {
            if (errno == EINTR)
                continue;
            display_log(d, LOG_ERROR, "poll: %s", strerror(errno));
            rest();
            continue;
        }
        /* The monitor has no more to say. */
        if (fds[0].revents)
            return;
        for (i = 0; i < d->nr_scanouts; i++) {
            if (fds[1 + i].revents)
                take_connection(d, i);
        }
    }
}
