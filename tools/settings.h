/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words KEY=VALUE of the command line, made members of a request.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <jansson.h>
#include <stdint.h>

enum setting_kind {
    SETTING_NUMBER,  /* min to max */
    SETTING_PERCENT, /* "12.5%" or "12.5", as per mille; max in per mille, too;
                        "none" is 0 */
    SETTING_TIME,    /* lib/duration.h, in ns, min to max */
    SETTING_NAME,    /* one of names, between blanks */
};

struct setting {
    const char *key;    /* as it is typed */
    const char *member; /* of the request */
    enum setting_kind kind;
    const char *names;
    uint64_t min, max;
};

/* Each word to the request; the rows end with a key of NULL. EXIT_OK or
 * EXIT_USAGE, with the reason said. */
int settings_parse(json_t *request, const struct setting *rows,
                   char *const words[], int nr);

#endif
