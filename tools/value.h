/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of what came from a socket: of the kind that is asked for, or as if
 * they were not there.
 */
#ifndef TOOLS_VALUE_H
#define TOOLS_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Cleaned, in buf; "?" if there is none, "-" if it is null. Returns buf. */
const char *value_text(const json_t *object, const char *key, char *buf,
                       size_t size);

/* 0 if there is none, or a negative one. */
uint64_t value_count(const json_t *object, const char *key);

/* Microseconds in at most six characters: "850ns", "4.2ms"; "-" for what is
 * no number. Returns buf. */
const char *value_us(const json_t *us, char *buf, size_t size);

/* A percentile of {"count", "p50", …}; NULL if there was nothing to count. */
const json_t *value_percentile(const json_t *times, const char *key);

/* In place, for the length of a statement. */
#define VALUE_TEXT(object, key) value_text(object, key, (char[129]){0}, 129)
#define VALUE_US(us) value_us(us, (char[16]){0}, 16)

#endif
