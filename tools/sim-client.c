/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients ask for.
 */
#include "config.h"

#include "tools/sim-engine.h"

#define HANG_NS (10 * SIM_S) /* "does not end" */

static void begin(struct sim_client *c, uint64_t work_ns, uint64_t chunk_ns,
                  uint64_t now)
{
    c->work_ns = work_ns ? work_ns : 1;
    c->longest_chunk_ns = chunk_ns;
    c->chunk_ns = 0;
    c->asked_ns = now;
}

static void begin_generated(struct sim_client *c, uint64_t now)
{
    uint64_t work = c->spec->work_ns;

    switch (c->spec->kind) {
    case SIM_LIGHT: /* frames differ a little */
        work = work * 3 / 4 + sim_random(&c->random, work / 2 + 1);
        break;
    case SIM_BURSTY:
        work = sim_random_pause(&c->random, work);
        break;
    default:
        break;
    }
    begin(c, work, c->spec->chunk_ns, now);
}

/* The next job of a trace, if it has come. */
static void begin_recorded(struct sim_client *c)
{
    const struct sim_job *j;

    if (c->begun == c->arrived)
        return;
    j = &c->spec->jobs[c->begun++];
    begin(c, j->work_ns, j->chunk_ns, j->at_ns);
}

void sim_client_start(struct sim_client *c, const struct sim_spec *spec)
{
    c->spec = spec;
    c->random = spec->seed;
    c->e.weight = spec->weight;
    c->e.cap = spec->cap;
    c->e.latency = spec->latency;
    c->timer_ns = SCHED_NEVER;
    switch (spec->kind) {
    case SIM_TRACE:
        if (spec->job_count)
            c->timer_ns = spec->jobs[0].at_ns;
        break;
    case SIM_LIGHT:
        c->timer_ns = sim_random(&c->random, SIM_FRAME_NS);
        break;
    case SIM_BURSTY:
        c->timer_ns = sim_random_pause(&c->random, spec->pause_ns);
        break;
    default:
        c->timer_ns = 0;
    }
}

void sim_client_timer(struct sim_client *c, struct sim_result *r, uint64_t now)
{
    c->timer_ns = SCHED_NEVER;
    switch (c->spec->kind) {
    case SIM_LIGHT:
        c->timer_ns = now + SIM_FRAME_NS;
        r->frames++;
        /* Nothing new to show: the last frame is late. */
        if (sim_has_work(c))
            r->missed++;
        else
            begin_generated(c, now);
        break;
    case SIM_TRACE:
        c->arrived++;
        if (c->arrived < c->spec->job_count)
            c->timer_ns = c->spec->jobs[c->arrived].at_ns;
        if (c->spec->jobs[c->arrived - 1].due_ns)
            r->frames++;
        if (!sim_has_work(c))
            begin_recorded(c);
        break;
    default:
        begin_generated(c, now);
    }
}

void sim_client_done(struct sim_client *c, struct sim_result *r, uint64_t now)
{
    const struct sim_job *j;

    switch (c->spec->kind) {
    case SIM_LIGHT:
        sim_hist_add(&r->frame, now - c->asked_ns);
        break;
    case SIM_TRACE:
        j = &c->spec->jobs[c->begun - 1];
        if (j->due_ns) {
            sim_hist_add(&r->frame, now - c->asked_ns);
            r->missed += now - c->asked_ns > j->due_ns;
        }
        begin_recorded(c);
        break;
    case SIM_BURSTY:
        c->timer_ns = now + sim_random_pause(&c->random, c->spec->pause_ns);
        break;
    default:
        begin_generated(c, now);
    }
}

void sim_client_lost(struct sim_client *c, uint64_t up)
{
    c->work_ns = c->chunk_ns = 0;
    /* Frames and recorded jobs come when they come. */
    if (c->spec->kind == SIM_TRACE)
        begin_recorded(c);
    else if (c->spec->kind != SIM_LIGHT)
        c->timer_ns = up;
}

void sim_client_chunk(struct sim_client *c)
{
    uint64_t longest = c->longest_chunk_ns, chunk = longest;

    if (c->spec->kind == SIM_HANGS && !sim_random(&c->random, 500)) {
        c->chunk_ns = c->work_ns = HANG_NS;
        return;
    }
    /* Recorded ones are what they are. */
    if (c->spec->kind == SIM_MALICIOUS)
        chunk = longest / 2 + sim_random(&c->random, longest / 2 + 1);
    else if (c->spec->kind != SIM_TRACE)
        chunk = longest / 2 + sim_random(&c->random, longest + 1);
    c->chunk_ns = chunk < c->work_ns ? chunk : c->work_ns;
    if (!c->chunk_ns)
        c->chunk_ns = 1;
}

void sim_client_end(struct sim_client *c, struct sim_result *r, uint64_t now)
{
    bool frame = c->spec->kind == SIM_LIGHT;
    uint64_t due = SIM_FRAME_NS;
    const struct sim_job *j;

    if (c->spec->kind == SIM_TRACE && sim_has_work(c)) {
        j = &c->spec->jobs[c->begun - 1];
        frame = j->due_ns != 0;
        due = j->due_ns;
        for (; c->begun < c->arrived; c->begun++) {
            j = &c->spec->jobs[c->begun];
            r->missed += j->due_ns && now - j->at_ns > j->due_ns;
        }
    }
    if (!frame || !sim_has_work(c) || now - c->asked_ns <= due)
        return;
    sim_hist_add(&r->frame, now - c->asked_ns);
    r->missed += c->spec->kind == SIM_TRACE;
}
