/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define A_DAY_NS (UINT64_C(86400) * 1000000000)

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};

#define NR_UNITS (sizeof(units) / sizeof(units[0]))

int duration_parse(const char *text, uint64_t *ns)
{
    uint64_t whole = 0, part = 0, scale = 1;
    const char *s = text;
    size_t i;

    if (*s < '0' || *s > '9')
        return -EINVAL;
    for (; *s >= '0' && *s <= '9'; s++) {
        whole = whole * 10 + (uint64_t)(*s - '0');
        if (whole > A_DAY_NS)
            return -ERANGE;
    }
    if (*s == '.') {
        for (s++; *s >= '0' && *s <= '9'; s++) {
            if (scale == 1000000000)
                return -EINVAL; /* less than any unit can say */
            part = part * 10 + (uint64_t)(*s - '0');
            scale *= 10;
        }
        if (scale == 1)
            return -EINVAL;
    }
    if (!*s && !whole && !part) {
        *ns = 0;
        return 0;
    }
    for (i = 0; i < NR_UNITS && strcmp(s, units[i].name); i++)
        ;
    if (i == NR_UNITS || part * units[i].ns % scale)
        return -EINVAL;
    if (whole > A_DAY_NS / units[i].ns)
        return -ERANGE;
    *ns = whole * units[i].ns + part * units[i].ns / scale;
    return 0;
}

const char *duration_text(char *buf, size_t size, uint64_t ns)
{
    uint64_t whole, part;
    int digits = 3;
    size_t i;

    for (i = 0; i + 1 < NR_UNITS; i++) {
        if (ns >= units[i].ns && !(ns % (units[i].ns / 1000)))
            break;
    }
    whole = ns / units[i].ns;
    part = units[i].ns > 1 ? ns % units[i].ns / (units[i].ns / 1000) : 0;
    while (digits > 1 && !(part % 10)) {
        part /= 10;
        digits--;
    }
    if (!ns)
        snprintf(buf, size, "0");
    else if (part)
        snprintf(buf, size, "%" PRIu64 ".%0*" PRIu64 "%s", whole, digits, part,
                 units[i].name);
    else
        snprintf(buf, size, "%" PRIu64 "%s", whole, units[i].name);
    return buf;
}
