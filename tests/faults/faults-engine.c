/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of an engine that can fail fails once, at each of its uses in a
 * whole life: start, a ring with event channels, jobs of all kinds, mappings
 * dropped, another ring, stop. This process is guest, device and scheduler.
 * What must follow stands in README.md.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine-rig.h"
#include "report.h"

#define RAM (32ull << 20)
#define SRC 0x400000ull
#define DST 0xa00000ull
#define IB 0x20000ull
#define WPTR 0x30000ull
#define FENCE 0x31000ull
#define LENGTH 0x180000u /* two buckets of each side */

static struct rig rig;
static int bell, done; /* the guest's ports */
static int ended;
static uint32_t jobs;

static int turn(void)
{
    int rc;

    points_exempt(false);
    rc = engine_turn(rig.e, 0);
    points_exempt(true);
    if (rc && !ended)
        log_error("poll: %s", strerror(-rc)); /* as its main() does */
    if (rc)
        ended = rc;
    return rc;
}

static uint32_t command(enum link_cmd cmd)
{
    LINK_WRITE(rig.link->dev.cmd, cmd);
    LINK_WRITE_REL(rig.link->dev.cmd_seq, rig.link->dev.cmd_seq + 1);
    turn();
    if (rig.link->eng.ack_seq != rig.link->dev.cmd_seq)
        return ~0u;
    return (uint32_t)rig.link->eng.ack_status;
}

static const char *start(void)
{
    struct link_dev *d = &rig.link->dev;
    uint32_t code;

    if (command(LINK_CMD_STOP))
        return "STOP was not acknowledged";
    rig.ring = d->ring_base;
    rig.size = d->ring_size;
    rig.wptr = d->wptr = 0;
    d->wptr_addr = WPTR;
    d->rptr_addr = WPTR + 8;
    d->doorbell_port = (uint32_t)bell;
    d->completion_port = (uint32_t)done;
    fx_write(rig.domid, WPTR, &rig.wptr, 4);
    code = command(LINK_CMD_START);
    if (!code)
        return NULL;
    if (code == ~0u || rig.link->eng.state != LINK_IDLE)
        return "!START failed by half";
    log_error("START: fault %u", code); /* the guest's to see */
    return "START was refused";
}

static void put_job(uint32_t value)
{
    const uint32_t in_ib[] = {PKT(WRITE, 0, 4), LO(DST + LENGTH),
                              HI(DST + LENGTH), value};

    fx_write(rig.domid, IB, in_ib, sizeof(in_ib));
    rig_fill(&rig, SRC, value, LENGTH);
    rig_copy(&rig, SRC, DST, LENGTH);
    RIG_PUT(&rig, PKT(IB, 0, 4), LO(IB), HI(IB), sizeof(in_ib) / 4);
    rig_fence(&rig, FENCE, value, true);
}

/* A whole one or none: what failed is a fault in the link page. */
static const char *job(void)
{
    const uint32_t value = ++jobs;
    uint32_t got[2] = {0};
    uint64_t fence = 0;
    unsigned int i;

    if (rig.link->eng.state != LINK_RUNNING) {
        const char *why = start();

        if (why)
            return why;
    }
    put_job(value);
    fx_write(rig.domid, WPTR, &rig.wptr, 4);
    fx_evtchn_notify(rig.domid, (evtchn_port_t)bell);
    for (i = 0; i < 200 && !ended && fence != value &&
                rig.link->eng.state == LINK_RUNNING;
         i++) {
        turn();
        fx_read(rig.domid, FENCE, &fence, 8);
    }
    if (rig.link->eng.state == LINK_STOPPED) {
        log_error("fault %u at 0x%x", rig.link->eng.fault_code,
                  rig.link->eng.fault_offset);
        return rig.link->eng.fault_code ? "a fault" : "!a fault without a code";
    }
    if (ended)
        return "ended";
    if (fence != value)
        return "the job was lost";
    fx_read(rig.domid, DST + LENGTH - 4, got, 8);
    if (got[0] != value || got[1] != value)
        return "!the job's result is wrong";
    return NULL;
}

static const char *invalidate(void)
{
    rig.link->dev.map_generation++;
    turn();
    if (!ended && fx_foreign_mappings(rig.domid))
        return "!mappings were kept";
    return ended ? "ended" : NULL;
}

static const char *stop(void)
{
    if (command(LINK_CMD_STOP))
        return "STOP was not acknowledged";
    return rig.link->eng.state == LINK_IDLE ? NULL : "the ring did not stop";
}

static const struct act steps[] = {
    {"ring start", start},   {"job", job},
    {"job again", job},      {"invalidation", invalidate},
    {"job after it", job},   {"ring restart", start},
    {"job after that", job}, {"ring stop", stop},
};

static void life(struct outcome *o)
{
    int rc;

    rig_new(&rig, RAM, 4);
    engine_free(rig.e);
    rig.e = NULL;
    bell = fx_evtchn_alloc_unbound(rig.domid);
    done = fx_evtchn_alloc_unbound(rig.domid);
    points_exempt(false);
    rc = engine_new(&rig.config, &rig.e);
    points_exempt(true);
    if (rc) {
        log_error("start: %s", strerror(-rc)); /* as its main() does */
        o->refused = true;
    } else {
        take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
        phase(o, "stop");
        points_exempt(false);
        engine_free(rig.e);
        points_exempt(true);
        rig.e = NULL;
    }
    points_get()->on = 0;
    if (ended) {
        o->ended = true;
        o->failed = NULL;
    }
    if (!o->failed && fx_foreign_mappings(rig.domid))
        o->failed = "foreign mappings are left";
    if (!o->failed && fx_dom0_ports())
        o->failed = "event channels are left";
    if (!o->failed && atomic_load(&points_get()->memory))
        o->failed = "memory is left";
    if (!o->failed && atomic_load(&points_get()->mappings))
        o->failed = "mappings are left";
    rig_free(&rig);
}

int main(void)
{
    points_exempt(true);
    points_of_forks();
    return report_run("an engine in one process", life, 0);
}
