/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu and a real xen-vgpud, under two vGPUs that are always busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sched-rig.h"
#include "tool-host.h"

static struct rig rig;
static struct rig_vgpu *v[2];
static struct said said;

static int start(void **state)
{
    static const char *const extra[] = {"--slice=2ms", NULL};
    static const uint32_t weights[] = {300, 100};
    unsigned int i;

    (void)state;
    rig_start(&rig, extra);
    assert_int_equal(setenv("XVGPU_RUN_DIR", rig.dir, 1), 0);
    for (i = 0; i < 2; i++) {
        v[i] = rig_add(&rig, 1u << XVGPU_ENGINE_GFX, weights[i]);
        rig_engine_start(&rig, v[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                         UINT64_MAX);
    }
    for (i = 0; i < 2; i++)
        rig_until(&rig, rig_number(&rig, v[i], 0, "switches") > 10);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return 0;
}

static json_t *parsed(void)
{
    json_error_t error;
    json_t *json = json_loads(said.out, 0, &error);

    if (!json)
        fail_msg("%s: %s", error.text, said.out);
    return json;
}

static void test_top(void **state)
{
    json_t *json, *list, *one;
    double shares = 0;
    size_t i;

    (void)state;
    tool_run(&said, "--json", "top", "-n", "1", "-d", "0.5", NULL);
    assert_int_equal(said.code, 0);
    json = parsed();
    list = json_object_get(json_array_get(json_object_get(json, "queues"), 0),
                           "vgpus");
    assert_int_equal(json_array_size(list), 2);
    json_array_foreach(list, i, one)
    {
        assert_true(json_is_real(json_object_get(one, "share")));
        assert_true(json_is_real(json_object_get(one, "switches_per_s")));
        shares += json_real_value(json_object_get(one, "share"));
    }
    /* One after the other, on one engine. */
    assert_true(shares > 0 && shares < 1.01);
    json_decref(json);
    tool_run(&said, "top", "-b", "-n", "1", "-d", "0.1", NULL);
    assert_int_equal(said.code, 0);
    assert_non_null(strstr(said.out, "\n1.0 "));
    assert_non_null(strstr(said.out, "\n2.0 "));
}

static void test_set(void **state)
{
    json_t *status, *one;

    (void)state;
    tool_run(&said, "set", "1", "weight=700", "cap=50%", "latency=low",
             "slice=3ms", NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    one = rig_status(&rig, v[0], 0, &status);
    assert_int_equal(json_integer_value(json_object_get(one, "weight")), 700);
    assert_int_equal(json_integer_value(json_object_get(one, "cap")), 500);
    assert_int_equal(json_integer_value(json_object_get(one, "slice_ns")),
                     3000000);
    assert_string_equal(json_string_value(json_object_get(one, "latency")),
                        "low");
    json_decref(status);
    tool_run(&said, "set", "77", "weight=1", NULL);
    assert_int_equal(said.code, 3);
    assert_non_null(strstr(said.err, "set vGPU 77.0: xen-vgpud: "));
}

static void test_sched(void **state)
{
    (void)state;
    tool_run(&said, "sched", "gfx", "policy=rr", "slice=4ms", NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    tool_run(&said, "sched", NULL);
    assert_int_equal(said.code, 0);
    assert_non_null(strstr(said.out, "gfx        rr               4ms "));
    tool_run(&said, "sched", "mm", "policy=rr", NULL);
    assert_int_equal(said.code, 1);
    assert_non_null(strstr(said.err, "change queue mm: xen-vgpud: "));
}

static void test_trace(void **state)
{
    unsigned int slices = 0, stops = 0;
    json_error_t error;
    json_t *json, *one;
    char file[96];
    const char *name;
    size_t i;

    (void)state;
    snprintf(file, sizeof(file), "%s/trace.json", rig.dir);
    tool_run(&said, "trace", file, NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    json = json_load_file(file, 0, &error);
    assert_non_null(json);
    json_array_foreach(json_object_get(json, "traceEvents"), i, one)
    {
        name = json_string_value(json_object_get(one, "name"));
        slices += !strcmp(name, "1.0 guest") || !strcmp(name, "2.0 guest");
        stops += !strcmp(name, "stopping");
    }
    assert_true(slices > 20 && stops > 10);
    json_decref(json);
}

static void test_metrics(void **state)
{
    (void)state;
    tool_run(&said, "metrics", NULL);
    assert_int_equal(said.code, 0);
    assert_non_null(strstr(said.out, "\nxen_vgpu_vgpus 2\n"));
}

static void test_recovery(void **state)
{
    (void)state;
    tool_run(&said, "reset", "2", "gfx", NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    rig_until(&rig, v[1]->engine[0].deaths == 1);
    tool_run(&said, "reset", "2", "mm", NULL);
    assert_int_equal(said.code, 1);
    tool_run(&said, "reset", "2", NULL);
    assert_int_equal(said.code, 0);
    rig_until(&rig, v[1]->resets == 1);
    tool_run(&said, "quarantine", "2", NULL);
    assert_int_equal(said.code, 0);
    rig_until(&rig, v[1]->quarantines == 1);
    tool_run(&said, "top", "-b", "-n", "1", "-d", "0.1", NULL);
    assert_non_null(strstr(said.out, "quarantined"));
    tool_run(&said, "release", "2", NULL);
    assert_int_equal(said.code, 0);
    rig_until(&rig, v[1]->releases == 1);
    /* The other one knows nothing of it. */
    assert_int_equal(v[0]->engine[0].deaths + v[0]->resets, 0);
}

static void test_death(void **state)
{
    json_t *status = NULL;

    (void)state;
    rig_daemon_kill(&rig);
    tool_run(&said, "sched", NULL);
    assert_int_equal(said.code, 4);
    assert_non_null(strstr(said.err, "nobody listens on"));
    rig_daemon_start(&rig, NULL);
    rig_until(&rig, (status = rig_ask(&rig, "{\"command\":\"status\"}", NULL)));
    json_decref(status);
    tool_run(&said, "sched", NULL);
    assert_int_equal(said.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top),     cmocka_unit_test(test_set),
        cmocka_unit_test(test_sched),   cmocka_unit_test(test_trace),
        cmocka_unit_test(test_metrics), cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_death),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
