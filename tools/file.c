/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void *file_read(const char *file, size_t *len)
{
    size_t room = 65536;
    char *buf = NULL, *larger;
    FILE *in = fopen(file, "rbe");

    *len = 0;
    while (in) {
        larger = realloc(buf, room);
        if (!larger)
            break;
        buf = larger;
        *len += fread(buf + *len, 1, room - *len, in);
        if (*len < room && !ferror(in)) {
            fclose(in);
            return buf;
        }
        if (ferror(in))
            break;
        if (room == FILE_READ_MAX) {
            errno = EFBIG;
            break;
        }
        room *= 2;
    }
    if (in)
        fclose(in);
    free(buf);
    return NULL;
}
