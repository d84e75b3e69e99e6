/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "lib/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xentoolcore.h>

#include "lib/log.h"
#include "lib/sandbox-parts.h"

#define MAX_GROUPS 8u

int sandbox_failed(const char *step)
{
    int rc = errno ? -errno : -EINVAL;

    log_error("sandbox: %s: %s", step, strerror(-rc));
    return rc;
}

/* ---- Namespaces ------------------------------------------------------ */

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
            return sandbox_failed(rows[i].name);
        log_warning("sandbox: this kernel has no %s", rows[i].name);
    }
    return 0;
}

/* ---- Identity, parent, limits ---------------------------------------- */

/* The groups are looked up before: the root folder is another one then. */
static int drop_uid(const struct sandbox *sb, const gid_t *groups,
                    size_t nr_groups)
{
    if (!sb->uid && !sb->gid)
        return 0;
    if (setgroups(nr_groups, groups) < 0 ||
        setresgid(sb->gid, sb->gid, sb->gid) < 0 ||
        setresuid(sb->uid, sb->uid, sb->uid) < 0)
        return sandbox_failed("uid and gid");
    if (sb->uid && (setuid(0) == 0 || geteuid() != sb->uid)) {
        errno = EPERM;
        return sandbox_failed("uid is still root's");
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
        return sandbox_failed("parent-death signal");
    if (getppid() != parent) {
        errno = ESRCH;
        return sandbox_failed("the parent has died");
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
    /* The device holds 3 descriptors an engine, 3 engines a vGPU. File size
     * covers screenshots (8192 x 8192 pixels), which are memfds, and stderr,
     * where it may be a file; it is what bounds gfx's cache. Processes are
     * threads. */
    static const struct {
        rlim_t files, processes, size;
    } limits[] = {
        [SANDBOX_DEVICE] = {128, 16, 512ul << 20},
        [SANDBOX_ENGINE] = {64, 4, 512ul << 20},
        [SANDBOX_GFX] = {256, 64, SANDBOX_CACHE_FILE},
        [SANDBOX_DISPLAY] = {64, 32, 512ul << 20},
    };

    if (INSTRUMENTED)
        return 0;
    if (set_limit(RLIMIT_NOFILE, limits[sb->profile].files) < 0 ||
        set_limit(RLIMIT_FSIZE, limits[sb->profile].size) < 0 ||
        set_limit(RLIMIT_CORE, 0) < 0 || set_limit(RLIMIT_MSGQUEUE, 0) < 0)
        return sandbox_failed("rlimits");
    /* Counted per uid: meaningful only with one of our own. */
    if (sb->uid && set_limit(RLIMIT_NPROC, limits[sb->profile].processes) < 0)
        return sandbox_failed("rlimits");
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int sandbox_begin(const struct sandbox *sb)
{
    const pid_t parent = getppid();
    gid_t groups[MAX_GROUPS];
    const size_t nr_groups = sandbox_groups(sb, groups, MAX_GROUPS);
    int rc;

    if (xentoolcore_restrict_all((domid_t)sb->domid) < 0)
        return sandbox_failed("restricting the Xen handles");
    if (!sb->enabled)
        return 0;
    rc = drop_namespaces();
    if (rc == 0 && !INSTRUMENTED)
        rc = sandbox_root(sb);
    if (rc == 0)
        rc = drop_uid(sb, groups, nr_groups);
    if (rc == 0)
        rc = tie_to_parent(sb, parent);
    if (rc == 0)
        rc = set_limits(sb);
    if (rc < 0)
        return rc;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        (!INSTRUMENTED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
        return sandbox_failed("prctl");
    return INSTRUMENTED ? 0 : sandbox_files(sb);
}

int sandbox_close(const struct sandbox *sb)
{
    return sb->enabled ? sandbox_calls(sb) : 0;
}

int sandbox_enter(const struct sandbox *sb)
{
    int rc = sandbox_begin(sb);

    return rc < 0 ? rc : sandbox_close(sb);
}
