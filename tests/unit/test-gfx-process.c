/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu-engine-gfx as the monitor starts it, in its sandbox: scenes of all
 * stages, a process that is killed, a shader that does not end. */
#include "gfx-guest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/gfx/scenes.h"

#define OTHERS GFX_GUEST_OTHERS
#define SURFACE GFX_GUEST_SURFACE
#define PATIENCE_MS GFX_GUEST_PATIENCE_MS

static struct gfx_guest guest;

static uint64_t csr(uint32_t reg, unsigned int size)
{
    uint64_t value = gfx_guest_csr(&guest, reg, size);

    assert_false(guest.broken);
    return value;
}

static void *data(uint64_t gpa, size_t bytes)
{
    void *p = gfx_guest_data(&guest, gpa, bytes);

    assert_non_null(p);
    return p;
}

static void start(const char *options)
{
    gfx_guest_start(&guest, options);
}

static void submit(void)
{
    assert_true(gfx_guest_submit(&guest));
}

static uint32_t result(void)
{
    return gfx_guest_result(&guest);
}

static void run(void)
{
    submit();
    assert_int_equal(result(), XVGPU_FAULT_NONE);
}

static void resume(void)
{
    assert_int_equal(gfx_guest_resume(&guest), XVGPU_FAULT_NONE);
}

static void end(void)
{
    dm_kill_domain_and_check(&guest.dm);
}

static void create(struct scene_guest *g, const struct scene *s, uint32_t side,
                   uint32_t base)
{
    const struct scene_surface surface = {
        .bus = s->picture == SCENE_NONE ? 0 : SURFACE, .stride = side * 4};

    assert_true(
        scene_guest_init(g, s, &guest.memory, side, side, base, &surface));
    scene_guest_create(g, &guest.s);
    run();
}

static bool drawn(uint32_t side)
{
    const uint32_t *p = data(SURFACE, side * side * 4ull);
    uint32_t i, first = p[0] & 0xffffff;

    for (i = 0; i < side * side; i++) {
        if ((p[i] & 0xffffff) != first)
            return true;
    }
    return false;
}

static off_t cached(void)
{
    char command[400], text[32] = "";
    FILE *f;

    snprintf(command, sizeof(command), "du -s %s/%d.0",
             getenv("XVGPU_CACHE_DIR"), guest.dm.domid);
    f = popen(command, "r");
    assert_non_null(f);
    if (!fgets(text, sizeof(text), f))
        text[0] = '\0';
    pclose(f);
    return strtol(text, NULL, 10);
}

/* What `show` says of the engine. */
static const char *said(const char *key, char text[128])
{
    json_t *j = dm_admin(&guest.dm, "{\"command\":\"show\"}");
    const json_t *engines =
        json_object_get(json_object_get(j, "return"), "engines");
    const char *value = json_string_value(
        json_object_get(json_object_get(engines, "gfx"), key));

    assert_non_null(value);
    snprintf(text, 128, "%s", value);
    json_decref(j);
    return text;
}

#define SIDE 64u

static void draws_and_computes(void **state)
{
    static struct scene_guest planet, reduce;
    char text[128];
    int ms;

    (void)state;
    start("vram=2M,sched=none,engines=gfx,watchdog=60000");
    assert_int_equal(csr(XVGPU_LOCAL_SIZE, 8), 256 << 20);
    assert_int_equal(csr(XVGPU_ENGINES, 4), 1u << XVGPU_ENGINE_GFX);
    create(&planet, &scene_planet, SIDE, 0);
    scene_guest_draw(&planet, &guest.s, 0);
    run();
    assert_true(drawn(SIDE));
    create(&reduce, &scene_reduce, 0, 100);
    scene_guest_draw(&reduce, &guest.s, 0);
    run();
    assert_int_equal(scene_guest_check(&reduce), SCENE_NONE);
    assert_string_equal(said("guest_memory", text), "used in place");
    assert_int_equal(strncmp(said("device", text), "llvmpipe", 8), 0);
    /* A thread of the driver's writes it when it finds the time. */
    for (ms = 0; ms < PATIENCE_MS && cached() <= 100; ms += 100)
        usleep(100000);
    assert_true(cached() > 100);
    assert_int_equal(csr(GFX + XVGPU_RESETS, 4), 0);
    end();
}

/* A successor has the objects, and goes on. */
static void a_successor_goes_on(void **state)
{
    static struct scene_guest planet;
    uint32_t picture[SIDE * SIDE];
    pid_t pid;
    int i;

    (void)state;
    start("vram=2M,sched=none,engines=gfx+sdma,watchdog=60000");
    create(&planet, &scene_planet, SIDE, 0);
    scene_guest_draw(&planet, &guest.s, 0);
    run();
    memcpy(picture, data(SURFACE, sizeof(picture)), sizeof(picture));
    pid = dm_process(&guest.dm, "engine gfx");
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    for (i = 0; i < 6000 && csr(GFX + XVGPU_RESETS, 4) != 1; i++)
        usleep(10000);
    assert_int_equal(csr(GFX + XVGPU_FAULT_CODE, 4), XVGPU_FAULT_ENGINE_RESET);
    resume();
    memset(data(SURFACE, sizeof(picture)), 0, sizeof(picture));
    scene_guest_draw(&planet, &guest.s, 0);
    run();
    assert_true(drawn(SIDE));
    end();
}

/* PACKETS moves while an indirect buffer of 1,000 draws runs. */
static void packets_are_counted_on_the_way(void **state)
{
    static struct scene_guest stream;
    uint64_t before, now;
    bool seen = false;
    int i;

    (void)state;
    start("vram=2M,sched=none,engines=gfx,watchdog=60000");
    create(&stream, &scene_stream, SIDE, 0);
    /* Frames take some 30 ms, the first one longer. */
    for (i = 0; i < 100 && !seen; i++) {
        before = csr(GFX + XVGPU_PACKETS, 8);
        scene_guest_draw(&stream, &guest.s, 0);
        submit();
        do {
            now = csr(GFX + XVGPU_PACKETS, 8);
            seen |= now > before + 2 && now < before + 500;
            assert_true(now >= before);
        } while (csr(GFX + XVGPU_FENCE, 8) != guest.fence &&
                 csr(GFX + XVGPU_STATUS, 4) == XVGPU_STATUS_RUNNING);
        assert_int_equal(result(), XVGPU_FAULT_NONE);
    }
    assert_true(seen);
    end();
}

/* A dispatch without end: the process ends itself, the guest is told that it
 * was this packet, and what comes after works. */
static void a_shader_hangs(void **state)
{
    static struct scene_guest reduce;
    const struct gfx_shader *s = &gfx_shaders[shader_hang_comp];
    const uint32_t one = 1, turns = ~0u;

    (void)state;
    start("vram=2M,sched=none,engines=gfx,watchdog=6000");
    memcpy(data(OTHERS, s->size), s->words, s->size);
    XVGPU_GFX(&guest.s, create_shader, .id = 1, .bytes = s->size,
              .address = OTHERS);
    XVGPU_GFX(&guest.s, create_buffer, .id = 1, .heap = 1, .size = 4096);
    XVGPU_GFX(&guest.s, create_set_layout, .id = 1, .bindings = 1);
    XVGPU_GFX_MORE(&guest.s, binding, .binding = 0, .type = 7, .count = 1,
                   .stages = 0x20);
    XVGPU_GFX(&guest.s, create_layout, .id = 1, .push_bytes = 4, .set0 = 1);
    XVGPU_GFX(&guest.s, create_set, .id = 1, .layout = 1);
    XVGPU_GFX(&guest.s, write_set, .id = 1, .binding = 0, .count = 1);
    XVGPU_GFX_MORE(&guest.s, descriptor, .object = 1);
    XVGPU_GFX(&guest.s, create_compute, .id = 1, .layout = 1, .shader = 1);
    /* The first use may compile, and take longer. */
    XVGPU_GFX(&guest.s, bind_pipeline, .id = 1);
    XVGPU_GFX(&guest.s, bind_set, .point = 1, .set = 1);
    xvgpu_gfx_push(&guest.s, 1, 0, &one, sizeof(one));
    XVGPU_GFX(&guest.s, dispatch, .x = 1, .y = 1, .z = 1);
    run();
    xvgpu_gfx_push(&guest.s, 1, 0, &turns, sizeof(turns));
    XVGPU_GFX(&guest.s, dispatch, .x = 1, .y = 1, .z = 1);
    submit();
    assert_int_equal(result(), XVGPU_FAULT_ENGINE_HUNG);
    assert_int_equal(csr(GFX + XVGPU_RESETS, 4), 1);
    resume();
    create(&reduce, &scene_reduce, 0, 100);
    scene_guest_draw(&reduce, &guest.s, 0);
    run();
    assert_int_equal(scene_guest_check(&reduce), SCENE_NONE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(draws_and_computes),
        harness_test(a_successor_goes_on),
        harness_test(packets_are_counted_on_the_way),
        harness_test(a_shader_hangs),
    };
    int rc;

    /* What sanitizers find in the driver is not ours to mend. */
    setenv("TSAN_OPTIONS", "report_bugs=0", 1);
    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
