/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/print.h"

#define DOMAINS_MAX 4096u
#define VGPUS_MAX 16

#define DOMAIN_NAME_MAX 129 /* the monitor keeps 127 */
#define NAME_WIDTH 20       /* at least */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Domids that have a socket, sorted. */
static int find_domains(uint32_t *domids, size_t *nr)
{
    struct dirent *e;
    unsigned long id;
    char *end;
    DIR *dir;

    *nr = 0;
    dir = opendir(client_dir());
    if (!dir && errno == ENOENT)
        return EXIT_OK; /* no monitor has ever run */
    if (!dir) {
        tool_error("read %s: %s%s", client_dir(), strerror(errno),
                   errno == EACCES ? " (only root may)" : "");
        return EXIT_FAILED;
    }
    while (*nr < DOMAINS_MAX && (e = readdir(dir))) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        id = strtoul(e->d_name, &end, 10);
        if (!strcmp(end, ".sock") && id < 0x7ff0)
            domids[(*nr)++] = (uint32_t)id;
    }
    closedir(dir);
    qsort(domids, *nr, sizeof(domids[0]), compare);
    return EXIT_OK;
}

static const char *text(const json_t *v, const char *key, char *buf,
                        size_t size)
{
    const char *s = json_string_value(json_object_get(v, key));

    return print_clean(buf, size, s ? s : "?");
}

/* The column of names is as wide as the longest. */
static int name_width(const json_t *list)
{
    char name[DOMAIN_NAME_MAX];
    int width = NAME_WIDTH;
    size_t i, len;
    json_t *v;

    json_array_foreach(list, i, v)
    {
        len = strlen(text(v, "name", name, sizeof(name)));
        if ((int)len > width)
            width = (int)len;
    }
    return width;
}

static void print_row(const json_t *v, int width)
{
    const json_t *stats = json_object_get(v, "statistics"), *group;
    char id[32], name[DOMAIN_NAME_MAX], state[32], size[32], jobs[24] = "-";
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
    printf("%-8s %-*s %-8s %-9s %10s %12s\n", id, width,
           text(v, "name", name, sizeof(name)),
           text(json_object_get(v, "options"), "model", (char[32]){0}, 32),
           text(v, "state", state, sizeof(state)), size, jobs);
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
    static uint32_t domids[DOMAINS_MAX];
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
        printf("%-8s %-*s %-8s %-9s %10s %12s\n", "VGPU", width, "DOMAIN",
               "MODEL", "STATE", "VRAM", "JOBS");
        json_array_foreach(list, i, v)
        {
            print_row(v, width);
        }
    }
    json_decref(list);
    return rc;
}
