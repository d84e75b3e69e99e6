/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP on the socket that libxl named in our command line.
 */
#include "dm/monitor/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "dm/monitor/qmp.h"
#include "lib/log.h"

static void send_line(struct conn *c, char *line)
{
    if (line) {
        conn_send(c, line, strlen(line), -1);
    } else {
        log_error("no memory for an answer on QMP");
        conn_drop(c);
    }
    free(line);
}

static void on_opened(struct conn *c)
{
    send_line(c, qmp_greeting());
}

static void on_line(struct conn *c, char *line, size_t len)
{
    struct monitor *m = conn_user(c);
    struct qmp_session s = {.state = &m->qmp_state};
    unsigned int *negotiated = conn_word(c);

    if (!len)
        return;
    s.negotiated = *negotiated;
    send_line(c, qmp_answer(&s, line, len));
    *negotiated = s.negotiated;
    if (s.quit)
        monitor_stop(m, "QMP quit");
}

static void on_too_long(struct conn *c)
{
    static const char text[] = "{\"error\":{\"class\":\"GenericError\","
                               "\"desc\":\"The command is too long\"}}\r\n";

    conn_send(c, text, sizeof(text) - 1, -1);
}

static void on_closed(struct conn *c)
{
    (void)c;
}

static const struct server_ops ops = {
    .opened = on_opened,
    .line = on_line,
    .too_long = on_too_long,
    .closed = on_closed,
};

int qmp_start(struct monitor *m)
{
    int rc = server_open(&m->qmp, m->loop, m->opt->qmp_path, m->opt->qmp_fd,
                         &ops, m);

    if (rc)
        log_error("listen on QMP socket %s: %s",
                  m->opt->qmp_path ? m->opt->qmp_path : "given by libxl",
                  strerror(-rc));
    return rc;
}
