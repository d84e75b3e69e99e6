/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TOOLS_REPLAY_REPLAY_H
#define TOOLS_REPLAY_REPLAY_H

#include "dm/engine/engine.h"

/* engines.c: by XVGPU_ENGINE_*; NULL: not in this program. */
extern const struct engine_ops *const replay_ops[XVGPU_NR_ENGINES];

#endif
