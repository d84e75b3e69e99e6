/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void stub(const char *device, const char *engine)
{
    setenv("XVGPU_STUB", device, 1);
    setenv("XVGPU_STUB_ENGINE", engine, 1);
}

long stat_of(const struct dm *dm, const char *name)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\",\"vgpu\":0}");
    const char *text = json_string_value(
        json_object_get(json_object_get(j, "return"), "statistics"));
    const char *at = text ? strstr(text, name) : NULL;
    long value = at ? strtol(at + strlen(name), NULL, 10) : -1;

    json_decref(j);
    return value;
}

void wait_stat(const struct dm *dm, const char *name, long value)
{
    long got = -1;
    int i;

    for (i = 0; i < 1000 && got != value; i++) {
        got = stat_of(dm, name);
        usleep(10000);
    }
    assert_int_equal(got, value);
}
