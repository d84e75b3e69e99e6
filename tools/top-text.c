/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/top.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "tools/value.h"

#define LINE 256

const char *const top_sort_names[TOP_NR_SORTS] = {
    [TOP_BY_SHARE] = "share",       [TOP_BY_VGPU] = "vgpu",
    [TOP_BY_WAIT] = "wait",         [TOP_BY_PREEMPT] = "preempt",
    [TOP_BY_SWITCHES] = "switches", [TOP_BY_FAILURES] = "failures",
};

struct row {
    const json_t *queue, *vgpu;
    double key;
    uint32_t domid, index;
};

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(member(object, key));
}

static double key_of(const json_t *v, enum top_sort sort)
{
    switch (sort) {
    case TOP_BY_SHARE:
        return number(v, "share");
    case TOP_BY_WAIT:
        return number(member(v, "wait_us"), "p99");
    case TOP_BY_PREEMPT:
        return number(member(v, "preempt_us"), "p99");
    case TOP_BY_SWITCHES:
        return number(v, "switches_per_s");
    case TOP_BY_FAILURES:
        return number(v, "missed") + number(v, "resets") +
               number(v, "innocent") + number(v, "faults");
    default:
        return 0;
    }
}

/* Largest first; what is equal stays in the order of vGPUs, lest rows jump. */
static int compare(const void *x, const void *y, void *arg)
{
    const int sign = *(const bool *)arg ? -1 : 1;
    const struct row *a = x, *b = y;

    if (a->key != b->key)
        return a->key > b->key ? -sign : sign;
    if (a->domid != b->domid)
        return a->domid < b->domid ? -sign : sign;
    if (a->index != b->index)
        return a->index < b->index ? -sign : sign;
    return 0;
}

/* All rows, sorted, in *rows (the caller's); their number. */
static size_t sorted(const json_t *queues, enum top_sort sort, bool reverse,
                     struct row **rows)
{
    const json_t *q, *v;
    const char *name;
    struct row *r;
    size_t n = 0, i, j;

    json_array_foreach(queues, i, q)
    {
        n += json_array_size(member(q, "vgpus"));
    }
    *rows = calloc(n + 1, sizeof(**rows));
    r = *rows;
    if (!r)
        return 0;
    json_array_foreach(queues, i, q)
    {
        json_array_foreach(member(q, "vgpus"), j, v)
        {
            r->queue = q;
            r->vgpu = v;
            r->key = key_of(v, sort);
            name = json_string_value(member(v, "vgpu"));
            if (name)
                sscanf(name, "%9" SCNu32 ".%9" SCNu32, &r->domid, &r->index);
            r++;
        }
    }
    qsort_r(*rows, n, sizeof(**rows), compare, &reverse);
    return n;
}

/* A share as percents; "-" while it is not known. */
static const char *percent(const json_t *object, const char *key, char *buf,
                           size_t size)
{
    double share = number(object, key);

    if (!json_is_number(member(object, key)))
        snprintf(buf, size, "-");
    else
        snprintf(buf, size, "%.1f", share < 10 ? share * 100 : 999.9);
    return buf;
}

static const char *per_second(const json_t *object, char *buf, size_t size)
{
    double value = number(object, "switches_per_s");

    if (!json_is_number(member(object, "switches_per_s")))
        snprintf(buf, size, "-");
    else
        snprintf(buf, size, value < 99.95 ? "%.1f" : "%.0f",
                 value < 999999 ? value : 999999.);
    return buf;
}

static const char *cap(const json_t *v, char *buf, size_t size)
{
    uint64_t per_mille = value_count(v, "cap");

    if (!per_mille || per_mille > 1000)
        snprintf(buf, size, "-");
    else if (per_mille % 10)
        snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%%", per_mille / 10,
                 per_mille % 10);
    else
        snprintf(buf, size, "%" PRIu64 "%%", per_mille / 10);
    return buf;
}

/* What it is in is more than what its engine does. */
static const char *state(const json_t *v, char *buf, size_t size)
{
    if (json_is_true(member(v, "quarantined")))
        snprintf(buf, size, "quarantined");
    else
        value_text(v, "state", buf, size);
    return buf;
}

#define SHORT(object, key, n)                                                  \
    value_text(object, key, (char[(n) + 1]){0}, (n) + 1)
#define PERCENT(object, key) percent(object, key, (char[16]){0}, 16)

static void put_head(const json_t *interval, top_line *line, void *arg)
{
    const uint64_t up = value_count(interval, "uptime_ns") / 1000000000;
    char text[LINE], over[48] = "no interval yet";

    if (json_is_number(member(interval, "interval_s")))
        snprintf(over, sizeof(over), "over %.2f s",
                 number(interval, "interval_s"));
    snprintf(text, sizeof(text),
             "xen-vgpud %s, pid %" PRIu64 ", up %" PRIu64 ":%02u:%02u, %s",
             SHORT(interval, "version", 20), value_count(interval, "pid"),
             up / 3600, (unsigned int)(up / 60 % 60), (unsigned int)(up % 60),
             over);
    line(arg, TOP_HEAD, text);
}

static void put_queue(const json_t *q, top_line *line, void *arg)
{
    const json_t *us = member(q, "switch_us");
    char text[LINE], slice[32], current[32] = "";

    if (json_is_string(member(q, "current")))
        snprintf(current, sizeof(current), " %s", SHORT(q, "current", 16));
    snprintf(text, sizeof(text),
             "%s: %s, slice %s, %s%s, %" PRIu64 " waiting, %s %% idle, "
             "%s switches/s, switch p50 %s p99 %s",
             SHORT(q, "name", 16), SHORT(q, "policy", 16),
             duration_text(slice, sizeof(slice), value_count(q, "slice_ns")),
             SHORT(q, "state", 16), current, value_count(q, "waiting"),
             PERCENT(q, "idle"), per_second(q, (char[16]){0}, 16),
             VALUE_US(member(us, "p50")), VALUE_US(member(us, "p99")));
    line(arg, TOP_QUEUE, text);
}

#define ROW                                                                    \
    "%-8s %-15s %-9s %6s %6s %6s %6s %-11s %7s %6s %6s %6s %6s %5s %5s %5s "   \
    "%5s"

static void put_title(top_line *line, void *arg)
{
    char text[LINE];

    snprintf(text, sizeof(text), ROW, "VGPU", "DOMAIN", "QUEUE", "SHARE%",
             "BUSY%", "WEIGHT", "CAP", "STATE", "SWITCH", "WAIT50", "WAIT99",
             "PRE50", "PRE99", "FAULT", "MISS", "RESET", "INNOC");
    line(arg, TOP_TITLE, text);
}

static void put_row(const struct row *r, top_line *line, void *arg)
{
    const json_t *v = r->vgpu, *wait = member(v, "wait_us");
    const json_t *preempt = member(v, "preempt_us");
    static const char *const keys[] = {"weight", "missed", "resets", "innocent",
                                       "faults"};
    char text[LINE], count[5][24];
    size_t i;

    for (i = 0; i < 5; i++)
        snprintf(count[i], sizeof(count[i]), "%" PRIu64,
                 value_count(v, keys[i]));
    snprintf(text, sizeof(text), ROW, SHORT(v, "vgpu", 12),
             SHORT(v, "name", 15), SHORT(r->queue, "name", 9),
             PERCENT(v, "share"), PERCENT(v, "busy"), count[0],
             cap(v, (char[16]){0}, 16), state(v, (char[12]){0}, 12),
             per_second(v, (char[16]){0}, 16), VALUE_US(member(wait, "p50")),
             VALUE_US(member(wait, "p99")), VALUE_US(member(preempt, "p50")),
             VALUE_US(member(preempt, "p99")),
             json_is_integer(member(v, "faults")) ? count[4] : "-", count[1],
             count[2], count[3]);
    line(arg, TOP_ROW, text);
}

void top_text(const json_t *interval, enum top_sort sort, bool reverse,
              top_line *line, void *arg)
{
    const json_t *queues = member(interval, "queues"), *q;
    struct row *rows;
    size_t n, i;

    put_head(interval, line, arg);
    json_array_foreach(queues, i, q)
    {
        put_queue(q, line, arg);
    }
    put_title(line, arg);
    n = sorted(queues, sort, reverse, &rows);
    for (i = 0; i < n; i++)
        put_row(&rows[i], line, arg);
    free(rows);
}
