/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/engine/engine.h"

static const struct engine_ops *const engine_table[] = {
    &sdma_ops,
};

const struct engine_ops *engine_ops_find(uint32_t engine)
{
    size_t i;

    for (i = 0; i < sizeof(engine_table) / sizeof(engine_table[0]); i++) {
        if (engine_table[i]->engine == engine)
            return engine_table[i];
    }
    return NULL;
}
