/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inputs and outputs of a stage, location by location. */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>

/* A variable, or a member of a block. */
struct port {
    struct shader_slot *slots;
    uint32_t n_slots; /* that may be used */
    uint32_t location, component;
    bool located; /* somebody said where */
    bool flat;
};

/* Each vertex of a primitive has such variables. */
static bool per_vertex(const struct module *m, bool output, bool patch)
{
    switch (m->info->stage) {
    case SHADER_TESS_CONTROL:
        return !patch;
    case SHADER_TESS_EVALUATION:
        return !output && !patch;
    case SHADER_GEOMETRY:
        return !output;
    default:
        return false;
    }
}

static uint32_t primitive_vertices(enum shader_topology topology)
{
    static const uint8_t vertices[] = {
        [SHADER_POINTS] = 1,    [SHADER_LINES] = 2,
        [SHADER_TRIANGLES] = 3, [SHADER_LINES_ADJACENCY] = 4,
        [SHADER_PATCHES] = 0,   [SHADER_TRIANGLES_ADJACENCY] = 6,
    };

    return vertices[topology];
}

/* The array of all vertices: as long as there are any. */
static int check_vertices(struct module *m, uint32_t type, bool output)
{
    const struct shader_info *info = m->info;
    uint32_t length = type_length(m, type), max = m->limits->patch_vertices;
    bool exact = false;

    if (module_id(m, type)->op != SpvOpTypeArray)
        return module_refuse(m, -EINVAL,
                             "an interface of vertices that is no array");
    if (info->stage == SHADER_GEOMETRY) {
        max = primitive_vertices(info->geometry_in);
        exact = true;
    } else if (output) {
        exact = info->patch_vertices;
        max = exact ? info->patch_vertices : max;
    }
    if (length > max || (exact && length != max))
        return module_refuse(m, -EINVAL, "%u vertices instead of %u", length,
                             max);
    return 0;
}

static int put_vector(struct module *m, uint32_t type, struct port *p)
{
    uint32_t n = type_length(m, type);
    enum shader_base base = type_base(m, type);
    struct shader_slot *slot = p->slots + p->location;
    uint32_t mask = ((1u << (n ? n : 1)) - 1) << p->component;

    if (p->location >= p->n_slots)
        return module_refuse(m, -E2BIG, "location %u of an interface",
                             p->location);
    if (!base || mask > 15)
        return module_refuse(m, -EINVAL, "a component at location %u",
                             p->location);
    if (slot->mask && (slot->base != base || slot->mask & mask))
        return module_refuse(m, -EINVAL, "location %u is taken twice",
                             p->location);
    slot->mask |= (uint8_t)mask;
    slot->base = (uint8_t)base;
    slot->flat |= p->flat;
    p->location++;
    return 0;
}

/* As deep as types are, and for at most 4 scalars a location. */
static int put_type(struct module *m, uint32_t type, struct port *p)
{
    struct insn def = module_def(m, type);
    uint32_t k, n = type_length(m, type);
    int rc = 0;

    if (module_id(m, type)->scalars > 4 * p->n_slots)
        return module_refuse(m, -E2BIG, "an interface of %u components",
                             module_id(m, type)->scalars);
    switch (def.op) {
    case SpvOpTypeStruct:
        for (k = 2; !rc && k < def.n; k++)
            rc = put_type(m, def.w[k], p);
        return rc;
    case SpvOpTypeArray:
    case SpvOpTypeMatrix:
        for (k = 0; !rc && k < n; k++)
            rc = put_type(m, type_element(m, type), p);
        return rc;
    default:
        return put_vector(m, type, p);
    }
}

static int put_builtin(struct module *m, uint32_t builtin, uint32_t type,
                       bool output)
{
    struct shader_info *info = m->info;
    int rc = builtin_check(m, builtin, type, output);

    if (rc)
        return rc;
    *(output ? &info->out_components : &info->in_components) +=
        module_id(m, type)->scalars;
    switch (builtin) {
    case SpvBuiltInClipDistance:
    case SpvBuiltInCullDistance:
        *(output ? &info->out_distances : &info->in_distances) +=
            module_id(m, type)->scalars;
        if (info->out_distances > 8 || info->in_distances > 8)
            return module_refuse(m, -E2BIG, "over 8 clip and cull distances");
        break;
    case SpvBuiltInNumWorkgroups:
        info->uses_num_workgroups = true;
        break;
    case SpvBuiltInPrimitiveId:
        info->uses_primitive_id |= !output;
        info->writes_primitive_id |= output;
        break;
    case SpvBuiltInBaseVertex:
    case SpvBuiltInBaseInstance:
    case SpvBuiltInDrawIndex:
        info->uses_draw_parameters = true;
        break;
    case SpvBuiltInLayer:
        info->writes_layer |= output;
        break;
    case SpvBuiltInViewportIndex:
        info->writes_viewport |= output;
        break;
    case SpvBuiltInFragDepth:
        info->writes_depth = true;
        break;
    case SpvBuiltInSampleId:
    case SpvBuiltInSamplePosition:
        info->uses_sample_shading = true;
        break;
    }
    return 0;
}

/* One interface member: `member` of the structure `holder`, or the variable
 * `holder` itself. */
static int put_port(struct module *m, uint32_t holder, uint32_t member,
                    uint32_t type, bool output, struct port *p)
{
    uint32_t value = 0;

    if (module_decoration(m, holder, member, SpvDecorationBuiltIn, &value)) {
        /* Of a block's: shader-use.c. */
        if (value == SpvBuiltInPointSize && member == NO_MEMBER && output)
            m->info->writes_point_size = true;
        return put_builtin(m, value, type, output);
    }
    if (module_decoration(m, holder, member, SpvDecorationIndex, &value) &&
        value)
        return module_refuse(m, -ENOTSUP, "a second source of blending");
    if (module_decoration(m, holder, member, SpvDecorationLocation, &value)) {
        p->location = value;
        p->located = true;
    }
    if (!p->located || m->info->stage == SHADER_COMPUTE)
        return module_refuse(m, -EINVAL, "an input or output without location");
    p->component = 0;
    if (module_decoration(m, holder, member, SpvDecorationComponent, &value))
        p->component = value;
    if (module_decoration(m, holder, member, SpvDecorationFlat, NULL))
        p->flat = true;
    if (module_decoration(m, holder, member, SpvDecorationSample, NULL))
        m->info->uses_sample_shading = true;
    if (p->component > 3 || p->location > p->n_slots)
        return module_refuse(m, -E2BIG, "location %u of an interface",
                             p->location);
    return put_type(m, type, p);
}

static uint32_t locations(const struct module *m, bool output)
{
    if (!output && m->info->stage == SHADER_VERTEX)
        return m->limits->vertex_inputs;
    if (output && m->info->stage == SHADER_FRAGMENT)
        return m->limits->colours;
    return m->limits->locations < SHADER_LOCATIONS ? m->limits->locations
                                                   : SHADER_LOCATIONS;
}

/* A block's members may say for themselves that they are a patch's. */
static bool is_patch(const struct module *m, uint32_t var, uint32_t type)
{
    return module_decoration(m, var, NO_MEMBER, SpvDecorationPatch, NULL) ||
           module_decoration(m, type, 0, SpvDecorationPatch, NULL);
}

/* The tessellation levels are a patch's without being said to. */
static bool vertices(const struct module *m, uint32_t var, bool output,
                     bool patch)
{
    uint32_t builtin = UINT32_MAX;

    module_decoration(m, var, NO_MEMBER, SpvDecorationBuiltIn, &builtin);
    switch (builtin) {
    case SpvBuiltInPosition:
    case SpvBuiltInPointSize:
    case SpvBuiltInClipDistance:
    case SpvBuiltInCullDistance:
    case UINT32_MAX:
        return per_vertex(m, output, patch);
    default:
        return false;
    }
}

static int put_variable(struct module *m, uint32_t var, uint32_t type,
                        bool output)
{
    struct shader_info *info = m->info;
    bool patch = is_patch(m, var, type);
    struct port p = {.n_slots = locations(m, output)};
    struct insn def;
    uint32_t k;
    int rc = 0;

    if (patch)
        p.slots = output ? info->patch_out : info->patch_in;
    else
        p.slots = output ? info->out : info->in;
    if (vertices(m, var, output, patch)) {
        rc = check_vertices(m, type, output);
        type = type_element(m, type);
    }
    if (rc)
        return rc;
    def = module_def(m, type);
    if (def.op != SpvOpTypeStruct)
        return put_port(m, var, NO_MEMBER, type, output, &p);
    if (module_decoration(m, var, NO_MEMBER, SpvDecorationLocation, &k)) {
        p.location = k;
        p.located = true;
    }
    if (module_decoration(m, var, NO_MEMBER, SpvDecorationFlat, NULL))
        p.flat = true;
    for (k = 2; !rc && k < def.n; k++)
        rc = put_port(m, type, k - 2, def.w[k], output, &p);
    return rc;
}

static uint32_t count_components(const struct shader_slot *slots)
{
    uint32_t k, n = 0;

    for (k = 0; k < SHADER_LOCATIONS; k++)
        n += slots[k].mask ? 4 : 0;
    return n;
}

int module_interface(struct module *m)
{
    struct shader_info *info = m->info;
    uint32_t k, storage, type;
    struct insn def;
    int rc = 0;

    for (k = 0; !rc && k < m->n_globals; k++) {
        def = module_def(m, m->globals[k]);
        storage = arg(&def, 3);
        type = type_element(m, arg(&def, 1));
        if ((storage == SpvStorageClassInput ||
             storage == SpvStorageClassOutput) &&
            module_id(m, m->globals[k])->flags & ID_USED)
            rc = put_variable(m, m->globals[k], type,
                              storage == SpvStorageClassOutput);
    }
    if (rc)
        return rc;
    info->in_components += count_components(info->in);
    info->out_components += count_components(info->out);
    if (info->in_components > m->limits->interface ||
        info->out_components > m->limits->interface)
        return module_refuse(m, -E2BIG, "an interface of %u and %u components",
                             info->in_components, info->out_components);
    if (info->geometry_vertices * info->out_components >
        m->limits->geometry_components)
        return module_refuse(m, -E2BIG, "%u vertices of %u components",
                             info->geometry_vertices, info->out_components);
    return 0;
}
