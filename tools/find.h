/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which vGPUs there are, and which one is meant.
 */
#ifndef TOOLS_FIND_H
#define TOOLS_FIND_H

#include <stddef.h>

#include "tools/client.h"

#define FIND_DOMAINS_MAX 4096u

/* Domids that have a socket, sorted; at most FIND_DOMAINS_MAX of them. An exit
 * code, with the reason said. */
int find_domains(uint32_t *domids, size_t *nr);

/* DOMID or DOMID.N; N is 0 where it does not stand. An exit code, with the
 * reason said. */
int find_number(const char *arg, struct target *t);

/* The same, or NAME or NAME.N: what the monitors say. */
int find_target(const char *arg, struct target *t);

#endif
