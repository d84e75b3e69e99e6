/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sched-guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/gfx/scenes.h"
#include "xen-vgpu/packet.h"

#define SIDE 64u
#define PICTURE (SIDE * SIDE * 4u)
#define BAR0 UINT64_C(0xf0000000)
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)
#define SHADER GFX_GUEST_OTHERS
#define SDMA_RING (GFX_GUEST_OTHERS + 0x100000)
#define SDMA_RING_BYTES 4096u
#define SDMA_FENCE (GFX_GUEST_OTHERS + 0x180000)
#define LIST (GFX_GUEST_OTHERS + 0x200000)
#define COPY (GFX_GUEST_OTHERS + 0x400000)
#define LIST_LENGTH 0x10000u /* entries of 4 bytes: 256 KiB */
#define DEPTH 8u             /* jobs on their way */

static domid_t domid_of(const struct sched_guest *s)
{
    return (domid_t)s->g.dm.domid;
}

static void set_wrong(struct sched_guest *s, const char *what)
{
    const char *none = NULL;

    __atomic_compare_exchange_n(&s->wrong, &none, what, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_ACQUIRE);
}

static bool goes_on(struct sched_guest *s)
{
    return !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&s->wrong, __ATOMIC_ACQUIRE);
}

/* ---- gfx ------------------------------------------------------------- */

static const char *frame(struct sched_guest *s)
{
    void *shown = gfx_guest_data(&s->g, GFX_GUEST_SURFACE, PICTURE);

    if (!shown)
        return "gfx: the surface is gone";
    memset(shown, 0, PICTURE);
    scene_guest_draw(&s->stream, &s->g.s, 0);
    if (!gfx_guest_submit(&s->g))
        return "gfx: the guest can't submit";
    if (gfx_guest_result(&s->g) != XVGPU_FAULT_NONE)
        return "gfx: a frame was not drawn";
    if (!s->first) {
        s->first = malloc(PICTURE);
        if (!s->first)
            return "no memory";
        memcpy(s->first, shown, PICTURE);
    }
    return memcmp(s->first, shown, PICTURE) ? "gfx: a frame is wrong" : NULL;
}

static void *gfx_main(void *arg)
{
    struct sched_guest *s = arg;
    const char *wrong;

    while (goes_on(s)) {
        wrong = frame(s);
        if (wrong)
            set_wrong(s, wrong);
        __atomic_add_fetch(&s->frames, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

/* ---- sdma ------------------------------------------------------------ */

static uint64_t sdma_csr(struct sched_guest *s, uint32_t reg, unsigned int size)
{
    uint64_t value = 0;

    if (fx_mmio_read(domid_of(s), 1, BAR0 + SDMA + reg, size, &value) < 0)
        set_wrong(s, "sdma: the vCPU was not answered");
    return value;
}

static void set_sdma_csr(struct sched_guest *s, uint32_t reg, unsigned int size,
                         uint64_t value)
{
    if (fx_mmio_write(domid_of(s), 1, BAR0 + SDMA + reg, size, value) < 0)
        set_wrong(s, "sdma: the vCPU was not answered");
}

static void put_job(struct sched_guest *s, uint32_t n)
{
    const uint32_t packets[] = {
        XVGPU_PKT_HEADER(XVGPU_PKT_WRITE, 0, 4),
        (uint32_t)LIST,
        0,
        n,
        XVGPU_PKT_HEADER(XVGPU_PKT_COPY_LINEAR, 0, 7),
        (uint32_t)LIST,
        0,
        (uint32_t)COPY,
        0,
        LIST_LENGTH * 4,
        0,
        XVGPU_PKT_HEADER(XVGPU_PKT_COPY_LINEAR, 0, 7),
        (uint32_t)COPY,
        0,
        (uint32_t)LIST + 4,
        0,
        LIST_LENGTH * 4,
        0,
        XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5),
        (uint32_t)SDMA_FENCE,
        0,
        n,
        0,
    };
    uint32_t i;

    for (i = 0; i < sizeof(packets) / 4; i++) {
        fx_write(domid_of(s), SDMA_RING + s->sdma_wptr, &packets[i], 4);
        s->sdma_wptr = (s->sdma_wptr + 4) % SDMA_RING_BYTES;
    }
    set_sdma_csr(s, XVGPU_WPTR, 4, s->sdma_wptr);
}

static void await_job(struct sched_guest *s, uint32_t n)
{
    uint64_t done = 0;
    int ms;

    for (ms = 0; ms < GFX_GUEST_PATIENCE_MS; ms++) {
        fx_read(domid_of(s), SDMA_FENCE, &done, sizeof(done));
        if (done >= n)
            return;
        if (sdma_csr(s, XVGPU_STATUS, 4) != XVGPU_STATUS_RUNNING)
            break;
        usleep(1000);
    }
    set_wrong(s, "sdma: a job was not done");
}

static void *sdma_main(void *arg)
{
    struct sched_guest *s = arg;
    uint32_t n = (uint32_t)s->jobs;

    while (goes_on(s)) {
        put_job(s, ++n);
        if (n > DEPTH)
            await_job(s, n - DEPTH);
        __atomic_store_n(&s->jobs, n, __ATOMIC_RELEASE);
    }
    if (n)
        await_job(s, n);
    return NULL;
}

static void sdma_start(struct sched_guest *s)
{
    const uint64_t zero = 0;

    fx_write(domid_of(s), SDMA_FENCE, &zero, sizeof(zero));
    s->jobs = s->sdma_wptr = 0;
    set_sdma_csr(s, XVGPU_RING_BASE, 8, SDMA_RING);
    set_sdma_csr(s, XVGPU_RING_SIZE, 4, SDMA_RING_BYTES);
    set_sdma_csr(s, XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    assert_int_equal(sdma_csr(s, XVGPU_STATUS, 4), XVGPU_STATUS_RUNNING);
}

/* The last in front, twice: it was put there before it was moved. */
static const char *check_list(struct sched_guest *s)
{
    const uint32_t *list = gfx_guest_data(&s->g, LIST, LIST_LENGTH * 4ull + 4);
    uint32_t n = (uint32_t)s->jobs, i;

    if (!list)
        return "sdma: the list is gone";
    for (i = 1; i <= LIST_LENGTH && i <= n; i++) {
        if (list[i] != n - i + 1)
            return list[i] > n - i + 1 ? "sdma: a job was done twice"
                                       : "sdma: a job was lost";
    }
    return NULL;
}

/* ---- Both ------------------------------------------------------------ */

static void draw_first(struct sched_guest *s)
{
    const struct scene_surface surface = {.bus = GFX_GUEST_SURFACE,
                                          .stride = SIDE * 4};
    const char *wrong;

    s->g.memory.used = 0;
    assert_true(scene_guest_init(&s->stream, &scene_stream, &s->g.memory, SIDE,
                                 SIDE, 0, &surface));
    scene_guest_create(&s->stream, &s->g.s);
    assert_true(gfx_guest_submit(&s->g));
    assert_int_equal(gfx_guest_result(&s->g), XVGPU_FAULT_NONE);
    wrong = frame(s);
    if (wrong)
        fail_msg("%s", wrong);
}

void sched_guest_start(struct sched_guest *s, const char *options)
{
    uint32_t i;

    memset(s, 0, sizeof(*s));
    gfx_guest_start(&s->g, options);
    draw_first(s);
    /* Black all over would be drawn by nobody. */
    for (i = 1; i < PICTURE / 4 && s->first[i] == s->first[0]; i++)
        ;
    assert_true(i < PICTURE / 4);
    sdma_start(s);
}

void sched_guest_again(struct sched_guest *s)
{
    gfx_guest_ring(&s->g);
    draw_first(s);
    sdma_start(s);
}

void sched_guest_work(struct sched_guest *s)
{
    s->stop = false;
    assert_int_equal(pthread_create(&s->threads[0], NULL, gfx_main, s), 0);
    assert_int_equal(pthread_create(&s->threads[1], NULL, sdma_main, s), 0);
}

void sched_guest_rest(struct sched_guest *s)
{
    __atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
    pthread_join(s->threads[0], NULL);
    pthread_join(s->threads[1], NULL);
}

static void assert_right(struct sched_guest *s)
{
    const char *wrong = __atomic_load_n(&s->wrong, __ATOMIC_ACQUIRE);

    if (wrong)
        fail_msg("domain %d: %s", s->g.dm.domid, wrong);
}

void sched_guest_await_progress(struct sched_guest *s)
{
    const uint64_t frames = __atomic_load_n(&s->frames, __ATOMIC_ACQUIRE);
    const uint64_t jobs = __atomic_load_n(&s->jobs, __ATOMIC_ACQUIRE);
    int ms;

    for (ms = 0; ms < GFX_GUEST_PATIENCE_MS; ms++) {
        assert_right(s);
        if (__atomic_load_n(&s->frames, __ATOMIC_ACQUIRE) > frames &&
            __atomic_load_n(&s->jobs, __ATOMIC_ACQUIRE) > jobs + DEPTH)
            return;
        usleep(1000);
    }
    fail_msg("domain %d: no progress: %ld frames, %ld jobs", s->g.dm.domid,
             (long)s->frames, (long)s->jobs);
}

void sched_guest_check(struct sched_guest *s)
{
    const char *wrong;

    assert_right(s);
    wrong = check_list(s);
    if (wrong)
        fail_msg("domain %d: %s", s->g.dm.domid, wrong);
    assert_int_equal(gfx_guest_csr(&s->g, GFX + XVGPU_RESETS, 4), 0);
    assert_int_equal(sdma_csr(s, XVGPU_RESETS, 4), 0);
    assert_int_equal(sdma_csr(s, XVGPU_JOBS, 8), s->jobs);
    assert_int_equal(gfx_guest_csr(&s->g, GFX + XVGPU_JOBS, 8), s->g.fence);
    assert_int_equal(gfx_guest_csr(&s->g, XVGPU_RESET_COUNT, 4), 0);
}

void sched_guest_make_hang(struct sched_guest *s)
{
    const struct gfx_shader *shader = &gfx_shaders[shader_hang_comp];
    void *at = gfx_guest_data(&s->g, SHADER, shader->size);

    assert_non_null(at);
    memcpy(at, shader->words, shader->size);
    XVGPU_GFX(&s->g.s, create_shader, .id = 200, .bytes = shader->size,
              .address = SHADER);
    XVGPU_GFX(&s->g.s, create_buffer, .id = 200, .heap = 1, .size = 4096);
    XVGPU_GFX(&s->g.s, create_set_layout, .id = 200, .bindings = 1);
    XVGPU_GFX_MORE(&s->g.s, binding, .binding = 0, .type = 7, .count = 1,
                   .stages = 0x20);
    XVGPU_GFX(&s->g.s, create_layout, .id = 200, .push_bytes = 4, .set0 = 200);
    XVGPU_GFX(&s->g.s, create_set, .id = 200, .layout = 200);
    XVGPU_GFX(&s->g.s, write_set, .id = 200, .binding = 0, .count = 1);
    XVGPU_GFX_MORE(&s->g.s, descriptor, .object = 200);
    XVGPU_GFX(&s->g.s, create_compute, .id = 200, .layout = 200, .shader = 200);
    sched_guest_dispatch(s, 1); /* it may compile, and take longer */
    assert_int_equal(gfx_guest_result(&s->g), XVGPU_FAULT_NONE);
}

void sched_guest_dispatch(struct sched_guest *s, uint32_t turns)
{
    XVGPU_GFX(&s->g.s, bind_pipeline, .id = 200);
    XVGPU_GFX(&s->g.s, bind_set, .point = 1, .set = 200);
    xvgpu_gfx_push(&s->g.s, 1, 0, &turns, sizeof(turns));
    XVGPU_GFX(&s->g.s, dispatch, .x = 1, .y = 1, .z = 1);
    assert_true(gfx_guest_submit(&s->g));
}
