/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shaders of a pipeline that is being made. */
#ifndef DM_ENGINE_GFX_STAGES_H
#define DM_ENGINE_GFX_STAGES_H

#include "dm/engine/gfx/gfx.h"
#include "dm/engine/gfx/shader.h"

struct stages {
    const struct shader *shader[SHADER_STAGES];
    VkPipelineShaderStageCreateInfo info[XVGPU_GFX_MAX_STAGES];
    uint32_t n;
};

/* Add a shader with specialization constants, of `p`, which keeps what it
 * needs of it. 0 or -1 after engine_fault(). */
int gfx_stages_add(struct gfx *g, struct stages *s, struct pipeline *p,
                   const struct shader_object *o,
                   const struct xvgpu_gfx_spec *spec, uint32_t nr_spec);
/* All of them go with each other, p->layout and `rest` (whose bindings and
 * ranges are filled in here). SHADER. */
int gfx_stages_match(struct gfx *g, const struct stages *s, struct pipeline *p,
                     struct shader_pipeline *rest);
/* After the pipeline was made, or not. */
void gfx_stages_free(struct gfx *g, struct stages *s);

#endif
