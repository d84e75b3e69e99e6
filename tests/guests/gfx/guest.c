/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/guests/gfx/guest.h"

#define STREAM_BYTES (XVGPU_IB_MAX_DWORDS * 4)
#define FIRST_OBJECT 10 /* numbers up to it are the tests' own */

static struct xvgpu_stream stream;
static struct engine_config config;
static bool signal;

bool gfx_signals(void)
{
    return signal;
}

bool gfx_open(void)
{
    enum vgpu_route route;

    if (!check_open())
        return false;
    if (!(vgpu_read(&vgpu, XVGPU_ENGINES) & 1u << XVGPU_ENGINE_GFX)) {
        xtf_skip("Skip: this vGPU has no gfx engine\n");
        return false;
    }
    route = plat_arg("route", VGPU_ROUTE_MSIX);
    config.doorbell_evtchn = plat_arg("doorbell", 0);
    config.completion_evtchn = plat_arg("completion", 0);
    signal = route != VGPU_ROUTE_NONE || config.completion_evtchn;
    vgpu_set_route(&vgpu, route);
    stream.dw = plat_alloc(STREAM_BYTES, 0);
    if (CHECK(engine_start(gfx(), &config), "gfx does not start"))
        return true;
    engine_print_fault(gfx());
    return false;
}

bool gfx_start_again(void)
{
    engine_write(gfx(), XVGPU_CTRL, 0);
    return engine_start(gfx(), &config);
}

struct xvgpu_stream *gfx_begin(void)
{
    xvgpu_stream_init(&stream, stream.dw, STREAM_BYTES);
    return &stream;
}

const struct xvgpu_stream *gfx_begun(void)
{
    return &stream;
}

uint64_t gfx_submit(const char *what)
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

bool gfx_finish(uint64_t fence, const char *what)
{
    enum engine_result result =
        engine_wait(gfx(), fence, GFX_TIMEOUT, signal ? 0 : GFX_POLL);

    if (!CHECK(result == ENGINE_DONE, "%s: %s", what,
               result == ENGINE_FAULT ? "fault" : "time-out"))
        engine_print_fault(gfx());
    return result == ENGINE_DONE;
}

bool gfx_run(const char *what)
{
    uint64_t fence = gfx_submit(what);

    return fence && gfx_finish(fence, what);
}

bool gfx_make(struct scene_guest *g, const struct scene *s,
              const struct scene_surface *surface)
{
    struct scene_memory memory = { .size = scene_guest_bytes(s) };
    bool ok;

    memory.at = plat_alloc(memory.size, 0);
    memory.bus = plat_gpa(memory.at);
    ok = scene_guest_init(g, s, &memory, plat_arg("width", 0),
                          plat_arg("height", 0), FIRST_OBJECT, surface);
    return CHECK(ok, "%s: no room in memory", s->name) && gfx_make_again(g);
}

bool gfx_make_again(const struct scene_guest *g)
{
    scene_guest_create(g, gfx_begin());
    return gfx_run(g->scene->name);
}

bool gfx_drop(const struct scene_guest *g)
{
    scene_guest_destroy(g, gfx_begin());
    return gfx_run("destroying objects");
}

bool gfx_surface(struct scene_surface *surface, const struct scene *s)
{
    uint32_t width = plat_arg("width", s->width);

    surface->bus = vgpu_vram_addr(&vgpu, GFX_SURFACE);
    surface->stride = ROUNDUP(width * 4, 256);
    return CHECK(GFX_SURFACE +
                         surface->stride * plat_arg("height", s->height) <=
                     vgpu.vram_size,
                 "the picture does not fit into VRAM");
}

void gfx_show(const struct scene_guest *g)
{
    vgpu_write(&vgpu, XVGPU_SCANOUT_FORMAT, XVGPU_FORMAT_XRGB8888);
    vgpu_write(&vgpu, XVGPU_SCANOUT_WIDTH, g->width);
    vgpu_write(&vgpu, XVGPU_SCANOUT_HEIGHT, g->height);
    vgpu_write(&vgpu, XVGPU_SCANOUT_STRIDE, g->surface.stride);
    vgpu_write64(&vgpu, XVGPU_SCANOUT_BASE, GFX_SURFACE);
    vgpu_write(&vgpu, XVGPU_SCANOUT_CTRL, 1);
}

uint64_t gfx_sums(const struct scene_guest *g, volatile char *pixels)
{
    uint32_t a = 0, b = 0;

    for (uint32_t y = 0; y < g->height; y++) {
        volatile uint32_t *line =
            (volatile uint32_t *)(pixels + (uint64_t)y * g->surface.stride);

        for (uint32_t x = 0; x < g->width; x++) {
            a += line[x] & 0xffffff;
            b += a;
        }
    }
    return (uint64_t)a << 32 | b;
}

uint64_t gfx_shown(const struct scene_guest *g)
{
    return gfx_sums(g, vgpu.vram + GFX_SURFACE);
}

static uint64_t picture_bytes(const struct scene_guest *g)
{
    return (uint64_t)g->surface.stride * g->height;
}

const char *gfx_keep(const struct scene_guest *g)
{
    char *kept = plat_alloc(picture_bytes(g), 0);

    memcpy(kept, (const char *)vgpu.vram + GFX_SURFACE, picture_bytes(g));
    return kept;
}

/* Of the three colours, the one that differs most. */
static uint32_t distance(uint32_t a, uint32_t b)
{
    uint32_t most = 0;

    for (uint32_t shift = 0; shift < 24; shift += 8) {
        int32_t d = (int32_t)(a >> shift & 0xff) - (int32_t)(b >> shift & 0xff);

        if (d < 0)
            d = -d;
        if ((uint32_t)d > most)
            most = d;
    }
    return most;
}

bool gfx_same(const struct scene_guest *g, volatile char *pixels,
              const char *kept, const char *what)
{
    uint32_t n = 0, most = 0, x0 = g->width, y0 = g->height, x1 = 0, y1 = 0;

    for (uint32_t y = 0; y < g->height; y++) {
        const uint64_t line = (uint64_t)y * g->surface.stride;

        for (uint32_t x = 0; x < g->width; x++) {
            uint32_t d = distance(*(volatile uint32_t *)(pixels + line + x * 4),
                                  *(const uint32_t *)(kept + line + x * 4));

            if (!d)
                continue;
            n++;
            most = d > most ? d : most;
            x0 = x < x0 ? x : x0;
            x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0;
            y1 = y;
        }
    }
    return CHECK(!n,
                 "%s: another picture: %u pixels differ, by %u at most, "
                 "in %u,%u to %u,%u",
                 what, n, most, x0, y0, x1, y1);
}

void gfx_print_picture(const struct scene_guest *g, uint64_t sum)
{
    printk("PICTURE width=%u height=%u scene=%s sum=%08x%08x\n", g->width,
           g->height, g->scene->name, (uint32_t)(sum >> 32), (uint32_t)sum);
}
