/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud and monitors that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define FOR_EVER UINT64_MAX

static uint64_t done(const struct rig_engine *e)
{
    return __atomic_load_n(&e->shared->done, __ATOMIC_SEQ_CST);
}

static unsigned int count_fds(pid_t pid)
{
    unsigned int n = 0;
    char path[64];
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* --- registrations that make no sense ---------------------------------------
 */

enum { S, E, WAKE, NOTIFY };

static struct proto_msg msg;
static int fds[PROTO_MAX_FDS];
static unsigned int nr_fds;

static int other_memfd(bool sealed, off_t size)
{
    int fd = memfd_create("other", MFD_ALLOW_SEALING | MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    if (sealed)
        assert_int_equal(
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
            0);
    return fd;
}

#define WRONG(name, change)                                                    \
    static void name(void)                                                     \
    {                                                                          \
        change;                                                                \
    }
WRONG(version, msg.version++)
WRONG(type, msg.type = PROTO_SCHED_KILL)
WRONG(engine_first, msg.type = PROTO_SCHED_ENGINE)
WRONG(no_engine, msg.u.sched_vgpu.engines = 0)
WRONG(more_engines, msg.u.sched_vgpu.engines = GFX | 1u << XVGPU_ENGINE_SDMA)
WRONG(unknown_engine, msg.u.sched_vgpu.engines = 1u << XVGPU_ENGINE_MM)
WRONG(high_engine, msg.u.sched_vgpu.engines = 1u << 31)
WRONG(domid, msg.u.sched_vgpu.domid = 0x7ff0)
WRONG(number, msg.u.sched_vgpu.index = PROTO_MAX_VGPUS)
WRONG(no_weight, msg.u.sched_vgpu.weight = 0)
WRONG(heavy, msg.u.sched_vgpu.weight = PROTO_WEIGHT_MAX + 1)
WRONG(cap, msg.u.sched_vgpu.cap = 1001)
WRONG(latency, msg.u.sched_vgpu.latency = 3)
WRONG(quarantined, msg.u.sched_vgpu.quarantined = 2)
WRONG(few_fds, nr_fds--)
WRONG(no_fds, nr_fds = 0)
WRONG(more_fds, fds[nr_fds++] = dup(fds[WAKE]))
WRONG(unsealed, fds[S] = other_memfd(false, GRANT_SIZE))
WRONG(long_page, fds[E] = other_memfd(true, 2 * GRANT_SIZE))
WRONG(short_page, fds[E] = other_memfd(true, 100))
WRONG(no_page, fds[S] = open("/dev/zero", O_RDWR))
WRONG(no_eventfd, fds[WAKE] = open("/dev/null", O_RDWR))
WRONG(memfd_as_event, fds[NOTIFY] = other_memfd(true, GRANT_SIZE))
WRONG(readable_forever, fds[NOTIFY] = open("/dev/zero", O_RDWR))

static void (*const wrongs[])(void) = {
    version,        type,        engine_first,   no_engine,        more_engines,
    unknown_engine, high_engine, domid,          number,           no_weight,
    heavy,          cap,         latency,        quarantined,      few_fds,
    no_fds,         more_fds,    unsealed,       long_page,        short_page,
    no_page,        no_eventfd,  memfd_as_event, readable_forever,
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void set_right(void)
{
    struct grant_s *s;

    memset(&msg, 0, sizeof(msg));
    msg.version = PROTO_VERSION;
    msg.type = PROTO_SCHED_REGISTER;
    msg.u.sched_vgpu.domid = 77;
    msg.u.sched_vgpu.engines = GFX;
    msg.u.sched_vgpu.weight = 100;
    assert_int_equal(
        grant_create(GRANT_NONE, 0, &fds[S], &fds[WAKE], &s, &fds[E]), 0);
    munmap(s, GRANT_SIZE);
    close(fds[WAKE]);
    fds[WAKE] = eventfd(0, EFD_CLOEXEC); /* it blocks: they are not to rely */
    fds[NOTIFY] = eventfd(0, EFD_CLOEXEC);
    nr_fds = 4;
}

static void close_all(const int *first, unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < nr; i++)
        close(first[i]);
}

/* Of the answer, 1 if the connection just ends. */
static int status_of(int sock)
{
    static struct proto_in in;
    int rc = proto_recv(sock, &in);

    if (rc)
        return 1;
    proto_close_fds(&in);
    assert_int_equal(in.msg.type, PROTO_SCHED_REGISTERED);
    return in.msg.u.sched_status.status;
}

static void test_registrations(void **state)
{
    int sock, right[PROTO_MAX_FDS];
    struct rig_engine *e;
    struct rig_vgpu *v;
    unsigned int i, before;
    struct rig rig;
    uint64_t jobs;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    e = rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(e) > 3);
    before = count_fds(rig.daemon);
    for (i = 0; i < ARRAY_SIZE(wrongs); i++) {
        set_right();
        memcpy(right, fds, sizeof(right));
        wrongs[i]();
        sock = rig_connect(&rig);
        assert_int_equal(proto_send(sock, &msg, fds, nr_fds, "x", 1), 0);
        assert_int_not_equal(status_of(sock), 0);
        assert_int_equal(status_of(sock), 1); /* it has ended */
        close(sock);
        close_all(fds, nr_fds > 4 ? nr_fds : 4);
        for (sock = 0; sock < 4; sock++) {
            if (right[sock] != fds[sock])
                close(right[sock]);
        }
    }
    /* The right one, with a name that would clear a terminal. */
    set_right();
    sock = rig_connect(&rig);
    assert_int_equal(proto_send(sock, &msg, fds, 4, "\x1b[2J\"", 5), 0);
    assert_int_equal(status_of(sock), 0);
    close(sock);
    close_all(fds, 4);
    /* Another one of the same name is refused while the first lives. */
    sock = rig_connect(&rig);
    assert_int_equal(rig_register(v, sock), 0);
    assert_int_equal(status_of(sock), -EEXIST);
    close(sock);
    jobs = done(e);
    rig_until(&rig, done(e) > jobs + 3);
    rig_until(&rig, count_fds(rig.daemon) == before);
    assert_true(v->registered);
    rig_stop(&rig);
}

/* --- what it says of its engines --------------------------------------------
 */

static void say(int sock, uint32_t index, uint32_t engine, uint32_t pid, int fd)
{
    struct proto_msg m = {.version = PROTO_VERSION, .type = PROTO_SCHED_ENGINE};

    m.u.sched_engine.index = index;
    m.u.sched_engine.engine = engine;
    m.u.sched_engine.pid = pid;
    assert_int_equal(proto_send(sock, &m, &fd, fd >= 0, NULL, 0), 0);
}

static void test_engines(void **state)
{
    struct rig_engine *e;
    struct rig_vgpu *v;
    unsigned int i;
    struct rig rig;
    int sock;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    e = rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(e) > 3);
    for (i = 0; i < 8; i++) {
        set_right();
        sock = rig_connect(&rig);
        assert_int_equal(proto_send(sock, &msg, fds, 4, NULL, 0), 0);
        assert_int_equal(status_of(sock), 0);
        if (i == 0)
            say(sock, 1, XVGPU_ENGINE_GFX, (uint32_t)e->pid, e->pidfd);
        else if (i == 1)
            say(sock, 0, XVGPU_ENGINE_SDMA, (uint32_t)e->pid, e->pidfd);
        else if (i == 2)
            say(sock, 0, 1u << 31, (uint32_t)e->pid, e->pidfd);
        else if (i == 3)
            say(sock, 0, XVGPU_ENGINE_GFX, (uint32_t)e->pid, -1);
        else if (i == 4)
            say(sock, 0, XVGPU_ENGINE_GFX, (uint32_t)getpid(), e->pidfd);
        else if (i == 5)
            say(sock, 0, XVGPU_ENGINE_GFX, (uint32_t)getpid(), fds[WAKE]);
        else if (i == 6)
            say(sock, 0, XVGPU_ENGINE_GFX, 0, fds[WAKE]);
        else
            assert_int_equal(proto_send(sock, &msg, fds, 4, NULL, 0), 0);
        assert_int_equal(status_of(sock), 1);
        close(sock);
        close_all(fds, 4);
        assert_true(v->registered);
    }
    rig_stop(&rig);
}

static bool answers(const struct rig *rig)
{
    json_t *json = rig_ask(rig, "{\"command\":\"metrics\"}", NULL);

    json_decref(json);
    return json != NULL;
}

static void test_storm(void **state)
{
    struct proto_msg m = {.version = PROTO_VERSION, .type = PROTO_SCHED_ENGINE};
    struct rig rig;
    unsigned int i;
    int sock, rc = 0;

    (void)state;
    rig_start(&rig, NULL);
    rig_until(&rig, answers(&rig));
    set_right();
    sock = rig_connect(&rig);
    assert_int_equal(proto_send(sock, &msg, fds, 4, NULL, 0), 0);
    assert_int_equal(status_of(sock), 0);
    for (i = 0; i < 1000000 && !rc; i++)
        rc = proto_send(sock, &m, NULL, 0, NULL, 0);
    assert_int_equal(rc, -EPIPE);
    close(sock);
    close_all(fds, 4);
    rig_stop(&rig);
}

static void test_not_root(void **state)
{
    struct rig rig;
    char path[96];
    int status;
    pid_t pid;

    (void)state;
    if (geteuid())
        skip();
    rig_start(&rig, NULL);
    rig_until(&rig, answers(&rig));
    snprintf(path, sizeof(path), "%s/%s", rig.dir, PROTO_SCHED_SOCKET);
    assert_int_equal(chmod(rig.dir, 0755), 0);
    assert_int_equal(chmod(path, 0666), 0);
    pid = fork();
    if (!pid) {
        int sock = setresuid(65534, 65534, 65534) ? -1 : rig_connect(&rig);
        char c;

        _exit(sock < 0 ? 2 : read(sock, &c, 1) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    rig_stop(&rig);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_registrations),
    cmocka_unit_test(test_engines),
    cmocka_unit_test(test_storm),
    cmocka_unit_test(test_not_root),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
