/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draws the scenes of tests/gfx with the gfx engine, lets it compute, and
 * shows the picture: two sums that are checked here (a reduction, a fractal),
 * queries, an order between engines, frames on the scanout.
 * Arguments: scene= (0: planet, see tests/gfx/scene.c), frames=, compute=0
 * (none), hold= (seconds that the last frame stays), width=, height=, route=,
 * completion=1, doorbell=1.
 */
#include "check.h"

#include "guest/lib/gfx-stream.h"
#include "tests/gfx/scene-stream.h"
#include "tests/gfx/scenes.h"

const char test_title[] = "vgpu-gfx: scenes on the gfx engine";

#define SURFACE_OFFSET  MB(1)
#define STREAM_BYTES    (XVGPU_IB_MAX_DWORDS * 4)
/* Pipelines are compiled at their first use; the machine is emulated. */
#define TIMEOUT         (300 * PLAT_S)
#define POLL            (500 * PLAT_US)
#define WAITS           100

/* Numbers of objects that are no scene's. */
#define QUERY_OCCLUSION 1
#define QUERY_TIME      2

static struct xvgpu_stream stream;
static struct scene_memory memory;
static bool signal;

static struct vgpu_engine *gfx(void)
{
    return &vgpu.engine[XVGPU_ENGINE_GFX];
}

static void begin(void)
{
    xvgpu_stream_init(&stream, stream.dw, STREAM_BYTES);
}

/* What begin() and builders have put, as an indirect buffer; 0 on failure. */
static uint64_t submit(const char *what)
{
    uint32_t dw[4], n = xvgpu_stream_dwords(&stream);
    uint64_t fence = 0;

    if (!CHECK(n, "%s: the stream does not fit", what))
        return 0;
    pkt_ib(dw, plat_gpa(stream.dw), n);
    if (engine_put(gfx(), dw, 4))
        fence = engine_submit(gfx(), signal);
    CHECK(fence, "%s: the ring does not drain", what);
    return fence;
}

static bool finish(uint64_t fence, const char *what)
{
    enum engine_result result = engine_wait(gfx(), fence, TIMEOUT,
                                            signal ? 0 : POLL);

    if (!CHECK(result == ENGINE_DONE, "%s: %s", what,
               result == ENGINE_FAULT ? "fault" : "time-out"))
        engine_print_fault(gfx());
    return result == ENGINE_DONE;
}

static bool run(const char *what)
{
    uint64_t fence = submit(what);

    return fence && finish(fence, what);
}

/* Objects of a scene are there when this returns true. */
static bool make(struct scene_guest *g, const struct scene *s,
                 const struct scene_surface *surface)
{
    bool ok;

    memory.size = scene_guest_bytes(s);
    memory.used = 0;
    memory.at = plat_alloc(memory.size, 0);
    memory.bus = plat_gpa(memory.at);
    ok = scene_guest_init(g, s, &memory, plat_arg("width", 0),
                          plat_arg("height", 0), 10, surface);
    if (!CHECK(ok, "%s: no room in memory", s->name))
        return false;
    begin();
    scene_guest_create(g, &stream);
    return run(s->name);
}

static bool drop(struct scene_guest *g)
{
    begin();
    scene_guest_destroy(g, &stream);
    return run("destroying objects");
}

/* A scene that computes, and what the processor makes of it. */
static void compute(const struct scene *s)
{
    static struct scene_guest g;
    uint64_t start = plat_now();
    int wrong;

    if (!make(&g, s, NULL))
        return;
    begin();
    scene_guest_draw(&g, &stream, 0);
    if (!run(s->name))
        return;
    wrong = scene_guest_check(&g);
    CHECK(wrong == SCENE_NONE, "%s: dword %d is wrong", s->name, wrong);
    printk("COMPUTE scene=%s ns=%lu\n", s->name, plat_now() - start);
    drop(&g);
}

static void show(const struct scene_guest *g, const struct scene_surface *s)
{
    vgpu_write(&vgpu, XVGPU_SCANOUT_FORMAT, XVGPU_FORMAT_XRGB8888);
    vgpu_write(&vgpu, XVGPU_SCANOUT_WIDTH, g->width);
    vgpu_write(&vgpu, XVGPU_SCANOUT_HEIGHT, g->height);
    vgpu_write(&vgpu, XVGPU_SCANOUT_STRIDE, s->stride);
    vgpu_write64(&vgpu, XVGPU_SCANOUT_BASE, SURFACE_OFFSET);
    vgpu_write(&vgpu, XVGPU_SCANOUT_CTRL, 1);
}

/* Fletcher-like sums of the visible pixels, as vgpu-draw has them. */
static uint64_t sums(const struct scene_guest *g, volatile char *pixels,
                     uint32_t stride)
{
    uint32_t a = 0, b = 0;

    for (uint32_t y = 0; y < g->height; y++) {
        volatile uint32_t *line =
            (volatile uint32_t *)(pixels + (uint64_t)y * stride);

        for (uint32_t x = 0; x < g->width; x++) {
            a += line[x] & 0xffffff;
            b += a;
        }
    }
    return (uint64_t)a << 32 | b;
}

/* A frame with queries around it; their values are looked at. */
static void queries(const struct scene_guest *g)
{
    uint64_t *value = plat_alloc(PAGE_SIZE, 0);

    begin();
    XVGPU_GFX(&stream, create_queries, .id = QUERY_OCCLUSION, .count = 1);
    XVGPU_GFX(&stream, create_queries, .id = QUERY_TIME, .type = 2,
              .count = 2);
    XVGPU_GFX(&stream, write_timestamp, .pool = QUERY_TIME,
              .stage = 0x1 /* top */);
    XVGPU_GFX(&stream, begin_query, .pool = QUERY_OCCLUSION, .precise = 1);
    scene_guest_draw(g, &stream, 0);
    XVGPU_GFX(&stream, end_query, .pool = QUERY_OCCLUSION);
    XVGPU_GFX(&stream, write_timestamp, .pool = QUERY_TIME, .query = 1,
              .stage = 0x2000 /* bottom */);
    XVGPU_GFX(&stream, copy_queries, .pool = QUERY_OCCLUSION, .count = 1,
              .stride = 8, .address = plat_gpa(value));
    XVGPU_GFX(&stream, copy_queries, .pool = QUERY_TIME, .count = 2,
              .stride = 8, .address = plat_gpa(value + 1));
    XVGPU_GFX(&stream, destroy, .class_ = XVGPU_GFX_QUERIES,
              .id = QUERY_OCCLUSION);
    XVGPU_GFX(&stream, destroy, .class_ = XVGPU_GFX_QUERIES, .id = QUERY_TIME);
    if (!run("queries"))
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
    fence = engine_submit(sdma(), signal);
    result = engine_wait(sdma(), fence, TIMEOUT, POLL);
    if (result != ENGINE_FAULT ||
        engine_read(sdma(), XVGPU_FAULT_CODE) != XVGPU_FAULT_WAIT_TIMEOUT)
        return result;
    engine_resume(sdma());
    engine_wait(sdma(), fence, TIMEOUT, POLL);
    return ENGINE_TIMEOUT;
}

/* sdma waits for the dword that gfx writes behind a frame, and copies it. */
static void across_engines(const struct scene_guest *g,
                           const struct scene_surface *s, uint64_t want)
{
    struct engine_config config = { .ring_size = 0 };
    uint64_t bytes = (uint64_t)s->stride * g->height, fence;
    enum engine_result result = ENGINE_TIMEOUT;
    volatile uint32_t *flag = plat_alloc(PAGE_SIZE, 0);
    char *copy = plat_alloc(bytes, 0);
    const uint32_t one = 1;
    uint32_t dw[16], n;

    if (!check_start_sdma(&config))
        return;
    n = pkt_wait_mem(dw, plat_gpa(flag), XVGPU_WAIT_EQ, 1, ~0u,
                     engine_read(sdma(), XVGPU_WAIT_LIMIT));
    n += pkt_copy(dw + n, s->bus, plat_gpa(copy), bytes);
    memset((void *)(vgpu.vram + SURFACE_OFFSET), 0, bytes);
    begin();
    scene_guest_draw(g, &stream, 0);
    xvgpu_put_write(&stream, plat_gpa(flag), &one, sizeof(one));
    fence = submit("a frame for sdma");
    for (unsigned int i = 0; fence && i < WAITS && result == ENGINE_TIMEOUT;
         i++)
        result = wait_and_copy(dw, n);
    if (!fence || !finish(fence, "a frame for sdma"))
        return;
    if (!CHECK(result == ENGINE_DONE, "sdma did not see gfx' dword"))
        engine_print_fault(sdma());
    CHECK(sums(g, copy, s->stride) == want, "sdma's copy is another picture");
    engine_stop(sdma());
}

static void frames(const struct scene *s)
{
    static struct scene_guest g;
    uint32_t n = plat_arg("frames", 3), turn;
    struct scene_surface surface;
    struct stats latency;
    uint64_t start, sum;
    uint32_t width = plat_arg("width", s->width);

    surface.bus = vgpu_vram_addr(&vgpu, SURFACE_OFFSET);
    surface.stride = ROUNDUP(width * 4, 256);
    if (!make(&g, s, &surface))
        return;
    if (!CHECK(SURFACE_OFFSET + (uint64_t)surface.stride * g.height <=
               vgpu.vram_size, "the picture does not fit"))
        return;
    stats_init(&latency);
    show(&g, &surface);
    /* The last one is the one that references show. */
    for (turn = n; turn--; ) {
        start = plat_now();
        begin();
        scene_guest_draw(&g, &stream, turn);
        if (!run("a frame"))
            return;
        stats_add(&latency, plat_now() - start);
    }
    sum = sums(&g, vgpu.vram + SURFACE_OFFSET, surface.stride);
    if (s->result != SCENE_NONE)
        CHECK(scene_guest_check(&g) == SCENE_NONE, "%s: its result is wrong",
              s->name);
    queries(&g);
    across_engines(&g, &surface, sum);
    CHECK(sums(&g, vgpu.vram + SURFACE_OFFSET, surface.stride) == sum,
          "the same frame is another picture");
    printk("PICTURE width=%u height=%u scene=%s sum=%08x%08x\n", g.width,
           g.height, s->name, (uint32_t)(sum >> 32), (uint32_t)sum);
    stats_print("vgpu-gfx", gfx(), &latency);
    plat_sleep(plat_arg("hold", 0) * PLAT_S);
    drop(&g);
}

void test_main(void)
{
    struct engine_config config = { .ring_size = 0 };
    uint32_t scene = plat_arg("scene", 0);
    enum vgpu_route route;

    if (!check_open())
        return;
    if (!(vgpu_read(&vgpu, XVGPU_ENGINES) & 1u << XVGPU_ENGINE_GFX))
        return xtf_skip("Skip: this vGPU has no gfx engine\n");
    if (scene >= scene_count || scenes[scene]->picture == SCENE_NONE)
        return xtf_error("Error: no such scene\n");
    route = plat_arg("route", VGPU_ROUTE_MSIX);
    config.doorbell_evtchn = plat_arg("doorbell", 0);
    config.completion_evtchn = plat_arg("completion", 0);
    signal = route != VGPU_ROUTE_NONE || config.completion_evtchn;
    vgpu_set_route(&vgpu, route);
    stream.dw = plat_alloc(STREAM_BYTES, 0);

    if (!CHECK(engine_start(gfx(), &config), "gfx does not start")) {
        engine_print_fault(gfx());
        return;
    }
    if (plat_arg("compute", 1)) {
        compute(&scene_reduce);
        compute(&scene_fractal);
    }
    frames(scenes[scene]);
    engine_stop(gfx());
    xtf_success(NULL);
}
