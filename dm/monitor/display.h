/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that shows a vGPU by VNC: vnc=. The monitor opens the sockets
 * that it listens on, and nothing else that has to do with viewers.
 */
#ifndef MONITOR_DISPLAY_H
#define MONITOR_DISPLAY_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "dm/monitor/child.h"
#include "lib/guard.h"
#include "lib/log.h"
#include "lib/scanout.h"

/* VNC's passwords have no more characters. */
#define DISPLAY_PASSWORD_MAX 8u

struct monitor;
struct vgpu;

/* All zero: none. */
struct display {
    char name[24];   /* "display 0", for messages */
    char cgroup[16]; /* "display.0" */
    int listener[SCANOUT_MAX];
    unsigned int nr_listeners;
    char password[DISPLAY_PASSWORD_MAX + 1];
    struct child child;
    bool ready;
    uint64_t start_ns;
    double pause_s;     /* before the next start */
    ev_timer timer;     /* that, or for getting ready */
    struct guard sizes; /* that viewers ask for */
};

/* Open the sockets of all vGPUs that have vnc=, and read the passwords. 0 or a
 * negative errno, said on stderr. */
int displays_open(struct monitor *m);
/* The vGPUs are there: start the processes, again and again if need be. */
void displays_start(struct monitor *m);
void displays_kill(struct monitor *m);
bool displays_any(const struct monitor *m);
/* Close the sockets. */
void display_fini(struct vgpu *v);

#endif
