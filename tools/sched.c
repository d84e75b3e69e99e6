/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queues of xen-vgpud, and how long its world switches take.
 */
#include <stdio.h>
#include <string.h>

#include "lib/duration.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/value.h"

#define TIME(object, key)                                                      \
    duration_text((char[32]){0}, 32, value_count(object, key))

static json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static void print_queues(const json_t *queues)
{
    size_t i;
    json_t *q;

    printf("%-10s %-9s %10s %10s %10s %10s  %-9s %-9s %6s\n", "QUEUE", "POLICY",
           "SLICE", "RESIDENCY", "DEADLINE", "COMPILE", "STATE", "CURRENT",
           "VGPUS");
    json_array_foreach(queues, i, q)
    {
        printf("%-10s %-9s %10s %10s %10s %10s  %-9s %-9s %6zu\n",
               VALUE_TEXT(q, "name"), VALUE_TEXT(q, "policy"),
               TIME(q, "slice_ns"), TIME(q, "residency_ns"),
               TIME(q, "deadline_ns"), TIME(q, "compile_ns"),
               VALUE_TEXT(q, "state"), VALUE_TEXT(q, "current"),
               json_array_size(member(q, "vgpus")));
    }
}

static void print_step(const char *name, const json_t *us)
{
    printf("  %-8s %8s %8s\n", name, VALUE_US(value_percentile(us, "p50")),
           VALUE_US(value_percentile(us, "p99")));
}

/* Median and 99th percentile, in all and of each step. */
static void print_switches(const json_t *queues)
{
    const char *step;
    json_t *q, *us;
    size_t i;

    json_array_foreach(queues, i, q)
    {
        printf("\n%s: %llu world switches\n", VALUE_TEXT(q, "name"),
               (unsigned long long)value_count(q, "switches"));
        printf("  %-8s %8s %8s\n", "", "P50", "P99");
        print_step("all", member(q, "switch_us"));
        json_object_foreach(member(q, "steps_us"), step, us)
        {
            print_step(print_clean((char[9]){0}, 9, step), us);
        }
    }
}

int command_sched(const struct call *c)
{
    json_t *status = NULL;
    const json_t *queues;
    int rc;

    if (c->nr)
        return command_set_queue(c);
    rc = client_ask_daemon("look at the queues",
                           json_pack("{s:s}", "command", "status"), &status,
                           NULL);
    if (rc)
        return rc;
    queues = member(status, "queues");
    if (c->json) {
        rc = print_json(status);
    } else {
        print_queues(queues);
        print_switches(queues);
    }
    json_decref(status);
    return rc;
}
