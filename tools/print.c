/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tools/client.h"

const char *print_clean(char *buf, size_t size, const char *text)
{
    size_t i;

    for (i = 0; i + 1 < size && text[i]; i++)
        buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    buf[i] = '\0';
    return buf;
}

void tool_error(const char *fmt, ...)
{
    char text[512], clean[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "xen-vgpu: %s\n", print_clean(clean, sizeof(clean), text));
}

const char *print_size(char *buf, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned int i = 0;

    while (i < 4 && bytes && !(bytes & 1023)) {
        bytes >>= 10;
        i++;
    }
    snprintf(buf, size, "%" PRIu64 " %s", bytes, units[i]);
    return buf;
}

int print_json(const json_t *json)
{
    if (json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) ||
        putchar('\n') == EOF || fflush(stdout)) {
        tool_error("writing the output failed");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
