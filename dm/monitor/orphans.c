/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/orphans.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

#define DOMIDS 0x7ff0u /* Xen, public/xen.h: DOMID_FIRST_RESERVED */

/* Nobody listens, and nobody is about to (server.c). */
static bool is_deserted(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd, rc = 0;

    if (strlen(path) >= sizeof(addr.sun_path))
        return false;
    memcpy(addr.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
        rc = errno;
    close(fd);
    return rc == ECONNREFUSED;
}

static void rescue(const struct domain *d, uint32_t ioservid)
{
    struct domain_info info;
    int rc = domain_info(d, &info);

    if (!rc)
        rc = domain_rescue_server(d, ioservid, info.nr_vcpus);
    if (rc && rc != -ENOENT && rc != -ESRCH)
        rc = domain_destroy_server(d, ioservid);
    if (!rc)
        log_info("removed ioreq server %u that a dead monitor left in domain "
                 "%u",
                 ioservid, d->domid);
    else if (rc != -ENOENT && rc != -ESRCH)
        log_error("remove ioreq server %u that a dead monitor left in domain "
                  "%u: %s",
                  ioservid, d->domid, strerror(-rc));
}

static void remove_orphan(struct monitor *m, uint32_t domid, const char *path)
{
    const struct domain d = {.xch = m->domain.xch, .domid = domid};
    uint32_t ioservid;
    /* Where xl is destroying the domain the node goes first. */
    bool serves = domain_life(&d) == DOMAIN_ALIVE &&
                  !xenstore_read_server(&m->xs, domid, &ioservid);

    /* The device first: only one may answer. */
    cgroups_remove_other(&m->cgroups, domid);
    child_sweep(domid); /* without cgroup2 */
    cache_remove(domid);
    if (serves) {
        rescue(&d, ioservid);
        xenstore_forget_server(&m->xs, domid);
    }
    if (unlink(path) && errno != ENOENT)
        log_warning("remove %s: %s", path, strerror(errno));
}

void orphans_remove(struct monitor *m, const char *dir)
{
    struct dirent *e;
    char path[256];
    uint32_t domid;
    int end;
    DIR *d;

    d = opendir(dir);
    while (d && (e = readdir(d))) {
        end = 0;
        if (sscanf(e->d_name, "%5u.sock%n", &domid, &end) != 1 || !end ||
            e->d_name[end] || domid >= DOMIDS || domid == m->opt->domid ||
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
                (int)sizeof(path))
            continue;
        if (is_deserted(path))
            remove_orphan(m, domid, path);
    }
    if (d)
        closedir(d);
}
