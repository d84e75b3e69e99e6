/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines on stderr: "PROGRAM[DOMID.N]: level: text". xl collects stderr in
 * /var/log/xen/qemu-dm-NAME.log.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* A budget of lines for what a guest can cause: `burst` lines, then one a
 * second; what was left out is counted and told with the next line that is
 * not. Zero-initialized is ready to use. Not for concurrent use. */
struct log_limit {
    uint64_t next_ns;
    uint32_t burst_used;
    uint32_t suppressed;
};

/* Name and object ("3.0") that each line begins with; both are kept by
 * reference. Call before the first thread starts. */
void log_init(const char *program, enum log_level max);
void log_set_object(const char *object);
void log_set_level(enum log_level max);

void log_msg(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_limited(struct log_limit *limit, enum log_level level, const char *fmt,
                 ...) __attribute__((format(printf, 3, 4)));

/* ns on CLOCK_MONOTONIC. */
uint64_t clock_ns(void);

#define log_error(...) log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_msg(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG, __VA_ARGS__)

#endif
