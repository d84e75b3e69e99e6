/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tools/sim-record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sim.h"
#include "tools/value.h"

#define QUEUE 0u

struct vgpu {
    uint32_t domid;
    uint16_t index;
    bool ready, runs;
    uint64_t ready_ns, since_ns, got_ns;
};

struct job {
    uint64_t at_ns, work_ns;
    uint32_t number;
};

struct sim_record {
    FILE *out;
    const json_t *status;
    struct vgpu of[SIM_CLIENTS_MAX];
    uint32_t count;
    struct job *jobs;
    size_t job_count, room;
    uint64_t first_ns, last_ns;
};

struct sim_record *sim_record_begin(FILE *out, const json_t *status)
{
    struct sim_record *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->out = out;
    r->status = status;
    return r;
}

/* NULL: there are too many. */
static struct vgpu *find(struct sim_record *r, const struct sched_record *rec)
{
    struct vgpu *v;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        v = &r->of[i];
        if (v->domid == rec->domid && v->index == rec->index)
            return v;
    }
    if (r->count == SIM_CLIENTS_MAX)
        return NULL;
    v = &r->of[r->count++];
    v->domid = rec->domid;
    v->index = rec->index;
    return v;
}

static int add_job(struct sim_record *r, const struct vgpu *v)
{
    size_t room = r->room ? 2 * r->room : 256;
    struct job *jobs;

    if (r->job_count == r->room) {
        jobs = realloc(r->jobs, room * sizeof(*jobs));
        if (!jobs)
            return -ENOMEM;
        r->jobs = jobs;
        r->room = room;
    }
    r->jobs[r->job_count++] =
        (struct job){v->ready_ns, v->got_ns, (uint32_t)(v - r->of)};
    return 0;
}

static void stops(struct vgpu *v, uint64_t now)
{
    if (v->runs && now > v->since_ns)
        v->got_ns += now - v->since_ns;
    v->runs = false;
}

/* A job ends with its work. Its last turn ends a little later. */
static int done(struct sim_record *r, struct vgpu *v, uint64_t now)
{
    bool runs = v->runs;
    int rc = 0;

    stops(v, now);
    v->runs = runs;
    v->since_ns = now;
    if (v->ready && v->got_ns)
        rc = add_job(r, v);
    v->ready = false;
    v->got_ns = 0;
    return rc;
}

static void begins(struct vgpu *v, uint64_t now)
{
    if (v->ready)
        return;
    v->ready = true;
    v->ready_ns = now;
    v->got_ns = 0;
    if (v->runs)
        v->since_ns = now;
}

int sim_record_put(struct sim_record *r, const struct sched_record *records,
                   size_t count)
{
    const struct sched_record *rec;
    struct vgpu *v;
    int rc = 0;

    for (rec = records; !rc && rec < records + count; rec++) {
        if (!r->first_ns)
            r->first_ns = rec->t_ns;
        if (rec->t_ns < r->first_ns ||
            (rec->queue != QUEUE && rec->queue != SCHED_RECORD_VGPU))
            continue;
        v = find(r, rec);
        if (!v)
            continue;
        r->last_ns = rec->t_ns;
        switch (rec->event) {
        case SCHED_EVENT_READY:
            begins(v, rec->t_ns);
            break;
        case SCHED_EVENT_GRANT:
            /* Who is granted has work, whenever it got it. */
            begins(v, rec->t_ns);
            v->runs = true;
            v->since_ns = rec->t_ns;
            break;
        case SCHED_EVENT_ACK:
            stops(v, rec->t_ns);
            break;
        case SCHED_EVENT_IDLE:
        case SCHED_EVENT_GONE:
        case SCHED_EVENT_LEAVE:
            rc = done(r, v, rec->t_ns);
            v->runs = v->runs && rec->event == SCHED_EVENT_IDLE;
            break;
        default:
            break;
        }
    }
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const struct job *x = a, *y = b;

    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static const char *latency_of(const json_t *m)
{
    const char *s = json_string_value(json_object_get(m, "latency"));

    return s && !strcmp(s, "low")     ? "low"
           : s && !strcmp(s, "batch") ? "batch"
                                      : "normal";
}

/* What the status says of a vGPU, or what is usual. */
static void write_vgpu(const struct sim_record *r, uint32_t number)
{
    const struct vgpu *v = &r->of[number];
    const json_t *queue, *m = NULL;
    uint64_t weight;
    char name[32];
    const char *s;
    size_t i;

    snprintf(name, sizeof(name), "%" PRIu32 ".%u", v->domid, v->index);
    queue = json_array_get(json_object_get(r->status, "queues"), QUEUE);
    json_array_foreach(json_object_get(queue, "vgpus"), i, m)
    {
        s = json_string_value(json_object_get(m, "vgpu"));
        if (s && !strcmp(s, name))
            break;
    }
    if (i >= json_array_size(json_object_get(queue, "vgpus")))
        m = NULL;
    weight = value_count(m, "weight");
    fprintf(r->out,
            "# %" PRIu32 ": %s\nvgpu,%" PRIu32 ",%" PRIu64 ",%s,%" PRIu64 "\n",
            number, name, number, weight ? weight : SCHED_WEIGHT, latency_of(m),
            value_count(m, "cap"));
}

int sim_record_end(struct sim_record *r, size_t *jobs)
{
    int rc = 0;
    size_t i;

    for (i = 0; i < r->count && !rc; i++)
        rc = done(r, &r->of[i], r->last_ns);
    fputs("# TIME_US,NUMBER,WORK_US\n", r->out);
    for (i = 0; i < r->count; i++)
        write_vgpu(r, (uint32_t)i);
    if (r->job_count)
        qsort(r->jobs, r->job_count, sizeof(*r->jobs), by_time);
    for (i = 0; i < r->job_count; i++)
        fprintf(r->out, "%.3f,%" PRIu32 ",%.3f\n",
                (double)(r->jobs[i].at_ns - r->first_ns) / 1e3,
                r->jobs[i].number, (double)r->jobs[i].work_ns / 1e3);
    *jobs = r->job_count;
    free(r->jobs);
    free(r);
    return rc;
}
