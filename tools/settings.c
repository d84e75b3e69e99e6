/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "tools/client.h"
#include "tools/print.h"

/* Digits only: strtoull() would take signs and blanks. */
static bool whole(const char *s, uint64_t *value)
{
    char *end;

    if (!*s || strspn(s, "0123456789") != strlen(s))
        return false;
    errno = 0;
    *value = strtoull(s, &end, 10);
    return !errno && !*end;
}

static bool per_mille(const char *s, uint64_t *value)
{
    char digits[16];
    size_t len = strlen(s);

    if (!strcmp(s, "none")) {
        *value = 0;
        return true;
    }
    if (len && s[len - 1] == '%')
        len--;
    if (!len || len >= sizeof(digits) - 1)
        return false;
    memcpy(digits, s, len);
    digits[len] = '\0';
    /* "12.5" and "12" are both so many tenths. */
    if (len > 2 && digits[len - 2] == '.')
        memmove(digits + len - 2, digits + len - 1, 2);
    else
        memcpy(digits + len, "0", 2);
    return whole(digits, value);
}

static bool name_of(const char *names, const char *value)
{
    size_t len = strlen(value);
    const char *at;

    if (!len || strchr(value, ' '))
        return false;
    for (at = names; (at = strstr(at, value)); at += len) {
        if ((at == names || at[-1] == ' ') && (!at[len] || at[len] == ' '))
            return true;
    }
    return false;
}

static json_t *value_of(const struct setting *row, const char *text)
{
    uint64_t value = 0;
    bool ok = false;

    switch (row->kind) {
    case SETTING_NUMBER:
        ok = whole(text, &value);
        break;
    case SETTING_PERCENT:
        ok = per_mille(text, &value);
        break;
    case SETTING_TIME:
        ok = !duration_parse(text, &value);
        break;
    case SETTING_NAME:
        return name_of(row->names, text) ? json_string(text) : NULL;
    }
    if (!ok || value < row->min || value > row->max)
        return NULL;
    return json_integer((json_int_t)value);
}

static void say_range(const struct setting *row, const char *text)
{
    char a[32], b[32];

    switch (row->kind) {
    case SETTING_NUMBER:
        tool_error("%s=%s: a number from %llu to %llu is expected", row->key,
                   text, (unsigned long long)row->min,
                   (unsigned long long)row->max);
        break;
    case SETTING_PERCENT:
        tool_error("%s=%s: none, or a percentage up to %llu%% with at most one "
                   "decimal is expected",
                   row->key, text, (unsigned long long)row->max / 10);
        break;
    case SETTING_TIME:
        tool_error("%s=%s: a time from %s to %s is expected, such as 5ms",
                   row->key, text, duration_text(a, sizeof(a), row->min),
                   duration_text(b, sizeof(b), row->max));
        break;
    case SETTING_NAME:
        tool_error("%s=%s: one of these is expected: %s", row->key, text,
                   row->names);
        break;
    }
}

static void say_keys(const struct setting *rows, const char *word)
{
    char keys[128];
    size_t n = 0;

    keys[0] = '\0';
    for (; rows->key && n < sizeof(keys); rows++)
        n += (size_t)snprintf(keys + n, sizeof(keys) - n, " %s=", rows->key);
    tool_error("%s: one of these is expected:%s", word, keys);
}

int settings_parse(json_t *request, const struct setting *rows,
                   char *const words[], int nr)
{
    const struct setting *row;
    json_t *value;
    size_t len;
    int i;

    for (i = 0; i < nr; i++) {
        len = strcspn(words[i], "=");
        for (row = rows; row->key; row++) {
            if (strlen(row->key) == len && !strncmp(row->key, words[i], len))
                break;
        }
        if (!row->key || !words[i][len]) {
            say_keys(rows, words[i]);
            return EXIT_USAGE;
        }
        if (json_object_get(request, row->member)) {
            tool_error("%s: %s= stands there twice", words[i], row->key);
            return EXIT_USAGE;
        }
        value = value_of(row, words[i] + len + 1);
        if (!value) {
            say_range(row, words[i] + len + 1);
            return EXIT_USAGE;
        }
        json_object_set_new(request, row->member, value);
    }
    return EXIT_OK;
}
