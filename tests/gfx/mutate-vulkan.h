/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives shaders that passed the gate to Vulkan, which may not survive it. */
#ifndef TESTS_GFX_MUTATE_VULKAN_H
#define TESTS_GFX_MUTATE_VULKAN_H

#include "dm/engine/gfx/shader.h"

enum vulkan_result {
    VULKAN_RAN,
    VULKAN_REFUSED,   /* the driver returned an error */
    VULKAN_HUNG,      /* no result: the process is of no further use */
    VULKAN_NO_FORMAT, /* not run: the device has no such images */
};

/* A stage as the driver gets it, and what its layout is made of. */
struct vulkan_stage {
    const struct shader_info *info; /* NULL: the stage is not there */
    const uint32_t *words;
    size_t n;
};

/* 0, or -1 after a message. */
int vulkan_open(void);
/* One small draw or dispatch with a layout made from what the shaders say.
 * Waits for its end: whoever can't must end the process. */
enum vulkan_result vulkan_run(const struct vulkan_stage stages[SHADER_STAGES]);

#endif
