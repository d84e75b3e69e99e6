/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's stream through the gfx engine, its driver included. The engine is
 * opened once; each input gets a fresh ring, and leaves no object behind.
 *
 * Draws and dispatches reach the driver cut short: that a GPU has much to do
 * is no finding.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "fuzz.h"
#include "gfx-prelude.h"

#define BUDGET_MS 500 /* then the guest turns bus mastering off */
#define OBJECTS_LOCAL (4u << 20)
#define SCENE_LOCAL (16u << 20)
#define DATA_BYTES (1u << 20) /* of objects, zero before each input */
#define MAX_WORDS 16384u

static struct gfx_rig t;
static timer_t timer;
static bool import;
static struct scene_guest guests[PRELUDE_NR_SCENES];

/* ---- The driver, less of it -----------------------------------------------
 */

static uint32_t at_most(uint32_t value, uint32_t max)
{
    return value < max ? value : max;
}

#define WRAPPED(name, ...)                                                     \
    void __real_##name(__VA_ARGS__);                                           \
    void __wrap_##name(__VA_ARGS__);                                           \
    void __wrap_##name(__VA_ARGS__)

WRAPPED(vkCmdDraw, VkCommandBuffer cmd, uint32_t vertices, uint32_t instances,
        uint32_t first, uint32_t first_instance)
{
    __real_vkCmdDraw(cmd, at_most(vertices, 96), at_most(instances, 4), first,
                     first_instance);
}

WRAPPED(vkCmdDrawIndexed, VkCommandBuffer cmd, uint32_t indices,
        uint32_t instances, uint32_t first, int32_t offset,
        uint32_t first_instance)
{
    __real_vkCmdDrawIndexed(cmd, at_most(indices, 96), at_most(instances, 4),
                            first, offset, first_instance);
}

WRAPPED(vkCmdDispatchBase, VkCommandBuffer cmd, uint32_t x, uint32_t y,
        uint32_t z, uint32_t nx, uint32_t ny, uint32_t nz)
{
    __real_vkCmdDispatchBase(cmd, x, y, z, at_most(nx, 4), at_most(ny, 4),
                             at_most(nz, 4));
}

/* ---- Running --------------------------------------------------------------
 */

static void too_long(int sig)
{
    (void)sig;
    LINK_WRITE(t.rig.link->dev.bus_master, 0);
}

/* A timer of our own: the alarm is libFuzzer's. */
static void alarm_in(long ms)
{
    const struct itimerspec it = {.it_value = {.tv_nsec = ms * 1000000}};

    timer_settime(timer, 0, &it, NULL);
}

static uint32_t run(const void *words, uint32_t n)
{
    const struct link_eng *eng = &t.rig.link->eng;

    if (!n)
        return XVGPU_FAULT_NONE;
    FUZZ_CHECK(fx_write(t.rig.domid, GFX_IB, words, n * 4ull) == 0);
    RIG_PUT(&t.rig, PKT(IB, 0, 4), LO(GFX_IB), HI(GFX_IB), n);
    alarm_in(BUDGET_MS);
    rig_go(&t.rig);
    alarm_in(0);
    LINK_WRITE(t.rig.link->dev.bus_master, 1);
    FUZZ_CHECK(eng->state <= LINK_STOPPED);
    FUZZ_CHECK(eng->fault_code <= XVGPU_FAULT_LIMIT);
    FUZZ_CHECK(eng->rptr % 4 == 0 && eng->rptr < t.rig.size);
    FUZZ_CHECK(t.g->local_used <= t.g->local_max);
    return eng->state == LINK_STOPPED ? eng->fault_code : XVGPU_FAULT_NONE;
}

/* ---- Life ------------------------------------------------------------------
 */

static void open_once(void)
{
    const struct sigaction sa = {.sa_handler = too_long,
                                 .sa_flags = SA_RESTART};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};

    if (t.g)
        return;
    gfx_rig_new(&t);
    import = t.g->vk.import;
    sigaction(SIGUSR2, &sa, NULL);
    FUZZ_CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
    FUZZ_CHECK(prelude_scenes(&t, guests) == 0);
}

static void prelude(uint32_t flags)
{
    uint32_t scene = flags >> 8, fault;

    t.g->vk.import = import && !(flags & PRELUDE_COPIED);
    t.g->chunk_draws = flags & PRELUDE_PARTS ? 1 : 8;
    t.g->local_max = scene ? SCENE_LOCAL : OBJECTS_LOCAL;
    memset(gfx_data(&t, GFX_DATA, DATA_BYTES), 0, DATA_BYTES);
    xvgpu_stream_init(&t.s, t.s.dw, GFX_IB_BYTES);
    if (scene)
        scene_guest_create(&guests[(scene - 1) % PRELUDE_NR_SCENES], &t.s);
    else
        objects_create(&t); /* shaders are in memory now */
    if (!scene && !(flags & PRELUDE_OBJECTS))
        xvgpu_stream_init(&t.s, t.s.dw, GFX_IB_BYTES);
    fault = run(t.s.dw, xvgpu_stream_dwords(&t.s));
    /* A scene's memory may be what an input before has made of it. */
    FUZZ_CHECK(scene || fault == XVGPU_FAULT_NONE ||
               fault == XVGPU_FAULT_BUS_MASTER);
}

static void nothing_is_left(void)
{
    FUZZ_CHECK(rig_start(&t.rig) == 0);
    FUZZ_CHECK(!t.g->objects && !t.g->graveyard && !t.g->local_used &&
               !t.g->mapped && !t.g->spirv && !t.g->copies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint32_t words[MAX_WORDS];
    struct bytes in = {data, data + size};
    uint32_t flags = (uint32_t)take(&in, 4), n;
    int rc;

    open_once();
    nothing_is_left();
    prelude(flags);
    n = (uint32_t)(bytes_left(&in) / 4);
    n = n < MAX_WORDS ? n : MAX_WORDS;
    memcpy(words, in.at, n * 4);
    run(words, n);
    if (flags & PRELUDE_RECOVER) {
        FUZZ_CHECK(gfx_drain(t.g) == 0);
        rc = gfx_ops.recover(t.rig.e);
        FUZZ_CHECK(rc == 0);
    }
    nothing_is_left();
    return 0;
}
