/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The production engine for device-rig.c, with handles of its own. */
#include <unistd.h>

#include "device-rig.h"
#include "dm/engine/engine.h"
#include "fuzz.h"

int drig_run_engine(struct drig_engine *d);

int drig_run_engine(struct drig_engine *d)
{
    struct engine_config config = {
        .domid = d->rig->domid,
        .ops = &sdma_ops,
        .context = -1,
        .max_buckets = 8,
        .link = d->link_fd,
        .kick = d->kick,
        .event = d->event,
        .grant_s = d->grant_s,
        .grant_e = d->grant_e,
        .wake = -1,
        .sock = d->socks[1],
    };
    struct engine *e;
    int rc;

    config.fmem = xenforeignmemory_open(NULL, 0);
    config.xce = xenevtchn_open(NULL, 0);
    FUZZ_CHECK(config.fmem && config.xce);
    FUZZ_CHECK(engine_new(&config, &e) == 0);
    /* From now on it hears commands. */
    FUZZ_CHECK(write(d->socks[1], "r", 1) == 1);
    do
        rc = engine_turn(e, -1);
    while (rc == 0);
    engine_free(e);
    xenforeignmemory_close(config.fmem);
    xenevtchn_close(config.xce);
    return rc;
}
