/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paints a picture with sdma and shows it: a gradient, a frame of tiles and
 * rectangles that move from frame to frame.
 * Arguments: style= (colours), frames=, hold= (seconds that the last frame
 * stays), width=, height=, route=, completion=1, doorbell=1.
 */
#include "check.h"

const char test_title[] = "vgpu-draw: a picture on the scanout";

#define SURFACE_OFFSET MB(1)
#define TILE           32
#define RECTANGLES     12

static uint32_t width, height, stride, style;
static uint64_t surface;

static uint32_t rgb(uint32_t r, uint32_t g, uint32_t b)
{
    return (r & 0xff) << 16 | (g & 0xff) << 8 | (b & 0xff);
}

/* Each style has a tint of its own that nobody takes for another's. */
static uint32_t tint(uint32_t a, uint32_t b)
{
    switch (style % 3) {
    case 0:
        return rgb(a, b / 2, 64);
    case 1:
        return rgb(32, a, b);
    default:
        return rgb(b, 48, a);
    }
}

static uint64_t pixel(uint32_t x, uint32_t y)
{
    return surface + (uint64_t)y * stride + x * 4;
}

static bool put(const uint32_t *dw, unsigned int n)
{
    return engine_put(sdma(), dw, n);
}

static bool fill(uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t c)
{
    uint32_t dw[8];

    return put(dw, pkt_fill_rect(dw, pixel(x, y), stride, c, w * 4, h));
}

/* The background comes from RAM, where it is made once. */
static void make_gradient(uint32_t *lines)
{
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            lines[y * width + x] = tint(x * 255 / width, y * 255 / height);
}

static bool gradient(const uint32_t *lines)
{
    uint32_t dw[16];

    return put(dw, pkt_copy_rect(dw, plat_gpa(lines), width * 4, surface,
                                 stride, width * 4, height));
}

/* A tile drawn once, copied within VRAM along all four edges. */
static bool border(void)
{
    uint32_t dw[16];
    bool ok = fill(0, 0, TILE, TILE, tint(255, 255)) &&
              fill(4, 4, TILE - 8, TILE - 8, tint(0, 0)) &&
              fill(12, 12, 8, 8, rgb(255, 255, 255));

    for (uint32_t y = 0; y + TILE <= height; y += TILE)
        for (uint32_t x = 0; x + TILE <= width; x += TILE) {
            bool edge =
                !x || !y || x + 2 * TILE > width || y + 2 * TILE > height;

            if (edge && (x || y))
                ok = ok &&
                     put(dw, pkt_copy_rect(dw, pixel(0, 0), stride, pixel(x, y),
                                           stride, TILE * 4, TILE));
        }
    return ok;
}

static bool rectangles(uint32_t frame)
{
    uint32_t w = width / 8, h = height / 8;
    bool ok = true;

    for (uint32_t i = 0; i < RECTANGLES; i++) {
        uint32_t x =
            2 * TILE + (i * 97 + frame * (3 + i)) % (width - 4 * TILE - w);
        uint32_t y =
            2 * TILE + (i * 53 + frame * (2 + i)) % (height - 4 * TILE - h);

        ok = ok && fill(x, y, w, h, tint(i * 21, 255 - i * 21));
    }
    return ok;
}

static void show(void)
{
    vgpu_write(&vgpu, XVGPU_SCANOUT_FORMAT, XVGPU_FORMAT_XRGB8888);
    vgpu_write(&vgpu, XVGPU_SCANOUT_WIDTH, width);
    vgpu_write(&vgpu, XVGPU_SCANOUT_HEIGHT, height);
    vgpu_write(&vgpu, XVGPU_SCANOUT_STRIDE, stride);
    vgpu_write64(&vgpu, XVGPU_SCANOUT_BASE, SURFACE_OFFSET);
    vgpu_write(&vgpu, XVGPU_SCANOUT_CTRL, 1);
}

/*
 * Fletcher-like sums over the surface's visible pixels, for whoever compares
 * the screenshot: a = sum of pixels, b = sum of those sums, modulo 2^32.
 */
static void print_sums(void)
{
    uint32_t a = 0, b = 0;

    for (uint32_t y = 0; y < height; y++) {
        volatile uint32_t *line =
            (volatile uint32_t *)(vgpu.vram + SURFACE_OFFSET +
                                  (uint64_t)y * stride);

        for (uint32_t x = 0; x < width; x++) {
            a += line[x] & 0xffffff;
            b += a;
        }
    }
    printk("PICTURE width=%u height=%u style=%u sum=%08x%08x\n", width, height,
           style, a, b);
}

static bool draw(const uint32_t *lines, uint32_t frame, struct stats *latency,
                 bool signal)
{
    uint64_t start = plat_now(), fence;
    enum engine_result result;

    if (!CHECK(gradient(lines) && border() && rectangles(frame),
               "frame %u: the ring does not drain", frame))
        return false;
    fence = engine_submit(sdma(), signal);
    result =
        engine_wait(sdma(), fence, 60 * PLAT_S, signal ? 0 : 500 * PLAT_US);
    stats_add(latency, plat_now() - start);
    if (!CHECK(result == ENGINE_DONE, "frame %u: result %u", frame, result)) {
        engine_print_fault(sdma());
        return false;
    }
    return true;
}

void test_main(void)
{
    struct engine_config config = { 0 };
    struct stats latency;
    enum vgpu_route route;
    uint32_t *lines, frames;
    bool signal;

    if (!check_open())
        return;
    width = plat_arg("width", 640);
    height = plat_arg("height", 480);
    style = plat_arg("style", 0);
    frames = plat_arg("frames", 10);
    route = plat_arg("route", VGPU_ROUTE_MSIX);
    config.doorbell_evtchn = plat_arg("doorbell", 0);
    config.completion_evtchn = plat_arg("completion", 0);
    signal = route != VGPU_ROUTE_NONE || config.completion_evtchn;

    stride = ROUNDUP(width * 4, 256);
    surface = vgpu_vram_addr(&vgpu, SURFACE_OFFSET);
    if (width < 8 * TILE || height < 8 * TILE ||
        SURFACE_OFFSET + (uint64_t)stride * height > vgpu.vram_size)
        return xtf_error("Error: the surface is too small, or VRAM is\n");

    stats_init(&latency);
    lines = plat_alloc((uint64_t)width * height * 4, 0);
    make_gradient(lines);
    vgpu_set_route(&vgpu, route);
    if (!check_start_sdma(&config))
        return;
    show();
    for (uint32_t frame = 0; frame < frames; frame++)
        if (!draw(lines, frame, &latency, signal))
            return;
    print_sums();
    stats_print("vgpu-draw", sdma(), &latency);
    plat_sleep(plat_arg("hold", 0) * PLAT_S);
    engine_stop(sdma());
    xtf_success(NULL);
}
