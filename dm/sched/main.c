/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud: one per host, root's. */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
    (void)w;
    (void)revents;
    ev_break(loop, EVBREAK_ALL);
}

/* To systemd, if it has asked: sd_notify(3). */
static void say(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (!len || len >= sizeof(sa.sun_path) || (*path != '/' && *path != '@'))
        return;
    memcpy(sa.sun_path, path, len);
    if (*path == '@') /* an abstract one */
        sa.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&sa,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        log_warning("tell systemd: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    static struct vgpud d;
    ev_signal watchers[sizeof(signals) / sizeof(signals[0])];
    size_t i;
    int rc;

    log_init("xen-vgpud", LOG_INFO);
    rc = config_read(&d.config, argc, argv);
    if (rc)
        return rc > 0 ? 0 : 2;
    signal(SIGPIPE, SIG_IGN);
    d.run_dir = d.config.run_dir;
    d.loop = ev_default_loop(0);
    if (!d.loop) {
        log_error("no event loop");
        return 1;
    }
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        ev_signal_init(&watchers[i], on_signal, signals[i]);
        ev_signal_start(d.loop, &watchers[i]);
    }
    rc = vgpud_open(&d);
    if (!rc)
        rc = vgpud_protect();
    if (!rc) {
        say("READY=1");
        ev_run(d.loop, 0);
        say("STOPPING=1");
    }
    vgpud_close(&d);
    return rc ? 1 : 0;
}
