/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine-life.h"

#include <string.h>

#include "in-process.h"

bool engine_ended;

void engine_life_turn(struct rig *rig)
{
    int rc;

    points_exempt(false);
    rc = engine_turn(rig->e, 0);
    points_exempt(true);
    if (rc && !engine_ended)
        log_error("poll: %s", strerror(-rc)); /* as its main() does */
    engine_ended |= rc != 0;
}

uint32_t engine_life_command(struct rig *rig, enum link_cmd cmd)
{
    struct link_dev *dev = &rig->link->dev;
    unsigned int i;

    LINK_WRITE(dev->cmd, cmd);
    LINK_WRITE_REL(dev->cmd_seq, dev->cmd_seq + 1);
    /* What was there before may be made again behind it. */
    for (i = 0; i < 3; i++)
        engine_life_turn(rig);
    if (rig->link->eng.ack_seq != dev->cmd_seq)
        return ~0u;
    return (uint32_t)rig->link->eng.ack_status;
}

static void leave(struct rig *rig)
{
    points_exempt(false);
    engine_free(rig->e);
    points_exempt(true);
    rig->e = NULL;
}

static const char *begin(struct rig *rig)
{
    int rc;

    points_exempt(false);
    rc = engine_new(&rig->config, &rig->e);
    points_exempt(true);
    if (!rc)
        return NULL;
    log_error("start: %s", strerror(-rc)); /* as its main() does */
    return "the next process did not start";
}

const char *engine_life_anew(struct rig *rig)
{
    leave(rig);
    return begin(rig);
}

const char *engine_life_invalidate(struct rig *rig)
{
    rig->link->dev.map_generation++;
    engine_life_turn(rig);
    return engine_ended ? ENDED : NULL;
}

const char *engine_life_stopped(const struct rig *rig)
{
    const struct link_eng *eng = &rig->link->eng;

    if (engine_ended)
        return ENDED;
    if (eng->state != LINK_STOPPED)
        return NULL;
    /* The device tells the guest. */
    log_error("fault %u at 0x%x", eng->fault_code, eng->fault_offset);
    return eng->fault_code ? "a fault" : "!a fault without a code";
}

void engine_life(struct outcome *o, struct rig *rig, const struct act *steps,
                 size_t nr)
{
    engine_free(rig->e); /* made without points */
    rig->e = NULL;
    if (begin(rig)) {
        o->refused = true;
    } else {
        take_steps(o, steps, nr);
        phase(o, "end");
        leave(rig);
    }
    points_get()->on = 0;
    if (engine_ended) {
        o->ended = true;
        o->failed = NULL;
    }
    if (!o->failed)
        o->failed = left_in_process(rig->domid);
    rig_free(rig);
    if (!o->failed && fx_open_handles())
        o->failed = "Xen handles are left";
}
