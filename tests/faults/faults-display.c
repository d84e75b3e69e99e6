/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of xen-vgpu-display that can fail fails once, at each of its uses
 * in a whole life. This process is its monitor and its guest and, forked, its
 * viewers. No fault may cost more than one viewer's session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "display-host.h"
#include "lib/log.h"
#include "report.h"

#define SHARE 24u
#define PASSWORD "secret"

static struct shown s;

/* What fails in a viewer ends it. */
static const char *viewer(void (*sees)(struct rfb *r))
{
    static const int32_t encodings[] = {0, RFB_CURSOR, RFB_NEW_SIZE,
                                        RFB_EXT_SIZE};
    struct rfb r;
    int status, null;
    pid_t pid = fork();

    if (pid < 0)
        report_fatal("fork");
    if (!pid) {
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDERR_FILENO); /* what it asserts is no line of theirs */
        rfb_connect(&r, s.port[0]);
        assert_true(rfb_authenticate(&r, PASSWORD));
        rfb_init(&r);
        rfb_encodings(&r, encodings, 4);
        sees(&r);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid)
        report_fatal("waitpid");
    return status ? "a viewer was not served" : NULL;
}

static void sees_picture(struct rfb *r)
{
    rfb_picture(r, 70, 40);
    shown_check(r, 1);
}

static const char *picture(void)
{
    shown_draw(&s, 0, 70, 40, 1);
    return viewer(sees_picture);
}

static void sees_size(struct rfb *r)
{
    sees_picture(r);
    shown_draw(&s, 0, 90, 50, 2);
    rfb_picture(r, 90, 50);
    shown_check(r, 2);
}

static const char *size(void)
{
    shown_draw(&s, 0, 70, 40, 1);
    return viewer(sees_size);
}

/* It comes with the picture. */
static void sees_cursor(struct rfb *r)
{
    bool seen = false;

    rfb_request(r, false);
    do {
        rfb_update(r);
        seen |= r->cursor;
    } while (!r->rects);
    assert_true(seen);
    assert_int_equal(r->cursor_width, SCANOUT_CURSOR);
}

static const char *cursor(void)
{
    shown_cursor(&s, 0, 5, 5, 1, 3);
    return viewer(sees_cursor);
}

/* The answer is an update of its own, whose reason is this viewer. */
static void asks(struct rfb *r)
{
    rfb_ask_size(r, 640, 480, 0);
    do
        rfb_get(r, false);
    while (r->reason != 1);
    assert_int_equal(r->failure, 0);
}

/* The monitor has been told of a size, and of nothing else. */
static bool was_passed_on(void)
{
    struct pollfd p = {.fd = s.sock, .events = POLLIN};
    static struct proto_in in;

    return poll(&p, 1, 0) == 1 && !proto_recv(s.sock, &in) &&
           in.msg.type == PROTO_DISPLAY_RESIZE &&
           in.msg.u.display_size.width == 640 &&
           in.msg.u.display_size.height == 480;
}

static const char *ask(void)
{
    const struct timespec between = {.tv_nsec = 300000000};
    const char *why;

    nanosleep(&between, NULL); /* no more are passed on */
    why = viewer(asks);
    if (!why && !was_passed_on())
        why = "!a viewer was told that its size was passed on";
    return why;
}

static const struct act steps[] = {
    {"picture", picture},
    {"size", size},
    {"cursor", cursor},
    {"ask", ask},
};

static bool starts(void)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_DISPLAY_START,
        .u.display = {.domid = 7,
                      .uid = geteuid() ? 0 : 1000007,
                      .gid = geteuid() ? 0 : 1000007,
                      .sandbox = !geteuid(),
                      .log_level = LOG_INFO,
                      .scanouts = 1,
                      .viewers = 4},
    };
    static struct proto_in in;

    shown_start_with(&s, &msg, 1, PASSWORD);
    return !proto_recv(s.sock, &in) && in.msg.type == PROTO_DISPLAY_READY &&
           !in.msg.u.ready.status;
}

static void life(struct outcome *o)
{
    shown_program = "tests/faults/fake/xen-vgpu-display";
    if (!starts()) {
        o->refused = true;
        if (shown_wait(&s) != 1)
            o->failed = "it did not start, but not with an error";
        return;
    }
    take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
    phase(o, "stop");
    if (shown_stop(&s) && !o->failed)
        o->failed = "it ended with an error";
}

int main(void)
{
    char path[] = "/tmp/xvgpu-points-XXXXXX";
    int rc;

    points_exempt(true);
    log_init("test", LOG_INFO);
    close(mkstemp(path));
    points_share(path);
    setenv(POINTS_ENV, path, 1);
    rc = report_run("xen-vgpu-display", life, SHARE);
    unlink(path);
    return rc;
}
