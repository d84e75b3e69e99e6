/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shader gate. What passes must pass again once it was rewritten, with
 * the same bindings, fit a layout made of them, and take specialization.
 */
#include <errno.h>

#include "dm/engine/gfx/shader.h"
#include "fuzz.h"

static const struct shader_limits *limits = &shader_limits_default;

static int check(const uint32_t *words, size_t n, struct shader **s)
{
    char why[128];
    size_t k;
    int rc = shader_check(words, n, limits, s, why, sizeof(why));

    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENOTSUP || rc == -E2BIG);
    FUZZ_CHECK(!rc == !!*s);
    for (k = 0; why[k]; k++)
        FUZZ_CHECK(why[k] >= ' ' && why[k] <= '~');
    FUZZ_CHECK(!rc == !k);
    return rc;
}

static void check_info(const struct shader_info *i)
{
    unsigned int k;

    FUZZ_CHECK(i->stage < SHADER_STAGES);
    FUZZ_CHECK(i->n_bindings <= SHADER_BINDINGS && i->n_specs <= SHADER_SPECS);
    FUZZ_CHECK(i->push_bytes <= limits->push_bytes);
    for (k = 0; k < i->n_bindings; k++)
        FUZZ_CHECK(i->bindings[k].set < limits->sets &&
                   i->bindings[k].binding < limits->bindings &&
                   i->bindings[k].count && i->bindings[k].type <= 7 &&
                   i->bindings[k].count <= limits->array);
    if (i->stage == SHADER_COMPUTE)
        FUZZ_CHECK(i->local_size[0] && i->local_size[1] && i->local_size[2] &&
                   i->local_size[0] * i->local_size[1] * i->local_size[2] <=
                       limits->invocations);
}

/* Alone a shader often fits nothing: only that it ends. */
static void check_match(const struct shader *s)
{
    const struct shader_info *i = shader_info(s);
    const struct shader *stages[SHADER_STAGES] = {0};
    struct shader_layout_binding bindings[SHADER_BINDINGS];
    struct shader_push_range push = {0, limits->push_bytes, ~0u};
    struct shader_pipeline p = {
        .bindings = bindings,
        .n_bindings = i->n_bindings,
        .ranges = &push,
        .n_ranges = 1,
    };
    char why[128];
    unsigned int k;
    int rc;

    for (k = 0; k < i->n_bindings; k++)
        bindings[k] = (struct shader_layout_binding){
            i->bindings[k].set, i->bindings[k].binding, i->bindings[k].count,
            i->bindings[k].type, ~0u};
    for (k = 0; k < SHADER_LOCATIONS; k++)
        p.attributes[k] = i->in[k].base;
    stages[i->stage] = s;
    rc = shader_match(stages, &p, why, sizeof(why));
    if (i->stage == SHADER_VERTEX || i->stage == SHADER_COMPUTE)
        FUZZ_CHECK(rc == 0);
}

static void check_special(const struct shader *s)
{
    struct shader_value values[SHADER_SPECS];
    const struct shader_info *i = shader_info(s);
    struct shader *special;
    char why[128];
    unsigned int k;
    int rc;

    for (k = 0; k < i->n_specs; k++)
        values[k] = (struct shader_value){i->specs[k].id, k % 3};
    rc = shader_specialize(s, values, i->n_specs, limits, &special, why,
                           sizeof(why));
    FUZZ_CHECK(rc <= 0 && rc != -ENOMEM && !rc == !!special);
    shader_free(special);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t *words = malloc(size + 1);
    struct shader *s, *again;
    const uint32_t *out;
    size_t n;

    FUZZ_CHECK(words);
    memcpy(words, data, size);
    if (!check(words, size / 4, &s)) {
        check_info(shader_info(s));
        out = shader_words(s, &n);
        /* The clamps' own indices are clamped once more: it grows. */
        if (check(out, n, &again) != -E2BIG) {
            FUZZ_CHECK(again);
            FUZZ_CHECK(!memcmp(shader_info(s)->bindings,
                               shader_info(again)->bindings,
                               sizeof(shader_info(s)->bindings)));
            shader_free(again);
        }
        check_match(s);
        check_special(s);
        shader_free(s);
    }
    free(words);
    return 0;
}
