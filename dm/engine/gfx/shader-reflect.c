/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bindings, push constants, execution modes, sizes of a module that the
 * validator has passed. */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>

/* ---- Bindings -------------------------------------------------------- */

/* What a storage image's format holds; SHADER_NONE: not offered. */
static enum shader_base format_base(uint32_t format)
{
    if (format <= SpvImageFormatR8Snorm)
        return SHADER_FLOAT;
    if (format <= SpvImageFormatR8i)
        return SHADER_INT;
    return format <= SpvImageFormatR8ui ? SHADER_UINT : SHADER_NONE;
}

static int reflect_image(struct module *m, uint32_t type,
                         struct shader_binding *b)
{
    struct insn def = module_def(m, type);
    bool combined = def.op == SpvOpTypeSampledImage, storage;

    if (def.op == SpvOpTypeSampler) {
        b->type = SHADER_SAMPLER;
        return 0;
    }
    if (combined)
        def = module_def(m, arg(&def, 2));
    if (def.op != SpvOpTypeImage)
        return module_refuse(m, -ENOTSUP, "an opaque type of opcode %u",
                             def.op);
    storage = arg(&def, 7) == 2;
    b->dim = (uint8_t)arg(&def, 3);
    b->base = (uint8_t)type_base(m, arg(&def, 2));
    b->arrayed = arg(&def, 5);
    b->multisampled = arg(&def, 6);
    b->format = storage ? arg(&def, 8) : 0;
    switch (arg(&def, 3)) {
    case SpvDim1D:
    case SpvDim2D:
    case SpvDim3D:
    case SpvDimCube:
        b->type = combined
                      ? SHADER_COMBINED
                      : (storage ? SHADER_STORAGE_IMAGE : SHADER_SAMPLED_IMAGE);
        break;
    case SpvDimBuffer:
        b->type = storage ? SHADER_STORAGE_TEXEL : SHADER_UNIFORM_TEXEL;
        break;
    default:
        return module_refuse(m, -ENOTSUP, "images of dimension %u",
                             arg(&def, 3));
    }
    if (b->multisampled && (storage || b->dim != SHADER_DIM_2D))
        return module_refuse(m, -ENOTSUP, "a multisampled image of this kind");
    if (b->arrayed && (b->dim == SHADER_DIM_3D || b->dim == SHADER_DIM_BUFFER))
        return module_refuse(m, -EINVAL, "layers of an image without any");
    if (b->format && format_base(b->format) != b->base)
        return module_refuse(m, -ENOTSUP, "texels of format %u", b->format);
    if (!b->base || (storage && combined))
        return module_refuse(m, -EINVAL, "an image of no known kind");
    return 0;
}

static bool same_kind(const struct shader_binding *a,
                      const struct shader_binding *b)
{
    return a->type == b->type && a->dim == b->dim && a->base == b->base &&
           a->arrayed == b->arrayed && a->multisampled == b->multisampled &&
           a->format == b->format && a->count == b->count;
}

/* Several variables may be views of one binding. */
static int add_binding(struct module *m, uint32_t var,
                       const struct shader_binding *b)
{
    struct shader_info *info = m->info;
    struct shader_binding *have;
    uint32_t k;

    for (k = 0; k < info->n_bindings; k++) {
        have = &info->bindings[k];
        if (have->set != b->set || have->binding != b->binding)
            continue;
        if (!same_kind(have, b))
            return module_refuse(m, -EINVAL,
                                 "set %u, binding %u is two different things",
                                 b->set, b->binding);
        have->written |= b->written;
        if (have->min_size < b->min_size)
            have->min_size = b->min_size;
        m->ids[var].binding = k + 1;
        return 0;
    }
    if (info->n_bindings == SHADER_BINDINGS)
        return module_refuse(m, -E2BIG, "more than %u bindings",
                             SHADER_BINDINGS);
    info->bindings[info->n_bindings++] = *b;
    m->ids[var].binding = info->n_bindings;
    return 0;
}

static int reflect_binding(struct module *m, uint32_t var, uint32_t type,
                           uint32_t storage)
{
    struct shader_binding b = {.count = 1};
    const struct shader_limits *l = m->limits;
    uint32_t set = 0, binding = 0;
    uint64_t count = 1;
    int rc;

    if (!module_decoration(m, var, NO_MEMBER, SpvDecorationDescriptorSet,
                           &set) ||
        !module_decoration(m, var, NO_MEMBER, SpvDecorationBinding, &binding))
        return module_refuse(m, -EINVAL, "variable %u has no set or binding",
                             var);
    if (set >= l->sets || binding >= l->bindings)
        return module_refuse(m, -E2BIG, "set %u, binding %u", set, binding);
    for (; module_id(m, type)->op == SpvOpTypeArray;
         type = type_element(m, type)) {
        count *= type_length(m, type);
        if (count > l->array)
            return module_refuse(m, -E2BIG, "an array of over %u descriptors",
                                 l->array);
    }
    if (module_id(m, type)->op == SpvOpTypeRuntimeArray)
        return module_refuse(m, -ENOTSUP, "descriptors of unknown number");
    b.set = (uint8_t)set;
    b.binding = (uint8_t)binding;
    b.count = (uint32_t)count;
    b.written = module_id(m, var)->flags & ID_WRITTEN;
    if (storage == SpvStorageClassUniformConstant) {
        rc = reflect_image(m, type, &b);
        if (rc)
            return rc;
    } else {
        b.type = storage == SpvStorageClassStorageBuffer ||
                         module_decoration(m, type, NO_MEMBER,
                                           SpvDecorationBufferBlock, NULL)
                     ? SHADER_STORAGE_BUFFER
                     : SHADER_UNIFORM_BUFFER;
        b.min_size = type_bytes(m, type);
    }
    /* A sampler handed to a function looks as if it were. */
    if (b.type != SHADER_STORAGE_IMAGE && b.type != SHADER_STORAGE_TEXEL &&
        b.type != SHADER_STORAGE_BUFFER)
        b.written = false;
    m->info->writes_memory |= b.written;
    return add_binding(m, var, &b);
}

static int reflect_variable(struct module *m, uint32_t var)
{
    struct insn def = module_def(m, var);
    uint32_t storage = arg(&def, 3), bytes;
    uint32_t type = type_element(m, arg(&def, 1));

    if (!(module_id(m, var)->flags & ID_USED))
        return 0;
    switch (storage) {
    case SpvStorageClassUniformConstant:
    case SpvStorageClassUniform:
    case SpvStorageClassStorageBuffer:
        return reflect_binding(m, var, type, storage);
    case SpvStorageClassPushConstant:
        bytes = type_bytes(m, type);
        if (bytes > m->limits->push_bytes)
            return module_refuse(m, -E2BIG, "%u bytes of push constants",
                                 bytes);
        if (bytes > m->info->push_bytes)
            m->info->push_bytes = bytes;
        return 0;
    case SpvStorageClassWorkgroup:
        bytes = module_id(m, type)->scalars;
        if (bytes > (m->limits->shared_bytes - m->info->shared_bytes) / 4)
            return module_refuse(m, -E2BIG, "over %u bytes of shared memory",
                                 m->limits->shared_bytes);
        m->info->shared_bytes += bytes * 4;
        return 0;
    default:
        return 0;
    }
}

/* ---- Modes ----------------------------------------------------------- */

static uint32_t mode_value(const struct module *m, const struct insn *i,
                           uint32_t k)
{
    uint32_t value;

    if (i->op == SpvOpExecutionMode)
        return arg(i, k);
    return module_const(m, arg(i, k), &value) ? value : 0;
}

static void reflect_mode(struct module *m, const struct insn *i)
{
    struct shader_info *info = m->info;
    uint32_t k;

    switch (arg(i, 2)) {
    case SpvExecutionModeLocalSize:
    case SpvExecutionModeLocalSizeId:
        for (k = 0; k < 3; k++)
            info->local_size[k] = mode_value(m, i, 3 + k);
        break;
    case SpvExecutionModeEarlyFragmentTests:
        info->early_fragment_tests = true;
        break;
    case SpvExecutionModePointMode:
        info->point_mode = true;
        break;
    case SpvExecutionModeTriangles: /* of a geometry shader, too */
        info->domain = SHADER_DOMAIN_TRIANGLES;
        info->geometry_in = SHADER_TRIANGLES;
        break;
    case SpvExecutionModeQuads:
        info->domain = SHADER_DOMAIN_QUADS;
        break;
    case SpvExecutionModeIsolines:
        info->domain = SHADER_DOMAIN_ISOLINES;
        break;
    case SpvExecutionModeInputPoints:
        info->geometry_in = SHADER_POINTS;
        break;
    case SpvExecutionModeInputLines:
        info->geometry_in = SHADER_LINES;
        break;
    case SpvExecutionModeInputLinesAdjacency:
        info->geometry_in = SHADER_LINES_ADJACENCY;
        break;
    case SpvExecutionModeInputTrianglesAdjacency:
        info->geometry_in = SHADER_TRIANGLES_ADJACENCY;
        break;
    case SpvExecutionModeOutputPoints:
        info->geometry_out = SHADER_POINTS;
        break;
    case SpvExecutionModeOutputLineStrip:
        info->geometry_out = SHADER_LINES;
        break;
    case SpvExecutionModeOutputTriangleStrip:
        info->geometry_out = SHADER_TRIANGLES;
        break;
    case SpvExecutionModeInvocations:
        info->geometry_invocations = arg(i, 3);
        break;
    case SpvExecutionModeOutputVertices:
        info->patch_vertices = arg(i, 3);
        info->geometry_vertices = arg(i, 3);
        break;
    }
}

/* gl_WorkGroupSize wins over the mode. */
static int reflect_workgroup(struct module *m, const struct insn *i)
{
    uint32_t builtin, k, value;

    if (!module_decoration(m, arg(i, 2), NO_MEMBER, SpvDecorationBuiltIn,
                           &builtin) ||
        builtin != SpvBuiltInWorkgroupSize)
        return 0;
    if (!builtin_fits(m, builtin, arg(i, 1)))
        return module_refuse(m, -EINVAL, "a workgroup size of another type");
    for (k = 0; k < 3; k++)
        m->info->local_size[k] =
            module_const(m, arg(i, 3 + k), &value) ? value : 0;
    return 0;
}

static int reflect_spec(struct module *m, const struct insn *i)
{
    struct shader_info *info = m->info;
    uint32_t id;

    if (!module_decoration(m, arg(i, 2), NO_MEMBER, SpvDecorationSpecId, &id))
        return 0;
    if (info->n_specs == SHADER_SPECS || info->n_specs >= m->limits->spec_ids)
        return module_refuse(m, -E2BIG, "more than %u specialization constants",
                             info->n_specs);
    info->specs[info->n_specs++] = (struct shader_spec){
        .id = id,
        .at = i->op == SpvOpSpecConstant ? i->at + 3 : i->at,
        .is_bool = i->op != SpvOpSpecConstant,
    };
    return 0;
}

static int check_compute(struct module *m)
{
    const uint32_t *size = m->info->local_size;
    const struct shader_limits *l = m->limits;
    uint32_t k;

    for (k = 0; k < 3; k++) {
        if (!size[k])
            return module_refuse(m, -EINVAL, "a workgroup of %u x %u x %u",
                                 size[0], size[1], size[2]);
        if (size[k] > l->local_size[k])
            return module_refuse(m, -E2BIG, "a workgroup of %u x %u x %u",
                                 size[0], size[1], size[2]);
    }
    if ((uint64_t)size[0] * size[1] * size[2] > l->invocations)
        return module_refuse(m, -E2BIG, "a workgroup of %u x %u x %u", size[0],
                             size[1], size[2]);
    return 0;
}

static int check_modes(struct module *m)
{
    struct shader_info *info = m->info;
    const struct shader_limits *l = m->limits;
    enum shader_stage stage = info->stage;
    bool tess = stage == SHADER_TESS_CONTROL || stage == SHADER_TESS_EVALUATION;

    if (stage == SHADER_COMPUTE)
        return check_compute(m);
    if (stage == SHADER_GEOMETRY) {
        if (!info->geometry_invocations)
            info->geometry_invocations = 1;
        if (info->geometry_vertices > l->geometry_vertices ||
            info->geometry_invocations > l->geometry_invocations)
            return module_refuse(
                m, -E2BIG, "%u vertices by %u geometry invocations",
                info->geometry_vertices, info->geometry_invocations);
        if (!info->geometry_vertices)
            return module_refuse(m, -EINVAL, "a geometry shader of 0 vertices");
    } else {
        info->geometry_vertices = info->geometry_invocations = 0;
    }
    if (!tess) {
        info->domain = SHADER_NO_DOMAIN;
        info->patch_vertices = 0;
    } else if (info->patch_vertices > l->patch_vertices) {
        return module_refuse(m, -E2BIG, "patches of %u vertices",
                             info->patch_vertices);
    }
    return 0;
}

int module_reflect(struct module *m)
{
    uint32_t at, k;
    struct insn i;
    int rc = 0;

    for (at = SPIRV_HEADER; !rc && at < m->first_function; at += i.n) {
        i = module_insn(m, at);
        switch (i.op) {
        case SpvOpExecutionMode:
        case SpvOpExecutionModeId:
            reflect_mode(m, &i);
            break;
        case SpvOpConstantComposite:
        case SpvOpSpecConstantComposite:
            rc = reflect_workgroup(m, &i);
            break;
        case SpvOpSpecConstant:
        case SpvOpSpecConstantTrue:
        case SpvOpSpecConstantFalse:
            rc = reflect_spec(m, &i);
            break;
        }
    }
    for (k = 0; !rc && k < m->n_globals; k++)
        rc = reflect_variable(m, m->globals[k]);
    return rc ? rc : check_modes(m);
}
