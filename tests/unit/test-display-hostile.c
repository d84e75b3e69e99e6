/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewers that mean no good, or are slow: nothing but their session may end,
 * and nobody else may wait.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display-host.h"
#include "rfb-client.h"

#define MESSAGES 20000u
#define MESSAGES_LONG 400000u
#define PATIENCE_MS 60000
#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* One asks for pictures, and takes none. */
static void test_slow(void **state)
{
    struct rfb slow, fast;
    struct shown s;
    uint32_t i;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, SCANOUT_WIDTH_MAX, SCANOUT_HEIGHT_MAX, 1);
    rfb_open(&slow, s.port[0]);
    rfb_request(&slow, false);
    rfb_read(&slow, &i, 1); /* it is being sent */
    rfb_open(&fast, s.port[0]);
    rfb_get(&fast, false);
    shown_check(&fast, 1);
    for (i = 1; i < 100; i++) {
        scanout_pixels(s.base, 0)[i] = i;
        shown_flush(&s, 0);
        rfb_get(&fast, true);
        assert_int_equal(fast.pixels[i], i);
    }
    rfb_close(&fast);
    rfb_close(&slow);
    assert_int_equal(shown_stop(&s), 0);
}

static void send_bytes(struct rfb *r, unsigned int seed, size_t n)
{
    char buf[1024];
    size_t i;

    srand(seed);
    while (n) {
        for (i = 0; i < sizeof(buf); i++)
            buf[i] = (char)rand();
        i = n < sizeof(buf) ? n : sizeof(buf);
        if (!rfb_send(r, buf, i))
            return;
        n -= i;
    }
}

static void test_garbage(void **state)
{
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    static const char get[] =
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n";
    /* Of libvncserver's own: scale (twice), file transfer, chat, and what
     * nobody knows. */
    static const char types[] = {8, 15, 7, 11, 10, 12, 99, (char)250};
    static const char cut[] = {6,    0,          0,          0,
                               0x7f, (char)0xff, (char)0xff, (char)0xff};
    static char text[8 + (1 << 20)] = {6, 0, 0, 0, 0, 0x10, 0, 0};
    /* 32 bits, 24 used, colours; maxima of red, green, blue; shifts. */
    static const unsigned char formats[][20] = {
        {0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 0, 0, 255, 16, 8, 0},
        {0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 254, 0, 255, 16, 8, 0},
        {0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 25, 0},
        {0, 0, 0, 0, 16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 255, 0},
        {0, 0, 0, 0, 24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0},
        {0, 0, 0, 0, 16, 16, 0, 0, 0, 31, 0, 63, 0, 31, 11, 5, 0},
        {0, 0, 0, 0, 0, 0, 0, 0},
    };
    const int linger[] = {1, 0};
    struct shown s;
    struct rfb r;
    size_t i;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, 320, 200, 1);
    for (i = 0; i < 8; i++) {
        rfb_connect(&r, s.port[0]);
        send_bytes(&r, (unsigned int)i, 4096);
        rfb_expect_end(&r);
        rfb_connect(&r, s.port[0]);
        rfb_authenticate(&r, NULL);
        rfb_init(&r);
        rfb_send(&r, &types[i], 1);
        rfb_expect_end(&r);
        /* Noise as messages, until one makes no sense. */
        rfb_open(&r, s.port[0]);
        send_bytes(&r, (unsigned int)i + 50, 1 << 16);
        shutdown(r.fd, SHUT_WR);
        rfb_expect_end(&r);
    }
    rfb_connect(&r, s.port[0]);
    rfb_send(&r, hello, sizeof(hello) - 1);
    rfb_expect_end(&r);
    rfb_connect(&r, s.port[0]);
    rfb_send(&r, get, sizeof(get) - 1);
    rfb_expect_end(&r);
    rfb_open(&r, s.port[0]);
    rfb_send(&r, cut, sizeof(cut));
    rfb_expect_end(&r);
    for (i = 0; i < NR(formats); i++) {
        rfb_open(&r, s.port[0]);
        rfb_send(&r, formats[i], 7); /* in two parts */
        usleep(1000);
        rfb_send(&r, formats[i] + 7, 13);
        rfb_expect_end(&r);
    }
    /* Gone in the middle, by a reset. */
    rfb_open(&r, s.port[0]);
    rfb_request(&r, false);
    setsockopt(r.fd, SOL_SOCKET, SO_LINGER, linger, sizeof(linger));
    rfb_close(&r);
    /* Much to paste, keys and a mouse: taken, and of no effect. */
    rfb_open(&r, s.port[0]);
    rfb_send(&r, text, sizeof(text));
    rfb_send(&r, "\4\1\0\0\0\0\0a", 8);
    rfb_send(&r, "\5\1\0\11\0\11", 6);
    rfb_get(&r, false);
    shown_check(&r, 1);
    rfb_close(&r);
    assert_int_equal(shown_stop(&s), 0);
}

/* Without a password, from many at once: nobody's place is taken for good. */
static void test_hello(void **state)
{
    struct rfb r[PROTO_DISPLAY_VIEWERS], last;
    struct shown s;
    unsigned int i;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, 64, 64, 1);
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++) {
        rfb_connect(&r[i], s.port[0]);
        usleep(20000);
        rfb_send(&r[i], "RFB 003.008", i % 2 ? 1 + i : 3);
        if (i < PROTO_DISPLAY_VIEWERS / 2)
            shutdown(r[i].fd, SHUT_WR);
    }
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++)
        rfb_expect_end(&r[i]);
    rfb_open(&last, s.port[0]);
    rfb_get(&last, false);
    shown_check(&last, 1);
    rfb_close(&last);
    assert_int_equal(shown_stop(&s), 0);
}

/* Whether there is a place for a viewer within five seconds, half of what one
 * has for its hello. */
static bool get_in(struct rfb *r, int port)
{
    bool in = false;
    unsigned int i;
    char c;

    for (i = 0; i < 500 && !in; i++) {
        rfb_connect(r, port);
        in = recv(r->fd, &c, 1, MSG_PEEK) == 1;
        if (!in) {
            rfb_close(r);
            usleep(10000);
        }
    }
    return in;
}

/* Gone by a reset in the midst of a hello, or of a message: their places are
 * free at once, long before their time is over. */
static void test_gone(void **state)
{
    const int linger[] = {1, 0};
    struct rfb r[PROTO_DISPLAY_VIEWERS];
    struct shown s;
    unsigned int i;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, 64, 64, 1);
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++) {
        if (i % 2)
            rfb_open(&r[i], s.port[0]);
        else
            rfb_connect(&r[i], s.port[0]);
        rfb_send(&r[i], i % 2 ? "\0\0\0\0\40" : "RFB 0", 5);
    }
    usleep(200000); /* they are read by then, in part */
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++) {
        setsockopt(r[i].fd, SOL_SOCKET, SO_LINGER, linger, sizeof(linger));
        rfb_close(&r[i]);
    }
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++)
        assert_true(get_in(&r[i], s.port[0]));
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++)
        rfb_close(&r[i]);
    assert_int_equal(shown_stop(&s), 0);
}

static void test_too_many(void **state)
{
    struct rfb r[PROTO_DISPLAY_VIEWERS], more;
    struct shown s;
    unsigned int i;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, 64, 64, 1);
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++)
        rfb_open(&r[i], s.port[0]);
    rfb_connect(&more, s.port[0]);
    rfb_expect_end(&more);
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++) {
        rfb_get(&r[i], false);
        shown_check(&r[i], 1);
    }
    /* A place is free a little after somebody has left. */
    rfb_close(&r[3]);
    assert_true(get_in(&more, s.port[0]));
    rfb_close(&more);
    for (i = 0; i < PROTO_DISPLAY_VIEWERS; i++) {
        if (i != 3)
            rfb_close(&r[i]);
    }
    assert_int_equal(shown_stop(&s), 0);
}

/* ---- Noise that is near to RFB ------------------------------------------ */

static uint64_t state_of_random = 1;

static uint32_t rnd(uint32_t n)
{
    state_of_random = state_of_random * 6364136223846793005u + 1;
    return (uint32_t)(state_of_random >> 33) % n;
}

static size_t put16(uint8_t *p, uint32_t n)
{
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
    return 2;
}

static size_t put32(uint8_t *p, uint32_t n)
{
    put16(p, n >> 16);
    put16(p + 2, n);
    return 4;
}

static uint32_t any_of(const uint32_t *list, uint32_t n)
{
    return rnd(400) ? list[rnd(n)] : rnd(65536);
}

#define ANY(list) any_of(list, sizeof(list) / sizeof((list)[0]))

static size_t pixel_format(uint8_t *p)
{
    static const uint32_t bits[] = {8, 16, 32, 32};
    static const uint32_t max[] = {255, 255, 31, 63, 7, 3, 1, 0, 65535};
    static const uint32_t shift[] = {0, 3, 5, 6, 8, 11, 16, 24, 31};
    int i;

    memset(p, 0, 20);
    p[4] = (uint8_t)ANY(bits);
    p[5] = (uint8_t)ANY(bits);
    p[6] = (uint8_t)rnd(2);
    p[7] = rnd(30) != 0;
    for (i = 0; i < 3; i++) {
        put16(p + 8 + 2 * i, ANY(max));
        p[14 + i] = (uint8_t)ANY(shift);
    }
    return 20;
}

/* All that libvncserver knows, and neighbours; those of pixels first. */
static size_t encodings(uint8_t *p)
{
    static const int32_t known[] = {0,
                                    1,
                                    2,
                                    4,
                                    5,
                                    6,
                                    7,
                                    8,
                                    9,
                                    16,
                                    17,
                                    -23,
                                    -32,
                                    -223,
                                    -224,
                                    -232,
                                    -239,
                                    -240,
                                    -247,
                                    -256,
                                    -260,
                                    -261,
                                    -307,
                                    -308,
                                    -309,
                                    -312,
                                    -313,
                                    -314,
                                    -412,
                                    -512,
                                    -523,
                                    -524,
                                    -763,
                                    -768,
                                    -65536,
                                    -65535,
                                    -65534,
                                    -65533,
                                    -65531,
                                    -131072,
                                    -131071,
                                    (int32_t)0xc0a1e5ce,
                                    (int32_t)0xfffe0000,
                                    1000};
    enum { NR_KNOWN = sizeof(known) / sizeof(known[0]), NR_PIXELS = 11 };
    uint32_t n = rnd(14), i;
    size_t at = 4;

    p[0] = 2;
    p[1] = 0;
    put16(p + 2, n);
    for (i = 0; i < n; i++)
        at += put32(p + at, (uint32_t)known[rnd(i ? NR_KNOWN : NR_PIXELS)]);
    return at;
}

static size_t request(uint8_t *p)
{
    static const uint32_t at[] = {0, 0, 0, 1, 17, 63, 64, 300};
    static const uint32_t size[] = {65535, 4096, 700, 64, 16, 1, 0};

    p[0] = 3;
    p[1] = (uint8_t)rnd(2);
    put16(p + 2, ANY(at));
    put16(p + 4, ANY(at));
    put16(p + 6, ANY(size));
    put16(p + 8, ANY(size));
    return 10;
}

static size_t cut_text(uint8_t *p)
{
    uint32_t n = rnd(40), i;

    memset(p, 0, 8);
    p[0] = 6;
    /* Negative: the extended clipboard's. */
    put32(p + 4, rnd(40) ? n : 0 - n);
    for (i = 0; i < n; i++)
        p[8 + i] = (uint8_t)(rnd(2) ? rnd(256) : 0);
    return 8 + n;
}

static size_t desktop_size(uint8_t *p)
{
    uint32_t n = rnd(3), i;
    size_t at = 8;

    p[0] = 251;
    p[1] = 0;
    put16(p + 2, rnd(5000));
    put16(p + 4, rnd(3000));
    p[6] = (uint8_t)n;
    p[7] = 0;
    for (i = 0; i < n * 4; i++)
        at += put32(p + at, rnd(2) ? 0 : rnd(1u << 30));
    return at;
}

static size_t message(uint8_t *p)
{
    size_t i;

    switch (rnd(16)) {
    case 0:
        return pixel_format(p);
    case 1:
        return encodings(p);
    case 2:
        return cut_text(p);
    case 3:
        return desktop_size(p);
    case 4:
        for (i = 0; i < 8; i++)
            p[i] = (uint8_t)rnd(256);
        p[0] = (uint8_t)(rnd(400) ? 4 : rnd(256));
        return 8;
    case 5:
        for (i = 0; i < 6; i++)
            p[i] = (uint8_t)rnd(256);
        p[0] = 5;
        return 6;
    default:
        return request(p);
    }
}

/* Take what comes; false at the end. */
static bool drain(struct rfb *r)
{
    static char buf[1 << 18];
    ssize_t n;

    do
        n = recv(r->fd, buf, sizeof(buf), MSG_DONTWAIT);
    while (n > 0);
    return n < 0 && errno == EAGAIN;
}

static bool talk(struct rfb *r, const uint8_t *p, size_t n)
{
    struct pollfd f = {.fd = r->fd, .events = POLLIN | POLLOUT};
    ssize_t done;

    while (n) {
        if (!drain(r))
            return false;
        done = send(r->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        } else if (errno != EAGAIN) {
            return false;
        } else {
            assert_true(poll(&f, 1, PATIENCE_MS) > 0);
        }
    }
    return true;
}

static void guest_lives(struct shown *s)
{
    switch (rnd(40)) {
    case 0:
        shown_draw(s, 0, 1 + rnd(300), 1 + rnd(300), rnd(1000));
        break;
    case 1:
        shown_cursor(s, 0, (int32_t)rnd(900) - 200, (int32_t)rnd(900) - 200,
                     rnd(3), rnd(1000));
        break;
    case 2:
        scanout_pixels(s->base, 0)[rnd(90000)] = rnd(1u << 24);
        shown_flush(s, 0);
        break;
    default:
        if (!rnd(200))
            scanout_head(s->base, 0)->width = rnd(2) * rnd(100000);
    }
}

/* While the guest changes sizes, pictures and cursors. XVGPU_LONG: more of it.
 * Always the same messages. */
static void test_noise(void **state)
{
    const unsigned int max = getenv("XVGPU_LONG") ? MESSAGES_LONG : MESSAGES;
    uint8_t buf[256];
    const int little = 4096;
    unsigned int i, sessions = 0;
    bool there = false;
    struct shown s;
    struct rfb r;

    (void)state;
    shown_start(&s, 1, NULL);
    for (i = 0; i < max; i++) {
        if (!there) {
            rfb_open(&r, s.port[0]);
            setsockopt(r.fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
            there = true;
            sessions++;
        }
        there = talk(&r, buf, message(buf));
        if (!there)
            rfb_close(&r);
        guest_lives(&s);
        /* What it asks the monitor for. */
        while (recv(s.sock, buf, sizeof(buf), MSG_DONTWAIT) > 0)
            ;
    }
    if (there)
        rfb_close(&r);
    printf("# %u messages in %u sessions\n", max, sessions);
    shown_draw(&s, 0, 100, 100, 1);
    rfb_open(&r, s.port[0]);
    rfb_get(&r, false);
    assert_int_equal(r.pixels[0] & 0xffffff, shown_pixel(0, 0, 1));
    rfb_close(&r);
    assert_int_equal(shown_stop(&s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow),     cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_hello),    cmocka_unit_test(test_gone),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
