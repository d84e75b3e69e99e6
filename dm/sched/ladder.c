/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recovery ladder: an engine that hangs is killed and starts anew; hangs
 * that come again and again end in a reset of the vGPU, and those in
 * quarantine, until the administrator or the domain's next start. Counted in
 * sliding windows.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>

#include "lib/probes.h"

#define FLR_WINDOWS 10u

static int send_reset(struct vgpu *v, uint32_t reason)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_SCHED_RESET};

    msg.u.reset.index = v->index;
    msg.u.reset.reason = reason;
    msg.u.reset.quarantine = v->ladder.quarantined;
    vgpud_record(v->d, v, NULL, SCHED_EVENT_RESET, reason);
    PROBE_RESET(v->domid, v->index, reason);
    return monitor_send(v, &msg);
}

/* How many of the last ones, from number `from` on, are younger than
 * window_ns. */
static uint32_t count(const uint64_t *times, uint64_t from, uint64_t to,
                      uint64_t window_ns, uint64_t now)
{
    uint32_t n = 0;

    while (to > from && n < LADDER_MAX &&
           now - times[(to - 1) % LADDER_MAX] < window_ns) {
        to--;
        n++;
    }
    return n;
}

int ladder_quarantine(struct vgpu *v, bool on, uint32_t reason)
{
    struct ladder *l = &v->ladder;

    if (on != l->quarantined)
        vgpud_record(v->d, v, NULL,
                     on ? SCHED_EVENT_QUARANTINE : SCHED_EVENT_RELEASE, reason);
    l->quarantined = on;
    if (!on) { /* a fresh start */
        l->hangs_from = l->hangs;
        l->flrs_from = l->flrs;
    }
    return send_reset(v, reason);
}

int ladder_reset(struct vgpu *v)
{
    return send_reset(v, XVGPU_RESET_ADMIN);
}

static void flr(struct vgpu *v, uint64_t now)
{
    const struct config *c = &v->d->config;
    struct ladder *l = &v->ladder;

    l->hangs_from = l->hangs;
    l->flrs_ns[l->flrs++ % LADDER_MAX] = now;
    if (count(l->flrs_ns, l->flrs_from, l->flrs,
              FLR_WINDOWS * c->guard_window_ns, now) < c->flrs_to_quarantine) {
        log_warning("%s: hangs too often: it is reset", v->id);
        send_reset(v, XVGPU_RESET_GUARD);
        return;
    }
    log_warning("%s: hangs too often: in quarantine until it is released or "
                "its domain starts anew",
                v->id);
    ladder_quarantine(v, true, XVGPU_RESET_GUARD);
}

void ladder_hang(struct vgpu *v)
{
    const struct config *c = &v->d->config;
    struct ladder *l = &v->ladder;
    uint64_t now = clock_ns();

    if (l->quarantined)
        return;
    l->hangs_ns[l->hangs++ % LADDER_MAX] = now;
    if (count(l->hangs_ns, l->hangs_from, l->hangs, c->guard_window_ns, now) >=
        c->resets_to_flr)
        flr(v, now);
}
