/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud and its administrator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/sched-record.h"
#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define FOR_EVER UINT64_MAX

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t done(const struct rig_engine *e)
{
    return __atomic_load_n(&e->shared->done, __ATOMIC_SEQ_CST);
}

static bool ask(const struct rig *rig, const char *line)
{
    json_t *json = rig_ask(rig, line, NULL);

    json_decref(json);
    return json;
}

static void test_set(void **state)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "7",
        "{\"command\":7}",
        "{\"command\":\"nonsense\"}",
        "{\"command\":\"set\"}",
        "{\"command\":\"set\",\"vgpu\":1}",
        "{\"command\":\"set\",\"vgpu\":\"2.0\",\"weight\":5}",
        "{\"command\":\"set\",\"vgpu\":\"\",\"weight\":5}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"weight\":0}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"weight\":10001}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"weight\":\"5\"}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"cap\":1001}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"cap\":-1}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"latency\":\"none\"}",
        "{\"command\":\"set\",\"vgpu\":\"1\",\"slice_ns\":1}",
        "{\"command\":\"policy\",\"policy\":\"lottery\"}",
        "{\"command\":\"policy\",\"policy\":7}",
        "{\"command\":\"policy\",\"queue\":\"mm\",\"policy\":\"rr\"}",
        "{\"command\":\"reset\",\"vgpu\":\"1\",\"engine\":\"mm\"}",
        "{\"command\":\"reset\",\"vgpu\":\"1\",\"engine\":\"sdma\"}",
        "{\"command\":\"trace\",\"since\":-1}",
    };
    struct rig_vgpu *v;
    struct rig rig;
    unsigned int i;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX | 1u << XVGPU_ENGINE_SDMA, 100);
    rig_until(&rig, v->registered);
    for (i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_false(ask(&rig, wrong[i]));
    assert_true(ask(&rig, "{\"command\":\"set\",\"vgpu\":\"1.0\",\"weight\":7,"
                          "\"cap\":500,\"latency\":\"low\"}"));
    rig_until(&rig, v->weight == 7);
    assert_int_equal(v->cap, 500);
    assert_int_equal(v->latency, PROTO_LATENCY_LOW);
    for (i = 0; i < 2; i++) {
        assert_int_equal(rig_number(&rig, v, i, "weight"), 7);
        assert_int_equal(rig_number(&rig, v, i, "cap"), 500);
        assert_int_equal(rig_number(&rig, v, i, "slice_ns"), 0);
    }
    /* It is said again after a restart: by the monitor. */
    rig_daemon_kill(&rig);
    rig_daemon_start(&rig, NULL);
    rig_until(&rig, !v->registered);
    rig_until(&rig, v->registered);
    assert_int_equal(rig_number(&rig, v, 0, "weight"), 7);
    rig_stop(&rig);
}

/* Each policy in turn, under load: all go on. */
static void test_policies(void **state)
{
    static const char *const names[] = {"fixed", "rr", "ondemand", "fair"};
    struct rig_vgpu *v[3];
    struct rig_engine *e[3];
    unsigned int i, k;
    char line[128];
    struct rig rig;
    uint64_t jobs[3];

    (void)state;
    rig_start(&rig, NULL);
    for (i = 0; i < 3; i++) {
        v[i] = rig_add(&rig, GFX, 100);
        e[i] = rig_engine_start(&rig, v[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                                i ? FOR_EVER : 5);
    }
    for (k = 0; k < ARRAY_SIZE(names); k++) {
        snprintf(line, sizeof(line),
                 "{\"command\":\"policy\",\"queue\":\"gfx\",\"policy\":\"%s\","
                 "\"slice_ns\":%u}",
                 names[k], 1000000 + k);
        rig_until(&rig, ask(&rig, line));
        for (i = 0; i < 3; i++)
            jobs[i] = done(e[i]);
        rig_more_jobs(e[0], 2);
        rig_until(&rig, done(e[0]) >= jobs[0] + 2);
        rig_until(&rig, done(e[1]) > jobs[1] + 20);
        rig_until(&rig, done(e[2]) > jobs[2] + 20);
    }
    assert_int_equal(rig.room->overlaps, 0);
    for (i = 0; i < 3; i++)
        assert_int_equal(e[i]->kills_asked, 0);
    rig_stop(&rig);
}

static void test_capped(void **state)
{
    struct rig_vgpu *v;
    struct rig_engine *e;
    struct rig rig;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    v->cap = 100;
    e = rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    /* Alone, and stopped again and again all the same. */
    rig_until(&rig, rig_number(&rig, v, 0, "preempted") > 3);
    assert_int_equal(e->kills_asked, 0);
    assert_true(ask(&rig, "{\"command\":\"set\",\"vgpu\":\"1\",\"cap\":0}"));
    rig_until(&rig, rig_state_is(&rig, v, 0, "running"));
    rig_stop(&rig);
}

/* It waits with what it has to compile, too. */
static void test_capped_compiler(void **state)
{
    struct rig_vgpu *v;
    struct rig_engine *e;
    struct rig rig;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    v->cap = 1;
    e = &v->engine[XVGPU_ENGINE_GFX];
    e->shared->job_us = 20000; /* 20 s of its cap */
    e->shared->compile_at = 1;
    rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, 1);
    rig_until(&rig, done(e) == 1);
    e->shared->compile_at = 2;
    rig_more_jobs(e, 1);
    rig_until(&rig, rig_state_is(&rig, v, 0, "waiting"));
    assert_int_equal(e->shared->compiles, 1);
    assert_true(ask(&rig, "{\"command\":\"set\",\"vgpu\":\"1\",\"cap\":0}"));
    rig_until(&rig, done(e) == 2);
    assert_int_equal(e->shared->compiles, 2);
    assert_int_equal(e->kills_asked, 0);
    rig_stop(&rig);
}

static void test_resets(void **state)
{
    struct rig_vgpu *v;
    struct rig_engine *e;
    struct rig rig;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    e = rig_engine_start(&rig, v, XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    rig_until(&rig, done(e) > 3);
    assert_true(
        ask(&rig, "{\"command\":\"reset\",\"vgpu\":\"1\",\"engine\":\"gfx\"}"));
    rig_until(&rig, e->kills_asked);
    assert_int_equal(e->killed_as, PROTO_DEATH_OTHER);
    rig_until(&rig, rig_state_is(&rig, v, 0, "none"));
    assert_int_equal(rig_number(&rig, v, 0, "resets"), 0);
    assert_true(ask(&rig, "{\"command\":\"reset\",\"vgpu\":\"1\"}"));
    rig_until(&rig, v->resets == 1);
    assert_int_equal(v->quarantines, 0);
    assert_true(ask(&rig, "{\"command\":\"quarantine\",\"vgpu\":\"1\"}"));
    rig_until(&rig, v->quarantines == 1);
    assert_true(rig_state_is(&rig, v, 0, "quarantined"));
    assert_true(ask(&rig, "{\"command\":\"release\",\"vgpu\":\"1.0\"}"));
    rig_until(&rig, v->releases == 1);
    rig_stop(&rig);
}

/* Who has it, when: turns of one engine follow each other. */
static void test_trace(void **state)
{
    struct sched_record record;
    struct rig_vgpu *v[2];
    uint64_t last = 0;
    uint32_t owner = 0;
    unsigned int i, turns = 0;
    struct rig rig;
    json_t *json;
    int64_t next, count = 0;
    int fd = -1;

    (void)state;
    rig_start(&rig, NULL);
    for (i = 0; i < 2; i++) {
        v[i] = rig_add(&rig, GFX, 100);
        rig_engine_start(&rig, v[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST, FOR_EVER);
    }
    rig_until(&rig, rig_number(&rig, v[1], 0, "switches") > 10);
    json = rig_ask(&rig, "{\"command\":\"trace\",\"since\":0}", &fd);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
    assert_int_equal(json_integer_value(json_object_get(json, "lost")), 0);
    next = json_integer_value(json_object_get(json, "next"));
    lseek(fd, 0, SEEK_SET);
    while (read(fd, &record, sizeof(record)) == sizeof(record)) {
        count++;
        assert_true(record.t_ns >= last);
        last = record.t_ns;
        assert_true(record.event && record.event < SCHED_NR_EVENTS);
        if (record.event == SCHED_EVENT_GRANT) {
            assert_int_equal(owner, 0);
            owner = record.domid;
            turns++;
        } else if (record.event == SCHED_EVENT_ACK) {
            assert_int_equal(owner, record.domid);
            owner = 0;
        }
    }
    close(fd);
    assert_true(turns > 10);
    assert_int_equal(json_integer_value(json_object_get(json, "records")),
                     count);
    assert_int_equal(next, count);
    json_decref(json);
    rig_stop(&rig);
}

static void test_metrics(void **state)
{
    static char text[1 << 16];
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct rig_vgpu *v;
    struct rig rig;
    size_t used = 0;
    ssize_t n;
    int sock;

    (void)state;
    rig_start(&rig, NULL);
    v = rig_add(&rig, GFX, 100);
    rig_until(&rig, v->registered);
    sock = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/metrics.sock", rig.dir);
    assert_int_equal(connect(sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(write(sock, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 28), 28);
    while ((n = read(sock, text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    close(sock);
    assert_int_equal(strncmp(text, "HTTP/1.0 200 OK\r\n", 17), 0);
    assert_non_null(strstr(text, "\nxen_vgpu_vgpus 1\n"));
    assert_non_null(strstr(text, "\nxen_vgpu_weight{vgpu=\"1.0\",queue=\"gfx\","
                                 "domain=\"guest\"} 100\n"));
    rig_stop(&rig);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_set),     cmocka_unit_test(test_policies),
    cmocka_unit_test(test_capped),  cmocka_unit_test(test_capped_compiler),
    cmocka_unit_test(test_resets),  cmocka_unit_test(test_trace),
    cmocka_unit_test(test_metrics),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
