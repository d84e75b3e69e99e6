/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's socket, /run/xen-vgpu/DOMID.sock: a JSON object a line.
 *
 *   {"command": "show" | "regs" | "screenshot" | "record", "vgpu": N,
 *    "scanout": N}
 *   {"return": {…}} or {"error": "why not"}
 *
 * What the device answers is hostile: its text is passed on as one string of
 * printable characters, its picture after a look at the descriptor.
 */
#include "dm/monitor/monitor.h"
#include "dm/monitor/orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/scanout.h"

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

/* Nothing of what the device wrote may reach a terminal as a command. */
static json_t *clean_text(struct proto_in *in)
{
    size_t i;

    for (i = 0; i < in->text_len; i++) {
        if (in->text[i] != '\n' && (in->text[i] < ' ' || in->text[i] > '~'))
            in->text[i] = '?';
    }
    return json_stringn(in->text, in->text_len);
}

static const char *why(int rc)
{
    switch (rc) {
    case -ENODEV:
        return "the device process does not run";
    case -ETIMEDOUT:
        return "the device process does not answer";
    case -EBUSY:
        return "too many questions at a time";
    default:
        return strerror(-rc);
    }
}

/* 0 if the device succeeded; otherwise the client was told. */
static int check_reply(struct conn *c, int rc, struct proto_in *in)
{
    if (!rc && in->msg.u.reply.status) {
        if (in->text_len) /* says why */
            send_json(c, json_pack("{s:o}", "error", clean_text(in)), -1);
        else
            send_error(c, "the device process refused");
        return -EIO;
    }
    if (rc)
        send_error(c, why(rc));
    return rc;
}

static json_t *process_json(const char *name, long pid, uint32_t uid)
{
    return json_pack("{s:s, s:I, s:I}", "name", name, "pid", (json_int_t)pid,
                     "uid", (json_int_t)uid);
}

static json_t *engine_json(const struct engine *e)
{
    static const char *const memory[] = {
        [PROTO_MEMORY_IN_PLACE] = "used in place",
        [PROTO_MEMORY_COPIED] = "copied",
    };
    json_t *json;

    json = json_pack("{s:s, s:I}", "process",
                     !child_runs(&e->child) ? "none"
                     : e->child.killed      ? "ending"
                     : e->ready             ? "running"
                                            : "starting",
                     "starts", (json_int_t)e->starts);
    if (json && e->device[0])
        json_object_set_new(json, "device", json_string(e->device));
    if (json && memory[e->memory])
        json_object_set_new(json, "guest_memory",
                            json_string(memory[e->memory]));
    return json;
}

static json_t *engines_json(const struct vgpu *v)
{
    json_t *list = json_object();
    uint32_t i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (v->engines & 1u << i)
            json_object_set_new(list, engine_name(i),
                                engine_json(&v->engine[i]));
    }
    return list;
}

static json_t *processes_json(const struct monitor *m, const struct vgpu *v)
{
    json_t *list = json_array();
    char name[24];
    uint32_t i;

    json_array_append_new(list,
                          process_json("monitor", (long)getpid(), getuid()));
    if (child_runs(&m->device))
        json_array_append_new(
            list, process_json("device", m->device.pid, m->device.uid));
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (!child_runs(&v->engine[i].child))
            continue;
        snprintf(name, sizeof(name), "engine %s", engine_name(i));
        json_array_append_new(list, process_json(name, v->engine[i].child.pid,
                                                 v->engine[i].child.uid));
    }
    if (child_runs(&v->display.child))
        json_array_append_new(list,
                              process_json("display", v->display.child.pid,
                                           v->display.child.uid));
    return list;
}

static json_t *sched_json(const struct vgpu *v)
{
    const struct sched *s = &v->sched;
    char text[80];

    if (!v->opt->sched)
        return json_pack("{s:s}", "mode", "none");
    sched_text(s, text, sizeof(text));
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:s, s:b}", "mode", "host", "state", text,
        "weight", (json_int_t)s->weight, "cap", (json_int_t)s->cap, "latency",
        options_latency_name(s->latency), "quarantined", v->quarantined);
}

static json_t *options_json(const struct monitor *m, const struct vgpu *v)
{
    const struct vgpu_options *opt = v->opt;
    json_t *json;

    json = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:s, s:s}", "model",
        options_model_name(opt->model), "vram", (json_int_t)opt->vram, "slot",
        (json_int_t)opt->slot, "poll", (json_int_t)opt->poll, "rate",
        (json_int_t)opt->rate, "sched", opt->sched ? "host" : "none",
        "companion", m->opt->companion == COMPANION_QEMU ? "qemu" : "none");
    if (json && v->engines & 1u << XVGPU_ENGINE_GFX)
        json_object_set_new(json, "local",
                            json_integer((json_int_t)opt->local));
    if (!json || opt->model != PROTO_MODEL_VIRTIO_GPU)
        return json;
    json_object_set_new(json, "scanouts", json_integer(opt->scanouts));
    json_object_set_new(json, "width", json_integer(opt->width));
    json_object_set_new(json, "height", json_integer(opt->height));
    json_object_set_new(json, "vnc", json_boolean(opt->vnc.kind != VNC_NONE));
    return json;
}

static json_t *show_json(const struct monitor *m, const struct vgpu *v)
{
    static const char *const states[] = {
        [MONITOR_STARTING] = "starting", [MONITOR_TAKEOVER] = "restarting",
        [MONITOR_RUNNING] = "running",   [MONITOR_FAILED] = "failed",
        [MONITOR_STOPPING] = "stopping", [MONITOR_ENDING] = "stopping",
    };
    json_t *json;

    json = json_pack("{s:I, s:I, s:I, s:s, s:s}", "domid",
                     (json_int_t)m->opt->domid, "vgpu", (json_int_t)v->index,
                     "vgpus", (json_int_t)m->opt->nr_vgpus, "name", "", "state",
                     states[m->state]);
    if (!json)
        return NULL;
    json_object_set_new(json, "name", json_string(m->name));
    json_object_set_new(json, "options", options_json(m, v));
    json_object_set_new(json, "vram",
                        json_pack("{s:I, s:I, s:I}", "bytes",
                                  (json_int_t)v->vram->size, "parking_frame",
                                  (json_int_t)v->vram->gfn, "small_pages",
                                  (json_int_t)v->vram->small_pages));
    json_object_set_new(json, "sched", sched_json(v));
    json_object_set_new(json, "processes", processes_json(m, v));
    json_object_set_new(json, "engines", engines_json(v));
    json_object_set_new(json, "start_cpu_us",
                        json_integer((json_int_t)(v->start_cpu_ns / 1000)));
    if (m->have_server)
        json_object_set_new(json, "ioservid", json_integer(m->ioservid));
    return json;
}

static struct vgpu *asked_vgpu(struct conn *c)
{
    struct monitor *m = conn_user(c);

    return &m->vgpus[*conn_word(c)];
}

/* Without a device the rest is still worth to be seen. */
static void on_show(void *user, int rc, struct proto_in *in)
{
    struct conn *c = user;
    json_t *json = show_json(conn_user(c), asked_vgpu(c));

    if (!rc && !in->msg.u.reply.status)
        json_object_set_new(json, "statistics", clean_text(in));
    else
        json_object_set_new(json, "statistics_error",
                            json_string(rc ? why(rc) : "refused"));
    send_json(c, json_pack("{s:o}", "return", json), -1);
    conn_resume(c);
}

static void on_regs(void *user, int rc, struct proto_in *in)
{
    struct conn *c = user;

    if (!check_reply(c, rc, in))
        send_json(c, json_pack("{s:{s:o}}", "return", "text", clean_text(in)),
                  -1);
    conn_resume(c);
}

/* A picture that can neither shrink nor change under its reader, of exactly
 * the size that it claims. */
static bool picture_is_sound(const struct proto_in *in)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    uint32_t width = in->msg.u.reply.width, height = in->msg.u.reply.height;
    uint32_t stride = in->msg.u.reply.stride;
    struct stat st;
    int got;

    if (in->nr_fds != 1 || in->msg.u.reply.format != XVGPU_FORMAT_XRGB8888 ||
        !width || width > XVGPU_SCANOUT_MAX || !height ||
        height > XVGPU_SCANOUT_MAX || stride / 4 < width || stride % 4)
        return false;
    got = fcntl(in->fds[0], F_GET_SEALS);
    return got >= 0 && (got & seals) == seals && !fstat(in->fds[0], &st) &&
           st.st_size >= 0 && (uint64_t)st.st_size == (uint64_t)height * stride;
}

static void on_screenshot(void *user, int rc, struct proto_in *in)
{
    struct conn *c = user;

    if (check_reply(c, rc, in)) {
        conn_resume(c);
        return;
    }
    if (!picture_is_sound(in)) {
        log_error("the device process sent a picture that is none");
        send_error(c, "the device process sent a picture that is none");
    } else {
        send_json(c,
                  json_pack("{s:{s:I, s:I, s:I, s:I}}", "return", "width",
                            (json_int_t)in->msg.u.reply.width, "height",
                            (json_int_t)in->msg.u.reply.height, "stride",
                            (json_int_t)in->msg.u.reply.stride, "format",
                            (json_int_t)in->msg.u.reply.format),
                  in->fds[0]);
    }
    conn_resume(c);
}

/* The reader gets its end of the pipe; the rest is between it and the
 * device. */
static void on_record(void *user, int rc, struct proto_in *in)
{
    struct conn *c = user;

    if (!check_reply(c, rc, in))
        send_json(c, json_pack("{s:{}}", "return"), in->fds[0]);
    conn_resume(c);
}

static const struct {
    const char *name;
    uint32_t query;
    query_done *done;
} commands[] = {
    {"show", PROTO_QUERY_SHOW, on_show},
    {"regs", PROTO_QUERY_REGS, on_regs},
    {"screenshot", PROTO_QUERY_SCREENSHOT, on_screenshot},
    {"record", PROTO_QUERY_RECORD, on_record},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void run(struct conn *c, const json_t *request)
{
    struct monitor *m = conn_user(c);
    const json_t *vgpu = json_object_get(request, "vgpu");
    const json_t *scanout = json_object_get(request, "scanout");
    const char *name = json_string_value(json_object_get(request, "command"));
    json_int_t index = json_integer_value(vgpu);
    size_t i;
    int rc;

    for (i = 0; name && i < NR_COMMANDS && strcmp(commands[i].name, name); i++)
        ;
    if (!name || i == NR_COMMANDS) {
        send_error(c, "command must be show, regs, screenshot or record");
        return;
    }
    if (vgpu && (!json_is_integer(vgpu) || index < 0 ||
                 index >= (json_int_t)m->opt->nr_vgpus)) {
        send_error(c, "the domain has no vGPU of that number");
        return;
    }
    if (scanout &&
        (!json_is_integer(scanout) || json_integer_value(scanout) < 0 ||
         json_integer_value(scanout) >= SCANOUT_MAX)) {
        send_error(c, "there is no scanout of that number");
        return;
    }
    *conn_word(c) = (unsigned int)index;
    conn_pause(c);
    rc = device_query(m, (uint32_t)index, commands[i].query,
                      (uint32_t)json_integer_value(scanout), commands[i].done,
                      c);
    if (rc)
        commands[i].done(c, rc, NULL);
}

static void on_line(struct conn *c, char *line, size_t len)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, 0, &error);

    if (json_is_object(request))
        run(c, request);
    else
        send_error(c, "a JSON object is expected");
    json_decref(request);
}

static void on_opened(struct conn *c)
{
    (void)c;
}

static void on_too_long(struct conn *c)
{
    send_error(c, "the line is too long");
}

static void on_closed(struct conn *c)
{
    device_query_cancel(conn_user(c), c);
}

static const struct server_ops ops = {
    .opened = on_opened,
    .line = on_line,
    .too_long = on_too_long,
    .closed = on_closed,
};

int admin_start(struct monitor *m)
{
    const char *dir = getenv("XVGPU_RUN_DIR");
    char path[256];
    int rc = 0;

    dir = dir ? dir : MONITOR_RUN_DIR;
    snprintf(path, sizeof(path), "%s/%u.sock", dir, m->opt->domid);
    if (mkdir(dir, 0700) && errno != EEXIST)
        rc = -errno;
    if (!rc) {
        orphans_remove(m, dir);
        rc = server_open(&m->admin, m->loop, path, -1, &ops, m);
    }
    if (rc)
        log_error("listen on %s: %s", path, strerror(-rc));
    return rc;
}
