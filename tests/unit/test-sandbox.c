/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox as a child process sees it: what must still work does, the rest
 * ends the process (SIGSYS) or fails. Needs root, as the sandbox does.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "lib/log.h"
#include "lib/sandbox.h"

#define SKIPPED 77

static int fd; /* an eventfd, opened before */

static void *thread(void *arg)
{
    char *p = malloc(1u << 20);

    *(int *)arg = p != NULL;
    free(p);
    return NULL;
}

/* Everything that a device process does all day. */
static int device_life(void)
{
    uint64_t n = 1;
    pthread_t t;
    int ok = 0, mem;
    char *p;

    if (pthread_create(&t, NULL, thread, &ok) || pthread_join(t, NULL) || !ok)
        return 1;
    if (write(fd, &n, 8) != 8 || read(fd, &n, 8) != 8)
        return 2;
    mem = memfd_create("picture", MFD_ALLOW_SEALING);
    if (mem < 0 || ftruncate(mem, 256 << 20) < 0 ||
        fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
        return 3;
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
    if (p == MAP_FAILED)
        return 4;
    p[0] = 1;
    munmap(p, 4096);
    close(mem);
    /* Allowed, and no such thing on this descriptor. */
    if (ioctl(fd, IOCTL_EVTCHN_NOTIFY, 0) == 0 ||
        ioctl(fd, IOCTL_PRIVCMD_DM_OP, 0) == 0 ||
        ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, 0) == 0)
        return 5;
    usleep(1000);
    clock_ns();
    log_info("the log still works");
    return 0;
}

static int engine_life(void)
{
    char *p = malloc(4u << 20), *q;

    if (!p)
        return 1;
    q = realloc(p, 16u << 20);
    if (!q)
        return 2;
    memset(q, 1, 16u << 20);
    free(q);
    if (ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, 0) == 0)
        return 3;
    return 0;
}

static int in_engine_files(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static int bad_exec(void)
{
    execl("/bin/true", "true", NULL);
    return 1;
}

static int bad_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int bad_fork(void)
{
    return fork() < 0;
}

static int bad_thread(void)
{
    pthread_t t;
    int ok;

    return pthread_create(&t, NULL, thread, &ok);
}

static int bad_dm_op(void)
{
    return ioctl(fd, IOCTL_PRIVCMD_DM_OP, 0);
}

static int bad_hypercall(void)
{
    return ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, 0);
}

static int bad_unbound(void)
{
    return ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, 0);
}

static int bad_tty(void)
{
    return ioctl(fd, TIOCSTI, "x");
}

static int bad_exec_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0) == MAP_FAILED;
}

static int bad_kill(void)
{
    return kill(getppid(), 0);
}

static int bad_prctl(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int bad_notify(void)
{
    return ioctl(fd, IOCTL_EVTCHN_NOTIFY, 0);
}

static int bad_connect(void)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};

    return connect(fd, &none, sizeof(none));
}

static int bad_option(void)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

static int bad_log_flags(void)
{
    return fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
}

/* ---- gfx ------------------------------------------------------------- */

static char cache[] = "/tmp/xvgpu-sandbox-XXXXXX";
static int cache_file = -1, go = -1;

static bool denied(const char *path, int flags)
{
    int f = open(path, flags, 0600);

    if (f >= 0)
        close(f);
    return f < 0;
}

/* What a driver does when it is initialized, and may not even then. */
static int driver_starts(void)
{
    char path[64];

    if (denied("/usr/lib", O_RDONLY | O_DIRECTORY))
        return 11;
    if (!denied("/usr/lib/evil", O_WRONLY | O_CREAT) ||
        !denied("/evil", O_WRONLY | O_CREAT) ||
        !denied("/etc/passwd", O_RDONLY) || !denied("/proc", O_RDONLY) ||
        !denied("/dev/null", O_RDWR))
        return 12;
    snprintf(path, sizeof(path), "%s/sub", cache);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return 13;
    snprintf(path, sizeof(path), "%s/sub/file", cache);
    cache_file = open(path, O_RDWR | O_CREAT, 0600);
    return cache_file < 0 ? 14 : 0;
}

static int driver_runs(void)
{
    static const unsigned char code[] = {0xc3}; /* ret */
    char path[64];
    pthread_t t;
    void *p;
    int ok = 0;

    if (pthread_create(&t, NULL, thread, &ok) || pthread_join(t, NULL) || !ok)
        return 1;
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    if (p == MAP_FAILED)
        return 2;
    memcpy(p, code, sizeof(code));
    if (mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0)
        return 3;
    if (write(cache_file, "x", 1) != 1)
        return 4;
    /* More than its limit into a file. */
    if (lseek(cache_file, SANDBOX_CACHE_FILE, SEEK_SET) < 0 ||
        write(cache_file, "x", 1) >= 0)
        return 5;
    snprintf(path, sizeof(path), "%s/other", cache);
    return denied(path, O_WRONLY | O_CREAT) && denied("/usr/lib", O_RDONLY) ? 0
                                                                            : 6;
}

static void *breaks_out(void *arg)
{
    uint64_t n;

    if (read(go, &n, 8) == 8)
        socket(AF_UNIX, SOCK_STREAM, 0);
    return arg;
}

/* One that runs before the filter is set gets it, too. */
static pthread_t early;

static int early_thread(void)
{
    go = eventfd(0, 0);
    return pthread_create(&early, NULL, breaks_out, NULL) ? 15 : 0;
}

static int early_thread_goes(void)
{
    uint64_t one = 1;

    if (write(go, &one, 8) != 8)
        return 1;
    return pthread_join(early, NULL);
}

static const struct {
    const char *what;
    enum sandbox_profile profile;
    int (*run)(void);
    int signal;           /* that ends it; 0: it must return 0 */
    int (*between)(void); /* before system calls are filtered */
} rows[] = {
    {"driver", SANDBOX_GFX, driver_runs, 0, driver_starts},
    {"early thread", SANDBOX_GFX, early_thread_goes, SIGSYS, early_thread},
    {"engine lives", SANDBOX_GFX, engine_life, 0, NULL},
    {"exec", SANDBOX_GFX, bad_exec, SIGSYS, NULL},
    {"socket", SANDBOX_GFX, bad_socket, SIGSYS, NULL},
    {"fork", SANDBOX_GFX, bad_fork, SIGSYS, NULL},
    {"device-model operation", SANDBOX_GFX, bad_dm_op, SIGSYS, NULL},
    {"hypercall", SANDBOX_GFX, bad_hypercall, SIGSYS, NULL},
    {"unbound port", SANDBOX_GFX, bad_unbound, SIGSYS, NULL},
    {"terminal", SANDBOX_GFX, bad_tty, SIGSYS, NULL},
    {"kill", SANDBOX_GFX, bad_kill, SIGSYS, NULL},
    {"prctl", SANDBOX_GFX, bad_prctl, SIGSYS, NULL},
    {"device lives", SANDBOX_DEVICE, device_life, 0, NULL},
    {"engine lives", SANDBOX_ENGINE, engine_life, 0, NULL},
    {"files", SANDBOX_ENGINE, in_engine_files, 0, NULL},
    {"exec", SANDBOX_DEVICE, bad_exec, SIGSYS, NULL},
    {"exec", SANDBOX_ENGINE, bad_exec, SIGSYS, NULL},
    {"socket", SANDBOX_DEVICE, bad_socket, SIGSYS, NULL},
    {"socket", SANDBOX_ENGINE, bad_socket, SIGSYS, NULL},
    {"fork", SANDBOX_DEVICE, bad_fork, SIGSYS, NULL},
    {"fork", SANDBOX_ENGINE, bad_fork, SIGSYS, NULL},
    {"thread", SANDBOX_ENGINE, bad_thread, SIGSYS, NULL},
    {"device-model operation", SANDBOX_ENGINE, bad_dm_op, SIGSYS, NULL},
    {"hypercall", SANDBOX_DEVICE, bad_hypercall, SIGSYS, NULL},
    {"hypercall", SANDBOX_ENGINE, bad_hypercall, SIGSYS, NULL},
    {"unbound port", SANDBOX_DEVICE, bad_unbound, SIGSYS, NULL},
    {"terminal", SANDBOX_ENGINE, bad_tty, SIGSYS, NULL},
    {"executable memory", SANDBOX_DEVICE, bad_exec_memory, SIGSYS, NULL},
    {"kill", SANDBOX_DEVICE, bad_kill, SIGSYS, NULL},
    {"prctl", SANDBOX_ENGINE, bad_prctl, SIGSYS, NULL},
    {"early thread", SANDBOX_DISPLAY, early_thread_goes, SIGSYS, early_thread},
    {"files", SANDBOX_DISPLAY, in_engine_files, 0, NULL},
    {"exec", SANDBOX_DISPLAY, bad_exec, SIGSYS, NULL},
    {"socket", SANDBOX_DISPLAY, bad_socket, SIGSYS, NULL},
    {"connect", SANDBOX_DISPLAY, bad_connect, SIGSYS, NULL},
    {"socket option", SANDBOX_DISPLAY, bad_option, SIGSYS, NULL},
    {"flags of the log", SANDBOX_DISPLAY, bad_log_flags, SIGSYS, NULL},
    {"fork", SANDBOX_DISPLAY, bad_fork, SIGSYS, NULL},
    {"thread", SANDBOX_DISPLAY, bad_thread, SIGSYS, NULL},
    {"event channel", SANDBOX_DISPLAY, bad_notify, SIGSYS, NULL},
    {"executable memory", SANDBOX_DISPLAY, bad_exec_memory, SIGSYS, NULL},
};

static const struct sandbox engine_sandbox = {
    .profile = SANDBOX_ENGINE,
    .domid = 1,
    .uid = 1000001,
    .gid = 1000002,
    .enabled = 1,
};

static void child(size_t i)
{
    struct sandbox sb = engine_sandbox;

    int rc = 0;

    sb.profile = rows[i].profile;
    sb.cache = cache;
    if (sandbox_begin(&sb) < 0)
        _exit(99);
    if (rows[i].between)
        rc = rows[i].between();
    if (rc == 0 && sandbox_close(&sb) < 0)
        rc = 98;
    _exit(rc ? rc : rows[i].run());
}

static void test_rows(void **state)
{
    static const char *const profiles[] = {
        [SANDBOX_DEVICE] = "device",
        [SANDBOX_ENGINE] = "engine",
        [SANDBOX_GFX] = "gfx",
        [SANDBOX_DISPLAY] = "display",
    };
    char path[64];
    size_t i;
    int status;
    pid_t pid;

    (void)state;
    assert_non_null(mkdtemp(cache));
    assert_int_equal(chown(cache, engine_sandbox.uid, engine_sandbox.gid), 0);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s: %s\n", profiles[rows[i].profile], rows[i].what);
        pid = fork();
        if (pid == 0)
            child(i);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (rows[i].signal) {
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), rows[i].signal);
        } else {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
        }
    }
    snprintf(path, sizeof(path), "%s/sub/file", cache);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/sub", cache);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(cache), 0);
}

/* Enter the sandbox, say so, sleep. */
static void sleep_inside(int ready)
{
    if (sandbox_enter(&engine_sandbox) < 0 || write(ready, "r", 1) != 1)
        _exit(1);
    for (;;)
        usleep(1000000);
}

/* A child in the sandbox ends with its parent. */
static void test_parent_death(void **state)
{
    int ends[2], status;
    pid_t parent;
    char c;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    parent = fork();
    if (parent == 0) {
        if (fork() == 0) {
            close(ends[0]);
            sleep_inside(ends[1]);
        }
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &c, 1), 1);
    kill(parent, SIGKILL);
    waitpid(parent, &status, 0);
    /* The grandchild held the last writing end. */
    assert_int_equal(read(ends[0], &c, 1), 0);
    close(ends[0]);
}

/* What the kernel says about a process inside. */
static void test_seen_from_outside(void **state)
{
    static const char *const lines[] = {
        "Uid:\t1000001\t1000001\t1000001\t1000001\n",
        "Gid:\t1000002\t1000002\t1000002\t1000002\n",
        "Groups:\t \n",
        "NoNewPrivs:\t1\n",
        "Seccomp:\t2\n",
        "CapPrm:\t0000000000000000\n",
        "CapEff:\t0000000000000000\n",
    };
    char path[64], text[8192], c;
    int ends[2], status;
    struct dirent *entry;
    size_t i, n;
    pid_t pid;
    FILE *file;
    DIR *dir;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        sleep_inside(ends[1]);
    assert_int_equal(read(ends[0], &c, 1), 1);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    fclose(file);
    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_non_null(strstr(text, lines[i]));
    snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir)))
        assert_int_equal(entry->d_name[0], '.');
    closedir(dir);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_parent_death),
        cmocka_unit_test(test_seen_from_outside),
    };

#ifdef XVGPU_INSTRUMENTED
    return SKIPPED; /* its list is wider */
#endif
    if (geteuid() != 0) {
        fprintf(stderr, "skipped: needs root\n");
        return SKIPPED;
    }
    log_init("sandbox", LOG_WARNING);
    fd = eventfd(0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
