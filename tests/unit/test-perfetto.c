/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `xen-vgpu trace`: records of world switches as trace events. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sched-record.h"
#include "tool-host.h"
#include "tool-status.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct said said;

/* What the next `trace` is answered with; next: the number after them. */
static struct sched_record records[16];
static unsigned int nr, told, asks;
static int seals;

static void add(uint64_t us, uint32_t domid, uint8_t queue,
                enum sched_event event, uint64_t value)
{
    records[nr++] = (struct sched_record){.t_ns = us * 1000 + 5,
                                          .domid = domid,
                                          .queue = queue,
                                          .event = (uint8_t)event,
                                          .value = value};
}

/* All records come with the second answer. */
static char *answer(const char *socket, const json_t *request, int *fd)
{
    const unsigned int n = nr;

    (void)socket;
    if (!strcmp(json_string_value(json_object_get(request, "command")),
                "status"))
        return tool_return(tool_status(1, 77));
    if (!nr || asks++ != told)
        return tool_return(
            json_pack("{s:i, s:i, s:i}", "records", 0, "next", 7, "lost", 0));
    *fd = memfd_create("records", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (write(*fd, records, n * sizeof(records[0])) < 0)
        return NULL;
    fcntl(*fd, F_ADD_SEALS, seals);
    return tool_return(
        json_pack("{s:i, s:i, s:i}", "records", n, "next", 7 + n, "lost", 5));
}

static int start(void **state)
{
    static const char *const names[] = {"xen-vgpud", NULL};

    (void)state;
    nr = asks = told = 0;
    seals = SEALS;
    host_start(answer, names);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    host_stop();
    return 0;
}

static char *path(void)
{
    static char file[128];

    snprintf(file, sizeof(file), "%s/trace.json", host_dir());
    return file;
}

/* The events of the file; removes it. */
static json_t *events(void)
{
    json_error_t error;
    json_t *file = json_load_file(path(), 0, &error), *list;

    if (!file)
        fail_msg("line %d: %s", error.line, error.text);
    list = json_incref(json_object_get(file, "traceEvents"));
    assert_true(json_is_array(list));
    json_decref(file);
    unlink(path());
    return list;
}

static const char *text(const json_t *event, const char *key)
{
    const char *s = json_string_value(json_object_get(event, key));

    return s ? s : "";
}

static double number(const json_t *event, const char *key)
{
    return json_number_value(json_object_get(event, key));
}

/* The n-th of that phase, track and name, or NULL. */
static const json_t *find(const json_t *list, const char *phase, int tid,
                          const char *name, unsigned int n)
{
    json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        if (!strcmp(text(e, "ph"), phase) && number(e, "tid") == tid &&
            !strcmp(text(e, "name"), name) && !n--)
            return e;
    }
    return NULL;
}

static void assert_slice(const json_t *list, int tid, const char *name,
                         unsigned int n, double from, double us)
{
    const json_t *e = find(list, "X", tid, name, n);

    if (!e)
        fail_msg("there is no slice %s", name);
    assert_true(number(e, "ts") == from + 0.005);
    assert_true(number(e, "dur") == us);
}

static void turns(void **state)
{
    const json_t *e;
    json_t *list;

    (void)state;
    add(100, 3, 0, SCHED_EVENT_READY, 0);
    add(110, 3, 0, SCHED_EVENT_GRANT, 10500);
    add(200, 4, 0, SCHED_EVENT_READY, 0);
    add(500, 3, 0, SCHED_EVENT_STOP, 0);
    add(550, 3, 0, SCHED_EVENT_ACK, 50000);
    add(560, 4, 0, SCHED_EVENT_GRANT, 360000);
    add(570, 3, 1, SCHED_EVENT_COMPILE, 0);
    add(600, 3, 1, SCHED_EVENT_COMPILED, 30000);
    add(700, 4, 0, SCHED_EVENT_KILL, SCHED_WHY_DEADLINE);
    add(800, 4, 0, SCHED_EVENT_GONE, 1);
    add(900, 3, 0, SCHED_EVENT_GRANT, 0);
    add(910, 4, SCHED_RECORD_VGPU, SCHED_EVENT_QUARANTINE, 0);
    add(950, 3, 0, SCHED_EVENT_READY, 0);
    tool_run(&said, "trace", path(), NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    assert_non_null(strstr(said.out, ": 13 records, 5 lost, 4 turns\n"));
    list = events();
    assert_string_equal(
        text(json_object_get(find(list, "M", 1, "thread_name", 0), "args"),
             "name"),
        "gfx");
    assert_string_equal(
        text(json_object_get(find(list, "M", 4, "thread_name", 0), "args"),
             "name"),
        "sdma compile");
    assert_slice(list, 1, "3.0 web", 0, 110, 440);
    assert_slice(list, 1, "stopping", 0, 500, 50);
    assert_slice(list, 1, "4.0 ca?[2Jd", 0, 560, 240);
    assert_slice(list, 4, "3.0 web", 0, 570, 30);
    assert_slice(list, 1, "3.0 web", 1, 900, 50); /* lasts */
    assert_null(find(list, "X", 1, "stopping", 1));
    e = find(list, "X", 1, "3.0 web", 0);
    assert_true(number(json_object_get(e, "args"), "waited_us") == 10.5);
    assert_non_null(find(list, "i", 1, "stop 3.0 web", 0));
    assert_non_null(find(list, "i", 1, "ack 3.0 web", 0));
    assert_non_null(find(list, "i", 1, "kill (deadline) 4.0 ca?[2Jd", 0));
    assert_non_null(find(list, "i", 1, "gone 4.0 ca?[2Jd", 0));
    assert_non_null(find(list, "i", 1000, "quarantine 4.0 ca?[2Jd", 0));
    /* 3.0 waits, runs, 4.0 waits, 3.0 does again when it has stopped. */
    e = find(list, "C", 0, "gfx waiting", 3);
    assert_true(number(e, "ts") == 550.005);
    assert_true(number(json_object_get(e, "args"), "vGPUs") == 2);
    e = find(list, "C", 0, "gfx waiting", 5);
    assert_true(number(json_object_get(e, "args"), "vGPUs") == 0);
    assert_null(find(list, "C", 0, "gfx waiting", 6));
    json_decref(list);
}

/* Seconds: what was before is passed over, what began before is drawn. */
static void seconds(void **state)
{
    json_t *list;

    (void)state;
    told = 1;
    add(100, 4, 1, SCHED_EVENT_READY, 0);
    add(110, 3, 0, SCHED_EVENT_STOP, 0);
    add(150, 3, 0, SCHED_EVENT_ACK, 40000);
    tool_run(&said, "--json", "trace", path(), "0.3", NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    assert_non_null(strstr(said.out, "\"records\": 3"));
    /* Not from the beginning, but from what it was told, once or twice. */
    assert_true(strstr(host_asked(), "\"since\":10") ||
                strstr(host_asked(), "\"since\":7"));
    list = events();
    assert_slice(list, 1, "3.0 web", 0, 100, 50);
    json_decref(list);
}

/* Records in no order and of no sense. */
static void nonsense(void **state)
{
    json_t *list;
    unsigned int i;

    (void)state;
    add(100, UINT32_MAX, 0, SCHED_EVENT_ACK, UINT64_MAX);
    add(100, 3, 7, SCHED_EVENT_GRANT, UINT64_MAX);
    add(50, 3, 0, SCHED_EVENT_GRANT, 0);
    for (i = 0; i < 10; i++)
        add(101 + i, i, (uint8_t)(i * 25), (enum sched_event)(i * 31), i);
    records[nr] = records[0];
    records[nr].t_ns = UINT64_MAX;
    records[nr++].event = SCHED_EVENT_KILL;
    tool_run(&said, "trace", path(), NULL);
    assert_int_equal(said.code, 0);
    list = events();
    assert_null(find(list, "X", 1, "3.0 web", 0));
    json_decref(list);
}

static void refused(void **state)
{
    static const char *const words[] = {"0", "-1", "1e3", "x", "", "86401"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        tool_run(&said, "trace", path(), words[i], NULL);
        assert_int_equal(said.code, 2);
    }
    tool_run(&said, "trace", "/nowhere/trace.json", NULL);
    assert_int_equal(said.code, 1);
    assert_non_null(strstr(said.err, "write /nowhere/trace.json: No such"));
    add(100, 3, 0, SCHED_EVENT_READY, 0);
    seals = F_SEAL_GROW;
    tool_run(&said, "trace", path(), NULL);
    assert_int_equal(said.code, 1);
    assert_non_null(strstr(said.err, "could change under us"));
    assert_int_equal(access(path(), F_OK), -1); /* whole or not at all */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(turns),
        TEST(seconds),
        TEST(nonsense),
        TEST(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
