/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root folder of a process in the sandbox, and Landlock. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sandbox-parts.h"

#define PATH_LEN 512
#define RENDER_NODES "/dev/dri/renderD*"

/* ---- Places of a Vulkan driver --------------------------------------- */

enum access { ACCESS_READ, ACCESS_DEVICE, ACCESS_WRITE };

static int failed_at(const char *step, const char *path)
{
    const int e = errno;
    char text[PATH_LEN + 64];

    snprintf(text, sizeof(text), "%s %s", step, path);
    errno = e;
    return sandbox_failed(text);
}

/* One that the host lacks is passed over. */
typedef int place_fn(const char *path, enum access access, void *user);

static int for_render_nodes(place_fn *fn, void *user)
{
    static const char *const sysfs[] = {"/sys/dev/char", "/sys/devices"};
    glob_t found;
    size_t i;
    int rc = 0;

    if (glob(RENDER_NODES, 0, NULL, &found) != 0)
        return 0;
    for (i = 0; i < found.gl_pathc && rc == 0; i++)
        rc = fn(found.gl_pathv[i], ACCESS_DEVICE, user);
    globfree(&found);
    /* Where a driver learns which GPU that is. */
    for (i = 0; i < ARRAY_SIZE(sysfs) && rc == 0; i++)
        rc = fn(sysfs[i], ACCESS_READ, user);
    return rc;
}

static int for_places(const struct sandbox *sb, place_fn *fn, void *user)
{
    /* Folders above before those below. No layers: they are not in icd.d. */
    static const char *const read[] = {
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
        "/etc/vulkan/icd.d",
        "/usr/share/vulkan/icd.d",
        "/etc/glvnd/egl_vendor.d",
        "/usr/share/glvnd/egl_vendor.d",
        "/usr/share/drirc.d",
        "/usr/share/libdrm",
    };
    size_t i;
    int rc = 0;

    if (sb->profile != SANDBOX_GFX)
        return 0;
    for (i = 0; i < ARRAY_SIZE(read) && rc == 0; i++)
        rc = fn(read[i], ACCESS_READ, user);
    if (rc == 0 && sb->icd)
        rc = fn(sb->icd, ACCESS_READ, user);
    if (rc == 0)
        rc = for_render_nodes(fn, user);
    if (rc == 0 && sb->cache)
        rc = fn(sb->cache, ACCESS_WRITE, user);
    return rc;
}

size_t sandbox_groups(const struct sandbox *sb, gid_t *gids, size_t max)
{
    struct stat st;
    glob_t found;
    size_t n = 0, i, k;

    if (sb->profile != SANDBOX_GFX || glob(RENDER_NODES, 0, NULL, &found) != 0)
        return 0;
    for (i = 0; i < found.gl_pathc && n < max; i++) {
        /* Never root's, whatever the node says. */
        if (stat(found.gl_pathv[i], &st) < 0 || !st.st_gid)
            continue;
        for (k = 0; k < n && gids[k] != st.st_gid; k++)
            ;
        if (k == n)
            gids[n++] = st.st_gid;
    }
    globfree(&found);
    return n;
}

/* ---- Root folder ----------------------------------------------------- */

/* All folders above path[skip...]. */
static int make_parents(char *path, size_t skip)
{
    char *p;
    int rc;

    for (p = path + skip + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        rc = mkdir(path, 0755);
        *p = '/';
        if (rc < 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

static int copy_link(const char *path, const char *target)
{
    char text[PATH_LEN];
    ssize_t n = readlink(path, text, sizeof(text) - 1);

    if (n < 0)
        return -1;
    text[n] = '\0';
    return symlink(text, target) < 0 && errno != EEXIST ? -1 : 0;
}

static int show_place(const char *path, enum access access, void *user)
{
    const unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID;
    const char *top = user;
    char target[PATH_LEN];
    struct stat st;
    int fd;

    if (lstat(path, &st) < 0)
        return 0;
    if (snprintf(target, sizeof(target), "%s%s", top, path) >=
        (int)sizeof(target)) {
        errno = ENAMETOOLONG;
        return failed_at("show", path);
    }
    if (make_parents(target, strlen(top)) < 0)
        return failed_at("make the folder of", path);
    if (S_ISLNK(st.st_mode) && access == ACCESS_READ && stat(path, &st) == 0 &&
        S_ISDIR(st.st_mode))
        return copy_link(path, target) < 0 ? failed_at("link", path) : 0;
    if (S_ISDIR(st.st_mode)) {
        if (mkdir(target, 0755) < 0 && errno != EEXIST)
            return failed_at("make", path);
    } else {
        fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return failed_at("make", path);
        close(fd);
    }
    if (mount(path, target, NULL, MS_BIND, NULL) < 0 ||
        mount(NULL, target, NULL,
              flags | (access == ACCESS_WRITE ? 0 : MS_RDONLY) |
                  (access == ACCESS_DEVICE ? 0 : MS_NODEV) |
                  (access == ACCESS_READ ? 0 : MS_NOEXEC),
              NULL) < 0)
        return failed_at("show", path);
    return 0;
}

/*
 * An empty, read-only tmpfs takes the root's place, as switch_root(8) does
 * it: unlike pivot_root that works in an initramfs, too. The private mount
 * namespace lets any folder serve as mount point.
 */
int sandbox_root(const struct sandbox *sb)
{
    static const char *const folders[] = {"/run", "/tmp", "/var", "/dev"};
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    char top[PATH_LEN];
    size_t i;
    int rc;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return sandbox_failed("private mounts");
    for (i = 0; i < ARRAY_SIZE(folders); i++) {
        if (mount("none", folders[i], "tmpfs", flags, "size=64k,mode=0555") ==
            0)
            break;
    }
    if (i == ARRAY_SIZE(folders))
        return sandbox_failed("empty tmpfs");
    snprintf(top, sizeof(top), "%s", folders[i]);
    rc = for_places(sb, show_place, top);
    if (rc < 0)
        return rc;
    if (mount(NULL, top, NULL, MS_REMOUNT | MS_RDONLY | flags,
              "size=64k,mode=0555") < 0)
        return sandbox_failed("read-only tmpfs");
    if (chdir(top) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
        chroot(".") < 0 || chdir("/") < 0)
        return sandbox_failed("empty root");
    return 0;
}

/* ---- Landlock -------------------------------------------------------- */

/* linux/landlock.h of newer kernels than the build machine's. */
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_REMOVE_FILE (1ull << 5)
#define FS_MAKE_DIR (1ull << 7)
#define FS_MAKE_REG (1ull << 8)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define FS_OF_FILES (FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define RULE_PATH_BENEATH 1u

#ifdef SYS_landlock_create_ruleset
struct ruleset {
    int fd;
    uint64_t handled;
};

static int allow_place(const char *path, enum access access, void *user)
{
    static const uint64_t rights[] = {
        [ACCESS_READ] = FS_READ_FILE | FS_READ_DIR,
        [ACCESS_DEVICE] = FS_READ_FILE | FS_WRITE_FILE | FS_IOCTL_DEV,
        [ACCESS_WRITE] = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE |
                         FS_MAKE_DIR | FS_MAKE_REG | FS_REMOVE_FILE |
                         FS_TRUNCATE,
    };
    struct {
        uint64_t allowed;
        int32_t fd;
    } __attribute__((packed)) attr;
    const struct ruleset *set = user;
    struct stat st;
    int rc = 0;

    attr.fd = open(path, O_PATH | O_CLOEXEC);
    if (attr.fd < 0)
        return 0; /* not there: nothing to allow */
    attr.allowed = rights[access] & set->handled;
    if (fstat(attr.fd, &st) < 0 || !S_ISDIR(st.st_mode))
        attr.allowed &= FS_OF_FILES;
    if (syscall(SYS_landlock_add_rule, set->fd, RULE_PATH_BENEATH, &attr, 0u))
        rc = failed_at("Landlock rule for", path);
    close(attr.fd);
    return rc;
}
#endif

/* Each version of the interface handles more, and an unknown bit is an
 * error. */
int sandbox_files(const struct sandbox *sb)
{
#ifdef SYS_landlock_create_ruleset
    static const struct {
        unsigned int fs_bits, net_bits, scope_bits;
        size_t size;
    } versions[] = {
        {0, 0, 0, 0},   {13, 0, 0, 8},  {14, 0, 0, 8},  {15, 0, 0, 8},
        {15, 2, 0, 16}, {16, 2, 0, 16}, {16, 2, 2, 24},
    };
    struct {
        uint64_t fs, net, scoped;
    } attr;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
    struct ruleset set;
    int rc;

    if (version > 0) {
        if (version >= (long)ARRAY_SIZE(versions))
            version = (long)ARRAY_SIZE(versions) - 1;
        attr.fs = (1ull << versions[version].fs_bits) - 1;
        attr.net = (1ull << versions[version].net_bits) - 1;
        attr.scoped = (1ull << versions[version].scope_bits) - 1;
        set.handled = attr.fs;
        set.fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
                              versions[version].size, 0u);
        if (set.fd < 0)
            return sandbox_failed("Landlock ruleset");
        rc = for_places(sb, allow_place, &set);
        if (rc == 0 && syscall(SYS_landlock_restrict_self, set.fd, 0u) < 0)
            rc = sandbox_failed("Landlock");
        close(set.fd);
        return rc;
    }
#endif
    (void)sb;
    log_warning("sandbox: this kernel has no Landlock");
    return 0;
}
