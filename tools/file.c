/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

FILE *file_create(const char *file, char **temp)
{
    FILE *f = NULL;
    int fd, err;

    /* Beside the file, so that it can be renamed to it. */
    if (asprintf(temp, "%s.%ld.tmp", file, (long)getpid()) < 0) {
        errno = ENOMEM;
        return NULL;
    }
    fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        f = fdopen(fd, "wb");
    if (f)
        return f;
    err = errno;
    if (fd >= 0) {
        close(fd);
        unlink(*temp);
    }
    free(*temp);
    errno = err;
    return NULL;
}

int file_finish(FILE *f, char *temp, const char *file)
{
    int rc = 0;

    if (file && (fflush(f) || ferror(f)))
        rc = -(errno ? errno : EIO);
    if (fclose(f) && !rc && file)
        rc = -errno;
    if (file && !rc && rename(temp, file))
        rc = -errno;
    if (!file || rc)
        unlink(temp);
    free(temp);
    return rc;
}

const void *file_map_sealed(int fd, size_t size, const char **why)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_WRITE;
    const int got = fcntl(fd, F_GET_SEALS);
    struct stat st;
    void *map;

    if (got < 0 || (got & seals) != seals) {
        *why = "its memory could change under us";
        return NULL;
    }
    if (fstat(fd, &st) || st.st_size < 0 || (uint64_t)st.st_size != size) {
        *why = "its memory has another size";
        return NULL;
    }
    map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        *why = "its memory could not be mapped";
        return NULL;
    }
    return map;
}
