/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What main.c runs in xen-vgpu-engine-gfx. */
#include "dm/engine/gfx/gfx.h"

const struct engine_ops *const engine_program_ops = &gfx_ops;
