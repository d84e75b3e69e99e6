/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator has xen-vgpud do with a vGPU.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/print.h"
#include "tools/settings.h"

#define S UINT64_C(1000000000)

/* Whether xen-vgpud says that it has no such vGPU. */
static bool is_missing(const char *vgpu)
{
    json_t *status = NULL, *v;
    bool missing = true;
    const char *name;
    size_t i;

    if (client_ask_daemon("look for it",
                          json_pack("{s:s}", "command", "status"), &status,
                          NULL))
        return false;
    json_array_foreach(json_object_get(status, "vgpus"), i, v)
    {
        name = json_string_value(json_object_get(v, "vgpu"));
        if (name && !strcmp(name, vgpu))
            missing = false;
    }
    json_decref(status);
    return missing;
}

/* Ask xen-vgpud to do what was asked for; what it returns is of interest only
 * to programs. request is taken. */
static int order(const char *what, json_t *request, bool json)
{
    json_t *reply = NULL;
    const char *vgpu;
    int rc;

    json_incref(request);
    rc = client_ask_daemon(what, request, &reply, NULL);
    vgpu = json_string_value(json_object_get(request, "vgpu"));
    if (rc == EXIT_FAILED && vgpu && is_missing(vgpu))
        rc = EXIT_NO_VGPU;
    if (!rc && json)
        rc = print_json(reply);
    json_decref(reply);
    json_decref(request);
    return rc;
}

static json_t *request_of(const struct call *c, const char *command)
{
    char vgpu[24];

    snprintf(vgpu, sizeof(vgpu), "%u.%u", c->target.domid, c->target.vgpu);
    return json_pack("{s:s, s:s}", "command", command, "vgpu", vgpu);
}

static const char *what_of(const struct call *c, const char *verb, char *buf,
                           size_t size)
{
    snprintf(buf, size, "%s vGPU %u.%u", verb, c->target.domid, c->target.vgpu);
    return buf;
}

#define WHAT(c, verb) what_of(c, verb, (char[64]){0}, 64)

int command_set(const struct call *c)
{
    static const struct setting rows[] = {
        {.key = "weight", .member = "weight", .min = 1, .max = 10000},
        {.key = "cap", .member = "cap", .kind = SETTING_PERCENT, .max = 1000},
        {.key = "latency",
         .member = "latency",
         .kind = SETTING_NAME,
         .names = "normal low batch"},
        {.key = "slice",
         .member = "slice_ns",
         .kind = SETTING_TIME,
         .max = 60 * S},
        {0},
    };
    json_t *request = request_of(c, "set");
    int rc = settings_parse(request, rows, c->words, c->nr);

    if (!rc)
        return order(WHAT(c, "set"), request, c->json);
    json_decref(request);
    return rc;
}

/* The names of the queues are those of the engines. */
int command_reset(const struct call *c)
{
    json_t *request = request_of(c, "reset");

    /* What can't be said must not become a reset of the whole vGPU. */
    if (c->nr &&
        json_object_set_new(request, "engine", json_string(c->words[0]))) {
        tool_error("%s: an engine is expected, such as gfx", c->words[0]);
        json_decref(request);
        return EXIT_USAGE;
    }
    return order(WHAT(c, "reset"), request, c->json);
}

int command_quarantine(const struct call *c)
{
    return order(WHAT(c, "quarantine"), request_of(c, "quarantine"), c->json);
}

int command_release(const struct call *c)
{
    return order(WHAT(c, "release"), request_of(c, "release"), c->json);
}

int command_set_queue(const struct call *c)
{
    static const struct setting rows[] = {
        {.key = "policy",
         .member = "policy",
         .kind = SETTING_NAME,
         .names = "fixed rr ondemand fair"},
        {.key = "slice",
         .member = "slice_ns",
         .kind = SETTING_TIME,
         .min = 100000,
         .max = 60 * S},
        {.key = "residency",
         .member = "residency_ns",
         .kind = SETTING_TIME,
         .max = 60 * S},
        {0},
    };
    json_t *request;
    char what[64];
    int rc;

    if (c->nr < 2 || strchr(c->words[0], '=')) {
        tool_error("sched: a queue is expected, then what to change, such as: "
                   "gfx policy=rr slice=5ms");
        return EXIT_USAGE;
    }
    request =
        json_pack("{s:s, s:s}", "command", "policy", "queue", c->words[0]);
    if (!request) {
        tool_error("%s: there is no such queue", c->words[0]);
        return EXIT_USAGE;
    }
    snprintf(what, sizeof(what), "change queue %.32s", c->words[0]);
    rc = settings_parse(request, rows, c->words + 1, c->nr - 1);
    if (!rc)
        return order(what, request, c->json);
    json_decref(request);
    return rc;
}
