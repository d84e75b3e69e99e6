/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "dm/monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

/* So many messages of one child before others get their turn. */
#define MESSAGES_A_TURN 16
#define RETRY_NS 100000000u

#define EXIT_EXEC 127

/* A child needs nothing of root's environment but what tests set. Sanitizers
 * and gcov have variables of their own. */
static void drop_environment(void)
{
#ifndef XVGPU_INSTRUMENTED
    char **from, **to;

    for (from = to = environ; from && *from; from++) {
        if (!strncmp(*from, "XVGPU_", 6) || !strncmp(*from, "XEN_", 4))
            *to++ = *from;
    }
    if (from)
        *to = NULL;
#endif
}

/* In the child, until exec: only what is safe after a fork of a process with
 * threads (libxenstore has one). Returns only on failure. */
static void enter(const char *path, char *const argv[], int sock, int procs,
                  int oom)
{
    char text[16];
    sigset_t none;
    int null, fd, n;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    while (procs >= 0 && write(procs, "0", 1) < 0)
        if (errno != EINTR)
            return;
    fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd >= 0) {
        n = snprintf(text, sizeof(text), "%d", oom);
        if (write(fd, text, (size_t)n) < 0)
            errno = 0; /* it will do without */
        close(fd);
    }
    null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0)
        return;
    if (sock == PROTO_FD)
        fcntl(sock, F_SETFD, 0);
    else if (dup2(sock, PROTO_FD) < 0)
        return;
    if (syscall(SYS_close_range, PROTO_FD + 1, ~0u, 0))
        return;
    drop_environment();
    execv(path, argv);
}

static void program_path(char *path, size_t size, const char *program)
{
    const char *dir = getenv("XVGPU_LIBEXEC");

    snprintf(path, size, "%s/%s", dir ? dir : PKGLIBEXECDIR, program);
}

static void on_message(struct ev_loop *loop, ev_io *w, int revents);
static void on_quiet(struct ev_loop *loop, ev_timer *w, int revents);
static void on_exit_event(struct ev_loop *loop, ev_io *w, int revents);

static int fork_child(struct child *c, const struct child_spec *spec,
                      const char *path, int sock)
{
    char domid[12];
    char *argv[] = {(char *)(uintptr_t)path, (char *)"--domid", domid, NULL};
    int procs, rc = 0;
    pid_t pid;

    snprintf(domid, sizeof(domid), "%u", spec->domid);
    if (access(path, X_OK))
        return -errno;
    procs = cgroup_procs(&c->cgroup);
    pid = fork();
    if (pid == 0) {
        enter(path, argv, sock, procs, spec->oom_score_adj);
        _exit(EXIT_EXEC);
    }
    if (pid < 0)
        rc = -errno;
    if (procs >= 0)
        close(procs);
    if (rc)
        return rc;
    /* Nobody but us reaps it: the pid is its own until then. */
    c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (c->pidfd < 0) {
        rc = -errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return rc;
    }
    c->pid = pid;
    return 0;
}

int child_start(struct child *c, const struct cgroups *cgs,
                const struct child_spec *spec)
{
    int pair[2] = {-1, -1};
    char path[256];
    int rc;

    program_path(path, sizeof(path), spec->program);
    c->pidfd = -1;
    c->killed = false;
    c->status = 0;
    c->cpu_ns = 0;
    c->uid = 0;
    if (geteuid() == 0)
        c->uid = XVGPU_UID_BASE + UIDS_A_DOMAIN * spec->domid + spec->number;
    cgroup_create(cgs, &c->cgroup, spec->cgroup, spec->memory_max,
                  spec->pids_max);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
        fcntl(pair[0], F_SETFL, O_NONBLOCK)) {
        rc = -errno;
        goto out;
    }
    rc = fork_child(c, spec, path, pair[1]);
    if (rc)
        goto out;
    c->sock = pair[0];
    pair[0] = -1;
    ev_io_init(&c->io, on_message, c->sock, EV_READ);
    c->io.data = c;
    ev_io_start(c->loop, &c->io);
    ev_io_init(&c->exit, on_exit_event, c->pidfd, EV_READ);
    c->exit.data = c;
    ev_io_start(c->loop, &c->exit);
    guard_init(&c->messages, CHILD_MESSAGES, CHILD_MESSAGES_BURST);
    ev_init(&c->quiet, on_quiet);
    c->quiet.data = c;
    log_debug("started %s, pid %ld", c->name, (long)c->pid);

out:
    if (pair[0] >= 0)
        close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    if (rc) {
        log_error("start %s (%s): %s", c->name, path, strerror(-rc));
        cgroup_remove(&c->cgroup);
    }
    return rc;
}

int child_send(struct child *c, const struct proto_msg *msg, const int *fds,
               unsigned int nr_fds, const char *text)
{
    if (!child_runs(c))
        return -EPIPE;
    return proto_send(c->sock, msg, fds, nr_fds, text, text ? strlen(text) : 0);
}

static void stop_reading(struct child *c)
{
    ev_io_stop(c->loop, &c->io);
    ev_timer_stop(c->loop, &c->quiet);
}

void child_kill(struct child *c)
{
    if (!child_runs(c))
        return;
    c->killed = true;
    stop_reading(c);
    syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
    cgroup_kill(&c->cgroup);
}

static void pause_reading(struct child *c, uint64_t ns)
{
    ev_io_stop(c->loop, &c->io);
    ev_timer_set(&c->quiet, (double)ns / 1e9, 0.);
    ev_timer_start(c->loop, &c->quiet);
}

static void on_quiet(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct child *c = w->data;

    (void)revents;
    ev_io_start(loop, &c->io);
}

/* For how long it is not to be heard. One that goes on is no danger: only its
 * own messages wait, and its socket fills. */
static uint64_t charge(struct child *c)
{
    uint64_t now = clock_ns();
    uint64_t wait = guard_charge(&c->messages, 1, now);

    if (wait && guard_storm(&c->messages, now))
        log_warning("%s (pid %ld) sends too many messages: not more than %u a "
                    "second are read",
                    c->name, (long)c->pid, CHILD_MESSAGES);
    return wait;
}

static void take_messages(struct child *c)
{
    static struct proto_in in; /* too large for a stack; one thread */
    static struct log_limit limit;
    uint64_t wait = 0;
    int max, rc;

    for (max = MESSAGES_A_TURN; max > 0 && !c->killed; max--) {
        rc = proto_recv(c->sock, &in);
        if (rc == -EAGAIN || rc == -EINTR)
            break;
        if (rc != -EPIPE && rc != -EPROTO && rc) {
            log_limited(&limit, LOG_WARNING, "receive from %s: %s", c->name,
                        strerror(-rc));
            pause_reading(c, RETRY_NS); /* not its fault */
            return;
        }
        if (rc) {
            stop_reading(c);
            if (rc != -EPIPE)
                log_error("%s (pid %ld) sent what is no message: %s", c->name,
                          (long)c->pid, strerror(-rc));
            /* Without its socket it is of no use. Its own end may be under
             * way: give the exit status a chance to tell why. */
            if (rc != -EPIPE)
                child_kill(c);
            else
                syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
            return;
        }
        c->ops->message(c, &in);
        proto_close_fds(&in);
        wait = charge(c);
    }
    if (wait && !c->killed)
        pause_reading(c, wait);
}

static void on_message(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)loop;
    (void)revents;
    take_messages(w->data);
}

static uint64_t ns_of(const struct timeval *tv)
{
    return (uint64_t)tv->tv_sec * 1000000000u + (uint64_t)tv->tv_usec * 1000u;
}

static void on_exit_event(struct ev_loop *loop, ev_io *w, int revents)
{
    struct child *c = w->data;
    struct rusage used;

    (void)revents;
    /* Its last words, a failure to start for one, may still be unread. */
    if (ev_is_active(&c->io) || ev_is_active(&c->quiet))
        take_messages(c);
    if (wait4(c->pid, &c->status, WNOHANG, &used) != c->pid)
        return;
    c->cpu_ns = ns_of(&used.ru_utime) + ns_of(&used.ru_stime);
    stop_reading(c);
    ev_io_stop(loop, &c->exit);
    close(c->sock);
    close(c->pidfd);
    log_debug("%s, pid %ld, %s", c->name, (long)c->pid, child_end(c));
    c->pid = 0;
    cgroup_kill(&c->cgroup);
    cgroup_remove(&c->cgroup);
    c->ops->exited(c);
}

uint64_t child_cpu_ns(const struct child *c)
{
    struct timespec ts;
    clockid_t clock;

    if (!child_runs(c))
        return c->cpu_ns;
    if (clock_getcpuclockid(c->pid, &clock) || clock_gettime(clock, &ts))
        return 0;
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

const char *child_end(const struct child *c)
{
    static char text[64];

    if (WIFSIGNALED(c->status))
        snprintf(text, sizeof(text), "was ended by signal %d (%s)",
                 WTERMSIG(c->status), strsignal(WTERMSIG(c->status)));
    else if (WEXITSTATUS(c->status) == EXIT_EXEC)
        snprintf(text, sizeof(text), "could not be executed");
    else
        snprintf(text, sizeof(text), "exited with %d", WEXITSTATUS(c->status));
    return text;
}
