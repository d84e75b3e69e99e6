/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/shader-oracle.h"

#include <spirv_cross/spirv_cross_c.h>
#include <stdio.h>

struct oracle {
    const struct shader_info *info;
    spvc_compiler compiler;
    spvc_resources resources;
    unsigned int bindings;
    char *why;
    size_t len;
};

#define DIFFER(o, ...) (snprintf((o)->why, (o)->len, __VA_ARGS__), 1)

static unsigned int decoration(const struct oracle *o, spvc_variable_id id,
                               SpvDecoration which)
{
    return spvc_compiler_get_decoration(o->compiler, id, which);
}

/* An image without texels of its own is a texel buffer. */
static unsigned int type_of(const struct oracle *o, spvc_type_id id,
                            unsigned int type)
{
    spvc_type t = spvc_compiler_get_type_handle(o->compiler, id);

    if (type != SHADER_COMBINED && type != SHADER_SAMPLED_IMAGE &&
        type != SHADER_STORAGE_IMAGE)
        return type;
    if (spvc_type_get_image_dimension(t) != SpvDimBuffer)
        return type;
    return type == SHADER_STORAGE_IMAGE ? SHADER_STORAGE_TEXEL
                                        : SHADER_UNIFORM_TEXEL;
}

static int compare_binding(struct oracle *o, const spvc_reflected_resource *r,
                           unsigned int type)
{
    unsigned int set = decoration(o, r->id, SpvDecorationDescriptorSet);
    unsigned int binding = decoration(o, r->id, SpvDecorationBinding);
    spvc_type t = spvc_compiler_get_type_handle(o->compiler, r->type_id);
    unsigned int k, dims = spvc_type_get_num_array_dimensions(t), count = 1;
    const struct shader_binding *b;

    type = type_of(o, r->base_type_id, type);
    for (k = 0; k < dims; k++)
        count *= spvc_type_get_array_dimension(t, k);
    for (k = 0; k < o->info->n_bindings; k++) {
        b = &o->info->bindings[k];
        if (b->set != set || b->binding != binding)
            continue;
        o->bindings |= 1u << k % 32;
        if (b->type == type && b->count == count)
            return 0;
        return DIFFER(o, "set %u, binding %u: type %u, %u of them, not %u, %u",
                      set, binding, type, count, b->type, b->count);
    }
    return DIFFER(o, "set %u, binding %u is missing", set, binding);
}

static int compare_bindings(struct oracle *o, spvc_resource_type what,
                            unsigned int type)
{
    const spvc_reflected_resource *list;
    size_t n, k;
    int rc = 0;

    if (spvc_resources_get_resource_list_for_type(o->resources, what, &list,
                                                  &n))
        return -1;
    for (k = 0; !rc && k < n; k++)
        rc = compare_binding(o, &list[k], type);
    return rc;
}

static int compare_locations(struct oracle *o, spvc_resource_type what,
                             const struct shader_slot *slots,
                             const struct shader_slot *patch)
{
    const spvc_reflected_resource *list;
    unsigned int location;
    size_t n, k;

    if (spvc_resources_get_resource_list_for_type(o->resources, what, &list,
                                                  &n))
        return -1;
    for (k = 0; k < n; k++) {
        const struct shader_slot *s = slots;

        if (!spvc_compiler_has_decoration(o->compiler, list[k].id,
                                          SpvDecorationLocation))
            continue; /* a block whose members say it */
        if (spvc_compiler_has_decoration(o->compiler, list[k].id,
                                         SpvDecorationPatch))
            s = patch;
        location = decoration(o, list[k].id, SpvDecorationLocation);
        if (location >= SHADER_LOCATIONS || !s[location].mask)
            return DIFFER(o, "location %u is missing", location);
    }
    return 0;
}

static int compare_push(struct oracle *o)
{
    const spvc_reflected_resource *list;
    size_t n, size = 0;

    if (spvc_resources_get_resource_list_for_type(
            o->resources, SPVC_RESOURCE_TYPE_PUSH_CONSTANT, &list, &n))
        return -1;
    if (n &&
        spvc_compiler_get_declared_struct_size(
            o->compiler,
            spvc_compiler_get_type_handle(o->compiler, list[0].base_type_id),
            &size))
        return -1;
    if (size != o->info->push_bytes)
        return DIFFER(o, "%zu bytes of push constants, not %u", size,
                      o->info->push_bytes);
    return 0;
}

static int compare_all(struct oracle *o)
{
    static const struct {
        spvc_resource_type what;
        unsigned int type;
    } kinds[] = {
        {SPVC_RESOURCE_TYPE_UNIFORM_BUFFER, SHADER_UNIFORM_BUFFER},
        {SPVC_RESOURCE_TYPE_STORAGE_BUFFER, SHADER_STORAGE_BUFFER},
        {SPVC_RESOURCE_TYPE_SAMPLED_IMAGE, SHADER_COMBINED},
        {SPVC_RESOURCE_TYPE_SEPARATE_IMAGE, SHADER_SAMPLED_IMAGE},
        {SPVC_RESOURCE_TYPE_SEPARATE_SAMPLERS, SHADER_SAMPLER},
        {SPVC_RESOURCE_TYPE_STORAGE_IMAGE, SHADER_STORAGE_IMAGE},
    };
    const struct shader_info *info = o->info;
    unsigned int k, all;
    int rc = 0;

    for (k = 0; !rc && k < sizeof(kinds) / sizeof(kinds[0]); k++)
        rc = compare_bindings(o, kinds[k].what, kinds[k].type);
    rc = rc ? rc
            : compare_locations(o, SPVC_RESOURCE_TYPE_STAGE_INPUT, info->in,
                                info->patch_in);
    rc = rc ? rc
            : compare_locations(o, SPVC_RESOURCE_TYPE_STAGE_OUTPUT, info->out,
                                info->patch_out);
    rc = rc ? rc : compare_push(o);
    if (rc)
        return rc;
    all = info->n_bindings < 32 ? (1u << info->n_bindings) - 1 : UINT32_MAX;
    if (o->bindings != all)
        return DIFFER(o, "bindings 0x%x of 0x%x are known", o->bindings, all);
    return 0;
}

int oracle_compare(const struct shader *s, char *why, size_t len)
{
    struct oracle o = {.info = shader_info(s), .why = why, .len = len};
    spvc_context context = NULL;
    spvc_parsed_ir ir;
    spvc_set active;
    const uint32_t *words;
    size_t n;
    int rc = -1;

    why[0] = '\0';
    words = shader_words(s, &n);
    if (spvc_context_create(&context))
        return -1;
    if (spvc_context_parse_spirv(context, words, n, &ir) ||
        spvc_context_create_compiler(context, SPVC_BACKEND_NONE, ir,
                                     SPVC_CAPTURE_MODE_TAKE_OWNERSHIP,
                                     &o.compiler) ||
        spvc_compiler_get_active_interface_variables(o.compiler, &active) ||
        spvc_compiler_create_shader_resources_for_active_variables(
            o.compiler, &o.resources, active))
        snprintf(why, len, "%s", spvc_context_get_last_error_string(context));
    else
        rc = compare_all(&o);
    spvc_context_destroy(context);
    return rc;
}
