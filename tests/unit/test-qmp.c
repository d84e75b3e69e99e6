/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "dm/monitor/qmp.h"

static enum qmp_state qmp_state;

/* The answer to a line, which must end as libxl expects it. */
static json_t *ask(struct qmp_session *s, const char *line)
{
    char *text = qmp_answer(s, line, strlen(line));
    json_error_t error;
    size_t len;
    json_t *j;

    assert_non_null(text);
    len = strlen(text);
    assert_true(len > 2);
    assert_string_equal(text + len - 2, "\r\n");
    assert_null(memchr(text, '\n', len - 1));
    j = json_loads(text, 0, &error);
    assert_non_null(j);
    free(text);
    return j;
}

static void expect_error(struct qmp_session *s, const char *line,
                         const char *class)
{
    json_t *j = ask(s, line), *e = json_object_get(j, "error");

    assert_string_equal(json_string_value(json_object_get(e, "class")), class);
    assert_non_null(json_string_value(json_object_get(e, "desc")));
    assert_null(json_object_get(j, "return"));
    json_decref(j);
}

static json_t *expect_return(struct qmp_session *s, const char *line)
{
    json_t *j = ask(s, line), *r = json_object_get(j, "return");

    if (!r)
        fail_msg("%s failed", line);
    json_incref(r);
    json_decref(j);
    return r;
}

static struct qmp_session negotiated(void)
{
    return (struct qmp_session){.negotiated = true, .state = &qmp_state};
}

static void greeting(void **state)
{
    char *text = qmp_greeting();
    int major, minor, micro;
    json_error_t error;
    json_t *j;

    (void)state;
    assert_non_null(text);
    assert_string_equal(text + strlen(text) - 2, "\r\n");
    j = json_loads(text, 0, &error);
    assert_int_equal(json_unpack(j, "{s:{s:{s:{s:i,s:i,s:i}}}}", "QMP",
                                 "version", "qemu", "major", &major, "minor",
                                 &minor, "micro", &micro),
                     0);
    assert_true(major >= 5);
    json_decref(j);
    free(text);
}

static void negotiation_comes_first(void **state)
{
    struct qmp_session s = {.state = &qmp_state};

    (void)state;
    expect_error(&s, "{\"execute\":\"cont\"}", "CommandNotFound");
    json_decref(expect_return(&s, "{\"execute\":\"qmp_capabilities\"}"));
    assert_true(s.negotiated);
    json_decref(expect_return(&s, "{\"execute\":\"cont\"}"));
    expect_error(&s, "{\"execute\":\"qmp_capabilities\"}", "CommandNotFound");
}

static void what_libxl_asks(void **state)
{
    struct qmp_session s = negotiated();
    json_t *r;

    (void)state;
    r = expect_return(&s, "{\"execute\":\"query-chardev\",\"id\":3}");
    assert_true(json_is_array(r) && json_array_size(r) == 0);
    json_decref(r);
    r = expect_return(&s, "{\"execute\":\"query-vnc\"}");
    assert_true(json_is_false(json_object_get(r, "enabled")));
    json_decref(r);
    r = expect_return(&s, "{\"execute\":\"query-cpus-fast\"}");
    assert_true(json_is_array(r));
    json_decref(r);
    r = expect_return(&s, "{\"execute\":\"query-version\"}");
    assert_true(json_is_object(json_object_get(r, "qemu")));
    json_decref(r);
}

static void id_is_echoed(void **state)
{
    struct qmp_session s = negotiated();
    json_t *j;

    (void)state;
    j = ask(&s, "{\"execute\":\"cont\",\"id\":42}");
    assert_int_equal(json_integer_value(json_object_get(j, "id")), 42);
    json_decref(j);
    j = ask(&s, "{\"execute\":\"nonsense\",\"id\":{\"a\":[1]}}");
    assert_true(json_is_object(json_object_get(j, "id")));
    json_decref(j);
    j = ask(&s, "{\"execute\":\"cont\"}");
    assert_null(json_object_get(j, "id"));
    json_decref(j);
}

static void stop_and_cont(void **state)
{
    struct qmp_session s = negotiated();
    json_t *r;

    (void)state;
    json_decref(expect_return(&s, "{\"execute\":\"stop\"}"));
    r = expect_return(&s, "{\"execute\":\"query-status\"}");
    assert_string_equal(json_string_value(json_object_get(r, "status")),
                        "paused");
    json_decref(r);
    json_decref(expect_return(&s, "{\"execute\":\"cont\"}"));
    r = expect_return(&s, "{\"execute\":\"query-status\"}");
    assert_true(json_is_true(json_object_get(r, "running")));
    json_decref(r);
    assert_false(s.quit);
    json_decref(expect_return(&s, "{\"execute\":\"quit\"}"));
    assert_true(s.quit);
}

static void expect_status(struct qmp_session *s, const char *status,
                          bool running)
{
    json_t *r = expect_return(s, "{\"execute\":\"query-status\"}");

    assert_string_equal(json_string_value(json_object_get(r, "status")),
                        status);
    assert_int_equal(json_is_true(json_object_get(r, "running")), running);
    json_decref(r);
}

/* As libxl starts it under dm_restrict=1. */
static void prelaunch_until_cont(void **state)
{
    struct qmp_session s = negotiated();

    (void)state;
    qmp_state = QMP_PRELAUNCH;
    expect_status(&s, "prelaunch", false);
    json_decref(expect_return(&s, "{\"execute\":\"stop\"}"));
    expect_status(&s, "prelaunch", false);
    json_decref(expect_return(&s, "{\"execute\":\"cont\"}"));
    expect_status(&s, "running", true);
    json_decref(expect_return(&s, "{\"execute\":\"stop\"}"));
    expect_status(&s, "paused", false);
}

static void what_is_not_there(void **state)
{
    struct qmp_session s = negotiated();

    (void)state;
    expect_error(&s, "{\"execute\":\"device_add\"}", "CommandNotFound");
    expect_error(&s, "{\"execute\":\"xen-save-devices-state\"}",
                 "GenericError");
    expect_error(&s, "{\"execute\":\"system_powerdown\"}", "GenericError");
}

static void nonsense(void **state)
{
    static const char *const lines[] = {
        "x",
        "{",
        "{}",
        "[]",
        "3",
        "null",
        "\"execute\"",
        "{\"execute\":3}",
        "{\"execute\":null}",
        "{\"execute\":\"cont\"} {\"execute\":\"cont\"}",
        "{\"execute\":\"\xff\xfe\"}",
        "{\"execute\":\"a\\u0000b\"}",
    };
    struct qmp_session s = negotiated();
    char deep[8192], name[4096];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_error(&s, lines[i], "GenericError");
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    expect_error(&s, deep, "GenericError");
    strcpy(name, "{\"execute\":\"");
    for (i = strlen(name); i < sizeof(name) - 4; i += 2)
        memcpy(name + i, "\xc3\xa4", 2);
    strcpy(name + i, "\"}");
    expect_error(&s, name, "CommandNotFound");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greeting),
        cmocka_unit_test(negotiation_comes_first),
        cmocka_unit_test(what_libxl_asks),
        cmocka_unit_test(id_is_echoed),
        cmocka_unit_test(stop_and_cont),
        cmocka_unit_test(prelaunch_until_cont),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
