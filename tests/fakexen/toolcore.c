/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxentoolcore: restricting every handle of this process at once. */
#include <errno.h>

#include <xentoolcore.h>

#include "internal.h"

static struct fx_restrictable *handles;
static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;

void fx_handle_add(struct fx_restrictable *r,
                   int (*fn)(struct fx_restrictable *, domid_t))
{
    r->restrict_to = fn;
    pthread_mutex_lock(&handles_lock);
    r->next = handles;
    handles = r;
    pthread_mutex_unlock(&handles_lock);
    atomic_fetch_add(&fx.shared->handles[fx.client], 1);
}

void fx_handle_del(struct fx_restrictable *r)
{
    pthread_mutex_lock(&handles_lock);
    for (struct fx_restrictable **p = &handles; *p; p = &(*p)->next) {
        if (*p == r) {
            *p = r->next;
            break;
        }
    }
    pthread_mutex_unlock(&handles_lock);
    atomic_fetch_sub(&fx.shared->handles[fx.client], 1);
}

int xentoolcore_restrict_all(domid_t domid)
{
    int rc = 0;

    FX_ENTER(xentoolcore_restrict_all, -1);
    pthread_mutex_lock(&handles_lock);
    for (struct fx_restrictable *r = handles; r && !rc; r = r->next)
        rc = r->restrict_to(r, domid);
    pthread_mutex_unlock(&handles_lock);
    return fx_result(rc);
}
