/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A viewer by hand, for tests: raw pixels only. What must not fail asserts. */
#ifndef UNIT_RFB_CLIENT_H
#define UNIT_RFB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFB_SIDE_MAX 4096u

/* Pseudo-encodings. */
#define RFB_CURSOR (-239)
#define RFB_POINTER_POS (-232)
#define RFB_NEW_SIZE (-223)
#define RFB_EXT_SIZE (-308)

struct rfb {
    int fd;
    uint32_t width, height;
    uint32_t *pixels; /* B, G, R, X in memory */
    char name[64];
    /* Of the last update: */
    unsigned int rects;       /* with pixels */
    uint64_t area;            /* of these */
    bool sized;               /* by either encoding */
    uint32_t reason, failure; /* of RFB_EXT_SIZE */
    bool cursor, moved;
    uint32_t cursor_width, cursor_height, hot_x, hot_y, x, y;
    uint32_t image[64 * 64];
    uint8_t mask[64 * 8];
};

/* A connection that gives up after 20 s of silence. */
void rfb_connect(struct rfb *r, int port);
void rfb_connect_unix(struct rfb *r, const char *path);
/* The same; whether anybody listens. */
bool rfb_try(struct rfb *r, int port);
void rfb_close(struct rfb *r);

/* Send; false: the connection is gone. */
bool rfb_send(struct rfb *r, const void *p, size_t n);
void rfb_read(struct rfb *r, void *p, size_t n);
/* Read to the end of the connection: it came. */
bool rfb_ends(struct rfb *r);
/* It must; closed then. */
void rfb_expect_end(struct rfb *r);

/* The hand-shake of 3.8 as far as the result, with a password or NULL: whether
 * one was asked for and right, or none was needed. */
bool rfb_authenticate(struct rfb *r, const char *password);
/* And the rest of it. */
void rfb_init(struct rfb *r);
/* All of the above, without a password. */
void rfb_open(struct rfb *r, int port);

void rfb_encodings(struct rfb *r, const int32_t *encodings, size_t n);
void rfb_request(struct rfb *r, bool incremental);
/* Ask for a size of one screen at x, 0. */
void rfb_ask_size(struct rfb *r, uint32_t width, uint32_t height, uint32_t x);
/* Take one update. */
void rfb_update(struct rfb *r);
/* Ask and take. */
void rfb_get(struct rfb *r, bool incremental);
/* Until the whole picture has been seen, of that size: a new size comes in an
 * update of its own, then what was asked for of the old size. */
void rfb_picture(struct rfb *r, uint32_t width, uint32_t height);

#endif
