/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/value.h"

#include <stdio.h>

#include "tools/print.h"

const char *value_text(const json_t *object, const char *key, char *buf,
                       size_t size)
{
    const json_t *value = json_object_get(object, key);
    const char *s = json_string_value(value);

    return print_clean(buf, size, s ? s : json_is_null(value) ? "-" : "?");
}

uint64_t value_count(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t)value : 0;
}

const char *value_us(const json_t *us, char *buf, size_t size)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = json_number_value(us) * 1000;
    unsigned int i = 0;

    while (i < 3 && value >= 999.5) {
        value /= 1000;
        i++;
    }
    if (!json_is_number(us) || !(value >= 0))
        snprintf(buf, size, "-");
    else if (value > 9999)
        snprintf(buf, size, ">9999s");
    else
        snprintf(buf, size, "%.*f%s", i && value < 9.95 ? 1 : 0, value,
                 units[i]);
    return buf;
}

const json_t *value_percentile(const json_t *times, const char *key)
{
    return value_count(times, "count") ? json_object_get(times, key) : NULL;
}
