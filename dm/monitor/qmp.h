/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the QEMU Monitor Protocol (QEMU's docs/interop/qmp-spec)
 * that libxl uses, answered by text for text.
 */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H

#include <stdbool.h>
#include <stddef.h>

/* What QEMU calls the domain's state. libxl wants to see "prelaunch" when it
 * has started us with -S, until its first `cont`. */
enum qmp_state { QMP_RUNNING, QMP_PAUSED, QMP_PRELAUNCH };

struct qmp_session {
    bool negotiated; /* qmp_capabilities was given */
    enum qmp_state *state;
    bool quit; /* out: told to end */
};

/* The first thing that a client reads. Caller frees; NULL without memory. */
char *qmp_greeting(void);

/* The answer to a line, with its end, zero-terminated. Caller frees; NULL
 * without memory. */
char *qmp_answer(struct qmp_session *s, const char *line, size_t len);

#endif
