/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool's reading of what a device process says, sound or hostile. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <png.h>

#include "tools/picture.h"
#include "tools/print.h"
#include "tools/stats.h"

static json_int_t at(const json_t *j, const char *a, const char *b)
{
    if (b)
        j = json_object_get(j, a), a = b;
    j = json_object_get(j, a);
    assert_true(json_is_integer(j));
    return json_integer_value(j);
}

static void statistics(void **state)
{
    json_t *s = stats_parse("devfn 128\nsdma.jobs 12\nsdma.hist.0 0\n"
                            "sdma.hist.1 90\nsdma.hist.2 9\nsdma.hist.3 1\n"
                            "big 18446744073709551615\nlast 5");
    json_t *times =
        json_object_get(json_object_get(s, "sdma"), "service_time_us");

    (void)state;
    assert_int_equal(at(s, "devfn", NULL), 128);
    assert_int_equal(at(s, "sdma", "jobs"), 12);
    assert_int_equal(at(s, "big", NULL), INT64_MAX);
    assert_int_equal(at(s, "last", NULL), 5);
    assert_int_equal(at(times, "p50", NULL), 2);
    assert_int_equal(at(times, "p90", NULL), 2);
    assert_int_equal(at(times, "p99", NULL), 4);
    json_decref(s);
}

static void hostile_statistics(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "a",
        "a ",
        " 3",
        "a b",
        "a 3x",
        "a -3",
        "a 3 4",
        "A 3",
        "\x1b[31m 3",
        "a. 3",
        ".a 3",
        ". 3",
        "a.hist. 3",
        "a.hist.1 3",
        "a.hist.99999999999999999999 3",
        "a 99999999999999999999999",
        "a.b.c 3",
    };
    char text[128];
    json_t *s, *group;
    const char *key;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(text, sizeof(text), "%s\nok 1\n", lines[i]);
        s = stats_parse(text);
        assert_int_equal(at(s, "ok", NULL), 1);
        json_object_foreach(s, key, group)
        {
            if (strcmp(key, "ok") && json_is_integer(group))
                fail_msg("\"%s\" was taken", lines[i]);
        }
        json_decref(s);
    }
    /* A name that is a number first and a group then, and the reverse. */
    s = stats_parse("a 1\na.b 2\nc.d 3\nc 4\nc.e 5\nx.hist 1\nx.hist.0 2\n");
    assert_int_equal(at(s, "a", NULL), 1);
    json_decref(s);
}

static void percentiles(void **state)
{
    json_t *h =
        json_pack("[I,I,I]", (json_int_t)0, (json_int_t)0, (json_int_t)7);

    (void)state;
    assert_int_equal(stats_percentile(NULL, 50), -1);
    assert_int_equal(stats_percentile(h, 50), -2);
    json_decref(h);
    h = json_pack("[I,I,I]", (json_int_t)INT64_MAX, (json_int_t)INT64_MAX,
                  (json_int_t)INT64_MAX);
    assert_int_equal(stats_percentile(h, 30), 1);
    assert_int_equal(stats_percentile(h, 60), 2);
    assert_int_equal(stats_percentile(h, 99), -2);
    json_decref(h);
}

static void registers(void **state)
{
    json_t *l = regs_parse("0x0000 4 MAGIC 0x50475658\nnonsense\n"
                           "1088 8 SDMA.RING_BASE 0xffffffff0\n"
                           "0x4 4 \x1b[2J 0x1\n0x4 4 X\n");

    (void)state;
    assert_int_equal(json_array_size(l), 2);
    assert_int_equal(at(json_array_get(l, 0), "value", NULL), 0x50475658);
    assert_int_equal(at(json_array_get(l, 1), "offset", NULL), 1088);
    assert_int_equal(at(json_array_get(l, 1), "value", NULL), 0xffffffff0);
    json_decref(l);
}

static void terminal(void **state)
{
    char buf[16];

    (void)state;
    assert_string_equal(print_clean(buf, sizeof(buf), "a\x1b[2J\x9b\n"),
                        "a?[2J??");
    assert_string_equal(print_clean(buf, 4, "abcdef"), "abc");
    assert_string_equal(print_size(buf, sizeof(buf), 64 << 20), "64 MiB");
    assert_string_equal(print_size(buf, sizeof(buf), 1025), "1025 B");
    assert_string_equal(print_size(buf, sizeof(buf), 0), "0 B");
}

static int make_surface(size_t size, int seals)
{
    int fd = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    if (size >= 24)
        assert_int_equal(pwrite(fd,
                                "\x01\x02\x03\xff\x11\x12\x13\x00padding."
                                "\x21\x22\x23\x00\x31\x32\x33",
                                23, 0),
                         23);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static const char *try_map(size_t size, int seals, json_int_t width,
                           json_int_t height, json_int_t stride,
                           json_int_t format)
{
    json_t *about = json_pack("{s:I,s:I,s:I,s:I}", "width", width, "height",
                              height, "stride", stride, "format", format);
    int fd = make_surface(size, seals);
    struct picture p = {0};
    const char *why = picture_map(&p, about, fd);

    picture_unmap(&p);
    close(fd);
    json_decref(about);
    return why;
}

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void hostile_pictures(void **state)
{
    (void)state;
    assert_null(try_map(32, SEALS, 2, 2, 16, 1));
    assert_non_null(try_map(32, SEALS, 2, 2, 16, 2));
    assert_non_null(try_map(32, 0, 2, 2, 16, 1));
    assert_non_null(try_map(32, F_SEAL_SHRINK, 2, 2, 16, 1));
    assert_non_null(try_map(32, F_SEAL_WRITE, 2, 2, 16, 1));
    assert_non_null(try_map(31, SEALS, 2, 2, 16, 1));
    assert_non_null(try_map(33, SEALS, 2, 2, 16, 1));
    assert_non_null(try_map(32, SEALS, 5, 2, 16, 1));
    assert_non_null(try_map(32, SEALS, 0, 2, 16, 1));
    assert_non_null(try_map(32, SEALS, 2, 0, 16, 1));
    assert_non_null(try_map(32, SEALS, 2, -2, 16, 1));
    assert_non_null(try_map(32, SEALS, 8193, 1, 32, 1));
    assert_non_null(try_map(32, SEALS, 2, 8193, 16, 1));
    assert_non_null(try_map(0, SEALS, 2, 4096, INT64_C(1) << 52, 1));
    assert_non_null(try_map(32, SEALS, (INT64_C(1) << 32) + 2, 2, 16, 1));
}

static void colours(void **state)
{
    json_t *about = json_pack("{s:i,s:i,s:i,s:i}", "width", 2, "height", 2,
                              "stride", 16, "format", 1);
    int fd = make_surface(32, SEALS);
    char path[] = "/tmp/xvgpu-test-XXXXXX", file[64];
    png_image image = {.version = PNG_IMAGE_VERSION};
    struct picture p = {0};
    uint8_t rgb[12];

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(file, sizeof(file), "%s/a.png", path);
    assert_null(picture_map(&p, about, fd));
    assert_int_equal(picture_write(&p, file), 0);
    assert_true(png_image_begin_read_from_file(&image, file));
    image.format = PNG_FORMAT_RGB;
    assert_int_equal(image.width, 2);
    assert_int_equal(image.height, 2);
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    assert_memory_equal(rgb, "\x03\x02\x01\x13\x12\x11\x23\x22\x21\x33\x32\x31",
                        12);
    assert_int_equal(unlink(file), 0);
    snprintf(file, sizeof(file), "%s/none/a.png", path);
    assert_true(picture_write(&p, file) < 0);
    assert_int_equal(rmdir(path), 0); /* nothing temporary was left */
    picture_unmap(&p);
    close(fd);
    json_decref(about);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics),  cmocka_unit_test(hostile_statistics),
        cmocka_unit_test(percentiles), cmocka_unit_test(registers),
        cmocka_unit_test(terminal),    cmocka_unit_test(hostile_pictures),
        cmocka_unit_test(colours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
