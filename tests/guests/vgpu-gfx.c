/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draws the scenes of tests/gfx with the gfx engine, lets it compute, and
 * shows the picture: two sums that are checked here (a reduction, a fractal),
 * queries, an order between engines, frames on the scanout.
 * Arguments: scene= (0: planet, see tests/gfx/scene.c), frames=, compute=0
 * (none), queries=0 (none), again= (times that the last frame is drawn and
 * compared), hold= (seconds that it stays), width=, height=, route=,
 * completion=1, doorbell=1.
 */
#include "tests/guests/gfx/guest.h"
#include "tests/gfx/scenes.h"

const char test_title[] = "vgpu-gfx: scenes on the gfx engine";

/* Numbers of objects that are no scene's. */
#define QUERY_OCCLUSION 1
#define QUERY_TIME      2

/* What was drawn or dispatched, and how long it took: to be added up. */
static void print_work(const char *what, const struct scene *s, uint64_t start)
{
    printk("%s scene=%s draws=%u ns=%lu\n", what, s->name, scene_draws(s),
           plat_now() - start);
}

/* A scene that computes, and what the processor makes of it. */
static void compute(const struct scene *s)
{
    static struct scene_guest g;
    uint64_t start = plat_now();
    int wrong;

    if (!gfx_make(&g, s, NULL))
        return;
    scene_guest_draw(&g, gfx_begin(), 0);
    if (!gfx_run(s->name))
        return;
    wrong = scene_guest_check(&g);
    if (CHECK(wrong == SCENE_NONE, "%s: dword %d is wrong", s->name, wrong))
        print_work("COMPUTE", s, start);
    gfx_drop(&g);
}

/* A frame with queries around it; their values are looked at. */
static void queries(const struct scene_guest *g)
{
    uint64_t *value = plat_alloc(PAGE_SIZE, 0);
    struct xvgpu_stream *stream = gfx_begin();

    XVGPU_GFX(stream, create_queries, .id = QUERY_OCCLUSION, .count = 1);
    XVGPU_GFX(stream, create_queries, .id = QUERY_TIME, .type = 2,
              .count = 2);
    XVGPU_GFX(stream, write_timestamp, .pool = QUERY_TIME,
              .stage = 0x1 /* top */);
    XVGPU_GFX(stream, begin_query, .pool = QUERY_OCCLUSION, .precise = 1);
    scene_guest_draw(g, stream, 0);
    XVGPU_GFX(stream, end_query, .pool = QUERY_OCCLUSION);
    XVGPU_GFX(stream, write_timestamp, .pool = QUERY_TIME, .query = 1,
              .stage = 0x2000 /* bottom */);
    XVGPU_GFX(stream, copy_queries, .pool = QUERY_OCCLUSION, .count = 1,
              .stride = 8, .address = plat_gpa(value));
    XVGPU_GFX(stream, copy_queries, .pool = QUERY_TIME, .count = 2,
              .stride = 8, .address = plat_gpa(value + 1));
    XVGPU_GFX(stream, destroy, .class_ = XVGPU_GFX_QUERIES,
              .id = QUERY_OCCLUSION);
    XVGPU_GFX(stream, destroy, .class_ = XVGPU_GFX_QUERIES, .id = QUERY_TIME);
    if (!gfx_run("queries"))
        return;
    /* The sky alone covers each pixel with as many samples as there are. */
    CHECK(value[0] >= (uint64_t)g->width * g->height, "%lu samples", value[0]);
    CHECK(value[1] && value[1] <= value[2], "from %lu to %lu", value[1],
          value[2]);
    printk("QUERIES samples=%lu ns=%lu\n", value[0], value[2] - value[1]);
}

/*
 * One attempt of sdma to see the dword and copy; a wait has a limit, and the
 * machine is slow: after a time-out the job is skipped and put again.
 */
static enum engine_result wait_and_copy(const uint32_t *dw, uint32_t n)
{
    enum engine_result result;
    uint64_t fence;

    if (!engine_put(sdma(), dw, n))
        return ENGINE_TIMEOUT;
    fence = engine_submit(sdma(), gfx_signals());
    result = engine_wait(sdma(), fence, GFX_TIMEOUT, GFX_POLL);
    if (result != ENGINE_FAULT ||
        engine_read(sdma(), XVGPU_FAULT_CODE) != XVGPU_FAULT_WAIT_TIMEOUT)
        return result;
    engine_resume(sdma());
    engine_wait(sdma(), fence, GFX_TIMEOUT, GFX_POLL);
    return ENGINE_TIMEOUT;
}

/* sdma waits for the dword that gfx writes behind a frame, and copies it. */
static void across_engines(const struct scene_guest *g, const char *want)
{
    struct engine_config config = { .ring_size = 0 };
    uint64_t bytes = (uint64_t)g->surface.stride * g->height, fence, start;
    enum engine_result result = ENGINE_TIMEOUT;
    volatile uint32_t *flag = plat_alloc(PAGE_SIZE, 0);
    char *copy = plat_alloc(bytes, 0);
    struct xvgpu_stream *stream;
    const uint32_t one = 1;
    uint32_t dw[16], n;

    if (!check_start_sdma(&config))
        return;
    n = pkt_wait_mem(dw, plat_gpa(flag), XVGPU_WAIT_EQ, 1, ~0u,
                     engine_read(sdma(), XVGPU_WAIT_LIMIT));
    n += pkt_copy(dw + n, g->surface.bus, plat_gpa(copy), bytes);
    memset((void *)(vgpu.vram + GFX_SURFACE), 0, bytes);
    start = plat_now();
    stream = gfx_begin();
    scene_guest_draw(g, stream, 0);
    xvgpu_put_write(stream, plat_gpa(flag), &one, sizeof(one));
    fence = gfx_submit("a frame for sdma");
    while (fence && result == ENGINE_TIMEOUT &&
           plat_now() - start < GFX_TIMEOUT)
        result = wait_and_copy(dw, n);
    if (!fence || !gfx_finish(fence, "a frame for sdma"))
        return;
    if (!CHECK(result == ENGINE_DONE, "sdma did not see gfx' dword"))
        engine_print_fault(sdma());
    if (gfx_same(g, copy, want, "sdma's copy"))
        print_work("COPIED", g->scene, start);
    engine_stop(sdma());
}

/* More of the same, while others do what they do. */
static bool again(const struct scene_guest *g, const char *want)
{
    uint32_t n = plat_arg("again", 0), i;

    for (i = 0; i < n; i++) {
        memset((void *)(vgpu.vram + GFX_SURFACE), 0,
               (uint64_t)g->surface.stride * g->height);
        scene_guest_draw(g, gfx_begin(), 0);
        if (!gfx_run("the same frame") ||
            !gfx_same(g, vgpu.vram + GFX_SURFACE, want, "the same frame"))
            return false;
        printk("AGAIN frame=%u\n", i);
    }
    return true;
}

static void frames(const struct scene *s)
{
    static struct scene_guest g;
    uint32_t n = plat_arg("frames", 3), turn;
    struct scene_surface surface;
    struct stats latency;
    const char *kept;
    uint64_t start, sum;

    if (!gfx_surface(&surface, s) || !gfx_make(&g, s, &surface))
        return;
    stats_init(&latency);
    gfx_show(&g);
    /* The last one is the one that references show. */
    for (turn = n; turn--; ) {
        start = plat_now();
        scene_guest_draw(&g, gfx_begin(), turn);
        if (!gfx_run("a frame"))
            return;
        stats_add(&latency, plat_now() - start);
        print_work("FRAME", s, start);
    }
    sum = gfx_shown(&g);
    kept = gfx_keep(&g);
    if (s->result != SCENE_NONE)
        CHECK(scene_guest_check(&g) == SCENE_NONE, "%s: its result is wrong",
              s->name);
    if (plat_arg("queries", 1))
        queries(&g);
    across_engines(&g, kept);
    gfx_same(&g, vgpu.vram + GFX_SURFACE, kept, "the same frame");
    gfx_print_picture(&g, sum);
    if (!again(&g, kept))
        return;
    stats_print("vgpu-gfx", gfx(), &latency);
    plat_sleep(plat_arg("hold", 0) * PLAT_S);
    gfx_drop(&g);
}

void test_main(void)
{
    uint32_t scene;

    if (!gfx_open()) /* arguments can be read from here on */
        return;
    scene = plat_arg("scene", 0);
    if (scene >= scene_count || scenes[scene]->picture == SCENE_NONE)
        return xtf_error("Error: no such scene\n");
    if (plat_arg("compute", 1)) {
        compute(&scene_reduce);
        compute(&scene_fractal);
    }
    frames(scenes[scene]);
    engine_stop(gfx());
    xtf_success(NULL);
}
