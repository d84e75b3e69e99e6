/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine in this process, whose guest, device and scheduler are an input:
 * records, each a byte of kind, a byte, two bytes of length, as many bytes.
 *
 * Work without an end by thousands of packets is no bug, but slow: the
 * scheduler takes the engine away, as it would.
 */
#ifndef TESTS_FUZZ_ENGINE_FUZZ_H
#define TESTS_FUZZ_ENGINE_FUZZ_H

#include "engine-rig.h"
#include "fuzz.h"

/* One at a time, of a rig just made; `check` is what must hold at any time. */
void engine_fuzz_begin(struct rig *rig, void (*check)(void));
/* Nothing of the engine is left; the rig is freed, and its domain. */
void engine_fuzz_end(void);

/* Granted until it would sleep, or its budget is used up. */
void engine_fuzz_run(void);
/* It is acknowledged at once. */
void engine_fuzz_command(enum link_cmd cmd);

typedef void engine_fuzz_record(unsigned int kind, unsigned int byte,
                                struct bytes *in, size_t len);
/* The rest of the input, up to a number of records, of kinds below nr. */
void engine_fuzz_records(struct bytes *in, unsigned int nr,
                         engine_fuzz_record *run);

#endif
