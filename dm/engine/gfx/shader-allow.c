/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a shader may ask for. An allow-list: what stands nowhere here is not
 * offered, whatever the driver could do. What another feature would need
 * besides its row: 64-bit types would change the counting of locations and
 * bytes, descriptor indexing the rule that indices of descriptors are
 * constants, VariablePointers the way from a pointer to its variable.
 */
#include "dm/engine/gfx/shader-module.h"

#include <errno.h>
#include <string.h>

static const uint16_t capabilities[] = {
    SpvCapabilityMatrix,
    SpvCapabilityShader,
    SpvCapabilityGeometry,
    SpvCapabilityTessellation,
    SpvCapabilityTessellationPointSize,
    SpvCapabilityGeometryPointSize,
    SpvCapabilityImageGatherExtended,
    SpvCapabilityClipDistance,
    SpvCapabilityCullDistance,
    SpvCapabilityImageCubeArray,
    SpvCapabilitySampleRateShading,
    SpvCapabilitySampled1D,
    SpvCapabilityImage1D,
    SpvCapabilitySampledCubeArray,
    SpvCapabilitySampledBuffer,
    SpvCapabilityImageBuffer,
    SpvCapabilityStorageImageExtendedFormats,
    SpvCapabilityImageQuery,
    SpvCapabilityDerivativeControl,
    SpvCapabilityInterpolationFunction,
    SpvCapabilityMultiViewport,
    SpvCapabilityShaderLayer,
    SpvCapabilityShaderViewportIndex,
    SpvCapabilityDrawParameters,
    SpvCapabilityDemoteToHelperInvocation,
};

/* In core SPIR-V by now, or nothing but names. */
static const char *const extensions[] = {
    "SPV_KHR_storage_buffer_storage_class",
    "SPV_KHR_shader_draw_parameters",
    "SPV_KHR_terminate_invocation",
    "SPV_EXT_demote_to_helper_invocation",
    "SPV_KHR_no_integer_wrap_decoration",
    "SPV_GOOGLE_decorate_string",
    "SPV_GOOGLE_hlsl_functionality1",
    "SPV_GOOGLE_user_type",
};

static const uint8_t classes[] = {
    SpvStorageClassUniformConstant, SpvStorageClassInput,
    SpvStorageClassUniform,         SpvStorageClassOutput,
    SpvStorageClassWorkgroup,       SpvStorageClassPrivate,
    SpvStorageClassFunction,        SpvStorageClassPushConstant,
    SpvStorageClassImage,           SpvStorageClassStorageBuffer,
};

static const uint16_t modes[] = {
    SpvExecutionModeInvocations,
    SpvExecutionModeSpacingEqual,
    SpvExecutionModeSpacingFractionalEven,
    SpvExecutionModeSpacingFractionalOdd,
    SpvExecutionModeVertexOrderCw,
    SpvExecutionModeVertexOrderCcw,
    SpvExecutionModeOriginUpperLeft,
    SpvExecutionModeEarlyFragmentTests,
    SpvExecutionModePointMode,
    SpvExecutionModeDepthReplacing,
    SpvExecutionModeDepthGreater,
    SpvExecutionModeDepthLess,
    SpvExecutionModeDepthUnchanged,
    SpvExecutionModeLocalSize,
    SpvExecutionModeLocalSizeId,
    SpvExecutionModeInputPoints,
    SpvExecutionModeInputLines,
    SpvExecutionModeInputLinesAdjacency,
    SpvExecutionModeTriangles,
    SpvExecutionModeInputTrianglesAdjacency,
    SpvExecutionModeQuads,
    SpvExecutionModeIsolines,
    SpvExecutionModeOutputVertices,
    SpvExecutionModeOutputPoints,
    SpvExecutionModeOutputLineStrip,
    SpvExecutionModeOutputTriangleStrip,
};

/* A literal string in operands from k on, or "?" where it has no end. */
static const char *literal(const struct insn *i, uint32_t k)
{
    const char *text = (const char *)(i->w + k);

    if (k >= i->n || !memchr(text, '\0', (size_t)(i->n - k) * 4))
        return "?";
    return text;
}

bool storage_allowed(uint32_t storage_class)
{
    size_t k;

    for (k = 0; k < sizeof(classes); k++) {
        if (classes[k] == storage_class)
            return true;
    }
    return false;
}

static bool listed(const uint16_t *list, size_t n, uint32_t value)
{
    size_t k;

    for (k = 0; k < n; k++) {
        if (list[k] == value)
            return true;
    }
    return false;
}

static bool capability_allowed(const struct module *m, uint32_t which)
{
    switch (which) {
    case SpvCapabilityStorageImageReadWithoutFormat:
        return m->limits->read_without_format;
    case SpvCapabilityStorageImageWriteWithoutFormat:
        return m->limits->write_without_format;
    default:
        return listed(capabilities, sizeof(capabilities) / 2, which);
    }
}

static int builtin_allowed(struct module *m, const struct insn *i)
{
    uint32_t k = i->op == SpvOpMemberDecorate ? 3 : 2;

    if (arg(i, k) != SpvDecorationBuiltIn || builtin_offered(arg(i, k + 1)))
        return 0;
    return module_refuse(m, -ENOTSUP, "built-in %u is not offered",
                         arg(i, k + 1));
}

int module_allowed(struct module *m, const struct insn *i)
{
    const char *name;
    size_t k;

    switch (i->op) {
    case SpvOpCapability:
        if (!capability_allowed(m, arg(i, 1)))
            return module_refuse(m, -ENOTSUP, "capability %u is not offered",
                                 arg(i, 1));
        return 0;
    case SpvOpExtension:
        name = literal(i, 1);
        for (k = 0; k < sizeof(extensions) / sizeof(extensions[0]); k++) {
            if (!strcmp(name, extensions[k]))
                return 0;
        }
        return module_refuse(m, -ENOTSUP, "extension %.64s is not offered",
                             name);
    case SpvOpExtInstImport:
        name = literal(i, 2);
        if (strcmp(name, "GLSL.std.450"))
            return module_refuse(m, -ENOTSUP,
                                 "instruction set %.64s is not offered", name);
        return 0;
    case SpvOpExecutionMode:
    case SpvOpExecutionModeId:
        if (!listed(modes, sizeof(modes) / 2, arg(i, 2)))
            return module_refuse(m, -ENOTSUP,
                                 "execution mode %u is not offered", arg(i, 2));
        return 0;
    case SpvOpMemoryModel:
        if (arg(i, 1) != SpvAddressingModelLogical ||
            arg(i, 2) != SpvMemoryModelGLSL450)
            return module_refuse(m, -ENOTSUP,
                                 "memory model %u, %u is not offered",
                                 arg(i, 1), arg(i, 2));
        return 0;
    case SpvOpDecorate:
    case SpvOpMemberDecorate:
        return builtin_allowed(m, i);
    case SpvOpIsHelperInvocationEXT:
    case SpvOpDecorationGroup:
    case SpvOpGroupDecorate:
    case SpvOpGroupMemberDecorate:
    case SpvOpTypeForwardPointer:
    case SpvOpPtrAccessChain:
    case SpvOpInBoundsPtrAccessChain:
        return module_refuse(m, -ENOTSUP, "opcode %u is not offered", i->op);
    default:
        return 0;
    }
}
