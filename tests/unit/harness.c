/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <mntent.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/file.h>
#include <unistd.h>
#include <xenstore.h>

#include <cmocka.h>

#define ARGS_MAX 48

/* The most programs that one test starts. */
#define PROGRAMS_MAX 64

/* A test program that takes longer hangs: it dies, and says so by that. */
#define PROGRAM_S 900

static char dir[64], bin[PATH_MAX];
static struct xs_handle *xsh;
static pid_t started[PROGRAMS_MAX];
static unsigned int nr_started;

static void nap(void)
{
    usleep(5000);
}

static bool locked; /* or need not */

void harness_no_lock(void)
{
    locked = true;
}

/* Control groups are the host's and named by domid: one such test at a time.
 * Held until the process ends, and those that it has forked. */
void harness_lock(void)
{
    int fd;

    if (locked)
        return;
    locked = true;
    fd = open("/tmp/xvgpu-test.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
}

void harness_start(const char *children)
{
    char self[PATH_MAX], path[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    harness_lock();
    alarm(PROGRAM_S);
    signal(SIGHUP, SIG_DFL); /* whoever runs the tests may ignore it */
    assert_true(n > 0);
    self[n] = '\0';
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans will be seen */
    snprintf(bin, sizeof(bin), "%s", dirname(self));
    strcpy(dir, "/tmp/xvgpu-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    /* Sanitizer builds have no root folder that shows the cache in it. */
    assert_int_equal(chmod(dir, 0711), 0);
    fx_init();
    snprintf(path, sizeof(path), "%s/xen", dir);
    assert_int_equal(fx_broker_listen(path), 0);
    setenv("XEN_FAKE_SOCKET", path, 1);
    snprintf(path, sizeof(path), "%s/run", dir);
    setenv("XVGPU_RUN_DIR", path, 1);
    snprintf(path, sizeof(path), "%s/cache", dir);
    setenv("XVGPU_CACHE_DIR", path, 1);
    snprintf(path, sizeof(path), "%s/%s", bin, children);
    setenv("XVGPU_LIBEXEC", path, 1);
    xsh = xs_open(0);
    assert_non_null(xsh);
}

void harness_stop(void)
{
    char path[96];

    xs_close(xsh);
    fx_broker_stop();
    snprintf(path, sizeof(path), "%s/run", dir);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/cache", dir);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/xen", dir);
    unlink(path);
    rmdir(dir);
}

static int create_domain(void)
{
    const struct fx_domain_config config = {
        .ram_bytes = 32u << 20,
        .vcpus = 2,
        .extra_kb = HARNESS_VRAM_MIB << 10,
    };
    int domid = fx_domain_create(&config);

    assert_true(domid > 0);
    return domid;
}

void dm_start(struct dm *dm, const char *const *extra)
{
    dm_start_on(dm, create_domain(), extra);
}

/* In the child: what libxl does before it execs. Root can't undo its limit of
 * files everywhere: in containers only a soft one is like it. */
static void restrict_self(const struct dm *dm)
{
    const struct rlimit nothing = {0, 0};
    struct rlimit files;

    if (getrlimit(RLIMIT_FSIZE, &files))
        _exit(125);
    files.rlim_cur = HARNESS_FILE_MAX;
    if (!geteuid() && prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1)
        files.rlim_max = HARNESS_FILE_MAX;
    if ((!geteuid() && unshare(CLONE_NEWNS | CLONE_NEWIPC)) ||
        setrlimit(RLIMIT_FSIZE, &files) || setrlimit(RLIMIT_CORE, &nothing) ||
        setrlimit(RLIMIT_MSGQUEUE, &nothing) ||
        setrlimit(RLIMIT_MEMLOCK, &nothing) ||
        dup2(dm->log, STDOUT_FILENO) < 0 || dup2(dm->log, STDERR_FILENO) < 0)
        _exit(125);
}

static void start_program(struct dm *dm, const char *path,
                          const char *const *argv)
{
    int fd;

    fflush(NULL);
    dm->pid = fork();
    assert_true(dm->pid >= 0);
    if (!dm->pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(fd, STDIN_FILENO);
        /* In a sandbox the leak sanitizer can't do its work, and hangs;
         * some children tell it themselves (tests/faults). */
        if (!getenv("XVGPU_TEST_LEAKS"))
            setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        if (dm->asked)
            restrict_self(dm);
        execv(path, (char **)(uintptr_t)argv);
        _exit(126);
    }
    if (nr_started < PROGRAMS_MAX)
        started[nr_started++] = dm->pid;
}

void dm_attach(struct dm *dm, int domid, const char *const *words)
{
    const char *argv[ARGS_MAX] = {"xen-vgpu", "attach"};
    char domid_text[12], path[PATH_MAX + 32];
    int n = 3;

    dm->domid = domid;
    dm->asked = NULL;
    snprintf(dm->qmp, sizeof(dm->qmp), "%s/none", dir);
    snprintf(path, sizeof(path), "%s/fake/xen-vgpu-dm", bin);
    setenv("XVGPU_DM", path, 1);
    snprintf(path, sizeof(path), "%s/../../xen-vgpu", bin);
    snprintf(domid_text, sizeof(domid_text), "%d", domid);
    argv[2] = domid_text;
    for (; *words && n < ARGS_MAX - 1; words++)
        argv[n++] = *words;
    start_program(dm, path, argv);
}

/* libxl's arguments with these for its socket and at the end. */
static void start_dm(struct dm *dm, const char *chardev,
                     const char *const *restricted, const char *const *extra)
{
    static const char *const plain[] = {
        "-vgpu", "model=native,vram=16M,sched=none", NULL};
    char domid_text[12], path[PATH_MAX + 32];
    const char *argv[ARGS_MAX] = {
        "xen-vgpu-dm", "-xen-domid",
        domid_text,    "-no-shutdown",
        "-chardev",    chardev,
        "-mon",        "chardev=libxl-cmd,mode=control",
        "-nodefaults", "-name",
        "guest",       "-vgpu-companion",
        "none"};
    int n = 13;

    snprintf(domid_text, sizeof(domid_text), "%d", dm->domid);
    snprintf(path, sizeof(path), "%s/fake/xen-vgpu-dm", bin);
    for (; restricted && *restricted && n < ARGS_MAX - 1; restricted++)
        argv[n++] = *restricted;
    for (extra = extra ? extra : plain; *extra && n < ARGS_MAX - 1; extra++)
        argv[n++] = *extra;
    start_program(dm, path, argv);
}

static void name_socket(struct dm *dm, int domid)
{
    dm->domid = domid;
    dm->asked = NULL;
    snprintf(dm->qmp, sizeof(dm->qmp), "%s/qmp-libxl-%d", dir, domid);
}

void dm_start_on(struct dm *dm, int domid, const char *const *extra)
{
    char chardev[192];

    name_socket(dm, domid);
    snprintf(chardev, sizeof(chardev),
             "socket,id=libxl-cmd,path=%s,server=on,wait=off", dm->qmp);
    start_dm(dm, chardev, NULL, extra);
}

char *dm_node(const struct dm *dm, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "/local/domain/0/device-model/%d%s%s",
             dm->domid, *name ? "/" : "", name);
    return xs_read(xsh, XBT_NULL, path, NULL);
}

void dm_remove_nodes(const struct dm *dm)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/0/device-model/%d", dm->domid);
    assert_true(xs_rm(xsh, XBT_NULL, path));
}

bool dm_wait_running(struct dm *dm)
{
    siginfo_t si;
    char *state;
    bool ok;
    int i;

    for (i = 0; i < 12000; i++) {
        state = dm_node(dm, "state");
        ok = state && !strcmp(state, "running");
        free(state);
        if (ok)
            return true;
        memset(&si, 0, sizeof(si));
        if (waitid(P_PID, (id_t)dm->pid, &si, WEXITED | WNOHANG | WNOWAIT) ||
            si.si_pid)
            return false;
        nap();
    }
    return false;
}

int dm_wait_exit(struct dm *dm)
{
    int status, i;

    for (i = 0; i < 12000; i++) {
        if (waitpid(dm->pid, &status, WNOHANG) == dm->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status)
                                     : 128 + WTERMSIG(status);
        nap();
    }
    kill(dm->pid, SIGKILL);
    waitpid(dm->pid, &status, 0);
    return -1;
}

static int listen_as_libxl(const struct dm *dm)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(sa.sun_path, dm->qmp);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

void dm_start_restricted(struct dm *dm, const char *const *extra)
{
    static const char *const restricted[] = {
        "-S",     "-xen-domid-restrict", "-chroot", "/nowhere",
        "-runas", "131073:131072",       NULL};
    char chardev[64], log[96];
    struct stat st;
    int fd;

    name_socket(dm, create_domain());
    fd = listen_as_libxl(dm);
    assert_int_equal(fstat(fd, &st), 0);
    dm->socket_ino = st.st_ino;
    dm->asked = harness_connect(dm->qmp);
    assert_non_null(dm->asked);
    snprintf(log, sizeof(log), "%s/log", dir);
    dm->log =
        open(log, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    assert_true(dm->log >= 0);
    assert_int_equal(unlink(log), 0);
    assert_int_equal(ftruncate(dm->log, HARNESS_FILE_MAX), 0);
    snprintf(chardev, sizeof(chardev),
             "socket,id=libxl-cmd,fd=%d,server=on,wait=off", fd);
    start_dm(dm, chardev, restricted, extra);
    close(fd); /* so that the dm's end is seen by who has asked */
}

void dm_forget_restricted(struct dm *dm)
{
    assert_int_equal(unlink(dm->qmp), 0);
    close(dm->log);
}

static bool exists(const char *path)
{
    struct stat st;

    return !lstat(path, &st) || errno != ENOENT;
}

static bool cgroup_exists(const struct dm *dm)
{
    FILE *f = setmntent("/proc/self/mounts", "r");
    struct mntent *m;
    bool found = false;
    char path[256];

    while (f && !found && (m = getmntent(f))) {
        if (strcmp(m->mnt_type, "cgroup2"))
            continue;
        snprintf(path, sizeof(path), "%s/xen-vgpu/%d", m->mnt_dir, dm->domid);
        found = exists(path);
    }
    if (f)
        endmntent(f);
    return found;
}

static bool node_exists(const struct dm *dm, const char *name)
{
    char *node = dm_node(dm, name);

    free(node);
    return node;
}

const char *dm_left(const struct dm *dm)
{
    char path[128];
    int i;

    /* The broker sees their ends a little later. */
    for (i = 0; i < 400 && fx_broker_clients(); i++)
        nap();
    snprintf(path, sizeof(path), "%s/run/%d.sock", dir, dm->domid);
    if (fx_broker_clients())
        return "a process is left";
    if (exists(dm->qmp))
        return "the QMP socket is left";
    if (exists(path))
        return "the administrator's socket is left";
    snprintf(path, sizeof(path), "%s/cache/%d.0", dir, dm->domid);
    if (exists(path))
        return "a cache folder is left";
    if (cgroup_exists(dm))
        return "a control group is left";
    if (node_exists(dm, "state"))
        return "the node state is left";
    if (node_exists(dm, "xen-vgpu/ioservid"))
        return "the node ioservid is left";
    if (fx_domain_exists((domid_t)dm->domid)) {
        if (fx_servers((domid_t)dm->domid))
            return "an ioreq server is left";
        if (fx_foreign_mappings((domid_t)dm->domid))
            return "foreign mappings are left";
    }
    /* No child of a child of ours either: they would be ours now. */
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        return "a child process is left";
    return NULL;
}

void dm_assert_nothing_left(const struct dm *dm)
{
    const char *what = dm_left(dm);

    if (what)
        fail_msg("%s", what);
}

void dm_kill_domain_and_check(struct dm *dm)
{
    assert_int_equal(fx_domain_kill((domid_t)dm->domid), 0);
    assert_int_equal(dm_wait_exit(dm), 0);
    dm_assert_nothing_left(dm);
    assert_null(dm_node(dm, ""));
    assert_false(fx_domain_exists((domid_t)dm->domid));
}

void harness_reap(void)
{
    pid_t pid;
    int i;

    for (i = 0; i < 4000; i++) {
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (pid < 0)
            return;
        nap();
    }
    fail_msg("a child process does not end");
}

/* All that are left, whoever started them: orphans are ours. One that a test
 * has stopped may hold a lock of the fake Xen, and all would wait for it. */
static void kill_children(void)
{
    char path[64];
    int pid;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
             (long)getpid());
    f = fopen(path, "r");
    while (f && fscanf(f, "%d", &pid) == 1)
        kill((pid_t)pid, SIGKILL);
    if (f)
        fclose(f);
}

int harness_end_test(void **state)
{
    int i;

    (void)state;
    /* A test that failed half way leaves its processes to the next one, which
     * would fail for that, or wait for them. */
    while (nr_started) {
        nr_started--;
        if (waitpid(started[nr_started], NULL, WNOHANG) == 0)
            kill(started[nr_started], SIGKILL);
    }
    /* Most end by themselves, now that nobody starts or watches them. */
    for (i = 0; i < 400 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
        nap();
    kill_children();
    harness_reap();
    return 0;
}

void harness_sweep(const struct dm *dm)
{
    struct mntent *m;
    char path[256];
    FILE *f;

    unlink(dm->qmp);
    snprintf(path, sizeof(path), "%s/run/%d.sock", dir, dm->domid);
    unlink(path);
    f = setmntent("/proc/self/mounts", "r");
    while (f && (m = getmntent(f))) {
        if (strcmp(m->mnt_type, "cgroup2"))
            continue;
        snprintf(path, sizeof(path), "%s/xen-vgpu/%d/device", m->mnt_dir,
                 dm->domid);
        rmdir(path);
        snprintf(path, sizeof(path), "%s/xen-vgpu/%d/sdma.0", m->mnt_dir,
                 dm->domid);
        rmdir(path);
        snprintf(path, sizeof(path), "%s/xen-vgpu/%d", m->mnt_dir, dm->domid);
        rmdir(path);
    }
    if (f)
        endmntent(f);
}
