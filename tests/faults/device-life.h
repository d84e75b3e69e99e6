/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a device in this process, whatever its model: this process is
 * guest, monitor and engine, too.
 */
#ifndef TESTS_FAULTS_DEVICE_LIFE_H
#define TESTS_FAULTS_DEVICE_LIFE_H

#include "device-host.h"
#include "guest.h"
#include "report.h"

extern struct host device;

/* It has ended by itself. */
bool device_gone(void);
/* Until it is so. False: it is not, or the device has ended. */
bool device_until(bool (*is_so)(void));

/* Steps: questions of an administrator's. */
const char *device_show(void);
const char *device_regs(void);
/* Its picture has 0x04030201 at byte 4096, or it is wrong. */
const char *device_picture(void);

/* Lives with this host, whose callbacks and limits are set here, and these
 * steps, until each point has failed: the exit code. */
int device_lives(const char *title, const struct host_config *config,
                 const struct act *steps, size_t nr, unsigned int share);

#endif
