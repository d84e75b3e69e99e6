/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "tools/commands.h"
#include "tools/print.h"
#include "tools/stats.h"

static uint64_t field(const json_t *reg, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(reg, key));
}

static void print_table(const json_t *list)
{
    char name[80];
    json_t *reg;
    size_t i;

    printf("%-7s %-28s %18s\n", "OFFSET", "NAME", "VALUE");
    json_array_foreach(list, i, reg)
    {
        print_clean(name, sizeof(name),
                    json_string_value(json_object_get(reg, "name")));
        if (field(reg, "width") == 8)
            printf("0x%04" PRIx64 "  %-28s 0x%016" PRIx64 "\n",
                   field(reg, "offset"), name, field(reg, "value"));
        else
            printf("0x%04" PRIx64 "  %-28s         0x%08" PRIx64 "\n",
                   field(reg, "offset"), name, field(reg, "value"));
    }
}

int command_regs(const struct target *t, bool json)
{
    json_t *reply = NULL, *list = NULL;
    const char *text;
    int rc;

    rc = client_ask(t, "regs", &reply, NULL);
    if (rc)
        return rc;
    text = json_string_value(json_object_get(reply, "text"));
    list = regs_parse(text ? text : "");
    if (json)
        rc = print_json(list);
    else
        print_table(list);
    json_decref(list);
    json_decref(reply);
    return rc;
}
