/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/xenstore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#define TOKEN "xen-vgpu"

int xenstore_open(struct xenstore *x, uint32_t domid)
{
    unsigned int own = 0;
    char *s;
    int rc;

    x->domid = domid;
    x->xsh = xs_open(0);
    if (!x->xsh) {
        rc = errno ? -errno : -EIO;
        log_error("connect to xenstore: %s", strerror(-rc));
        return rc;
    }
    /* A toolstack domain other than 0 has its nodes under its own id. */
    s = xs_read(x->xsh, XBT_NULL, "domid", NULL);
    if (s && sscanf(s, "%u", &own) != 1)
        own = 0;
    free(s);
    x->own_domid = own;
    snprintf(x->dir, sizeof(x->dir), "/local/domain/%u/device-model/%u", own,
             domid);
    if (!xs_watch(x->xsh, "@releaseDomain", TOKEN)) {
        rc = errno ? -errno : -EIO;
        log_error("watch @releaseDomain in xenstore: %s", strerror(-rc));
        return rc;
    }
    return 0;
}

void xenstore_close(struct xenstore *x)
{
    if (x->xsh)
        xs_close(x->xsh);
    x->xsh = NULL;
}

void xenstore_read_name(struct xenstore *x, char *name, size_t size)
{
    char path[64], *s;

    snprintf(path, sizeof(path), "/local/domain/%u/name", x->domid);
    s = xs_read(x->xsh, XBT_NULL, path, NULL);
    snprintf(name, size, "%s", s ? s : "");
    free(s);
}

int xenstore_fd(const struct xenstore *x)
{
    return xs_fileno(x->xsh);
}

bool xenstore_domain_event(struct xenstore *x)
{
    bool fired = false;
    char **event;

    while ((event = xs_check_watch(x->xsh))) {
        fired = true;
        free(event);
    }
    return fired;
}

static void other_path(const struct xenstore *x, char *path, size_t size,
                       uint32_t domid, const char *node)
{
    snprintf(path, size, "/local/domain/%u/device-model/%u/xen-vgpu%s",
             x->own_domid, domid, node);
}

int xenstore_read_server(struct xenstore *x, uint32_t domid, uint32_t *ioservid)
{
    char path[128];
    char *s;
    int rc;

    other_path(x, path, sizeof(path), domid, "/ioservid");
    s = xs_read(x->xsh, XBT_NULL, path, NULL);
    if (!s)
        return errno ? -errno : -EIO;
    rc = sscanf(s, "%5u", ioservid) == 1 && *ioservid <= UINT16_MAX ? 0
                                                                    : -EINVAL;
    free(s);
    return rc;
}

void xenstore_forget_server(struct xenstore *x, uint32_t domid)
{
    char path[128];

    other_path(x, path, sizeof(path), domid, "");
    if (!xs_rm(x->xsh, XBT_NULL, path) && errno != ENOENT)
        log_warning("remove %s from xenstore: %s", path, strerror(errno));
}

static int write_node(struct xenstore *x, const char *node, const char *value)
{
    char path[128];
    int rc;

    snprintf(path, sizeof(path), "%s/%s", x->dir, node);
    if (xs_write(x->xsh, XBT_NULL, path, value, (unsigned int)strlen(value)))
        return 0;
    rc = errno ? -errno : -EIO;
    log_error("write %s to xenstore: %s", path, strerror(-rc));
    return rc;
}

static void remove_node(struct xenstore *x, const char *node)
{
    char path[128];

    snprintf(path, sizeof(path), "%s%s", x->dir, node);
    if (!xs_rm(x->xsh, XBT_NULL, path) && errno != ENOENT)
        log_warning("remove %s from xenstore: %s", path, strerror(errno));
}

int xenstore_write_server(struct xenstore *x, uint32_t ioservid)
{
    char text[16];
    int rc;

    x->wrote_server = true;
    snprintf(text, sizeof(text), "%u", ioservid);
    rc = write_node(x, "xen-vgpu/ioservid", text);
    if (rc)
        return rc;
    snprintf(text, sizeof(text), "%ld", (long)getpid());
    return write_node(x, "xen-vgpu/pid", text);
}

int xenstore_write_running(struct xenstore *x)
{
    x->wrote_state = true;
    return write_node(x, "state", "running");
}

void xenstore_remove_server(struct xenstore *x)
{
    if (!x->xsh || !x->wrote_server)
        return;
    remove_node(x, "/xen-vgpu");
    x->wrote_server = false;
}

void xenstore_remove(struct xenstore *x, bool all)
{
    if (!x->xsh)
        return;
    xenstore_remove_server(x);
    if (x->wrote_state)
        remove_node(x, "/state");
    x->wrote_state = false;
    if (all)
        remove_node(x, "");
}
