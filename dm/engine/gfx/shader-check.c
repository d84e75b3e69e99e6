/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers in their order, and SPIRV-Tools' validator among them. */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>
#include <spirv-tools/libspirv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shader {
    struct shader_info info;
    uint32_t *words, n_words;
    /* The guest's own, to specialize: only where there is something to. */
    uint32_t *original, n_original;
};

const struct shader_limits shader_limits_default = {
    .bytes = 1u << 20,
    .bound = 1u << 16,
    .functions = 512,
    .blocks = 4096,
    .nested = 32768,
    .nesting = 64,
    .calls = 4096,
    .switch_targets = 1024,
    .inlined = 1u << 17,
    .globals = 256,
    .members = 256,
    .decorations = 1024,
    .type_depth = 16,
    .type_parts = 8192,
    .value = 4096,
    .values = 1u << 20,
    .private_ = 8192,
    .rewritten = 8192,
    .spec_ids = SHADER_SPECS,
    .local_size = {1024, 1024, 64},
    .invocations = 1024,
    .shared_bytes = 32768,
    .push_bytes = 256,
    .sets = 4,
    .bindings = 32,
    .array = 32,
    .vertex_inputs = 16,
    .colours = 8,
    .locations = 30,
    .interface = 128,
    .patch_vertices = 32,
    .geometry_vertices = 256,
    .geometry_components = 1024,
    .geometry_invocations = 32,
    .texel_offset = {-8, 7},
    .gather_offset = {-32, 31},
    .read_without_format = true,
    .write_without_format = true,
};

const char *shader_stage_name(enum shader_stage stage)
{
    static const char *const names[] = {
        [SHADER_VERTEX] = "vertex",
        [SHADER_TESS_CONTROL] = "tessellation control",
        [SHADER_TESS_EVALUATION] = "tessellation evaluation",
        [SHADER_GEOMETRY] = "geometry",
        [SHADER_FRAGMENT] = "fragment",
        [SHADER_COMPUTE] = "compute",
    };

    return stage < SHADER_STAGES ? names[stage] : "?";
}

/* Guests' bytes may be in there, and it goes to logs. */
static void printable(char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            *text = ' ';
    }
}

int module_refuse(struct module *m, int rc, const char *fmt, ...)
{
    va_list ap;

    if (m->why_len) {
        va_start(ap, fmt);
        vsnprintf(m->why, m->why_len, fmt, ap);
        va_end(ap);
        printable(m->why);
    }
    return rc;
}

/* ---- SPIRV-Tools ----------------------------------------------------- */

static int errno_of(spv_result_t rc)
{
    switch (rc) {
    case SPV_SUCCESS:
        return 0;
    case SPV_ERROR_OUT_OF_MEMORY:
        return -ENOMEM;
    case SPV_ERROR_INVALID_CAPABILITY:
    case SPV_ERROR_MISSING_EXTENSION:
        return -ENOTSUP;
    default:
        return -EINVAL;
    }
}

static void set_limits(spv_validator_options options,
                       const struct shader_limits *l)
{
    const struct {
        spv_validator_limit which;
        uint32_t max;
    } limits[] = {
        {spv_validator_limit_max_struct_members, l->members},
        {spv_validator_limit_max_struct_depth, l->type_depth},
        {spv_validator_limit_max_global_variables, l->globals},
        {spv_validator_limit_max_switch_branches, l->switch_targets},
        {spv_validator_limit_max_control_flow_nesting_depth, l->nesting},
        {spv_validator_limit_max_access_chain_indexes, l->type_depth},
    };
    size_t k;

    for (k = 0; k < sizeof(limits) / sizeof(limits[0]); k++)
        spvValidatorOptionsSetUniversalLimit(options, limits[k].which,
                                             limits[k].max);
}

static int validate(struct module *m, const uint32_t *words, size_t n_words)
{
    spv_context context = spvContextCreate(SPV_ENV_VULKAN_1_3);
    spv_validator_options options = spvValidatorOptionsCreate();
    spv_const_binary_t binary = {words, n_words};
    spv_diagnostic diagnostic = NULL;
    int rc = -ENOMEM;

    if (!context || !options)
        goto out;
    set_limits(options, m->limits);
    /* Making them up takes quadratic time where many would be the same. */
    spvValidatorOptionsSetFriendlyNames(options, false);
    rc = errno_of(
        spvValidateWithOptions(context, options, &binary, &diagnostic));
    if (rc && diagnostic && diagnostic->error)
        module_refuse(m, rc, "%s", diagnostic->error);
    else if (rc)
        module_refuse(m, rc, "the validator says no");

out:
    spvDiagnosticDestroy(diagnostic);
    spvValidatorOptionsDestroy(options);
    spvContextDestroy(context);
    return rc;
}

/* ---- The gate -------------------------------------------------------- */

static int check_header(struct module *m)
{
    uint32_t version;

    if (m->n_words < SPIRV_HEADER || m->words[0] != SpvMagicNumber)
        return module_refuse(m, -EINVAL, "no SPIR-V");
    if (m->n_words > m->limits->bytes / 4)
        return module_refuse(m, -E2BIG, "a module of %u words", m->n_words);
    version = m->words[1];
    if (version < 0x10000 || version > 0x10600 || version & 0xff)
        return module_refuse(m, -ENOTSUP, "SPIR-V version 0x%x", version);
    m->bound = m->words[3];
    if (m->bound > m->limits->bound || !m->bound)
        return module_refuse(m, -E2BIG, "ids up to %u", m->bound);
    if (m->words[4])
        return module_refuse(m, -ENOTSUP, "schema %u", m->words[4]);
    return 0;
}

static int check_module(struct module *m, struct shader *s)
{
    int rc = module_scan(m);

    rc = rc ? rc : module_flow(m);
    rc = rc ? rc : validate(m, m->words, m->n_words);
    rc = rc ? rc : module_use(m);
    rc = rc ? rc : module_reflect(m);
    rc = rc ? rc : module_sample(m);
    rc = rc ? rc : module_interface(m);
    rc = rc ? rc : module_rewrite(m, &s->words, &s->n_words);
    /* Our own doing: a guest can't help it, but the driver must not see it. */
    return rc ? rc : validate(m, s->words, s->n_words);
}

int shader_check(const uint32_t *words, size_t n_words,
                 const struct shader_limits *limits, struct shader **out,
                 char *why, size_t why_len)
{
    struct module m = {
        .words = words,
        .n_words = n_words > UINT32_MAX ? UINT32_MAX : (uint32_t)n_words,
        .limits = limits,
        .why = why,
        .why_len = why_len,
    };
    struct shader *s = calloc(1, sizeof(*s));
    int rc = -ENOMEM;

    *out = NULL;
    if (why_len)
        why[0] = '\0';
    if (!s)
        return -ENOMEM;
    m.info = &s->info;
    rc = check_header(&m);
    if (rc)
        goto out;
    rc = -ENOMEM;
    m.ids = calloc(m.bound, sizeof(*m.ids));
    m.globals = calloc(limits->globals, sizeof(*m.globals));
    if (!m.ids || !m.globals)
        goto out;
    rc = check_module(&m, s);
    if (rc || !s->info.n_specs)
        goto out;
    rc = -ENOMEM;
    s->original = malloc(m.n_words * sizeof(*s->original));
    if (!s->original)
        goto out;
    memcpy(s->original, words, m.n_words * sizeof(*s->original));
    s->n_original = m.n_words;
    rc = 0;

out:
    if (rc == -ENOMEM)
        module_refuse(&m, rc, "no memory");
    free(m.ids);
    free(m.decos);
    free(m.globals);
    if (rc)
        shader_free(s);
    else
        *out = s;
    return rc;
}

/* Put a constant's value where its default was. */
static void specialize(uint32_t *words, const struct shader_spec *spec,
                       uint32_t value)
{
    uint32_t length = words[spec->at] & 0xffff0000u;

    if (!spec->is_bool)
        words[spec->at] = value;
    else
        words[spec->at] =
            length | (value ? SpvOpSpecConstantTrue : SpvOpSpecConstantFalse);
}

int shader_specialize(const struct shader *s, const struct shader_value *values,
                      size_t n_values, const struct shader_limits *limits,
                      struct shader **out, char *why, size_t why_len)
{
    const uint32_t *from = s->original ? s->original : s->words;
    uint32_t n = s->original ? s->n_original : s->n_words, k;
    uint32_t *words = malloc(n * sizeof(*words));
    size_t v;
    int rc;

    *out = NULL;
    if (!words) {
        snprintf(why, why_len, "no memory");
        return -ENOMEM;
    }
    memcpy(words, from, n * sizeof(*words));
    for (k = 0; k < s->info.n_specs; k++) {
        for (v = 0; v < n_values; v++) {
            if (values[v].id == s->info.specs[k].id)
                specialize(words, &s->info.specs[k], values[v].value);
        }
    }
    rc = shader_check(words, n, limits, out, why, why_len);
    free(words);
    return rc;
}

void shader_free(struct shader *s)
{
    if (!s)
        return;
    free(s->words);
    free(s->original);
    free(s);
}

const struct shader_info *shader_info(const struct shader *s)
{
    return &s->info;
}

const uint32_t *shader_words(const struct shader *s, size_t *n_words)
{
    *n_words = s->n_words;
    return s->words;
}
