/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "tools/commands.h"
#include "tools/print.h"

int command_metrics(const struct call *c)
{
    json_t *reply = NULL;
    const char *s;
    int rc;

    rc = client_ask_daemon("get the metrics",
                           json_pack("{s:s}", "command", "metrics"), &reply,
                           NULL);
    if (rc)
        return rc;
    s = json_string_value(json_object_get(reply, "text"));
    if (c->json) {
        rc = print_json(reply);
    } else if (s) {
        for (; *s; s++)
            putchar(*s == '\n' || (*s >= ' ' && *s <= '~') ? *s : '?');
    } else {
        tool_error("get the metrics: xen-vgpud: the answer makes no sense");
        rc = EXIT_FAILED;
    }
    json_decref(reply);
    return rc;
}
