/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <mntent.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/file.h>
#include <unistd.h>
#include <xenstore.h>

#include <cmocka.h>

#define ARGS_MAX 32

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

/* Control groups are the host's and named by domid: one such test at a time.
 * Held until the process ends. */
static void one_at_a_time(void)
{
    int fd = open("/tmp/xvgpu-test.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
}

void harness_start(const char *children)
{
    char self[PATH_MAX], path[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    one_at_a_time();
    alarm(PROGRAM_S);
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

void dm_start(struct dm *dm, const char *const *extra)
{
    const struct fx_domain_config config = {
        .ram_bytes = 32u << 20,
        .vcpus = 2,
        .extra_kb = HARNESS_VRAM_MIB << 10,
    };
    int domid = fx_domain_create(&config);

    assert_true(domid > 0);
    dm_start_on(dm, domid, extra);
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

void dm_start_on(struct dm *dm, int domid, const char *const *extra)
{
    static const char *const plain[] = {"-vgpu", "model=native,vram=16M", NULL};
    char domid_text[12], chardev[192], path[PATH_MAX + 32];
    const char *argv[ARGS_MAX] = {
        "xen-vgpu-dm", "-xen-domid",
        domid_text,    "-no-shutdown",
        "-chardev",    chardev,
        "-mon",        "chardev=libxl-cmd,mode=control",
        "-nodefaults", "-name",
        "guest",       "-vgpu-companion",
        "none"};
    int n = 13;

    dm->domid = domid;
    snprintf(domid_text, sizeof(domid_text), "%d", domid);
    snprintf(dm->qmp, sizeof(dm->qmp), "%s/qmp-libxl-%d", dir, domid);
    snprintf(chardev, sizeof(chardev),
             "socket,id=libxl-cmd,path=%s,server=on,wait=off", dm->qmp);
    snprintf(path, sizeof(path), "%s/fake/xen-vgpu-dm", bin);
    for (extra = extra ? extra : plain; *extra && n < ARGS_MAX - 1; extra++)
        argv[n++] = *extra;
    start_program(dm, path, argv);
}

char *dm_node(const struct dm *dm, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "/local/domain/0/device-model/%d%s%s",
             dm->domid, *name ? "/" : "", name);
    return xs_read(xsh, XBT_NULL, path, NULL);
}

bool dm_wait_running(struct dm *dm)
{
    siginfo_t si;
    char *state;
    bool ok;
    int i;

    for (i = 0; i < 4000; i++) {
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

    for (i = 0; i < 2000; i++) {
        if (waitpid(dm->pid, &status, WNOHANG) == dm->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status)
                                     : 128 + WTERMSIG(status);
        nap();
    }
    kill(dm->pid, SIGKILL);
    waitpid(dm->pid, &status, 0);
    return -1;
}

static FILE *connect_to(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct timeval tv = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(sa.sun_path, path);
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
        close(fd);
        return NULL;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    return fdopen(fd, "r+");
}

/* One line to it, one line of it as JSON. */
static json_t *talk(FILE *f, const char *line)
{
    static char answer[1 << 20];
    json_error_t error;

    if (line && (send(fileno(f), line, strlen(line), MSG_NOSIGNAL) < 0 ||
                 send(fileno(f), "\r\n", 2, MSG_NOSIGNAL) < 0))
        return NULL;
    if (!fgets(answer, sizeof(answer), f))
        return NULL;
    return json_loads(answer, 0, &error);
}

json_t *dm_qmp(const struct dm *dm, const char *command)
{
    FILE *f = connect_to(dm->qmp);
    char line[128];
    json_t *j;

    assert_non_null(f);
    j = talk(f, NULL);
    assert_non_null(json_object_get(j, "QMP"));
    json_decref(j);
    j = talk(f, "{\"execute\":\"qmp_capabilities\",\"id\":1}");
    assert_non_null(json_object_get(j, "return"));
    json_decref(j);
    snprintf(line, sizeof(line), "{\"execute\":\"%s\",\"id\":2}", command);
    j = talk(f, line);
    fclose(f);
    return j;
}

bool dm_qmp_try(const struct dm *dm, const char *command)
{
    static const char *const first[] = {
        NULL, "{\"execute\":\"qmp_capabilities\",\"id\":1}"};
    FILE *f = connect_to(dm->qmp);
    char line[128];
    json_t *j = NULL;
    bool ok = f;
    size_t i;

    for (i = 0; ok && i < 2; i++) {
        j = talk(f, first[i]);
        ok = j;
        json_decref(j);
    }
    snprintf(line, sizeof(line), "{\"execute\":\"%s\",\"id\":2}", command);
    j = ok ? talk(f, line) : NULL;
    ok = json_object_get(j, "return");
    json_decref(j);
    if (f)
        fclose(f);
    return ok;
}

static FILE *connect_to_admin(const struct dm *dm)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/run/%d.sock", dir, dm->domid);
    return connect_to(path);
}

json_t *dm_admin(const struct dm *dm, const char *request)
{
    FILE *f = connect_to_admin(dm);
    json_t *j;

    if (!f)
        return NULL;
    j = talk(f, request);
    fclose(f);
    return j;
}

unsigned int dm_admin_burst(const struct dm *dm, const char *request,
                            unsigned int n, bool until_closed)
{
    struct pollfd pfd;
    FILE *f = connect_to_admin(dm);
    unsigned int i, good = 0;
    json_t *j;

    assert_non_null(f);
    for (i = 0; i < n; i++)
        if (send(fileno(f), request, strlen(request), MSG_NOSIGNAL) < 0 ||
            send(fileno(f), "\n", 1, MSG_NOSIGNAL) < 0)
            break;
    pfd = (struct pollfd){.fd = fileno(f), .events = POLLRDHUP};
    if (until_closed)
        poll(&pfd, 1, 60000);
    for (i = 0; i < n && (j = talk(f, NULL)); i++) {
        good += json_object_get(j, "return") != NULL;
        json_decref(j);
    }
    fclose(f);
    return good;
}

pid_t dm_process(const struct dm *dm, const char *name)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\"}"), *p;
    json_t *list = json_object_get(json_object_get(j, "return"), "processes");
    pid_t pid = 0;
    size_t i;

    json_array_foreach(list, i, p)
    {
        if (!strcmp(json_string_value(json_object_get(p, "name")), name))
            pid = (pid_t)json_integer_value(json_object_get(p, "pid"));
    }
    json_decref(j);
    return pid;
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

int harness_end_test(void **state)
{
    (void)state;
    /* A test that failed half way leaves its processes to the next one, which
     * would fail for that, or wait for them. */
    while (nr_started) {
        nr_started--;
        if (waitpid(started[nr_started], NULL, WNOHANG) == 0)
            kill(started[nr_started], SIGKILL);
    }
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
