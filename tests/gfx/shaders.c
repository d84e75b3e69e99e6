/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/shaders.h"

#include "tests/gfx/shaders/clouds.frag.h"
#include "tests/gfx/shaders/confetti.frag.h"
#include "tests/gfx/shaders/confetti.vert.h"
#include "tests/gfx/shaders/fractal.comp.h"
#include "tests/gfx/shaders/hang.comp.h"
#include "tests/gfx/shaders/panel.frag.h"
#include "tests/gfx/shaders/panel.vert.h"
#include "tests/gfx/shaders/planet.frag.h"
#include "tests/gfx/shaders/planet.tesc.h"
#include "tests/gfx/shaders/planet.tese.h"
#include "tests/gfx/shaders/planet.vert.h"
#include "tests/gfx/shaders/reduce.comp.h"
#include "tests/gfx/shaders/ring.frag.h"
#include "tests/gfx/shaders/ring.vert.h"
#include "tests/gfx/shaders/rocks.frag.h"
#include "tests/gfx/shaders/rocks.vert.h"
#include "tests/gfx/shaders/sky.frag.h"
#include "tests/gfx/shaders/spikes.frag.h"
#include "tests/gfx/shaders/spikes.geom.h"
#include "tests/gfx/shaders/spikes.vert.h"
#include "tests/gfx/shaders/sprite.frag.h"
#include "tests/gfx/shaders/sprite.geom.h"
#include "tests/gfx/shaders/sprite.vert.h"

#define GFX_SHADER_ROW(id, ending)                                             \
    [shader_##id##_##ending] = {#id "." #ending, gfx_##ending, id##_##ending,  \
                                sizeof(id##_##ending)},

const struct gfx_shader gfx_shaders[gfx_shader_count] = {
    GFX_SHADERS(GFX_SHADER_ROW)};
