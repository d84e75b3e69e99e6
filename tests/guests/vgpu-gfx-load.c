/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scene again and again on the gfx engine, with nothing in between that
 * takes the guest's time: an engine that is never idle (period=0), or a frame
 * every so often, each of whose times is a figure.
 * Arguments: scene=, width=, height= (as vgpu-gfx), depth= (frames that are
 * submitted and not done, 2), period= (ms from frame to frame; 0: as fast as
 * it goes), spin= (ms that the engine alone needs for a frame, which is then a
 * compute shader's and no scene's), times=, end= (see below, 0 and 1000),
 * route=, completion=1, doorbell=1.
 *
 * A line STATS with `turn=` comes whenever xenstore's data/turn changes, about
 * the turn that is over, with times=1 after lines TIMES with the ns of each of
 * its frames; from `end` on the guest comes to its end.
 */
#include "tests/guests/gfx/guest.h"
#include "tests/guests/gfx/spin.h"
#include "tests/gfx/scenes.h"

const char test_title[] = "vgpu-gfx-load: frames without end";

#define MAX_DEPTH 16
#define LOOK      (200 * PLAT_MS) /* at xenstore */
#define LINE      8               /* times on one */

/* Frames under way, the oldest first. */
static struct {
    uint64_t fence[MAX_DEPTH], start[MAX_DEPTH];
    uint32_t first, n;
} queue;

static struct stats latency;
static uint32_t frames; /* in this turn */

static bool submit(const struct xvgpu_stream *stream)
{
    uint32_t i = (queue.first + queue.n) % MAX_DEPTH, dw[4];
    uint64_t start = plat_now(), fence = 0;

    pkt_ib(dw, plat_gpa(stream->dw), xvgpu_stream_dwords(stream));
    if (engine_put(gfx(), dw, 4))
        fence = engine_submit(gfx(), gfx_signals());
    if (!CHECK(fence, "the ring does not drain"))
        return false;
    queue.fence[i] = fence;
    queue.start[i] = start;
    queue.n++;
    return true;
}

static bool finish_oldest(void)
{
    if (!gfx_finish(queue.fence[queue.first], "a frame"))
        return false;
    stats_add(&latency, plat_now() - queue.start[queue.first]);
    frames++;
    queue.first = (queue.first + 1) % MAX_DEPTH;
    queue.n--;
    return true;
}

static void print_times(uint64_t turn)
{
    for (uint32_t i = 0; i < latency.n; i++) {
        if (!(i % LINE))
            printk("%sTIMES turn=%lu", i ? "\n" : "", turn);
        printk(" %lu", latency.val[i]);
    }
    printk("\n");
}

/* Says how the turn has been, and forgets it. */
static void end_turn(uint64_t turn)
{
    stats_sort(&latency);
    if (plat_arg("times", 0))
        print_times(turn);
    printk("STATS test=vgpu-gfx-load turn=%lu frames=%u p50_ns=%lu p90_ns=%lu "
           "p99_ns=%lu max_ns=%lu\n",
           turn, frames, stats_at(&latency, 500), stats_at(&latency, 900),
           stats_at(&latency, 990), stats_at(&latency, 1000));
    latency.n = frames = 0;
}

/* Until it is time for the next frame; what is late is not made up for. */
static uint64_t wait_for_next(uint64_t last, uint64_t period)
{
    uint64_t now = plat_now();

    if (!period || last + period <= now)
        return now;
    plat_sleep(last + period - now);
    return last + period;
}

/* The engine does not change the stream, so it serves for all frames. */
static void load(const struct xvgpu_stream *stream)
{
    uint64_t period = plat_arg("period", 0) * PLAT_MS;
    uint64_t end = plat_arg("end", 1000), turn = 0, now_turn;
    uint64_t look = plat_now(), last = look;
    uint32_t depth = plat_arg("depth", 2);

    if (!depth || depth > MAX_DEPTH)
        return xtf_error("Error: depth= is 1 to 16\n");
    printk("READY\n");
    while (turn < end) {
        last = wait_for_next(last, period);
        if (!submit(stream))
            return;
        while (queue.n >= (period ? 1 : depth))
            if (!finish_oldest())
                return;
        if (plat_now() < look)
            continue;
        look = plat_now() + LOOK;
        now_turn = check_turn();
        if (now_turn != turn)
            end_turn(turn);
        turn = now_turn;
    }
    while (queue.n)
        if (!finish_oldest())
            return;
}

static void load_spin(uint64_t ns)
{
    uint32_t turns;

    if (!gfx_spin_make())
        return;
    turns = gfx_spin_turns(ns);
    printk("A frame is %u turns of the shader\n", turns);
    gfx_spin_put(gfx_begin(), turns);
    load(gfx_begun());
}

static void load_scene(const struct scene *s)
{
    struct scene_surface surface;
    static struct scene_guest g;
    uint64_t sum;

    if (!gfx_surface(&surface, s) || !gfx_make(&g, s, &surface))
        return;
    scene_guest_draw(&g, gfx_begin(), 0);
    if (!gfx_run("the first frame"))
        return;
    sum = gfx_shown(&g);
    load(gfx_begun());
    CHECK(gfx_shown(&g) == sum, "the same frame is another picture");
    gfx_drop(&g);
}

void test_main(void)
{
    uint64_t spin;
    uint32_t scene;

    if (!gfx_open()) /* arguments can be read from here on */
        return;
    stats_init(&latency);
    scene = plat_arg("scene", 3);
    spin = plat_arg("spin", 0);
    if (spin)
        load_spin(spin * PLAT_MS);
    else if (scene < scene_count && scenes[scene]->picture != SCENE_NONE)
        load_scene(scenes[scene]);
    else
        xtf_error("Error: no such scene\n");
    /* Each frame that was submitted, and no other. */
    CHECK(gfx()->wb->fence == gfx()->fence, "fence %lu of %lu",
          gfx()->wb->fence, gfx()->fence);
    engine_stop(gfx());
    xtf_success(NULL);
}
