/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows a known picture by the kernel's mode setting, says its checksum (the
 * line that dom0-pngsum prints of a screenshot), and measures flips and small
 * updates. */
#include "kms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CURSOR_SIZE 64u
#define UPDATE_SIZE 64u

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A gradient, a texture that no two rows or columns share, a white frame at the
 * very edge, and a mark that is not symmetric. */
static uint32_t pixel(uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                      uint32_t turn)
{
    uint32_t r = x * 255 / width, g = y * 255 / height;
    uint32_t b = (x ^ y ^ turn * 37) & 0xff;

    if (!x || !y || x == width - 1 || y == height - 1)
        return 0xffffff;
    if (x > width / 8 && x < width / 4 && y > height / 8 && y < height / 2)
        return turn & 1 ? 0xe07010 : 0x1070e0;
    return r << 16 | g << 8 | b;
}

static void draw(struct kms_buffer *b, uint32_t turn, uint32_t x0, uint32_t y0,
                 uint32_t width, uint32_t height)
{
    uint32_t x, y;

    for (y = y0; y < y0 + height; y++)
        for (x = x0; x < x0 + width; x++)
            b->pixels[y * (b->pitch / 4) + x] =
                pixel(x, y, b->width, b->height, turn);
}

static void print_sum(const struct kms_buffer *b)
{
    uint32_t x, y, sum = 0, sums = 0;

    for (y = 0; y < b->height; y++)
        for (x = 0; x < b->width; x++) {
            sum += b->pixels[y * (b->pitch / 4) + x] & 0xffffff;
            sums += sum;
        }
    printf("DRAWN width=%u height=%u sum=%08x%08x\n", b->width, b->height, sum,
           sums);
}

/* The whole picture is shown by setting the mode; then a part of it is drawn
 * anew, as a console does, and only that part is reported. */
static int show(struct kms *k, struct kms_buffer *b, uint32_t turn)
{
    uint32_t x = b->width / 3, y = b->height / 3;
    uint32_t width = b->width / 5, height = b->height / 7;
    int rc;

    draw(b, turn, 0, 0, b->width, b->height);
    rc = kms_show(k, b->fb);
    if (rc)
        return rc;
    draw(b, turn + 1, x, y, width, height);
    rc = kms_dirty(k, b->fb, (uint16_t)x, (uint16_t)y, (uint16_t)width,
                   (uint16_t)height);
    if (!rc)
        print_sum(b);
    return rc;
}

static int show_cursor(struct kms *k, struct kms_buffer *cursor)
{
    uint32_t x, y;
    int rc = kms_buffer(k, cursor, CURSOR_SIZE, CURSOR_SIZE);

    if (rc)
        return rc;
    for (y = 0; y < CURSOR_SIZE; y++)
        for (x = 0; x < CURSOR_SIZE; x++)
            cursor->pixels[y * (cursor->pitch / 4) + x] =
                x + y < CURSOR_SIZE ? 0xffff00ff : 0;
    return kms_cursor(k, cursor, 100, 50);
}

/* The guest's processor time so far, in ticks of 10 ms. */
static unsigned long busy(void)
{
    unsigned long user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
    FILE *f = fopen("/proc/stat", "r");

    if (!f)
        return 0;
    if (fscanf(f, "cpu %lu %lu %lu %*u %*u %lu %lu", &user, &nice, &system,
               &irq, &softirq) != 5)
        user = nice = system = irq = softirq = 0;
    fclose(f);
    return user + nice + system + irq + softirq;
}

/* How often something is done in some seconds. A flip or an update returns
 * before the device has done it: the end is when all is done, which a new
 * cursor waits for. */
static int repeat(struct kms *k, struct kms_buffer *cursor, double seconds,
                  int (*once)(void *user, unsigned long n), void *user,
                  const char *what)
{
    double begin = now(), end = begin + seconds;
    unsigned long n = 0, ticks = busy();
    int rc;

    do
        rc = once(user, n++);
    while (!rc && now() < end);
    if (!rc)
        rc = kms_cursor(k, cursor, 0, 0);
    end = now() - begin;
    if (!rc)
        printf("STATS what=%s n=%lu seconds=%.3f per_s=%.1f guest_ms=%.3f\n",
               what, n, end, (double)n / end,
               10.0 * (double)(busy() - ticks) / (double)n);
    return rc;
}

struct measured {
    struct kms *k;
    struct kms_buffer *b, other;
};

static int flip(void *user, unsigned long n)
{
    struct measured *m = user;

    return kms_flip(m->k, n & 1 ? m->b->fb : m->other.fb);
}

static int update(void *user, unsigned long n)
{
    struct measured *m = user;
    uint16_t x = (uint16_t)(n * 40 % (m->b->width - UPDATE_SIZE));
    uint16_t y = (uint16_t)(n * 24 % (m->b->height - UPDATE_SIZE));

    draw(m->b, (uint32_t)n, x, y, UPDATE_SIZE, UPDATE_SIZE);
    return kms_dirty(m->k, m->b->fb, x, y, UPDATE_SIZE, UPDATE_SIZE);
}

/* Flips between two buffers, and updates of a small square. */
static int measure(struct kms *k, struct kms_buffer *b, double seconds,
                   const char *what)
{
    struct measured m = {.k = k, .b = b};
    struct kms_buffer cursor = {0};
    int rc;

    rc = kms_buffer(k, &cursor, CURSOR_SIZE, CURSOR_SIZE);
    if (!rc)
        rc = kms_buffer(k, &m.other, b->width, b->height);
    if (!rc && strcmp(what, "updates")) {
        draw(&m.other, 7, 0, 0, b->width, b->height);
        rc = repeat(k, &cursor, seconds, flip, &m, "flips");
        if (!rc)
            rc = kms_show(k, b->fb);
    }
    if (!rc && strcmp(what, "flips"))
        rc = repeat(k, &cursor, seconds, update, &m, "updates");
    kms_buffer_free(k, &m.other);
    kms_buffer_free(k, &cursor);
    return rc;
}

static int usage(void)
{
    fprintf(
        stderr,
        "usage: kms-picture [-d CARD] [-s SCANOUT] [-m WIDTHxHEIGHT]\n"
        "                   [-p PICTURE] [-Bc] [-b SECONDS] [-o WHAT] [-w]\n"
        "-B draws into blobs, -c shows a cursor, -b measures (only WHAT: flips "
        "or updates),\n"
        "-w shows it until it is killed\n");
    return 2;
}

int main(int argc, char **argv)
{
    unsigned int scanout = 0, width = 0, height = 0, turn = 0;
    struct kms_buffer b = {0}, cursor = {0};
    const char *card = "/dev/dri/card0", *what = "";
    bool wait = false, with_cursor = false, blobs = false;
    double seconds = 0;
    struct kms k;
    int opt, rc;

    while ((opt = getopt(argc, argv, "d:s:m:p:Bcb:o:w")) != -1)
        switch (opt) {
        case 'd':
            card = optarg;
            break;
        case 's':
            scanout = (unsigned int)atoi(optarg);
            break;
        case 'm':
            if (sscanf(optarg, "%ux%u", &width, &height) != 2)
                return usage();
            break;
        case 'p':
            turn = (unsigned int)atoi(optarg);
            break;
        case 'B':
            blobs = true;
            break;
        case 'c':
            with_cursor = true;
            break;
        case 'b':
            seconds = atof(optarg);
            break;
        case 'o':
            what = optarg;
            break;
        case 'w':
            wait = true;
            break;
        default:
            return usage();
        }
    setvbuf(stdout, NULL, _IOLBF, 0);
    rc = kms_open(&k, card, scanout);
    if (!rc && width)
        rc = kms_choose(&k, width, height);
    if (rc)
        goto out;
    printf("KMS driver=%s connector=%u mode=%ux%u\n", k.driver, k.connector,
           k.mode.hdisplay, k.mode.vdisplay);
    k.blobs = blobs;
    rc = kms_buffer(&k, &b, k.mode.hdisplay, k.mode.vdisplay);
    if (!rc)
        rc = show(&k, &b, turn);
    if (!rc && with_cursor)
        rc = show_cursor(&k, &cursor);
    if (!rc && seconds > 0)
        rc = measure(&k, &b, seconds, what);
    if (!rc && wait)
        puts("Waiting");
    while (!rc && wait)
        pause();
    kms_buffer_free(&k, &cursor);
    kms_buffer_free(&k, &b);
    kms_close(&k);
out:
    if (rc)
        fprintf(stderr, "kms-picture: %s\n", strerror(-rc));
    return rc ? 1 : 0;
}
