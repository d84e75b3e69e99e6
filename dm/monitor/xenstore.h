/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our nodes in xenstore, below /local/domain/OWN/device-model/DOMID:
 *
 *   state              "running" when the vGPUs are there: libxl waits for it
 *   xen-vgpu/ioservid  our ioreq server, so that an orphan can be removed
 *   xen-vgpu/pid       of the monitor
 */
#ifndef MONITOR_XENSTORE_H
#define MONITOR_XENSTORE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

struct xenstore {
    struct xs_handle *xsh;
    uint32_t domid;
    uint32_t own_domid; /* of the domain that we run in */
    char dir[80];
    bool wrote_state;
    bool wrote_server;
};

/* Connect and watch for dying domains. 0 or a negative errno, said on stderr;
 * xenstore_close() after a failure is harmless. */
int xenstore_open(struct xenstore *x, uint32_t domid);
void xenstore_close(struct xenstore *x);

/* Readable when a watch has fired. */
/* The domain's name, cut to size; "" if it can't be read. */
void xenstore_read_name(struct xenstore *x, char *name, size_t size);

int xenstore_fd(const struct xenstore *x);

/* Take what fired. True if a domain may have died. */
bool xenstore_domain_event(struct xenstore *x);

/* 0 or a negative errno, said on stderr. */
int xenstore_write_server(struct xenstore *x, uint32_t ioservid);
int xenstore_write_running(struct xenstore *x);

void xenstore_remove_server(struct xenstore *x);

/* The ioreq server of another domain's monitor: 0 or a negative errno. */
int xenstore_read_server(struct xenstore *x, uint32_t domid,
                         uint32_t *ioservid);
void xenstore_forget_server(struct xenstore *x, uint32_t domid);

/* Remove what we wrote; with `all`, when the domain is dead and nobody else
 * is its device model, the whole folder. */
void xenstore_remove(struct xenstore *x, bool all);

#endif
