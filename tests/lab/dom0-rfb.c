/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at a vGPU as a viewer does, at the socket of vnc=unix:PATH, and prints
 * the line that dom0-pngsum prints of a screenshot. With WIDTH HEIGHT it asks
 * for that size first, and waits until the guest has it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CURSOR (-239)
#define NEW_SIZE (-223)
#define EXT_SIZE (-308)

static int fd;
static uint32_t width, height, whole;
static uint8_t *pixels;

static void die(const char *why)
{
    fprintf(stderr, "dom0-rfb: %s\n", why);
    exit(1);
}

static void take(void *p, size_t n)
{
    char *at = p;
    ssize_t got;

    for (; n; n -= (size_t)got, at += got) {
        got = read(fd, at, n);
        if (got <= 0)
            die("the connection ended");
    }
}

static void give(const void *p, size_t n)
{
    if (write(fd, p, n) != (ssize_t)n)
        die("cannot write");
}

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t n)
{
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
}

static void set_size(uint32_t w, uint32_t h)
{
    free(pixels);
    width = w;
    height = h;
    pixels = calloc((size_t)w * h, 4);
    if (!pixels)
        die("no memory");
}

static void begin(const char *path)
{
    static const int32_t encodings[] = {0, CURSOR, NEW_SIZE, EXT_SIZE};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    uint8_t buf[24], set[4 + 16] = {2, 0, 0, 4}, name;
    uint32_t i, n;

    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
        die("cannot connect");
    take(buf, 12);
    give("RFB 003.008\n", 12);
    take(buf, 2);
    give(buf + 1, 1); /* none */
    take(buf, 4);
    give("\1", 1);
    take(buf, sizeof(buf));
    set_size(be16(buf), be16(buf + 2));
    for (n = be16(buf + 20) << 16 | be16(buf + 22); n; n--)
        take(&name, 1);
    for (i = 0; i < 4; i++) {
        put16(set + 4 + 4 * i, (uint32_t)encodings[i] >> 16);
        put16(set + 6 + 4 * i, (uint32_t)encodings[i]);
    }
    give(set, sizeof(set));
}

static void request(int incremental)
{
    uint8_t buf[10] = {3, (uint8_t)incremental};

    put16(buf + 6, width);
    put16(buf + 8, height);
    give(buf, sizeof(buf));
}

static void take_rect(void)
{
    uint8_t head[12], rest[64 * 64 * 4 + 64 * 8];
    uint32_t w, h, y;

    take(head, sizeof(head));
    w = be16(head + 4);
    h = be16(head + 6);
    switch ((int32_t)(be16(head + 8) << 16 | be16(head + 10))) {
    case 0:
        for (y = be16(head + 2); y < be16(head + 2) + h; y++)
            take(pixels + 4 * ((size_t)y * width + be16(head)), 4 * w);
        whole += w * h;
        break;
    case CURSOR:
        take(rest, (size_t)w * h * 4 + (size_t)(w + 7) / 8 * h);
        break;
    case EXT_SIZE:
        take(rest, 4);
        take(rest + 4, 16u * rest[0]);
        /* fall through */
    case NEW_SIZE:
        if (w != width || h != height)
            set_size(w, h);
        break;
    default:
        die("an encoding that nobody asked for");
    }
}

static void update(void)
{
    uint8_t head[4];
    uint32_t n;

    take(head, sizeof(head));
    whole = 0;
    for (n = be16(head + 2); n; n--)
        take_rect();
}

static void ask(uint32_t w, uint32_t h)
{
    uint8_t buf[24] = {251, [6] = 1, [11] = 1};

    put16(buf + 2, w);
    put16(buf + 4, h);
    put16(buf + 16, w);
    put16(buf + 18, h);
    give(buf, sizeof(buf));
    while (width != w || height != h) {
        request(1);
        update();
    }
}

int main(int argc, char **argv)
{
    uint32_t a = 0, b = 0;
    size_t i;

    if (argc != 2 && argc != 4)
        die("usage: dom0-rfb PATH [WIDTH HEIGHT]");
    begin(argv[1]);
    if (argc == 4)
        ask((uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
    do {
        request(0);
        do
            update();
        while (!whole);
    } while (whole != width * height);
    for (i = 0; i < (size_t)width * height; i++) {
        a += pixels[4 * i] | (uint32_t)pixels[4 * i + 1] << 8 |
             (uint32_t)pixels[4 * i + 2] << 16;
        b += a;
    }
    printf("width=%u height=%u sum=%08x%08x\n", width, height, a, b);
    return 0;
}
