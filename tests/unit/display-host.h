/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu-display as the monitor starts it, and a guest's scanouts. */
#ifndef UNIT_DISPLAY_HOST_H
#define UNIT_DISPLAY_HOST_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/proto.h"
#include "lib/scanout.h"
#include "rfb-client.h"

struct shown {
    pid_t pid;
    int sock, memfd;
    void *base;
    int port[SCANOUT_MAX];
};

/* "./xen-vgpu-display", or another. */
extern const char *shown_program;

/* A process with so many scanouts, password NULL: none. Ready. */
void shown_start(struct shown *s, unsigned int scanouts, const char *password);
/* The same without waiting, and with what it is told: to be refused. */
void shown_start_with(struct shown *s, const struct proto_msg *msg,
                      unsigned int scanouts, const char *password);
/* The monitor is gone. Returns the exit status, or -1 for a signal. */
int shown_stop(struct shown *s);
/* Its exit, without being told to: as shown_stop(). */
int shown_wait(struct shown *s);

/* A picture for scanout n, other ones for other seeds. */
void shown_draw(struct shown *s, unsigned int n, uint32_t width,
                uint32_t height, uint32_t seed);
uint32_t shown_pixel(uint32_t x, uint32_t y, uint32_t seed);
/* A viewer must have it. */
void shown_check(const struct rfb *r, uint32_t seed);
/* As RESOURCE_FLUSH leaves it. */
void shown_flush(struct shown *s, unsigned int n);
/* The guest's cursor: square of 64, half transparent from left to right. */
void shown_cursor(struct shown *s, unsigned int n, int32_t x, int32_t y,
                  uint32_t visible, uint32_t seed);

#endif
