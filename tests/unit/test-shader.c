/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the shader gate refuses, and why. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gfx/mutate.h"
#include "tests/unit/shader-text.h"

/* A texel that is (1, y) away. */
#define FETCH(y)                                                               \
    TEXT_COMPUTE(                                                              \
        "OpDecorate %t DescriptorSet 0\nOpDecorate %t Binding 0\n",            \
        "%image = OpTypeImage %float 2D 0 0 0 1 Unknown\n"                     \
        "%p = OpTypePointer UniformConstant %image\n"                          \
        "%t = OpVariable %p UniformConstant\n"                                 \
        "%v2int = OpTypeVector %int 2\n%zero = OpConstantNull %v2int\n"        \
        "%i1 = OpConstant %int 1\n%y = OpConstant %int " y "\n"                \
        "%off = OpConstantComposite %v2int %i1 %y\n",                          \
        "%1 = OpLoad %image %t\n"                                              \
        "%2 = OpImageFetch %v4float %1 %zero Lod|ConstOffset %c0 %off\n")

static const struct bad {
    int rc;
    const char *why; /* is part of what it says */
    const char *text;
} bad[] = {
    /* Not offered */
    {-ENOTSUP, "capability 11",
     TEXT_BEGIN("OpCapability Int64\n", "", TEXT_ONE) TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "capability 61",
     TEXT_BEGIN("OpCapability GroupNonUniform\n", "", TEXT_ONE)
         TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "extension SPV_KHR_ray_query",
     TEXT_BEGIN("OpExtension \"SPV_KHR_ray_query\"\n", "", TEXT_ONE)
         TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "instruction set OpenCL.std",
     TEXT_BEGIN("%cl = OpExtInstImport \"OpenCL.std\"\n", "", TEXT_ONE)
         TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "memory model 0, 3",
     "OpCapability Shader\nOpMemoryModel Logical Vulkan\n"
     "OpEntryPoint GLCompute %main \"main\"\n" TEXT_ONE TEXT_TYPES TEXT_MAIN(
         "")},
    {-ENOTSUP, "memory model 5348, 1",
     "OpCapability Shader\nOpMemoryModel PhysicalStorageBuffer64 GLSL450\n"
     "OpEntryPoint GLCompute %main \"main\"\n" TEXT_ONE TEXT_TYPES TEXT_MAIN(
         "")},
    {-ENOTSUP, "more than one entry point",
     TEXT_BEGIN("", "", "OpEntryPoint GLCompute %main \"main\"\n" TEXT_ONE)
         TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "is not \"main\"",
     "OpCapability Shader\nOpMemoryModel Logical GLSL450\n"
     "OpEntryPoint GLCompute %main \"mains\"\n" TEXT_ONE TEXT_TYPES TEXT_MAIN(
         "")},
    {-ENOTSUP, "execution model 6",
     "OpCapability Shader\nOpMemoryModel Logical GLSL450\n"
     "OpEntryPoint Kernel %main \"main\"\n" TEXT_ONE TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "execution mode 11",
     TEXT_BEGIN("", "", TEXT_ONE "OpExecutionMode %main Xfb\n")
         TEXT_TYPES TEXT_MAIN("")},
    {-ENOTSUP, "numbers of 64 bits",
     TEXT_COMPUTE("", "%double = OpTypeFloat 64\n", "")},
    {-ENOTSUP, "storage class 5349",
     TEXT_COMPUTE("", "%p = OpTypePointer PhysicalStorageBuffer %uint\n", "")},
    {-ENOTSUP, "built-in 23",
     TEXT_COMPUTE("OpDecorate %v BuiltIn HelperInvocation\n",
                  "%p = OpTypePointer Input %bool\n%v = OpVariable %p Input\n",
                  "")},
    {-ENOTSUP, "structure without members",
     TEXT_COMPUTE("", "%s = OpTypeStruct\n", "")},
    {-ENOTSUP, "index of descriptors is no constant",
     TEXT_COMPUTE("OpDecorate %v DescriptorSet 0\nOpDecorate %v Binding 0\n"
                  "OpDecorate %s Block\nOpMemberDecorate %s 0 Offset 0\n",
                  "%s = OpTypeStruct %uint\n%a = OpTypeArray %s %c4\n"
                  "%p = OpTypePointer StorageBuffer %a\n"
                  "%pu = OpTypePointer StorageBuffer %uint\n"
                  "%v = OpVariable %p StorageBuffer\n",
                  "%1 = OpAccessChain %pu %v %c0 %c0\n%2 = OpLoad %uint %1\n"
                  "%3 = OpAccessChain %pu %v %2 %c0\n%4 = OpLoad %uint %3\n")},
    {-ENOTSUP, "division that may trap",
     TEXT_COMPUTE("",
                  "%min = OpConstant %int -2147483648\n"
                  "%m1 = OpSpecConstant %int -1\n"
                  "%d = OpSpecConstantOp %int SDiv %min %m1\n",
                  "")},
    {-ENOTSUP, "offsets of texels beyond -8 to 7", FETCH("-9")},
    {-ENOTSUP, "offsets of texels beyond -8 to 7", FETCH("8")},
    /* Not valid */
    {-EINVAL, "index 64 in an array of 4",
     TEXT_COMPUTE("",
                  "%a = OpTypeArray %uint %c4\n"
                  "%p = OpTypePointer Workgroup %a\n"
                  "%pu = OpTypePointer Workgroup %uint\n"
                  "%v = OpVariable %p Workgroup\n",
                  "%1 = OpAccessChain %pu %v %c64\nOpStore %1 %c0\n")},
    {-EINVAL, "calls itself",
     TEXT_COMPUTE("", "",
                  "%1 = OpFunctionCall %void %f\n"
                  "OpReturn\nOpFunctionEnd\n"
                  "%f = OpFunction %void None %fn\n%2 = OpLabel\n"
                  "%3 = OpFunctionCall %void %f\n")},
    {-EINVAL, "missing Binding",
     TEXT_COMPUTE("OpDecorate %v DescriptorSet 0\n"
                  "OpDecorate %s Block\nOpMemberDecorate %s 0 Offset 0\n",
                  "%s = OpTypeStruct %uint\n"
                  "%p = OpTypePointer StorageBuffer %s\n"
                  "%pu = OpTypePointer StorageBuffer %uint\n"
                  "%v = OpVariable %p StorageBuffer\n",
                  "%1 = OpAccessChain %pu %v %c0\n%2 = OpLoad %uint %1\n")},
    {-EINVAL, "a workgroup of 1 x 0 x 1",
     TEXT_BEGIN("", "", "OpExecutionMode %main LocalSize 1 0 1\n")
         TEXT_TYPES TEXT_MAIN("")},
    {-EINVAL, "LocalSize", TEXT_BEGIN("", "", "") TEXT_TYPES TEXT_MAIN("")},
    {-EINVAL, "built-in 29 is of another type",
     TEXT_BEGIN(
         "", "%v",
         TEXT_ONE) "OpDecorate %v BuiltIn LocalInvocationIndex\n" TEXT_TYPES
                   "%p = OpTypePointer Input %v3uint\n%v = OpVariable %p "
                   "Input\n" TEXT_MAIN("%1 = OpLoad %v3uint %v\n")},
    {-EINVAL, "without location",
     TEXT_BEGIN("", "%v", TEXT_ONE) TEXT_TYPES
     "%p = OpTypePointer Input %uint\n%v = OpVariable %p Input\n" TEXT_MAIN(
         "%1 = OpLoad %uint %v\n")},
    {-EINVAL, "opcode 124 on a pointer",
     TEXT_COMPUTE("",
                  "%p = OpTypePointer Private %uint\n"
                  "%v = OpVariable %p Private\n",
                  "%1 = OpBitcast %uint %v\n")},
    {-ENOTSUP, "a pointer or image made by opcode 1",
     TEXT_COMPUTE("", "%p = OpTypePointer Private %uint\n%u = OpUndef %p\n",
                  "")},
    {-EINVAL, "opcode 60 on another kind of image",
     TEXT_BEGIN("OpCapability Sampled1D\n", "",
                TEXT_ONE) "OpDecorate %v DescriptorSet 0\nOpDecorate %v "
                          "Binding 0\n" TEXT_TYPES
                          "%i = OpTypeImage %uint 1D 0 0 0 1 R32ui\n"
                          "%p = OpTypePointer UniformConstant %i\n"
                          "%pi = OpTypePointer Image %uint\n"
                          "%v = OpVariable %p UniformConstant\n" TEXT_MAIN(
                              "%1 = OpImageTexelPointer %pi %v %c0 %c0\n"
                              "%2 = OpAtomicIAdd %uint %1 %c1 %c0 %c1\n")},
    {-EINVAL, "type is made of id",
     TEXT_COMPUTE("", "%s = OpTypeStruct %later\n%later = OpTypeInt 32 0\n",
                  "")},
    {-EINVAL, "length is no constant",
     TEXT_COMPUTE("", "%a = OpTypeArray %uint %v4float\n", "")},
    {-EINVAL, "an array of 0",
     TEXT_COMPUTE("", "%a = OpTypeArray %uint %c0\n", "")},
    {-EINVAL, "", TEXT_COMPUTE("", "", "%1 = OpIAdd %uint %c1 %f1\n")},
    /* Beyond the limits */
    {-E2BIG, "a workgroup of 1025",
     TEXT_BEGIN("", "", "OpExecutionMode %main LocalSize 1025 1 1\n")
         TEXT_TYPES TEXT_MAIN("")},
    {-E2BIG, "a workgroup of 64 x 64",
     TEXT_BEGIN("", "", "OpExecutionMode %main LocalSize 64 64 1\n")
         TEXT_TYPES TEXT_MAIN("")},
    {-E2BIG, "shared memory",
     TEXT_COMPUTE("",
                  "%big = OpConstant %uint 8193\n"
                  "%a = OpTypeArray %uint %big\n"
                  "%p = OpTypePointer Workgroup %a\n"
                  "%pu = OpTypePointer Workgroup %uint\n"
                  "%v = OpVariable %p Workgroup\n",
                  "%1 = OpAccessChain %pu %v %c1\nOpStore %1 %c0\n")},
    {-E2BIG, "private variables",
     TEXT_COMPUTE("",
                  "%big = OpConstant %uint 100000000\n"
                  "%a = OpTypeArray %uint %big\n"
                  "%p = OpTypePointer Private %a\n"
                  "%v = OpVariable %p Private\n",
                  "")},
    {-E2BIG, "a value of 100000 scalars",
     TEXT_COMPUTE("",
                  "%big = OpConstant %uint 100000\n"
                  "%a = OpTypeArray %uint %big\n"
                  "%n = OpConstantNull %a\n",
                  "")},
    {-E2BIG, "an interface of 16000000 scalars",
     TEXT_BEGIN("", "%v", TEXT_ONE) "OpDecorate %v Location 0\n" TEXT_TYPES
                                    "%big = OpConstant %uint 4000000\n%a = "
                                    "OpTypeArray %v4float %big\n"
                                    "%p = OpTypePointer Input %a\n%v = "
                                    "OpVariable %p Input\n" TEXT_MAIN("")},
    {-E2BIG, "bytes of push constants",
     TEXT_COMPUTE("OpDecorate %s Block\nOpMemberDecorate %s 0 Offset 256\n",
                  "%s = OpTypeStruct %uint\n"
                  "%p = OpTypePointer PushConstant %s\n"
                  "%pu = OpTypePointer PushConstant %uint\n"
                  "%v = OpVariable %p PushConstant\n",
                  "%1 = OpAccessChain %pu %v %c0\n%2 = OpLoad %uint %1\n")},
    {-E2BIG, "set 4, binding 0",
     TEXT_COMPUTE("OpDecorate %v DescriptorSet 4\nOpDecorate %v Binding 0\n"
                  "OpDecorate %s Block\nOpMemberDecorate %s 0 Offset 0\n",
                  "%s = OpTypeStruct %uint\n"
                  "%p = OpTypePointer StorageBuffer %s\n"
                  "%pu = OpTypePointer StorageBuffer %uint\n"
                  "%v = OpVariable %p StorageBuffer\n",
                  "%1 = OpAccessChain %pu %v %c0\n%2 = OpLoad %uint %1\n")},
    {-E2BIG, "over 32 descriptors",
     TEXT_COMPUTE("OpDecorate %v DescriptorSet 0\nOpDecorate %v Binding 0\n"
                  "OpDecorate %s Block\nOpMemberDecorate %s 0 Offset 0\n",
                  "%s = OpTypeStruct %uint\n%a = OpTypeArray %s %c64\n"
                  "%p = OpTypePointer StorageBuffer %a\n"
                  "%pu = OpTypePointer StorageBuffer %uint\n"
                  "%v = OpVariable %p StorageBuffer\n",
                  "%1 = OpAccessChain %pu %v %c1 %c0\n%2 = OpLoad %uint %1\n")},
};

static void expect(const char *text, int rc, const char *part)
{
    struct shader *s;
    char why[256];
    int got = text_check(text, &s, why, sizeof(why));

    if (got != rc || (part && !strstr(why, part)))
        fail_msg("%d \"%s\" instead of %d \"%s\" for\n%s", got, why, rc,
                 part ? part : "", text);
    assert_true(rc ? !s : !!s);
    shader_free(s);
}

static void test_refusals(void **state)
{
    size_t k;

    (void)state;
    expect(TEXT_COMPUTE("", "", ""), 0, "");
    expect(FETCH("-8"), 0, "");
    expect(FETCH("7"), 0, "");
    for (k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
        expect(bad[k].text, bad[k].rc, bad[k].why);
}

/* ---- What would blow up ---------------------------------------------- */

struct text {
    char *s;
    size_t n, room;
};

static void add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;

    if (t->room - t->n < 512) {
        t->room = t->room * 2 + 4096;
        t->s = realloc(t->s, t->room);
        assert_non_null(t->s);
    }
    va_start(ap, fmt);
    t->n += (size_t)vsnprintf(t->s + t->n, t->room - t->n, fmt, ap);
    va_end(ap);
}

static void append(struct text *t, const char *part)
{
    size_t n = strlen(part);

    if (t->room - t->n <= n) {
        t->room = t->room * 2 + n + 4096;
        t->s = realloc(t->s, t->room);
        assert_non_null(t->s);
    }
    memcpy(t->s + t->n, part, n + 1);
    t->n += n;
}

static void test_nested_types(void **state)
{
    struct text t = {0};
    int k;

    (void)state;
    /* 8^12 parts in 12 lines. */
    append(&t, TEXT_BEGIN("", "", TEXT_ONE) TEXT_TYPES);
    add(&t, "%%s0 = OpTypeStruct %%uint\n");
    for (k = 1; k < 12; k++)
        add(&t, "%%s%d = OpTypeStruct %%s%d %%s%d %%s%d %%s%d %%s%d %%s%d\n", k,
            k - 1, k - 1, k - 1, k - 1, k - 1, k - 1);
    append(&t, TEXT_MAIN(""));
    expect(t.s, -E2BIG, "parts");

    t.n = 0;
    append(&t, TEXT_BEGIN("", "", TEXT_ONE) TEXT_TYPES);
    add(&t, "%%s0 = OpTypeStruct %%uint\n");
    for (k = 1; k < 1000; k++)
        add(&t, "%%s%d = OpTypeStruct %%s%d\n", k, k - 1);
    append(&t, TEXT_MAIN(""));
    expect(t.s, -E2BIG, "nested");
    free(t.s);
}

static void test_inlining(void **state)
{
    struct text t = {0};
    int k;

    (void)state;
    append(&t, TEXT_COMPUTE("", "", "%call = OpFunctionCall %void %g0\n"));
    for (k = 0; k < 30; k++)
        add(&t,
            "%%g%d = OpFunction %%void None %%fn\n%%l%d = OpLabel\n"
            "%%a%d = OpFunctionCall %%void %%g%d\n"
            "%%b%d = OpFunctionCall %%void %%g%d\nOpReturn\nOpFunctionEnd\n",
            k, k, k, k + 1, k, k + 1);
    add(&t, "%%g30 = OpFunction %%void None %%fn\n%%l30 = OpLabel\n"
            "OpReturn\nOpFunctionEnd\n");
    expect(t.s, -E2BIG, "with all calls");
    free(t.s);
}

static void test_nested_blocks(void **state)
{
    struct text t = {0};
    int k, n = 300;

    (void)state;
    append(&t, TEXT_BEGIN("", "", TEXT_ONE) TEXT_TYPES);
    add(&t, "%%true = OpConstantTrue %%bool\n"
            "%%main = OpFunction %%void None %%fn\n%%i0 = OpLabel\n");
    for (k = 0; k < n; k++)
        add(&t,
            "OpSelectionMerge %%m%d None\n"
            "OpBranchConditional %%true %%i%d %%m%d\n%%i%d = OpLabel\n",
            k, k + 1, k, k + 1);
    for (k = n - 1; k >= 0; k--)
        add(&t, "OpBranch %%m%d\n%%m%d = OpLabel\n", k, k);
    add(&t, "OpReturn\nOpFunctionEnd\n");
    expect(t.s, -E2BIG, "blocks are nested");
    free(t.s);
}

static void test_too_many(void **state)
{
    struct text t = {0};
    int k;

    (void)state;
    append(&t, TEXT_BEGIN("", "", TEXT_ONE));
    for (k = 0; k < 2000; k++)
        add(&t, "OpDecorate %%uint RelaxedPrecision\n");
    append(&t, TEXT_TYPES TEXT_MAIN(""));
    expect(t.s, -E2BIG, "decorations");

    t.n = 0;
    append(&t, TEXT_BEGIN("", "", TEXT_ONE) TEXT_TYPES);
    add(&t, "%%p = OpTypePointer Private %%uint\n");
    for (k = 0; k < 1000; k++)
        add(&t, "%%v%d = OpVariable %%p Private\n", k);
    append(&t, TEXT_MAIN(""));
    expect(t.s, -E2BIG, "global variables");

    t.n = 0;
    append(&t, TEXT_BEGIN("", "", TEXT_ONE) TEXT_TYPES
           "%a = OpTypeArray %v4float %c64\n%n = OpConstantNull %a\n"
           "%main = OpFunction %void None %fn\n%entry = OpLabel\n");
    for (k = 0; k < 5000; k++)
        add(&t, "%%v%d = OpCopyObject %%a %%n\n", k);
    add(&t, "OpReturn\nOpFunctionEnd\n");
    expect(t.s, -E2BIG, "scalars in its values");
    free(t.s);
}

/* ---- Words ----------------------------------------------------------- */

static int check_words(const uint32_t *words, size_t n)
{
    struct shader *s;
    char why[256];
    int rc =
        shader_check(words, n, &shader_limits_default, &s, why, sizeof(why));
    size_t k;

    for (k = 0; why[k]; k++)
        assert_true(why[k] >= ' ' && why[k] <= '~');
    assert_true(rc == 0 || rc == -EINVAL || rc == -ENOTSUP || rc == -E2BIG);
    assert_true(rc ? !s && k : !!s);
    shader_free(s);
    return rc;
}

static void test_headers(void **state)
{
    struct mutant_seed seed = mutant_seed(0);
    uint32_t *w = malloc(seed.n * 4);
    static const struct {
        unsigned int at;
        uint32_t value;
        int rc;
    } edits[] = {
        {0, 0x03022307, -EINVAL}, {1, 0x10700, -ENOTSUP},
        {1, 0x10001, -ENOTSUP},   {3, 0, -E2BIG},
        {3, 1, -EINVAL},          {3, UINT32_MAX, -E2BIG},
        {4, 1, -ENOTSUP},         {5, 0, -EINVAL},
        {5, UINT32_MAX, -EINVAL},
    };
    size_t k;

    (void)state;
    assert_non_null(w);
    for (k = 0; k < sizeof(edits) / sizeof(edits[0]); k++) {
        memcpy(w, seed.words, seed.n * 4);
        w[edits[k].at] = edits[k].value;
        assert_int_equal(check_words(w, seed.n), edits[k].rc);
    }
    assert_int_equal(check_words(seed.words, SIZE_MAX / 4), -E2BIG);
    free(w);
}

/* Each length is one too little, in memory that ends there. */
static void test_cut(void **state)
{
    unsigned int which;
    uint32_t n;

    (void)state;
    for (which = 0; which < mutant_seeds; which += 5) {
        struct mutant_seed seed = mutant_seed(which);

        for (n = 0; n < seed.n; n += 1 + seed.n / 300) {
            uint32_t *w = malloc(n * 4 + 1);

            assert_non_null(w);
            memcpy(w, seed.words, n * 4);
            assert_int_not_equal(check_words(w, n), 0);
            free(w);
        }
    }
}

static void test_mutants(void **state)
{
    uint32_t *words = malloc(MUTANT_WORDS * 4), n, k, passed = 0;

    (void)state;
    assert_non_null(words);
    for (k = 0; k < 600; k++) {
        mutant_make(7, k, words, &n);
        passed += !check_words(words, n);
    }
    /* Some are harmless, or nothing was shown. */
    assert_in_range(passed, 30, 400);
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_nested_types),
        cmocka_unit_test(test_inlining), cmocka_unit_test(test_nested_blocks),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_headers),
        cmocka_unit_test(test_cut),      cmocka_unit_test(test_mutants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
