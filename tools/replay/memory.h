/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a guest that is not there: what a recording says it was. The
 * engine reaches it by Xen's library calls, which are this file's here.
 */
#ifndef TOOLS_REPLAY_MEMORY_H
#define TOOLS_REPLAY_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define REPLAY_PAGE 4096u
#define REPLAY_PAGES_MAX (1u << 18) /* 1 GiB */

/* 0 or a negative errno. One a process. */
int replay_memory_init(void);
/* Pages of [addr, addr + size) that are not there yet are from now on, with
 * zeroes. -ENOSPC: more than REPLAY_PAGES_MAX. */
int replay_memory_populate(uint64_t addr, uint64_t size);
/* Where `size` bytes, a multiple of 1 MiB, are free; 0: nowhere. */
uint64_t replay_memory_free(uint64_t size);
/* All of it has been populated. data NULL: zeroes. */
int replay_memory_write(uint64_t addr, const void *data, uint64_t size);
int replay_memory_read(uint64_t addr, void *data, uint64_t size);

#endif
