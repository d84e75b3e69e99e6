/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/find.h"
#include "tools/print.h"
#include "tools/value.h"

#define VGPUS_MAX 16

#define NAME_WIDTH 20 /* at least */

/* The column of names is as wide as the longest. */
static int name_width(const json_t *list)
{
    int width = NAME_WIDTH;
    size_t i, len;
    json_t *v;

    json_array_foreach(list, i, v)
    {
        len = strlen(VALUE_TEXT(v, "name"));
        if ((int)len > width)
            width = (int)len;
    }
    return width;
}

static void print_row(const json_t *v, int width)
{
    const json_t *stats = json_object_get(v, "statistics"), *group;
    char id[32], size[32], jobs[24] = "-";
    json_t *engines = json_object_get(v, "engines"), *engine;
    json_int_t sum = 0;
    const char *key;

    json_object_foreach(engines, key, engine)
    {
        group = json_object_get(stats, key);
        sum += json_integer_value(json_object_get(group, "jobs"));
    }
    if (stats)
        snprintf(jobs, sizeof(jobs), "%" JSON_INTEGER_FORMAT, sum);
    snprintf(id, sizeof(id), "%" JSON_INTEGER_FORMAT ".%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(v, "domid")),
             json_integer_value(json_object_get(v, "vgpu")));
    print_size(size, sizeof(size),
               (uint64_t)json_integer_value(
                   json_object_get(json_object_get(v, "vram"), "bytes")));
    printf("%-8s %-*s %-10s %-9s %10s %12s\n", id, width, VALUE_TEXT(v, "name"),
           VALUE_TEXT(json_object_get(v, "options"), "model"),
           VALUE_TEXT(v, "state"), size, jobs);
}

/* All vGPUs of a domain to the list. */
static int fetch_domain(uint32_t domid, json_t *list)
{
    struct target t = {.domid = domid};
    json_int_t nr = 1;
    json_t *v;
    int rc;

    for (; (json_int_t)t.vgpu < nr; t.vgpu++) {
        v = NULL;
        rc = command_fetch(&t, &v);
        if (rc)
            return rc;
        nr = json_integer_value(json_object_get(v, "vgpus"));
        if (nr > VGPUS_MAX)
            nr = VGPUS_MAX;
        json_array_append_new(list, v);
    }
    return EXIT_OK;
}

int command_list(bool json)
{
    static uint32_t domids[FIND_DOMAINS_MAX];
    json_t *list = json_array(), *v;
    size_t nr, i;
    int rc, one, width;

    rc = find_domains(domids, &nr);
    /* One that just ends, or hangs, does not hide the others. */
    for (i = 0; i < nr; i++) {
        one = fetch_domain(domids[i], list);
        if (one && one != EXIT_NO_VGPU)
            rc = EXIT_FAILED;
    }
    if (json) {
        one = print_json(list);
        rc = rc ? rc : one;
    } else {
        width = name_width(list);
        printf("%-8s %-*s %-10s %-9s %10s %12s\n", "VGPU", width, "DOMAIN",
               "MODEL", "STATE", "VRAM", "JOBS");
        json_array_foreach(list, i, v)
        {
            print_row(v, width);
        }
    }
    json_decref(list);
    return rc;
}
