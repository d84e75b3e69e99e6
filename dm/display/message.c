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

/* Bytes of what a viewer that is not in yet says next (RFC 6143, 7.1 to 7.3);
 * 0: it is in. */
static size_t hello_size(int state)
{
    switch (state) {
    case RFB_PROTOCOL_VERSION:
        return sz_rfbProtocolVersionMsg;
    case RFB_AUTHENTICATION:
        return CHALLENGESIZE;
    case RFB_NORMAL:
        return 0;
    default:
        return 1;
    }
}

/* libvncserver waits for the rest of what has begun, for each byte anew. */
static int hello_check(int sock, size_t size)
{
    unsigned char p[CHALLENGESIZE];
    ssize_t n;

    n = recv(sock, p, size, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN ? -EINTR : -errno;
    return !n ? -EPIPE : (size_t)n < size ? -EAGAIN : 0;
}

_Static_assert(sz_rfbProtocolVersionMsg <= CHALLENGESIZE, "fits, too");

/*
 * libvncserver looks for WebSockets and TLS before anything else, without a
 * password, and what it looks with does not sleep while a part of four bytes is
 * there. It calls this one in its place, by the rules of dynamic linking: there
 * is nothing, so it is a plain connection.
 */
int rfbPeekExactTimeout(rfbClientPtr cl, char *buf, int len, int timeout)
{
    (void)cl;
    (void)buf;
    (void)len;
    (void)timeout;
    errno = ETIMEDOUT;
    return -1;
}

int message_check(int sock, int state)
{
    const size_t hello = hello_size(state);
    unsigned char p[PIXEL_FORMAT_SIZE];
    ssize_t n;

    if (hello)
        return hello_check(sock, hello);
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
