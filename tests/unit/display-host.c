/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "display-host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_DOMID 7u

const char *shown_program = "./xen-vgpu-display";

static int make_scanouts(void **base)
{
    int fd = memfd_create("scanouts", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)SCANOUT_SIZE), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(scanout_map(fd, 1, base), 0);
    return fd;
}

static int make_listener(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int little = 4096; /* a viewer can't be far ahead */
    socklen_t len = sizeof(at);
    int fd;

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static pid_t spawn(int sock)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    if (sock == PROTO_FD ? fcntl(sock, F_SETFD, 0) < 0
                         : dup2(sock, PROTO_FD) < 0)
        _exit(125);
    syscall(SYS_close_range, PROTO_FD + 1, ~0u, 0);
    setenv("LSAN_OPTIONS", "detect_leaks=0", 0); /* not in a sandbox */
    execl(shown_program, shown_program, "--domid", "7", NULL);
    _exit(126);
}

void shown_start_with(struct shown *s, const struct proto_msg *msg,
                      unsigned int scanouts, const char *password)
{
    int fds[1 + SCANOUT_MAX], pair[2];
    unsigned int i;
    char path[32];

    memset(s, 0, sizeof(*s));
    s->memfd = make_scanouts(&s->base);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", s->memfd);
    fds[0] = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fds[0] >= 0);
    for (i = 0; i < scanouts; i++)
        fds[1 + i] = make_listener(&s->port[i]);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    s->sock = pair[0];
    s->pid = spawn(pair[1]);
    assert_true(s->pid > 0);
    close(pair[1]);
    assert_int_equal(proto_send(s->sock, msg, fds, 1 + scanouts, password,
                                password ? strlen(password) : 0),
                     0);
    for (i = 0; i <= scanouts; i++)
        close(fds[i]);
}

void shown_start(struct shown *s, unsigned int scanouts, const char *password)
{
    const uint32_t id = geteuid() ? 0 : 1000007;
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_DISPLAY_START,
        .u.display = {.domid = TEST_DOMID,
                      .index = 1,
                      .uid = id,
                      .gid = id,
                      .sandbox = !geteuid(),
                      .log_level = 3,
                      .scanouts = scanouts,
                      .viewers = PROTO_DISPLAY_VIEWERS},
    };
    static struct proto_in in;

    shown_start_with(s, &msg, scanouts, password);
    assert_int_equal(proto_recv(s->sock, &in), 0);
    assert_int_equal(in.msg.type, PROTO_DISPLAY_READY);
    assert_int_equal(in.msg.u.ready.status, 0);
}

int shown_wait(struct shown *s)
{
    int status;

    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    scanout_unmap(s->base);
    close(s->memfd);
    if (s->sock >= 0)
        close(s->sock);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int shown_stop(struct shown *s)
{
    close(s->sock);
    s->sock = -1;
    return shown_wait(s);
}

uint32_t shown_pixel(uint32_t x, uint32_t y, uint32_t seed)
{
    return (x * 2654435761u ^ y * 40503u ^ seed * 97u) & 0xffffff;
}

void shown_check(const struct rfb *r, uint32_t seed)
{
    uint32_t x, y;

    for (y = 0; y < r->height; y++) {
        for (x = 0; x < r->width; x++)
            assert_int_equal(r->pixels[(size_t)y * r->width + x] & 0xffffff,
                             shown_pixel(x, y, seed));
    }
}

void shown_flush(struct shown *s, unsigned int n)
{
    struct scanout *head = scanout_head(s->base, n);

    scanout_begin(head);
    head->flushes++;
    scanout_end(head);
}

void shown_draw(struct shown *s, unsigned int n, uint32_t width,
                uint32_t height, uint32_t seed)
{
    struct scanout *head = scanout_head(s->base, n);
    uint32_t *pixels = scanout_pixels(s->base, n), x, y;

    for (y = 0; y < height; y++) {
        for (x = 0; x < width; x++)
            pixels[(size_t)y * width + x] = shown_pixel(x, y, seed);
    }
    scanout_begin(head);
    head->width = width;
    head->height = height;
    head->flushes++;
    scanout_end(head);
}

void shown_cursor(struct shown *s, unsigned int n, int32_t x, int32_t y,
                  uint32_t visible, uint32_t seed)
{
    struct scanout *head = scanout_head(s->base, n);
    uint32_t i;

    scanout_begin(head);
    head->cursor.x = x;
    head->cursor.y = y;
    head->cursor.hot_x = 3;
    head->cursor.hot_y = 5;
    head->cursor.visible = visible;
    head->cursor.changes = seed;
    for (i = 0; i < SCANOUT_CURSOR * SCANOUT_CURSOR; i++)
        head->cursor.pixels[i] = i % SCANOUT_CURSOR < SCANOUT_CURSOR / 2
                                     ? 0xff000000u | shown_pixel(i, 0, seed)
                                     : 0;
    scanout_end(head);
}
