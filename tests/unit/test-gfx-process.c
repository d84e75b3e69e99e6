/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu-engine-gfx as the monitor starts it, in its sandbox: scenes of all
 * stages, a process that is killed, a shader that does not end. */
#include "harness.h"

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

#include "tests/gfx/scene-stream.h"
#include "tests/gfx/scenes.h"
#include "xen-vgpu/csr.h"
#include "xen-vgpu/packet.h"

#define BDF 0x80 /* slot 0x10 */
#define BAR0 UINT64_C(0xf0000000)
#define RAM_MIB 96u
#define RING UINT64_C(0x100000)
#define RING_BYTES 4096u
#define IB UINT64_C(0x200000)
#define IB_BYTES 0x100000u
#define SURFACE UINT64_C(0x400000)
#define OTHERS UINT64_C(0x800000) /* of tests */
#define MEMORY UINT64_C(0x1000000)
#define GFX XVGPU_ENGINE_BASE(XVGPU_ENGINE_GFX)
#define PATIENCE_MS 120000

static uint32_t packets[IB_BYTES / 4];

static struct guest {
    struct dm dm;
    struct xvgpu_stream s;
    struct scene_memory memory;
    uint32_t wptr;
    uint64_t fence;
} guest;

static uint64_t csr(uint32_t reg, unsigned int size)
{
    uint64_t value = 0;

    assert_int_equal(
        fx_mmio_read((domid_t)guest.dm.domid, 0, BAR0 + reg, size, &value), 0);
    return value;
}

static void set_csr(uint32_t reg, unsigned int size, uint64_t value)
{
    assert_int_equal(
        fx_mmio_write((domid_t)guest.dm.domid, 0, BAR0 + reg, size, value), 0);
}

static void set_cfg(unsigned int reg, uint32_t value)
{
    assert_int_equal(
        fx_pci_cfg_write((domid_t)guest.dm.domid, 0, BDF, reg, 4, value), 0);
}

static void *data(uint64_t gpa, size_t bytes)
{
    void *p = fx_ptr((domid_t)guest.dm.domid, gpa, bytes);

    assert_non_null(p);
    return p;
}

/* A guest whose gfx ring runs. */
static void start(const char *options)
{
    const struct fx_domain_config config = {
        .ram_bytes = (uint64_t)RAM_MIB << 20,
        .vcpus = 1,
        .extra_kb = HARNESS_VRAM_MIB << 10,
        .timeout_ms = PATIENCE_MS,
    };
    const char *const words[] = {"-vgpu", options, NULL};
    const uint64_t room = ((uint64_t)RAM_MIB << 20) - MEMORY;
    int domid = fx_domain_create(&config);

    assert_true(domid > 0);
    memset(&guest, 0, sizeof(guest));
    dm_start_on(&guest.dm, domid, words);
    assert_true(dm_wait_running(&guest.dm));
    set_cfg(0x10, (uint32_t)BAR0);
    set_cfg(0x04, 0x6);
    set_csr(GFX + XVGPU_RING_BASE, 8, RING);
    set_csr(GFX + XVGPU_RING_SIZE, 4, RING_BYTES);
    set_csr(GFX + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    assert_int_equal(csr(GFX + XVGPU_FAULT_CODE, 4), XVGPU_FAULT_NONE);
    assert_int_equal(csr(GFX + XVGPU_STATUS, 4), XVGPU_STATUS_RUNNING);
    guest.memory = (struct scene_memory){
        .at = data(MEMORY, room), .bus = MEMORY, .size = room};
    xvgpu_stream_init(&guest.s, packets, sizeof(packets));
}

/* What is in guest.s, and a fence. */
static void submit(void)
{
    const uint32_t n = xvgpu_stream_dwords(&guest.s);
    const uint64_t fence = ++guest.fence;
    const uint32_t ring[] = {
        XVGPU_PKT_HEADER(XVGPU_PKT_IB, 0, 4),
        (uint32_t)IB,
        (uint32_t)(IB >> 32),
        n,
        XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5),
        0,
        0,
        (uint32_t)fence,
        (uint32_t)(fence >> 32),
    };
    uint32_t i;

    assert_true(n);
    memcpy(data(IB, sizeof(packets)), packets, n * 4ull);
    for (i = 0; i < sizeof(ring) / 4; i++) {
        memcpy(data(RING + guest.wptr, 4), &ring[i], 4);
        guest.wptr = (guest.wptr + 4) % RING_BYTES;
    }
    set_csr(GFX + XVGPU_WPTR, 4, guest.wptr);
    xvgpu_stream_init(&guest.s, packets, sizeof(packets));
}

/* Until the fence is there or the ring stops; the fault's code. */
static uint32_t result(void)
{
    int ms;

    for (ms = 0; ms < PATIENCE_MS; ms += 5) {
        if (csr(GFX + XVGPU_FENCE, 8) == guest.fence)
            return XVGPU_FAULT_NONE;
        if (csr(GFX + XVGPU_STATUS, 4) != XVGPU_STATUS_RUNNING)
            return (uint32_t)csr(GFX + XVGPU_FAULT_CODE, 4);
        usleep(5000);
    }
    fail_msg("neither done nor stopped");
    return 0;
}

static void run(void)
{
    submit();
    assert_int_equal(result(), XVGPU_FAULT_NONE);
}

/* The rest of the packet is passed over; the ring goes on to its end. */
static void resume(void)
{
    set_csr(GFX + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
    assert_int_equal(result(), XVGPU_FAULT_NONE);
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

#define SIDE 64u

static void draws_and_computes(void **state)
{
    static struct scene_guest planet, reduce;
    int ms;

    (void)state;
    start("vram=2M,engines=gfx,watchdog=60000");
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
    start("vram=2M,engines=gfx+sdma,watchdog=60000");
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

/* A dispatch without end: the process ends itself, the guest is told that it
 * was this packet, and what comes after works. */
static void a_shader_hangs(void **state)
{
    static struct scene_guest reduce;
    const struct gfx_shader *s = &gfx_shaders[shader_hang_comp];
    const uint32_t one = 1, turns = ~0u;

    (void)state;
    start("vram=2M,engines=gfx,watchdog=6000");
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
