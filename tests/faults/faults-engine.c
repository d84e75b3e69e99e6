/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of an engine that can fail fails once, at each of its uses in a
 * whole life: start, a ring with event channels, jobs of all kinds, mappings
 * dropped, another ring, stop. This process is guest, device and scheduler.
 * What must follow stands in README.md.
 */
#include "engine-life.h"
#include "in-process.h"

#define RAM (32ull << 20)
#define SRC 0x400000ull
#define DST 0xa00000ull
#define IB 0x20000ull
#define WPTR 0x30000ull
#define FENCE 0x31000ull
#define LENGTH 0x180000u /* two buckets of each side */

static struct rig rig;
static int bell, done; /* the guest's ports */
static uint32_t jobs;

static const char *start(void)
{
    struct link_dev *d = &rig.link->dev;
    uint32_t code;

    if (engine_life_command(&rig, LINK_CMD_STOP))
        return "STOP was not acknowledged";
    rig.ring = d->ring_base;
    rig.size = d->ring_size;
    rig.wptr = d->wptr = 0;
    d->wptr_addr = WPTR;
    d->rptr_addr = WPTR + 8;
    d->doorbell_port = (uint32_t)bell;
    d->completion_port = (uint32_t)done;
    fx_write(rig.domid, WPTR, &rig.wptr, 4);
    code = engine_life_command(&rig, LINK_CMD_START);
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
    const char *why = NULL;
    uint64_t fence = 0;
    unsigned int i;

    if (rig.link->eng.state != LINK_RUNNING)
        why = start();
    if (why)
        return why;
    put_job(value);
    fx_write(rig.domid, WPTR, &rig.wptr, 4);
    fx_evtchn_notify(rig.domid, (evtchn_port_t)bell);
    for (i = 0; i < 200 && !engine_ended && fence != value &&
                rig.link->eng.state == LINK_RUNNING;
         i++) {
        engine_life_turn(&rig);
        fx_read(rig.domid, FENCE, &fence, 8);
    }
    why = engine_life_stopped(&rig);
    if (why)
        return why;
    if (fence != value)
        return "the job was lost";
    fx_read(rig.domid, DST + LENGTH - 4, got, 8);
    if (got[0] != value || got[1] != value)
        return "!the job's result is wrong";
    return NULL;
}

static const char *invalidate(void)
{
    const char *why = engine_life_invalidate(&rig);

    if (!why && fx_foreign_mappings(rig.domid))
        why = "!mappings were kept";
    return why;
}

static const char *stop(void)
{
    if (engine_life_command(&rig, LINK_CMD_STOP))
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
    rig_new(&rig, RAM, 4);
    bell = fx_evtchn_alloc_unbound(rig.domid);
    done = fx_evtchn_alloc_unbound(rig.domid);
    engine_life(o, &rig, steps, sizeof(steps) / sizeof(steps[0]));
}

int main(void)
{
    return report_in_process("an engine in one process", life, 0);
}
