/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon gives up once its sockets are open: it is root's, and reads
 * what hostile engines write. It keeps root's files, one folder of which it
 * needs, and CAP_KILL, to end engines whose monitors are silent.
 */
#include "config.h"

#include "dm/sched/vgpud.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef XVGPU_INSTRUMENTED
#define INSTRUMENTED 1
#else
#define INSTRUMENTED 0
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FILES_MAX 65536u /* 6 an engine of VGPUD_MAX_VGPUS would be enough */

static int failed(const char *what)
{
    int rc = errno ? -errno : -EINVAL;

    log_error("giving up rights: %s: %s", what, strerror(-rc));
    return rc;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3];
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    int cap;

    if (syscall(SYS_capget, &header, had))
        return failed("capabilities");
    /* Of the bounding set first: that needs a capability. */
    for (cap = 0; cap <= CAP_LAST_CAP; cap++) {
        if (had[0].effective & CAP_TO_MASK(CAP_SETPCAP) && cap != CAP_KILL &&
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL)
            return failed("capabilities' bounding set");
    }
    data[0].permitted = had[0].permitted & CAP_TO_MASK(CAP_KILL);
    data[0].effective = data[0].permitted;
    if (syscall(SYS_capset, &header, data))
        return failed("capabilities");
    return 0;
}

static int set_limits(void)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files))
        return failed("limit of descriptors");
    if (files.rlim_max > FILES_MAX)
        files.rlim_max = FILES_MAX;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_CORE, &none))
        return failed("limits");
    return 0;
}

static const int calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(readlink),
    SCMP_SYS(unlink),
    SCMP_SYS(fcntl),
    SCMP_SYS(memfd_create),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(accept4),
    SCMP_SYS(getsockopt),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    /* libev makes its epoll descriptor anew when one that was closed here, but
     * lives on elsewhere (a pidfd), still has events. */
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), /* clock_getcpuclockid() */
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(geteuid),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

static int build_filter(scmp_filter_ctx ctx)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < ARRAY_SIZE(calls) && !rc; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
    if (!rc)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!rc)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* abort() and its like. */
    if (!rc)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    /* What is said of a pidfd, in /proc. */
    if (!rc)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ,
                                      O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    /* systemd is told that we end. */
    if (!rc)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    return rc;
}

static int filter_calls(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!ctx) {
        errno = ENOMEM;
        return failed("seccomp");
    }
    rc = build_filter(ctx);
    if (!rc)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    errno = -rc;
    return rc ? failed("seccomp") : 0;
}

int vgpud_protect(void)
{
    int rc = set_limits();

    if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        rc = failed("no new privileges");
    if (!rc && !INSTRUMENTED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        rc = failed("not dumpable");
    if (!rc)
        rc = drop_capabilities();
    return rc || INSTRUMENTED ? rc : filter_calls();
}
