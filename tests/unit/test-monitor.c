/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor and processes of all kinds, the hostile ones included. */
#include "stub.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static json_t *ret(json_t *j)
{
    return json_object_get(j, "return");
}

static void lives_and_dies(void **state)
{
    static const char *const two[] = {"-vgpu", "vram=4M", "-vgpu",
                                      "vram=8M,slot=0x12", NULL};
    struct dm dm;
    char *node;
    json_t *j;

    (void)state;
    stub("", "");
    dm_start(&dm, two);
    assert_true(dm_wait_running(&dm));
    node = dm_node(&dm, "xen-vgpu/ioservid");
    assert_string_equal(node, "5");
    free(node);
    j = dm_qmp(&dm, "query-chardev");
    assert_int_equal(json_array_size(ret(j)), 0);
    assert_int_equal(json_integer_value(json_object_get(j, "id")), 2);
    json_decref(j);
    assert_int_equal(stat_of(&dm, "stub.vgpus "), 2);
    assert_int_equal(stat_of(&dm, "stub.fds "), 2 * 7);
    j = dm_admin(&dm, "{\"command\":\"show\",\"vgpu\":1}");
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(ret(j), "vram"), "bytes")),
                     8 << 20);
    assert_null(
        strchr(json_string_value(json_object_get(ret(j), "statistics")), 0x1b));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static void libxl_stops_it(void **state)
{
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    struct dm dm;
    size_t i;

    (void)state;
    stub("", "");
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        dm_start(&dm, NULL);
        assert_true(dm_wait_running(&dm));
        kill(dm.pid, signals[i]);
        assert_int_equal(dm_wait_exit(&dm), 0);
        dm_assert_nothing_left(&dm);
        fx_domain_kill((domid_t)dm.domid);
    }
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    json_decref(dm_qmp(&dm, "quit"));
    assert_int_equal(dm_wait_exit(&dm), 0);
    dm_assert_nothing_left(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

static void does_not_start(void **state)
{
    static const char *const modes[] = {"fail", "die"};
    struct dm dm;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        stub(modes[i], "");
        dm_start(&dm, NULL);
        assert_false(dm_wait_running(&dm));
        assert_int_equal(dm_wait_exit(&dm), 1);
        dm_assert_nothing_left(&dm);
        assert_int_equal(
            fx_populate((domid_t)dm.domid, 0x140000, HARNESS_VRAM_MIB << 8),
            0); /* the room is free again */
        fx_domain_kill((domid_t)dm.domid);
    }
}

/* A libxl that has asked before the start gets no answer, and sees the end. */
static void does_not_start_restricted(void **state)
{
    static const char *const modes[] = {"fail", "die"};
    struct dm dm;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        stub(modes[i], "");
        dm_start_restricted(&dm, NULL);
        assert_true(dm_wait_unanswered(&dm));
        assert_int_equal(dm_wait_exit(&dm), 1);
        dm_forget_restricted(&dm);
        dm_assert_nothing_left(&dm);
        fx_domain_kill((domid_t)dm.domid);
    }
}

static void too_little_videoram(void **state)
{
    static const char *const big[] = {"-vgpu", "vram=32M", NULL};
    struct dm dm;
    long pages;

    (void)state;
    stub("", "");
    dm_start(&dm, big);
    assert_int_equal(dm_wait_exit(&dm), 1);
    dm_assert_nothing_left(&dm);
    pages = fx_domain_pages((domid_t)dm.domid);
    assert_true(pages < (32 << 8) + 256);
    fx_domain_kill((domid_t)dm.domid);
}

static void deaf_device(void **state)
{
    struct dm dm;

    (void)state;
    stub("deaf", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    dm_kill_domain_and_check(&dm);
}

/* The vGPU is gone, but the monitor answers libxl until the domain ends. */
static void assert_failed(struct dm *dm)
{
    const char *text = "";
    json_t *j = NULL;
    int i;

    for (i = 0; i < 500 && strcmp(text, "failed"); i++) {
        json_decref(j);
        j = dm_admin(dm, "{\"command\":\"show\"}");
        text = json_string_value(json_object_get(ret(j), "state"));
        text = text ? text : "";
        usleep(10000);
    }
    assert_string_equal(text, "failed");
    assert_non_null(json_object_get(ret(j), "statistics_error"));
    json_decref(j);
    assert_int_equal(dm_process(dm, "device"), 0);
    assert_null(dm_node(dm, "xen-vgpu/ioservid"));
    j = dm_qmp(dm, "query-status");
    assert_non_null(ret(j));
    json_decref(j);
    dm_kill_domain_and_check(dm);
}

static void broken_device(void **state)
{
    static const char *const modes[] = {"short", "type", "index",    "engine",
                                        "ready", "runs", "untagged", "undue"};
    struct dm dm;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        stub(modes[i], "mute"); /* what "runs" asks for is all still owed */
        dm_start(&dm, NULL);
        assert_true(dm_wait_running(&dm));
        assert_failed(&dm);
    }
}

static bool has_failed(const struct dm *dm)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\"}");
    const char *text = json_string_value(json_object_get(ret(j), "state"));
    bool failed = text && !strcmp(text, "failed");

    json_decref(j);
    return failed;
}

static void crashing_device(void **state)
{
    struct dm dm;
    int i;

    (void)state;
    stub("crash", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    /* A successor takes over, and crashes as well; not for ever. */
    for (i = 0; i < 200 && !has_failed(&dm); i++) {
        json_decref(dm_admin(&dm, "{\"command\":\"regs\"}"));
        usleep(20000);
    }
    assert_true(i >= 5); /* each of a round's two requests may crash one */
    assert_failed(&dm);
}

static void silent_device(void **state)
{
    struct dm dm;
    json_t *j;

    (void)state;
    stub("silent", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    j = dm_admin(&dm, "{\"command\":\"regs\"}");
    assert_non_null(json_object_get(j, "error"));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static void admin(void **state)
{
    static const char *const bad[] = {"x",
                                      "[]",
                                      "{}",
                                      "{\"command\":3}",
                                      "{\"command\":\"quit\"}",
                                      "{\"command\":\"show\",\"vgpu\":1}",
                                      "{\"command\":\"show\",\"vgpu\":-1}",
                                      "{\"command\":\"show\",\"vgpu\":\"0\"}"};
    char *line = malloc(100001);
    struct dm dm;
    json_t *j;
    size_t i;

    (void)state;
    stub("", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        j = dm_admin(&dm, bad[i]);
        assert_non_null(json_object_get(j, "error"));
        json_decref(j);
    }
    memset(line, ' ', 100000);
    line[100000] = '\0';
    json_decref(dm_admin(&dm, line));
    free(line);
    j = dm_admin(&dm, "{\"command\":\"screenshot\"}");
    assert_int_equal(json_integer_value(json_object_get(ret(j), "stride")), 16);
    json_decref(j);
    j = dm_admin(&dm, "{\"command\":\"regs\"}");
    assert_non_null(json_object_get(ret(j), "text"));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static void picture_that_could_change(void **state)
{
    struct dm dm;
    json_t *j;

    (void)state;
    stub("picture", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    j = dm_admin(&dm, "{\"command\":\"screenshot\"}");
    assert_non_null(json_object_get(j, "error"));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static void engine_runs(void **state)
{
    struct dm dm;

    (void)state;
    stub("script RRKKRK", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.dead_asked ", 3);
    assert_int_equal(stat_of(&dm, "stub.started "), 3);
    assert_int_equal(stat_of(&dm, "stub.dead_alone "), 0);
    assert_int_equal(dm_process(&dm, "engine sdma"), 0);
    dm_kill_domain_and_check(&dm);
}

static json_int_t start_cpu(const struct dm *dm)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\"}");
    json_int_t us = json_integer_value(json_object_get(ret(j), "start_cpu_us"));

    json_decref(j);
    return us;
}

/* Of processors, and by one that never gets ready as well. */
static void engine_starts_are_counted(void **state)
{
    static const char *const modes[] = {"", "die"};
    struct dm dm;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        stub("script R", modes[i]);
        dm_start(&dm, NULL);
        assert_true(dm_wait_running(&dm));
        wait_stat(&dm, i ? "stub.refused " : "stub.started ", 1);
        assert_true(start_cpu(&dm) > 0);
        dm_kill_domain_and_check(&dm);
    }
}

/* Each is answered under its own tag, in whichever order: two runs are
 * cancelled, unless the process was ready first, and the last two, which find
 * it on its way out, get another. */
static void engine_answers_are_tagged(void **state)
{
    struct dm dm;
    long started;

    (void)state;
    stub("script rrkkrr", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.answers ", 6);
    assert_int_equal(stat_of(&dm, "stub.dead_asked "), 2);
    started = stat_of(&dm, "stub.started ");
    assert_in_range(started, 2, 4);
    assert_int_equal(started + stat_of(&dm, "stub.refused "), 4);
    assert_int_equal(stat_of(&dm, "stub.dead_alone "), 0);
    dm_kill_domain_and_check(&dm);
}

static void engine_is_killed(void **state)
{
    struct dm dm;
    pid_t pid;

    (void)state;
    stub("script RDR", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.started ", 1);
    pid = dm_process(&dm, "engine sdma");
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    wait_stat(&dm, "stub.started ", 2);
    assert_int_equal(stat_of(&dm, "stub.dead_alone "), 1);
    assert_int_not_equal(dm_process(&dm, "engine sdma"), pid);
    dm_kill_domain_and_check(&dm);
}

static void engine_fails(void **state)
{
    static const char *const modes[] = {"fail", "die", "type"};
    struct dm dm;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        stub("script R", modes[i]);
        dm_start(&dm, NULL);
        assert_true(dm_wait_running(&dm));
        wait_stat(&dm, "stub.refused ", 1);
        dm_kill_domain_and_check(&dm);
    }
}

/* As tests/unit/stub-engine.c wants to be told. */
static const char *const gfx_options[] = {
    "-vgpu",
    "vram=4M,engines=gfx,local=32M,watchdog=300,threads=3,"
    "vulkan-icd=/some/driver.json",
    NULL};

/* What `show` knows of the gfx engine, or "". */
static const char *said(const struct dm *dm, const char *key, char text[256])
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\"}");
    const json_t *gfx =
        json_object_get(json_object_get(ret(j), "engines"), "gfx");
    const char *value = json_string_value(json_object_get(gfx, key));

    snprintf(text, 256, "%s", value ? value : "");
    json_decref(j);
    return text;
}

/* The gfx engine is a program of its own, is told its limits, and has a folder
 * that outlives it, not the domain. */
static void gfx_engine(void **state)
{
    char folder[256], file[300], text[256];
    struct dm dm;
    pid_t pid;

    (void)state;
    stub("script gDg", "");
    dm_start(&dm, gfx_options);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.started ", 1);
    assert_int_equal(stat_of(&dm, "stub.fds "), 4);
    assert_int_equal(stat_of(&dm, "stub.local "), 32 << 20);
    assert_string_equal(said(&dm, "guest_memory", text), "copied");
    assert_int_equal(strlen(said(&dm, "device", text)), 127);
    assert_memory_equal(text, "A GPU?[2J?xxx", 13);
    snprintf(folder, sizeof(folder), "%s/%d.0", getenv("XVGPU_CACHE_DIR"),
             dm.domid);
    snprintf(file, sizeof(file), "%s/sub/file", folder);
    assert_int_equal(access(file, F_OK), 0);
    pid = dm_process(&dm, "engine gfx");
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    wait_stat(&dm, "stub.started ", 2);
    assert_int_equal(access(file, F_OK), 0);
    dm_kill_domain_and_check(&dm);
    assert_int_equal(access(folder, F_OK), -1);
}

static void a_cache_that_was_left(void **state)
{
    const struct fx_domain_config config = {
        .ram_bytes = 32u << 20, .vcpus = 1, .extra_kb = HARNESS_VRAM_MIB << 10};
    char folder[256], old[300], link[300];
    struct dm dm;
    int domid;

    (void)state;
    domid = fx_domain_create(&config);
    assert_true(domid > 0);
    mkdir(getenv("XVGPU_CACHE_DIR"), 0755);
    snprintf(folder, sizeof(folder), "%s/%d.0", getenv("XVGPU_CACHE_DIR"),
             domid);
    snprintf(old, sizeof(old), "%s/old", folder);
    snprintf(link, sizeof(link), "%s/link", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(old, 0700), 0);
    assert_int_equal(symlink("/", link), 0);
    stub("script g", "");
    dm_start_on(&dm, domid, gfx_options);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.started ", 1);
    assert_int_equal(access(folder, F_OK), 0);
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(link, F_OK), -1);
    dm_kill_domain_and_check(&dm);
    assert_int_equal(access(folder, F_OK), -1);
}

/* What it says of itself is a text, and a word that is known. */
static void gfx_engine_says_nonsense(void **state)
{
    char text[256];
    struct dm dm;

    (void)state;
    stub("script g", "memory");
    dm_start(&dm, gfx_options);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.started ", 1);
    assert_string_equal(said(&dm, "guest_memory", text), "");
    assert_string_equal(said(&dm, "process", text), "running");
    dm_kill_domain_and_check(&dm);
}

/* How an engine ended reaches the device. */
static void engine_says_why(void **state)
{
    static const struct {
        const char *mode;
        long hung, lost;
    } rows[] = {{"suicide", 0, 0}, {"hung", 1, 0}, {"lost", 0, 1}};
    struct dm dm;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        stub("script RD", rows[i].mode);
        dm_start(&dm, NULL);
        assert_true(dm_wait_running(&dm));
        wait_stat(&dm, "stub.dead_alone ", 1);
        assert_int_equal(stat_of(&dm, "stub.hung "), rows[i].hung);
        assert_int_equal(stat_of(&dm, "stub.lost "), rows[i].lost);
        dm_kill_domain_and_check(&dm);
    }
}

static void engine_restarts_are_bounded(void **state)
{
    struct dm dm;

    (void)state;
    stub("script RKRKRKRKRKRKRKRKRKRKRR", "");
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    wait_stat(&dm, "stub.again ", 2);
    assert_int_equal(stat_of(&dm, "stub.started "), 10);
    dm_kill_domain_and_check(&dm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(lives_and_dies),
        harness_test(libxl_stops_it),
        harness_test(does_not_start),
        harness_test(does_not_start_restricted),
        harness_test(too_little_videoram),
        harness_test(deaf_device),
        harness_test(broken_device),
        harness_test(crashing_device),
        harness_test(silent_device),
        harness_test(admin),
        harness_test(picture_that_could_change),
        harness_test(engine_runs),
        harness_test(engine_starts_are_counted),
        harness_test(engine_answers_are_tagged),
        harness_test(engine_is_killed),
        harness_test(engine_fails),
        harness_test(gfx_engine),
        harness_test(gfx_engine_says_nonsense),
        harness_test(a_cache_that_was_left),
        harness_test(engine_says_why),
        harness_test(engine_restarts_are_bounded),
    };
    int rc;

    harness_start("stub");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
