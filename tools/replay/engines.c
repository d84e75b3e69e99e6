/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/replay/replay.h"

#include "dm/engine/gfx/gfx.h"

const struct engine_ops *const replay_ops[XVGPU_NR_ENGINES] = {
    [XVGPU_ENGINE_GFX] = &gfx_ops,
    [XVGPU_ENGINE_SDMA] = &sdma_ops,
};
