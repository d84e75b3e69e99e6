/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that ask xen-vgpud, and how they find who is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tool-host.h"
#include "tool-status.h"

static struct said said;

static json_t *about(const char *socket)
{
    return json_pack("{s:s, s:i, s:{s:s, s:s, s:i, s:i, s:s, s:b}}", "name",
                     !strcmp(socket, "3") ? "web" : "cad", "domid",
                     !strcmp(socket, "3") ? 3 : 4, "sched", "mode", "host",
                     "state", "waits for xen-vgpud", "weight", 300, "cap", 375,
                     "latency", "low", "quarantined", 1);
}

static char *answer(const char *socket, const json_t *request, int *fd)
{
    const char *command =
        json_string_value(json_object_get(request, "command"));
    const char *vgpu = json_string_value(json_object_get(request, "vgpu"));

    (void)fd;
    if (strcmp(socket, "xen-vgpud"))
        return tool_return(about(socket));
    if (!strcmp(command, "status"))
        return tool_return(tool_status(1, 77));
    if (!strcmp(command, "metrics"))
        return tool_return(
            json_pack("{s:s}", "text", "# HELP a\nxen_vgpu_a\x1b[2J 1\n"));
    if (vgpu && !strcmp(vgpu, "9.0"))
        return tool_error_answer("there is no vGPU 9.0\x1b[2J");
    return tool_return(json_object());
}

static const char *const all[] = {"xen-vgpud", "3", "4", NULL};

static int start(void **state)
{
    (void)state;
    host_start(answer, all);
    return 0;
}

static int start_without(void **state)
{
    (void)state;
    host_start(answer, all + 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    host_stop();
    return 0;
}

static void assert_said(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not stand in \"%s\"", part, text);
}

static void settings(void **state)
{
    (void)state;
    tool_run(&said, "set", "3", "weight=200", "cap=37.5%", "latency=low",
             "slice=2.5ms", NULL);
    assert_string_equal(said.err, "");
    assert_string_equal(said.out, "");
    assert_int_equal(said.code, 0);
    assert_string_equal(
        host_asked(),
        "{\"command\":\"set\",\"vgpu\":\"3.0\",\"weight\":200,\"cap\":375,"
        "\"latency\":\"low\",\"slice_ns\":2500000}");
    tool_run(&said, "--json", "set", "3.1", "cap=none", "slice=0", NULL);
    assert_int_equal(said.code, 0);
    assert_string_equal(said.out, "{}\n");
    assert_string_equal(
        host_asked(),
        "{\"command\":\"set\",\"vgpu\":\"3.1\",\"cap\":0,\"slice_ns\":0}");
    tool_run(&said, "sched", "gfx", "policy=rr", "slice=5ms", "residency=500us",
             NULL);
    assert_int_equal(said.code, 0);
    assert_string_equal(
        host_asked(),
        "{\"command\":\"policy\",\"queue\":\"gfx\",\"policy\":\"rr\","
        "\"slice_ns\":5000000,\"residency_ns\":500000}");
}

static void wrong_settings(void **state)
{
    static const char *const words[] = {
        "weight=0",
        "weight=10001",
        "weight=-1",
        "weight=1x",
        "weight=",
        "weight",
        "=1",
        "cap=101",
        "cap=-1",
        "cap=1.25%",
        "cap=%",
        "cap=5.",
        "cap=1000.5",
        "cap= 5",
        "latency=fast",
        "latency=",
        "latency=low b",
        "slice=5",
        "slice=61s",
        "slice=-5ms",
        "colour=red",
        "policy=rr",
        "cap=5%%",
        "latency=lo",
        "weight=18446744073709551617",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        tool_run(&said, "set", "3", words[i], NULL);
        if (said.code != 2 || !strstr(said.err, "expected"))
            fail_msg("%s: %d, %s", words[i], said.code, said.err);
    }
    tool_run(&said, "set", "3", "weight=1", "weight=2", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "set", "3", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "sched", "gfx", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "sched", "gfx", "slice=0", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "sched", "policy=rr", "slice=5ms", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "sched", "gfx", "policy=cfs", NULL);
    assert_int_equal(said.code, 2);
    assert_said(said.err, "fixed rr ondemand fair");
    assert_string_equal(host_asked(), "");
}

static void recovery(void **state)
{
    static const struct {
        const char *word, *more, *asked;
    } rows[] = {
        {"reset", NULL, "{\"command\":\"reset\",\"vgpu\":\"4.0\"}"},
        {"reset", "gfx",
         "{\"command\":\"reset\",\"vgpu\":\"4.0\",\"engine\":\"gfx\"}"},
        {"quarantine", NULL, "{\"command\":\"quarantine\",\"vgpu\":\"4.0\"}"},
        {"release", NULL, "{\"command\":\"release\",\"vgpu\":\"4.0\"}"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tool_run(&said, rows[i].word, "4", rows[i].more, NULL);
        assert_int_equal(said.code, 0);
        assert_string_equal(host_asked(), rows[i].asked);
        tool_run(&said, rows[i].word, "9", NULL);
        assert_int_equal(said.code, 3);
        assert_said(said.err, " vGPU 9.0: xen-vgpud: there is no vGPU 9.0?[2J");
    }
}

static void no_text(void **state)
{
    (void)state;
    tool_run(&said, "reset", "3", "\xff", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "sched", "\xff", "policy=rr", NULL);
    assert_int_equal(said.code, 2);
    assert_string_equal(host_asked(), "");
}

static void names(void **state)
{
    (void)state;
    tool_run(&said, "reset", "web", NULL);
    assert_int_equal(said.code, 0);
    assert_said(host_asked(), "\"3.0\"");
    tool_run(&said, "reset", "cad.2", NULL);
    assert_int_equal(said.code, 0);
    assert_said(host_asked(), "\"4.2\"");
    tool_run(&said, "reset", "webb", NULL);
    assert_int_equal(said.code, 3);
    tool_run(&said, "reset", "we", NULL);
    assert_int_equal(said.code, 3);
    tool_run(&said, "reset", "web.x", NULL);
    assert_int_equal(said.code, 3);
    tool_run(&said, "show", "cad", NULL);
    assert_int_equal(said.code, 0);
    assert_said(said.out, "scheduling waits for xen-vgpud, weight 300, cap "
                          "37.5%, latency low, in quarantine");
    tool_run(&said, "reset", "3.", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "reset", "0", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "reset", "", NULL);
    assert_int_equal(said.code, 2);
}

static void what_is_shown(void **state)
{
    json_error_t error;
    json_t *j;

    (void)state;
    tool_run(&said, "sched", NULL);
    assert_int_equal(said.code, 0);
    assert_said(said.out, "gfx        fair             5ms        1ms      "
                          "100ms        10s  running   3.0            2\n");
    assert_said(said.out, "sdma: 0 world switches\n");
    assert_said(said.out, "  all          93us    410us\n"
                          "  stop         12us     34us\n");
    tool_run(&said, "sched", "--json", NULL);
    j = json_loads(said.out, 0, &error);
    assert_int_equal(json_array_size(json_object_get(j, "queues")), 2);
    json_decref(j);
    tool_run(&said, "metrics", NULL);
    assert_string_equal(said.out, "# HELP a\nxen_vgpu_a?[2J 1\n");
    tool_run(&said, "--json", "metrics", NULL);
    assert_said(said.out, "\"text\": \"# HELP a\\n");
}

static void nobody_there(void **state)
{
    static const char *const rows[][3] = {
        {"sched", NULL, NULL},        {"set", "3", "weight=1"},
        {"reset", "3", NULL},         {"quarantine", "3", NULL},
        {"release", "3", NULL},       {"trace", "/nowhere/file", NULL},
        {"metrics", NULL, NULL},      {"top", "-b", NULL},
        {"sched", "gfx", "slice=1s"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tool_run(&said, rows[i][0], rows[i][1], rows[i][2], NULL);
        if (said.code != 4)
            fail_msg("%s: %d", rows[i][0], said.code);
        assert_said(said.err, ": xen-vgpud does not run: ");
    }
}

static void usage(void **state)
{
    (void)state;
    tool_run(&said, NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "nothing", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "reset", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "reset", "3", "gfx", "more", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "metrics", "-x", NULL);
    assert_int_equal(said.code, 2);
    tool_run(&said, "--help", NULL);
    assert_int_equal(said.code, 0);
    assert_said(said.out, "xen-vgpu(1)");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(settings),
        TEST(wrong_settings),
        TEST(recovery),
        TEST(no_text),
        TEST(names),
        TEST(what_is_shown),
        cmocka_unit_test_setup_teardown(nobody_there, start_without, stop),
        TEST(usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
