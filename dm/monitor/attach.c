/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "dm/monitor/launch.h"
#include "dm/monitor/monitor.h"
#include "lib/log.h"

#define LOG_DIR "/var/log/xen" /* or environment XVGPU_LOG_DIR */
#define READY_FD 3
#define LOCK_FD 4

/* Of a monitor that does not come up: its last words, not its memoirs. */
#define SHOWN_MAX 8192

/* Somebody serves this domain already: another monitor would take its socket
 * and its PCI functions away. */
static bool is_served(uint32_t domid)
{
    const char *dir = getenv("XVGPU_RUN_DIR");
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    bool served = false;
    int fd, len;

    len = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%u.sock",
                   dir ? dir : MONITOR_RUN_DIR, domid);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    if (len < (int)sizeof(sa.sun_path))
        served =
            !connect(fd, (struct sockaddr *)&sa, sizeof(sa)) || errno == EAGAIN;
    close(fd);
    return served;
}

int attach_check(uint32_t domid, const struct domain_info *info)
{
    if (info->pv) {
        log_error("a PV domain has no PCI bus for a vGPU");
        return -EOPNOTSUPP;
    }
    if (!info->pvh) {
        log_error("vGPUs are attached to PVH domains; an HVM domain gets its "
                  "by device_model_override= in its configuration");
        return -EOPNOTSUPP;
    }
    if (is_served(domid)) {
        log_error("the domain has vGPUs already");
        return -EEXIST;
    }
    if (info->started) {
        log_error("the domain has been started: its kernel has looked for PCI "
                  "devices already; create it with xl create -p, attach, then "
                  "xl unpause");
        return -EBUSY;
    }
    child_sweep(domid); /* not before: these may be a served domain's */
    return 0;
}

/* In the monitor: nothing of the caller's terminal or of its files. */
static int detach(int log_fd, int ready_fd, int lock_fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    /* They may stand in each other's place: move them out of the way. */
    int out = fcntl(log_fd, F_DUPFD_CLOEXEC, LOCK_FD + 1);
    int ready = fcntl(ready_fd, F_DUPFD_CLOEXEC, LOCK_FD + 1);
    int lock = fcntl(lock_fd, F_DUPFD_CLOEXEC, LOCK_FD + 1);

    if (null < 0 || out < 0 || ready < 0 || lock < 0 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0 || dup3(ready, READY_FD, O_CLOEXEC) < 0 ||
        dup3(lock, LOCK_FD, O_CLOEXEC) < 0 ||
        syscall(SYS_close_range, LOCK_FD + 1, ~0u, 0) || chdir("/"))
        return -errno;
    return 0;
}

static int become_monitor(const struct options *opt, int log_fd, int ready_fd,
                          int lock_fd)
{
    const struct launch l = {
        .ready_fd = READY_FD, .pidfd = -1, .lock_fd = LOCK_FD};
    int rc = detach(log_fd, ready_fd, lock_fd);

    if (rc) {
        log_error("sort the monitor's descriptors: %s", strerror(-rc));
        return 1;
    }
    return monitor_run(opt, &l);
}

/* What the monitor and its children have written since, line by line as it
 * stands: they clean what they say. */
static void show_log(int fd, off_t from)
{
    static char text[SHOWN_MAX];
    ssize_t n = pread(fd, text, sizeof(text), from);

    if (n < 0 || (n && write(STDERR_FILENO, text, (size_t)n) < 0))
        log_error("show what the monitor has said: %s", strerror(errno));
}

static int open_log(const char *path)
{
    int fd;

    fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    return fd < 0 ? -errno : fd;
}

/* Two at once for one domain: the second waits for what becomes of the first.
 * The monitor holds the lock, too, until its vGPUs are there, whatever happens
 * to the process that people see. The log by another descriptor than the one
 * that is written to: that one all children have. */
static int lock_log(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX)) {
        if (errno == EINTR)
            continue;
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

int attach(const struct options *opt)
{
    const char *dir = getenv("XVGPU_LOG_DIR");
    int pair[2] = {-1, -1}, log_fd, lock_fd = -1, rc, exit_code = 1;
    char path[256];
    bool monitor;
    struct stat st;

    snprintf(path, sizeof(path), "%s/xen-vgpu-%u.log", dir ? dir : LOG_DIR,
             opt->domid);
    log_fd = open_log(path);
    if (log_fd < 0) {
        log_error("open the log, %s: %s%s", path, strerror(-log_fd),
                  log_fd == -EACCES ? " (only root may attach)" : "");
        return 1;
    }
    lock_fd = lock_log(path);
    if (lock_fd < 0) {
        log_error("lock %s: %s", path, strerror(-lock_fd));
        goto out;
    }
    if (fstat(log_fd, &st) || pipe2(pair, O_CLOEXEC)) {
        log_error("prepare the monitor's start: %s", strerror(errno));
        goto out;
    }
    rc = launch_fork(&monitor);
    if (monitor)
        return become_monitor(opt, log_fd, pair[1], lock_fd);
    if (rc) {
        log_error("start the monitor: %s", strerror(-rc));
        goto out;
    }
    close(pair[1]);
    pair[1] = -1;
    if (launch_wait(pair[0]))
        exit_code = 0;
    else
        show_log(log_fd, st.st_size);

out:
    if (pair[0] >= 0)
        close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    if (lock_fd >= 0)
        close(lock_fd);
    close(log_fd);
    return exit_code;
}
