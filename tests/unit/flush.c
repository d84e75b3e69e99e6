/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coverage builds only: an engine ends by SIGKILL, so its counters are
 * written while it lives. It may end in the middle of that: into a folder of
 * its own (tests/coverage makes it), whose broken files do no harm.
 */
#include <gcov.h>
#include <stdlib.h>

#include "dm/engine/engine.h"

/* gcov's calls are no fault points, where there are any (tests/faults). */
void points_exempt(bool exempt) __attribute__((weak));

int __real_engine_turn(struct engine *e, int timeout_ms);
int __wrap_engine_turn(struct engine *e, int timeout_ms);

__attribute__((constructor)) static void own_folder(void)
{
    const char *dir = getenv("XVGPU_COVERAGE_KILLED");

    if (dir)
        setenv("GCOV_PREFIX", dir, 1);
}

int __wrap_engine_turn(struct engine *e, int timeout_ms)
{
    static unsigned int turns;
    int rc = __real_engine_turn(e, timeout_ms);

    /* Soon after the start, then ever less often. */
    turns++;
    if (turns & (turns - 1))
        return rc;
    if (points_exempt)
        points_exempt(true);
    __gcov_dump();
    __gcov_reset();
    if (points_exempt)
        points_exempt(false);
    return rc;
}
