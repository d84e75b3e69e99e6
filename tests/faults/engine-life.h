/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of an engine in this process, whatever it serves: this process is
 * guest, device and scheduler, too.
 */
#ifndef TESTS_FAULTS_ENGINE_LIFE_H
#define TESTS_FAULTS_ENGINE_LIFE_H

#include "engine-rig.h"
#include "report.h"

/* It has ended by itself; a step says so by ENDED. */
extern bool engine_ended;
#define ENDED "ended"

/* These run the engine, with its points. */
void engine_life_turn(struct rig *rig);
/* A command, until it is acknowledged: its status, or ~0u. */
uint32_t engine_life_command(struct rig *rig, enum link_cmd cmd);
/* Another process in its place. NULL, or that it did not start. */
const char *engine_life_anew(struct rig *rig);
/* Mappings are to be dropped: NULL, or ENDED. */
const char *engine_life_invalidate(struct rig *rig);

/* What the engine has come to if it has ended, or stopped with a fault; NULL:
 * neither. */
const char *engine_life_stopped(const struct rig *rig);

/* A whole one with an engine of its own, of a rig just made, which is freed. */
void engine_life(struct outcome *o, struct rig *rig, const struct act *steps,
                 size_t nr);

#endif
