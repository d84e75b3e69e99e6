/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stages against each other, the layout, and the rest of a pipeline. */
#include "dm/engine/gfx/shader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct match {
    const struct shader_info *stages[SHADER_STAGES];
    const struct shader_pipeline *pipeline;
    char *why;
    size_t why_len;
};

static int mismatch(struct match *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int mismatch(struct match *m, const char *fmt, ...)
{
    va_list ap;

    if (m->why_len) {
        va_start(ap, fmt);
        vsnprintf(m->why, m->why_len, fmt, ap);
        va_end(ap);
    }
    return -EINVAL;
}

/* ---- The layout ------------------------------------------------------ */

static bool same_type(enum shader_descriptor layout, uint8_t shader)
{
    if (layout == SHADER_UNIFORM_DYNAMIC)
        layout = SHADER_UNIFORM_BUFFER;
    if (layout == SHADER_STORAGE_DYNAMIC)
        layout = SHADER_STORAGE_BUFFER;
    return layout == shader;
}

static int match_binding(struct match *m, const struct shader_info *s,
                         const struct shader_binding *b)
{
    const struct shader_pipeline *p = m->pipeline;
    const struct shader_layout_binding *l;
    const char *stage = shader_stage_name(s->stage);
    size_t k;

    for (k = 0; k < p->n_bindings; k++) {
        l = &p->bindings[k];
        if (l->set != b->set || l->binding != b->binding)
            continue;
        if (!(l->stages & 1u << s->stage))
            return mismatch(m, "set %u, binding %u is not for the %s stage",
                            b->set, b->binding, stage);
        if (!same_type(l->type, b->type))
            return mismatch(m,
                            "set %u, binding %u is of type %u, in the %s "
                            "stage of type %u",
                            b->set, b->binding, l->type, stage, b->type);
        if (l->count < b->count)
            return mismatch(m,
                            "set %u, binding %u has %u descriptors, in the %s "
                            "stage %u",
                            b->set, b->binding, l->count, stage, b->count);
        return 0;
    }
    return mismatch(m,
                    "set %u, binding %u of the %s stage is not in the layout",
                    b->set, b->binding, stage);
}

static int match_push(struct match *m, const struct shader_info *s)
{
    const struct shader_pipeline *p = m->pipeline;
    uint64_t end = 0;
    size_t k;

    /* A stage has one range at most. */
    for (k = 0; k < p->n_ranges; k++) {
        if (p->ranges[k].stages & 1u << s->stage)
            end = (uint64_t)p->ranges[k].offset + p->ranges[k].size;
    }
    if (s->push_bytes > end)
        return mismatch(m,
                        "the %s stage has %u bytes of push constants, the "
                        "layout %llu",
                        shader_stage_name(s->stage), s->push_bytes,
                        (unsigned long long)end);
    return 0;
}

static int match_layout(struct match *m, const struct shader_info *s)
{
    uint32_t k;
    int rc = match_push(m, s);

    for (k = 0; !rc && k < s->n_bindings; k++)
        rc = match_binding(m, s, &s->bindings[k]);
    return rc;
}

/* ---- Stages ---------------------------------------------------------- */

static int match_slots(struct match *m, const struct shader_info *from,
                       const struct shader_slot *out,
                       const struct shader_info *to,
                       const struct shader_slot *in)
{
    uint32_t k;

    for (k = 0; k < SHADER_LOCATIONS; k++) {
        if (in[k].mask & ~out[k].mask)
            return mismatch(m,
                            "the %s stage reads location %u, which the %s "
                            "stage does not write",
                            shader_stage_name(to->stage), k,
                            shader_stage_name(from->stage));
        if (in[k].mask && in[k].base != out[k].base)
            return mismatch(m,
                            "location %u is of two types in the %s and %s "
                            "stages",
                            k, shader_stage_name(from->stage),
                            shader_stage_name(to->stage));
    }
    return 0;
}

static int match_vertex(struct match *m, const struct shader_info *s)
{
    uint32_t k;

    for (k = 0; k < SHADER_LOCATIONS; k++) {
        if (s->in[k].mask && m->pipeline->attributes[k] != s->in[k].base)
            return mismatch(m, "attribute %u is not there, or of another type",
                            k);
    }
    return 0;
}

static int match_fragment(struct match *m, const struct shader_info *s)
{
    uint32_t k;

    for (k = 0; k < sizeof(m->pipeline->colours); k++) {
        if (s->out[k].mask && m->pipeline->colours[k] &&
            m->pipeline->colours[k] != s->out[k].base)
            return mismatch(m, "colour attachment %u is of another type", k);
    }
    return 0;
}

static int match_tessellation(struct match *m)
{
    const struct shader_info *c = m->stages[SHADER_TESS_CONTROL];
    const struct shader_info *e = m->stages[SHADER_TESS_EVALUATION];
    const struct shader_pipeline *p = m->pipeline;

    if (!c && !e) {
        if (p->topology == SHADER_PATCHES)
            return mismatch(m, "patches without tessellation");
        return 0;
    }
    if (!c || !e)
        return mismatch(m, "one stage of tessellation without the other");
    if (p->topology != SHADER_PATCHES)
        return mismatch(m, "tessellation of something else than patches");
    if (!p->patch_vertices || p->patch_vertices > 32)
        return mismatch(m, "patches of %u vertices", p->patch_vertices);
    if (!c->patch_vertices && !e->patch_vertices)
        return mismatch(m, "no number of a patch's vertices");
    if (c->patch_vertices && e->patch_vertices &&
        c->patch_vertices != e->patch_vertices)
        return mismatch(m, "two numbers of a patch's vertices");
    if (!c->domain && !e->domain)
        return mismatch(m, "tessellation without a domain");
    if (c->domain && e->domain && c->domain != e->domain)
        return mismatch(m, "tessellation of two domains");
    return match_slots(m, c, c->patch_out, e, e->patch_in);
}

/* What a geometry shader gets. */
static enum shader_topology primitives(const struct match *m)
{
    const struct shader_info *c = m->stages[SHADER_TESS_CONTROL];
    const struct shader_info *e = m->stages[SHADER_TESS_EVALUATION];

    if (!e)
        return m->pipeline->topology;
    if (e->point_mode || c->point_mode)
        return SHADER_POINTS;
    return e->domain == SHADER_DOMAIN_ISOLINES ||
                   c->domain == SHADER_DOMAIN_ISOLINES
               ? SHADER_LINES
               : SHADER_TRIANGLES;
}

static int match_graphics(struct match *m)
{
    const struct shader_info *last = NULL, *s;
    const struct shader_info *g = m->stages[SHADER_GEOMETRY];
    const struct shader_info *f = m->stages[SHADER_FRAGMENT];
    unsigned int k;
    int rc;

    if (!m->stages[SHADER_VERTEX])
        return mismatch(m, "no vertex stage");
    rc = match_vertex(m, m->stages[SHADER_VERTEX]);
    rc = rc ? rc : match_tessellation(m);
    for (k = 0; !rc && k < SHADER_COMPUTE; k++) {
        s = m->stages[k];
        if (!s)
            continue;
        if (last)
            rc = match_slots(m, last, last->out, s, s->in);
        last = s;
    }
    if (rc)
        return rc;
    if (g && g->geometry_in != primitives(m))
        return mismatch(m, "the geometry stage takes other primitives");
    if (g && f && f->uses_primitive_id && !g->writes_primitive_id)
        return mismatch(m, "the geometry stage hands on no primitive's number");
    return f ? match_fragment(m, f) : 0;
}

int shader_match(const struct shader *const stages[SHADER_STAGES],
                 const struct shader_pipeline *pipeline, char *why,
                 size_t why_len)
{
    struct match m = {.pipeline = pipeline, .why = why, .why_len = why_len};
    bool compute = stages[SHADER_COMPUTE], graphics = false;
    unsigned int k;
    int rc = 0;

    if (why_len)
        why[0] = '\0';
    for (k = 0; k < SHADER_STAGES; k++) {
        if (!stages[k])
            continue;
        m.stages[k] = shader_info(stages[k]);
        if (m.stages[k]->stage != k)
            return mismatch(&m, "the %s stage is a %s shader",
                            shader_stage_name(k),
                            shader_stage_name(m.stages[k]->stage));
        graphics |= k != SHADER_COMPUTE;
    }
    if (compute == graphics)
        return mismatch(&m, "no stages, or compute beside others");
    for (k = 0; !rc && k < SHADER_STAGES; k++) {
        if (m.stages[k])
            rc = match_layout(&m, m.stages[k]);
    }
    if (!rc && graphics)
        rc = match_graphics(&m);
    return rc;
}
