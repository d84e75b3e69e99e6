/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LOG_BURST 20u
#define NS_PER_S 1000000000ull

static const char *log_program = "xen-vgpu";
static const char *log_object = "";
static enum log_level log_max = LOG_INFO;

void log_init(const char *program, enum log_level max)
{
    log_program = program;
    log_max = max;
}

void log_set_object(const char *object)
{
    log_object = object;
}

void log_set_level(enum log_level max)
{
    log_max = max;
}

/* One write per line, so that lines of several processes do not mix. */
static void log_vmsg(enum log_level level, const char *fmt, va_list ap)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char line[512];
    int n, m;

    n = snprintf(line, sizeof(line), "%s%s%s%s: %s: ", log_program,
                 *log_object ? "[" : "", log_object, *log_object ? "]" : "",
                 names[level]);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return;
    m = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, ap);
    if (m < 0)
        return;
    n += m;
    if ((size_t)n > sizeof(line) - 2)
        n = (int)sizeof(line) - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nowhere left to say so */
}

void log_msg(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > log_max)
        return;
    va_start(ap, fmt);
    log_vmsg(level, fmt, ap);
    va_end(ap);
}

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt,
                 ...)
{
    uint64_t now;
    va_list ap;

    if (level > log_max)
        return;
    now = clock_ns();
    if (limit->burst_used < LOG_BURST) {
        limit->burst_used++;
        limit->next_ns = now + NS_PER_S;
    } else if (now < limit->next_ns) {
        limit->suppressed++;
        return;
    } else {
        if (now - limit->next_ns > LOG_BURST * NS_PER_S)
            limit->burst_used = 1;
        limit->next_ns = now + NS_PER_S;
    }
    if (limit->suppressed)
        log_msg(level, "%u lines like the next were left out",
                limit->suppressed);
    limit->suppressed = 0;
    va_start(ap, fmt);
    log_vmsg(level, fmt, ap);
    va_end(ap);
}

uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}
