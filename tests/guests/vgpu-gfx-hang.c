/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compute shader that does not end: is the guest told that it was its own
 * doing, does what is in VRAM stay, does the engine work afterwards?
 * Arguments: hangs= (how often), hold=, route=, completion=1, doorbell=1.
 */
#include "tests/guests/gfx/guest.h"
#include "tests/gfx/scenes.h"

const char test_title[] = "vgpu-gfx-hang: a shader that does not end";

/* Numbers of objects that are no scene's. */
#define HANG 1

static uint64_t values; /* bus address of what the shader writes to */

/* The pipeline, and a first turn: what takes long from then on is the shader. */
static bool make_hang(void)
{
    const struct gfx_shader *s = &gfx_shaders[shader_hang_comp];
    void *words = plat_alloc(s->size, 0);
    struct xvgpu_stream *stream = gfx_begin();
    const uint32_t turns = 1;

    values = plat_gpa(plat_alloc(PAGE_SIZE, 0));
    scene_copy(words, s->words, s->size);
    XVGPU_GFX(stream, create_buffer, .id = HANG, .address = values,
              .size = 256);
    XVGPU_GFX(stream, create_shader, .id = HANG, .bytes = s->size,
              .address = plat_gpa(words));
    XVGPU_GFX(stream, create_set_layout, .id = HANG, .bindings = 1);
    XVGPU_GFX_MORE(stream, binding, .type = 7 /* storage buffer */, .count = 1,
                   .stages = 0x20 /* compute */);
    XVGPU_GFX(stream, create_layout, .id = HANG, .push_bytes = 4,
              .set0 = HANG);
    XVGPU_GFX(stream, create_set, .id = HANG, .layout = HANG);
    XVGPU_GFX(stream, write_set, .id = HANG, .count = 1);
    XVGPU_GFX_MORE(stream, descriptor, .object = HANG);
    XVGPU_GFX(stream, create_compute, .id = HANG, .layout = HANG,
              .shader = HANG);
    XVGPU_GFX(stream, bind_pipeline, .id = HANG);
    XVGPU_GFX(stream, bind_set, .point = 1, .set = HANG);
    xvgpu_gfx_push(stream, 1, 0, &turns, sizeof(turns));
    XVGPU_GFX(stream, dispatch, .x = 1, .y = 1, .z = 1);
    return gfx_run("one turn of the shader");
}

static bool hang(uint32_t resets)
{
    struct xvgpu_stream *stream = gfx_begin();
    const uint32_t turns = ~0u;
    uint64_t fence, start = plat_now();
    enum engine_result result;
    uint32_t code;

    XVGPU_GFX(stream, bind_pipeline, .id = HANG);
    XVGPU_GFX(stream, bind_set, .point = 1, .set = HANG);
    xvgpu_gfx_push(stream, 1, 0, &turns, sizeof(turns));
    XVGPU_GFX(stream, dispatch, .x = 1, .y = 1, .z = 1);
    fence = gfx_submit("the shader that does not end");
    if (!fence)
        return false;
    result = engine_wait(gfx(), fence, GFX_TIMEOUT,
                         gfx_signals() ? 0 : GFX_POLL);
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
        !gfx_make(&g, &scene_stream, &surface) || !make_hang())
        return;
    scene_guest_draw(&g, gfx_begin(), 0);
    if (!gfx_run("a frame"))
        return;
    gfx_show(&g);
    sum = gfx_shown(&g);
    resets = engine_read(gfx(), XVGPU_RESETS);
    for (i = 0; i < hangs; i++) {
        if (!hang(resets + i + 1))
            return;
        CHECK(gfx_shown(&g) == sum, "the picture in VRAM has changed");
        /* The objects are there, what was in the local heap is not. */
        if (!gfx_drop(&g) || !gfx_make_again(&g))
            return;
        memset((void *)(vgpu.vram + GFX_SURFACE), 0,
               (uint64_t)surface.stride * g.height);
        scene_guest_draw(&g, gfx_begin(), 0);
        if (!gfx_run("a frame after the hang"))
            return;
        CHECK(gfx_shown(&g) == sum, "another picture after the hang");
    }
    gfx_print_picture(&g, sum);
    printk("STATS test=vgpu-gfx-hang hangs=%u\n", hangs);
    plat_sleep(plat_arg("hold", 0) * PLAT_S);
    engine_stop(gfx());
    xtf_success(NULL);
}
