/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beside QEMU: the process that xl started becomes QEMU, the monitor stands
 * apart, and each sees the other's end. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char qemu[PATH_MAX], report[96];

/* What the stand-in for QEMU has left, NULL before; the caller frees. */
static char *read_report(void)
{
    static char text[4096];
    FILE *f = fopen(report, "r");
    size_t n;

    if (!f)
        return NULL;
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static char *wait_report(void)
{
    char *text;
    int i;

    for (i = 0; i < 4000 && !(text = read_report()); i++)
        usleep(5000);
    return text;
}

/* That a program which the test starts gets. */
static int inherited(void)
{
    int fd, flags, n = 0;

    for (fd = 0; fd < 1024; fd++) {
        flags = fcntl(fd, F_GETFD);
        n += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return n;
}

static void start_beside(struct dm *dm, const char *vga)
{
    const char *const extra[] = {
        "-vgpu-companion", "qemu",    "-vgpu-qemu", qemu,      "-vgpu",
        "vram=8M",         "-vgpu",   "vram=8M",    "-device", vga,
        "-vgpu-log",       "warning", "-m",         "32",      NULL};

    unlink(report);
    dm_start(dm, extra);
}

static void wait_started(struct dm *dm)
{
    assert_non_null(wait_report());
    /* xl's process became it. */
    assert_int_equal(waitpid(dm->pid, NULL, WNOHANG), 0);
    assert_int_equal(fx_servers((domid_t)dm->domid), 1);
}

static void becomes_qemu(void **state)
{
    char expected[1024];
    struct dm dm;
    json_t *j;

    (void)state;
    start_beside(&dm, "VGA,vgamem_mb=32,id=v");
    wait_started(&dm);
    /* All that xl gave, none of ours, descriptors neither. */
    snprintf(expected, sizeof(expected),
             "-xen-domid\n%d\n-no-shutdown\n-chardev\n"
             "socket,id=libxl-cmd,path=%s,server=on,wait=off\n"
             "-mon\nchardev=libxl-cmd,mode=control\n-nodefaults\n-name\nguest\n"
             "-device\nVGA,vgamem_mb=16,id=v\n-m\n32\n",
             dm.domid, dm.qmp);
    assert_string_equal(strchr(read_report(), '\n') + 1, expected);
    snprintf(expected, sizeof(expected), "descriptors %d", inherited());
    assert_string_equal(strtok(read_report(), "\n"), expected);
    /* QEMU speaks to libxl, not we. */
    assert_null(dm_node(&dm, "state"));
    assert_int_equal(access(dm.qmp, F_OK), -1);
    j = dm_admin(&dm, "{\"command\":\"show\"}");
    assert_non_null(json_object_get(j, "return"));
    json_decref(j);
    kill(dm.pid, SIGHUP); /* as libxl does */
    assert_int_equal(dm_wait_exit(&dm), 128 + SIGHUP);
    harness_reap();
    dm_assert_nothing_left(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

static void ends_with_the_domain(void **state)
{
    struct dm dm;
    pid_t pid = 0;
    int i;

    (void)state;
    start_beside(&dm, "edu");
    wait_started(&dm);
    assert_int_equal(fx_domain_kill((domid_t)dm.domid), 0);
    /* The orphaned monitor is ours to reap; QEMU is still there. */
    for (i = 0; i < 2000 && !(pid = waitpid(-1, NULL, WNOHANG)); i++)
        usleep(5000);
    assert_true(pid > 0);
    assert_int_not_equal(pid, dm.pid);
    kill(dm.pid, SIGKILL);
    harness_reap();
    dm_assert_nothing_left(&dm);
}

/* dm_restrict=1: libxl's socket is QEMU's, which alone lives with its limits,
 * and dies by its uid. */
static void restricted(void **state)
{
    const char *const extra[] = {
        "-vgpu-companion", "qemu",     "-vgpu-qemu", qemu,
        "-vgpu",           "vram=16M", NULL};
    char expected[64], *node;
    struct rlimit files;
    struct dm dm;
    pid_t monitor;

    (void)state;
    unlink(report);
    dm_start_restricted(&dm, extra);
    wait_started(&dm);
    assert_non_null(strstr(read_report(), "\n-S\n-xen-domid-restrict\n-chroot\n"
                                          "/nowhere\n-runas\n131073:131072\n"));
    assert_null(strstr(read_report(), "-vgpu"));
    snprintf(expected, sizeof(expected), "descriptors %d", inherited() + 1);
    assert_string_equal(strtok(read_report(), "\n"), expected);
    node = dm_node(&dm, "xen-vgpu/pid");
    assert_non_null(node);
    monitor = (pid_t)atol(node);
    free(node);
    assert_int_not_equal(monitor, dm.pid);
    assert_true(dm_holds_socket(&dm, dm.pid));
    assert_false(dm_holds_socket(&dm, monitor));
    assert_int_equal(prlimit(dm.pid, RLIMIT_FSIZE, NULL, &files), 0);
    assert_int_equal(files.rlim_cur, HARNESS_FILE_MAX);
    assert_int_equal(prlimit(monitor, RLIMIT_FSIZE, NULL, &files), 0);
    assert_int_equal(files.rlim_cur, RLIM_INFINITY);
    kill(dm.pid, SIGKILL);
    assert_int_equal(dm_wait_exit(&dm), 128 + SIGKILL);
    assert_true(dm_wait_unanswered(&dm));
    harness_reap();
    dm_forget_restricted(&dm);
    dm_assert_nothing_left(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

/* libxl has waited too long, say. */
static void killed_while_it_waits(void **state)
{
    struct dm dm;

    (void)state;
    start_beside(&dm, "edu");
    kill(dm.pid, SIGKILL);
    harness_reap();
    dm_assert_nothing_left(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

static void fails_with_a_reason(struct dm *dm)
{
    assert_int_equal(dm_wait_exit(dm), 1);
    harness_reap();
    assert_null(read_report());
    dm_assert_nothing_left(dm);
    fx_domain_kill((domid_t)dm->domid);
}

static void no_vgpu_no_qemu(void **state)
{
    const char *const no_room[] = {
        "-vgpu-companion", "qemu",     "-vgpu-qemu", qemu,
        "-vgpu",           "vram=32M", NULL};
    struct dm dm;

    (void)state;
    unlink(report);
    dm_start(&dm, no_room);
    fails_with_a_reason(&dm);
    start_beside(&dm, "cirrus-vga,vgamem_mb=31");
    fails_with_a_reason(&dm);
    start_beside(&dm, "qxl-vga,ram_size_mb=64");
    fails_with_a_reason(&dm);
}

static void no_such_qemu(void **state)
{
    const char *const missing[] = {
        "-vgpu-companion", "qemu",     "-vgpu-qemu", "/nowhere/qemu",
        "-vgpu",           "vram=16M", NULL};
    struct dm dm;

    (void)state;
    unlink(report);
    dm_start(&dm, missing);
    fails_with_a_reason(&dm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(becomes_qemu),
        harness_test(ends_with_the_domain),
        harness_test(restricted),
        harness_test(killed_while_it_waits),
        harness_test(no_vgpu_no_qemu),
        harness_test(no_such_qemu),
    };
    char self[PATH_MAX - 16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int rc;

    if (n < 0)
        return 1;
    self[n] = '\0';
    snprintf(qemu, sizeof(qemu), "%s/stub/qemu", dirname(self));
    snprintf(report, sizeof(report), "/tmp/xvgpu-qemu-%ld", (long)getpid());
    setenv("STUB_QEMU", report, 1);
    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    unlink(report);
    return rc;
}
