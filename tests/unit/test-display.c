/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-display, in its sandbox where the test is root: what viewers see.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "display-host.h"
#include "rfb-client.h"

static const int32_t all_encodings[] = {0, RFB_CURSOR, RFB_POINTER_POS,
                                        RFB_NEW_SIZE};
static const int32_t new_encodings[] = {0, RFB_NEW_SIZE, RFB_EXT_SIZE};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static void test_picture(void **state)
{
    uint32_t *pixels, x, y;
    struct scanout *head;
    struct shown s;
    struct rfb r;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, 1282, 50, 1);
    rfb_open(&r, s.port[0]);
    assert_string_equal(r.name, "vGPU 7.1");
    assert_int_equal(r.width, 1282);
    assert_int_equal(r.height, 50);
    rfb_encodings(&r, all_encodings, NR(all_encodings));
    rfb_picture(&r, 1282, 50);
    shown_check(&r, 1);

    /* One pixel costs one tile: the corner's is two by two. */
    scanout_pixels(s.base, 0)[50 * 1282 - 1] = 0x123456;
    shown_flush(&s, 0);
    do
        rfb_get(&r, true);
    while (!r.rects);
    assert_int_equal(r.area, 4);
    assert_int_equal(r.pixels[50 * 1282 - 1], 0x123456);

    /* What is not flushed is not seen. */
    scanout_pixels(s.base, 0)[0] = 0x654321;
    shown_cursor(&s, 0, 9, 8, 0, 1);
    rfb_get(&r, true);
    assert_true(r.moved);
    assert_int_equal(r.rects, 0);
    shown_flush(&s, 0);
    rfb_get(&r, true);
    assert_int_equal(r.area, 64 * 16);
    assert_int_equal(r.pixels[0], 0x654321);

    /* From a part of a larger surface. */
    head = scanout_head(s.base, 0);
    pixels = scanout_frame(s.base, 3) + 77;
    for (y = 0; y < 50; y++) {
        for (x = 0; x < 1282; x++)
            pixels[y * 1300 + x] = shown_pixel(x, y, 2);
    }
    scanout_begin(head);
    head->frame = 4;
    head->at = 77;
    head->line = 1300;
    head->flushes++;
    scanout_end(head);
    rfb_get(&r, true);
    shown_check(&r, 2);
    rfb_close(&r);
    assert_int_equal(shown_stop(&s), 0);
}

static void test_sizes(void **state)
{
    struct rfb old, new, ext;
    struct scanout *head;
    struct shown s;
    uint32_t i;

    (void)state;
    shown_start(&s, 1, NULL);
    rfb_open(&old, s.port[0]); /* nothing is shown */
    assert_int_equal(old.width, 640);
    rfb_encodings(&old, all_encodings, 1);
    rfb_get(&old, false);
    for (i = 0; i < old.width * old.height; i++)
        assert_int_equal(old.pixels[i] & 0xffffff, 0);
    rfb_open(&new, s.port[0]);
    rfb_encodings(&new, all_encodings, NR(all_encodings));
    rfb_open(&ext, s.port[0]);
    rfb_encodings(&ext, new_encodings, NR(new_encodings));
    rfb_get(&new, false);

    shown_draw(&s, 0, 801, 601, 2);
    rfb_request(&old, true);
    assert_true(rfb_ends(&old)); /* can't be told */
    rfb_close(&old);
    rfb_get(&new, true);
    assert_true(new.sized);
    rfb_picture(&new, 801, 601);
    shown_check(&new, 2);
    rfb_get(&ext, false);
    assert_true(ext.sized);
    assert_int_equal(ext.failure, 0);

    /* Small after large, large after small. */
    shown_draw(&s, 0, 16, 16, 3);
    rfb_picture(&new, 16, 16);
    shown_check(&new, 3);
    shown_draw(&s, 0, SCANOUT_WIDTH_MAX, SCANOUT_HEIGHT_MAX, 4);
    rfb_picture(&new, SCANOUT_WIDTH_MAX, SCANOUT_HEIGHT_MAX);
    shown_check(&new, 4);

    /* The guest's driver goes: black. Sizes that make no sense: the same. */
    head = scanout_head(s.base, 0);
    head->width = 70000;
    do
        rfb_get(&new, true);
    while (new.pixels[1] & 0xffffff);
    assert_int_equal(new.width, SCANOUT_WIDTH_MAX);
    for (i = 0; i < new.width *new.height; i++)
        assert_int_equal(new.pixels[i] & 0xffffff, 0);
    rfb_close(&new);
    rfb_close(&ext);
    assert_int_equal(shown_stop(&s), 0);
}

/* Viewers that draw the cursor by themselves, and one that does not. */
static void test_cursor(void **state)
{
    struct rfb r, plain;
    struct shown s;
    uint32_t i;

    (void)state;
    shown_start(&s, 1, NULL);
    shown_draw(&s, 0, 200, 200, 5);
    shown_cursor(&s, 0, 100, 90, 1, 6);
    rfb_open(&r, s.port[0]);
    rfb_encodings(&r, all_encodings, NR(all_encodings));
    do
        rfb_get(&r, false);
    while (!r.cursor);
    assert_true(r.moved);
    assert_int_equal(r.x, 100);
    assert_int_equal(r.y, 90);
    assert_int_equal(r.hot_x, 3);
    assert_int_equal(r.hot_y, 5);
    assert_int_equal(r.cursor_width, SCANOUT_CURSOR);
    for (i = 0; i < 64 * 64; i++) {
        assert_int_equal(r.mask[i / 8] >> (7 - i % 8) & 1, i % 64 < 32);
        if (i % 64 < 32)
            assert_int_equal(r.image[i] & 0xffffff, shown_pixel(i, 0, 6));
    }
    shown_check(&r, 5);

    rfb_open(&plain, s.port[0]);
    rfb_get(&plain, false);
    /* Its hot spot, and its part that lets all through. */
    assert_int_equal(plain.pixels[90 * 200 + 100] & 0xffffff,
                     shown_pixel(5 * 64 + 3, 0, 6));
    assert_int_equal(plain.pixels[90 * 200 + 97 + 40] & 0xffffff,
                     shown_pixel(97 + 40, 90, 5));
    /* It moves, and the picture comes back. */
    shown_cursor(&s, 0, -50, 7000, 1, 6);
    rfb_get(&plain, true);
    assert_int_equal(plain.pixels[90 * 200 + 100] & 0xffffff,
                     shown_pixel(100, 90, 5));

    rfb_get(&r, true);
    assert_true(r.moved);
    assert_int_equal(r.x, 0);
    assert_int_equal(r.y, 199);
    shown_cursor(&s, 0, -50, 7000, 0, 6);
    rfb_get(&r, true);
    assert_true(r.cursor);
    assert_int_equal(r.cursor_width, 0);
    rfb_close(&r);
    rfb_close(&plain);
    assert_int_equal(shown_stop(&s), 0);
}

static void test_ask_size(void **state)
{
    static struct proto_in in;
    struct shown s;
    struct rfb r;

    (void)state;
    shown_start(&s, 2, NULL);
    shown_draw(&s, 1, 320, 200, 7);
    rfb_open(&r, s.port[1]);
    assert_string_equal(r.name, "vGPU 7.1, scanout 1");
    rfb_encodings(&r, new_encodings, NR(new_encodings));
    rfb_picture(&r, 320, 200);
    shown_check(&r, 7);
    rfb_ask_size(&r, 1024, 768, 0);
    assert_int_equal(proto_recv(s.sock, &in), 0);
    assert_int_equal(in.msg.type, PROTO_DISPLAY_RESIZE);
    assert_int_equal(in.msg.u.display_size.index, 1);
    assert_int_equal(in.msg.u.display_size.scanout, 1);
    assert_int_equal(in.msg.u.display_size.width, 1024);
    assert_int_equal(in.msg.u.display_size.height, 768);
    /* The guest agrees. */
    shown_draw(&s, 1, 1024, 768, 8);
    rfb_get(&r, true);
    assert_true(r.sized);
    assert_int_equal(r.reason, 1);
    assert_int_equal(r.failure, 0);
    assert_int_equal(r.width, 1024);
    /* What is no size of ours. */
    rfb_ask_size(&r, 1024, 768, 5);
    do
        rfb_get(&r, true);
    while (!r.sized);
    assert_int_equal(r.failure, 3);
    rfb_ask_size(&r, 8192, 768, 0);
    do
        rfb_get(&r, true);
    while (!r.sized);
    assert_int_equal(r.failure, 3);
    rfb_close(&r);
    assert_int_equal(shown_stop(&s), 0);
}

static void test_password(void **state)
{
    struct shown s;
    struct rfb r;
    char none = 1;
    char buf[16];

    (void)state;
    shown_start(&s, 1, "swordfis");
    shown_draw(&s, 0, 64, 64, 1);
    rfb_connect(&r, s.port[0]);
    assert_false(rfb_authenticate(&r, "swordfix"));
    rfb_expect_end(&r);
    /* Without being asked for one. */
    rfb_connect(&r, s.port[0]);
    rfb_read(&r, buf, 12);
    rfb_send(&r, "RFB 003.008\n", 12);
    rfb_read(&r, buf, 2);
    rfb_send(&r, &none, 1);
    rfb_expect_end(&r);
    rfb_connect(&r, s.port[0]);
    rfb_send(&r, "RFB 003.003\n\1", 13);
    rfb_expect_end(&r);
    rfb_connect(&r, s.port[0]);
    assert_true(rfb_authenticate(&r, "swordfis"));
    rfb_init(&r);
    rfb_get(&r, false);
    shown_check(&r, 1);
    rfb_close(&r);
    assert_int_equal(shown_stop(&s), 0);
}

static void find_line(const char *path, const char *line)
{
    char text[8192];
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    assert_non_null(strstr(text, line));
}

/* Every thread of it, and a network that is not the host's. */
static void test_sandbox(void **state)
{
    struct stat ours, its;
    struct dirent *entry;
    unsigned int threads = 0;
    struct shown s;
    char path[320];
    DIR *dir;

    (void)state;
    if (geteuid())
        skip();
    shown_start(&s, 1, NULL);
    snprintf(path, sizeof(path), "/proc/%d/task", (int)s.pid);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)s.pid,
                 entry->d_name);
        find_line(path, "Seccomp:\t2\n");
        find_line(path, "Uid:\t1000007\t1000007\t1000007\t1000007\n");
        find_line(path, "CapEff:\t0000000000000000\n");
        threads++;
    }
    closedir(dir);
    assert_true(threads > PROTO_DISPLAY_VIEWERS);
    assert_int_equal(stat("/proc/self/ns/net", &ours), 0);
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)s.pid);
    assert_int_equal(stat(path, &its), 0);
    assert_int_not_equal(ours.st_ino, its.st_ino);
    assert_int_equal(shown_stop(&s), 0);
}

static void test_bad_start(void **state)
{
    const struct proto_msg right = {
        .version = PROTO_VERSION,
        .type = PROTO_DISPLAY_START,
        .u.display = {.scanouts = 1, .viewers = 1},
    };
    struct proto_msg msg;
    struct shown s;

    (void)state;
    msg = right;
    msg.type = PROTO_ENGINE_START;
    shown_start_with(&s, &msg, 1, NULL);
    assert_int_equal(shown_wait(&s), 1);
    msg = right;
    msg.u.display.scanouts = 0;
    shown_start_with(&s, &msg, 0, NULL);
    assert_int_equal(shown_wait(&s), 1);
    msg.u.display.scanouts = 2; /* and one socket */
    shown_start_with(&s, &msg, 1, NULL);
    assert_int_equal(shown_wait(&s), 1);
    msg = right;
    msg.u.display.viewers = PROTO_DISPLAY_VIEWERS + 1;
    shown_start_with(&s, &msg, 1, NULL);
    assert_int_equal(shown_wait(&s), 1);
    shown_start_with(&s, &right, 1, "123456789");
    assert_int_equal(shown_wait(&s), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_cursor),    cmocka_unit_test(test_ask_size),
        cmocka_unit_test(test_password),  cmocka_unit_test(test_sandbox),
        cmocka_unit_test(test_bad_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
