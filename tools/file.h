/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include <stddef.h>
#include <stdio.h>

#define FILE_READ_MAX ((size_t)1 << 30)

/* All of a file or pipe, to be freed, or NULL and errno (EFBIG). */
void *file_read(const char *file, size_t *len);

/* A file is written whole or not at all: this opens one beside it. NULL and
 * errno; or *temp, its name, which is file_finish()'s. */
FILE *file_create(const char *file, char **temp);

/* Close it and give it its name; with a file of NULL, or if that fails, remove
 * it. 0 or a negative errno. */
int file_finish(FILE *f, char *temp, const char *file);

/* Map a memfd that came from elsewhere: one that can neither shrink nor change
 * under its reader, of exactly that size. NULL: *why says why not. */
const void *file_map_sealed(int fd, size_t size, const char **why);

#endif
