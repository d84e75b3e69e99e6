/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a viewer is, to the files that serve it. */
#ifndef DISPLAY_VIEWER_H
#define DISPLAY_VIEWER_H

#include "dm/display/display.h"
#include "dm/display/rfb.h"

struct viewer {
    struct display *display;
    pthread_t thread;
    pthread_cond_t wake;
    int fd; /* its connection, which is libvncserver's; -1: free */
    unsigned int scanout;

    /* Its thread's: */
    rfbScreenInfoPtr screen;
    rfbClientPtr client; /* NULL: none */
    char *passwords[2];
    char title[48];
    bool welcome;               /* it has introduced itself */
    bool refused;               /* its password was wrong */
    unsigned int messages;      /* since the last look */
    uint64_t partial_ns;        /* since then a message is incomplete; 0 */
    uint64_t since_ns, look_ns; /* connected; the next look is due */
    struct picture picture;
    struct scanout_view shown; /* width 0: nothing */
    struct {
        bool known, visible;
        uint32_t changes;
        int32_t x, y;
    } pointer;
};

/* message.c: whether the next message may be read, of a viewer in that state of
 * libvncserver's: 0, -EAGAIN (not all of it is there), -EINTR (nothing is),
 * -EPROTO (it is none of ours), or another negative errno. */
int message_check(int sock, int state);

/* pointer.c: the guest's cursor, as the scanout has it now. */
void pointer_follow(struct viewer *v);
void pointer_forget(struct viewer *v);

#endif
