/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output. Whatever comes from a guest or its processes passes print_clean()
 * before it reaches a terminal.
 */
#ifndef TOOLS_PRINT_H
#define TOOLS_PRINT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* "xen-vgpu: text" on stderr, cleaned. */
void tool_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A copy in buf, of printable ASCII, cut to size. Returns buf. */
const char *print_clean(char *buf, size_t size, const char *text);

/* "64 MiB" in buf: the largest unit that gives a whole number. Returns buf. */
const char *print_size(char *buf, size_t size, uint64_t bytes);

/* Pretty-printed on stdout, ASCII only. An exit code. */
int print_json(const json_t *json);

#endif
