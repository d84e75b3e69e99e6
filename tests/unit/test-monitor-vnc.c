/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnc=: the sockets, the password, the process' life and its messages. */
#include "stub.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rfb-client.h"

static const int32_t encodings[] = {0, RFB_NEW_SIZE, RFB_EXT_SIZE};
static char path[64], second[72], password[64], options[256];

static void vgpu(struct dm *dm, const char *more)
{
    const char *const words[] = {"-vgpu", options, NULL};

    snprintf(options, sizeof(options), "model=virtio-gpu,sched=none,%s", more);
    dm_start(dm, words);
}

/* One with a free one behind it, now. */
static int free_ports(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port, one, two, ok = 0;

    for (port = 20000 + getpid() % 10000; port < 60000 && !ok; port += 2) {
        one = socket(AF_INET, SOCK_STREAM, 0);
        two = socket(AF_INET, SOCK_STREAM, 0);
        at.sin_port = htons((uint16_t)port);
        ok = !bind(one, (struct sockaddr *)&at, sizeof(at));
        at.sin_port = htons((uint16_t)(port + 1));
        ok = ok && !bind(two, (struct sockaddr *)&at, sizeof(at));
        close(one);
        close(two);
    }
    assert_true(ok);
    return port - 2;
}

static void write_password(const char *text, mode_t mode)
{
    FILE *f = fopen(password, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(password, mode), 0);
}

static void fails(struct dm *dm, const char *more)
{
    vgpu(dm, more);
    assert_false(dm_wait_running(dm));
    assert_int_equal(dm_wait_exit(dm), 1);
}

static void refuses(const char *more)
{
    struct dm dm;

    fails(&dm, more);
    dm_assert_nothing_left(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

static void refuses_beside(const char *more)
{
    struct dm dm;

    fails(&dm, more);
    fx_domain_kill((domid_t)dm.domid);
}

static void by_port(void **state)
{
    char more[160], text[200];
    struct dm dm;
    struct rfb r;
    int port, i;

    (void)state;
    stub("", "");
    port = free_ports();
    write_password("secret\n", 0600);
    snprintf(more, sizeof(more), "scanouts=2,vnc=%d,vncpasswd=%s", port,
             password);
    vgpu(&dm, more);
    assert_true(dm_wait_running(&dm));
    for (i = 0; i < 2; i++) {
        rfb_connect(&r, port + i);
        assert_true(rfb_authenticate(&r, "secret"));
        rfb_init(&r);
        snprintf(text, sizeof(text), "vGPU %d.0, scanout %d", dm.domid, i);
        assert_string_equal(r.name, text);
        rfb_close(&r);
    }
    refuses_beside(more); /* the port is taken */
    dm_kill_domain_and_check(&dm);
    assert_false(rfb_try(&r, port));
}

static void by_path(void **state)
{
    char more[160];
    struct stat st;
    struct dm dm;
    struct rfb r;

    (void)state;
    stub("", "");
    snprintf(more, sizeof(more), "scanouts=2,vnc=unix:%s", path);
    vgpu(&dm, more);
    assert_true(dm_wait_running(&dm));
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    rfb_connect_unix(&r, second);
    assert_true(rfb_authenticate(&r, NULL));
    rfb_init(&r);
    rfb_encodings(&r, encodings, sizeof(encodings) / sizeof(encodings[0]));
    rfb_get(&r, false);
    rfb_ask_size(&r, 1024, 768, 0);
    wait_stat(&dm, "stub.wanted ", 110240768);
    rfb_close(&r);
    refuses_beside(more); /* somebody listens there */
    dm_kill_domain_and_check(&dm);
    assert_int_not_equal(lstat(path, &st), 0);
    assert_int_not_equal(lstat(second, &st), 0);
}

/* What a killed monitor leaves is in nobody's way, and a file is not ours. */
static void path_in_use(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char more[160];
    struct stat st;
    struct dm dm;
    int fd;

    (void)state;
    stub("", "");
    strcpy(at.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    close(fd);
    snprintf(more, sizeof(more), "vnc=unix:%s", path);
    vgpu(&dm, more);
    assert_true(dm_wait_running(&dm));
    dm_kill_domain_and_check(&dm);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    refuses(more);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    unlink(path);
}

static void password_file(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
    } rows[] = {{"secret", 0644}, {"", 0600}, {"123456789", 0600}};
    char more[200];
    size_t i;

    (void)state;
    stub("", "");
    snprintf(more, sizeof(more), "vnc=unix:%s,vncpasswd=%s", path, password);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_password(rows[i].text, rows[i].mode);
        refuses(more);
    }
    unlink(password);
    refuses(more);
}

static pid_t other_than(const struct dm *dm, pid_t pid)
{
    pid_t now = 0;
    int i;

    for (i = 0; i < 2000 && (!now || now == pid); i++) {
        now = dm_process(dm, "display");
        usleep(10000);
    }
    assert_true(now > 0 && now != pid);
    return now;
}

static void dies(void **state)
{
    char more[160];
    struct dm dm;
    struct rfb r;
    pid_t pid;

    (void)state;
    stub("", "");
    snprintf(more, sizeof(more), "vnc=unix:%s", path);
    vgpu(&dm, more);
    assert_true(dm_wait_running(&dm));
    pid = other_than(&dm, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    /* Who comes in between waits. */
    rfb_connect_unix(&r, path);
    assert_true(rfb_authenticate(&r, NULL));
    rfb_close(&r);
    other_than(&dm, pid);
    dm_kill_domain_and_check(&dm);
}

/* Ended, and started anew: the vGPU lives on. */
static void misbehaves(void **state)
{
    static const char *const modes[] = {"die",   "fail",    "type",
                                        "index", "scanout", "size"};
    char more[160];
    struct dm dm;
    size_t i;

    (void)state;
    stub("", "");
    snprintf(more, sizeof(more), "vnc=unix:%s", path);
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        setenv("XVGPU_STUB_DISPLAY", modes[i], 1);
        vgpu(&dm, more);
        assert_true(dm_wait_running(&dm));
        other_than(&dm, other_than(&dm, 0));
        assert_int_equal(stat_of(&dm, "stub.wanted "), 0);
        dm_kill_domain_and_check(&dm);
    }
    unsetenv("XVGPU_STUB_DISPLAY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(by_port),     harness_test(by_path),
        harness_test(path_in_use), harness_test(password_file),
        harness_test(dies),        harness_test(misbehaves),
    };
    char dir[] = "/tmp/xvgpu-vnc-XXXXXX";
    int rc;

    harness_start("stub");
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof(path), "%s/vnc", dir);
    snprintf(second, sizeof(second), "%s.1", path);
    snprintf(password, sizeof(password), "%s/password", dir);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(password);
    rmdir(dir);
    harness_stop();
    return rc;
}
