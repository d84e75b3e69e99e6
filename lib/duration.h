/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as people write them: "5ms", "1.5s", "250us", "100ns", "0".
 */
#ifndef LIB_DURATION_H
#define LIB_DURATION_H

#include <stddef.h>
#include <stdint.h>

/* -EINVAL for what is none of these (a number other than 0 needs its unit),
 * -ERANGE for more than a day; *ns is then as before. */
int duration_parse(const char *text, uint64_t *ns);

/* The other way round, in buf, exactly, in the largest unit that needs no more
 * than three decimals. Returns buf. */
const char *duration_text(char *buf, size_t size, uint64_t ns);

#endif
