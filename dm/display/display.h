/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-display: shows a vGPU's scanouts to people, by RFB ("VNC", RFC
 * 6143). It holds the scanouts' pages, to be read only, and listening sockets,
 * and can open nothing. What the engine writes and what viewers send is
 * hostile.
 *
 * libvncserver reads and writes until it is done: each viewer has a thread, a
 * screen of libvncserver's and a copy of the picture of its own, so that one
 * that is slow, or lies, keeps nobody waiting.
 */
#ifndef DISPLAY_DISPLAY_H
#define DISPLAY_DISPLAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "lib/proto.h"
#include "lib/scanout.h"

/* The picture that a viewer has seen, or is about to. */
struct picture {
    uint32_t width, height;
    uint32_t *pixels; /* width * height */
};

/* Of another size, and black. 0 or -ENOMEM; *p is then as it was. The pixels
 * before are the caller's to free. */
int picture_resize(struct picture *p, uint32_t width, uint32_t height);

typedef void picture_changed(void *user, uint32_t x1, uint32_t y1, uint32_t x2,
                             uint32_t y2);

/* Copy what differs from `from`, which has the same size and may change
 * meanwhile, in lines of `line` pixels; changed(), unless NULL, is told of
 * rectangles. */
void picture_follow(struct picture *p, const uint32_t *from, uint32_t line,
                    picture_changed *changed, void *user);

struct display;
struct viewer;

/* A viewer more, waiting for a connection: NULL without memory. All are made
 * before the first is started. */
struct viewer *viewer_new(struct display *d);
/* Its thread. 0 or a negative errno. */
int viewer_start(struct viewer *v);
/* Give a free one a connection, which it closes. False: it has one. */
bool viewer_take(struct viewer *v, unsigned int scanout, int fd);
/* Let libraries do now what they do once, when a first viewer comes: in the
 * sandbox they can't any more. */
int viewer_rehearse(struct viewer *v);

/* libvncserver's own log goes to ours, as debug lines. */
void viewer_log_init(void);

#define DISPLAY_PASSWORD 8u /* VNC's: no more counts */

struct display {
    uint32_t domid, index;
    void *base; /* of the scanouts, read only */
    unsigned int nr_scanouts, nr_viewers;
    int sock;
    int listener[SCANOUT_MAX];
    struct viewer *viewers[PROTO_DISPLAY_VIEWERS];
    char password[DISPLAY_PASSWORD + 1]; /* "": none */
    pthread_mutex_t lock; /* of all below, and of the viewers' hand-over */
    struct log_limit limit;
    uint64_t asked_ns; /* when a viewer last asked for a size */
};

/* *in: PROTO_DISPLAY_START, whose descriptors it takes. 0 or a negative errno;
 * ready to sandbox. */
int display_new(struct proto_in *in, int sock, struct display **d);
/* The viewers' threads: in the sandbox, before its filter. */
int display_start(struct display *d);
/* Serve until the monitor is gone. */
void display_loop(struct display *d);

/* A line about what a viewer can cause. */
__attribute__((format(printf, 3, 4))) void
display_log(struct display *d, enum log_level level, const char *fmt, ...);

/* A viewer would like this size. False: not now. */
bool display_ask_size(struct display *d, unsigned int scanout, uint32_t width,
                      uint32_t height);

#endif
