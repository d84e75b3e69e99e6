/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders in which gfx engines keep compiled shaders, one a vGPU:
 * CACHE/DOMID.N, its engine's own. They outlive the engine's process, not the
 * domain. Without one everything works, only slower.
 */
#ifndef MONITOR_CACHE_H
#define MONITOR_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define CACHE_PATH 256u

/* Above which a folder is emptied before the next process starts: Mesa's
 * limit does not hold for caches in one file. */
#define CACHE_MAX (UINT64_C(192) << 20)

/* Make it, empty and owned by uid (0: ours), or with `keep` leave in it what
 * is there, if that is not too much. *path is "" when there is none, which is
 * said. */
void cache_make(uint32_t domid, uint32_t index, uint32_t uid, bool keep,
                char path[CACHE_PATH]);

/* Remove the folders of all the domain's vGPUs, if there are any. */
void cache_remove(uint32_t domid);

#endif
