/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes streams into a folder, as inputs of the target gfx: what makes each
 * class of object, what uses them, the scenes. */
#include <stdio.h>

#include "gfx-prelude.h"

static struct gfx_rig t;
static const char *folder;

/* What is in t.s, behind the flags. 0 or 1. */
static int save(const char *name, uint32_t flags)
{
    uint32_t n = xvgpu_stream_dwords(&t.s);
    char path[4096];
    int rc = 1;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (n && f && fwrite(&flags, 4, 1, f) == 1 && fwrite(t.s.dw, 4, n, f) == n)
        rc = 0;
    if (!f || fclose(f) || rc) {
        perror(path);
        rc = 1;
    }
    xvgpu_stream_init(&t.s, t.s.dw, GFX_IB_BYTES);
    return rc;
}

static void bound(void)
{
    XVGPU_GFX(&t.s, set_blend_constants, .r = 1);
    XVGPU_GFX(&t.s, set_stencil, .faces = 3);
    XVGPU_GFX(&t.s, set_depth_bias, .slope = 1);
    put_bound(&t, PIPE_GRAPHICS);
    XVGPU_GFX(&t.s, bind_index_buffer, .buffer = BUF_WORDS);
}

static void draws(void)
{
    bound();
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = VIEW_TARGET, .load = 1);
    XVGPU_GFX(&t.s, clear_attachment, .aspect = 1, .width = 4, .height = 4,
              .layers = 1);
    XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1);
    XVGPU_GFX(&t.s, draw_indexed, .indices = 3, .instances = 2);
    XVGPU_GFX(&t.s, draw_indirect, .buffer = BUF_WORDS, .draws = 2,
              .stride = 16);
    XVGPU_GFX(&t.s, end_rendering);
}

static void queries(void)
{
    bound();
    XVGPU_GFX(&t.s, create_queries, .id = 1, .type = 0, .count = 2);
    XVGPU_GFX(&t.s, create_queries, .id = 2, .type = 1, .count = 2,
              .statistics = 0x81);
    XVGPU_GFX(&t.s, create_queries, .id = 3, .type = 2, .count = 2);
    XVGPU_GFX(&t.s, begin_query, .pool = 2);
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = VIEW_TARGET);
    XVGPU_GFX(&t.s, begin_query, .pool = 1, .precise = 1);
    XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1);
    XVGPU_GFX(&t.s, write_timestamp, .pool = 3, .stage = 1);
    XVGPU_GFX(&t.s, end_query, .pool = 1);
    XVGPU_GFX(&t.s, end_rendering);
    XVGPU_GFX(&t.s, end_query, .pool = 2);
    XVGPU_GFX(&t.s, copy_queries, .pool = 2, .count = 1, .address = AT_OUT,
              .stride = 16);
}

static void computes(void)
{
    const uint32_t pushed = 5;

    XVGPU_GFX(&t.s, bind_pipeline, .id = PIPE_COMPUTE);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 0, .set = SET_COMPUTE);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 2, .set = SET_IMAGE);
    xvgpu_gfx_push(&t.s, 1, 0, &pushed, 4);
    XVGPU_GFX(&t.s, dispatch, .x = 4, .y = 1, .z = 1);
    xvgpu_gfx_full_barrier(&t.s);
    XVGPU_GFX(&t.s, dispatch_indirect, .buffer = BUF_OUT);
    put_write(&t, SET_COMPUTE, 0, 0, 0);
    XVGPU_GFX(&t.s, dispatch, .x = 1, .y = 1, .z = 1);
    XVGPU_GFX(&t.s, destroy, .class_ = XVGPU_GFX_BUFFER, .id = BUF_UNIFORM);
}

static void transfers(void)
{
    XVGPU_GFX(&t.s, fill_buffer, .dst = BUF_OUT, .value = 3, .bytes = 64);
    XVGPU_GFX(&t.s, copy_buffer, .src = BUF_OUT, .dst = BUF_LOCAL, .bytes = 64);
    XVGPU_GFX(&t.s, copy_buffer_image, .buffer = BUF_OUT, .image = IMG_TARGET);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX_MORE(&t.s, box, .width = SIDE, .height = SIDE, .depth = 1);
    XVGPU_GFX(&t.s, clear_image, .image = IMG_TEXTURE, .mips = 1);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX(&t.s, blit_image, .src = IMG_CUBE, .dst = IMG_CUBE, .filter = 1);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .layers = 1);
    XVGPU_GFX_MORE(&t.s, corners, .x1 = SIDE, .y1 = SIDE, .z1 = 1);
    XVGPU_GFX_MORE(&t.s, subresource, .aspect = 1, .mip = 1, .layers = 1);
    XVGPU_GFX_MORE(&t.s, corners, .x1 = SIDE / 2, .y1 = SIDE / 2, .z1 = 1);
}

static int save_scenes(void)
{
    struct scene_guest guests[PRELUDE_NR_SCENES];
    int rc = prelude_scenes(&t, guests);
    uint32_t k;

    for (k = 0; rc == 0 && k < PRELUDE_NR_SCENES; k++) {
        scene_guest_draw(&guests[k], &t.s, 0);
        rc = save(guests[k].scene->name, PRELUDE_SCENE(k));
    }
    return rc;
}

int main(int argc, char **argv)
{
    int rc = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: seeds-gfx FOLDER\n");
        return 2;
    }
    folder = argv[1];
    gfx_rig_new(&t);
    objects_create(&t);
    rc |= save("objects", PRELUDE_RECOVER);
    draws();
    rc |= save("draws", PRELUDE_OBJECTS | PRELUDE_RECOVER);
    draws();
    rc |= save("draws-in-parts", PRELUDE_OBJECTS | PRELUDE_PARTS);
    queries();
    rc |= save("queries", PRELUDE_OBJECTS | PRELUDE_RECOVER);
    computes();
    rc |= save("computes", PRELUDE_OBJECTS | PRELUDE_RECOVER);
    computes();
    rc |= save("computes-copied", PRELUDE_OBJECTS | PRELUDE_COPIED);
    transfers();
    rc |= save("transfers", PRELUDE_OBJECTS);
    rc |= save_scenes();
    gfx_rig_free(&t);
    return rc;
}
