/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the shader gate finds out, what it rewrites, and what fits together. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <spirv_cross/GLSL.std.450.h>
#include <spirv_cross/spirv.h>

#include "tests/gfx/mutate.h"
#include "tests/unit/shader-oracle.h"
#include "tests/unit/shader-text.h"

static const struct shader_binding *find(const struct shader *s,
                                         unsigned int set, unsigned int binding)
{
    const struct shader_info *i = shader_info(s);
    unsigned int k;

    for (k = 0; k < i->n_bindings; k++) {
        if (i->bindings[k].set == set && i->bindings[k].binding == binding)
            return &i->bindings[k];
    }
    fail_msg("set %u, binding %u", set, binding);
    return NULL;
}

/* ---- Reflection ------------------------------------------------------ */

static void test_oracle(void **state)
{
    unsigned int k;
    struct shader *s;
    char why[256];

    (void)state;
    for (k = 0; k < mutant_seeds; k++) {
        s = seed_check(mutant_seed(k).name);
        if (oracle_compare(s, why, sizeof(why)))
            fail_msg("%s: %s", mutant_seed(k).name, why);
        shader_free(s);
    }
}

static void test_oracle_on_mutants(void **state)
{
    uint32_t *words = malloc(MUTANT_WORDS * 4), n, k, same = 0;
    struct shader *s;
    char why[256];

    (void)state;
    assert_non_null(words);
    for (k = 0; k < 600; k++) {
        mutant_make(8, k, words, &n);
        if (shader_check(words, n, &shader_limits_default, &s, why,
                         sizeof(why)))
            continue;
        if (oracle_compare(s, why, sizeof(why)) > 0)
            fail_msg("mutant %u: %s", k, why);
        same++;
        shader_free(s);
    }
    assert_true(same > 30);
    free(words);
}

static void test_fragment(void **state)
{
    struct shader *s = seed_check("mix.frag");
    const struct shader_info *i = shader_info(s);
    const struct shader_binding *b;

    (void)state;
    assert_int_equal(i->n_bindings, 11);
    b = find(s, 1, 0);
    assert_int_equal(b->type, SHADER_COMBINED);
    assert_int_equal(b->count, 4);
    assert_false(b->written);
    b = find(s, 1, 4);
    assert_int_equal(b->dim, SHADER_DIM_CUBE);
    assert_true(b->arrayed);
    assert_true(find(s, 1, 5)->multisampled);
    assert_int_equal(find(s, 1, 6)->base, SHADER_INT);
    b = find(s, 1, 7);
    assert_int_equal(b->type, SHADER_SAMPLED_IMAGE);
    assert_int_equal(b->dim, SHADER_DIM_1D);
    assert_int_equal(b->base, SHADER_UINT);
    assert_int_equal(find(s, 1, 8)->type, SHADER_SAMPLER);
    b = find(s, 3, 1);
    assert_int_equal(b->type, SHADER_STORAGE_IMAGE);
    assert_int_equal(b->format, SpvImageFormatR32ui);
    assert_true(b->written && b->arrayed);
    assert_int_equal(i->in[5].mask, 7);
    assert_int_equal(i->in[5].base, SHADER_UINT);
    assert_true(i->in[5].flat);
    assert_false(i->in[6].flat);
    assert_int_equal(i->out[0].base, SHADER_FLOAT);
    assert_int_equal(i->out[1].base, SHADER_INT);
    assert_int_equal(i->out[2].base, SHADER_UINT);
    assert_int_equal(i->out[1].mask, 3);
    assert_true(i->discards && i->writes_depth && i->writes_memory);
    assert_false(i->early_fragment_tests || i->uses_primitive_id);
    shader_free(s);
}

static void test_other_stages(void **state)
{
    struct shader *s = seed_check("mix.vert");
    const struct shader_info *i = shader_info(s);

    (void)state;
    assert_int_equal(i->push_bytes, 68);
    assert_int_equal(find(s, 2, 1)->type, SHADER_UNIFORM_TEXEL);
    assert_int_equal(find(s, 0, 0)->min_size, 128);
    assert_int_equal(i->in[1].base, SHADER_INT);
    assert_int_equal(i->in[3].base, SHADER_UINT);
    assert_int_equal(i->in[6].mask, 7); /* of a matrix */
    assert_int_equal(i->in[7].mask, 0);
    assert_int_equal(i->out[5].mask, 1);   /* of an array in a block */
    assert_int_equal(i->out_distances, 3); /* one to cull, never written */
    assert_int_equal(i->n_specs, 1);
    shader_free(s);

    s = seed_check("mix.tesc");
    i = shader_info(s);
    assert_int_equal(i->patch_vertices, 3);
    assert_int_equal(i->patch_out[6].mask, 15);
    assert_int_equal(i->patch_out[8].mask, 1);
    assert_int_equal(i->out[2].mask, 3);
    assert_true(i->uses_primitive_id);
    shader_free(s);

    s = seed_check("mix.tese");
    i = shader_info(s);
    assert_int_equal(i->domain, SHADER_DOMAIN_TRIANGLES);
    assert_int_equal(i->out[3].mask, 6); /* from component 1 on */
    assert_int_equal(i->patch_in[6].mask, 15);
    shader_free(s);

    s = seed_check("mix.geom");
    i = shader_info(s);
    assert_int_equal(i->geometry_in, SHADER_TRIANGLES);
    assert_int_equal(i->geometry_out, SHADER_LINES);
    assert_int_equal(i->geometry_vertices, 8);
    assert_int_equal(i->geometry_invocations, 2);
    assert_true(i->writes_primitive_id && i->writes_layer);
    assert_int_equal(find(s, 0, 6)->min_size, 4);
    shader_free(s);
}

/* ---- Rewriting ------------------------------------------------------- */

static unsigned int count(const struct shader *s, SpvOp op, uint32_t operand,
                          unsigned int k)
{
    unsigned int found = 0;
    const uint32_t *w;
    size_t n, at;

    w = shader_words(s, &n);
    for (at = 5; at < n; at += w[at] >> 16) {
        if ((w[at] & 0xffff) == (uint32_t)op &&
            (!k || (k < w[at] >> 16 && w[at + k] == operand)))
            found++;
    }
    return found;
}

static void test_clamped(void **state)
{
    struct shader *s;
    char why[256];

    (void)state;
    /* No instruction set was there before. */
    assert_int_equal(
        text_check(
            TEXT_BEGIN("", "%id",
                       TEXT_ONE) "OpName %v \"shared\"\n"
                                 "OpDecorate %id BuiltIn "
                                 "LocalInvocationIndex\n" TEXT_TYPES
                                 "%a = OpTypeArray %uint %c4\n"
                                 "%p = OpTypePointer Workgroup %a\n"
                                 "%pu = OpTypePointer Workgroup %uint\n"
                                 "%pi = OpTypePointer Input %uint\n"
                                 "%v = OpVariable %p Workgroup\n"
                                 "%id = OpVariable %pi Input\n" TEXT_MAIN(
                                     "%1 = OpLoad %uint %id\n"
                                     "%2 = OpAccessChain %pu %v %1\n"
                                     "OpStore %2 %c0\n"
                                     "%3 = OpAccessChain %pu %v %c1\n"
                                     "OpStore %3 %c0\n"),
            &s, why, sizeof(why)),
        0);
    assert_int_equal(shader_info(s)->clamped, 1);
    assert_int_equal(shader_info(s)->shared_bytes, 16);
    assert_int_equal(count(s, SpvOpExtInst, GLSLstd450UMin, 4), 1);
    assert_int_equal(count(s, SpvOpExtInstImport, 0, 0), 1);
    assert_int_equal(count(s, SpvOpConstant, 3, 3), 1);
    assert_int_equal(count(s, SpvOpName, 0, 0), 0);
    shader_free(s);
}

static void test_guarded(void **state)
{
    struct shader *s;
    char why[256];

    (void)state;
    assert_int_equal(
        text_check(
            TEXT_BEGIN(
                "", "%id",
                TEXT_ONE) "OpDecorate %id BuiltIn "
                          "LocalInvocationIndex\n" TEXT_TYPES
                          "%v2int = OpTypeVector %int 2\n"
                          "%m1 = OpConstant %int -1\n%i3 = OpConstant %int 3\n"
                          "%m = OpConstantComposite %v2int %m1 %i3\n"
                          "%t = OpConstantComposite %v2int %i3 %i3\n"
                          "%pi = OpTypePointer Input %uint\n"
                          "%id = OpVariable %pi Input\n" TEXT_MAIN(
                              "%1 = OpLoad %uint %id\n"
                              "%2 = OpSDiv %int %1 %1\n"
                              "%3 = OpSRem %int %2 %i3\n"
                              "%4 = OpSMod %int %3 %m1\n"
                              "%5 = OpCompositeConstruct %v2int %4 %4\n"
                              "%6 = OpSDiv %v2int %5 %m\n"
                              "%7 = OpSDiv %v2int %5 %t\n"
                              "%8 = OpUDiv %uint %1 %1\n"),
            &s, why, sizeof(why)),
        0);
    /* By a variable, by -1, by a vector with -1 in it. */
    assert_int_equal(shader_info(s)->guarded, 3);
    assert_int_equal(count(s, SpvOpSelect, 0, 0), 3);
    shader_free(s);
}

static void test_unused_goes(void **state)
{
    struct shader *s;
    char why[256];

    (void)state;
    assert_int_equal(
        text_check(
            TEXT_COMPUTE("OpDecorate %v DescriptorSet 9\n"
                         "OpDecorate %v Binding 99\nOpDecorate %s Block\n"
                         "OpMemberDecorate %s 0 Offset 0\n",
                         "%s = OpTypeStruct %uint\n"
                         "%p = OpTypePointer StorageBuffer %s\n"
                         "%v = OpVariable %p StorageBuffer\n",
                         ""),
            &s, why, sizeof(why)),
        0);
    assert_int_equal(shader_info(s)->n_bindings, 0);
    assert_int_equal(count(s, SpvOpVariable, 0, 0), 0);
    assert_int_equal(count(s, SpvOpDecorate, SpvDecorationBinding, 2), 0);
    shader_free(s);
}

/* What comes out may go in. */
static void test_again(void **state)
{
    struct shader *s, *again;
    const uint32_t *words;
    unsigned int k;
    char why[256];
    size_t n;

    (void)state;
    for (k = 0; k < mutant_seeds; k++) {
        s = seed_check(mutant_seed(k).name);
        words = shader_words(s, &n);
        if (shader_check(words, n, &shader_limits_default, &again, why,
                         sizeof(why)))
            fail_msg("%s: %s", mutant_seed(k).name, why);
        assert_memory_equal(shader_info(s)->bindings,
                            shader_info(again)->bindings,
                            sizeof(shader_info(s)->bindings));
        assert_memory_equal(shader_info(s)->out, shader_info(again)->out,
                            sizeof(shader_info(s)->out));
        shader_free(again);
        shader_free(s);
    }
}

/* ---- Specialization -------------------------------------------------- */

static struct shader *specialize(const struct shader *s, uint32_t id,
                                 uint32_t value, int rc, const char *part)
{
    const struct shader_value values[] = {{id, value}, {4711, 1}};
    struct shader *out;
    char why[256];

    assert_int_equal(shader_specialize(s, values, 2, &shader_limits_default,
                                       &out, why, sizeof(why)),
                     rc);
    assert_non_null(strstr(why, part));
    return out;
}

static void test_specialized(void **state)
{
    struct shader *s = seed_check("mix.comp"), *t;

    (void)state;
    assert_int_equal(shader_info(s)->local_size[0], 8);
    assert_int_equal(shader_info(s)->local_size[1], 4);
    /* An array of a product of two constants, of 6 scalars, and one more. */
    assert_int_equal(shader_info(s)->shared_bytes, 8 * 4 * 5 * 4 + 4);
    t = specialize(s, 0, 16, 0, "");
    assert_int_equal(shader_info(t)->local_size[0], 16);
    assert_int_equal(shader_info(t)->shared_bytes, 16 * 4 * 5 * 4 + 4);
    shader_free(t);
    assert_null(specialize(s, 0, 0, -EINVAL, "an array of 0"));
    assert_null(specialize(s, 0, 1000, -E2BIG, "shared memory"));
    assert_null(specialize(s, 1, 0x40000000, -EINVAL, "an array of 0"));
    t = specialize(s, 2, 0, 0, "");
    assert_int_equal(count(t, SpvOpSpecConstantTrue, 0, 0), 0);
    assert_int_equal(count(t, SpvOpSpecConstantFalse, 0, 0), 1);
    shader_free(t);
    t = specialize(s, 4711, 0, 0, "");
    assert_int_equal(shader_info(t)->local_size[0], 8);
    shader_free(t);
    shader_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_oracle_on_mutants),
        cmocka_unit_test(test_fragment),
        cmocka_unit_test(test_other_stages),
        cmocka_unit_test(test_clamped),
        cmocka_unit_test(test_guarded),
        cmocka_unit_test(test_unused_goes),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_specialized),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
