/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/top.h"

#include <stdio.h>
#include <string.h>

#include "tools/value.h"

/* The member of list whose key says what that of `like` says. */
static const json_t *same(const json_t *list, const json_t *like,
                          const char *key)
{
    const char *a = json_string_value(json_object_get(like, key)), *b;
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        b = json_string_value(json_object_get(one, key));
        if (a && b && !strcmp(a, b))
            return one;
    }
    return NULL;
}

static json_t *waiting(const json_t *vgpus)
{
    const char *state;
    json_int_t n = 0;
    json_t *v;
    size_t i;

    json_array_foreach(vgpus, i, v)
    {
        state = json_string_value(json_object_get(v, "state"));
        n += state && !strcmp(state, "waiting");
    }
    return json_integer(n);
}

/* How much a counter has risen, by what; null where there is nothing to
 * compare with, 0 if it has fallen. */
static json_t *rate(const json_t *before, const json_t *now, const char *key,
                    double by)
{
    double a = (double)value_count(before, key);
    double b = (double)value_count(now, key);

    if (!before || !(by > 0))
        return json_null();
    return json_real(b > a ? (b - a) / by : 0);
}

static void copy(json_t *to, const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    json_object_set(to, key, value ? value : json_null());
}

static void copy_times(json_t *to, const json_t *from, const char *key)
{
    static const char *const names[] = {"p50", "p99"};
    const json_t *times = json_object_get(from, key), *us;
    json_t *copied = json_object();
    size_t i;

    for (i = 0; i < 2; i++) {
        us = value_percentile(times, names[i]);
        json_object_set_new(copied, names[i],
                            us ? json_real(json_number_value(us))
                               : json_null());
    }
    json_object_set_new(to, key, copied);
}

static void copy_all(json_t *to, const json_t *from, const char *const *keys)
{
    for (; *keys; keys++)
        copy(to, from, *keys);
}

/* Of the engines of a queue, "gfx" or "gfx+sdma". */
static json_t *faults_of(const json_t *host, const json_t *queue)
{
    const char *s = json_string_value(json_object_get(queue, "name"));
    const json_t *faults = json_object_get(host, "faults"), *n;
    json_int_t sum = 0;
    bool known = false;
    char name[16];
    size_t len;

    for (; s && *s; s += len + (s[len] == '+')) {
        len = strcspn(s, "+");
        snprintf(name, sizeof(name), "%.*s", (int)(len < 15 ? len : 15), s);
        n = json_object_get(faults, name);
        known = known || json_is_integer(n);
        sum += json_integer_value(n) < 1000000000000 ? json_integer_value(n)
                                                     : 1000000000000;
    }
    return known ? json_integer(sum) : json_null();
}

static json_t *vgpu_interval(const json_t *before, const json_t *now,
                             const json_t *host, const json_t *queue, double ns)
{
    static const char *const first[] = {"vgpu", "name",    "state", "weight",
                                        "cap",  "latency", NULL};
    static const char *const last[] = {"missed", "resets", "innocent", NULL};
    static const char *const whole[] = {"hangs", "flrs", "quarantined", NULL};
    json_t *v = json_object();

    copy_all(v, now, first);
    json_object_set_new(v, "share", rate(before, now, "granted_ns", ns));
    json_object_set_new(v, "busy", rate(before, now, "busy_ns", ns));
    json_object_set_new(v, "compile", rate(before, now, "compile_ns", ns));
    json_object_set_new(v, "switches_per_s",
                        rate(before, now, "switches", ns / 1e9));
    json_object_set_new(v, "preempted_per_s",
                        rate(before, now, "preempted", ns / 1e9));
    copy_times(v, now, "wait_us");
    copy_times(v, now, "preempt_us");
    copy_all(v, now, last);
    copy_all(v, host, whole);
    json_object_set_new(v, "faults", faults_of(host, queue));
    return v;
}

static json_t *queue_interval(const json_t *before, const json_t *now,
                              const json_t *hosts, double ns)
{
    static const char *const keys[] = {
        "name", "policy", "slice_ns", "state", "current", "compiling", NULL};
    const json_t *vgpus = json_object_get(now, "vgpus"), *v;
    json_t *q = json_object(), *list = json_array();
    size_t i;

    copy_all(q, now, keys);
    json_object_set_new(q, "waiting", waiting(vgpus));
    json_object_set_new(q, "idle", rate(before, now, "idle_ns", ns));
    json_object_set_new(q, "switches_per_s",
                        rate(before, now, "switches", ns / 1e9));
    copy_times(q, now, "switch_us");
    json_array_foreach(vgpus, i, v)
    {
        json_array_append_new(
            list,
            vgpu_interval(same(json_object_get(before, "vgpus"), v, "vgpu"), v,
                          same(hosts, v, "vgpu"), now, ns));
    }
    json_object_set_new(q, "vgpus", list);
    return q;
}

json_t *top_interval(const json_t *before, const json_t *now)
{
    const json_t *hosts = json_object_get(now, "vgpus"), *q;
    json_t *interval = json_object(), *list = json_array();
    double ns = 0;
    size_t i;

    /* A new xen-vgpud counts anew. */
    if (value_count(before, "pid") != value_count(now, "pid") ||
        value_count(before, "uptime_ns") > value_count(now, "uptime_ns"))
        before = NULL;
    if (before)
        ns = (double)(value_count(now, "uptime_ns") -
                      value_count(before, "uptime_ns"));
    json_object_set_new(interval, "interval_s",
                        before ? json_real(ns / 1e9) : json_null());
    copy(interval, now, "version");
    copy(interval, now, "pid");
    copy(interval, now, "uptime_ns");
    copy(interval, now, "gang");
    json_array_foreach(json_object_get(now, "queues"), i, q)
    {
        json_array_append_new(
            list,
            queue_interval(same(json_object_get(before, "queues"), q, "name"),
                           q, hosts, ns));
    }
    json_object_set_new(interval, "queues", list);
    return interval;
}
