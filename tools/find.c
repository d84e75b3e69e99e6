/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/find.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/print.h"

#define DOMID_MAX 0x7fefu
#define INDEX_MAX 255u

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

int find_domains(uint32_t *domids, size_t *nr)
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
    while (*nr < FIND_DOMAINS_MAX && (e = readdir(dir))) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        id = strtoul(e->d_name, &end, 10);
        if (!strcmp(end, ".sock") && id <= DOMID_MAX)
            domids[(*nr)++] = (uint32_t)id;
    }
    closedir(dir);
    qsort(domids, *nr, sizeof(domids[0]), compare);
    return EXIT_OK;
}

static bool number(const char **s, uint32_t max, uint32_t *value)
{
    uint32_t v = 0;

    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; ++*s) {
        v = v * 10 + (uint32_t)(**s - '0');
        if (v > max)
            return false;
    }
    *value = v;
    return true;
}

/* Whether it is empty, or ".N". */
static bool index_of(const char *s, uint32_t *vgpu)
{
    *vgpu = 0;
    return !*s || (*s++ == '.' && number(&s, INDEX_MAX, vgpu) && !*s);
}

/* Whether arg means a vGPU of this domain. */
static bool is_named(const json_t *about, const char *arg, uint32_t *vgpu)
{
    const char *name = json_string_value(json_object_get(about, "name"));
    size_t len = name ? strlen(name) : 0;

    return len && !strncmp(arg, name, len) && index_of(arg + len, vgpu);
}

static int find_name(const char *arg, struct target *t)
{
    static uint32_t domids[FIND_DOMAINS_MAX];
    struct target one = {0};
    size_t nr, i, found = 0;
    uint32_t vgpu;
    json_t *about;
    int rc;

    rc = find_domains(domids, &nr);
    if (rc)
        return rc;
    for (i = 0; i < nr; i++) {
        one.domid = domids[i];
        about = NULL;
        if (client_ask(&one, "show", &about, NULL))
            continue; /* was said; it may not be the one that is meant */
        if (is_named(about, arg, &vgpu)) {
            t->domid = domids[i];
            t->vgpu = vgpu;
            found++;
        }
        json_decref(about);
    }
    if (found == 1)
        return EXIT_OK;
    if (found)
        tool_error("%s: there are %zu domains of that name: use the domid", arg,
                   found);
    else
        tool_error("%s: no domain of that name has a vGPU", arg);
    return found ? EXIT_FAILED : EXIT_NO_VGPU;
}

int find_number(const char *arg, struct target *t)
{
    const char *s = arg;

    if (number(&s, DOMID_MAX, &t->domid) && t->domid && index_of(s, &t->vgpu))
        return EXIT_OK;
    tool_error("%s: a domid is expected, or DOMID.N (xl domid NAME gives that "
               "of a name)",
               arg);
    return EXIT_USAGE;
}

int find_target(const char *arg, struct target *t)
{
    /* A mistyped number is nobody's name. */
    if (*arg == '-' || !arg[strspn(arg, "0123456789.")])
        return find_number(arg, t);
    return find_name(arg, t);
}
