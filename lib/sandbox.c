/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "lib/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>
#include <xentoolcore.h>

#include "lib/log.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Sanitizers and gcov open files as long as the process lives. */
#ifdef XVGPU_INSTRUMENTED
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif

static int failed(const char *step)
{
    int rc = errno ? -errno : -EINVAL;

    log_error("sandbox: %s: %s", step, strerror(-rc));
    return rc;
}

/* ---- Root folder and namespaces -------------------------------------- */

static int drop_namespaces(void)
{
    static const struct {
        int flag;
        const char *name;
    } rows[] = {
        {CLONE_NEWNS, "mount namespace"},
        {CLONE_NEWNET, "network namespace"},
        {CLONE_NEWIPC, "IPC namespace"},
        {CLONE_NEWUTS, "UTS namespace"},
        {CLONE_NEWCGROUP, "cgroup namespace"},
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        if (unshare(rows[i].flag) == 0)
            continue;
        /* Mount namespaces can't be configured out of a kernel. */
        if (errno != EINVAL || rows[i].flag == CLONE_NEWNS)
            return failed(rows[i].name);
        log_warning("sandbox: this kernel has no %s", rows[i].name);
    }
    return 0;
}

/*
 * An empty, read-only tmpfs takes the root's place, as switch_root(8) does
 * it: unlike pivot_root that works in an initramfs, too. The private mount
 * namespace lets any folder serve as mount point.
 */
static int empty_root(void)
{
    static const char *const folders[] = {"/run", "/tmp", "/var", "/dev"};
    size_t i;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return failed("private mounts");
    for (i = 0; i < ARRAY_SIZE(folders); i++) {
        if (mount("none", folders[i], "tmpfs",
                  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "size=4k,mode=0555") == 0)
            break;
    }
    if (i == ARRAY_SIZE(folders))
        return failed("empty tmpfs");
    if (chdir(folders[i]) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
        chroot(".") < 0 || chdir("/") < 0)
        return failed("empty root");
    return 0;
}

/* ---- Identity, parent, limits ---------------------------------------- */

static int drop_uid(const struct sandbox *sb)
{
    if (!sb->uid && !sb->gid)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(sb->gid, sb->gid, sb->gid) < 0 ||
        setresuid(sb->uid, sb->uid, sb->uid) < 0)
        return failed("uid and gid");
    if (sb->uid && (setuid(0) == 0 || geteuid() != sb->uid)) {
        errno = EPERM;
        return failed("uid is still root's");
    }
    return 0;
}

/* The kernel forgets the parent-death signal when the uid changes, and says
 * nothing about a parent that died before: prctl(2). */
static int tie_to_parent(const struct sandbox *sb, pid_t parent)
{
    /* The device has its ioreq server to destroy, which nothing in Xen does
     * for it: its end is that of the monitor's socket. */
    if (sb->profile == SANDBOX_DEVICE)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return failed("parent-death signal");
    if (getppid() != parent) {
        errno = ESRCH;
        return failed("the parent has died");
    }
    return 0;
}

static int set_limit(int what, rlim_t max)
{
    struct rlimit now, lim;

    if (getrlimit((__rlimit_resource_t)what, &now) < 0)
        return -1;
    lim.rlim_max = now.rlim_max < max ? now.rlim_max : max;
    lim.rlim_cur = lim.rlim_max;
    return setrlimit((__rlimit_resource_t)what, &lim);
}

static int set_limits(const struct sandbox *sb)
{
    bool device = sb->profile == SANDBOX_DEVICE;

    if (INSTRUMENTED)
        return 0;
    /* The device holds 3 descriptors an engine, 3 engines a vGPU. File size
     * covers screenshots (8192 x 8192 pixels), which are memfds, and stderr,
     * where it may be a file. */
    if (set_limit(RLIMIT_NOFILE, device ? 128 : 64) < 0 ||
        set_limit(RLIMIT_FSIZE, 512ul << 20) < 0 ||
        set_limit(RLIMIT_CORE, 0) < 0 || set_limit(RLIMIT_MSGQUEUE, 0) < 0)
        return failed("rlimits");
    /* Counted per uid: meaningful only with one of our own. */
    if (sb->uid && set_limit(RLIMIT_NPROC, device ? 16 : 4) < 0)
        return failed("rlimits");
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

/* ---- Landlock -------------------------------------------------------- */

/* linux/landlock.h of newer kernels than the build machine's: each version
 * of the interface handles more, and an unknown bit is an error. */
static int deny_files(void)
{
#ifdef SYS_landlock_create_ruleset
    static const struct {
        unsigned int fs_bits, net_bits, scope_bits;
        size_t size;
    } versions[] = {
        {0, 0, 0, 0},   {13, 0, 0, 8},  {14, 0, 0, 8},  {15, 0, 0, 8},
        {15, 2, 0, 16}, {16, 2, 0, 16}, {16, 2, 2, 24},
    };
    struct {
        uint64_t fs, net, scoped;
    } attr;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
    int fd;

    if (version > 0) {
        if (version >= (long)ARRAY_SIZE(versions))
            version = (long)ARRAY_SIZE(versions) - 1;
        attr.fs = (1ull << versions[version].fs_bits) - 1;
        attr.net = (1ull << versions[version].net_bits) - 1;
        attr.scoped = (1ull << versions[version].scope_bits) - 1;
        fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
                          versions[version].size, 0u);
        if (fd < 0)
            return failed("Landlock ruleset");
        if (syscall(SYS_landlock_restrict_self, fd, 0u) < 0) {
            failed("Landlock");
            close(fd);
            return -EPERM;
        }
        close(fd);
        return 0;
    }
#endif
    log_warning("sandbox: this kernel has no Landlock");
    return 0;
}

/* ---- seccomp --------------------------------------------------------- */

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

static int build_filter(scmp_filter_ctx ctx, enum sandbox_profile profile)
{
    int rc;

    /* The one call with checked arguments on the path of an MMIO access and
     * of a completion: compared first. The cheap ones need no filter run
     * since Linux 5.11. */
    rc = seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), 255);
    if (rc == 0 && profile == SANDBOX_DEVICE)
        rc = allow_ioctls(ctx, ioctls_device, ARRAY_SIZE(ioctls_device));
    if (rc == 0)
        rc = allow_ioctls(ctx, ioctls_common, ARRAY_SIZE(ioctls_common));
    if (rc == 0)
        rc = allow_calls(ctx, calls_common, ARRAY_SIZE(calls_common));
    if (rc == 0 && profile == SANDBOX_DEVICE)
        rc = allow_calls(ctx, calls_device, ARRAY_SIZE(calls_device));
    if (rc == 0 && profile == SANDBOX_DEVICE)
        rc = allow_threads(ctx);
    if (rc == 0)
        rc = allow_checked(ctx);
    if (rc == 0 && INSTRUMENTED)
        return allow_calls(ctx, calls_instrumented,
                           ARRAY_SIZE(calls_instrumented));
    /* libc tries to read this and that and lives well without. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
    return rc;
}

static int filter_calls(enum sandbox_profile profile)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!ctx) {
        errno = ENOMEM;
        return failed("seccomp");
    }
    rc = build_filter(ctx, profile);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc < 0) {
        errno = -rc;
        return failed("seccomp");
    }
    return 0;
}

int sandbox_enter(const struct sandbox *sb)
{
    pid_t parent = getppid();
    int rc;

    if (xentoolcore_restrict_all((domid_t)sb->domid) < 0)
        return failed("restricting the Xen handles");
    if (!sb->enabled)
        return 0;
    rc = drop_namespaces();
    if (rc == 0 && !INSTRUMENTED)
        rc = empty_root();
    if (rc == 0)
        rc = drop_uid(sb);
    if (rc == 0)
        rc = tie_to_parent(sb, parent);
    if (rc == 0)
        rc = set_limits(sb);
    if (rc < 0)
        return rc;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        (!INSTRUMENTED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
        return failed("prctl");
    if (!INSTRUMENTED)
        rc = deny_files();
    if (rc == 0)
        rc = filter_calls(sb->profile);
    return rc;
}
