/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small modules for the shader gate's tests, in SPIR-V's assembly. */
#ifndef TESTS_UNIT_SHADER_TEXT_H
#define TESTS_UNIT_SHADER_TEXT_H

#include "dm/engine/gfx/shader.h"

/* A compute shader of one invocation; `more`: further modes, capabilities
 * would have to come first. */
#define TEXT_BEGIN(capabilities, interface, more)                              \
    "OpCapability Shader\n" capabilities "OpMemoryModel Logical GLSL450\n"     \
    "OpEntryPoint GLCompute %main \"main\" " interface "\n" more
#define TEXT_ONE "OpExecutionMode %main LocalSize 1 1 1\n"
#define TEXT_TYPES                                                             \
    "%void = OpTypeVoid\n%fn = OpTypeFunction %void\n"                         \
    "%bool = OpTypeBool\n%uint = OpTypeInt 32 0\n%int = OpTypeInt 32 1\n"      \
    "%float = OpTypeFloat 32\n%v2float = OpTypeVector %float 2\n"              \
    "%v4float = OpTypeVector %float 4\n%v3uint = OpTypeVector %uint 3\n"       \
    "%c0 = OpConstant %uint 0\n%c1 = OpConstant %uint 1\n"                     \
    "%c4 = OpConstant %uint 4\n%c64 = OpConstant %uint 64\n"                   \
    "%f1 = OpConstant %float 1\n"
#define TEXT_MAIN(body)                                                        \
    "%main = OpFunction %void None %fn\n%entry = OpLabel\n" body               \
    "OpReturn\nOpFunctionEnd\n"
#define TEXT_COMPUTE(decorations, globals, body)                               \
    TEXT_BEGIN("", "", TEXT_ONE)                                               \
    decorations TEXT_TYPES globals TEXT_MAIN(body)

/* What shader_check() says of a text; the shader in *out if it passed. */
int text_check(const char *text, struct shader **out, char *why, size_t len);

/* A module of tests/gfx that passes; a failure of the test if not. */
struct shader *seed_check(const char *name);

#endif
