/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewers that know the protocol and mean no good, while the guest changes
 * sizes, pictures and cursors: nothing but a session may end. XVGPU_LONG: more
 * of it. Always the same messages.
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
        cmocka_unit_test(test_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
