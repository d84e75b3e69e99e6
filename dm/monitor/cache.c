/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "dm/monitor/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/proto.h"

/* Mesa makes three. */
#define DEPTH_MAX 6

static const char *top(void)
{
    const char *env = getenv("XVGPU_CACHE_DIR");

    return env ? env : CACHEDIR;
}

static void folder_path(char path[CACHE_PATH], uint32_t domid, uint32_t index)
{
    if (snprintf(path, CACHE_PATH, "%s/%u.%u", top(), domid, index) >=
        (int)CACHE_PATH)
        path[0] = '\0';
}

/* What an engine has left is not to be trusted: links are not followed, and
 * nothing is too deep. */
static int open_folder(int at, const char *name)
{
    return openat(at, name,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

/* Bytes in the tree; with `empty` everything in it goes. Takes fd. */
static uint64_t walk(int fd, bool empty, int depth)
{
    DIR *dir = fdopendir(fd);
    uint64_t sum = 0;
    struct dirent *e;
    struct stat st;
    int below;

    if (!dir) {
        close(fd);
        return 0;
    }
    while ((e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        if (!S_ISDIR(st.st_mode)) {
            sum += (uint64_t)st.st_blocks * 512;
            if (empty)
                unlinkat(dirfd(dir), e->d_name, 0);
            continue;
        }
        below = depth < DEPTH_MAX ? open_folder(dirfd(dir), e->d_name) : -1;
        if (below >= 0)
            sum += walk(below, empty, depth + 1);
        if (empty)
            unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
    return sum;
}

static void empty_folder(const char *path)
{
    int fd = open_folder(AT_FDCWD, path);

    if (fd >= 0)
        walk(fd, true, 0);
}

static int make_top(void)
{
    char path[CACHE_PATH], *p;

    if (snprintf(path, sizeof(path), "%s/", top()) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    for (p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(path, 0755) && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    return 0;
}

static int make(const char *path, uint32_t uid, bool keep)
{
    int fd, rc;

    if (!path[0])
        return -ENAMETOOLONG;
    rc = make_top();
    if (rc)
        return rc;
    fd = keep ? open_folder(AT_FDCWD, path) : -1;
    if (fd < 0 || walk(fd, false, 0) > CACHE_MAX)
        empty_folder(path);
    if (mkdir(path, 0700) && errno != EEXIST)
        return -errno;
    fd = open_folder(AT_FDCWD, path);
    if (fd < 0 || (uid && fchown(fd, uid, uid)))
        rc = -errno;
    if (fd >= 0)
        close(fd);
    return rc;
}

void cache_make(uint32_t domid, uint32_t index, uint32_t uid, bool keep,
                char path[CACHE_PATH])
{
    int rc;

    folder_path(path, domid, index);
    rc = make(path, uid, keep);
    if (!rc)
        return;
    log_warning("make the cache folder %s: %s: shaders are compiled anew each "
                "time",
                path[0] ? path : top(), strerror(-rc));
    path[0] = '\0';
}

void cache_remove(uint32_t domid)
{
    char path[CACHE_PATH];
    uint32_t i;

    for (i = 0; i < PROTO_MAX_VGPUS; i++) {
        folder_path(path, domid, i);
        if (!path[0] || access(path, F_OK))
            continue;
        empty_folder(path);
        if (rmdir(path) && errno != ENOENT)
            log_warning("remove %s: %s", path, strerror(errno));
    }
}
