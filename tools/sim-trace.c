/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorded load: lines of comma-separated values, described in xen-vgpu(1).
 *
 *     vgpu,NUMBER,WEIGHT[,LATENCY[,CAP]]
 *     TIME_US,NUMBER,WORK_US[,CHUNK_US[,DUE_US]]
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/file.h"
#include "tools/print.h"
#include "tools/sim.h"

#define JOBS_MAX 4000000u
#define FIELDS 5

struct reader {
    struct sim_load *load;
    const struct sim_config *config;
    size_t jobs;
    uint64_t last_at;
};

/* Microseconds with decimals, up to SIM_TIME_MAX. */
static int parse_us(const char *s, uint64_t *ns)
{
    char *end;
    double v;

    if (*s < '0' || *s > '9')
        return -EINVAL;
    v = strtod(s, &end);
    if (*end || !(v <= (double)SIM_TIME_MAX / 1000))
        return -EINVAL;
    *ns = (uint64_t)(v * 1000 + 0.5);
    return 0;
}

static int parse_number(const char *s, uint32_t max, uint32_t *v)
{
    unsigned long n;
    char *end;

    if (*s < '0' || *s > '9')
        return -EINVAL;
    n = strtoul(s, &end, 10);
    if (*end || n > max)
        return -EINVAL;
    *v = (uint32_t)n;
    return 0;
}

/* All up to `number` exist afterwards. */
static int reach(struct reader *r, uint32_t number)
{
    struct sim_load *l = r->load;
    struct sim_spec *s;

    while (l->count <= number) {
        s = &l->clients[l->count++];
        s->kind = SIM_TRACE;
        s->weight = SCHED_WEIGHT;
        s->chunk_ns = r->config->chunk_ns;
        s->seed = r->config->seed * SIM_CLIENTS_MAX + l->count;
    }
    return 0;
}

static int parse_vgpu(struct reader *r, char *const *f, int n)
{
    static const char *const names[] = {"normal", "low", "batch"};
    uint32_t number, weight, cap = 0, i = 0;

    if (n < 3 || parse_number(f[1], SIM_CLIENTS_MAX - 1, &number) ||
        parse_number(f[2], SCHED_WEIGHT_MAX, &weight) || !weight)
        return -EINVAL;
    if (n > 3) {
        while (i < 3 && strcmp(f[3], names[i]))
            i++;
        if (i == 3)
            return -EINVAL;
    }
    if (n > 4 && parse_number(f[4], SCHED_CAP_MAX, &cap))
        return -EINVAL;
    reach(r, number);
    r->load->clients[number].weight = weight;
    r->load->clients[number].latency = (enum proto_latency)i;
    r->load->clients[number].cap = cap;
    return 0;
}

static int add_job(struct sim_spec *s, const struct sim_job *job)
{
    size_t room = s->job_room ? 2 * s->job_room : 64;
    struct sim_job *jobs;

    if (s->job_count == s->job_room) {
        jobs = realloc(s->jobs, room * sizeof(*jobs));
        if (!jobs)
            return -ENOMEM;
        s->jobs = jobs;
        s->job_room = room;
    }
    s->jobs[s->job_count++] = *job;
    return 0;
}

static int parse_job(struct reader *r, char *const *f, int n)
{
    struct sim_job job = {.chunk_ns = r->config->chunk_ns};
    uint32_t number;

    if (n < 3 || parse_us(f[0], &job.at_ns) ||
        parse_number(f[1], SIM_CLIENTS_MAX - 1, &number) ||
        parse_us(f[2], &job.work_ns) || !job.work_ns ||
        (n > 3 && (parse_us(f[3], &job.chunk_ns) || !job.chunk_ns)) ||
        (n > 4 && parse_us(f[4], &job.due_ns)))
        return -EINVAL;
    if (job.at_ns < r->last_at)
        return -ERANGE;
    if (r->jobs++ == JOBS_MAX)
        return -E2BIG;
    r->last_at = job.at_ns;
    reach(r, number);
    return add_job(&r->load->clients[number], &job);
}

static int parse_line(struct reader *r, char *line)
{
    char *f[FIELDS], *s;
    int n = 0;

    line += strspn(line, " \t");
    line[strcspn(line, "\r")] = '\0';
    if (!*line || *line == '#')
        return 0;
    while ((s = strsep(&line, ","))) {
        if (n == FIELDS)
            return -EINVAL;
        f[n++] = s;
    }
    return strcmp(f[0], "vgpu") ? parse_job(r, f, n) : parse_vgpu(r, f, n);
}

int sim_trace_parse(struct sim_load *load, const struct sim_config *config,
                    const char *file, char *text)
{
    struct reader r = {.load = load, .config = config};
    unsigned int number = 0;
    char *line;
    int rc = 0;

    memset(load, 0, sizeof(*load));
    snprintf(load->name, sizeof(load->name), "%s", file);
    load->clients = calloc(SIM_CLIENTS_MAX, sizeof(*load->clients));
    if (!load->clients)
        rc = -ENOMEM;
    while (!rc && (line = strsep(&text, "\n"))) {
        number++;
        rc = parse_line(&r, line);
    }
    if (!rc && !r.jobs) {
        tool_error("%s: there is no job in it", file);
        rc = -EINVAL;
    } else if (rc == -ENOMEM) {
        tool_error("%s: out of memory", file);
    } else if (rc == -ERANGE) {
        tool_error("%s:%u: jobs must be in the order of their times", file,
                   number);
    } else if (rc == -E2BIG) {
        tool_error("%s: more than %u jobs", file, JOBS_MAX);
    } else if (rc) {
        tool_error("%s:%u: TIME_US,NUMBER,WORK_US[,CHUNK_US[,DUE_US]] or "
                   "vgpu,NUMBER,WEIGHT[,LATENCY[,CAP]] is expected",
                   file, number);
    }
    if (rc)
        sim_load_free(load);
    return rc;
}

int sim_load_trace(struct sim_load *load, const struct sim_config *config,
                   const char *file)
{
    size_t len;
    char *text, *data = file_read(file, &len);
    int rc;

    memset(load, 0, sizeof(*load));
    if (!data) {
        rc = -errno;
        tool_error("%s: %s", file, strerror(errno));
        return rc;
    }
    text = realloc(data, len + 1);
    if (!text) {
        free(data);
        tool_error("%s: out of memory", file);
        return -ENOMEM;
    }
    text[len] = '\0';
    rc = sim_trace_parse(load, config, file, text);
    free(text);
    return rc;
}
