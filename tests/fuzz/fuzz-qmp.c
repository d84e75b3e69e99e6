/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a QMP client. Each has one answer, a JSON object in one line. */
#include <jansson.h>

#include "dm/monitor/qmp.h"
#include "fuzz.h"
#include "lib/log.h"

static void check_line(char *text)
{
    size_t len;
    json_error_t error;
    json_t *json;

    FUZZ_CHECK(text);
    len = strlen(text);
    FUZZ_CHECK(len > 2 && !strcmp(text + len - 2, "\r\n"));
    FUZZ_CHECK(!memchr(text, '\n', len - 1));
    /* As deep as the request's id, in one object more. */
    json = json_loads(text, 0, &error);
    FUZZ_CHECK(json_is_object(json) ||
               json_error_code(&error) == json_error_stack_overflow);
    json_decref(json);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size, *next;
    enum qmp_state state = QMP_RUNNING;
    struct qmp_session s = {.state = &state};
    char *line;
    size_t len;

    log_init("fuzz", LOG_ERROR);
    check_line(qmp_greeting());
    /* The first byte chooses whether negotiation is still to come, and the
     * first `cont`. */
    if (size && *data & 2)
        state = QMP_PRELAUNCH;
    s.negotiated = size && (*data++ & 1);
    while (data < end) {
        next = memchr(data, '\n', (size_t)(end - data));
        len = (size_t)((next ? next : end) - data);
        line = malloc(len + 1);
        FUZZ_CHECK(line);
        memcpy(line, data, len);
        line[len] = '\0';
        check_line(qmp_answer(&s, line, strlen(line)));
        free(line);
        data = next ? next + 1 : end;
    }
    return 0;
}
