/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/stats.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 63u
#define HIST_MAX 64u

static bool word(const char *s, size_t len)
{
    size_t i;

    if (!len || len > NAME_MAX_LEN)
        return false;
    for (i = 0; i < len; i++) {
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') &&
            s[i] != '_')
            return false;
    }
    return true;
}

/* A number and nothing else; beyond JSON's integers the largest of them. */
static bool number(const char *s, size_t len, int base, json_int_t *value)
{
    char digits[32], *end;
    unsigned long long v;

    if (!len || len >= sizeof(digits))
        return false;
    memcpy(digits, s, len);
    digits[len] = '\0';
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    errno = 0;
    v = strtoull(digits, &end, base);
    if (*end || errno)
        return false;
    *value = v > INT64_MAX ? INT64_MAX : (json_int_t)v;
    return true;
}

static json_t *member(json_t *object, const char *name, size_t len,
                      json_t *(*make)(void))
{
    char key[NAME_MAX_LEN + 1];
    json_t *value;

    memcpy(key, name, len);
    key[len] = '\0';
    value = json_object_get(object, key);
    if (value)
        return value;
    value = make();
    json_object_set_new(object, key, value);
    return value;
}

static void add_value(json_t *object, const char *name, size_t len,
                      json_int_t value)
{
    char key[NAME_MAX_LEN + 1];

    memcpy(key, name, len);
    key[len] = '\0';
    json_object_set_new(object, key, json_integer(value));
}

static void add_bucket(json_t *object, const char *index, size_t len,
                       json_int_t value)
{
    json_t *hist = member(object, "hist", 4, json_array);
    json_int_t i;

    /* In order and without holes, as the device writes them. */
    if (json_is_array(hist) && number(index, len, 10, &i) && i < HIST_MAX &&
        (size_t)i == json_array_size(hist))
        json_array_append_new(hist, json_integer(value));
}

static void add_line(json_t *stats, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len), *dot;
    json_int_t value;
    size_t name;

    if (!space)
        return;
    name = (size_t)(space - line);
    if (!number(space + 1, len - name - 1, 10, &value))
        return;
    dot = memchr(line, '.', name);
    if (dot) {
        len = (size_t)(dot - line);
        if (!word(line, len))
            return;
        stats = member(stats, line, len, json_object);
        line = dot + 1;
        name -= len + 1;
        if (!json_is_object(stats))
            return;
        if (name > 5 && !memcmp(line, "hist.", 5)) {
            add_bucket(stats, line + 5, name - 5, value);
            return;
        }
    }
    if (word(line, name))
        add_value(stats, line, name, value);
}

json_int_t stats_percentile(const json_t *hist, unsigned int p)
{
    size_t n = json_array_size(hist), i;
    double total = 0, sum = 0; /* hostile counts do not overflow them */

    for (i = 0; i < n; i++)
        total += (double)json_integer_value(json_array_get(hist, i));
    if (total <= 0)
        return -1;
    for (i = 0; i + 1 < n; i++) {
        sum += (double)json_integer_value(json_array_get(hist, i));
        if (sum * 100 >= total * p)
            return (json_int_t)1 << i;
    }
    return -2;
}

static void add_percentiles(json_t *stats)
{
    static const struct {
        const char *name;
        unsigned int p;
    } rows[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}};
    json_t *group, *hist, *times;
    const char *key;
    json_int_t us;
    size_t i;

    json_object_foreach(stats, key, group)
    {
        hist = json_object_get(group, "hist");
        if (stats_percentile(hist, 50) == -1)
            continue;
        times = json_object();
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            us = stats_percentile(hist, rows[i].p);
            json_object_set_new(times, rows[i].name,
                                us < 0 ? json_null() : json_integer(us));
        }
        json_object_set_new(group, "service_time_us", times);
    }
}

json_t *stats_parse(const char *text)
{
    json_t *stats = json_object();
    const char *end;

    for (; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        add_line(stats, text, (size_t)(end - text));
    }
    add_percentiles(stats);
    return stats;
}

/* The next word of [*s, end), or NULL. */
static const char *next_word(const char **s, const char *end, size_t *len)
{
    const char *start = *s;

    while (start < end && *start == ' ')
        start++;
    *s = start;
    while (*s < end && **s != ' ')
        ++*s;
    *len = (size_t)(*s - start);
    return *len ? start : NULL;
}

static bool reg_name(const char *s, size_t len)
{
    size_t i;

    if (!len || len > NAME_MAX_LEN)
        return false;
    for (i = 0; i < len; i++) {
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    }
    return true;
}

static json_t *reg_line(const char *s, const char *end)
{
    json_int_t offset, width, value;
    const char *w[4];
    size_t len[4];
    int i;

    for (i = 0; i < 4; i++) {
        w[i] = next_word(&s, end, &len[i]);
        if (!w[i])
            return NULL;
    }
    if (!number(w[0], len[0], 0, &offset) || !number(w[1], len[1], 0, &width) ||
        !reg_name(w[2], len[2]) || !number(w[3], len[3], 0, &value))
        return NULL;
    return json_pack("{s:I, s:I, s:s%, s:I}", "offset", offset, "width", width,
                     "name", w[2], len[2], "value", value);
}

json_t *regs_parse(const char *text)
{
    json_t *list = json_array(), *reg;
    const char *end;

    for (; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        reg = reg_line(text, end);
        if (reg)
            json_array_append_new(list, reg);
    }
    return list;
}
