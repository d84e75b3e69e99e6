/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a viewer's messages may reach libvncserver: those of RFC 6143, and
 * SetDesktopSize. It knows others: scaling, files, chats. And it divides by
 * what a pixel format says.
 */
#include "dm/display/viewer.h"

#include <errno.h>
#include <sys/socket.h>

#define PIXEL_FORMAT_SIZE 20u

static bool colour_fits(uint32_t max, uint32_t shift, uint32_t bits)
{
    if (!max || (max & (max + 1)))
        return false; /* not 2^n - 1: RFC 6143, 7.4 */
    return shift < bits && (uint64_t)max << shift < UINT64_C(1) << bits;
}

/* RFC 6143, 7.5.1. */
static bool pixel_format_fits(const unsigned char *p)
{
    const uint32_t bits = p[4];
    unsigned int i;

    if (bits != 8 && bits != 16 && bits != 32)
        return false;
    if (!p[7])
        return bits == 8; /* colours by a map */
    for (i = 0; i < 3; i++) {
        if (!colour_fits((uint32_t)p[8 + 2 * i] << 8 | p[9 + 2 * i], p[14 + i],
                         bits))
            return false;
    }
    return true;
}

int message_check(int sock)
{
    unsigned char p[PIXEL_FORMAT_SIZE];
    ssize_t n;

    n = recv(sock, p, sizeof(p), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN ? -EINTR : -errno;
    if (n == 0)
        return -EPIPE;
    switch (p[0]) {
    case rfbSetPixelFormat:
        if (n < (ssize_t)sizeof(p))
            return -EAGAIN;
        return pixel_format_fits(p) ? 0 : -EPROTO;
    case rfbSetEncodings:
    case rfbFramebufferUpdateRequest:
    case rfbKeyEvent:
    case rfbPointerEvent:
    case rfbClientCutText:
    case rfbSetDesktopSize:
        return 0;
    default:
        return -EPROTO;
    }
}
