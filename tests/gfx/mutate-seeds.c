/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/engine/gfx/shader.h"
#include "tests/gfx/mutate.h"
#include "tests/gfx/shaders.h"

#include "tests/gfx/shaders/mix.comp.h"
#include "tests/gfx/shaders/mix.frag.h"
#include "tests/gfx/shaders/mix.geom.h"
#include "tests/gfx/shaders/mix.tesc.h"
#include "tests/gfx/shaders/mix.tese.h"
#include "tests/gfx/shaders/mix.vert.h"

static const struct mutant_seed own[] = {
#define OWN(ending, number)                                                    \
    {                                                                          \
        "mix." #ending, number, mix_##ending, sizeof(mix_##ending) / 4         \
    }
    OWN(vert, SHADER_VERTEX),          OWN(tesc, SHADER_TESS_CONTROL),
    OWN(tese, SHADER_TESS_EVALUATION), OWN(geom, SHADER_GEOMETRY),
    OWN(frag, SHADER_FRAGMENT),        OWN(comp, SHADER_COMPUTE),
#undef OWN
};

const unsigned int mutant_seeds =
    gfx_shader_count + sizeof(own) / sizeof(own[0]);

struct mutant_seed mutant_seed(unsigned int k)
{
    const struct gfx_shader *s;

    if (k >= gfx_shader_count)
        return own[k - gfx_shader_count];
    s = &gfx_shaders[k];
    return (struct mutant_seed){s->name, (unsigned int)s->stage, s->words,
                                s->size / 4};
}
