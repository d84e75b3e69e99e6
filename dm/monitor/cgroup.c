/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

#define FOLDER "xen-vgpu"
#define REMOVE_TRIES 100
#define REMOVE_PAUSE_NS 10000000 /* 10 ms */

static bool find_root(char *root, size_t size)
{
    const char *env = getenv("XVGPU_CGROUP");
    struct mntent *m;
    bool found = false;
    FILE *f;

    if (env) {
        snprintf(root, size, "%s", env);
        return *env;
    }
    f = setmntent("/proc/self/mounts", "r");
    if (!f)
        return false;
    while (!found && (m = getmntent(f))) {
        found = !strcmp(m->mnt_type, "cgroup2") &&
                (size_t)snprintf(root, size, "%s", m->mnt_dir) < size;
    }
    endmntent(f);
    return found;
}

static int write_file(const char *dir, const char *file, const char *text)
{
    char path[256];
    int fd, rc = 0;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

static int make_dir(const char *path)
{
    return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static void domain_path(const struct cgroups *cgs, char *path, size_t size,
                        bool domain)
{
    if (domain)
        snprintf(path, size, "%s/" FOLDER "/%u", cgs->root, cgs->domid);
    else
        snprintf(path, size, "%s/" FOLDER, cgs->root);
}

/* Pressure is accounted at each level of groups whenever a process sleeps or
 * wakes: 2 % of a trapped register read. Linux 6.1 and later can do without;
 * the host's own figures stay as they are. */
static void no_pressure(const char *path)
{
    write_file(path, "cgroup.pressure", "0");
}

/* A controller has to be enabled at each level above the one that uses it. */
static bool enable(const struct cgroups *cgs, const char *controller)
{
    char top[192], dom[192];

    domain_path(cgs, top, sizeof(top), false);
    domain_path(cgs, dom, sizeof(dom), true);
    return !write_file(cgs->root, "cgroup.subtree_control", controller) &&
           !write_file(top, "cgroup.subtree_control", controller) &&
           !write_file(dom, "cgroup.subtree_control", controller);
}

/* What a monitor that was killed left, of a domain that had this domid. */
static void sweep(const char *dom)
{
    struct dirent *e;
    struct cgroup cg;
    DIR *dir;

    dir = opendir(dom);
    while (dir && (e = readdir(dir))) {
        if (e->d_type != DT_DIR || e->d_name[0] == '.')
            continue;
        if (snprintf(cg.path, sizeof(cg.path), "%s/%s", dom, e->d_name) >=
            (int)sizeof(cg.path))
            continue;
        cgroup_kill(&cg);
        cgroup_remove(&cg);
    }
    if (dir)
        closedir(dir);
}

void cgroups_init(struct cgroups *cgs, uint32_t domid)
{
    char top[192], dom[192];
    int rc = 0, tries;

    memset(cgs, 0, sizeof(*cgs));
    cgs->domid = domid;
    if (!find_root(cgs->root, sizeof(cgs->root))) {
        log_warning("no cgroup2 is mounted: the processes have no limits");
        return;
    }
    domain_path(cgs, top, sizeof(top), false);
    domain_path(cgs, dom, sizeof(dom), true);
    /* Another domain's monitor may remove the upper folder at that moment. */
    for (tries = 0; tries < 5; tries++) {
        rc = make_dir(top);
        if (!rc)
            rc = make_dir(dom);
        if (rc != -ENOENT)
            break;
    }
    if (rc) {
        log_warning("make cgroup %s: %s: the processes have no limits", dom,
                    strerror(-rc));
        return;
    }
    cgs->usable = true;
    sweep(dom);
    no_pressure(top);
    no_pressure(dom);
    cgs->memory = enable(cgs, "+memory");
    cgs->pids = enable(cgs, "+pids");
    if (!cgs->memory || !cgs->pids)
        log_warning("cgroup2 at %s lacks the controller%s%s%s: the processes "
                    "have no such limit",
                    cgs->root, cgs->memory ? "" : " memory",
                    !cgs->memory && !cgs->pids ? " and" : "",
                    cgs->pids ? "" : " pids");
}

void cgroups_remove(struct cgroups *cgs)
{
    char path[192];

    if (!cgs->usable)
        return;
    cgs->usable = false;
    domain_path(cgs, path, sizeof(path), true);
    if (rmdir(path) && errno != ENOENT)
        log_warning("remove cgroup %s: %s", path, strerror(errno));
    domain_path(cgs, path, sizeof(path), false);
    rmdir(path); /* other domains may be in it */
}

void cgroups_remove_other(const struct cgroups *cgs, uint32_t domid)
{
    struct cgroups other = *cgs;
    char path[192];

    if (!cgs->usable)
        return;
    other.domid = domid;
    domain_path(&other, path, sizeof(path), true);
    sweep(path);
    if (rmdir(path) && errno != ENOENT)
        log_warning("remove cgroup %s: %s", path, strerror(errno));
}

static void set_limit(const struct cgroup *cg, const char *file, uint64_t max)
{
    char text[24];
    int rc;

    if (!max)
        return;
    snprintf(text, sizeof(text), "%" PRIu64, max);
    rc = write_file(cg->path, file, text);
    if (rc)
        log_warning("write %s to %s/%s: %s", text, cg->path, file,
                    strerror(-rc));
}

void cgroup_create(const struct cgroups *cgs, struct cgroup *cg,
                   const char *name, uint64_t memory_max, uint32_t pids_max)
{
    int rc;

    cg->path[0] = '\0';
    if (!cgs->usable)
        return;
    domain_path(cgs, cg->path, sizeof(cg->path), true);
    snprintf(cg->path + strlen(cg->path), sizeof(cg->path) - strlen(cg->path),
             "/%s", name);
    rc = make_dir(cg->path);
    if (rc) {
        log_warning("make cgroup %s: %s", cg->path, strerror(-rc));
        cg->path[0] = '\0';
        return;
    }
    no_pressure(cg->path);
    if (cgs->memory) {
        set_limit(cg, "memory.max", memory_max);
        /* All or nothing: half of an engine is of no use. */
        set_limit(cg, "memory.oom.group", 1);
    }
    if (cgs->pids)
        set_limit(cg, "pids.max", pids_max);
}

int cgroup_procs(const struct cgroup *cg)
{
    char path[224];

    if (!cg->path[0])
        return -1;
    snprintf(path, sizeof(path), "%s/cgroup.procs", cg->path);
    return open(path, O_WRONLY | O_CLOEXEC);
}

void cgroup_kill(const struct cgroup *cg)
{
    if (cg->path[0])
        write_file(cg->path, "cgroup.kill", "1"); /* Linux 5.14 and later */
}

void cgroup_enter(struct cgroup *cg)
{
    int rc;

    if (!cg->path[0])
        return;
    rc = write_file(cg->path, "cgroup.procs", "0");
    if (rc) {
        log_warning("enter cgroup %s: %s", cg->path, strerror(-rc));
        cgroup_remove(cg);
    }
}

void cgroup_leave(const struct cgroups *cgs, struct cgroup *cg)
{
    int rc;

    if (!cg->path[0])
        return;
    /* Not back to where it came from: that may be gone long since. */
    rc = write_file(cgs->root, "cgroup.procs", "0");
    if (rc) {
        /* Whoever is inside when it is removed gets killed: us. */
        log_warning("leave cgroup %s: %s", cg->path, strerror(-rc));
        cg->path[0] = '\0';
        return;
    }
    cgroup_remove(cg);
}

void cgroup_remove(struct cgroup *cg)
{
    static const struct timespec pause = {.tv_nsec = REMOVE_PAUSE_NS};
    int tries;

    if (!cg->path[0])
        return;
    for (tries = 0; rmdir(cg->path); tries++) {
        if (errno != EBUSY || tries == REMOVE_TRIES) {
            if (errno != ENOENT)
                log_warning("remove cgroup %s: %s", cg->path, strerror(errno));
            break;
        }
        cgroup_kill(cg);
        nanosleep(&pause, NULL);
    }
    cg->path[0] = '\0';
}
