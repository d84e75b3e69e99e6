/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's socket, xen-vgpud.sock: a JSON object a line, as the
 * monitors' have it. {"return": {…}} or {"error": "why not"}.
 */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/server.h"

#define ADMIN_CONNS 16u

static void send_json(struct conn *c, json_t *json, int fd)
{
    char *text = json_dumps(json, JSON_COMPACT);
    size_t len;

    json_decref(json);
    if (!text) {
        log_error("no memory for an answer to the administrator");
        conn_drop(c);
        return;
    }
    len = strlen(text);
    text[len] = '\n'; /* in the place of the final zero */
    conn_send(c, text, len + 1, fd);
    free(text);
}

static void send_error(struct conn *c, const char *text)
{
    send_json(c, json_pack("{s:s}", "error", text), -1);
}

static void send_return(struct conn *c, json_t *json)
{
    send_json(c, json_pack("{s:o}", "return", json), -1);
}

/* Of what is expected to work. */
static void send_result(struct conn *c, int rc)
{
    if (!rc)
        send_return(c, json_object());
    else if (rc == -ENOTCONN)
        send_error(c, "its monitor has gone");
    else if (rc == -EINVAL)
        send_error(c, "a value is out of range");
    else
        send_error(c, strerror(-rc));
}

/* NULL: the client was told. */
static struct vgpu *vgpu_of(struct conn *c, const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "vgpu"));
    struct vgpu *v = id ? vgpu_find_id(conn_user(c), id) : NULL;

    if (!v)
        send_error(c, id ? "there is no such vGPU here"
                         : "vgpu must be a string like 3.0");
    return v;
}

/* A number that need not be there. */
static int take_number(const json_t *request, const char *name, uint64_t max,
                       uint64_t *value)
{
    const json_t *json = json_object_get(request, name);

    if (!json)
        return 0;
    if (!json_is_integer(json) || json_integer_value(json) < 0 ||
        (uint64_t)json_integer_value(json) > max)
        return -EINVAL;
    *value = (uint64_t)json_integer_value(json);
    return 1;
}

static void on_status(struct conn *c, const json_t *request)
{
    (void)request;
    send_return(c, status_json(conn_user(c)));
}

static int latency_of(const json_t *request, enum proto_latency *latency)
{
    static const char *const names[] = {"normal", "low", "batch"};
    const json_t *json = json_object_get(request, "latency");
    const char *name = json_string_value(json);
    unsigned int i;

    if (!json)
        return 0;
    for (i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(names[i], name)) {
            *latency = (enum proto_latency)i;
            return 0;
        }
    }
    return -EINVAL;
}

static void on_set(struct conn *c, const json_t *request)
{
    struct vgpu *v = vgpu_of(c, request);
    uint64_t weight, cap, slice;
    enum proto_latency latency;
    const struct sched_entity *e;

    if (!v)
        return;
    e = &v->members[0]->entity; /* all of its are alike */
    weight = e->weight;
    cap = e->cap;
    slice = e->slice_ns;
    latency = e->latency;
    if (take_number(request, "weight", SCHED_WEIGHT_MAX, &weight) < 0 ||
        take_number(request, "cap", SCHED_CAP_MAX, &cap) < 0 ||
        take_number(request, "slice_ns", INT64_MAX, &slice) < 0 ||
        latency_of(request, &latency))
        send_result(c, -EINVAL);
    else
        send_result(
            c, vgpu_set(v, (uint32_t)weight, (uint32_t)cap, latency, slice));
}

static int set_policy(struct runq *r, const json_t *request,
                      const struct sched_policy *policy)
{
    struct sched_params params = r->q.params;
    uint64_t now = clock_ns();

    if (take_number(request, "slice_ns", INT64_MAX, &params.slice_ns) < 0 ||
        take_number(request, "residency_ns", INT64_MAX, &params.residency_ns) <
            0)
        return -EINVAL;
    sched_queue_set_params(&r->q, &params, now);
    if (policy && policy != r->q.policy)
        sched_queue_set_policy(&r->q, policy, now);
    r->dirty = true;
    return 0;
}

static void on_policy(struct conn *c, const json_t *request)
{
    struct vgpud *d = conn_user(c);
    const char *queue = json_string_value(json_object_get(request, "queue"));
    const json_t *name = json_object_get(request, "policy");
    const struct sched_policy *policy = NULL;
    bool found = false;
    unsigned int i;
    int rc = 0;

    if (json_is_string(name))
        policy = sched_policy_find(json_string_value(name));
    if (name && !policy) {
        send_error(c, "policy must be fair, fixed, ondemand or rr");
        return;
    }
    for (i = 0; i < d->nr_queues && !rc; i++) {
        if (queue && strcmp(queue, d->queues[i].name))
            continue;
        found = true;
        rc = set_policy(&d->queues[i], request, policy);
    }
    if (found)
        send_result(c, rc);
    else
        send_error(c, "there is no such queue");
}

static void on_reset(struct conn *c, const json_t *request)
{
    const json_t *name = json_object_get(request, "engine");
    struct vgpu *v = vgpu_of(c, request);
    struct engine *e = NULL;
    unsigned int i;

    if (!v)
        return;
    if (!name) {
        send_result(c, ladder_reset(v));
        return;
    }
    for (i = 0; json_is_string(name) && i < XVGPU_NR_ENGINES; i++) {
        if (v->engines[i] &&
            !strcmp(vgpud_engine_name(i), json_string_value(name)))
            e = v->engines[i];
    }
    if (!e || !e->pid) {
        send_error(c, e ? "the engine does not run"
                        : "the vGPU has no such engine");
        return;
    }
    engine_kill(e, SCHED_WHY_ADMIN);
    send_result(c, 0);
}

static void on_quarantine(struct conn *c, const json_t *request)
{
    struct vgpu *v = vgpu_of(c, request);

    if (v)
        send_result(c, ladder_quarantine(v, true, XVGPU_RESET_ADMIN));
}

static void on_release(struct conn *c, const json_t *request)
{
    struct vgpu *v = vgpu_of(c, request);

    if (v)
        send_result(c, ladder_quarantine(v, false, XVGPU_RESET_ADMIN));
}

static void on_trace(struct conn *c, const json_t *request)
{
    struct vgpud *d = conn_user(c);
    uint64_t since = 0, count, lost;
    int rc, fd = -1;

    rc = take_number(request, "since", INT64_MAX, &since);
    if (rc >= 0)
        rc = records_export(&d->records, since, &fd, &count, &lost);
    if (rc) {
        send_result(c, rc);
        return;
    }
    send_json(c,
              json_pack("{s:{s:I, s:I, s:I}}", "return", "records",
                        (json_int_t)count, "next", (json_int_t)d->records.next,
                        "lost", (json_int_t)lost),
              fd);
    close(fd);
}

static void on_metrics(struct conn *c, const json_t *request)
{
    size_t len;
    char *text = metrics_text(conn_user(c), &len);

    (void)request;
    if (text)
        send_return(c, json_pack("{s:s#}", "text", text, (int)len));
    else
        send_result(c, -ENOMEM);
    free(text);
}

static const struct {
    const char *name;
    void (*run)(struct conn *c, const json_t *request);
} commands[] = {
    {"status", on_status},   {"set", on_set},
    {"policy", on_policy},   {"reset", on_reset},
    {"release", on_release}, {"quarantine", on_quarantine},
    {"trace", on_trace},     {"metrics", on_metrics},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void on_line(struct conn *c, char *line, size_t len)
{
    json_t *request = json_loadb(line, len, 0, NULL);
    const char *name = json_string_value(json_object_get(request, "command"));
    size_t i;

    for (i = 0; name && i < NR_COMMANDS && strcmp(commands[i].name, name); i++)
        ;
    if (name && i < NR_COMMANDS)
        commands[i].run(c, request);
    else
        send_error(c, "command must be status, set, policy, reset, "
                      "quarantine, release, trace or metrics");
    json_decref(request);
}

static void on_too_long(struct conn *c)
{
    send_error(c, "the line is too long");
}

static void on_conn(struct conn *c)
{
    (void)c;
}

static const struct server_ops ops = {
    .max_conns = ADMIN_CONNS,
    .opened = on_conn,
    .line = on_line,
    .too_long = on_too_long,
    .closed = on_conn,
};

int admin_open(struct vgpud *d)
{
    char path[128];
    int rc;

    snprintf(path, sizeof(path), "%s/xen-vgpud.sock", d->run_dir);
    rc = server_open(&d->admin, d->loop, path, -1, &ops, d);
    if (rc)
        log_error("listen on %s: %s", path, strerror(-rc));
    return rc;
}

void admin_close(struct vgpud *d)
{
    server_close(d->admin);
    d->admin = NULL;
}
