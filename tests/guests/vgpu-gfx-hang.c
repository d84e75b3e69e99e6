/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compute shader that does not end: is the guest told that it was its own
 * doing, does what is in VRAM stay, does the engine work afterwards?
 * Arguments: hangs= (how often), hold=, route=, completion=1, doorbell=1;
 * persist=1 goes on until the host puts the vGPU into quarantine, and works
 * when it lets it out again.
 */
#include "tests/guests/gfx/guest.h"
#include "tests/guests/gfx/spin.h"
#include "tests/gfx/scenes.h"

const char test_title[] = "vgpu-gfx-hang: a shader that does not end";

static uint64_t submit_turns(uint32_t turns)
{
    gfx_spin_put(gfx_begin(), turns);
    return gfx_submit(turns == GFX_SPIN_FOREVER ? "the shader that does not end"
                                                : "a turn of the shader");
}

static bool hang(uint32_t resets)
{
    uint64_t fence, start = plat_now();
    enum engine_result result;
    uint32_t code;

    fence = submit_turns(GFX_SPIN_FOREVER);
    if (!fence)
        return false;
    result =
        engine_wait(gfx(), fence, GFX_TIMEOUT, gfx_signals() ? 0 : GFX_POLL);
    code = engine_read(gfx(), XVGPU_FAULT_CODE);
    if (!CHECK(result == ENGINE_FAULT, "result %u", result))
        return false;
    engine_print_fault(gfx());
    CHECK(code == XVGPU_FAULT_ENGINE_HUNG, "fault %u", code);
    CHECK(engine_read(gfx(), XVGPU_RESETS) == resets, "%u resets instead of %u",
          engine_read(gfx(), XVGPU_RESETS), resets);
    printk("HANG ns=%lu code=%u\n", plat_now() - start, code);
    engine_resume(gfx());
    return gfx_finish(fence, "what came after the hang");
}

/* Back to the scene: a picture that is the same as before. */
static bool draw_again(const struct scene_guest *g, uint64_t sum)
{
    memset((void *)(vgpu.vram + GFX_SURFACE), 0,
           (uint64_t)g->surface.stride * g->height);
    scene_guest_draw(g, gfx_begin(), 0);
    return gfx_run("a frame after the hang") &&
           CHECK(gfx_shown(g) == sum, "another picture after the hang");
}

#define PERSIST_HANGS 50
#define RELEASE_WAIT  (600 * PLAT_S)

/* After a reset of the whole vGPU: the ring, unless it is in quarantine. */
static bool start_or_quarantine(uint32_t *seen)
{
    while (!gfx_start_again()) {
        /* Another reset may have come in between. */
        if (vgpu_read(&vgpu, XVGPU_RESET_COUNT) == *seen)
            return false;
        *seen = vgpu_read(&vgpu, XVGPU_RESET_COUNT);
    }
    return true;
}

/*
 * Hangs, is reset, begins anew, until it is not allowed to. A turn of the
 * shader that ends comes before each hang: the engine works in between, and
 * what a new process has to compile is compiled.
 */
static bool persist(void)
{
    uint32_t seen = vgpu_read(&vgpu, XVGPU_RESET_COUNT), hangs = 0, flrs = 0;
    enum engine_result result;
    bool warm = true;
    uint64_t fence;

    while (hangs < PERSIST_HANGS) {
        fence = submit_turns(warm ? GFX_SPIN_FOREVER : 1);
        if (!fence)
            return false;
        result = engine_wait(gfx(), fence, GFX_TIMEOUT,
                             gfx_signals() ? 0 : GFX_POLL);
        if (result == ENGINE_DONE && !warm) {
            warm = true;
            continue;
        }
        if (!CHECK(result == ENGINE_FAULT, "result %u", result))
            return false;
        engine_print_fault(gfx());
        if (vgpu_read(&vgpu, XVGPU_RESET_COUNT) == seen) {
            if (!CHECK(warm, "a fault after a hang"))
                return false;
            hangs++;
            warm = false;
            engine_resume(gfx());
            continue;
        }
        seen = vgpu_read(&vgpu, XVGPU_RESET_COUNT);
        CHECK(vgpu_read(&vgpu, XVGPU_RESET_REASON) == XVGPU_RESET_GUARD,
              "reset reason %u", vgpu_read(&vgpu, XVGPU_RESET_REASON));
        flrs++;
        if (!start_or_quarantine(&seen)) {
            uint32_t code = engine_read(gfx(), XVGPU_FAULT_CODE);

            printk("QUARANTINE hangs=%u resets=%u code=%u\n", hangs, flrs,
                   code);
            return CHECK(code == XVGPU_FAULT_QUARANTINE, "fault %u", code);
        }
        if (!gfx_spin_make())
            return false;
        warm = true;
    }
    return CHECK(false, "no quarantine after %u hangs", hangs);
}

static bool started(void *arg __maybe_unused)
{
    return gfx_start_again();
}

/* Waits for the release; then all is made anew. */
static void after_quarantine(const struct scene_guest *g, uint64_t sum)
{
    if (!CHECK(plat_wait(started, NULL, RELEASE_WAIT, PLAT_S),
               "nobody lets it out"))
        return;
    if (!gfx_make_again(g) || !draw_again(g, sum))
        return;
    gfx_print_picture(g, sum);
    printk("RELEASED\n");
}

void test_main(void)
{
    uint32_t hangs, i, resets;
    static struct scene_guest g;
    struct scene_surface surface;
    uint64_t sum;

    if (!gfx_open()) /* arguments can be read from here on */
        return;
    hangs = plat_arg("hangs", 1);
    if (!gfx_surface(&surface, &scene_stream) ||
        !gfx_make(&g, &scene_stream, &surface) || !gfx_spin_make())
        return;
    scene_guest_draw(&g, gfx_begin(), 0);
    if (!gfx_run("a frame"))
        return;
    gfx_show(&g);
    sum = gfx_shown(&g);
    resets = engine_read(gfx(), XVGPU_RESETS);
    if (plat_arg("persist", 0)) {
        if (persist())
            after_quarantine(&g, sum);
        engine_stop(gfx());
        return xtf_success(NULL);
    }
    for (i = 0; i < hangs; i++) {
        if (!hang(resets + i + 1))
            return;
        CHECK(gfx_shown(&g) == sum, "the picture in VRAM has changed");
        /* The objects are there, what was in the local heap is not. */
        if (!gfx_drop(&g) || !gfx_make_again(&g))
            return;
        if (!draw_again(&g, sum))
            return;
    }
    gfx_print_picture(&g, sum);
    printk("STATS test=vgpu-gfx-hang hangs=%u\n", hangs);
    plat_sleep(plat_arg("hold", 0) * PLAT_S);
    engine_stop(gfx());
    xtf_success(NULL);
}
