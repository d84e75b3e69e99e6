/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/qmp.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

static json_t *result(json_t *value)
{
    return json_pack("{s:o}", "return", value);
}

static json_t *failure(const char *class, const char *desc)
{
    return json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", desc);
}

static json_t *version(void)
{
    /* libxl chooses the dialect by it: QEMU 7.2, Debian 12's. */
    return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", 7, "minor", 2,
                     "micro", 0, "package", "xen-vgpu");
}

static json_t *cmd_capabilities(struct qmp_session *s)
{
    s->negotiated = true;
    return result(json_object());
}

static json_t *cmd_version(struct qmp_session *s)
{
    (void)s;
    return result(version());
}

static json_t *cmd_empty_list(struct qmp_session *s)
{
    (void)s;
    return result(json_array());
}

static json_t *cmd_vnc(struct qmp_session *s)
{
    (void)s;
    return result(json_pack("{s:b}", "enabled", 0));
}

static json_t *cmd_status(struct qmp_session *s)
{
    static const char *const names[] = {
        [QMP_RUNNING] = "running",
        [QMP_PAUSED] = "paused",
        [QMP_PRELAUNCH] = "prelaunch",
    };

    return result(json_pack("{s:s, s:b, s:b}", "status", names[*s->state],
                            "running", *s->state == QMP_RUNNING, "singlestep",
                            0));
}

static json_t *cmd_stop(struct qmp_session *s)
{
    if (*s->state == QMP_RUNNING)
        *s->state = QMP_PAUSED;
    return result(json_object());
}

static json_t *cmd_cont(struct qmp_session *s)
{
    *s->state = QMP_RUNNING;
    return result(json_object());
}

static json_t *cmd_quit(struct qmp_session *s)
{
    s->quit = true;
    return result(json_object());
}

static json_t *cmd_powerdown(struct qmp_session *s)
{
    (void)s;
    return failure("GenericError",
                   "this device model has no ACPI power button: it is the "
                   "only one of the domain (-vgpu-companion none)");
}

static json_t *cmd_save(struct qmp_session *s)
{
    (void)s;
    return failure("GenericError", "a domain with a vGPU can't be saved or "
                                   "migrated yet");
}

static json_t *cmd_commands(struct qmp_session *s);

static const struct {
    const char *name;
    json_t *(*run)(struct qmp_session *s);
} commands[] = {
    {"qmp_capabilities", cmd_capabilities},
    {"query-version", cmd_version},
    {"query-commands", cmd_commands},
    {"query-status", cmd_status},
    {"query-chardev", cmd_empty_list},
    {"query-vnc", cmd_vnc},
    /* libxl learns from it which vCPUs QEMU has to plug: none. */
    {"query-cpus-fast", cmd_empty_list},
    {"stop", cmd_stop},
    {"cont", cmd_cont},
    {"quit", cmd_quit},
    {"system_powerdown", cmd_powerdown},
    {"xen-set-global-dirty-log", cmd_save},
    {"xen-save-devices-state", cmd_save},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static json_t *cmd_commands(struct qmp_session *s)
{
    json_t *list = json_array();
    size_t i;

    (void)s;
    for (i = 0; i < NR_COMMANDS; i++)
        json_array_append_new(list,
                              json_pack("{s:s}", "name", commands[i].name));
    return result(list);
}

static json_t *run(struct qmp_session *s, const json_t *request)
{
    const char *name;
    char text[160];
    size_t i;

    if (!json_is_object(request))
        return failure("GenericError", "Expecting a JSON object");
    name = json_string_value(json_object_get(request, "execute"));
    if (!name)
        return failure("GenericError", "Expecting a string 'execute'");
    if (!s->negotiated && strcmp(name, "qmp_capabilities"))
        return failure("CommandNotFound", "Expecting capabilities negotiation "
                                          "with 'qmp_capabilities'");
    if (s->negotiated && !strcmp(name, "qmp_capabilities"))
        return failure("CommandNotFound", "Capabilities negotiation is "
                                          "already complete");
    for (i = 0; i < NR_COMMANDS; i++) {
        if (!strcmp(commands[i].name, name))
            return commands[i].run(s);
    }
    log_debug("QMP command not found");
    /* A cut UTF-8 sequence would spoil the answer. */
    if (strlen(name) > 64)
        name = "of that name";
    snprintf(text, sizeof(text), "The command %s has not been found", name);
    return failure("CommandNotFound", text);
}

static char *to_line(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT), *line = NULL;
    size_t len;

    json_decref(json);
    if (!text)
        return NULL;
    /* libxl takes exactly this for the end of a message. */
    len = strlen(text);
    line = realloc(text, len + 3);
    if (!line)
        free(text);
    else
        strcpy(line + len, "\r\n");
    return line;
}

char *qmp_greeting(void)
{
    return to_line(json_pack("{s:{s:o, s:[]}}", "QMP", "version", version(),
                             "capabilities"));
}

char *qmp_answer(struct qmp_session *s, const char *line, size_t len)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, JSON_DECODE_ANY, &error), *answer;
    json_t *id;

    if (!request)
        return to_line(failure("GenericError", "Invalid JSON syntax"));
    answer = run(s, request);
    id = json_object_get(request, "id");
    if (answer && id)
        json_object_set(answer, "id", id);
    json_decref(request);
    return to_line(answer);
}
