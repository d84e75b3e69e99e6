/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator sees of it all. */
#include "config.h"

#include "dm/sched/vgpud.h"

#include <jansson.h>
#include <unistd.h>

#include <utlist.h>

static json_t *times_json(const struct histogram *h)
{
    return json_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)h->count,
                     "p50", (double)histogram_quantile(h, 500) / 1e3, "p99",
                     (double)histogram_quantile(h, 990) / 1e3, "max",
                     (double)h->max_ns / 1e3);
}

static json_t *steps_json(const struct runq *r)
{
    static const char *const names[NR_STEPS] = {
        [STEP_STOP] = "stop", [STEP_SAVE] = "save", [STEP_SWITCH] = "switch",
        [STEP_LOAD] = "load", [STEP_RUN] = "run",
    };
    json_t *steps = json_object();
    unsigned int i;

    for (i = 0; i < NR_STEPS; i++)
        json_object_set_new(steps, names[i], times_json(&r->steps[i]));
    return steps;
}

/* By its own word. */
static bool says_idle(const struct member *m)
{
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++) {
        if (__atomic_load_n(&m->engines[i]->e->want, __ATOMIC_RELAXED))
            return false;
    }
    return true;
}

static const char *state_of(const struct member *m)
{
    const struct engine *compiling = m->queue->d->compiling;
    bool off = true, dead = false, waits = m->entity.ready;
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++) {
        off = off && m->engines[i]->state == ENGINE_OFF;
        dead = dead || m->engines[i]->killed;
        waits = waits || m->engines[i]->compile_waits;
    }
    if (m->vgpu->ladder.quarantined)
        return "quarantined";
    if (off || dead)
        return off ? "none" : "dead";
    if (compiling && compiling->member == m)
        return "compiling";
    if (m->queue->current == m && m->queue->stopping)
        return "stopping";
    if (m->queue->current == m)
        return says_idle(m) ? "idle" : "running";
    return waits ? "waiting" : "idle";
}

/* Their own word, too. */
static uint64_t busy_ns(const struct member *m)
{
    uint64_t ns = 0;
    unsigned int i;

    for (i = 0; i < m->nr_engines; i++)
        ns += __atomic_load_n(&m->engines[i]->e->busy_ns, __ATOMIC_RELAXED);
    return ns > INT64_MAX ? INT64_MAX : ns;
}

static json_t *member_json(const struct member *m, uint64_t now)
{
    static const char *const latencies[] = {
        [PROTO_LATENCY_NORMAL] = "normal",
        [PROTO_LATENCY_LOW] = "low",
        [PROTO_LATENCY_BATCH] = "batch",
    };
    const struct sched_entity *e = &m->entity;
    json_t *json;

    json = json_pack(
        "{s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:b, s:s, s:I, s:I, s:I, s:I}",
        "vgpu", m->vgpu->id, "domid", (json_int_t)m->vgpu->domid, "index",
        (json_int_t)m->vgpu->index, "name", m->vgpu->name, "state", state_of(m),
        "weight", (json_int_t)e->weight, "cap", (json_int_t)e->cap, "throttled",
        e->throttled, "latency", latencies[e->latency], "slice_ns",
        (json_int_t)e->slice_ns, "granted_ns",
        (json_int_t)member_granted(m, now), "compile_ns",
        (json_int_t)member_compiled(m, now), "busy_ns", (json_int_t)busy_ns(m));
    if (!json)
        return NULL;
    json_object_set_new(json, "charged_ns",
                        json_integer((json_int_t)e->charged_ns));
    json_object_set_new(json, "switches", json_integer((json_int_t)m->turns));
    json_object_set_new(json, "preempted",
                        json_integer((json_int_t)m->preempted));
    json_object_set_new(json, "wait_us", times_json(&m->wait));
    json_object_set_new(json, "preempt_us", times_json(&m->preempt));
    json_object_set_new(json, "frozen", json_integer((json_int_t)m->frozen));
    json_object_set_new(json, "missed", json_integer((json_int_t)m->missed));
    json_object_set_new(json, "resets", json_integer((json_int_t)m->resets));
    json_object_set_new(json, "innocent",
                        json_integer((json_int_t)m->innocent));
    return json;
}

static json_t *compiling_json(const struct runq *r)
{
    const struct engine *e = r->d->compiling;

    return e && e->member->queue == r ? json_string(e->vgpu->id) : json_null();
}

static json_t *queue_json(struct runq *r, uint64_t now)
{
    const struct sched_params *p = &r->q.params;
    const struct member *m;
    json_t *json, *vgpus = json_array();

    runq_steps(r);
    json = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:s, s:I, s:o, s:o, "
        "s:I}",
        "name", r->name, "policy", r->q.policy->name, "slice_ns",
        (json_int_t)p->slice_ns, "residency_ns", (json_int_t)p->residency_ns,
        "deadline_ns", (json_int_t)r->config.deadline_ns, "compile_ns",
        (json_int_t)r->config.compile_ns, "overrun_ns",
        (json_int_t)r->config.overrun_ns, "current",
        r->current ? json_string(r->current->vgpu->id) : json_null(),
        "compiling", compiling_json(r), "state",
        r->stopping  ? "stopping"
        : r->current ? "running"
                     : "idle",
        "switches", (json_int_t)r->switches, "switch_us", times_json(&r->total),
        "steps_us", steps_json(r), "idle_ns",
        (json_int_t)(r->idle_ns + (r->current ? 0 : now - r->idle_since_ns)));
    DL_FOREACH (r->members, m)
        json_array_append_new(vgpus, member_json(m, now));
    json_object_set_new(json, "vgpus", vgpus);
    return json;
}

json_t *status_json(struct vgpud *d)
{
    json_t *queues = json_array(), *vgpus = json_array();
    uint64_t now = clock_ns();
    const struct vgpu *v;
    unsigned int i;

    for (i = 0; i < d->nr_queues; i++)
        json_array_append_new(queues, queue_json(&d->queues[i], now));
    DL_FOREACH (d->vgpus, v) {
        json_array_append_new(
            vgpus, json_pack("{s:s, s:I, s:b, s:I, s:I, s:b}", "vgpu", v->id,
                             "flrs", (json_int_t)v->ladder.flrs, "quarantined",
                             v->ladder.quarantined, "hangs",
                             (json_int_t)v->ladder.hangs, "pid",
                             (json_int_t)v->monitor_pid, "leaving", !v->conn));
    }
    return json_pack("{s:s, s:I, s:I, s:b, s:o, s:o}", "version",
                     PACKAGE_VERSION, "pid", (json_int_t)getpid(), "uptime_ns",
                     (json_int_t)(now - d->start_ns), "gang", d->config.gang,
                     "queues", queues, "vgpus", vgpus);
}
