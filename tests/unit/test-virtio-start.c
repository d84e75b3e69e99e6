/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts of a virtio-gpu's engine that 3D makes fail, or long: its domain comes
 * up all the same. */
#include "config.h"

#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/virtio_gpu.h>

#include "tools/client.h"

#define ENGINE "xen-vgpu-engine-virtio"

static char dir[64];
static struct dm dm;

/* Programs of ours, but for the engine: a script that knows whether it is the
 * first one, and what that does then. */
static void write_script(const char *first)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/" ENGINE, dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "#!/bin/sh\n"
            "dir=%s\n"
            "if mkdir $dir/first 2> /dev/null; then %s\n"
            "else mkdir -p $dir/second; fi\n"
            "exec %s/" ENGINE " \"$@\"\n",
            dir, first, getenv("XVGPU_TEST_REAL"));
    fclose(f);
    assert_int_equal(chmod(path, 0755), 0);
}

static int setup(void **state)
{
    static const char *const programs[] = {"xen-vgpu-device", "xen-vgpu-engine",
                                           "xen-vgpu-display"};
    char from[256], to[256];
    size_t i;

    (void)state;
    strcpy(dir, "/tmp/xvgpu-start-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chmod(dir, 0755), 0);
    for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        snprintf(from, sizeof(from), "%s/%s", getenv("XVGPU_TEST_REAL"),
                 programs[i]);
        snprintf(to, sizeof(to), "%s/%s", dir, programs[i]);
        assert_int_equal(symlink(from, to), 0);
    }
    setenv("XVGPU_LIBEXEC", dir, 1);
    return 0;
}

static int teardown(void **state)
{
    char command[96];

    harness_end_test(state);
    setenv("XVGPU_LIBEXEC", getenv("XVGPU_TEST_REAL"), 1);
    unsetenv("XVGPU_3D_SECONDS");
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void begin(const char *first, const char *second_vgpu)
{
    const char *const words[] = {"-vgpu", "model=virtio-gpu,sched=none",
                                 second_vgpu ? "-vgpu" : NULL, second_vgpu,
                                 NULL};
    const struct fx_domain_config config = {
        .ram_bytes = 16u << 20, .vcpus = 1, .timeout_ms = 60000};

    write_script(first);
    dm_start_on(&dm, fx_domain_create(&config), words);
    assert_true(dm_wait_running(&dm));
}

static uint64_t offered(const json_t *about)
{
    const char *text = json_string_value(json_object_get(about, "statistics"));
    const char *line = text ? strstr(text, "virtio.offered ") : NULL;

    assert_non_null(line);
    return strtoull(line + strlen("virtio.offered "), NULL, 10);
}

/* How often its engine was started; whether it has 3D. */
static void assert_started(unsigned int vgpu, unsigned int times, bool plain)
{
    const struct target t = {.domid = (uint32_t)dm.domid, .vgpu = vgpu};
    json_t *about = NULL, *engine;

    assert_int_equal(client_ask(&t, "show", &about, NULL), EXIT_OK);
    engine = json_object_get(json_object_get(about, "engines"), "gfx");
    assert_int_equal(json_integer_value(json_object_get(engine, "starts")),
                     times);
    assert_string_equal(json_string_value(json_object_get(engine, "process")),
                        "running");
    if (plain) {
        assert_string_equal(
            json_string_value(json_object_get(engine, "device")), "2D");
        assert_int_equal(offered(about) & 1u << VIRTIO_GPU_F_VIRGL, 0);
    }
    assert_int_not_equal(offered(about) & 1u << VIRTIO_GPU_F_EDID, 0);
    json_decref(about);
}

static void dies(void **state)
{
    (void)state;
    begin("exit 1", NULL);
    assert_started(0, 2, true);
    dm_kill_domain_and_check(&dm);
}

static void hangs(void **state)
{
    (void)state;
    setenv("XVGPU_3D_SECONDS", "1", 1);
    begin("exec sleep 600", NULL);
    assert_started(0, 2, true);
    dm_kill_domain_and_check(&dm);
}

/* The first one is ready only when the second one has begun. */
static void together(void **state)
{
    (void)state;
    begin("until [ -d $dir/second ]; do sleep 0.1; done",
          "model=virtio-gpu,sched=none");
    assert_started(0, 1, false);
    assert_started(1, 1, false);
    dm_kill_domain_and_check(&dm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dies, setup, teardown),
        cmocka_unit_test_setup_teardown(hangs, setup, teardown),
        cmocka_unit_test_setup_teardown(together, setup, teardown),
    };
    int rc;

    harness_start("fake");
    setenv("XVGPU_TEST_REAL", getenv("XVGPU_LIBEXEC"), 1);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
