/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include <stddef.h>

#define FILE_READ_MAX ((size_t)1 << 30)

/* All of a file or pipe, to be freed, or NULL and errno (EFBIG). */
void *file_read(const char *file, size_t *len);

#endif
