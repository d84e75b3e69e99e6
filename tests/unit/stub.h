/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dm whose children are stub-device.c and stub-engine.c. */
#ifndef UNIT_STUB_H
#define UNIT_STUB_H

#include "harness.h"

/* What those that are started from now on do. */
void stub(const char *device, const char *engine);

/* A number of the stub device's statistics; -1: there is none now. */
long stat_of(const struct dm *dm, const char *name);

/* Until it is so. */
void wait_stat(const struct dm *dm, const char *name, long value);

#endif
