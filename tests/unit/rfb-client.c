/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rfb-client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <rfb/rfb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 20

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
    return be16(p) << 16 | be16(p + 2);
}

static void put16(uint8_t *p, uint32_t n)
{
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
}

static bool try(struct rfb *r, const struct sockaddr *to, socklen_t len)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    memset(r, 0, sizeof(*r));
    r->fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(r->fd >= 0);
    setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(r->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (!connect(r->fd, to, len))
        return true;
    close(r->fd);
    return false;
}

bool rfb_try(struct rfb *r, int port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return try(r, (const struct sockaddr *)&to, sizeof(to));
}

void rfb_connect(struct rfb *r, int port)
{
    assert_true(rfb_try(r, port));
}

void rfb_connect_unix(struct rfb *r, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    assert_true(strlen(path) < sizeof(to.sun_path));
    strcpy(to.sun_path, path);
    assert_true(try(r, (const struct sockaddr *)&to, sizeof(to)));
}

void rfb_close(struct rfb *r)
{
    close(r->fd);
    free(r->pixels);
    r->pixels = NULL;
}

bool rfb_send(struct rfb *r, const void *p, size_t n)
{
    const char *at = p;
    ssize_t done;

    while (n) {
        done = send(r->fd, at, n, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

void rfb_read(struct rfb *r, void *p, size_t n)
{
    char *at = p;
    ssize_t got;

    while (n) {
        got = recv(r->fd, at, n, 0);
        assert_true(got > 0);
        at += got;
        n -= (size_t)got;
    }
}

bool rfb_ends(struct rfb *r)
{
    char buf[65536];
    ssize_t n;

    do
        n = recv(r->fd, buf, sizeof(buf), 0);
    while (n > 0);
    return n == 0 || errno == ECONNRESET;
}

void rfb_expect_end(struct rfb *r)
{
    assert_true(rfb_ends(r));
    rfb_close(r);
}

bool rfb_authenticate(struct rfb *r, const char *password)
{
    uint8_t buf[256], result[4];

    rfb_read(r, buf, 12);
    assert_memory_equal(buf, "RFB 003.008\n", 12);
    assert_true(rfb_send(r, "RFB 003.008\n", 12));
    rfb_read(r, buf, 1);
    assert_int_equal(buf[0], 1); /* one kind, no choice */
    rfb_read(r, buf, 1);
    assert_int_equal(buf[0], password ? 2 : 1);
    assert_true(rfb_send(r, buf, 1));
    if (password) {
        rfb_read(r, buf, CHALLENGESIZE);
        rfbEncryptBytes(buf, (char *)(uintptr_t)password);
        assert_true(rfb_send(r, buf, CHALLENGESIZE));
    }
    rfb_read(r, result, 4);
    return !be32(result);
}

static void set_size(struct rfb *r, uint32_t width, uint32_t height)
{
    assert_true(width && width <= RFB_SIDE_MAX);
    assert_true(height && height <= RFB_SIDE_MAX);
    free(r->pixels);
    r->pixels = calloc((size_t)width * height, 4);
    assert_non_null(r->pixels);
    r->width = width;
    r->height = height;
}

void rfb_init(struct rfb *r)
{
    uint8_t buf[24];
    uint32_t n;

    assert_true(rfb_send(r, "\1", 1));
    rfb_read(r, buf, sizeof(buf));
    set_size(r, be16(buf), be16(buf + 2));
    assert_int_equal(buf[4], 32);
    assert_int_equal(buf[6], 0);   /* little-endian */
    assert_int_equal(buf[14], 16); /* red */
    assert_int_equal(buf[16], 0);  /* blue */
    n = be32(buf + 20);
    assert_true(n < sizeof(r->name));
    rfb_read(r, r->name, n);
}

void rfb_open(struct rfb *r, int port)
{
    rfb_connect(r, port);
    assert_true(rfb_authenticate(r, NULL));
    rfb_init(r);
}

void rfb_encodings(struct rfb *r, const int32_t *encodings, size_t n)
{
    uint8_t buf[64] = {2};
    size_t i;

    assert_true(n <= 15);
    put16(buf + 2, (uint32_t)n);
    for (i = 0; i < n; i++) {
        put16(buf + 4 + 4 * i, (uint32_t)encodings[i] >> 16);
        put16(buf + 6 + 4 * i, (uint32_t)encodings[i]);
    }
    assert_true(rfb_send(r, buf, 4 + 4 * n));
}

void rfb_request(struct rfb *r, bool incremental)
{
    uint8_t buf[10] = {3, incremental};

    put16(buf + 6, r->width);
    put16(buf + 8, r->height);
    assert_true(rfb_send(r, buf, sizeof(buf)));
}

void rfb_ask_size(struct rfb *r, uint32_t width, uint32_t height, uint32_t x)
{
    uint8_t buf[24] = {251};

    put16(buf + 2, width);
    put16(buf + 4, height);
    buf[6] = 1;
    buf[11] = 1; /* its id */
    put16(buf + 12, x);
    put16(buf + 16, width);
    put16(buf + 18, height);
    assert_true(rfb_send(r, buf, sizeof(buf)));
}

static void take_raw(struct rfb *r, uint32_t x, uint32_t y, uint32_t w,
                     uint32_t h)
{
    uint32_t i;

    assert_true(x + w <= r->width);
    assert_true(y + h <= r->height);
    for (i = 0; i < h; i++)
        rfb_read(r, r->pixels + (size_t)(y + i) * r->width + x, w * 4u);
    r->rects++;
    r->area += (uint64_t)w * h;
}

static void take_cursor(struct rfb *r, uint32_t w, uint32_t h)
{
    assert_true(w <= 64 && h <= 64);
    rfb_read(r, r->image, (size_t)w * h * 4);
    rfb_read(r, r->mask, (size_t)(w + 7) / 8 * h);
    r->cursor = true;
    r->cursor_width = w;
    r->cursor_height = h;
}

static void take_rect(struct rfb *r)
{
    uint8_t head[12], screens[4], screen[16];
    uint32_t x, y, w, h;

    rfb_read(r, head, sizeof(head));
    x = be16(head);
    y = be16(head + 2);
    w = be16(head + 4);
    h = be16(head + 6);
    switch ((int32_t)be32(head + 8)) {
    case 0:
        take_raw(r, x, y, w, h);
        break;
    case RFB_CURSOR:
        r->hot_x = x;
        r->hot_y = y;
        take_cursor(r, w, h);
        break;
    case RFB_POINTER_POS:
        r->moved = true;
        r->x = x;
        r->y = y;
        break;
    case RFB_EXT_SIZE:
        rfb_read(r, screens, sizeof(screens));
        while (screens[0]--)
            rfb_read(r, screen, sizeof(screen));
        r->reason = x;
        r->failure = y;
        /* fall through */
    case RFB_NEW_SIZE:
        r->sized = true;
        if (w != r->width || h != r->height)
            set_size(r, w, h);
        break;
    default:
        fail_msg("encoding %d", (int)be32(head + 8));
    }
}

void rfb_update(struct rfb *r)
{
    uint8_t head[4];
    uint32_t n;

    r->rects = 0;
    r->area = 0;
    r->sized = r->cursor = r->moved = false;
    rfb_read(r, head, sizeof(head));
    assert_int_equal(head[0], 0);
    for (n = be16(head + 2); n; n--)
        take_rect(r);
}

void rfb_get(struct rfb *r, bool incremental)
{
    rfb_request(r, incremental);
    rfb_update(r);
}

void rfb_picture(struct rfb *r, uint32_t width, uint32_t height)
{
    unsigned int i;

    for (i = 0; i < 10; i++) {
        rfb_request(r, false);
        do
            rfb_update(r);
        while (!r->rects);
        if (r->width == width && r->height == height &&
            r->area == (uint64_t)width * height)
            return;
    }
    fail_msg("%u x %u", r->width, r->height);
}
