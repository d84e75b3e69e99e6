/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor as xen-vgpud sees it: this test is xen-vgpud. */
#include "stub.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/grant.h"
#include "lib/proto.h"

#define SDMA_FDS (PROTO_SCHED_FDS * 1)

static const char *const plain[] = {"-vgpu", "vram=4M,engines=sdma,sched=host",
                                    NULL};
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener = -1;
static struct proto_in got;

static void up(void)
{
    mkdir(getenv("XVGPU_RUN_DIR"), 0700);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
             getenv("XVGPU_RUN_DIR"), PROTO_SCHED_SOCKET);
    unlink(address.sun_path);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(
        bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
}

static void down(void)
{
    close(listener);
    unlink(address.sun_path);
    listener = -1;
}

static int down_after(void **state)
{
    if (listener >= 0)
        down();
    return harness_end_test(state);
}

static int accept_one(void)
{
    const struct timeval patience = {.tv_sec = 60};
    struct pollfd pfd = {.fd = listener, .events = POLLIN};
    int fd;

    assert_int_equal(poll(&pfd, 1, 60000), 1);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void expect(int fd, uint32_t type)
{
    assert_int_equal(proto_recv(fd, &got), 0);
    assert_int_equal(got.msg.type, type);
}

static void send_msg(int fd, struct proto_msg msg)
{
    msg.version = PROTO_VERSION;
    assert_int_equal(proto_send(fd, &msg, NULL, 0, NULL, 0), 0);
}

static void answer(int fd, int status)
{
    send_msg(fd, (struct proto_msg){.type = PROTO_SCHED_REGISTERED,
                                    .u.sched_status.status = status});
}

/* The next connection's registration, accepted. */
static int registered(void)
{
    int fd = accept_one();

    expect(fd, PROTO_SCHED_REGISTER);
    proto_close_fds(&got);
    answer(fd, 0);
    return fd;
}

static void expect_engine(int fd, bool runs, enum proto_death death)
{
    expect(fd, PROTO_SCHED_ENGINE);
    assert_int_equal(got.msg.u.sched_engine.engine, XVGPU_ENGINE_SDMA);
    assert_int_equal(got.msg.u.sched_engine.pid != 0, runs);
    assert_int_equal(got.msg.u.sched_engine.death, death);
    assert_int_equal(got.nr_fds, runs);
    proto_close_fds(&got);
}

static void send_kill(int fd, uint32_t engine, uint32_t pid,
                      enum proto_death death)
{
    send_msg(fd, (struct proto_msg){.type = PROTO_SCHED_KILL,
                                    .u.sched_engine = {.engine = engine,
                                                       .pid = pid,
                                                       .death = death}});
}

static void send_reset(int fd, uint32_t reason, bool quarantine)
{
    send_msg(fd, (struct proto_msg){
                     .type = PROTO_SCHED_RESET,
                     .u.reset = {.reason = reason, .quarantine = quarantine}});
}

/* What `show` says of the scheduling; the caller's. */
static json_t *shown(const struct dm *dm)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\"}"), *sched;

    sched = json_object_get(json_object_get(j, "return"), "sched");
    assert_non_null(sched);
    json_incref(sched);
    json_decref(j);
    return sched;
}

static void wait_shown(const struct dm *dm, const char *state)
{
    const char *now = "";
    json_t *j = NULL;
    int i;

    for (i = 0; i < 2000 && strcmp(now, state); i++) {
        json_decref(j);
        j = shown(dm);
        now = json_string_value(json_object_get(j, "state"));
        assert_non_null(now);
        usleep(10000);
    }
    assert_string_equal(now, state);
    json_decref(j);
}

static void start(struct dm *dm, const char *const *options)
{
    dm_start(dm, options);
    assert_true(dm_wait_running(dm));
}

static void registers(void **state)
{
    static const char *const two[] = {
        "-vgpu", "vram=4M,sched=host,weight=250,cap=40,latency=low",
        "-vgpu", "vram=4M,engines=sdma,sched=host",
        "-vgpu", "vram=4M,sched=none",
        NULL};
    const struct grant_e *e;
    struct grant_s *s;
    int fds[2], i, n;
    struct dm dm;

    (void)state;
    stub("", "");
    up();
    start(&dm, two);
    for (i = 0; i < 2; i++) {
        fds[i] = accept_one();
        expect(fds[i], PROTO_SCHED_REGISTER);
        n = got.msg.u.sched_vgpu.index == 0 ? 2 : 1;
        assert_int_equal(got.nr_fds, n * (int)PROTO_SCHED_FDS);
        assert_int_equal(got.msg.u.sched_vgpu.domid, dm.domid);
        assert_string_equal(got.text, "guest");
        assert_int_equal(got.msg.u.sched_vgpu.weight, n == 2 ? 250 : 100);
        assert_int_equal(got.msg.u.sched_vgpu.cap, n == 2 ? 400 : 0);
        assert_int_equal(got.msg.u.sched_vgpu.latency,
                         n == 2 ? PROTO_LATENCY_LOW : PROTO_LATENCY_NORMAL);
        assert_int_equal(grant_map_scheduler(got.fds[0], got.fds[1], &s, &e),
                         0);
        assert_int_equal(grant_kind_now(s), GRANT_NONE);
        assert_int_equal(grant_flags_now(s), 0);
        munmap(s, GRANT_SIZE);
        munmap((void *)(uintptr_t)e, GRANT_SIZE);
        proto_close_fds(&got);
        answer(fds[i], 0);
    }
    wait_shown(&dm, "registered");
    dm_kill_domain_and_check(&dm);
    for (i = 0; i < 2; i++) {
        assert_int_equal(proto_recv(fds[i], &got), -EPIPE);
        close(fds[i]);
    }
}

/* It waits, and comes back with all that runs, and with what was set. */
static void comes_and_goes(void **state)
{
    struct dm dm;
    json_t *j;
    pid_t pid;
    int fd, i;

    (void)state;
    stub("script R", "");
    start(&dm, plain);
    wait_stat(&dm, "stub.started ", 1);
    wait_shown(&dm, "waits for xen-vgpud");
    pid = dm_process(&dm, "engine sdma");
    for (i = 0; i < 3; i++) {
        up();
        fd = accept_one();
        expect(fd, PROTO_SCHED_REGISTER);
        assert_int_equal(got.msg.u.sched_vgpu.weight, i ? 7 : 100);
        assert_int_equal(got.msg.u.sched_vgpu.latency,
                         i ? PROTO_LATENCY_BATCH : PROTO_LATENCY_NORMAL);
        proto_close_fds(&got);
        answer(fd, 0);
        expect_engine(fd, true, PROTO_DEATH_OTHER);
        assert_int_equal(got.msg.u.sched_engine.pid, pid);
        send_msg(fd, (struct proto_msg){
                         .type = PROTO_SCHED_SET,
                         .u.sched_vgpu = {.weight = 7,
                                          .latency = PROTO_LATENCY_BATCH}});
        wait_shown(&dm, "registered");
        close(fd);
        down();
        wait_shown(&dm, "waits for xen-vgpud");
    }
    j = shown(&dm);
    assert_int_equal(json_integer_value(json_object_get(j, "weight")), 7);
    assert_string_equal(json_string_value(json_object_get(j, "latency")),
                        "batch");
    json_decref(j);
    assert_int_equal(dm_process(&dm, "engine sdma"), pid);
    dm_kill_domain_and_check(&dm);
}

static void is_refused(void **state)
{
    struct dm dm;
    int fd, i;

    (void)state;
    stub("", "");
    up();
    start(&dm, plain);
    for (i = 0; i < 3; i++) {
        fd = accept_one();
        expect(fd, PROTO_SCHED_REGISTER);
        proto_close_fds(&got);
        answer(fd, -EEXIST);
        wait_shown(&dm, "refused: there is one of this name already");
        assert_int_equal(proto_recv(fd, &got), -EPIPE);
        close(fd);
    }
    fd = registered();
    wait_shown(&dm, "registered");
    close(fd);
    dm_kill_domain_and_check(&dm);
}

static void kills(void **state)
{
    static const struct {
        enum proto_death death;
        long hung;
    } rows[] = {{PROTO_DEATH_HUNG, 1}, {PROTO_DEATH_OTHER, 0}};
    struct dm dm;
    uint32_t pid;
    size_t i;
    int fd;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        stub("script RDR", "");
        up();
        start(&dm, plain);
        fd = registered();
        expect_engine(fd, true, PROTO_DEATH_OTHER);
        pid = got.msg.u.sched_engine.pid;
        /* Another process, and engines that do not exist. */
        send_kill(fd, XVGPU_ENGINE_SDMA, pid + 1, PROTO_DEATH_HUNG);
        send_kill(fd, XVGPU_ENGINE_GFX, 0, PROTO_DEATH_HUNG);
        send_kill(fd, 77, 0, PROTO_DEATH_HUNG);
        assert_int_equal(stat_of(&dm, "stub.dead_alone "), 0);
        assert_int_equal(dm_process(&dm, "engine sdma"), pid);
        send_kill(fd, XVGPU_ENGINE_SDMA, i ? 0 : pid, rows[i].death);
        expect_engine(fd, false, rows[i].death);
        expect_engine(fd, true, PROTO_DEATH_OTHER);
        assert_int_not_equal(got.msg.u.sched_engine.pid, pid);
        wait_stat(&dm, "stub.dead_alone ", 1);
        assert_int_equal(stat_of(&dm, "stub.hung "), rows[i].hung);
        close(fd);
        dm_kill_domain_and_check(&dm);
        down();
    }
}

/* Nothing runs: that is the answer. */
static void kills_nobody(void **state)
{
    struct dm dm;
    int fd;

    (void)state;
    stub("", "");
    up();
    start(&dm, plain);
    fd = registered();
    send_kill(fd, XVGPU_ENGINE_SDMA, 0, PROTO_DEATH_HUNG);
    expect_engine(fd, false, PROTO_DEATH_HUNG);
    close(fd);
    dm_kill_domain_and_check(&dm);
}

/* A monitor that sleeps: xen-vgpud asks, waits, and kills by itself. */
static void kills_past_the_monitor(void **state)
{
    struct dm dm;
    pid_t pid;
    int fd;

    (void)state;
    stub("script RD", "");
    up();
    start(&dm, plain);
    fd = registered();
    expect_engine(fd, true, PROTO_DEATH_OTHER);
    pid = (pid_t)got.msg.u.sched_engine.pid;
    kill(dm.pid, SIGSTOP);
    send_kill(fd, XVGPU_ENGINE_SDMA, (uint32_t)pid, PROTO_DEATH_HUNG);
    kill(pid, SIGKILL);
    usleep(20000);
    kill(dm.pid, SIGCONT);
    expect_engine(fd, false, PROTO_DEATH_HUNG);
    wait_stat(&dm, "stub.hung ", 1);
    close(fd);
    dm_kill_domain_and_check(&dm);
}

/* How an engine ended by itself. */
static void hears_why(void **state)
{
    static const struct {
        const char *mode;
        enum proto_death death;
    } rows[] = {{"suicide", PROTO_DEATH_OTHER},
                {"hung", PROTO_DEATH_HUNG},
                {"lost", PROTO_DEATH_LOST}};
    struct dm dm;
    size_t i;
    int fd;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* Asked for only when its registration is answered. */
        stub("later RD", rows[i].mode);
        up();
        start(&dm, plain);
        fd = registered();
        wait_shown(&dm, "registered");
        json_decref(dm_admin(&dm, "{\"command\":\"regs\"}"));
        expect_engine(fd, true, PROTO_DEATH_OTHER);
        expect_engine(fd, false, rows[i].death);
        close(fd);
        dm_kill_domain_and_check(&dm);
        down();
    }
}

/* A device whose driver stops an engine has it killed if it is frozen, and only
 * then. */
static void ends_frozen(void **state)
{
    const struct grant_e *e;
    struct grant_s *s;
    struct dm dm;
    int fd;

    (void)state;
    stub("script RDRsD", "");
    up();
    start(&dm, plain);
    fd = accept_one();
    expect(fd, PROTO_SCHED_REGISTER);
    assert_int_equal(grant_map_scheduler(got.fds[0], got.fds[1], &s, &e), 0);
    proto_close_fds(&got);
    answer(fd, 0);
    expect_engine(fd, true, PROTO_DEATH_OTHER);
    __atomic_store_n(&s->frozen_at_ns, 1, __ATOMIC_SEQ_CST);
    send_kill(fd, XVGPU_ENGINE_SDMA, 0, PROTO_DEATH_HUNG);
    expect_engine(fd, false, PROTO_DEATH_HUNG);
    expect_engine(fd, true, PROTO_DEATH_OTHER);
    expect_engine(fd, false, PROTO_DEATH_OTHER);
    assert_true(dm_process(&dm, "device") > 0);
    munmap(s, GRANT_SIZE);
    munmap((void *)(uintptr_t)e, GRANT_SIZE);
    close(fd);
    dm_kill_domain_and_check(&dm);
    /* One that is not: only when we say so. */
    stub("script RsD", "");
    start(&dm, plain);
    fd = registered();
    expect_engine(fd, true, PROTO_DEATH_OTHER);
    send_kill(fd, XVGPU_ENGINE_SDMA, 0, PROTO_DEATH_HUNG);
    expect_engine(fd, false, PROTO_DEATH_HUNG);
    close(fd);
    dm_kill_domain_and_check(&dm);
}

static void resets(void **state)
{
    struct dm dm;
    json_t *j;
    int fd;

    (void)state;
    stub("script RDr", "");
    up();
    start(&dm, plain);
    fd = registered();
    expect_engine(fd, true, PROTO_DEATH_OTHER);
    send_reset(fd, XVGPU_RESET_GUARD, true);
    expect_engine(fd, false, PROTO_DEATH_OTHER);
    wait_stat(&dm, "stub.refused ", 1); /* there is no other */
    assert_int_equal(stat_of(&dm, "stub.started "), 1);
    assert_int_equal(stat_of(&dm, "stub.resets "), 1);
    assert_int_equal(stat_of(&dm, "stub.reset_reason "), XVGPU_RESET_GUARD);
    assert_int_equal(stat_of(&dm, "stub.quarantine "), 1);
    j = shown(&dm);
    assert_true(json_is_true(json_object_get(j, "quarantined")));
    json_decref(j);
    /* The next xen-vgpud is told, too. */
    close(fd);
    fd = accept_one();
    expect(fd, PROTO_SCHED_REGISTER);
    assert_int_equal(got.msg.u.sched_vgpu.quarantined, 1);
    proto_close_fds(&got);
    answer(fd, 0);
    send_reset(fd, XVGPU_RESET_ADMIN, false);
    wait_stat(&dm, "stub.resets ", 2);
    assert_int_equal(stat_of(&dm, "stub.reset_reason "), XVGPU_RESET_ADMIN);
    assert_int_equal(stat_of(&dm, "stub.quarantine "), 0);
    close(fd);
    dm_kill_domain_and_check(&dm);
}

/* One at a time; and a device that dies before it is done leaves it to its
 * successor. */
static void resets_are_not_lost(void **state)
{
    struct dm dm;
    pid_t pid, now = 0;
    int fd, i;

    (void)state;
    stub("stuck", "");
    up();
    start(&dm, plain);
    fd = registered();
    send_reset(fd, XVGPU_RESET_GUARD, false);
    wait_stat(&dm, "stub.resets ", 1);
    send_reset(fd, XVGPU_RESET_ADMIN, false);
    send_reset(fd, XVGPU_RESET_GUARD, true);
    send_kill(fd, XVGPU_ENGINE_SDMA, 0, PROTO_DEATH_OTHER);
    expect_engine(fd, false, PROTO_DEATH_OTHER); /* it has read them all */
    assert_int_equal(stat_of(&dm, "stub.resets "), 1);
    pid = dm_process(&dm, "device");
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    for (i = 0; i < 2000 && (!now || now == pid); i++) {
        usleep(10000);
        now = dm_process(&dm, "device");
    }
    wait_stat(&dm, "stub.resets ", 1);
    assert_int_equal(stat_of(&dm, "stub.quarantine "), 1);
    close(fd);
    dm_kill_domain_and_check(&dm);
}

/* What makes no sense is passed over; what is no message ends the
 * connection. */
static void says_nonsense(void **state)
{
    struct dm dm;
    int fd;

    (void)state;
    stub("", "");
    up();
    start(&dm, plain);
    fd = registered();
    send_msg(fd, (struct proto_msg){.type = 999});
    send_msg(fd, (struct proto_msg){.type = PROTO_SCHED_REGISTERED,
                                    .u.sched_status.status = -EEXIST});
    send_reset(fd, 12345, false);
    wait_stat(&dm, "stub.reset_reason ", XVGPU_RESET_ADMIN);
    wait_shown(&dm, "registered");
    assert_int_equal(send(fd, "x", 1, 0), 1);
    assert_int_equal(proto_recv(fd, &got), -EPIPE);
    close(fd);
    fd = registered();
    wait_shown(&dm, "registered");
    close(fd);
    dm_kill_domain_and_check(&dm);
}

#define TEST(f) cmocka_unit_test_teardown(f, down_after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(registers),     TEST(comes_and_goes), TEST(is_refused),
        TEST(kills),         TEST(kills_nobody),   TEST(kills_past_the_monitor),
        TEST(hears_why),     TEST(resets),         TEST(resets_are_not_lost),
        TEST(says_nonsense), TEST(ends_frozen),
    };
    int rc;

    harness_start("stub");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
