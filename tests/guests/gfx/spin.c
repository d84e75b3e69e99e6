/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/guests/gfx/spin.h"

#include "tests/gfx/scenes.h"

#define SPIN     1 /* number of all its objects */
#define SAMPLES  5
#define MEASURED 16 /* turns */

bool gfx_spin_make(void)
{
    const struct gfx_shader *s = &gfx_shaders[shader_hang_comp];
    uint64_t values = plat_gpa(plat_alloc(PAGE_SIZE, 0));
    void *words = plat_alloc(s->size, 0);
    struct xvgpu_stream *stream = gfx_begin();

    scene_copy(words, s->words, s->size);
    XVGPU_GFX(stream, create_buffer, .id = SPIN, .address = values,
              .size = 256);
    XVGPU_GFX(stream, create_shader, .id = SPIN, .bytes = s->size,
              .address = plat_gpa(words));
    XVGPU_GFX(stream, create_set_layout, .id = SPIN, .bindings = 1);
    XVGPU_GFX_MORE(stream, binding, .type = 7 /* storage buffer */, .count = 1,
                   .stages = 0x20 /* compute */);
    XVGPU_GFX(stream, create_layout, .id = SPIN, .push_bytes = 4,
              .set0 = SPIN);
    XVGPU_GFX(stream, create_set, .id = SPIN, .layout = SPIN);
    XVGPU_GFX(stream, write_set, .id = SPIN, .count = 1);
    XVGPU_GFX_MORE(stream, descriptor, .object = SPIN);
    XVGPU_GFX(stream, create_compute, .id = SPIN, .layout = SPIN,
              .shader = SPIN);
    gfx_spin_put(stream, 1);
    return gfx_run("one turn of the shader");
}

void gfx_spin_put(struct xvgpu_stream *stream, uint32_t turns)
{
    XVGPU_GFX(stream, bind_pipeline, .id = SPIN);
    XVGPU_GFX(stream, bind_set, .point = 1, .set = SPIN);
    xvgpu_gfx_push(stream, 1, 0, &turns, sizeof(turns));
    XVGPU_GFX(stream, dispatch, .x = 1, .y = 1, .z = 1);
}

/* The least of a few times: others use the machine, too. */
static uint64_t least_time(uint32_t turns)
{
    uint64_t least = ~0UL, start;

    for (uint32_t i = 0; i < SAMPLES; i++) {
        start = plat_now();
        gfx_spin_put(gfx_begin(), turns);
        if (!gfx_run("turns of the shader"))
            return 0;
        start = plat_now() - start;
        least = start < least ? start : least;
    }
    return least;
}

uint32_t gfx_spin_turns(uint64_t ns)
{
    uint64_t one = least_time(1), many = least_time(1 + MEASURED);
    uint64_t turn = many > one ? (many - one) / MEASURED : 0;

    return turn && ns > turn ? ns / turn : 1;
}
