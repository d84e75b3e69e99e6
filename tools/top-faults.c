/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests did wrong is known to their monitors, not to xen-vgpud.
 */
#include "tools/top.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/log.h"
#include "tools/stats.h"

/* {"gfx": N, "sdma": N}, or NULL. */
static json_t *ask(const struct target *t, uint64_t timeout_ns)
{
    json_t *shown = NULL, *stats, *group, *faults, *n;
    char why[CLIENT_WHY];
    const char *text, *key;

    if (client_try(t, "show", timeout_ns, &shown, NULL, why))
        return NULL;
    text = json_string_value(json_object_get(shown, "statistics"));
    stats = text ? stats_parse(text) : NULL;
    faults = stats ? json_object() : NULL;
    json_object_foreach(stats, key, group)
    {
        n = json_object_get(group, "faults");
        if (json_is_integer(n))
            json_object_set(faults, key, n);
    }
    json_decref(stats);
    json_decref(shown);
    return faults;
}

void top_add_faults(json_t *status, uint64_t limit_ns)
{
    const uint64_t end = clock_ns() + limit_ns;
    struct target t;
    const char *name;
    json_t *v;
    size_t i;

    json_array_foreach(json_object_get(status, "vgpus"), i, v)
    {
        name = json_string_value(json_object_get(v, "vgpu"));
        if (clock_ns() > end || !name ||
            sscanf(name, "%5" SCNu32 ".%3" SCNu32, &t.domid, &t.vgpu) != 2)
            continue;
        json_object_set_new(v, "faults", ask(&t, limit_ns / 2));
    }
}
