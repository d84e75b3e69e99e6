/* SPDX-License-Identifier: MIT */
/* Arguments from the domain's name, and the start of all of this. */
#include "plat.h"

#include "plat_init.h"

int xenstore_init(void);
const char *xenstore_read(const char *path);

static char args[256];

void plat_args_init(void)
{
    const char *name = xenstore_init() ? NULL : xenstore_read("name");

    while (name && *name && *name != ',')
        name++;
    if (name && *name)
        strncpy(args, name, sizeof(args) - 1);
}

/* Decimal, or hexadecimal after 0x. */
static uint64_t parse(const char *s)
{
    unsigned int base = 10;
    uint64_t val = 0;

    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    for (;; s++) {
        unsigned int digit;

        if (*s >= '0' && *s <= '9')
            digit = *s - '0';
        else if (*s >= 'a' && *s <= 'f')
            digit = *s - 'a' + 10;
        else
            break;
        if (digit >= base)
            break;
        val = val * base + digit;
    }
    return val;
}

uint64_t plat_arg(const char *key, uint64_t otherwise)
{
    size_t len = strlen(key);

    for (const char *s = args; *s; s++)
        if (*s == ',' && !strncmp(s + 1, key, len) && s[len + 1] == '=')
            return parse(s + len + 2);
    return otherwise;
}

void plat_init(void)
{
    plat_mem_init();
    plat_irq_init();
    plat_args_init();
}
