/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which system calls stay allowed: seccomp. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "lib/log.h"
#include "lib/sandbox-parts.h"

/* Allowed whatever their arguments are: the kernel then needs no run of the
 * filter for them. */
static const int calls_common[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(futex),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(close),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* The device's threads, its event loop and the memfd of a screenshot. */
static const int calls_device[] = {
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address), SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),       SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),     SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),  SCMP_SYS(timerfd_settime),
    SCMP_SYS(memfd_create),    SCMP_SYS(shutdown),
};

/* Threads, a driver's timelines and files that were opened before. */
static const int calls_gfx[] = {
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(lseek),
    SCMP_SYS(flock),
};

/* Viewers' connections, and how threads begin. */
static const int calls_display[] = {
    SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(getpeername),
    SCMP_SYS(select),  SCMP_SYS(pselect6), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
};

/* Drivers ask for less, or some other, share of the processors for their
 * threads, and live well without. */
static const int calls_refused[] = {
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(setpriority),
};

/* What sanitizers and gcov need, at their ends above all. */
static const int calls_instrumented[] = {
    SCMP_SYS(lseek),      SCMP_SYS(open),
    SCMP_SYS(openat),     SCMP_SYS(creat),
    SCMP_SYS(stat),       SCMP_SYS(lstat),
    SCMP_SYS(access),     SCMP_SYS(faccessat),
    SCMP_SYS(mkdir),      SCMP_SYS(unlink),
    SCMP_SYS(rename),     SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(getdents64), SCMP_SYS(flock),
    SCMP_SYS(fsync),      SCMP_SYS(ftruncate),
    SCMP_SYS(pread64),    SCMP_SYS(fcntl),
    SCMP_SYS(prctl),      SCMP_SYS(ptrace),
    SCMP_SYS(wait4),      SCMP_SYS(clone),
    SCMP_SYS(mmap),       SCMP_SYS(mprotect),
    SCMP_SYS(getrlimit),  SCMP_SYS(setrlimit),
    SCMP_SYS(prlimit64),  SCMP_SYS(getuid),
    SCMP_SYS(geteuid),    SCMP_SYS(getgid),
    SCMP_SYS(getegid),    SCMP_SYS(personality),
    SCMP_SYS(arch_prctl), SCMP_SYS(pipe2),
    SCMP_SYS(pipe),       SCMP_SYS(dup),
    SCMP_SYS(dup2),       SCMP_SYS(tgkill),
    SCMP_SYS(kill),       SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),       SCMP_SYS(process_vm_readv),
    SCMP_SYS(socket),     SCMP_SYS(connect),
};

/*
 * The ioctls that the Xen libraries issue after the restriction. Missing on
 * purpose: IOCTL_PRIVCMD_HYPERCALL (the restriction has put /dev/null in the
 * place of libxencall's descriptor anyway) and the allocation of unbound
 * ports, which the restriction forbids.
 */
static const unsigned long ioctls_common[] = {
    IOCTL_EVTCHN_NOTIFY,
    IOCTL_EVTCHN_BIND_INTERDOMAIN,
    IOCTL_EVTCHN_UNBIND,
    IOCTL_PRIVCMD_MMAPBATCH_V2,
};

static const unsigned long ioctls_device[] = {
    IOCTL_PRIVCMD_DM_OP,
};

static int allow_calls(scmp_filter_ctx ctx, const int *calls, size_t nr)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < nr && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

/* The kernel looks at 32 bits of the number only. */
static int allow_ioctls(scmp_filter_ctx ctx, const unsigned long *cmds,
                        size_t nr)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < nr && rc == 0; i++)
        rc =
            seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, cmds[i]));
    return rc;
}

static int allow_checked(scmp_filter_ctx ctx)
{
    /* Not F_SETFL: the flags of an eventfd or of stderr are those of all
     * processes that share it. */
    static const int fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_ADD_SEALS,
                                 F_GET_SEALS};
    size_t i;
    int rc;

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    /* abort() and its like. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    /* Not of stderr, which is a log that others write, too. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ftruncate), 1,
                              SCMP_A0(SCMP_CMP_GT, STDERR_FILENO));
    for (i = 0; i < ARRAY_SIZE(fcntls) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntls[i]));
    return rc;
}

/* clone3's flags lie behind a pointer: glibc falls back to clone when it is
 * told that there is no clone3. */
static int allow_threads(scmp_filter_ctx ctx)
{
    const scmp_datum_t mask = CLONE_THREAD | CLONE_VM | CLONE_NEWUSER |
                              CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |
                              CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    int rc;

    rc = seccomp_rule_add(
        ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
        SCMP_A0(SCMP_CMP_MASKED_EQ, mask, CLONE_THREAD | CLONE_VM));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc;
}

/* Code that is made at run time, and without handles that could open more of
 * a device's ioctls: those of GPUs, of which none is open without one. */
static int allow_gfx(scmp_filter_ctx ctx)
{
    size_t i;
    int rc;

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 0);
    /* linux/drm.h: their type is 'd'. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00u, 'd' << 8));
    for (i = 0; i < ARRAY_SIZE(calls_refused) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls_refused[i], 0);
    return rc;
}

/* A connection's flags are nobody else's. */
static int allow_display(scmp_filter_ctx ctx)
{
    int rc;

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2,
                          SCMP_A0(SCMP_CMP_GT, STDERR_FILENO),
                          SCMP_A1(SCMP_CMP_EQ, F_SETFL));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                              SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP),
                              SCMP_A2(SCMP_CMP_EQ, TCP_NODELAY));
    return rc;
}

struct list {
    const int *calls;
    size_t nr;
    const unsigned long *ioctls;
    size_t nr_ioctls;
    bool threads;
    bool xen; /* handles */
    bool all; /* threads there are: each gets the filter */
    int (*more)(scmp_filter_ctx ctx);
};

static const struct list lists[] = {
    [SANDBOX_DEVICE] = {.calls = calls_device,
                        .nr = ARRAY_SIZE(calls_device),
                        .ioctls = ioctls_device,
                        .nr_ioctls = ARRAY_SIZE(ioctls_device),
                        .threads = true,
                        .xen = true},
    [SANDBOX_GFX] = {.calls = calls_gfx,
                     .nr = ARRAY_SIZE(calls_gfx),
                     .threads = true,
                     .xen = true,
                     .all = true,
                     .more = allow_gfx},
    [SANDBOX_ENGINE] = {.xen = true},
    [SANDBOX_DISPLAY] = {.calls = calls_display,
                         .nr = ARRAY_SIZE(calls_display),
                         .all = true,
                         .more = allow_display},
};

static int build_filter(scmp_filter_ctx ctx, const struct list *list)
{
    int rc;

    /* The one call with checked arguments on the path of an MMIO access and
     * of a completion: compared first. The cheap ones need no filter run
     * since Linux 5.11. */
    rc = seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), 255);
    if (rc == 0)
        rc = allow_ioctls(ctx, list->ioctls, list->nr_ioctls);
    if (rc == 0 && list->xen)
        rc = allow_ioctls(ctx, ioctls_common, ARRAY_SIZE(ioctls_common));
    if (rc == 0)
        rc = allow_calls(ctx, calls_common, ARRAY_SIZE(calls_common));
    if (rc == 0)
        rc = allow_calls(ctx, list->calls, list->nr);
    if (rc == 0 && list->threads)
        rc = allow_threads(ctx);
    if (rc == 0)
        rc = allow_checked(ctx);
    if (rc == 0 && list->more)
        rc = list->more(ctx);
    if (rc == 0 && INSTRUMENTED)
        return allow_calls(ctx, calls_instrumented,
                           ARRAY_SIZE(calls_instrumented));
    /* libc tries to read this and that and lives well without, and Mesa wants
     * to know what its program is called. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(readlink),
                              0);
    return rc;
}

int sandbox_calls(const struct sandbox *sb)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    const struct list *list = &lists[sb->profile];
    int rc;

    if (!ctx) {
        errno = ENOMEM;
        return sandbox_failed("seccomp");
    }
    rc = list->all ? seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) : 0;
    if (rc == 0)
        rc = build_filter(ctx, list);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc < 0) {
        errno = -rc;
        return sandbox_failed("seccomp");
    }
    return 0;
}
