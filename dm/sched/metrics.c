/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus' text format (version 0.0.4), for the administrator's socket, and
 * on metrics.sock for who asks in HTTP.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "lib/server.h"

#define METRICS_CONNS 16u

struct metric {
    const char *name, *type, *help;
    double (*of)(const struct member *m, uint64_t now);
};

static double granted(const struct member *m, uint64_t now)
{
    return (double)member_granted(m, now) / 1e9;
}

static double compiled(const struct member *m, uint64_t now)
{
    return (double)member_compiled(m, now) / 1e9;
}

static double weight(const struct member *m, uint64_t now)
{
    (void)now;
    return m->entity.weight;
}

static double cap(const struct member *m, uint64_t now)
{
    (void)now;
    return m->entity.cap / 1e3;
}

static double ready(const struct member *m, uint64_t now)
{
    (void)now;
    return m->entity.ready;
}

static double turns(const struct member *m, uint64_t now)
{
    (void)now;
    return (double)m->turns;
}

static double preempted(const struct member *m, uint64_t now)
{
    (void)now;
    return (double)m->preempted;
}

static double frozen(const struct member *m, uint64_t now)
{
    (void)now;
    return (double)m->frozen;
}

static double missed(const struct member *m, uint64_t now)
{
    (void)now;
    return (double)m->missed;
}

static double resets(const struct member *m, uint64_t now)
{
    (void)now;
    return (double)m->resets;
}

static double innocent(const struct member *m, uint64_t now)
{
    (void)now;
    return (double)m->innocent;
}

static const struct metric metrics[] = {
    {"granted_seconds_total", "counter", "Time that the engine was its own",
     granted},
    {"compile_seconds_total", "counter", "Time that it has compiled", compiled},
    {"weight", "gauge", "Weight", weight},
    {"cap_ratio", "gauge", "Cap of the engine's time, 0: none", cap},
    {"has_work", "gauge", "It has work, as far as is known", ready},
    {"turns_total", "counter", "Grants", turns},
    {"preempted_total", "counter", "Turns that ended before the work",
     preempted},
    {"frozen_total", "counter", "Turns that ended in the midst of a packet",
     frozen},
    {"missed_deadlines_total", "counter", "Killed for it", missed},
    {"engine_resets_total", "counter", "Hangs of its own", resets},
    {"innocent_resets_total", "counter", "Resets by others' fault", innocent},
};

/* Quantiles, of a vGPU's queue, in seconds. */
static const struct {
    const char *name, *help;
    size_t at;
} summaries[] = {
    {"wait_seconds", "From work, or the end of a turn, to the grant",
     offsetof(struct member, wait)},
    {"preempt_seconds", "From the request to stop to the acknowledgement",
     offsetof(struct member, preempt)},
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PREFIX "xen_vgpu_"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
    fprintf(f, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help,
            name, type);
}

/* Printable already; what would end the string is quoted. */
static void label(FILE *f, const char *name)
{
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            putc('\\', f);
        putc(*name, f);
    }
}

static void labels(FILE *f, const struct member *m)
{
    fprintf(f, "{vgpu=\"%s\",queue=\"%s\",domain=\"", m->vgpu->id,
            m->queue->name);
    label(f, m->vgpu->name);
    putc('"', f);
}

static void quantiles(FILE *f, const char *name, const char *more,
                      const struct histogram *h, const struct member *m,
                      const struct runq *r)
{
    static const unsigned int permilles[] = {500, 990};
    size_t i;

    for (i = 0; i <= ARRAY_SIZE(permilles) + 1; i++) {
        fprintf(f, PREFIX "%s%s", name,
                i < 2    ? ""
                : i == 2 ? "_sum"
                         : "_count");
        if (m)
            labels(f, m);
        else
            fprintf(f, "{queue=\"%s\"%s", r->name, more);
        if (i < ARRAY_SIZE(permilles))
            fprintf(f, ",quantile=\"%g\"} %.9g\n", permilles[i] / 1e3,
                    (double)histogram_quantile(h, permilles[i]) / 1e9);
        else if (i == ARRAY_SIZE(permilles))
            fprintf(f, "} %.9g\n", (double)h->sum_ns / 1e9);
        else
            fprintf(f, "} %llu\n", (unsigned long long)h->count);
    }
}

static void member_metrics(FILE *f, struct vgpud *d, uint64_t now)
{
    const struct member *m;
    unsigned int q;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(metrics); i++) {
        head(f, metrics[i].name, metrics[i].type, metrics[i].help);
        for (q = 0; q < d->nr_queues; q++) {
            DL_FOREACH (d->queues[q].members, m) {
                fprintf(f, PREFIX "%s", metrics[i].name);
                labels(f, m);
                fprintf(f, "} %.9g\n", metrics[i].of(m, now));
            }
        }
    }
    for (i = 0; i < ARRAY_SIZE(summaries); i++) {
        head(f, summaries[i].name, "summary", summaries[i].help);
        for (q = 0; q < d->nr_queues; q++) {
            DL_FOREACH (d->queues[q].members, m)
                quantiles(f, summaries[i].name, "",
                          (const void *)((const char *)m + summaries[i].at), m,
                          NULL);
        }
    }
}

static void queue_metrics(FILE *f, struct vgpud *d, uint64_t now)
{
    static const char *const steps[NR_STEPS] = {
        [STEP_STOP] = ",step=\"stop\"",     [STEP_SAVE] = ",step=\"save\"",
        [STEP_SWITCH] = ",step=\"switch\"", [STEP_LOAD] = ",step=\"load\"",
        [STEP_RUN] = ",step=\"run\"",
    };
    struct runq *r;
    unsigned int i, q;

    head(f, "queue_idle_seconds_total", "counter", "Time without a grant");
    for (q = 0; q < d->nr_queues; q++) {
        r = &d->queues[q];
        fprintf(
            f, PREFIX "queue_idle_seconds_total{queue=\"%s\"} %.9g\n", r->name,
            (double)(r->idle_ns + (r->current ? 0 : now - r->idle_since_ns)) /
                1e9);
    }
    head(f, "queue_switches_total", "counter", "Grants");
    for (q = 0; q < d->nr_queues; q++)
        fprintf(f, PREFIX "queue_switches_total{queue=\"%s\"} %llu\n",
                d->queues[q].name, (unsigned long long)d->queues[q].switches);
    head(f, "switch_seconds", "summary", "World switches");
    for (q = 0; q < d->nr_queues; q++)
        quantiles(f, "switch_seconds", "", &d->queues[q].total, NULL,
                  &d->queues[q]);
    head(f, "switch_step_seconds", "summary", "Steps of world switches");
    for (q = 0; q < d->nr_queues; q++) {
        for (i = 0; i < NR_STEPS; i++)
            quantiles(f, "switch_step_seconds", steps[i],
                      &d->queues[q].steps[i], NULL, &d->queues[q]);
    }
}

static void vgpu_metrics(FILE *f, const struct vgpud *d)
{
    const struct vgpu *v;

    head(f, "vgpus", "gauge", "vGPUs that are registered");
    fprintf(f, PREFIX "vgpus %u\n", d->nr_vgpus);
    head(f, "resets_total", "counter", "Resets of the whole vGPU by guards");
    DL_FOREACH (d->vgpus, v)
        fprintf(f, PREFIX "resets_total{vgpu=\"%s\"} %llu\n", v->id,
                (unsigned long long)v->ladder.flrs);
    head(f, "quarantined", "gauge", "In quarantine");
    DL_FOREACH (d->vgpus, v)
        fprintf(f, PREFIX "quarantined{vgpu=\"%s\"} %d\n", v->id,
                v->ladder.quarantined);
}

char *metrics_text(struct vgpud *d, size_t *len)
{
    uint64_t now = clock_ns();
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    bool failed;

    if (!f)
        return NULL;
    vgpu_metrics(f, d);
    queue_metrics(f, d, now);
    member_metrics(f, d, now);
    failed = ferror(f);
    if (fclose(f) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* --- metrics.sock ------------------------------------------------------------
 */

static void answer(struct conn *c)
{
    static const char start[] = "HTTP/1.0 200 OK\r\n"
                                "Content-Type: text/plain; version=0.0.4\r\n"
                                "\r\n";
    size_t len;
    char *text = metrics_text(conn_user(c), &len);

    if (text) {
        conn_send(c, start, sizeof(start) - 1, -1);
        conn_send(c, text, len, -1);
    } else {
        log_error("no memory for metrics");
    }
    free(text);
    conn_drop(c);
}

/* Whatever is asked for, when the question is over: with its first line, or
 * an HTTP request with its empty one. */
static void on_line(struct conn *c, char *line, size_t len)
{
    unsigned int *in_request = conn_word(c);

    if (*in_request ? len : !strncmp(line, "GET ", 4))
        *in_request = 1;
    else
        answer(c);
}

static void on_conn(struct conn *c)
{
    (void)c;
}

static const struct server_ops ops = {
    .max_conns = METRICS_CONNS,
    .opened = on_conn,
    .line = on_line,
    .too_long = on_conn,
    .closed = on_conn,
};

int metrics_open(struct vgpud *d)
{
    char path[128];
    int rc;

    snprintf(path, sizeof(path), "%s/metrics.sock", d->run_dir);
    rc = server_open(&d->metrics, d->loop, path, -1, &ops, d);
    if (rc)
        log_error("listen on %s: %s", path, strerror(-rc));
    return rc;
}

void metrics_close(struct vgpud *d)
{
    server_close(d->metrics);
    d->metrics = NULL;
}
