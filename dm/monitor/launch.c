/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dm/monitor/monitor.h"
#include "lib/log.h"

/* Descriptors of the monitor; all behind them are QEMU's business. */
#define READY_FD 3
#define PIDFD 4

#define VGAMEM "vgamem_mb="

/* "VGA,vgamem_mb=80,more" with QEMU's own share only. In buf, or arg itself
 * if it names no VGA memory. */
static char *vga_argument(char *arg, char *buf, size_t size)
{
    const char *value = strstr(arg, VGAMEM), *rest;

    if (!value || !options_is_vga(arg))
        return arg;
    value += sizeof(VGAMEM) - 1;
    rest = value + strspn(value, "0123456789");
    if ((size_t)snprintf(buf, size, "%.*s%u%s", (int)(value - arg), arg,
                         OPTIONS_QEMU_VGA_MIB, rest) >= size)
        return arg; /* libxl writes none that long */
    return buf;
}

char **launch_argv(int argc, char *const argv[], const struct options *opt)
{
    static char vga[256]; /* one VGA at most */
    char **out = calloc((size_t)argc + 1, sizeof(*out));
    int i, n = 0;

    if (!out)
        return NULL;
    out[n++] = (char *)(uintptr_t)opt->qemu;
    for (i = 1; i < argc; i++) {
        switch (options_kind(argv[i])) {
        case OPTION_OURS:
            i++;
            break;
        case OPTION_PAIR:
            out[n++] = argv[i++];
            out[n++] = strcmp(argv[i - 1], "-device")
                           ? argv[i]
                           : vga_argument(argv[i], vga, sizeof(vga));
            break;
        case OPTION_OTHER:
            out[n++] = argv[i];
            break;
        }
    }
    return out;
}

/* In the monitor: what QEMU was given is not ours to hold. */
static int settle(struct launch *l)
{
    /* The two may stand in each other's place: move them out of the way. */
    int ready = fcntl(l->ready_fd, F_DUPFD_CLOEXEC, PIDFD + 1);
    int pidfd = fcntl(l->pidfd, F_DUPFD_CLOEXEC, PIDFD + 1);

    if (ready < 0 || pidfd < 0 || dup3(ready, READY_FD, O_CLOEXEC) < 0 ||
        dup3(pidfd, PIDFD, O_CLOEXEC) < 0 ||
        syscall(SYS_close_range, PIDFD + 1, ~0u, 0) || chdir("/"))
        return -errno;
    l->ready_fd = READY_FD;
    l->pidfd = PIDFD;
    return 0;
}

static int become_monitor(struct launch *l, const struct options *opt)
{
    int rc = settle(l);

    if (rc) {
        log_error("sort the monitor's descriptors: %s", strerror(-rc));
        return 1;
    }
    return monitor_run(opt, l);
}

int launch_fork(bool *monitor)
{
    int status = 0;
    pid_t pid;

    *monitor = false;
    pid = fork();
    if (pid < 0)
        return -errno;
    if (!pid) {
        setsid();
        pid = fork();
        if (pid)
            _exit(pid < 0 ? errno : 0);
        *monitor = true;
        return 0;
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    if (!WIFEXITED(status))
        return -ECHILD;
    return -WEXITSTATUS(status);
}

bool launch_wait(int fd)
{
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

int launch(int argc, char *const argv[], const struct options *opt)
{
    struct launch l = {.ready_fd = -1, .pidfd = -1, .lock_fd = -1};
    char **qemu = launch_argv(argc, argv, opt);
    int pair[2] = {-1, -1}, rc;
    bool monitor;

    if (!qemu) {
        log_error("make QEMU's command line: %s", strerror(ENOMEM));
        return 1;
    }
    if (access(opt->qemu, X_OK)) {
        log_error("QEMU, %s: %s (-vgpu-qemu names another)", opt->qemu,
                  strerror(errno));
        goto out;
    }
    l.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (l.pidfd < 0 || pipe2(pair, O_CLOEXEC)) {
        log_error("prepare the monitor's start: %s", strerror(errno));
        goto out;
    }
    rc = launch_fork(&monitor);
    if (monitor) {
        l.ready_fd = pair[1];
        free(qemu);
        return become_monitor(&l, opt);
    }
    if (rc) {
        log_error("start the monitor: %s", strerror(-rc));
        goto out;
    }
    close(pair[1]);
    pair[1] = -1;
    if (!launch_wait(pair[0])) {
        log_error("QEMU is not started: there are no vGPUs (the lines above "
                  "say why)");
        goto out;
    }
    execv(opt->qemu, qemu);
    log_error("become QEMU, %s: %s", opt->qemu, strerror(errno));

out:
    if (pair[0] >= 0)
        close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    if (l.pidfd >= 0)
        close(l.pidfd);
    free(qemu);
    return 1;
}
