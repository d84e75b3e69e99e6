/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server of lines when there are no descriptors left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ev.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/server.h"

static unsigned int opened, lines;

static void on_opened(struct conn *c)
{
    (void)c;
    opened++;
}

static void on_line(struct conn *c, char *line, size_t len)
{
    (void)line;
    (void)len;
    lines++;
    conn_send(c, "ok\n", 3, -1);
}

static void on_nothing(struct conn *c)
{
    (void)c;
}

static const struct server_ops ops = {
    .opened = on_opened,
    .line = on_line,
    .too_long = on_nothing,
    .closed = on_nothing,
};

static int connect_to(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(sa.sun_path, path);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    return fd;
}

static void on_over(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)w;
    (void)revents;
    ev_break(loop, EVBREAK_ONE);
}

/* For so long, or until a line has come. */
static void turn(struct ev_loop *loop, double s)
{
    ev_timer over;

    ev_timer_init(&over, on_over, s, 0.);
    ev_timer_start(loop, &over);
    while (ev_is_active(&over) && !lines)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &over);
}

/* No descriptor below the limit is free. Gives back the limit that was. */
static struct rlimit use_up(void)
{
    struct rlimit was, now;
    int fd = open("/dev/null", O_RDONLY);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    now = was;
    now.rlim_cur = (rlim_t)fd; /* the lowest one that is free */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return was;
}

/* Who can't be accepted yet neither turns the loop for nothing nor is lost. */
static void test_no_descriptors(void **state)
{
    char dir[] = "/tmp/xvgpu-server-XXXXXX", path[64], answer[3];
    struct ev_loop *loop = ev_loop_new(0);
    struct rlimit limit;
    struct server *srv;
    unsigned int before;
    int client;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    assert_int_equal(server_open(&srv, loop, path, -1, &ops, NULL), 0);
    turn(loop, 0.01); /* what the loop needs itself is there */
    client = connect_to(path);
    assert_int_equal(write(client, "x\n", 2), 2);
    limit = use_up();
    before = ev_iteration(loop);
    turn(loop, 0.5);
    assert_true(ev_iteration(loop) - before < 20);
    assert_int_equal(opened, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    turn(loop, 60);
    assert_int_equal(opened, 1);
    assert_int_equal(lines, 1);
    assert_int_equal(read(client, answer, sizeof(answer)), 3);
    close(client);
    server_close(srv);
    ev_loop_destroy(loop);
    rmdir(dir);
}

/* It is closed while it waits to accept. */
static void test_close(void **state)
{
    char dir[] = "/tmp/xvgpu-server-XXXXXX", path[64];
    struct ev_loop *loop = ev_loop_new(0);
    struct rlimit limit;
    struct server *srv;
    int client;

    (void)state;
    lines = 0;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    assert_int_equal(server_open(&srv, loop, path, -1, &ops, NULL), 0);
    turn(loop, 0.01);
    client = connect_to(path);
    limit = use_up();
    turn(loop, 0.1);
    server_close(srv);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    turn(loop, 1.5);
    close(client);
    ev_loop_destroy(loop);
    rmdir(dir);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_no_descriptors),
    cmocka_unit_test(test_close),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
