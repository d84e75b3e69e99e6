/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPIRV-Cross' opinion of a module, beside the shader gate's. */
#ifndef TESTS_UNIT_SHADER_ORACLE_H
#define TESTS_UNIT_SHADER_ORACLE_H

#include "dm/engine/gfx/shader.h"

/* 0: they agree on bindings, push constants, workgroup and locations;
 * 1: not, and `why` tells; -1: SPIRV-Cross refuses the module. */
int oracle_compare(const struct shader *s, char *why, size_t len);

#endif
