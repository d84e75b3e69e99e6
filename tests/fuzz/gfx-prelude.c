/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gfx-prelude.h"

/* Small shaders: the driver's compiler is most of what an input takes. */
static const char *const names[PRELUDE_NR_SCENES] = {"few", "reduce",
                                                     "fractal"};

int prelude_scenes(struct gfx_rig *t, struct scene_guest *guests)
{
    const struct scene_surface surface = {PRELUDE_SURFACE, PRELUDE_WIDTH * 4};
    uint64_t at = PRELUDE_MEMORY, room;
    uint32_t k;

    for (k = 0; k < PRELUDE_NR_SCENES; k++) {
        const struct scene *s = scene_find(names[k]);
        struct scene_memory m;

        if (!s)
            return 1;
        room = (scene_guest_bytes(s) + 4095) / 4096 * 4096;
        m = (struct scene_memory){gfx_data(t, at, room), at, room, 0};
        if (!scene_guest_init(&guests[k], s, &m, PRELUDE_WIDTH, PRELUDE_HEIGHT,
                              0, &surface))
            return 1;
        at += room;
    }
    return 0;
}
