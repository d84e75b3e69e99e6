/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What main.c runs in xen-vgpu-engine. */
#include "dm/engine/engine.h"

const struct engine_ops *const engine_program_ops = &sdma_ops;
